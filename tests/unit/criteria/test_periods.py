# SPDX-License-Identifier: Apache-2.0
"""Windows partition time, a key and its window are one to one, and a period is found or its absence explained."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from tieout.criteria.periods import (
    ACCESS,
    ITEMS,
    POST_PERIOD,
    REMOVAL,
    TRUE_UP,
    Gap,
    ObservationPeriod,
    Window,
    WindowKind,
    first_day,
    first_day_of,
    gaps_between,
    is_derived,
    is_input,
    is_regular,
    last_day_of,
    period_of,
    window,
    window_key,
    windows_between,
)
from tieout.errors import ExtractionRefused

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
SANTIAGO = ZoneInfo("America/Santiago")  # its clocks change at midnight: one day a year has no 00:00
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its summer is half an hour long
MICROSECOND = timedelta(microseconds=1)
SECOND_HALF = ObservationPeriod(id="2026-H2", type=2, first_day=date(2026, 7, 1), end_day=date(2027, 1, 1))


def windows(kind: WindowKind, zone: ZoneInfo) -> list[Window]:
    """Return every window from one that holds 1 December 2023 to one that holds 1 March 2028."""
    found, day = [], date(2023, 12, 1)
    while day <= date(2028, 3, 1):
        found.append(window(kind, window_key(kind, day), zone))
        following = found[-1].end.astimezone(zone).date()
        assert following > day, "a window that ends before its own day would keep us here for ever"
        day = following
    return found


@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN, NEW_YORK, SANTIAGO, LORD_HOWE], ids=lambda zone: zone.key)
@pytest.mark.parametrize("kind", WindowKind)
def test_windows_partition_time_without_gap_or_overlap(kind: WindowKind, zone: ZoneInfo) -> None:
    found = windows(kind, zone)
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(each.start < each.end for each in found)
    assert len({each.key for each in found}) == len(found)


@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN, NEW_YORK, SANTIAGO, LORD_HOWE], ids=lambda zone: zone.key)
@pytest.mark.parametrize("kind", WindowKind)
def test_a_window_holds_its_local_days_and_no_other(kind: WindowKind, zone: ZoneInfo) -> None:
    for each in windows(kind, zone):
        first, last = each.start.astimezone(zone).date(), (each.end - MICROSECOND).astimezone(zone).date()
        assert window_key(kind, first) == window_key(kind, last) == each.key
        assert window_key(kind, (each.start - MICROSECOND).astimezone(zone).date()) != each.key
        assert window_key(kind, each.end.astimezone(zone).date()) != each.key


@pytest.mark.parametrize("kind", WindowKind)
def test_a_key_and_a_day_inside_lead_to_each_other(kind: WindowKind) -> None:
    for offset in range(0, 1600):
        day = date(2023, 12, 1) + timedelta(days=offset)
        key = window_key(kind, day)
        assert first_day(kind, key) <= day
        assert window_key(kind, first_day(kind, key)) == key


@pytest.mark.parametrize(
    ("kind", "key", "zone", "start", "end"),
    [
        (WindowKind.DAILY, "2026-03-29", BERLIN, "2026-03-28T23:00", "2026-03-29T22:00"),  # 23 hours
        (WindowKind.DAILY, "2026-10-25", BERLIN, "2026-10-24T22:00", "2026-10-25T23:00"),  # 25 hours
        (WindowKind.DAILY, "2026-03-08", NEW_YORK, "2026-03-08T05:00", "2026-03-09T04:00"),  # 23 hours
        (WindowKind.DAILY, "2024-02-29", UTC_ZONE, "2024-02-29T00:00", "2024-03-01T00:00"),
        (WindowKind.WEEKLY, "2026-W53", UTC_ZONE, "2026-12-28T00:00", "2027-01-04T00:00"),
        (WindowKind.WEEKLY, "2025-W01", UTC_ZONE, "2024-12-30T00:00", "2025-01-06T00:00"),
        (WindowKind.MONTHLY, "2024-02", BERLIN, "2024-01-31T23:00", "2024-02-29T23:00"),
        (WindowKind.MONTHLY, "2026-12", NEW_YORK, "2026-12-01T05:00", "2027-01-01T05:00"),
        (WindowKind.QUARTERLY, "2026-Q1", BERLIN, "2025-12-31T23:00", "2026-03-31T22:00"),
        (WindowKind.QUARTERLY, "2026-Q4", UTC_ZONE, "2026-10-01T00:00", "2027-01-01T00:00"),
    ],
)
def test_a_window_starts_and_ends_at_local_midnight(kind: WindowKind, key: str, zone: ZoneInfo, start: str, end: str) -> None:
    found = window(kind, key, zone)
    assert (found.start, found.end) == (
        datetime.fromisoformat(f"{start}+00:00"),
        datetime.fromisoformat(f"{end}+00:00"),
    )
    assert found.start.tzinfo is found.end.tzinfo is UTC


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (WindowKind.DAILY, "2026-02-29"),
        (WindowKind.DAILY, "2026-3-5"),
        (WindowKind.DAILY, "20260305"),
        (WindowKind.DAILY, "2026-03"),
        (WindowKind.WEEKLY, "2025-W53"),
        (WindowKind.WEEKLY, "2026-W00"),
        (WindowKind.WEEKLY, "2026-w10"),
        (WindowKind.MONTHLY, "2026-13"),
        (WindowKind.MONTHLY, "2026-00"),
        (WindowKind.MONTHLY, "2026-03\n"),
        (WindowKind.MONTHLY, "２０２６-03"),  # other digits would give one window a second place in the store
        (WindowKind.MONTHLY, "../2026-03"),
        (WindowKind.MONTHLY, ""),
        (WindowKind.QUARTERLY, "2026-Q5"),
        (WindowKind.QUARTERLY, "2026Q1"),
    ],
)
def test_a_key_of_another_form_is_refused_with_an_example(kind: WindowKind, key: str) -> None:
    with pytest.raises(ExtractionRefused) as caught:
        window(kind, key, UTC_ZONE)
    example = window_key(kind, date(2026, 3, 5))
    assert str(caught.value) == f"window {key!r}: expected a {kind} key such as {example!r}."


def test_a_window_is_over_at_its_end_and_not_before() -> None:
    march = window(WindowKind.MONTHLY, "2026-03", BERLIN)
    assert march.is_over(march.end)
    assert not march.is_over(march.end - MICROSECOND)


def test_a_period_holds_the_windows_inside_it_up_to_its_edges() -> None:
    for key in ("2026-07", "2026-12"):
        assert period_of(window(WindowKind.MONTHLY, key, BERLIN), [SECOND_HALF], BERLIN) == SECOND_HALF


@pytest.mark.parametrize(
    ("kind", "key"),
    [(WindowKind.MONTHLY, "2026-06"), (WindowKind.MONTHLY, "2027-01"), (WindowKind.WEEKLY, "2026-W26")],
)
def test_a_window_outside_every_period_is_refused_with_the_periods_there_are(kind: WindowKind, key: str) -> None:
    with pytest.raises(ExtractionRefused) as caught:
        period_of(window(kind, key, BERLIN), [SECOND_HALF], BERLIN)
    assert f"window {key!r}: lies in no Type 2 observation period" in str(caught.value)
    assert "Periods there: 2026-H2 (throughout 1 July 2026 to 31 December 2026)." in str(caught.value)


def test_a_window_across_an_edge_is_stored_with_the_period_that_holds_its_last_instant() -> None:
    first_half = SECOND_HALF.model_copy(update={"id": "2026-H1", "first_day": date(2026, 1, 1), "end_day": date(2026, 7, 1)})
    across = window(WindowKind.WEEKLY, "2026-W27", BERLIN)
    assert period_of(across, [first_half, SECOND_HALF], BERLIN) == SECOND_HALF
    assert period_of(across, [first_half], BERLIN) == first_half


def test_without_any_period_the_refusal_says_none() -> None:
    with pytest.raises(ExtractionRefused, match=re.escape("Periods there: none. Add the period")):
        period_of(window(WindowKind.MONTHLY, "2026-07", UTC_ZONE), [], UTC_ZONE)


def test_period_and_window_meet_in_the_same_zone() -> None:
    july_in_new_york = window(WindowKind.MONTHLY, "2026-07", NEW_YORK)
    assert period_of(july_in_new_york, [SECOND_HALF], NEW_YORK) == SECOND_HALF
    june_in_new_york = window(WindowKind.MONTHLY, "2026-06", NEW_YORK)
    with pytest.raises(ExtractionRefused):
        period_of(june_in_new_york, [SECOND_HALF], NEW_YORK)
    # The same month of a zone further west ends after the period has begun.
    june_in_honolulu = window(WindowKind.MONTHLY, "2026-06", ZoneInfo("Pacific/Honolulu"))
    assert period_of(june_in_honolulu, [SECOND_HALF], NEW_YORK) == SECOND_HALF


def test_a_type_1_period_holds_no_window_and_the_first_type_2_period_wins() -> None:
    as_of = SECOND_HALF.model_copy(update={"id": "as-of", "type": 1})
    again = SECOND_HALF.model_copy(update={"id": "again"})
    july = window(WindowKind.MONTHLY, "2026-07", UTC_ZONE)
    assert period_of(july, [as_of, SECOND_HALF, again], UTC_ZONE).id == "2026-H2"
    with pytest.raises(ExtractionRefused, match=r"as-of \(as of 1 July 2026\)"):
        period_of(july, [as_of], UTC_ZONE)


def test_a_period_starts_and_ends_at_local_midnight() -> None:
    assert SECOND_HALF.start(BERLIN) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert SECOND_HALF.end(BERLIN) == datetime(2026, 12, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize("end", [date(2026, 7, 1), date(2026, 6, 30)])
def test_a_period_that_ends_before_its_first_day_is_over_is_refused(end: date) -> None:
    with pytest.raises(ValidationError, match=f"end_day {end} .the day after the last one. must come after"):
        ObservationPeriod(id="x", type=2, first_day=date(2026, 7, 1), end_day=end)


@pytest.mark.parametrize("label", ["", "2026/H1", "../x", "a b", "-x", "x" * 65, "period=1"])
def test_an_id_that_is_no_part_of_an_object_key_is_refused(label: str) -> None:
    with pytest.raises(ValidationError, match="it becomes part of object keys"):
        SECOND_HALF.model_validate({**SECOND_HALF.model_dump(), "id": label})


@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN, NEW_YORK, SANTIAGO, LORD_HOWE], ids=lambda zone: zone.key)
@pytest.mark.parametrize("kind", WindowKind)
def test_the_windows_between_two_days_are_those_that_hold_one_of_them(kind: WindowKind, zone: ZoneInfo) -> None:
    first, end = date(2024, 2, 28), date(2026, 1, 2)
    found = list(windows_between(kind, first, end, zone))
    keys = dict.fromkeys(window_key(kind, first + timedelta(days=number)) for number in range((end - first).days))
    assert [each.key for each in found] == list(keys)
    assert all(each == window(kind, each.key, zone) for each in found)
    assert all(before.end == after.start for before, after in pairwise(found))


def test_between_a_day_and_itself_or_one_before_there_is_no_window() -> None:
    for end in (date(2026, 3, 5), date(2026, 3, 4)):
        assert list(windows_between(WindowKind.MONTHLY, date(2026, 3, 5), end, BERLIN)) == []


def test_a_day_that_a_zone_skipped_has_no_daily_window() -> None:
    found = windows_between(WindowKind.DAILY, date(2011, 12, 29), date(2012, 1, 1), ZoneInfo("Pacific/Apia"))
    assert [each.key for each in found] == ["2011-12-29", "2011-12-31"]


@pytest.mark.parametrize(
    ("kind", "day", "key", "first", "last"),
    [
        (WindowKind.DAILY, date(2026, 3, 5), "2026-03-05", date(2026, 3, 5), date(2026, 3, 5)),
        (WindowKind.WEEKLY, date(2027, 1, 1), "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        (WindowKind.MONTHLY, date(2024, 2, 1), "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        (WindowKind.QUARTERLY, date(2026, 12, 31), "2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_a_window_has_a_first_and_a_last_day(kind: WindowKind, day: date, key: str, first: date, last: date) -> None:
    assert (first_day_of(kind, day), last_day_of(kind, key)) == (first, last)


def test_a_key_names_a_window_of_one_kind_alone() -> None:
    for kind in WindowKind:
        assert [each for each in WindowKind if each.names(window_key(kind, date(2026, 3, 5)))] == [kind]
    assert not any(kind.names(key) for kind in WindowKind for key in ("2026", "2026-Q5", f"{TRUE_UP}2026-03-05", "2026-03\n"))


def test_no_schedule_extracts_a_true_up_or_what_came_after_a_period() -> None:
    assert all(is_regular(window_key(kind, date(2026, 3, 5))) for kind in WindowKind)
    assert not is_regular(f"{TRUE_UP}2026-07-02")
    assert not is_regular(f"{POST_PERIOD}2026-07-31")


@pytest.mark.parametrize(("prefix", "derived", "given"), [(ACCESS, False, True), (ITEMS, True, False), (REMOVAL, False, True)])
def test_no_schedule_extracts_what_a_review_is_made_of_and_its_items_are_worked_out(
    prefix: str, derived: bool, given: bool
) -> None:
    key = f"{prefix}2026-Q1"
    assert (is_regular(key), is_derived(key), is_input(key)) == (False, derived, given)
    assert not any(kind.names(key) for kind in WindowKind)


def between(first: str, end: str, label: str = "p", kind: int = 2) -> ObservationPeriod:
    """Return a period."""
    return ObservationPeriod.model_validate({"id": label, "type": kind, "first_day": first, "end_day": end})


def test_days_between_two_periods_that_none_covers_are_a_gap() -> None:
    first, third = between("2026-01-01", "2026-04-01", "first"), between("2026-07-01", "2027-01-01", "third")
    gap = Gap("first", "third", date(2026, 4, 1), date(2026, 7, 1))
    assert gaps_between([third, first]) == [gap]
    assert gaps_between([first, third, between("2026-04-01", "2026-07-01", "second")]) == []
    assert gaps_between([first, third, between("2026-04-01", "2026-07-01", "second", kind=1)]) == [gap]


def test_overlapping_periods_leave_no_gap_and_a_short_one_inside_a_long_one_opens_none() -> None:
    year, inside = between("2026-01-01", "2027-01-01", "year"), between("2026-02-01", "2026-03-01", "inside")
    assert gaps_between([year, inside, between("2027-01-01", "2027-07-01", "next")]) == []
    assert gaps_between([year, inside, between("2027-01-02", "2027-07-01", "next")]) == [
        Gap("year", "next", date(2027, 1, 1), date(2027, 1, 2))
    ]
    assert gaps_between([]) == gaps_between([year]) == []
