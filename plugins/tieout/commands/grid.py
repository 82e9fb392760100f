# SPDX-License-Identifier: Apache-2.0
"""Controls by weeks, as a terminal shows them: one sign for each week of a period, the one that says most against it."""

from __future__ import annotations

from datetime import date

from tieout.audit.week_grid import PERFORMANCE_SIGNS, performances_by_week
from tieout.criteria.performances import PerformanceState
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.standing import Standing

_STYLES = {
    PerformanceState.NOT_PERFORMED: "bold red",
    PerformanceState.NOT_DETERMINABLE: "yellow",
    PerformanceState.LATE: "magenta",
    PerformanceState.ON_TIME: "green",
    PerformanceState.DID_NOT_OPERATE: "cyan",
    PerformanceState.UPCOMING: "dim",
}
SIGNS = {state: (sign, _STYLES[state]) for state, sign in PERFORMANCE_SIGNS.items()}
"""Sign and colour of each state, what says most first. The sign alone is enough: colour is no information of its own."""
LEGEND = "  ".join(f"{sign} {state.value}" for state, (sign, _) in SIGNS.items())


def cells(standing: Standing, columns: list[date], period: ObservationPeriod) -> str:
    """Return one sign for each week, marked up for rich."""
    found = performances_by_week(standing, columns, period)
    signs = (SIGNS[state] if state else (" ", "") for state in found)
    return "".join(f"[{style}]{sign}[/]" if style else sign for sign, style in signs)
