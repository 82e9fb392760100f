# SPDX-License-Identifier: Apache-2.0
"""Days: which are business days, and which exist at all where the program is."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from tieout.documents import Document

DayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class _Weekday(IntEnum):
    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


class Allowance(Document):
    """So many days after something."""

    days: int = Field(ge=0, le=366)
    count: Literal["calendar", "business"] = "calendar"


class BusinessCalendar(Document):
    """Which days the company works."""

    weekend: tuple[DayName, ...] = ("saturday", "sunday")
    holidays: tuple[date, ...] = ()
    """Days off, besides weekends; list those of every year that a period touches."""

    @field_validator("weekend")
    @classmethod
    def _leaves_a_day(cls, value: tuple[DayName, ...]) -> tuple[DayName, ...]:
        if len(set(value)) == len(_Weekday):
            msg = "expected at least one day of the week that is no weekend"
            raise ValueError(msg)
        return value

    @field_validator("holidays")
    @classmethod
    def _in_order(cls, value: tuple[date, ...]) -> tuple[date, ...]:
        return tuple(sorted(set(value)))

    def is_business_day(self, day: date) -> bool:
        """Whether the company works on a day."""
        if _Weekday(day.weekday()).name.lower() in self.weekend:
            return False
        at = bisect_right(self.holidays, day)
        return at == 0 or self.holidays[at - 1] != day

    def after(self, day: date, allowance: Allowance) -> date:
        """Return the last day of an allowance that starts the day after ``day``.

        Business days are counted; an allowance of zero business days ends on ``day``, or on the first business day after it
        where it is none.
        """
        if allowance.count == "calendar":
            return day + timedelta(days=allowance.days)
        left = allowance.days
        while left > 0 or not self.is_business_day(day):
            day += timedelta(days=1)
            left -= self.is_business_day(day) and left > 0
        return day


MONDAY_TO_FRIDAY = BusinessCalendar()


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where and when the program runs.

    Attributes:
        zone: Its time zone.
        business: Which days it works.
        fiscal_year_start: Month, 1 to 12, in which its fiscal year starts.
    """

    zone: ZoneInfo
    business: BusinessCalendar = MONDAY_TO_FRIDAY
    fiscal_year_start: int = 1

    def midnight(self, day: date) -> datetime:
        """Return the first instant of a local day, in UTC."""
        return midnight(day, self.zone)

    def day_of(self, instant: datetime) -> date:
        """Return the local day of an instant."""
        return instant.astimezone(self.zone).date()

    def exists(self, day: date) -> bool:
        """Whether a local day ever was: a zone that moves across the date line skips one."""
        return self.midnight(day) < self.midnight(day + timedelta(days=1))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local day, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
