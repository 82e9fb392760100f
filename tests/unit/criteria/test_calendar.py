# SPDX-License-Identifier: Apache-2.0
"""Which days are business days, when an allowance of days ends, and which local days there are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from tieout.criteria.calendar import MONDAY_TO_FRIDAY, Allowance, BusinessCalendar, Calendar, DayName, midnight

GOOD_FRIDAY, EASTER_MONDAY = date(2026, 4, 3), date(2026, 4, 6)
EASTER = BusinessCalendar(holidays=(EASTER_MONDAY, GOOD_FRIDAY, EASTER_MONDAY))
ISRAEL = BusinessCalendar(weekend=("friday", "saturday"))


def test_weekends_and_holidays_are_no_business_days() -> None:
    business = [day for day in range(1, 13) if EASTER.is_business_day(date(2026, 4, day))]
    assert business == [1, 2, 7, 8, 9, 10]
    assert [day for day in range(1, 8) if ISRAEL.is_business_day(date(2026, 4, day))] == [1, 2, 5, 6, 7]


def test_holidays_are_kept_once_and_in_order() -> None:
    assert EASTER.holidays == (GOOD_FRIDAY, EASTER_MONDAY)


@pytest.mark.parametrize(
    ("day", "days", "count", "last"),
    [
        (date(2026, 4, 1), 0, "calendar", date(2026, 4, 1)),
        (date(2026, 4, 4), 0, "calendar", date(2026, 4, 4)),
        (date(2026, 2, 28), 1, "calendar", date(2026, 3, 1)),
        (date(2024, 2, 28), 1, "calendar", date(2024, 2, 29)),
        (date(2026, 4, 2), 0, "business", date(2026, 4, 2)),
        (date(2026, 4, 3), 0, "business", date(2026, 4, 7)),  # none: the first one after it
        (date(2026, 4, 2), 1, "business", date(2026, 4, 7)),
        (date(2026, 4, 3), 1, "business", date(2026, 4, 7)),
        (date(2026, 4, 5), 2, "business", date(2026, 4, 8)),
        (date(2026, 4, 7), 5, "business", date(2026, 4, 14)),
    ],
)
def test_an_allowance_ends_so_many_days_after_a_day(day: date, days: int, count: str, last: date) -> None:
    assert EASTER.after(day, Allowance.model_validate({"days": days, "count": count})) == last


def test_calendar_days_are_counted_unless_it_says_business() -> None:
    assert Allowance(days=3) == Allowance(days=3, count="calendar")
    assert MONDAY_TO_FRIDAY.after(date(2026, 4, 3), Allowance(days=3)) == date(2026, 4, 6)


def test_a_week_without_any_business_day_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one day of the week that is no weekend"):
        BusinessCalendar(weekend=get_args(DayName))


def test_a_day_name_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValidationError, match="'monday', 'tuesday'"):
        BusinessCalendar.model_validate({"weekend": ["Sunday"]})


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("UTC", date(2026, 3, 5), "2026-03-05T00:00"),
        ("Europe/Berlin", date(2026, 3, 30), "2026-03-29T22:00"),
        ("America/Santiago", date(2026, 9, 6), "2026-09-06T04:00"),  # its clocks go from midnight to one
        ("America/St_Johns", date(2006, 10, 29), "2006-10-29T02:30"),  # the first of two midnights
        ("Pacific/Kiritimati", date(2026, 1, 1), "2025-12-31T10:00"),
    ],
)
def test_a_local_day_starts_at_its_first_instant(zone: str, day: date, first: str) -> None:
    calendar = Calendar(ZoneInfo(zone))
    assert calendar.midnight(day) == midnight(day, ZoneInfo(zone)) == datetime.fromisoformat(f"{first}+00:00")
    assert calendar.midnight(day).tzinfo is UTC
    assert calendar.day_of(calendar.midnight(day)) == day
    assert calendar.day_of(calendar.midnight(day) - timedelta(microseconds=1)) == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "skipped"),
    [
        ("Pacific/Apia", date(2011, 12, 30)),
        ("Pacific/Kwajalein", date(1993, 8, 21)),
        ("Pacific/Kiritimati", date(1994, 12, 31)),
    ],
)
def test_a_day_that_a_zone_skipped_never_was(zone: str, skipped: date) -> None:
    calendar = Calendar(ZoneInfo(zone))
    around = [skipped + timedelta(days=each) for each in (-1, 0, 1)]
    assert [calendar.exists(day) for day in around] == [True, False, True]
    assert all(Calendar(ZoneInfo("UTC")).exists(day) for day in around)


def test_a_calendar_is_monday_to_friday_from_january_unless_told_otherwise() -> None:
    calendar = Calendar(ZoneInfo("UTC"))
    assert (calendar.business, calendar.fiscal_year_start) == (MONDAY_TO_FRIDAY, 1)
