# SPDX-License-Identifier: Apache-2.0
"""The axis of extractions: which windows we owe, and what became of each. It says nothing about how a control performed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from tieout.criteria.awaiting import NO_CAMPAIGNS, RunningCampaign, due_at, why_absent
from tieout.criteria.calendar import Calendar
from tieout.criteria.controls import Control
from tieout.criteria.periods import Window, windows_between


class ExtractionState(StrEnum):
    """What became of an extraction."""

    IN_WINDOW = "in window"
    LATER = "later"
    INCOMPLETE = "incomplete"
    """What came is locked and unusable as a population."""
    SUPERSEDED = "superseded"
    NOT_EXTRACTED = "not extracted"


LANDED = frozenset({ExtractionState.IN_WINDOW, ExtractionState.LATER})


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Rows of a control that is performed per event, by how they were performed when they were collected."""

    on_time: int = 0
    late: int = 0
    not_performed: int = 0
    pending: int = 0
    """Not performed yet, and not due yet."""
    not_determinable: int = 0
    pending_until: date | None = None
    """Last day on which one of the pending is on time."""


@dataclass(frozen=True, slots=True)
class LandedExtraction:
    """What the index says of a landing.

    Attributes:
        window: Key of its window.
        system: Its system.
        landing: Its id.
        start: First instant of its window.
        end: First instant after it.
        state: In window or later.
        lag_seconds: How long after the window's end it was collected.
        rows: Of the population.
        landed_at: When it landed, UTC.
        manifest_key: The document that says so, with the query.
        statement_version: Version of the control's statement that it was extracted under.
        observation_period: Label it is stored under.
        performances: Of a periodic control: day of each performance that its rows show, by the performance's name.
        events: Of a control per event.
        supersedes: The landing it takes the place of.
        potential_deviations: Rows that do not meet a control rule.
        rows_sha256: Row hash of the population (`tieout.evidence.rowhash`).
        manifest_sha256: SHA-256 of the manifest's bytes.
    """

    window: str
    system: str
    landing: str
    start: datetime
    end: datetime
    state: ExtractionState
    lag_seconds: int
    rows: int
    landed_at: datetime
    manifest_key: str
    statement_version: int
    observation_period: str
    performances: tuple[tuple[str, date], ...] = ()
    events: EventCounts | None = None
    supersedes: str | None = None
    potential_deviations: int = 0
    rows_sha256: str = ""
    manifest_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """What a signed record says about a control."""

    kind: str
    system: str
    window: str
    at: datetime
    key: str
    reason: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extraction:
    """One window of one system, and what became of it."""

    window: str
    system: str
    state: ExtractionState
    lag_seconds: int | None = None
    landing: str | None = None
    rows: int | None = None
    document: str | None = None
    """Key of the manifest or record that says so; ``None`` where nothing says so yet."""
    reason: str | None = None
    statement_version: int | None = None
    landed: LandedExtraction | None = field(default=None, repr=False)

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        names = ("window", "system", "lag_seconds", "landing", "rows", "document", "reason", "statement_version")
        return {"state": self.state.value, **{name: getattr(self, name) for name in names}}


@dataclass(frozen=True, slots=True)
class Extractions:
    """The axis of one control.

    Attributes:
        due: Every window and system that is due, and what became of it; landings that are superseded stand beside.
        awaited: Window and system of what is not due yet.
        over: Those of them whose window is over: their grace runs.
    """

    due: tuple[Extraction, ...]
    awaited: tuple[tuple[str, str], ...]
    over: tuple[tuple[str, str], ...] = ()

    def of(self, system: str) -> dict[str, Extraction]:
        """Return what stands of a system, by window; what is superseded is left out."""
        return {
            extraction.window: extraction
            for extraction in self.due
            if extraction.system == system and extraction.state is not ExtractionState.SUPERSEDED
        }


def windows_expected(control: Control, calendar: Calendar, first_day: date, end_day: date) -> list[Window]:
    """Return the windows of a control that touch ``[first_day, end_day)`` while it is in force, in order."""
    first = max(first_day, control.effective_from)
    end = min(end_day, control.retired_on or end_day)
    return list(windows_between(control.extraction_schedule.window, first, end, calendar.zone))


