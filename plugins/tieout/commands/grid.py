# SPDX-License-Identifier: Apache-2.0
"""Controls by weeks: one sign for each week of a period, the one that says most against it."""

from __future__ import annotations

from datetime import date, timedelta

from tieout.criteria.performances import Performance, PerformanceState
from tieout.criteria.periods import ObservationPeriod, WindowKind, last_day_of
from tieout.criteria.standing import Standing

SIGNS = {
    PerformanceState.NOT_PERFORMED: ("x", "bold red"),
    PerformanceState.NOT_DETERMINABLE: ("?", "yellow"),
    PerformanceState.LATE: ("L", "magenta"),
    PerformanceState.ON_TIME: ("#", "green"),
    PerformanceState.DID_NOT_OPERATE: ("0", "cyan"),
    PerformanceState.UPCOMING: (".", "dim"),
}
"""Sign and colour of each state, what says most first. The sign alone is enough: colour is no information of its own."""
LEGEND = "  ".join(f"{sign} {state.value}" for state, (sign, _) in SIGNS.items())
_RANK = {state: number for number, state in enumerate(SIGNS)}


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
    if performance.due is not None:
        return performance.due
    kind = next(kind for kind in WindowKind if kind.names(performance.key))
    return last_day_of(kind, performance.key)


def cells(standing: Standing, columns: list[date], period: ObservationPeriod) -> str:
    """Return one sign for each week, marked up for rich."""
    worst: dict[int, PerformanceState] = {}
    last = period.end_day - timedelta(days=1)
    for performance in standing.performances:
        week = (min(day_of(performance), last) - columns[0]).days // 7
        if week not in worst or _RANK[performance.state] < _RANK[worst[week]]:
            worst[week] = performance.state
    signs = (SIGNS[worst[number]] if number in worst else (" ", "") for number in range(len(columns)))
    return "".join(f"[{style}]{sign}[/]" if style else sign for sign, style in signs)
