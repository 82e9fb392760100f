# SPDX-License-Identifier: Apache-2.0
"""The catalogue: whole, each id once, and what of it concerns which categories."""

from __future__ import annotations

from pathlib import Path

import pytest

from tieout.criteria.catalogue import Catalogue, CategoryId, load_catalogue
from tieout.errors import ConfigurationError

CATALOGUE = """\
catalog:
  title: Two criteria
  edition: made up
  criteria_count: 2
  points_of_focus_count: 4
  notice: Ours.
  fields: {}
categories:
  - {id: security, name: Security, criteria_prefix: CC, required_in_soc2: true}
  - {id: privacy, name: Privacy, criteria_prefix: P, required_in_soc2: false}
series:
  - {id: CC6, category: security, name: Access}
  - {id: P1, category: privacy, name: Notice}
criteria:
  - id: CC6.1
    name: Access is limited
    category: security
    series: CC6
    summary: Only who needs it has it.
    points_of_focus:
      - {id: CC6.1-POF1, summary: One., scope: all, origin: x, system_level: true, changed_2022: new}
      - {id: CC6.1-POF2, summary: Two., scope: tsc, origin: x, system_level: true, changed_2022: new}
      - {id: CC6.1-POF3, summary: Three., scope: privacy, origin: x, system_level: true, changed_2022: new}
  - id: P1.1
    name: Notice is given
    category: privacy
    series: P1
    summary: People are told.
    points_of_focus:
      - {id: P1.1-POF1, summary: One., scope: all, origin: x, system_level: true, changed_2022: new}
"""
SECURITY: frozenset[CategoryId] = frozenset({"security"})
WITH_PRIVACY: frozenset[CategoryId] = frozenset({"security", "privacy"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a catalogue."""
    path = tmp_path / "made_up.yaml"
    path.write_text(CATALOGUE)
    return path


@pytest.fixture
def catalogue(file: Path) -> Catalogue:
    """Return a catalogue of two criteria."""
    return load_catalogue(file)


def test_criteria_and_points_are_found_by_id_in_order(catalogue: Catalogue) -> None:
    assert list(catalogue.by_id) == ["CC6.1", "P1.1"]
    assert list(catalogue.points) == ["CC6.1-POF1", "CC6.1-POF2", "CC6.1-POF3", "P1.1-POF1"]
    assert catalogue.points["CC6.1-POF2"].summary == "Two."


def test_a_criterion_is_in_scope_with_its_category(catalogue: Catalogue) -> None:
    assert [criterion.id for criterion in catalogue.in_scope(SECURITY)] == ["CC6.1"]
    assert [criterion.id for criterion in catalogue.in_scope(WITH_PRIVACY)] == ["CC6.1", "P1.1"]
    assert catalogue.in_scope(frozenset()) == ()


def test_a_point_of_another_category_concerns_only_who_examines_that(catalogue: Catalogue) -> None:
    points = catalogue.by_id["CC6.1"].points_of_focus
    assert [point.is_in_scope(SECURITY) for point in points] == [True, True, False]
    assert [point.is_in_scope(WITH_PRIVACY) for point in points] == [True, True, True]


def test_the_category_of_a_criterion_that_there_is_not_is_none(catalogue: Catalogue) -> None:
    assert catalogue.category_of("P1.1") == "privacy"
    assert catalogue.category_of("P1.9") is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("criteria_count: 2", "criteria_count: 3", "expected 3 criteria and 4 points of focus, got 2 and 4"),
        ("points_of_focus_count: 4", "points_of_focus_count: 5", "expected 2 criteria and 5 points of focus, got 2 and 4"),
        ("CC6.1-POF2", "CC6.1-POF1", "an id stands twice: CC6.1-POF1"),
        ("id: P1.1\n", "id: CC6.1\n", "an id stands twice: CC6.1"),
        ("scope: privacy", "scope: privat", "Did you mean 'privacy'?"),
        ("id: CC6,", "id: CC6.1,", "should match pattern"),
    ],
)
def test_a_catalogue_that_is_not_whole_is_refused(file: Path, old: str, new: str, problem: str) -> None:
    assert old in CATALOGUE
    file.write_text(CATALOGUE.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_catalogue(file)
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"{file}:")