def extractions(
    control: Control,
    windows: Iterable[Window],
    landed: Iterable[LandedExtraction],
    noted: Iterable[Noted],
    established: datetime | None,
    now: datetime,
    running: Mapping[str, RunningCampaign] = NO_CAMPAIGNS,
) -> Extractions:
    """Work out what became of each window and system of a control.

    Args:
        control: The control.
        windows: What is expected of it (`windows_expected`).
        landed: Its landings, wherever they are stored: a window is told by its key, not by its label.
        noted: Its records.
        established: When the bucket's chain began.
        now: The instant that is asked about; what landed or was noted later is not among the arguments.
        running: Its campaigns (`tieout.criteria.awaiting`), by window. While one is in time, its window is awaited,
            whatever was noted before it began.
    """
    landed = list(landed)
    standing, superseded = _standing(landed)
    notes = _notes(noted)
    due: list[Extraction] = []
    awaited: list[tuple[str, str]] = []
    over: list[tuple[str, str]] = []
    for target in windows:
        last = due_at(control, target, established, running)
        in_time = target.key in running and now < last
        for source in control.systems:
            slot = (target.key, source.system)
            due += [_superseded(each) for each in superseded if (each.window, each.system) == slot]
            if slot in standing:
                due.append(_landed(standing[slot]))
            elif slot in notes and not (in_time and notes[slot].kind == "not extracted"):
                due.append(_noted(notes[slot]))
            elif now >= last:
                due.append(Extraction(*slot, ExtractionState.NOT_EXTRACTED, reason=why_absent(target, running)))
            else:
                awaited.append(slot)
                over += [slot] if target.is_over(now) else []
    return Extractions(tuple(due), tuple(awaited), tuple(over))


def _notes(noted: Iterable[Noted]) -> dict[tuple[str, str], Noted]:
    """Return what was noted of each window and system that did not land."""
    notes: dict[tuple[str, str], Noted] = {}
    for note in sorted(noted, key=lambda note: note.at):
        if note.kind in ("did not land", "not extracted"):
            slot = (note.window, note.system)
            # What came and can not be used says more than that nothing came.
            if note.kind == "did not land" or notes.get(slot, note).kind == "not extracted":
                notes[slot] = note
    return notes


def _standing(landed: list[LandedExtraction]) -> tuple[dict[tuple[str, str], LandedExtraction], list[LandedExtraction]]:
    """Return the landing that stands of each window and system, and those that another one has taken the place of."""
    gone = {each.supersedes for each in landed if each.supersedes}
    standing: dict[tuple[str, str], LandedExtraction] = {}
    superseded = [each for each in landed if each.landing in gone]
    for each in sorted(landed, key=lambda each: each.landed_at):
        if each.landing in gone:
            continue
        # Under two labels, because a period has moved, the same window can have landed twice: the later one stands.
        if before := standing.get((each.window, each.system)):
            superseded.append(before)
        standing[each.window, each.system] = each
    return standing, superseded


def _landed(each: LandedExtraction) -> Extraction:
    return Extraction(
        each.window,
        each.system,
        each.state,
        each.lag_seconds,
        each.landing,
        each.rows,
        each.manifest_key,
        statement_version=each.statement_version,
        landed=each,
    )


def _superseded(each: LandedExtraction) -> Extraction:
    return Extraction(each.window, each.system, ExtractionState.SUPERSEDED, None, each.landing, each.rows, each.manifest_key)


def _noted(note: Noted) -> Extraction:
    state = ExtractionState.INCOMPLETE if note.kind == "did not land" else ExtractionState.NOT_EXTRACTED
    return Extraction(note.window, note.system, state, document=note.key, reason=note.reason)


def standing_landings(landed: Iterable[LandedExtraction]) -> Iterator[LandedExtraction]:
    """Return the landings that stand: superseded ones are left out."""
    yield from _standing(list(landed))[0].values()
