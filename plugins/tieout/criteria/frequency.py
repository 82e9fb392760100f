# SPDX-License-Identifier: Apache-2.0
"""How often a control is performed, and which performances are due when. This is not when we extract: see `periods`.

Time is cut into intervals without gap or overlap (days, business days, weeks, months, fiscal quarters, halves, years), local to
the program. Each interval has one performance. It is due on the interval's last day, or on the last day of an allowance that
starts after it. Whether it counts for an observation period is decided by its due day alone, so that each performance counts
for exactly one of two adjacent periods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from pydantic import Field, model_validator

from tieout.criteria.calendar import Allowance, Calendar
from tieout.criteria.periods import Stem
from tieout.documents import Document

_DAY = timedelta(days=1)


class Every(StrEnum):
    """What makes a control be performed again: an event, or the calendar."""

    PER_EVENT = "per_event"
    DAILY = "daily"
    BUSINESS_DAILY = "business_daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMI_ANNUAL = "semi_annual"
    ANNUAL = "annual"


_MONTHS = {Every.MONTHLY: 1, Every.QUARTERLY: 3, Every.SEMI_ANNUAL: 6, Every.ANNUAL: 12}
_SINGLE_DAYS = (Every.DAILY, Every.BUSINESS_DAILY)
ON_THE_LAST_DAY = Allowance(days=0)


class Frequency(Document):
    """How often a control is performed, and by when."""

    every: Every
    due: Allowance = ON_THE_LAST_DAY
    """Periodic controls: days after the interval's last day, within which performing it is still on time."""
    grace_days: int = Field(default=0, ge=0, le=366)
    """Periodic controls: calendar days after it was due, within which performing it is late and still counts for its interval."""
    performed_field: Stem | None = None
    """Column with the time at which it was performed. Periodic controls: by default the population's inclusion date."""
    event_field: Stem | None = None
    """Controls per event: column with the time of the event. By default the population's inclusion date."""
    within: Allowance | None = None
    """Controls per event: days after the event's day, within which performing it is on time; without it no row is late."""

    @model_validator(mode="after")
    def _fields_fit(self) -> Frequency:
        per_event = self.every is Every.PER_EVENT
        if per_event and {"due", "grace_days"} & self.model_fields_set:
            msg = "'due' and 'grace_days' belong to periodic controls: a control per event has 'within'"
            raise ValueError(msg)
        if not per_event and {"within", "event_field"} & self.model_fields_set:
            msg = "'within' and 'event_field' belong to controls per event: a periodic control has 'due'"
            raise ValueError(msg)
        if per_event and (self.within is None) != (self.performed_field is None):
            msg = "'within' and 'performed_field' go together: days after the event, and the column that says when it was done"
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True)
class Due:
    """One performance that is due. Days are local to the program and included.

    Attributes:
        key: Its interval: ``2026-03-05``, ``2026-W10``, ``2026-03``, ``2026-Q1`` (``FY2027-Q1``), ``2026-S1``, ``2026``.
        opens: First day on which performing it counts for this interval.
        due: Last day on which it is on time.
        last_late: Last day on which it is late and still counts for this interval.
        last_day: Last day of the interval itself.
    """

    key: str
    opens: date
    due: date
    last_late: date
    last_day: date


@dataclass(frozen=True, slots=True)
class _Interval:
    first: date
    end: date
    """The day after the last one."""


def performances_due(frequency: Frequency, calendar: Calendar, first_day: date, end_day: date) -> Iterator[Due]:
    """Return the performances of a periodic control that are due on a local day in ``[first_day, end_day)``, in order.

    Args:
        frequency: Of the control; none is due of one that is performed per event.
        calendar: The program's.
        first_day: First day that counts.
        end_day: The day after the last one that counts.
    """
    if frequency.every is Every.PER_EVENT or end_day <= first_day:
        return
    interval = _interval(frequency.every, first_day, calendar)
    before = _before(frequency.every, interval, calendar)
    while _due(frequency, before, calendar) >= first_day:
        interval, before = before, _before(frequency.every, before, calendar)
    last_due = _due(frequency, before, calendar)
    while (due := _due(frequency, interval, calendar)) < end_day:
        opens = interval.first
        if frequency.every not in _SINGLE_DAYS:
            # What is done while the interval before is still on time is that one's.
            opens = min(max(opens, last_due + _DAY), due)
        if due >= first_day:
            last_late = due + timedelta(days=frequency.grace_days)
            yield Due(_key(frequency.every, interval, calendar), opens, due, last_late, interval.end - _DAY)
        last_due, interval = due, _interval(frequency.every, interval.end, calendar)


def _due(frequency: Frequency, interval: _Interval, calendar: Calendar) -> date:
    # The interval of a business day reaches to the next one; the day itself is when it is performed.
    last = interval.first if frequency.every in _SINGLE_DAYS else interval.end - _DAY
    return calendar.business.after(last, frequency.due)


def _before(every: Every, interval: _Interval, calendar: Calendar) -> _Interval:
    return _interval(every, interval.first - _DAY, calendar)


def _interval(every: Every, day: date, calendar: Calendar) -> _Interval:
    """Return the interval that a day lies in."""
    match every:
        case Every.DAILY:
            return _run_of_days(day, calendar.exists)
        case Every.BUSINESS_DAILY:
            return _run_of_days(day, lambda each: calendar.business.is_business_day(each) and calendar.exists(each))
        case Every.WEEKLY:
            monday = day - timedelta(days=day.weekday())
            return _Interval(monday, monday + timedelta(days=7))
    months = _MONTHS[every]
    into_year = (day.month - calendar.fiscal_year_start) % 12
    first = _plus_months(day.replace(day=1), -(into_year % months))
    return _Interval(first, _plus_months(first, months))


def _run_of_days(day: date, counts: Callable[[date], bool]) -> _Interval:
    while not counts(day):
        day -= _DAY
    end = day + _DAY
    while not counts(end):
        end += _DAY
    return _Interval(day, end)


def _plus_months(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _key(every: Every, interval: _Interval, calendar: Calendar) -> str:
    first = interval.first
    if every in _SINGLE_DAYS:
        return first.isoformat()
    if every is Every.WEEKLY:
        year, week, _ = first.isocalendar()
        return f"{year:04}-W{week:02}"
    if every is Every.MONTHLY:
        return f"{first.year:04}-{first.month:02}"
    year, into_year = divmod(first.year * 12 + first.month - calendar.fiscal_year_start, 12)
    # A fiscal year that starts in another month than January is called after the year it ends in.
    name = f"{year:04}" if calendar.fiscal_year_start == 1 else f"FY{year + 1:04}"
    if every is Every.QUARTERLY:
        return f"{name}-Q{into_year // 3 + 1}"
    if every is Every.SEMI_ANNUAL:
        return f"{name}-S{into_year // 6 + 1}"
    return name
