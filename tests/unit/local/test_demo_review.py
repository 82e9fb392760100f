# SPDX-License-Identifier: Apache-2.0
"""The demo's review held against what is known: the same is the same, and a difference in either direction shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.simulators.review import plan

from tieout.local.company import Case, known_review
from tieout.local.demo_review import Landed, compare_cases, compare_decisions

KNOWN = known_review(plan.as_document())
DONE = {"pages": 30}


def landed() -> Landed:
    """Return a review that landed as it is known."""
    signed: dict[str, Any] = {"reviewer_is_holder": False, "signed_off_by": KNOWN.signer.upper()}
    rows: dict[Any, dict[str, Any]] = {
        row: {"reviewer": reviewer.upper(), "decision": decision, **signed} for row, (reviewer, decision) in KNOWN.rows.items()
    }
    rows[plan.BACKUP]["reviewer_is_holder"] = None
    results = frozenset((case.control, case.rule, case.result, case.row) for case in KNOWN.cases)
    return Landed(rows, results, 30, str.upper)


def different(found: Landed) -> list[str]:
    """Return what of the decisions is not as it is known."""
    return [line.what for line in compare_decisions(KNOWN, found, DONE) if not line.same]


def odd(found: Landed) -> list[tuple[str, bool, bool]]:
    """Return the cases that are known alone, or landed alone."""
    return [(case.rule, known, there) for case, known, there in compare_cases(KNOWN, found) if known != there]


def test_what_landed_as_it_is_known_is_the_same() -> None:
    assert odd(landed()) == []
    assert different(landed()) == []
    assert [line.landed for line in compare_decisions(KNOWN, landed(), DONE)][:2] == [240, len(KNOWN.rows)]


@pytest.mark.parametrize("case", KNOWN.cases, ids=lambda case: f"{case.what}: {case.rule}")
def test_a_known_case_that_did_not_land_shows(case: Case) -> None:
    found = landed()
    less = found.results - {(case.control, case.rule, case.result, case.row)}
    assert odd(replace(found, results=less)) == [(case.rule, True, False)]


def test_what_landed_and_is_not_known_shows() -> None:
    more = ("cc6_2_offboarding", "access_ended_with_employment", "not met", plan.OWN)
    assert odd(replace(landed(), results=landed().results | {more})) == [("access_ended_with_employment", False, True)]


def test_a_result_that_counts_against_another_control_is_another() -> None:
    first = KNOWN.cases[0]
    moved = (plan.CONTROL, first.rule, first.result, first.row)
    results = landed().results - {(first.control, first.rule, first.result, first.row)} | {moved}
    assert sorted(odd(replace(landed(), results=results))) == [(first.rule, False, True), (first.rule, True, False)]


def test_somebody_who_decided_on_an_account_of_their_own_shows() -> None:
    found = landed()
    found.rows[plan.OWN]["reviewer_is_holder"] = True
    assert odd(found) == [(KNOWN.own.rule, True, False)]
    assert different(found) == ["decided by whom they are about"]


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("decision", "revoke", ["kept", "revoked"]),
        ("reviewer", "SOMEBODY@EXAMPLE.COM", ["people who decided", "kept"]),
        ("signed_off_by", None, ["people who signed it off"]),
    ],
)
def test_a_row_that_was_decided_or_signed_otherwise_shows(column: str, value: str | None, shown: list[str]) -> None:
    found = landed()
    found.rows[plan.OWN][column] = value
    assert different(found) == shown


def test_a_row_that_is_absent_shows() -> None:
    found = landed()
    del found.rows[plan.OWN]
    assert different(found) == ["accounts in the three lists", "access rights that were frozen", "kept"]
    assert odd(found) == [(KNOWN.own.rule, True, False)]


def test_a_response_more_or_less_than_pages_were_accepted_shows() -> None:
    for count in (29, 31):
        assert different(replace(landed(), responses=count)) == ["pages that were accepted, and signed responses"]


def test_of_people_who_were_not_asked_this_time_the_responses_are_not_counted() -> None:
    lines = [line.what for line in compare_decisions(KNOWN, landed(), None)]
    assert "pages that were accepted, and signed responses" not in lines
