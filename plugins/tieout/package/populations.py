# SPDX-License-Identifier: Apache-2.0
"""The populations of a package as CSV, numbered: of a whole period where its windows make one, else landing by landing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tieout.audit.evidence_queries import landing_query, population_query
from tieout.audit.spreadsheet import numbered, numbered_schema, write_csv
from tieout.contracts.odcs import LANDING_COLUMN
from tieout.criteria.periods import is_regular
from tieout.errors import ExtractionRefused
from tieout.flows.population import write_rows
from tieout.flows.sealed_population import PeriodPopulation
from tieout.flows.true_up import owed_days
from tieout.package.facts import Facts

MOST_ROWS = 5_000_000
"""Rows of a population that is put together in memory; a larger one is written landing by landing."""
_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class PeriodFile:
    """A file of rows.

    Attributes:
        name: Its path in the package.
        control: The control.
        system: Its system.
        of: ``period``, or the window of the landing.
        rows: Rows of the file.
        rows_in_landings: Rows of the landings that it was put together from: one that two windows show counts twice.
        seal: Of the population as it stands; empty for that of one landing.
        was_sealed: Whether it was sealed before (`tieout selection seal`).
        landing: The landing, where the file holds one.
        query: The statement that counts the rows again.
    """

    name: str
    control: str
    system: str
    of: str
    rows: int
    rows_in_landings: int
    seal: str
    was_sealed: bool
    landing: str
    query: str

    def as_row(self) -> dict[str, Any]:
        """Return it in the columns of its table."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return {"file": said.pop("name"), **said}


def write_populations(facts: Facts, folder: Path) -> Iterator[tuple[PeriodFile, Path]]:
    """Write the rows of each population that belongs to a package, one file after the other; whoever takes one may remove it.

    Args:
        facts: What the package says.
        folder: Work folder.

    Raises:
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        Tampered: The rows of a landing are not those that were signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    whole: set[tuple[str, str]] = set()
    for control, system in _histories(facts):
        found = _whole(facts, control, system, folder)
        if found is not None:
            whole.add((control, system))
            yield found
    for row in facts.standing:
        if not (is_regular(row["window"]) and (row["control"], row["system"]) in whole):
            yield _landed(facts, row, folder)


def _histories(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield control and system of each population whose windows make one, and that is not too large."""
    rows: dict[tuple[str, str], int] = {}
    for row in facts.standing:
        if is_regular(row["window"]):
            slot = row["control"], row["system"]
            rows[slot] = rows.get(slot, 0) + row["rows"]
    for (control, system), count in sorted(rows.items()):
        stated = facts.program.controls.get(control)
        is_history = stated is not None and stated.population.read_as == "history" and not stated.is_campaign
        if facts.period.type == 2 and is_history and count <= MOST_ROWS:
            yield control, system


def _whole(facts: Facts, control: str, system: str, folder: Path) -> tuple[PeriodFile, Path] | None:
    with TemporaryDirectory(dir=folder) as work:
        try:
            found = facts.population(control, system, Path(work))
        except ExtractionRefused:
            return None  # it covers no day of the period
    path = folder / "rows.csv"
    rows = found.rows.drop_columns([LANDING_COLUMN])
    write_csv(path, numbered_schema(rows.schema), numbered(rows.to_batches(_BATCH)))
    seals = {each.population.seal for each in facts.sealed}
    described = PeriodFile(
        name=f"populations/{control}/{system}.csv", control=control, system=system, of="period", rows=found.sealed.rows,
        rows_in_landings=found.sealed.rows + found.repeated, seal=found.sealed.seal, was_sealed=found.sealed.seal in seals,
        landing="", query=_query(facts, found),
    )  # fmt: skip
    return described, path


def _query(facts: Facts, found: PeriodPopulation) -> str:
    control, calendar = facts.program.controls[found.sealed.control], facts.program.scope.calendar
    first, end = owed_days(control, facts.program.scope, facts.period)
    return population_query(
        found.sealed.evidence_type.partition(".v")[0], found.sealed.control, found.sealed.system, found.key,
        control.population.inclusion_date_field, calendar.midnight(first), calendar.midnight(end),
    )  # fmt: skip


def _landed(facts: Facts, row: dict[str, Any], folder: Path) -> tuple[PeriodFile, Path]:
    path = folder / "rows.csv"
    written = write_rows(facts.trusted, facts.manifests[row["landing"]], path)
    described = PeriodFile(
        name=f"populations/{row['control']}/{row['system']}-{row['window']}.csv", control=row["control"], system=row["system"],
        of=row["window"], rows=written, rows_in_landings=written, seal="", was_sealed=False, landing=row["landing"],
        query=landing_query(row["landing"]),
    )  # fmt: skip
    return described, path
