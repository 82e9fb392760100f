# SPDX-License-Identifier: Apache-2.0
"""The axis of performances: what a control had to do, and whether it did, as the landed rows show it.

A performance that was late, or not performed, is a potential deviation by itself. Where nothing has landed that could show it,
it is *not determinable*: silence says nothing, neither for nor against the control.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Any

from tieout.criteria.controls import Control
from tieout.criteria.extractions import (
    LANDED,
    EventCounts,
    Extraction,
    Extractions,
    LandedExtraction,
    Noted,
    windows_expected,
)
from tieout.criteria.frequency import Due, Every, performances_due
from tieout.criteria.matching import Shown, match, shown_by
from tieout.criteria.periods import Window
from tieout.criteria.scope import Scope


class PerformanceState(StrEnum):
    """Whether a control was performed."""

    NOT_DUE = "not due in period"
    UPCOMING = "upcoming"
    ON_TIME = "performed on time"
    LATE = "performed late"
    NOT_PERFORMED = "not performed"
    DID_NOT_OPERATE = "did not operate"
    """No triggering event; the query that found none is in the document."""
    NOT_DETERMINABLE = "not determinable"


_DAY = timedelta(days=1)
_FAR = timedelta(days=3000)
"""Longer than any interval with its allowance."""
POTENTIAL_DEVIATIONS = frozenset({PerformanceState.LATE, PerformanceState.NOT_PERFORMED})


@dataclass(frozen=True, slots=True)
class Performance:
    """One performance of a control, or for a control per event those of one window. Days are local to the program.

    Attributes:
        key: Its interval, or the window.
        system: The system whose rows show it.
        state: Whether it was performed.
        due: Last day on which it was on time; ``None`` where each event has its own.
        performed_on: The day it was performed, or last performed.
        name: What the rows call it, such as the id of a review.
        events: Rows by how they were performed, for a control per event.
        statement_version: Version of the control's statement in force when it was due.
        document: Key of the manifest that shows it.
        explanation: What management recorded about it.
    """

    key: str
    system: str
    state: PerformanceState
    due: date | None = None
    performed_on: date | None = None
    name: str | None = None
    events: EventCounts | None = None
    statement_version: int | None = None
    document: str | None = None
    explanation: str | None = None

    @property
    def potential_deviations(self) -> int:
        """How many potential deviations it is by itself."""
        if self.events is not None:
            return self.events.late + self.events.not_performed
        return int(self.state in POTENTIAL_DEVIATIONS)

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        events = self.events and {
            "on_time": self.events.on_time,
            "late": self.events.late,
            "not_performed": self.events.not_performed,
            "pending": self.events.pending,
            "not_determinable": self.events.not_determinable,
        }
        return {
            "key": self.key,
            "system": self.system,
            "state": self.state.value,
            "due": self.due and self.due.isoformat(),
            "performed_on": self.performed_on and self.performed_on.isoformat(),
            "name": self.name,
            "events": events,
            "statement_version": self.statement_version,
            "potential_deviations": self.potential_deviations,
            "document": self.document,
            "explanation": self.explanation,
        }


def performances_expected(control: Control, scope: Scope, first_day: date, end_day: date) -> list[Due]:
    """Return the performances of a periodic control that are due in ``[first_day, end_day)``.

    One is expected where the control is in force, and serves a category in scope, on the day it is due, and was in force on some
    day of the interval: the month before a control began is not its.
    """
    due = performances_due(control.control_frequency, scope.calendar, first_day, end_day)
    return [each for each in due if each.last_day >= control.effective_from and scope.is_active(control, each.due)]


def performances(
    control: Control,
    scope: Scope,
    first_day: date,
    end_day: date,
    found: Extractions,
    landed: Sequence[LandedExtraction],
    noted: Sequence[Noted],
    now: datetime,
) -> list[Performance]:
    """Work out the performances of a control that count for ``[first_day, end_day)``.

    Args:
        control: The control.
        scope: The scope, whole: not as of a day.
        first_day: First local day that counts.
        end_day: The day after the last one that counts.
        found: Its extractions, of every window that could show a performance (`evidence_days`).
        landed: Its landings that stand, of any window.
        noted: Its records; those of kind ``explained`` are management's explanations.
        now: The instant that is asked about.
    """
    if control.control_frequency.every is Every.PER_EVENT:
        counted = _per_event(control, scope, first_day, end_day, found, now)
    else:
        counted = _periodic(control, scope, first_day, end_day, found, landed, now)
    explained = {
        (str(note.facts["performance"]), note.system): note.reason
        for note in noted
        if note.kind == "explained" and "performance" in note.facts
    }
    return [
        replace(each, explanation=explained.get((each.key, each.system), explained.get((each.key, "all")))) for each in counted
    ]


def evidence_days(control: Control, scope: Scope, first_day: date, end_day: date) -> tuple[date, date]:
    """Return the days ``[first, end)`` whose windows can show the performances that count for ``[first_day, end_day)``."""
    expected = performances_expected(control, scope, first_day, end_day)
    return min([first_day, *(due.opens for due in expected)]), end_day


def _periodic(
    control: Control,
    scope: Scope,
    first_day: date,
    end_day: date,
    found: Extractions,
    landed: Sequence[LandedExtraction],
    now: datetime,
) -> list[Performance]:
    expected = performances_expected(control, scope, first_day, end_day)
    if not expected:
        return []
    shown_of = {source.system: shown_by(landed, source.system) for source in control.systems}
    # What is late for an interval before these must not count for one of them, whatever the period: a control that is late each
    # time passes that on from one to the next, so the first performance that ever landed starts it.
    first_shown = min((shown[0].day for shown in shown_of.values() if shown), default=first_day)
    reach = timedelta(days=control.control_frequency.grace_days)
    before = performances_expected(control, scope, min(first_shown - reach, first_day), first_day)
    after = _until_shown(control, scope, end_day, shown_of.values())
    chain = [*before, *expected, *after]
    today = scope.calendar.day_of(now)
    counted = []
    needed = {due.key: windows_expected(control, scope.calendar, due.opens, due.due + _DAY) for due in chain}
    for source in control.systems:
        there = {landing.window for landing in landed if landing.system == source.system}
        told = {key for key, windows in needed.items() if all(target.key in there for target in windows)}
        filled = match(chain, shown_of[source.system], told)
        standing = found.of(source.system)
        for due in expected:
            shown = filled.get(due.key)
            state, shown = _state_of(due, shown, needed[due.key], standing, found.awaited, source.system, today)
            counted.append(
                Performance(
                    due.key,
                    source.system,
                    state,
                    due=due.due,
                    performed_on=shown.day if shown else None,
                    name=shown.name if shown else None,
                    statement_version=control.statement_on(due.due).version,
                    document=shown.document if shown else None,
                )
            )
    return counted


def _until_shown(control: Control, scope: Scope, end_day: date, shown: Iterable[Sequence[Shown]]) -> list[Due]:
    """Return the intervals after a period that have begun by the last performance: its name may state one of them."""
    last = max((each[-1].day for each in shown if each), default=None)
    if last is None:
        return []
    due = performances_due(control.control_frequency, scope.calendar, end_day, max(last, end_day) + _FAR)
    begun = takewhile(lambda each: min(each.opens, each.last_day) <= last, due)
    return [each for each in begun if each.last_day >= control.effective_from and scope.is_active(control, each.due)]


def _state_of(
    due: Due,
    shown: Shown | None,
    windows: Sequence[Window],
    standing: dict[str, Extraction],
    awaited: Sequence[tuple[str, str]],
    system: str,
    today: date,
) -> tuple[PerformanceState, Shown | None]:
    if shown is not None:
        return (PerformanceState.ON_TIME if shown.day <= due.due else PerformanceState.LATE), shown
    if today <= due.due:
        return PerformanceState.UPCOMING, None
    keys = [target.key for target in windows]
    if all(key in standing and standing[key].state in LANDED for key in keys):
        return PerformanceState.NOT_PERFORMED, None
    if any((key, system) in awaited for key in keys):
        return PerformanceState.UPCOMING, None
    return PerformanceState.NOT_DETERMINABLE, None


def _per_event(
    control: Control, scope: Scope, first_day: date, end_day: date, found: Extractions, now: datetime
) -> list[Performance]:
    calendar = scope.calendar
    today = calendar.day_of(now)
    counted = []
    for target in windows_expected(control, calendar, first_day, end_day):
        last_day = min(calendar.day_of(target.end) - _DAY, end_day - _DAY)
        if control.retired_on is not None:
            last_day = min(last_day, control.retired_on - _DAY)
        if not scope.is_active(control, last_day):
            continue
        version = control.statement_on(last_day).version
        for source in control.systems:
            extraction = found.of(source.system).get(target.key)
            if extraction is None:
                counted.append(Performance(target.key, source.system, PerformanceState.UPCOMING, statement_version=version))
                continue
            landed = extraction.landed
            state = PerformanceState.NOT_DETERMINABLE if landed is None else _state_of_events(landed, today)
            counted.append(
                Performance(
                    target.key,
                    source.system,
                    state,
                    events=landed.events if landed else None,
                    statement_version=extraction.statement_version or version,
                    document=extraction.document,
                )
            )
    return counted


def _state_of_events(landed: LandedExtraction, today: date) -> PerformanceState:
    """Return the state that says most against the rows of a window; the counts beside it say the rest."""
    counts = landed.events or EventCounts(on_time=landed.rows)
    if landed.rows == 0:
        return PerformanceState.DID_NOT_OPERATE
    if counts.not_performed:
        return PerformanceState.NOT_PERFORMED
    if counts.not_determinable:
        return PerformanceState.NOT_DETERMINABLE
    if counts.late:
        return PerformanceState.LATE
    if counts.pending:
        due = counts.pending_until
        return PerformanceState.UPCOMING if due and today <= due else PerformanceState.NOT_DETERMINABLE
    return PerformanceState.ON_TIME
