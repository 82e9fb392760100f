# SPDX-License-Identifier: Apache-2.0
"""How plots show the states of performances, extractions and deviations: one letter and one colour each, wherever they stand."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from tieout.audit.deviations import DeviationState
from tieout.audit.plots import Colour, State
from tieout.audit.week_grid import EXTRACTION_SIGNS, PERFORMANCE_SIGNS, Awaited
from tieout.criteria.extractions import ExtractionState
from tieout.criteria.performances import PerformanceState

_COLOURS: Mapping[StrEnum, Colour] = {
    PerformanceState.NOT_PERFORMED: Colour.VERMILION,
    PerformanceState.NOT_DETERMINABLE: Colour.YELLOW,
    PerformanceState.LATE: Colour.ORANGE,
    PerformanceState.ON_TIME: Colour.GREEN,
    PerformanceState.DID_NOT_OPERATE: Colour.SKY,
    PerformanceState.UPCOMING: Colour.GREY,
    ExtractionState.NOT_EXTRACTED: Colour.VERMILION,
    ExtractionState.INCOMPLETE: Colour.PURPLE,
    ExtractionState.LATER: Colour.ORANGE,
    ExtractionState.IN_WINDOW: Colour.GREEN,
    Awaited.AWAITED: Colour.GREY,
}


def _states(signs: Mapping[Any, str]) -> dict[StrEnum, State]:
    return {state: State(sign, state.value, _COLOURS[state]) for state, sign in signs.items()}


PERFORMANCE_STATES = _states(PERFORMANCE_SIGNS)
"""Of performances, what says most first."""
EXTRACTION_STATES = _states(EXTRACTION_SIGNS)
"""Of extractions."""
DEVIATION_STATES = {
    DeviationState.POTENTIAL: State("P", DeviationState.POTENTIAL.value, Colour.ORANGE),
    DeviationState.CONFIRMED: State("C", DeviationState.CONFIRMED.value, Colour.BLUE),
    DeviationState.NOT_CONFIRMED: State("N", DeviationState.NOT_CONFIRMED.value, Colour.GREY),
}
"""What management has said of a deviation."""
