# SPDX-License-Identifier: Apache-2.0
"""Close of a period: everything that keeps it open is said, and nothing else is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.unit.audit.test_deviations import OBSERVED, answer
from tests.unit.criteria.axes import AFTER, PERIOD, each_month, landing, make_control, make_scope, noon, note
from tests.unit.flows.programs import CONTROL, make_program, stand

from tieout.audit.deviations import Deviation, fold
from tieout.criteria.extractions import EventCounts, LandedExtraction, Noted
from tieout.evidence.layout import Place
from tieout.evidence.records import Record, RecordKind
from tieout.flows.close import is_closed, open_points
from tieout.flows.differences import TrueUp
from tieout.flows.snapshot import PROGRAM, period_document
from tieout.flows.status import Program

ALL = each_month(20, 20, 20, 20, 20, 20)
END = datetime(2026, 7, 1, tzinfo=UTC)
ROW: dict[str, Any] = {"row_key": "a"}
DONE = TrueUp(CONTROL, "idp", "true-up-2026-07-02", "idp-1", "manifests/x", datetime(2026, 1, 1, tzinfo=UTC), END, END, ())


def open_in(
    *landed: LandedExtraction,
    program: Program | None = None,
    noted: tuple[Noted, ...] = (),
    true_ups: tuple[TrueUp, ...] = (DONE,),
    deviations: Sequence[Deviation] = (),
    now: datetime = AFTER,
) -> list[str]:
    """Return what is open in the first half of 2026."""
    program = program or make_program()
    return open_points(program, stand(*landed, program=program, noted=noted, now=now), true_ups, deviations, now)


def test_a_period_whose_work_is_done_has_nothing_open() -> None:
    assert open_in(*ALL) == []


def test_a_period_that_is_not_over_says_that_alone() -> None:
    assert open_in(now=END - timedelta(microseconds=1), true_ups=()) == ["the period ends 2026-06-30"]


def test_a_broken_file_is_open() -> None:
    assert open_in(*ALL, program=make_program(broken=("cc7.yaml:1: no.",))) == ["file: cc7.yaml:1: no."]


def test_a_window_that_is_awaited_is_open_and_so_is_what_it_would_show() -> None:
    found = open_in(*ALL[:5], now=END + timedelta(days=1))
    assert found == [f"{CONTROL}: window 2026-06 (idp) is awaited", f"{CONTROL}: 2026-06 (idp) upcoming"]


@pytest.mark.parametrize("days", [1, 400])
def test_a_campaign_that_has_not_come_to_a_landing_is_open_in_time_or_late_and_recorded_or_not(days: int) -> None:
    campaign = f"{CONTROL}.2026-06"
    schedule = {"due_at": "2026-07-15T00:00:00Z", "extensions": []}
    said = [
        note("campaign opened", "2026-06", system="all", at=END, campaign=campaign, definition={"schedule": schedule}),
        note("not extracted", "2026-06", at=END + timedelta(days=300)),
    ]
    now = END + timedelta(days=days)
    noted = tuple(each for each in said if each.at <= now)
    found = open_in(*ALL[:5], noted=noted, now=now)
    assert f"{CONTROL}: campaign {campaign} is open, due 2026-07-14" in found
    assert not [each for each in found if "is awaited" in each]
    cancelled = note("cancelled", "2026-06", system="all", at=END, campaign=campaign)
    assert not [each for each in open_in(*ALL[:5], noted=(*noted, cancelled), now=now) if "campaign" in each]


def test_an_absent_extraction_is_open_until_a_record_answers_for_it() -> None:
    landed = [each for each in ALL if each.window != "2026-03"]
    silent = open_in(*landed)
    assert silent[0] == f"{CONTROL}: window 2026-03 (idp) not extracted, and no record says so"
    said = note("explained", "2026-03", performance="2026-03")
    for kind in ("not extracted", "did not land"):
        assert open_in(*landed, noted=(note(kind, "2026-03"), said)) == []


@pytest.mark.parametrize(
    ("landed", "state"),
    [
        (each_month(20, 20, 0, 20, 20, 20), "not performed"),
        ([each for each in ALL if each.window != "2026-03"], "not determinable"),
    ],
)
def test_what_was_not_performed_or_can_not_be_told_is_open_until_it_is_explained(
    landed: list[LandedExtraction], state: str
) -> None:
    answered = (note("not extracted", "2026-03"),)
    assert open_in(*landed, noted=answered) == [f"{CONTROL}: 2026-03 (idp) {state}, and nobody has explained it"]
    explained = note("explained", "2026-03", performance="2026-03")
    assert open_in(*landed, noted=(*answered, explained)) == []


def test_what_was_late_is_open_until_it_is_explained() -> None:
    program = make_program({CONTROL: make_control(frequency={"grace_days": 5})})
    landed = [*each_month(20, 20, 0), landing("2026-04", (("late", date(2026, 4, 2)), ("R", date(2026, 4, 20)))), *ALL[4:]]
    assert open_in(*landed, program=program) == [f"{CONTROL}: 2026-03 (idp) performed late, and nobody has explained it"]
    explained = note("explained", "2026-03", performance="2026-03")
    assert open_in(*landed, program=program, noted=(explained,)) == []


def test_no_event_needs_no_explanation() -> None:
    program = make_program({CONTROL: make_control("per_event")})
    landed = [landing(each.window, events=EventCounts()) for each in ALL]
    assert open_in(*landed, program=program) == []


@pytest.mark.parametrize(
    "other",
    [
        (),
        (replace(DONE, end=END - timedelta(days=1)),),  # it does not reach to the end
        (replace(DONE, collected_at=END - timedelta(seconds=1)),),  # made before the end
        (replace(DONE, system="cloud"),),
        (replace(DONE, control="another"),),
    ],
)
def test_each_system_needs_a_true_up_to_the_end_made_after_it(other: tuple[TrueUp, ...]) -> None:
    assert open_in(*ALL, true_ups=other) == [f"{CONTROL}: no true-up of idp reaches to the period's end"]


def test_no_true_up_of_a_snapshot_is_owed() -> None:
    control = make_control()
    snapshot = control.model_copy(update={"population": control.population.model_copy(update={"read_as": "snapshot"})})
    assert open_in(*ALL, true_ups=(), program=make_program({CONTROL: snapshot})) == []


def test_each_difference_of_a_true_up_needs_an_explanation() -> None:
    differing = replace(DONE, differences=((ROW, "A late merge."), (ROW, None), (ROW, None)))
    assert open_in(*ALL, true_ups=(differing,)) == [f"{CONTROL}: 2 differences of idp are not explained"]
    explained = replace(DONE, differences=((ROW, "A late merge."),))
    assert open_in(*ALL, true_ups=(explained,)) == []


def test_each_deviation_that_the_evidence_shows_needs_a_disposition() -> None:
    found = fold(OBSERVED, ())
    assert open_in(*ALL, deviations=found) == [
        "cc6_2: 1 deviations of idp have no disposition (performed late)",
        "cc8_1: 1 deviations of shop have no disposition (pull_request)",
    ]
    said = answer("1", *OBSERVED.values(), state="not confirmed", disposition="A system clock was off.")
    assert open_in(*ALL, deviations=fold(OBSERVED, [said])) == []
    accepted = [replace(each, acceptance="a", acceptance_state="in force") for each in found]
    assert len(open_in(*ALL, deviations=accepted)) == 2, "an accepted risk is no disposition"
    gone = [replace(each, observed=replace(each.observed, in_evidence=False)) for each in found]
    assert open_in(*ALL, deviations=gone) == []


def test_a_control_that_is_not_active_in_the_period_needs_nothing() -> None:
    program = make_program({CONTROL: make_control(), "p1_1": make_control(criteria=("P1.1",))})
    assert open_in(*ALL, program=program) == []


def test_each_window_that_is_owed_a_reconciliation_is_open_until_it_is_made() -> None:
    other = {"control": "cc6_2_leavers", "system": "hris"}
    rule = {"id": "leavers", "system": "idp", "other": other, "match": {"account": "account"}, "only_here": "Nobody left."}
    program = make_program({CONTROL: make_control(reconciliations=[rule])})
    assert open_in(*ALL, program=program) == [
        f"{CONTROL}: reconciliation leavers of window {each.window} is not made" for each in ALL
    ]


def closing(**facts: Any) -> Record:
    """Return a record of a close."""
    place = Place("2026-H1", PROGRAM, "close")
    return Record(place=place, kind=RecordKind.CLOSED, system=PROGRAM, reason="Done.", by="Ann", at=AFTER, facts=facts)


def test_a_period_is_closed_as_it_was_defined_then() -> None:
    scope = make_scope()
    closed = closing(observation_period=period_document(PERIOD, scope))
    assert is_closed([closed], PERIOD, scope)
    moved = PERIOD.model_copy(update={"end_day": date(2026, 8, 1)})
    assert not is_closed([closed], moved, scope)
    assert not is_closed([closed], PERIOD, make_scope(time_zone="Europe/Berlin"))
    assert is_closed([closed, closing(observation_period=period_document(moved, scope))], moved, scope)


def test_another_record_closes_nothing() -> None:
    scope = make_scope()
    said = replace(closing(observation_period=period_document(PERIOD, scope)), kind=RecordKind.SNAPSHOT)
    assert not is_closed([said, closing()], PERIOD, scope)
    assert not is_closed([], PERIOD, scope)


def test_the_end_is_local_midnight_in_the_programs_zone() -> None:
    program = make_program(time_zone="America/New_York")
    assert open_in(program=program, now=noon(date(2026, 6, 30)) + timedelta(hours=15)) == ["the period ends 2026-06-30"]
    over = open_in(program=program, now=noon(date(2026, 6, 30)) + timedelta(hours=16))
    assert over != ["the period ends 2026-06-30"]
