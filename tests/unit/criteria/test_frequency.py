# SPDX-License-Identifier: Apache-2.0
"""Performances that are due: no gap and no overlap, over any period, in any time zone, at any frequency and due allowance."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, get_args
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.criteria.axes import landing, make_control, make_scope, note, standing

from tieout.criteria.calendar import Allowance, BusinessCalendar, Calendar, DayName
from tieout.criteria.controls import Control
from tieout.criteria.extractions import EventCounts, LandedExtraction, Noted
from tieout.criteria.frequency import Every, Frequency, performances_due
from tieout.criteria.periods import ObservationPeriod, Window, WindowKind, windows_between
from tieout.criteria.scope import Scope
from tieout.criteria.standing import Standing
from tieout.flows.performed import due_days, local_days

DAY = timedelta(days=1)
FIRST, LAST = date(1970, 1, 1), date(2100, 12, 31)
DAY_NAMES = get_args(DayName)
PERIODIC = [every for every in Every if every is not Every.PER_EVENT]
LENGTHS = {
    Every.PER_EVENT: 1,
    Every.DAILY: 1,
    Every.BUSINESS_DAILY: 1,
    Every.WEEKLY: 7,
    Every.MONTHLY: 31,
    Every.QUARTERLY: 92,
    Every.SEMI_ANNUAL: 184,
    Every.ANNUAL: 366,
}
SKIPPED = [
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Fakaofo", date(2011, 12, 30)),
    ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("Pacific/Kiritimati", date(1994, 12, 31)),
]
"""Days that never were: the zone moved across the date line."""
ODD = [
    *SKIPPED,
    ("Antarctica/Vostok", date(1994, 11, 1)),  # 17 hours
    ("Antarctica/Casey", date(2009, 10, 18)),  # 21 hours
    ("Europe/Berlin", date(2026, 3, 29)),  # 23 hours
    ("America/Santiago", date(2026, 9, 6)),  # no midnight
    ("Africa/Monrovia", date(1972, 1, 7)),  # 44 and a half minutes shorter
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # 24 and a half hours
    ("Europe/Berlin", date(2026, 10, 25)),  # 25 hours
    ("America/St_Johns", date(2006, 10, 29)),  # a minute after midnight, the day before comes back
    ("Antarctica/Vostok", date(1994, 1, 31)),  # 31 hours
    ("UTC", date(2000, 2, 29)),
    ("UTC", date(2100, 2, 28)),  # no leap year
]

zones = st.sampled_from(sorted(available_timezones()))
days = st.dates(FIRST, LAST)
spots = st.one_of(st.tuples(zones, days), st.sampled_from(ODD))
"""A zone and a day there, often one on which something happens to the clocks."""
allowances = st.one_of(
    st.just(Allowance(days=0)),
    st.builds(Allowance, days=st.integers(0, 366), count=st.sampled_from(["calendar", "business"])),
)


@st.composite
def business_calendars(draw: st.DrawFn, near: date) -> BusinessCalendar:
    """Draw weekends and holidays, some holidays around a day."""
    weekend = draw(st.lists(st.sampled_from(DAY_NAMES), unique=True, max_size=6))
    single = draw(st.lists(st.integers(-40, 40), max_size=12))
    start, length = draw(st.integers(-40, 40)), draw(st.sampled_from([0, 0, 7, 21]))  # often a time in which nobody works
    holidays = (near + each * DAY for each in (*single, *range(start, start + length)))
    return BusinessCalendar(weekend=tuple(weekend), holidays=tuple(holidays))


@st.composite
def frequencies(draw: st.DrawFn, every: st.SearchStrategy[Every], due: st.SearchStrategy[Allowance]) -> Frequency:
    """Draw how often something is performed."""
    chosen = draw(every)
    if chosen is Every.PER_EVENT:
        return Frequency(every=chosen)
    allowance = draw(due)
    if allowance.count == "business" and LENGTHS[chosen] < 92:  # a year of business days after each day takes minutes to walk
        allowance = allowance.model_copy(update={"days": allowance.days % 41})
    return Frequency(every=chosen, due=allowance, grace_days=draw(st.integers(0, 366)))


@st.composite
def cases(
    draw: st.DrawFn,
    every: st.SearchStrategy[Every] = st.sampled_from(Every),  # noqa: B008
    due: st.SearchStrategy[Allowance] = allowances,
) -> tuple[Frequency, Calendar, date, date]:
    """Draw a frequency, a calendar, and a span of days that something happens in."""
    zone, spot = draw(spots)
    frequency = draw(frequencies(every, due))
    calendar = Calendar(ZoneInfo(zone), draw(business_calendars(spot)), draw(st.integers(1, 12)))
    length = LENGTHS[frequency.every]
    first = max(FIRST, spot - draw(st.integers(0, 10)) * DAY * length // 2)
    return frequency, calendar, first, min(first + draw(st.integers(0, 20)) * DAY * length // 2, LAST + DAY)


def days_between(first_day: date, end_day: date) -> Iterator[date]:
    """Return each date in ``[first_day, end_day)``."""
    while first_day < end_day:
        yield first_day
        first_day += DAY


def local_dates(zone: ZoneInfo, first_day: date, end_day: date) -> set[date]:
    """Return the dates in ``[first_day, end_day)`` that a clock in a zone ever showed, looking at it every 20 minutes."""
    at = datetime.combine(first_day, time(), tzinfo=UTC) - 2 * DAY
    end = datetime.combine(end_day, time(), tzinfo=UTC) + 2 * DAY
    seen = set()
    while at < end:
        seen.add(at.astimezone(zone).date())
        at += timedelta(minutes=20)
    return {day for day in seen if first_day <= day < end_day}


@settings(max_examples=50)
@given(cases(), st.data())
def test_what_is_due_in_two_adjacent_spans_is_what_is_due_in_both_together(
    case: tuple[Frequency, Calendar, date, date], data: st.DataObject
) -> None:
    frequency, calendar, first, end = case
    middle = first + data.draw(st.integers(0, (end - first).days)) * DAY
    together = list(performances_due(frequency, calendar, first, end))
    before, after = (list(performances_due(frequency, calendar, *span)) for span in ((first, middle), (middle, end)))
    assert before + after == together
    assert len({due.key for due in together}) == len(together)
    assert all(due.due < middle for due in before)
    assert all(due.due >= middle for due in after)


@settings(max_examples=50)
@given(cases())
def test_each_interval_opens_is_due_and_ends_in_order(case: tuple[Frequency, Calendar, date, date]) -> None:
    frequency, calendar, first, end = case
    found = list(performances_due(frequency, calendar, first, end))
    for due in found:
        assert first <= due.due < end
        assert due.opens <= due.due <= due.last_late == due.due + frequency.grace_days * DAY
        assert frequency.every is Every.BUSINESS_DAILY or due.last_day <= due.due or not calendar.exists(due.last_day)
    for before, after in pairwise(found):
        assert before.opens <= after.opens
        assert before.due <= after.due
        assert before.last_day < after.last_day
        if frequency.every not in (Every.DAILY, Every.BUSINESS_DAILY):
            assert before.due < after.opens or before.due == after.due, "a day that is on time for two intervals"


@settings(max_examples=50)
@given(cases(st.sampled_from(PERIODIC), st.just(Allowance(days=0))))
def test_each_day_lies_in_exactly_one_interval(case: tuple[Frequency, Calendar, date, date]) -> None:
    frequency, calendar, first, end = case
    reach = 2 * DAY * max(LENGTHS[frequency.every], 60)  # longer than any run of holidays that is drawn
    found = list(performances_due(frequency, calendar, first - reach, end + reach))
    assert all(before.last_day + DAY == after.opens for before, after in pairwise(found))
    if first < end:
        assert found[0].opens <= first
        assert end <= found[-1].last_day + DAY
    assert len({due.key for due in found}) == len(found)


@settings(max_examples=30)
@given(cases(st.just(Every.DAILY), st.just(Allowance(days=0))))
def test_each_day_that_a_clock_ever_showed_has_one_daily_performance(case: tuple[Frequency, Calendar, date, date]) -> None:
    frequency, calendar, first, end = case
    found = [due.due for due in performances_due(frequency, calendar, first, end)]
    assert found == sorted(local_dates(calendar.zone, first, end))


@settings(max_examples=30)
@given(cases(st.just(Every.BUSINESS_DAILY), st.just(Allowance(days=0))))
def test_each_business_day_that_a_clock_ever_showed_has_one_performance(case: tuple[Frequency, Calendar, date, date]) -> None:
    frequency, calendar, first, end = case
    found = [due.key for due in performances_due(frequency, calendar, first, end)]
    business = calendar.business
    assert found == [
        day.isoformat()
        for day in sorted(local_dates(calendar.zone, first, end))
        if f"{day:%A}".lower() not in business.weekend and day not in business.holidays
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Antarctica/Vostok", date(1994, 11, 1), 17),
        ("Antarctica/Vostok", date(1994, 1, 31), 31),
        ("Pacific/Kwajalein", date(1969, 9, 30), 47),
        *((zone, day, 0) for zone, day in SKIPPED),
        *(("UTC", date(year, 2, 29), 24) for year in range(1972, 2100, 4)),
    ],
)
def test_a_day_has_one_daily_performance_however_long_it_is_and_none_where_it_never_was(zone: str, day: date, hours: int) -> None:
    calendar = Calendar(ZoneInfo(zone))
    assert (calendar.midnight(day + DAY) - calendar.midnight(day)).total_seconds() / 3600 == hours
    found = performances_due(Frequency(every=Every.DAILY), calendar, day - DAY, day + 2 * DAY)
    expected = [day - DAY, *([day] if hours else []), day + DAY]
    assert [due.key for due in found] == [each.isoformat() for each in expected]


@pytest.mark.parametrize(
    ("every", "start", "day", "key"),
    [
        (Every.DAILY, 1, date(2026, 3, 5), "2026-03-05"),
        (Every.BUSINESS_DAILY, 1, date(2026, 3, 7), "2026-03-06"),  # a Saturday
        (Every.WEEKLY, 1, date(2027, 1, 1), "2026-W53"),
        (Every.WEEKLY, 4, date(2024, 12, 30), "2025-W01"),
        (Every.MONTHLY, 4, date(2026, 2, 28), "2026-02"),
        (Every.QUARTERLY, 1, date(2026, 3, 31), "2026-Q1"),
        (Every.QUARTERLY, 2, date(2026, 1, 31), "FY2026-Q4"),
        (Every.QUARTERLY, 2, date(2026, 2, 1), "FY2027-Q1"),
        (Every.QUARTERLY, 12, date(2026, 2, 28), "FY2026-Q1"),
        (Every.SEMI_ANNUAL, 1, date(2026, 7, 1), "2026-S2"),
        (Every.SEMI_ANNUAL, 10, date(2026, 4, 1), "FY2026-S2"),
        (Every.ANNUAL, 1, date(2026, 12, 31), "2026"),
        (Every.ANNUAL, 7, date(2026, 7, 1), "FY2027"),
        (Every.ANNUAL, 7, date(2026, 6, 30), "FY2026"),
    ],
)
def test_an_interval_is_called_after_its_start_and_a_fiscal_year_after_its_end(
    every: Every, start: int, day: date, key: str
) -> None:
    calendar = Calendar(ZoneInfo("UTC"), fiscal_year_start=start)
    [found] = (
        due
        for due in performances_due(Frequency(every=every), calendar, date(2024, 1, 1), date(2028, 1, 1))
        if due.opens <= day <= due.last_day
    )
    assert found.key == key


def test_a_review_of_a_quarter_is_due_so_many_business_days_after_it_and_the_next_one_opens_then() -> None:
    frequency = Frequency(every=Every.QUARTERLY, due=Allowance(days=10, count="business"), grace_days=30)
    calendar = Calendar(ZoneInfo("Europe/Berlin"), BusinessCalendar(holidays=(date(2026, 4, 3), date(2026, 4, 6))))
    first, second = performances_due(frequency, calendar, date(2026, 4, 1), date(2026, 10, 1))
    assert (first.key, first.due, first.last_late) == ("2026-Q1", date(2026, 4, 16), date(2026, 5, 16))
    assert (second.key, second.opens, second.due) == ("2026-Q2", date(2026, 4, 17), date(2026, 7, 14))


def test_two_weeks_that_end_while_nobody_works_are_due_on_the_same_day_and_both_open_by_then() -> None:
    holidays = tuple(days_between(date(2026, 12, 24), date(2027, 1, 4)))
    calendar = Calendar(ZoneInfo("UTC"), BusinessCalendar(holidays=holidays))
    frequency = Frequency(every=Every.WEEKLY, due=Allowance(days=0, count="business"))
    found = list(performances_due(frequency, calendar, date(2026, 12, 22), date(2027, 1, 12)))
    assert [(due.key, due.opens, due.due) for due in found] == [
        ("2026-W52", date(2026, 12, 22), date(2027, 1, 4)),
        ("2026-W53", date(2027, 1, 4), date(2027, 1, 4)),
        ("2027-W01", date(2027, 1, 5), date(2027, 1, 11)),
    ]


def test_nothing_is_due_of_a_control_per_event_or_on_no_day() -> None:
    calendar = Calendar(ZoneInfo("UTC"))
    assert list(performances_due(Frequency(every=Every.PER_EVENT), calendar, FIRST, LAST)) == []
    for end in (date(2026, 1, 1), date(2025, 1, 1)):
        assert list(performances_due(Frequency(every=Every.DAILY), calendar, date(2026, 1, 1), end)) == []


def test_what_is_due_on_a_periods_last_day_is_its_and_what_is_due_a_day_later_the_next_ones() -> None:
    calendar = Calendar(ZoneInfo("UTC"))
    for days_after, keys in ((0, ["2026-05", "2026-06"]), (1, ["2026-04", "2026-05"])):
        frequency = Frequency(every=Every.MONTHLY, due=Allowance(days=days_after))
        assert [due.key for due in performances_due(frequency, calendar, date(2026, 5, 1), date(2026, 7, 1))] == keys


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"every": "per_event", "due": {"days": 1}}, "a control per event has 'within'"),
        ({"every": "per_event", "grace_days": 1}, "a control per event has 'within'"),
        ({"every": "monthly", "within": {"days": 1}}, "a periodic control has 'due'"),
        ({"every": "monthly", "event_field": "left_at"}, "a periodic control has 'due'"),
        ({"every": "per_event", "within": {"days": 1}}, "'within' and 'performed_field' go together"),
        ({"every": "per_event", "performed_field": "done_at"}, "'within' and 'performed_field' go together"),
        ({"every": "hourly"}, "'per_event', 'daily'"),
        ({"every": "monthly", "due": {"days": 367}}, "less than or equal to 366"),
        ({"every": "monthly", "due": {"days": -1}}, "greater than or equal to 0"),
        ({"every": "monthly", "due": {"days": 1, "count": "working"}}, "'calendar' or 'business'"),
        ({"every": "monthly", "grace_days": 367}, "less than or equal to 366"),
        ({"every": "monthly", "performed_field": "Done At"}, "lower-case letters"),
    ],
)
def test_what_does_not_belong_to_a_frequency_is_refused(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Frequency.model_validate(said)


Case = tuple[Control, Scope, list[LandedExtraction], list[Noted], datetime, tuple[date, date, date, date]]


@st.composite
def evidence(draw: st.DrawFn) -> Case:
    """Draw a control with landings and records at random, an instant, and four days in order."""
    zone, spot = draw(spots)
    spot = min(max(spot, date(1975, 1, 1)), date(2095, 1, 1))
    frequency = draw(frequencies(st.sampled_from(Every), allowances))
    length = LENGTHS[frequency.every]
    if frequency.every is not Every.PER_EVENT:  # an allowance much longer than the interval adds time and no case
        longest = 2 * length + 3
        due = frequency.due.model_copy(update={"days": frequency.due.days % longest})
        frequency = frequency.model_copy(update={"due": due, "grace_days": frequency.grace_days % longest})
    cuts = sorted(draw(st.lists(st.integers(0, 4 * max(length, 15)), min_size=2, max_size=2)))
    spans = (spot - length * 2 * DAY, spot, *(spot + (each + 1 + number) * DAY for number, each in enumerate(cuts)))
    kinds = [kind for kind, most in ((WindowKind.DAILY, 90), (WindowKind.WEEKLY, 500)) if (spans[3] - spans[0]).days <= most]
    kind = draw(st.sampled_from([*kinds, WindowKind.MONTHLY, WindowKind.QUARTERLY]))
    scope = make_scope(
        time_zone=zone,
        fiscal_year_start=draw(st.integers(1, 12)),
        business_calendar=draw(business_calendars(spot)),
    )
    since = (spans[0], spot) if draw(st.booleans()) else (FIRST,)
    control = make_control(frequency.every.value, kind.value, since=since)
    control = control.model_copy(update={"control_frequency": frequency})
    # Drawn by one seed: what became of each of many windows needs no shrinking.
    dice = random.Random(draw(st.integers(0, 2**32)))
    landed, noted = [], []
    for target in windows_between(kind, spans[0], spans[3] + 2 * length * DAY, scope.zone):
        fate = dice.choice(("landed", "landed", "landed", "again", "did not land", "nothing"))
        if fate in ("landed", "again"):
            landed.append(_landed(target, frequency, scope, dice))
        if fate == "again":
            landed.append(replace(landed[-1], landing=f"again-{target.key}", supersedes=dice.choice((None, landed[-1].landing))))
        if fate == "did not land":
            noted.append(note("did not land", target.key, at=target.end))
    now = datetime.combine(spans[0], time(), tzinfo=UTC) + draw(st.integers(0, 2 * (spans[3] - spans[0]).days)) * DAY
    return control, scope, landed, noted, now, spans


def _landed(target: Window, frequency: Frequency, scope: Scope, dice: random.Random) -> LandedExtraction:
    zone, kind = scope.zone, target.kind
    if frequency.every is Every.PER_EVENT:
        counts = EventCounts(*(dice.choice((0, 0, 1)) for _ in range(5)))
        return landing(target.key, kind=kind, zone=zone, events=counts, rows=dice.choice((0, 3)))
    hours = int((target.end - target.start) / timedelta(hours=1))
    days_shown = [
        (target.start + timedelta(hours=dice.randrange(hours))).astimezone(zone).date() for _ in range(dice.choice((0, 1, 2)))
    ]
    return landing(target.key, tuple((f"R-{day}", day) for day in sorted(days_shown)), kind=kind, zone=zone)


def period(first_day: date, end_day: date) -> ObservationPeriod:
    """Return the period between two days."""
    return ObservationPeriod(id="drawn", type=2, first_day=first_day, end_day=end_day)


def stand_in(case: Case, first_day: date, end_day: date) -> Standing:
    """Return where the drawn control stands in a period."""
    control, scope, landed, noted, now, _ = case
    return standing(control, *landed, scope=scope, noted=tuple(noted), now=now, period=period(first_day, end_day))


@settings(max_examples=20)
@given(evidence())
def test_a_period_that_ends_later_counts_more_performances_and_changes_nothing_else(case: Case) -> None:
    control, *_, (_, first, middle, end) = case
    short, long = stand_in(case, first, middle), stand_in(case, first, end)
    found = {(each.key, each.system): each for each in long.performances}
    for each in short.performances:
        same = found[each.key, each.system]
        if each.due is not None:
            assert each == same
        assert (each.state, each.events, each.performed_on, each.document) == (
            (same.state, same.events, same.performed_on, same.document)
        )
    more = set(found) - {(each.key, each.system) for each in short.performances}
    assert all(each.due is None or each.due >= middle for slot, each in found.items() if slot in more)
    extracted = {(each.window, each.system, each.landing): each for each in long.extractions.due}
    assert all(extracted[each.window, each.system, each.landing] == each for each in short.extractions.due)
    assert set(short.extractions.awaited) <= set(long.extractions.awaited)
    assert control == case[0]


@settings(max_examples=20)
@given(evidence())
def test_each_periodic_performance_counts_for_one_of_two_adjacent_periods_and_stands_there_as_in_both(case: Case) -> None:
    *_, (_, first, middle, end) = case
    together = [each for each in stand_in(case, first, end).performances if each.due]
    apart = [each for span in ((first, middle), (middle, end)) for each in stand_in(case, *span).performances if each.due]
    assert apart == together


@settings(max_examples=30)
@given(st.data(), spots)
def test_due_days_of_a_column_are_those_of_the_calendar(data: st.DataObject, spot: tuple[str, date]) -> None:
    calendar = Calendar(ZoneInfo("UTC"), data.draw(business_calendars(spot[1])))
    allowance = data.draw(allowances)
    drawn = data.draw(st.lists(st.one_of(days, st.integers(-50, 50).map(lambda each: spot[1] + each * DAY), st.none())))
    found = due_days(np.array(drawn, dtype="datetime64[D]"), allowance, calendar)
    assert found.tolist() == [None if day is None else calendar.business.after(day, allowance) for day in drawn]


@settings(max_examples=30)
@given(spots, st.data())
def test_local_days_of_a_column_are_those_of_the_calendar(spot: tuple[str, date], data: st.DataObject) -> None:
    calendar = Calendar(ZoneInfo(spot[0]))
    near = st.timedeltas(-3 * DAY, 3 * DAY).map(lambda each: datetime.combine(spot[1], time(), tzinfo=UTC) + each)
    any_time = st.datetimes(datetime(1970, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
    instants = data.draw(st.lists(st.one_of(near, any_time, st.none())))
    found = local_days(pa.chunked_array([pa.array(instants, pa.timestamp("us", tz="UTC"))]), calendar)
    assert found.tolist() == [None if at is None else calendar.day_of(at) for at in instants]
