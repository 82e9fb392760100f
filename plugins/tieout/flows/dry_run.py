# SPDX-License-Identifier: Apache-2.0
"""Rehearsal: draw what an auditor might ask for, so that management sees beforehand what it would have to show.

Nothing is recorded in the bucket, and the draw is none of the auditor's: it uses management's own numbers and a seed of its own.
Of a control that is performed per event rows of its population are drawn, of a periodic one its performances.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tieout.audit.selections import draw
from tieout.criteria.dry_runs import DryRuns
from tieout.criteria.extractions import LANDED
from tieout.criteria.frequency import Every
from tieout.criteria.performances import PerformanceState
from tieout.criteria.standing import Standing
from tieout.errors import ConfigurationError
from tieout.evidence.store import S3Store
from tieout.flows.sealed_population import period_population
from tieout.flows.status import Program, Status
from tieout.settings import Settings

NOT_YET = (PerformanceState.UPCOMING, PerformanceState.NOT_DUE)


@dataclass(frozen=True, slots=True)
class Suggested:
    """How many items of a control's system a rehearsal would draw.

    Attributes:
        control: The control.
        system: Its system.
        every: How often the control is performed.
        unit: What an item is: ``rows`` or ``performances``.
        items: How many there are, as landings and performances count them; a row that two landings show counts twice here.
        size: How many would be drawn.
        rule: Management's rule, in words.
    """

    control: str
    system: str
    every: Every
    unit: str
    items: int
    size: int
    rule: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was drawn.

    Attributes:
        control: The control.
        system: Its system.
        unit: What an item is: ``rows`` or ``performances``.
        items: How many there are.
        rule: How many were to be drawn, and whose rule that is.
        seal: Hash over the items that were drawn from.
        seed: With it and the same items the same draw comes again.
        columns: Headings, the item's number first.
        rows: The items drawn, as texts.
    """

    control: str
    system: str
    unit: str
    items: int
    rule: str
    seal: str
    seed: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def in_words(self) -> tuple[tuple[str, str], ...]:
        """Number of each item drawn, and its columns that hold something, as ``name=value``."""
        return tuple(
            (row[0], ", ".join(f"{name}={text}" for name, text in zip(self.columns[1:], row[1:], strict=True) if text))
            for row in self.rows
        )


def suggested(program: Program, found: Status, dry_runs: DryRuns) -> Iterator[Suggested]:
    """Yield how many items of each control and system of a period would be drawn."""
    for standing in found.controls:
        control = program.controls[standing.control]
        every = control.control_frequency.every
        size = dry_runs.size(every)
        for source in control.systems:
            unit, items = _items(standing, source.system, every)
            yield Suggested(standing.control, source.system, every, unit, items, size.of(items), size.as_text())


def _items(standing: Standing, system: str, every: Every) -> tuple[str, int]:
    if every is Every.PER_EVENT:
        return "rows", sum(each.rows or 0 for each in standing.extractions.due if each.system == system and each.state in LANDED)
    return "performances", sum(each.system == system and each.state not in NOT_YET for each in standing.performances)


def rehearse(
    settings: Settings,
    store: S3Store,
    program: Program,
    found: Status,
    dry_runs: DryRuns,
    control_id: str,
    system: str | None,
    seed: str,
    folder: Path,
    rows: int | None = None,
) -> Rehearsal:
    """Draw items of a control for a rehearsal; nothing is written anywhere.

    Args:
        settings: The installation's.
        store: The evidence bucket.
        program: The program's files.
        found: Where the period stands.
        dry_runs: Management's numbers.
        control_id: The control.
        system: Its system; ``None`` where it has one.
        seed: At least 8 characters.
        folder: An empty work folder.
        rows: So many rows of the population, whatever the numbers say and however often the control is performed.

    Raises:
        ConfigurationError: There is no such control in the period, or the system is to be named.
        ExtractionRefused: The control covers no day of the period.
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    standing = next((each for each in found.controls if each.control == control_id), None)
    if standing is None:
        known = ", ".join(each.control for each in found.controls) or "none"
        raise ConfigurationError(f"control {control_id!r}: not active in {found.period.id}. Controls there: {known}.")
    systems = [source.system for source in program.controls[control_id].systems]
    chosen = system or (systems[0] if len(systems) == 1 else None)
    if chosen not in systems:
        raise ConfigurationError(
            f"control {control_id!r}: expected --system with one of {', '.join(systems)}, got {system or 'none'}."
        )
    every = program.controls[control_id].control_frequency.every
    rule = (
        f"{dry_runs.size(every).as_text()} ({every.value}). {dry_runs.source}"
        if rows is None
        else f"{rows} rows, as was asked for"
    )
    if rows is None and every is not Every.PER_EVENT:
        unit, seal, columns, items = "performances", *_performances(standing, chosen)
    else:
        population = period_population(settings, control_id, chosen, found.period, store, folder)
        unit, seal, columns, items = "rows", population.sealed.seal, tuple(population.rows.column_names), population.rows
    count = items.num_rows
    size = min(count, rows) if rows is not None else dry_runs.size(every).of(count)
    numbers = draw(seal, seed, range(1, count + 1), size) if size else ()
    drawn = items.take([number - 1 for number in numbers]).to_pylist()
    texts = tuple((str(number), *map(_text, row.values())) for number, row in zip(numbers, drawn, strict=True))
    return Rehearsal(control_id, chosen, unit, count, rule, seal, seed, ("#", *columns), texts)


def _performances(standing: Standing, system: str) -> tuple[str, tuple[str, ...], pa.Table]:
    """Return a hash over the performances of a system that were due, and them."""
    names = ("performance", "state", "due", "performed_on", "name", "document", "explanation")
    rows = [
        (each.key, each.state.value, each.due, each.performed_on, each.name, each.document, each.explanation)
        for each in standing.performances
        if each.system == system and each.state not in NOT_YET
    ]
    said = [[None if value is None else str(value) for value in row] for row in rows]
    seal = hashlib.sha256(json.dumps([standing.control, system, said]).encode()).hexdigest()
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    return seal, names, pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in said], schema=schema)


def _text(value: object) -> str:
    return "" if value is None else str(value)
