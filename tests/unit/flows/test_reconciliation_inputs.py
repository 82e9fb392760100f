# SPDX-License-Identifier: Apache-2.0
"""Which windows are owed a reconciliation, what each is made of, and what keeps a period open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.unit.criteria.axes import AFTER, MONTHS, PERIOD, landing, make_control, note
from tests.unit.flows.programs import make_program

from tieout.criteria.extractions import LandedExtraction, Noted
from tieout.criteria.periods import RECONCILED, is_regular
from tieout.errors import ConfigurationError
from tieout.flows.reconciliation_inputs import Inputs, Owed, definition_sha256, inputs_of, owed, reconciled_key
from tieout.flows.reconciliation_state import ReconciledWindow, find_reconciled, reconciliation_points
from tieout.flows.status import Facts, Program

OURS, THEIRS = "cc6_2_access_review", "cc6_2_leavers"
RULE: dict[str, Any] = {
    "id": "leavers", "system": "idp", "other": {"control": THEIRS, "system": "hris"}, "match": {"account": "account"},
    "only_here": "Nobody left.",
}  # fmt: skip
ROW: dict[str, Any] = {"row_key": "a"}


def program(window: str = "monthly", **changed: Any) -> Program:
    """Return a program of a control that is reconciled with another one, which is extracted by another kind of window."""
    here = make_control(reconciliations=[RULE | changed])
    return make_program({OURS: here, THEIRS: make_control("quarterly", window, systems=("hris", "cloud"))})


def inputs(
    made: Program,
    ours: list[LandedExtraction],
    theirs: list[LandedExtraction],
    window: str = "2026-03",
    now: datetime = AFTER,
    noted: tuple[Noted, ...] = (),
) -> Inputs:
    """Return what the reconciliation of a window is made of."""
    each = next(each for each in owed(made, PERIOD) if each.window.key == window)
    return inputs_of(made, Facts({OURS: ours, THEIRS: theirs}, {THEIRS: list(noted)}, None), each, now)


def months(system: str, *keys: str) -> list[LandedExtraction]:
    """Return landings of months."""
    return [landing(key, system=system) for key in keys]


def test_each_window_of_the_control_is_owed_one_under_a_key_that_no_schedule_extracts() -> None:
    found = list(owed(program(), PERIOD))
    assert [(each.control, each.window.key) for each in found] == [(OURS, key) for key in MONTHS]
    assert found[0].key == reconciled_key("leavers", "2026-01") == f"{RECONCILED}leavers-2026-01"
    assert not is_regular(found[0].key)
    assert list(owed(make_program(), PERIOD)) == []


def test_it_is_made_of_what_stands_of_both_systems_in_the_window() -> None:
    made = program()
    superseded = replace(landing("2026-03", system="hris"), landing="hris-before")
    standing = replace(landing("2026-03", system="hris"), landing="hris-after", supersedes="hris-before")
    theirs = [*months("hris", "2026-02", "2026-04"), superseded, standing, *months("cloud", "2026-03")]
    found = inputs(made, months("idp", "2026-02", "2026-03"), theirs)
    assert [each.landing for each in found.here.landed] == ["idp-2026-03"]
    assert [each.landing for each in found.there.landed] == ["hris-after"]
    assert (found.awaited, found.here.absent, found.there.absent, found.there.why_absent) == ([], (), (), None)


def test_days_outside_need_the_windows_that_they_lie_in_but_none_that_no_period_asks_for() -> None:
    theirs = months("hris", *MONTHS)
    found = inputs(program(days_before=40, days_after=1), months("idp", *MONTHS), theirs)
    assert [each.window for each in found.there.landed] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert [each.window for each in found.here.landed] == ["2026-03"]
    first = inputs(program(days_before=40), months("idp", *MONTHS), theirs, "2026-01")
    assert ([each.window for each in first.there.landed], first.there.absent) == (["2026-01"], ())
    both = inputs(program(days_before=5, only_there="Still there."), months("idp", *MONTHS), theirs)
    assert [each.window for each in both.here.landed] == ["2026-03", "2026-04"]


def test_a_month_needs_the_quarter_of_the_other_side() -> None:
    made, early = program("quarterly"), datetime(2026, 4, 3, tzinfo=UTC)
    found = inputs(made, months("idp", "2026-03"), [], now=early)
    assert found.awaited == [f"window 2026-Q1 of {THEIRS} hris"]


def test_a_window_in_its_grace_is_awaited_and_one_that_failed_or_is_past_it_is_absent() -> None:
    made, early = program(), datetime(2026, 4, 3, tzinfo=UTC)
    found = inputs(made, months("idp", "2026-03"), [], now=early)
    assert (found.awaited, found.there.absent) == ([f"window 2026-03 of {THEIRS} hris"], ())
    failed = note("did not land", "2026-03", system="hris", at=early)
    for later in (
        inputs(made, months("idp", "2026-03"), [], now=early, noted=(failed,)),
        inputs(made, months("idp", "2026-03"), []),
    ):
        assert (later.awaited, later.there.absent) == ([], ("2026-03",))
        assert later.there.why_absent == f"Window 2026-03 of {THEIRS} hris has not landed: nothing can be told."


def test_a_manifest_names_the_inputs_until_a_landing_the_definition_or_what_is_absent_changes() -> None:
    ours, theirs = months("idp", "2026-03"), months("hris", "2026-03")
    found = inputs(program(), ours, theirs)
    said = {
        "definition_sha256": definition_sha256(found.rule),
        "here": {"landings": [{"landing": "idp-2026-03"}], "absent_windows": []},
        "there": {"landings": [{"landing": "hris-2026-03"}], "absent_windows": []},
    }
    assert found.are_those_of(said)
    assert not inputs(program(only_here="Other words."), ours, theirs).are_those_of(said)
    assert not inputs(program(), ours, []).are_those_of(said)
    assert not inputs(program(), ours, [replace(theirs[0], landing="hris-other")]).are_those_of(said)
    assert not found.are_those_of(said | {"there": {**said["there"], "absent_windows": ["2026-03"]}})


def test_a_side_that_is_not_there_is_named() -> None:
    for other, message in (
        ({"control": "cc1", "system": "x"}, "there is no such control"),
        ({"control": THEIRS, "system": "x"}, "no system 'x'"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            inputs(program(other=other), [], [])


def window(key: str, *reasons: str | None, current: bool = True) -> ReconciledWindow:
    """Return a window that was reconciled, each of its differences with its explanation."""
    differences = tuple((ROW, reason) for reason in reasons)
    at = datetime(2026, 7, 2, tzinfo=UTC)
    return ReconciledWindow(
        OURS, "idp", reconciled_key("leavers", key), "idp-1", "manifests/x", at, at, at, differences, "leavers", key, current
    )


def test_a_period_is_open_until_each_window_is_reconciled_as_it_stands_and_explained() -> None:
    made, done = program(), [window(key, "Because.") for key in MONTHS]
    name = f"{OURS}: reconciliation leavers of window 2026-06"
    assert reconciliation_points(made, PERIOD, done) == []
    assert reconciliation_points(made, PERIOD, done[:-1]) == [f"{name} is not made"]
    assert reconciliation_points(made, PERIOD, [*done[:-1], window("2026-06", None, "Because.", None)]) == [
        f"{name}: 2 differences are not explained"
    ]
    stale = window("2026-06", "Because.", current=False)
    assert reconciliation_points(made, PERIOD, [*done[:-1], stale]) == [f"{name} was made of something else than what stands now"]


def test_one_window_is_found_or_those_there_are_are_named() -> None:
    listed = [window("2026-05"), window("2026-06")]
    assert find_reconciled(listed, OURS, "leavers", "2026-05") is listed[0]
    with pytest.raises(ConfigurationError, match=f"found 2. There are: {OURS} leavers 2026-05, {OURS} leavers 2026-06"):
        find_reconciled(listed, OURS, "leavers", None)


def test_a_window_before_the_control_began_is_not_owed() -> None:
    here = make_control(reconciliations=[RULE], since=(date(2026, 3, 1),))
    made = make_program({OURS: here, THEIRS: make_control("quarterly", systems=("hris",))})
    assert [each.window.key for each in owed(made, PERIOD)] == MONTHS[2:]
    assert isinstance(next(owed(made, PERIOD)), Owed)
