# SPDX-License-Identifier: Apache-2.0
"""The demo's campaign held against what is known: a difference shows, and a slow machine is told from a wrong figure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.simulators.policies import plan
from tests.simulators.policies.roster import members

from tieout.local.company import KnownCampaign
from tieout.local.demo_policies import LandedCampaign, as_it_went, compare_rows, figures

_SAID = plan.as_document()
KNOWN = KnownCampaign(
    _SAID["control"],
    _SAID["window"],
    _SAID["figures"],
    {(row["person"], row["policy"]): (row["status"], *row["outcome"]) for row in _SAID["rows"]},
)
SLOW, OTHER = [each.address for each in members() if each.part == "usual"][:2]


def landed(late: tuple[str, ...] = ()) -> LandedCampaign:
    """Return what landed as it is known, but for people who were late besides."""
    frozen = {key: status for key, (status, _, _) in KNOWN.rows.items()}
    came: dict[Any, Any] = {
        key: (outcome, False if key[0] in late and in_time else in_time, None)
        for key, (status, outcome, in_time) in KNOWN.rows.items()
        if status == "assigned"
    }
    return LandedCampaign(frozen, came, KNOWN.figures["acknowledged by a personal link"], 9, 0)


def differences(known: KnownCampaign, found: LandedCampaign) -> set[str]:
    """Return the figures that differ, but for the answers to questions, which the rows here do not hold."""
    counted = figures(found)
    return {name for name, number in known.figures.items() if counted[name] != number} - {"wrong answers"}


def test_what_landed_as_it_is_known_is_the_same() -> None:
    assert differences(KNOWN, landed()) == set()
    assert compare_rows(KNOWN, landed(), str) == []


def test_who_is_late_and_says_nothing_of_it_is_a_difference() -> None:
    found = landed(late=(SLOW,))
    assert differences(KNOWN, found) == {"acknowledged late"}
    assert len(compare_rows(KNOWN, found, str)) == len(plan.POLICIES)


def test_who_was_asked_too_late_by_their_own_clock_is_known_to_be_late() -> None:
    went = as_it_went(KNOWN, {"past_due": [SLOW], "around_due": []}, lambda _: None)
    assert went.figures["acknowledged late"] == KNOWN.figures["acknowledged late"] + 2
    assert differences(went, landed(late=(SLOW,))) == set()
    assert compare_rows(went, landed(late=(SLOW,)), str) == []
    assert len(compare_rows(went, landed(), str)) == len(plan.POLICIES), "who answered late and landed in time is a difference"


def test_the_moment_in_which_it_became_due_counts_as_it_landed() -> None:
    for found in (landed(late=(OTHER,)), landed()):
        went = as_it_went(KNOWN, {"past_due": [], "around_due": [OTHER]}, lambda row, at=found: at.came[row][1])  # type: ignore[misc]
        assert differences(went, found) == set()
        assert compare_rows(went, found, str) == []


def test_nobody_who_never_answered_becomes_late() -> None:
    silent = next(each.address for each in members() if each.part == "silent")
    assert as_it_went(KNOWN, {"past_due": [silent], "around_due": []}, lambda _: None).rows == KNOWN.rows


def test_a_row_that_is_not_known_and_one_that_did_not_land_show() -> None:
    found = landed()
    less = replace(found, frozen={key: said for key, said in found.frozen.items() if key[0] != SLOW} | {("x", "y"): "assigned"})
    assert len(compare_rows(KNOWN, less, str)) == len(plan.POLICIES) + 1
