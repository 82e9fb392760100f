# SPDX-License-Identifier: Apache-2.0
"""Controls by weeks: for each week of a period the state that says most against a control, on each of its two axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from tieout.criteria.extractions import ExtractionState
from tieout.criteria.performances import Performance, PerformanceState
from tieout.criteria.periods import ObservationPeriod, WindowKind, last_day_of
from tieout.criteria.standing import Standing

_State = TypeVar("_State", bound=StrEnum)


class Awaited(StrEnum):
    """A window whose extraction is not due yet."""

    AWAITED = "awaited"


PERFORMANCE_SIGNS = {
    PerformanceState.NOT_PERFORMED: "x",
    PerformanceState.NOT_DETERMINABLE: "?",
    PerformanceState.LATE: "L",
    PerformanceState.ON_TIME: "#",
    PerformanceState.DID_NOT_OPERATE: "0",
    PerformanceState.UPCOMING: ".",
}
"""Sign of each state of a performance, what says most first."""
EXTRACTION_SIGNS: Mapping[StrEnum, str] = {
    ExtractionState.NOT_EXTRACTED: "x",
    ExtractionState.INCOMPLETE: "U",
    ExtractionState.LATER: "L",
    ExtractionState.IN_WINDOW: "#",
    Awaited.AWAITED: ".",
}
"""And of an extraction."""


def weeks(period: ObservationPeriod) -> list[date]:
    """Return the Monday of each week that a period touches."""
    monday = period.first_day - timedelta(days=period.first_day.weekday())
    found = []
    while monday < period.end_day:
        found.append(monday)
        monday += timedelta(days=7)
    return found


def day_of(performance: Performance) -> date:
    """Return the day a performance is shown on: when it was due, or the last day of its window."""
    return performance.due or day_of_window(performance.key)


def day_of_window(key: str) -> date:
    """Return the last day of the regular window of a key."""
    kind = next(kind for kind in WindowKind if kind.names(key))
    return last_day_of(kind, key)


def performances_by_week(standing: Standing, columns: Sequence[date], period: ObservationPeriod) -> list[PerformanceState | None]:
    """Return the state of each week that says most against a control's performances; ``None`` where none is due."""
    shown = ((day_of(each), each.state) for each in standing.performances)
    return _by_week(shown, columns, period, list(PERFORMANCE_SIGNS))


def extractions_by_week(standing: Standing, columns: Sequence[date], period: ObservationPeriod) -> list[StrEnum | None]:
    """Return the state of each week that says most against a control's extractions; ``None`` where no window ends.

    A window is shown on its last day, one that reaches beyond the period in its last week. What is superseded is left out.
    """
    shown: list[tuple[date, StrEnum]] = [
        (day_of_window(each.window), each.state)
        for each in standing.extractions.due
        if each.state is not ExtractionState.SUPERSEDED
    ]
    shown += [(day_of_window(window), Awaited.AWAITED) for window, _ in standing.extractions.awaited]
    return _by_week(shown, columns, period, list(EXTRACTION_SIGNS))


def _by_week(
    shown: Iterable[tuple[date, _State]], columns: Sequence[date], period: ObservationPeriod, order: Sequence[_State]
) -> list[_State | None]:
    worst: dict[int, _State] = {}
    last = period.end_day - timedelta(days=1)
    for day, state in shown:
        week = (min(day, last) - columns[0]).days // 7
        if week not in worst or order.index(state) < order.index(worst[week]):
            worst[week] = state
    return [worst.get(number) for number in range(len(columns))]
