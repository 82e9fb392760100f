# SPDX-License-Identifier: Apache-2.0
"""What is stale, what is about to be missed, and what will be if nothing changes. Management's, not the auditor's.

A forecast is no evidence: it reads what has landed, assumes that the next time goes like the last ones, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median

from tieout.criteria.awaiting import due_at
from tieout.criteria.calendar import Calendar
from tieout.criteria.controls import Control
from tieout.criteria.extractions import LANDED, Extraction, ExtractionState
from tieout.criteria.performances import Performance, PerformanceState
from tieout.criteria.periods import window
from tieout.criteria.standing import Standing

_LOOK_BACK = 4
"""So many of the last performances of a control say how the next one will go."""


class NoticeKind(StrEnum):
    """What somebody should know today."""

    STALE = "stale"
    ABOUT_TO_BE_MISSED = "about to be missed"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that is stale or about to be missed."""

    kind: NoticeKind
    control: str
    system: str
    key: str
    """Performance or window."""
    text: str

    def as_text(self) -> str:
        """Return it as one line."""
        return f"{self.kind}: {self.control} ({self.system}) {self.key}: {self.text}"


def notices(
    standing: Standing, control: Control, calendar: Calendar, established: datetime | None, now: datetime, days: int
) -> list[Notice]:
    """Return what is stale in a control's evidence, and what is going to be within some days.

    Args:
        standing: Where it stands.
        control: The control.
        calendar: The program's.
        established: When the bucket's chain began.
        now: The instant that is asked about.
        days: How far ahead to look.
    """
    today = calendar.day_of(now)
    ahead = today + timedelta(days=days)
    found = []
    for each in standing.extractions.due:
        if each.state in (ExtractionState.NOT_EXTRACTED, ExtractionState.INCOMPLETE):
            text = f"extraction {each.state}. {each.reason or ''}".strip()
            found.append(_notice(NoticeKind.STALE, standing, each.system, each.window, text))
    for performance in standing.performances:
        if performance.state is PerformanceState.NOT_PERFORMED and not performance.explanation:
            text = f"not performed, due {performance.due or 'within its window'}, and nobody has explained it"
            found.append(_notice(NoticeKind.STALE, standing, performance.system, performance.key, text))
        elif performance.state is PerformanceState.UPCOMING and performance.due and today <= performance.due <= ahead:
            text = f"due {performance.due}, and no landed evidence shows it performed"
            found.append(_notice(NoticeKind.ABOUT_TO_BE_MISSED, standing, performance.system, performance.key, text))
    kind, running = control.extraction_schedule.window, {each.window: each for each in standing.campaigns}
    for key, system in standing.extractions.awaited:
        target = window(kind, key, calendar.zone)
        last = due_at(control, target, established, running)
        if target.is_over(now) and last <= now + timedelta(days=days):
            why = running[key].as_text() if key in running else "it is not extracted"
            text = f"its window is over, {why}, and its grace ends {calendar.day_of(last)}"
            found.append(_notice(NoticeKind.ABOUT_TO_BE_MISSED, standing, system, key, text))
    return found


def _notice(kind: NoticeKind, standing: Standing, system: str, key: str, text: str) -> Notice:
    return Notice(kind, standing.control, system, key, text)


@dataclass(frozen=True, slots=True)
class Prospect:
    """A performance that will not be in order if nothing changes."""

    control: str
    title: str
    system: str
    key: str
    due: date | None
    will_be: PerformanceState
    because: tuple[str, ...]

    def as_text(self) -> str:
        """Return it as one sentence."""
        due = f", due {self.due}," if self.due else ""
        verb = {
            PerformanceState.LATE: "will not be performed in time",
            PerformanceState.NOT_PERFORMED: "will not be performed",
            PerformanceState.NOT_DETERMINABLE: "will not be determinable",
        }[self.will_be]
        return f"If nothing changes, {self.key} of {self.control} ({self.system}){due} {verb} because {'; '.join(self.because)}."


def forecast(standing: Standing, history: Standing, today: date) -> list[Prospect]:
    """Return the performances of a control, upcoming in a period, that will not be in order if nothing changes.

    Args:
        standing: Where it stands in the period.
        history: Where it stands over a longer time, before the period and up to today.
        today: Local day.
    """
    found = []
    for performance in standing.performances:
        if performance.state is not PerformanceState.UPCOMING:
            continue
        will_be, because = _outlook(performance, history, today)
        if because:
            found.append(
                Prospect(
                    standing.control,
                    standing.title,
                    performance.system,
                    performance.key,
                    performance.due,
                    will_be,
                    tuple(because),
                )
            )
    return found


def _outlook(performance: Performance, history: Standing, today: date) -> tuple[PerformanceState, list[str]]:
    past = [
        each
        for each in history.performances
        if each.system == performance.system and each.due is not None and each.due < today and each.state not in _UNKNOWN
    ][-_LOOK_BACK:]
    absent = _absent(history.extractions.of(performance.system))
    because = []
    will_be = PerformanceState.LATE
    if absent:
        will_be = PerformanceState.NOT_DETERMINABLE
        because.append(f"its source has not been extracted: {', '.join(absent)}")
    if past and past[-1].state is PerformanceState.NOT_PERFORMED:
        will_be = PerformanceState.NOT_PERFORMED
        because.append(f"the last one, {past[-1].key}, was not performed")
    late = [(each.performed_on - each.due).days for each in past if each.performed_on and each.due]
    if late and median(late) > 0:
        because.append(f"the last {len(late)} were performed {median(late):g} days after they were due (median)")
    return will_be, because


_UNKNOWN = (PerformanceState.UPCOMING, PerformanceState.NOT_DETERMINABLE)


def _absent(standing: Mapping[str, Extraction]) -> list[str]:
    """Return the windows at the end of what is due that have not landed: the source has fallen silent."""
    absent: list[str] = []
    for key in sorted(standing, reverse=True):
        if standing[key].state in LANDED:
            break
        absent.append(key)
    return sorted(absent)


def by_kind(found: Sequence[Notice]) -> dict[NoticeKind, int]:
    """Return how many notices there are of each kind."""
    return {kind: sum(notice.kind is kind for notice in found) for kind in NoticeKind}
