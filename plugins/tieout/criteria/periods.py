# SPDX-License-Identifier: Apache-2.0
"""Observation periods, and the windows that extractions cover.

A window is half-open, ``[start, end)``, in UTC; its key names it in the program's time zone: ``2026-03-05`` (day),
``2026-W10`` (ISO week), ``2026-03`` (month), ``2026-Q1`` (quarter). The library computes a window from its key and never
from a scheduler's clock, so a late run, a retry and a backfill of one key all read the same interval.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, field_validator, model_validator

from tieout.criteria.calendar import midnight
from tieout.documents import Document
from tieout.errors import ExtractionRefused


def is_stem(value: str) -> str:
    """Return a name that can stand in object keys, dag ids and column names.

    Raises:
        ValueError: It can not.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", value):
        msg = "expected lower-case letters, digits and '_', starting with a letter: it becomes part of object keys"
        raise ValueError(msg)
    return value


Stem = Annotated[str, AfterValidator(is_stem)]


class WindowKind(StrEnum):
    """How long a window is."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"

    def names(self, key: str) -> bool:
        """Whether a key looks like one of this kind."""
        return _PATTERNS[self].fullmatch(key) is not None


@dataclass(frozen=True, slots=True)
class Window:
    """One extraction's interval, ``[start, end)``, in UTC."""

    key: str
    kind: WindowKind
    start: datetime
    end: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether nothing more can happen inside the window."""
        return now >= self.end


_PATTERNS = {
    WindowKind.DAILY: re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII),
    WindowKind.WEEKLY: re.compile(r"\d{4}-W\d{2}", re.ASCII),
    WindowKind.MONTHLY: re.compile(r"\d{4}-\d{2}", re.ASCII),
    WindowKind.QUARTERLY: re.compile(r"\d{4}-Q[1-4]", re.ASCII),
}
_EXAMPLES = {
    WindowKind.DAILY: "2026-03-05",
    WindowKind.WEEKLY: "2026-W10",
    WindowKind.MONTHLY: "2026-03",
    WindowKind.QUARTERLY: "2026-Q1",
}


def window_key(kind: WindowKind, day: date) -> str:
    """Return the key of the window of this kind that ``day`` (in the program's time zone) lies in."""
    match kind:
        case WindowKind.DAILY:
            return day.isoformat()
        case WindowKind.WEEKLY:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        case WindowKind.MONTHLY:
            return f"{day.year:04}-{day.month:02}"
        case WindowKind.QUARTERLY:
            return f"{day.year:04}-Q{(day.month + 2) // 3}"


def first_day(kind: WindowKind, key: str) -> date:
    """Return the first day of the window that ``key`` names.

    Raises:
        ExtractionRefused: The key does not name a window of this kind.
    """
    try:
        if not _PATTERNS[kind].fullmatch(key):
            raise ValueError(key)
        match kind:
            case WindowKind.DAILY:
                return date.fromisoformat(key)
            case WindowKind.WEEKLY:
                return date.fromisocalendar(int(key[:4]), int(key[6:]), 1)
            case WindowKind.MONTHLY:
                return date(int(key[:4]), int(key[5:]), 1)
            case WindowKind.QUARTERLY:
                return date(int(key[:4]), 3 * int(key[6]) - 2, 1)
    except ValueError:
        msg = f"window {key!r}: expected a {kind} key such as {_EXAMPLES[kind]!r}."
        raise ExtractionRefused(msg) from None


def window(kind: WindowKind, key: str, zone: ZoneInfo) -> Window:
    """Compute a window from its key.

    Args:
        kind: How long the window is.
        key: Its name, as in the module's docstring.
        zone: The program's time zone: a window starts at local midnight.

    Raises:
        ExtractionRefused: The key does not name a window of this kind.
    """
    first = first_day(kind, key)
    following = _next_first_day(kind, first)
    return Window(key=key, kind=kind, start=midnight(first, zone), end=midnight(following, zone))


def _next_first_day(kind: WindowKind, first: date) -> date:
    # 32 and 95 days are past the longest month and quarter and before the end of the next one.
    match kind:
        case WindowKind.DAILY:
            return first + timedelta(days=1)
        case WindowKind.WEEKLY:
            return first + timedelta(days=7)
        case WindowKind.MONTHLY:
            return (first + timedelta(days=32)).replace(day=1)
        case WindowKind.QUARTERLY:
            return (first + timedelta(days=95)).replace(day=1)


LINGER = timedelta(days=92)
"""So long after its end, a period is still looked after by itself; later, runs name it."""


class ObservationPeriod(Document):
    """The period an examination covers: a label and half-open dates ``[first_day, end_day)``.

    Type 2 runs throughout a period. Type 1 speaks as of ``first_day``.
    """

    id: str
    type: Literal[1, 2]
    first_day: date
    end_day: date
    """The day after the last one."""

    @field_validator("id")
    @classmethod
    def _id_is_a_key_segment(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value):
            msg = "expected letters, digits, '.', '_' and '-' only: it becomes part of object keys"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> ObservationPeriod:
        if self.end_day <= self.first_day:
            msg = f"end_day {self.end_day} (the day after the last one) must come after first_day {self.first_day}"
            raise ValueError(msg)
        return self

    def start(self, zone: ZoneInfo) -> datetime:
        """Return the first instant of the period, in UTC."""
        return midnight(self.first_day, zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """Return the first instant after the period, in UTC."""
        return midnight(self.end_day, zone)

    def printed(self) -> str:
        """Return the period as a report prints it, with both days included."""
        last = self.end_day - timedelta(days=1)
        if self.type == 1:
            return f"as of {_printed_day(self.first_day)}"
        return f"throughout {_printed_day(self.first_day)} to {_printed_day(last)}"


def _printed_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


TRUE_UP, POST_PERIOD, RECONCILED = "true-up-", "post-period-", "reconciled-"
"""What the key of a window starts with that no schedule extracts: a period that is extracted again, what came after it, and a
window that was reconciled, ``reconciled-<reconciliation>-<window>``."""
DEVIATIONS, RISK_ACCEPTANCES = "deviations-", "risk-acceptances-"
"""And of the two registers of a period, as of a day: ``deviations-2026-10-05``."""
ACCESS, ITEMS, REMOVAL = "access-", "items-", "removal-"
"""And of a review of access: what stood at a window's end (``access-2026-Q1``), what was frozen of it to be decided on, and what
stood when it was collected again."""


def is_regular(key: str) -> bool:
    """Whether a window is one that a control's schedule extracts."""
    return not key.startswith(POST_PERIOD) and not is_derived(key) and not is_input(key)


def is_input(key: str) -> bool:
    """Whether a window holds what a review of access is made of, as it stood at one time."""
    return key.startswith((ACCESS, REMOVAL))


def is_derived(key: str) -> bool:
    """Whether what lands under a window's key was worked out from other landings: no rows means that nothing was found."""
    return key.startswith((TRUE_UP, RECONCILED, DEVIATIONS, RISK_ACCEPTANCES, ITEMS))


def windows_between(kind: WindowKind, first_day: date, end_day: date, zone: ZoneInfo) -> Iterator[Window]:
    """Return the windows of a kind that a day in ``[first_day, end_day)`` lies in, in order.

    The first and the last may reach beyond: evidence is selected by its effective time, not by its label.
    """
    day = first_day
    while day < end_day:
        first = first_day_of(kind, day)
        day = _next_first_day(kind, first)
        target = window(kind, window_key(kind, first), zone)
        if target.start < target.end:  # a zone that moves across the date line skips a day
            yield target


def last_day_of(kind: WindowKind, key: str) -> date:
    """Return the last day of the window that ``key`` names.

    Raises:
        ExtractionRefused: The key does not name a window of this kind.
    """
    return _next_first_day(kind, first_day(kind, key)) - timedelta(days=1)


def first_day_of(kind: WindowKind, day: date) -> date:
    """Return the first day of the window of this kind that ``day`` lies in."""
    return first_day(kind, window_key(kind, day))


def period_of(target: Window, periods: Iterable[ObservationPeriod], zone: ZoneInfo) -> ObservationPeriod:
    """Return the Type 2 period whose storage label a window carries.

    It is the first listed that holds the whole window; else, where a period starts or ends inside the window, the first listed
    that holds its last instant, or any of it. A label says where evidence is stored; what counts for a period is decided by time.

    Raises:
        ExtractionRefused: No period has any of it; the message lists those there are.
    """
    listed = list(periods)
    touched = [
        period for period in listed if period.type == 2 and period.start(zone) < target.end and target.start < period.end(zone)
    ]
    for period in touched:
        if period.start(zone) <= target.start and target.end <= period.end(zone):
            return period
    holding_its_end = [period for period in touched if target.end <= period.end(zone)]
    if touched:
        return (holding_its_end or touched)[0]
    known = "; ".join(f"{period.id} ({period.printed()})" for period in listed) or "none"
    msg = (
        f"window {target.key!r}: lies in no Type 2 observation period of include/criteria/scope.yaml. "
        f"Periods there: {known}. Add the period, or extract a window inside one."
    )
    raise ExtractionRefused(msg)


@dataclass(frozen=True, slots=True)
class Gap:
    """Days that no Type 2 period covers, between two that are listed: ``[first_day, end_day)``."""

    after: str
    before: str
    first_day: date
    end_day: date


def gaps_between(periods: Iterable[ObservationPeriod]) -> list[Gap]:
    """Return the gaps between Type 2 periods; overlapping ones leave none."""
    ordered = sorted((period for period in periods if period.type == 2), key=lambda period: period.first_day)
    gaps: list[Gap] = []
    latest = ordered[0] if ordered else None
    for period in ordered[1:]:
        if latest and period.first_day > latest.end_day:
            gaps.append(Gap(latest.id, period.id, latest.end_day, period.first_day))
        latest = max(latest or period, period, key=lambda each: each.end_day)
    return gaps
