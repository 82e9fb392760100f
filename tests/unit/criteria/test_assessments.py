# SPDX-License-Identifier: Apache-2.0
"""Points of focus considered: who says what and why; silence is not considered, and nobody else can say more."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tieout.criteria.assessments import Assessment, Consideration, SeriesAssessment, load_assessments, overdue
from tieout.errors import ConfigurationError

POINT = "CC6.2-POF1"
WHO = {"rationale": "It does.", "by": "Security Lead", "on": "2026-01-10", "review_due": "2027-01-10"}


def assessment(consideration: str, **said: Any) -> Assessment:
    """Return what is said about one point."""
    return Assessment.model_validate({"point_of_focus": POINT, "consideration": consideration, **said})


def test_nobody_has_considered_it_until_somebody_says_so_and_a_proposal_may_stand_beside() -> None:
    silent = assessment("not considered by management", controls=["cc6_2_onboarding"], rationale="The mapping proposes it.")
    assert silent.consideration is Consideration.NOT_CONSIDERED
    assert (silent.by, silent.on) == (None, None)


@pytest.mark.parametrize("said", [{"by": "Security Lead"}, {"on": "2026-01-10"}])
def test_not_considered_and_by_whom_do_not_go_together(said: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="consideration says that nobody did"):
        assessment("not considered by management", **said)


@pytest.mark.parametrize("consideration", ["addressed", "partly", "not applicable"])
@pytest.mark.parametrize("absent", list(WHO))
def test_what_was_considered_says_why_by_whom_when_and_until_when(consideration: str, absent: str) -> None:
    said = {name: value for name, value in WHO.items() if name != absent}
    with pytest.raises(ValidationError, match=f"'{consideration}' needs {absent}: why, by whom, when, and until when"):
        assessment(consideration, controls=["cc6_2_onboarding"], **said)


@pytest.mark.parametrize("consideration", ["addressed", "partly"])
def test_what_is_addressed_names_controls_or_evidence(consideration: str) -> None:
    with pytest.raises(ValidationError, match="names the controls or the evidence that address it"):
        assessment(consideration, **WHO)
    assert assessment(consideration, **WHO, evidence=["account_review.v1"]).evidence == ("account_review.v1",)
    assert assessment(consideration, **WHO, controls=["cc6_2_onboarding"]).controls == ("cc6_2_onboarding",)


def test_what_is_not_applicable_needs_no_control() -> None:
    assert assessment("not applicable", **WHO).controls == ()


def test_it_is_overdue_the_day_after_management_wanted_to_look_again() -> None:
    seen = assessment("not applicable", **WHO)
    silent = assessment("not considered by management")
    assert not seen.is_overdue(date(2027, 1, 10))
    assert seen.is_overdue(date(2027, 1, 11))
    assert not silent.is_overdue(date(2099, 1, 1))
    assert overdue({"a": seen, "b": silent}, date(2027, 1, 11)) == [seen]


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ([POINT, "CC6.1-POF1", POINT], "twice: \\['CC6.2-POF1'\\]"),
        ([POINT, "CC7.1-POF1"], "of another series: \\['CC7.1-POF1'\\]"),
    ],
)
def test_a_series_has_each_of_its_points_once(points: list[str], problem: str) -> None:
    said = [{"point_of_focus": point, "consideration": "not considered by management"} for point in points]
    with pytest.raises(ValidationError, match=problem):
        SeriesAssessment.model_validate({"series": "CC6", "points_of_focus": said})


def test_the_files_of_a_folder_are_one_mapping_and_a_folder_without_any_is_empty(tmp_path: Path) -> None:
    assert load_assessments(tmp_path) == {}
    assert load_assessments(tmp_path / "nowhere") == {}
    for series in ("CC6", "A1"):
        (tmp_path / f"{series.lower()}.yaml").write_text(
            f"series: {series}\npoints_of_focus:\n"
            f"  - {{point_of_focus: {series}.1-POF1, consideration: not considered by management}}\n"
        )
    assert list(load_assessments(tmp_path)) == ["A1.1-POF1", "CC6.1-POF1"]


def test_the_day_a_point_was_considered_is_read_as_a_day_and_not_as_true(tmp_path: Path) -> None:
    # YAML 1.1 reads the key ``on`` as true.
    (tmp_path / "cc6.yaml").write_text(
        "series: CC6\npoints_of_focus:\n"
        f"  - point_of_focus: {POINT}\n    consideration: not applicable\n    rationale: None here.\n"
        "    by: Security Lead\n    on: 2026-01-10\n    review_due: 2027-01-10\n"
    )
    assert load_assessments(tmp_path)[POINT].on == date(2026, 1, 10)


def test_a_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cc6.yaml"
    path.write_text(f"series: CC6\npoints_of_focus:\n  - point_of_focus: {POINT}\n    consideration: adressed\n")
    with pytest.raises(ConfigurationError, match=r"cc6\.yaml:4: .*Did you mean 'addressed'\?"):
        load_assessments(tmp_path)
