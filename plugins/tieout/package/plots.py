# SPDX-License-Identifier: Apache-2.0
"""The plots of a package: when each control's evidence was read, how it was performed, which rules rows do not meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tieout.audit.deviations import DeviationState
from tieout.audit.plot_parts import PAGE_ROWS
from tieout.audit.plot_states import DEVIATION_STATES, EXTRACTION_STATES, PERFORMANCE_STATES
from tieout.audit.plots import Bar, Lane, Plot, Span, in_pages, stacked_bars, timeline
from tieout.criteria.performances import PerformanceState
from tieout.criteria.periods import WindowKind, window
from tieout.criteria.standing import Standing
from tieout.package.facts import Facts

_PERFORMED = {
    "on_time": PerformanceState.ON_TIME,
    "late": PerformanceState.LATE,
    "not_performed": PerformanceState.NOT_PERFORMED,
    "pending": PerformanceState.UPCOMING,
    "not_determinable": PerformanceState.NOT_DETERMINABLE,
}
"""State that counts of events stand for."""
_DAY = timedelta(days=1)
_DAILY_LANES = 12
"""Lanes of a picture with a window a day: 12 years of days are as many as it holds."""
_READ = "Each window of each control and system, and how its extraction came."
_HOW = "Performances that count for the period, by control."
_DEVIATE = "By control and rule, and what management has said of them, which lowers no count."


def plots(facts: Facts) -> Iterator[Plot]:
    """Yield the plots in the order of their page, each on as many pictures as its rows need."""
    for daily, size in ((False, PAGE_ROWS), (True, _DAILY_LANES)):
        for number, lanes in enumerate(in_pages(list(_lanes(facts, daily=daily)), size), start=1):
            name = f"extractions{'-of-days' if daily else ''}{number}"
            yield timeline(name, "When evidence was read", _READ, lanes, list(EXTRACTION_STATES.values()))
    states = [PERFORMANCE_STATES[state] for state in _PERFORMED.values()]
    performed = [_performed(each) for each in facts.status.controls if each.is_due]
    for number, bars in enumerate(in_pages(performed), start=1):
        yield stacked_bars(f"performances{number}", "How controls were performed", _HOW, bars, states)
    for number, bars in enumerate(in_pages(list(_deviations(facts))), start=1):
        yield stacked_bars(f"deviations{number}", "Potential deviations", _DEVIATE, bars, list(DEVIATION_STATES.values()))


def _lanes(facts: Facts, *, daily: bool) -> Iterator[Lane]:
    zone = facts.program.scope.calendar.zone
    for standing in facts.status.controls:
        kind = facts.program.controls[standing.control].extraction_schedule.window
        if (kind is WindowKind.DAILY) != daily:
            continue
        spans: dict[str, list[Span]] = {}
        for each in standing.extractions.due:
            state = EXTRACTION_STATES.get(each.state)
            if state is not None:
                target = window(kind, each.window, zone)
                first, end = (facts.program.scope.calendar.day_of(at) for at in (target.start, target.end))
                landed = facts.program.scope.calendar.day_of(each.landed.landed_at) if each.landed and not daily else None
                spans.setdefault(each.system, []).append(Span(each.window, first, end - _DAY, state.letter, landed))
        yield from (Lane(f"{standing.control} {system}", tuple(found)) for system, found in sorted(spans.items()))


def _performed(standing: Standing) -> Bar:
    counts: Counter[PerformanceState] = Counter()
    for each in standing.performances:
        if each.events is not None:
            counts.update({state: getattr(each.events, name) for name, state in _PERFORMED.items()})
        else:
            counts[each.state] += 1
    return Bar(standing.control, tuple(counts[state] for state in _PERFORMED.values()))


def _deviations(facts: Facts) -> Iterator[Bar]:
    counts: dict[str, Counter[DeviationState]] = {}
    for each in facts.register.deviations:
        if each.observed.in_evidence:
            name = f"{each.observed.control}: {each.observed.rule or each.observed.kind.value}"
            counts.setdefault(name, Counter())[each.state] += 1
    yield from (Bar(name, tuple(found[state] for state in DEVIATION_STATES)) for name, found in sorted(counts.items()))
