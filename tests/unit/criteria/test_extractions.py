# SPDX-License-Identifier: Apache-2.0
"""The axis of extractions: every window that we owe is there or its absence is said, whatever it says of the control."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.unit.criteria.axes import AFTER, MONTHS, PERIOD, SYSTEM, landing, make_control, note

from tieout.criteria.calendar import Calendar
from tieout.criteria.controls import Control
from tieout.criteria.extractions import (
    Extraction,
    Extractions,
    ExtractionState,
    LandedExtraction,
    Noted,
    due_at,
    extractions,
    standing_landings,
    windows_expected,
)
from tieout.criteria.periods import WindowKind, window

UTC_CALENDAR = Calendar(ZoneInfo("UTC"))
CONTROL = make_control()
GRACE = timedelta(days=7)
MARCH = window(WindowKind.MONTHLY, "2026-03", ZoneInfo("UTC"))


def expected(control: Control, first_day: date = PERIOD.first_day, end_day: date = PERIOD.end_day) -> list[str]:
    """Return the keys of a control's windows in a span."""
    return [target.key for target in windows_expected(control, UTC_CALENDAR, first_day, end_day)]


def found(
    *landed: LandedExtraction,
    noted: tuple[Noted, ...] = (),
    now: datetime = AFTER,
    established: datetime | None = None,
    control: Control = CONTROL,
) -> Extractions:
    """Work out what became of March."""
    return extractions(control, [MARCH], landed, noted, established, now)


def one(*landed: LandedExtraction, noted: tuple[Noted, ...] = ()) -> Extraction:
    """Return the one extraction of March that is due."""
    [each] = found(*landed, noted=noted).due
    return each


def test_the_windows_of_a_period_are_those_that_touch_it_in_order() -> None:
    assert expected(CONTROL) == MONTHS
    assert expected(CONTROL, date(2026, 1, 31), date(2026, 3, 2)) == ["2026-01", "2026-02", "2026-03"]
    weekly = expected(make_control(window="weekly"))
    assert (weekly[0], weekly[-1], len(weekly)) == ("2026-W01", "2026-W27", 27)


@pytest.mark.parametrize(
    ("since", "retired_on", "keys"),
    [
        (date(2026, 4, 15), None, ["2026-04", "2026-05", "2026-06"]),
        (date(2026, 8, 1), None, []),
        (date(2020, 1, 1), date(2026, 3, 1), ["2026-01", "2026-02"]),
        (date(2020, 1, 1), date(2026, 3, 2), ["2026-01", "2026-02", "2026-03"]),
        (date(2020, 1, 1), date(2026, 1, 1), []),
        (date(2020, 1, 1), date(2027, 1, 1), MONTHS),
    ],
)
def test_a_window_is_expected_while_the_control_is_in_force(since: date, retired_on: date | None, keys: list[str]) -> None:
    assert expected(make_control(since=(since,), retired_on=retired_on)) == keys


def test_a_window_is_not_extracted_once_its_grace_is_over() -> None:
    assert found(now=MARCH.end + GRACE - timedelta(microseconds=1)).awaited == (("2026-03", SYSTEM),)
    assert found(now=MARCH.end + GRACE).awaited == ()
    [absent] = found(now=MARCH.end + GRACE).due
    assert (absent.state, absent.document) == (ExtractionState.NOT_EXTRACTED, None)
    assert absent.reason == "Nothing of it has landed, or was recorded."


def test_an_awaited_window_is_over_from_its_end_on() -> None:
    before, after = found(now=MARCH.end - timedelta(microseconds=1)), found(now=MARCH.end)
    assert (before.awaited, before.over) == ((("2026-03", SYSTEM),), ())
    assert after.awaited == after.over == (("2026-03", SYSTEM),)
    assert found(landing("2026-03")).over == ()


def test_a_bucket_that_came_later_gives_its_grace_from_then_on() -> None:
    established = datetime(2026, 8, 1, tzinfo=UTC)
    assert due_at(CONTROL, MARCH, None) == MARCH.end + GRACE
    assert due_at(CONTROL, MARCH, datetime(2020, 1, 1, tzinfo=UTC)) == MARCH.end + GRACE
    assert due_at(CONTROL, MARCH, established) == established + GRACE
    assert found(now=established + timedelta(days=6), established=established).due == ()
    assert len(found(now=established + GRACE, established=established).due) == 1


def test_what_has_landed_stands_with_its_lag_and_says_whether_it_came_in_window() -> None:
    in_window = one(landing("2026-03", rows=4))
    assert (in_window.state, in_window.lag_seconds, in_window.rows) == (ExtractionState.IN_WINDOW, 86_400, 4)
    assert in_window.document == "manifests/observation_period=2026-H1/idp-2026-03.json"
    later = one(landing("2026-03", after=timedelta(days=30)))
    assert (later.state, later.lag_seconds) == (ExtractionState.LATER, 30 * 86_400)


