# SPDX-License-Identifier: Apache-2.0
"""Coverage: mapped, reviewed and evidenced stay three numbers, and what nobody considered is no deviation."""

from __future__ import annotations

import pytest
from tests.unit.criteria.axes import make_catalogue, make_control

from tieout.audit.coverage import CriterionCoverage, coverage
from tieout.criteria.assessments import Assessment
from tieout.criteria.catalogue import Catalogue, CategoryId
from tieout.criteria.controls import Control

SECURITY: frozenset[CategoryId] = frozenset({"security"})


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return two criteria; CC6.2 has four points of focus, one of them about privacy alone."""
    return make_catalogue()


def mapped(points: list[int], mapping: str) -> Control:
    """Return a control that serves CC6.2 and some of its points of focus."""
    control = make_control()
    [only] = control.criteria
    names = tuple(f"CC6.2-POF{number}" for number in points)
    return control.model_copy(update={"criteria": (only.model_copy(update={"points_of_focus": names, "mapping": mapping}),)})


CONTROLS = {
    "proposed": mapped([1, 2], "proposed"),
    "reviewed": mapped([1], "reviewed"),
    "elsewhere": make_control(criteria=("CC7.1",)),
}


def covered(
    catalogue: Catalogue, evidenced: set[str] | None = None, assessments: dict[str, Assessment] | None = None
) -> CriterionCoverage:
    """Return the coverage of CC6.2."""
    [found] = coverage(catalogue, SECURITY, CONTROLS, assessments or {}, evidenced or set())
    return found


def test_mapped_reviewed_and_evidenced_are_three_lists_and_none_follows_from_another(catalogue: Catalogue) -> None:
    found = covered(catalogue, {"proposed", "elsewhere"})
    assert (found.mapped, found.reviewed, found.evidenced) == (("proposed", "reviewed"), ("reviewed",), ("proposed",))
    first, second, third = found.points
    assert (first.mapped, first.reviewed, first.evidenced) == (("proposed", "reviewed"), ("reviewed",), ("proposed",))
    assert (second.mapped, second.reviewed, second.evidenced) == (("proposed",), (), ("proposed",))
    assert (third.mapped, third.reviewed, third.evidenced) == ((), (), ())


def test_points_of_focus_are_counted_three_times_and_beside_them_how_they_were_considered(catalogue: Catalogue) -> None:
    assert covered(catalogue, {"reviewed"}).counts() == {
        "coverage": {"mapped": 2, "reviewed": 1, "evidenced": 1},
        "consideration": {"addressed": 0, "partly": 0, "not applicable": 0, "not considered by management": 3},
        "all": {"points_of_focus": 3},
    }


def test_what_management_says_of_a_point_changes_no_other_number(catalogue: Catalogue) -> None:
    said = {"rationale": "Ours.", "by": "CISO", "on": "2026-01-10", "review_due": "2027-01-10", "evidence": ["a policy"]}
    assessments = {
        f"CC6.2-POF{number}": Assessment.model_validate(
            {"point_of_focus": f"CC6.2-POF{number}", "consideration": consideration, **said}
        )
        for number, consideration in enumerate(("addressed", "partly", "not applicable"), start=1)
    }
    silent, spoken = covered(catalogue), covered(catalogue, assessments=assessments)
    assert spoken.counts()["coverage"] == silent.counts()["coverage"]
    assert list(spoken.counts()["consideration"].values()) == [1, 1, 1, 0]


def test_a_point_that_nobody_considered_is_in_no_count_of_deviations(catalogue: Catalogue) -> None:
    document = covered(catalogue).as_document()
    assert not any("deviation" in name for name in [*document, *document["points_of_focus"][0], *document["coverage"]])
    assert {each["consideration"] for each in document["points_of_focus"]} == {"not considered by management"}


def test_criteria_and_points_of_categories_in_scope_alone_are_covered(catalogue: Catalogue) -> None:
    both: frozenset[CategoryId] = frozenset({"security", "privacy"})
    found = coverage(catalogue, both, CONTROLS, {}, set())
    assert [(each.criterion.id, len(each.points)) for each in found] == [("CC6.2", 4), ("P1.1", 0)]
    assert [(each.criterion.id, len(each.points)) for each in coverage(catalogue, SECURITY, {}, {}, set())] == [("CC6.2", 3)]


def test_coverage_is_printed_with_our_wording_beside_each_id(catalogue: Catalogue) -> None:
    document = covered(catalogue, {"reviewed"}).as_document()
    assert {name: document[name] for name in ("id", "name", "category", "summary")} == {
        "id": "CC6.2",
        "name": "Access",
        "category": "security",
        "summary": "Who needs it has it.",
    }
    assert document["controls"] == {"mapped": ["proposed", "reviewed"], "reviewed": ["reviewed"], "evidenced": ["reviewed"]}
    assert document["points_of_focus"][1] == {
        "id": "CC6.2-POF2",
        "summary": "Point 2.",
        "mapped": ["proposed"],
        "reviewed": [],
        "evidenced": [],
        "consideration": "not considered by management",
    }
