# SPDX-License-Identifier: Apache-2.0
"""Which windows are reconciled, what differs in them, which of it somebody has explained, and which reconciliations are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from tieout.audit.reconciliation import RECONCILIATION_TYPE
from tieout.criteria.periods import RECONCILED, ObservationPeriod
from tieout.errors import ConfigurationError
from tieout.evidence.manifest import read_manifest
from tieout.evidence.store import S3Store
from tieout.flows.differences import Differences, explanations_of, one_of, read_differences
from tieout.flows.index import landings
from tieout.flows.reconciliation_inputs import Owed, inputs_of, owed
from tieout.flows.status import Facts, Program, read_records

_WORKERS = 8


@dataclass(frozen=True, slots=True)
class ReconciledWindow(Differences):
    """One window of one reconciliation; rows of `RECONCILIATION_TYPE`."""

    FACT: ClassVar[str] = "reconciliation"
    COLUMNS: ClassVar[str] = "differing_columns"

    reconciliation: str
    of: str
    """Key of the window that was reconciled."""
    is_current: bool
    """Whether it was made of what stands now, as it is defined now."""

    @property
    def name(self) -> str:
        """What it is called to a person."""
        return f"{self.control} {self.reconciliation} {self.of}"


def read_reconciliations(
    store: S3Store, program: Program, facts: Facts, period: ObservationPeriod, now: datetime, folder: Path
) -> list[ReconciledWindow]:
    """Return the last reconciliation of each window that a period owes one of, with the explanations that stand.

    Args:
        store: The evidence bucket.
        program: The program's files.
        facts: What the bucket holds now.
        period: The period.
        now: UTC.
        folder: Work folder.
    """
    made = _reconciled(store)
    said = explanations_of(read_records(store), ReconciledWindow.FACT) if made else {}
    found = []
    for each in owed(program, period):
        slot = (each.control, each.rule.system, each.key)
        if slot not in made:
            continue
        row, inputs = made[slot]
        current = _is_current(program, facts, each, inputs, now)
        read = read_differences(store, row, RECONCILIATION_TYPE, said.get(slot[:2], []), folder)
        found.append(ReconciledWindow(**read, reconciliation=each.rule.id, of=each.window.key, is_current=current))
    return found


def _reconciled(store: S3Store) -> dict[tuple[str, str, str], tuple[dict[str, Any], Mapping[str, Any]]]:
    """Return the last reconciliation of each control, system and window, whatever label it is stored under, with its inputs."""
    rows = sorted((row for row in landings(store) if row["window"].startswith(RECONCILED)), key=lambda row: row["landed_at"])
    newest = {(row["control"], row["system"], row["window"]): row for row in rows}

    def inputs(row: dict[str, Any]) -> Mapping[str, Any]:
        manifest = read_manifest(store.read(row["manifest_key"], None) or b"", row["manifest_key"])
        said: Mapping[str, Any] = manifest.predicate["ipe"]["inputs"]
        return said

    with ThreadPoolExecutor(_WORKERS) as pool:
        return dict(zip(newest, zip(newest.values(), pool.map(inputs, newest.values()), strict=True), strict=True))


def _is_current(program: Program, facts: Facts, each: Owed, inputs: Mapping[str, Any], now: datetime) -> bool:
    try:
        return inputs_of(program, facts, each, now).are_those_of(inputs)
    except ConfigurationError:  # its task says so
        return False


def reconciliations_due(
    store: S3Store, program: Program, facts: Facts, period: ObservationPeriod, now: datetime
) -> list[tuple[str, str, str]]:
    """Return control, reconciliation and window of each that can be made now and has not been, or was made of something else.

    It waits while a window of either side is awaited. One whose other side is no control of the program is due as well, once its
    window is over, and says so when it is run.
    """
    made = _reconciled(store)
    due = []
    for each in owed(program, period):
        try:
            inputs = inputs_of(program, facts, each, now)
            waits = bool(inputs.awaited)
        except ConfigurationError:
            inputs, waits = None, not each.window.is_over(now)
        _, said = made.get((each.control, each.rule.system, each.key), (None, None))
        if not waits and (inputs is None or said is None or not inputs.are_those_of(said)):
            due.append((each.control, each.rule.id, each.window.key))
    return due


def find_reconciled(
    reconciled: Sequence[ReconciledWindow], control: str, reconciliation: str, window: str | None
) -> ReconciledWindow:
    """Return the one window of a control's reconciliation that was reconciled, named where there are several.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    named = (control, reconciliation)
    found = [each for each in reconciled if (each.control, each.reconciliation) == named and window in (None, each.of)]
    return one_of(found, f"reconciliation of {control} {reconciliation} {window or ''}", reconciled)


def reconciliation_points(program: Program, period: ObservationPeriod, reconciled: Sequence[ReconciledWindow]) -> list[str]:
    """Return what of a period's reconciliations is still open, for a person to read.

    Each window that is owed one has been reconciled, of what stands now, and every difference is explained.
    """
    made = {(each.control, each.reconciliation, each.of): each for each in reconciled}
    points = []
    for each in owed(program, period):
        name = f"{each.control}: reconciliation {each.rule.id} of window {each.window.key}"
        found = made.get((each.control, each.rule.id, each.window.key))
        if found is None:
            points.append(f"{name} is not made")
        elif not found.is_current:
            points.append(f"{name} was made of something else than what stands now")
        elif found.unexplained:
            points.append(f"{name}: {found.unexplained} differences are not explained")
    return points