def test_a_landing_outside_the_windows_asked_about_is_not_among_them() -> None:
    assert one(landing("2026-03"), landing("2026-04")).window == "2026-03"


def test_each_system_stands_for_itself() -> None:
    control = make_control(systems=("idp", "cloud"))
    state = found(landing("2026-03"), control=control)
    assert {each.system: each.state.value for each in state.due} == {"idp": "in window", "cloud": "not extracted"}
    assert state.of("cloud")["2026-03"].landing is None
    assert state.of("nothing of ours") == {}


def test_what_did_not_land_is_incomplete_with_the_reason_and_the_record() -> None:
    each = one(noted=(note("did not land", "2026-03", reason="ContractError: a null."),))
    assert (each.state, each.reason) == (ExtractionState.INCOMPLETE, "ContractError: a null.")
    assert each.document == "manifests/record-did not land-2026-03.json"


@pytest.mark.parametrize("first", ["did not land", "not extracted"])
def test_what_came_and_can_not_be_used_says_more_than_that_nothing_came(first: str) -> None:
    second = ({"did not land", "not extracted"} - {first}).pop()
    notes = (note(first, "2026-03"), note(second, "2026-03", at=AFTER + timedelta(days=1)))
    assert one(noted=notes).state is ExtractionState.INCOMPLETE
    assert one(noted=notes[::-1]).state is ExtractionState.INCOMPLETE


def test_the_last_record_of_what_did_not_land_stands() -> None:
    notes = [note("did not land", "2026-03", at=AFTER + timedelta(days=number), reason=str(number)) for number in (2, 1)]
    assert one(noted=tuple(notes)).reason == "2"


def test_a_landing_answers_whatever_was_recorded_before() -> None:
    notes = (note("did not land", "2026-03"), note("not extracted", "2026-03"))
    assert one(landing("2026-03"), noted=notes).state is ExtractionState.IN_WINDOW


@pytest.mark.parametrize("kind", ["explained", "legal hold on", "redacted", "abandoned"])
def test_another_record_of_a_window_does_not_answer_for_it(kind: str) -> None:
    each = one(noted=(note(kind, "2026-03"),))
    assert (each.state, each.document) == (ExtractionState.NOT_EXTRACTED, None)


def test_a_record_of_another_window_or_system_does_not_answer_for_it() -> None:
    notes = (note("did not land", "2026-04"), note("did not land", "2026-03", system="cloud"))
    assert one(noted=notes).state is ExtractionState.NOT_EXTRACTED


def test_a_superseded_landing_stands_beside_the_one_that_took_its_place() -> None:
    first = landing("2026-03", landing="first")
    second = landing("2026-03", landing="second", supersedes="first", after=timedelta(days=3))
    for order in ([first, second], [second, first]):
        state = found(*order)
        assert [(each.landing, each.state.value) for each in state.due] == [("first", "superseded"), ("second", "in window")]
        assert state.of(SYSTEM)["2026-03"].landing == "second"
        assert list(standing_landings(order)) == [second]


def test_of_one_window_under_two_labels_the_later_landing_stands() -> None:
    first = landing("2026-03", landing="first", observation_period="2026-Q1")
    second = landing("2026-03", landing="second", observation_period="2026-H1", after=timedelta(days=30))
    for order in ([first, second], [second, first]):
        state = found(*order)
        assert [(each.landing, each.state.value) for each in state.due] == [("first", "superseded"), ("second", "later")]
        assert list(standing_landings(order)) == [second]


def test_a_chain_of_three_leaves_the_last_one_standing() -> None:
    chain = [
        landing("2026-03", landing=name, supersedes=before, after=timedelta(days=number))
        for number, (name, before) in enumerate([("a", None), ("b", "a"), ("c", "b")], start=1)
    ]
    assert [each.landing for each in standing_landings(chain)] == ["c"]
    assert sorted(each.landing or "" for each in found(*chain).due) == ["a", "b", "c"]


def test_an_extraction_is_printed_with_its_document_and_without_its_landing() -> None:
    assert one(landing("2026-03", rows=4)).as_document() == {
        "state": "in window",
        "window": "2026-03",
        "system": "idp",
        "lag_seconds": 86_400,
        "landing": "idp-2026-03",
        "rows": 4,
        "document": "manifests/observation_period=2026-H1/idp-2026-03.json",
        "reason": None,
        "statement_version": 1,
    }
