# SPDX-License-Identifier: Apache-2.0
"""What true-ups of a period found, which are due, and which of their differences somebody has explained.

`Differences` is what every comparison has, a reconciliation too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from tieout.audit.explanations import Explanation, alike, explain
from tieout.audit.true_up import TRUE_UP_TYPE
from tieout.criteria.periods import TRUE_UP, ObservationPeriod
from tieout.errors import ConfigurationError
from tieout.evidence.records import Record, RecordKind
from tieout.evidence.store import S3Store
from tieout.flows.index import landings
from tieout.flows.status import Facts, Program, read_records, status
from tieout.flows.true_up import landed_parts, owed_until, trued_up

_NEVER = datetime.min.replace(tzinfo=UTC)
_SHOWN = 20
D = TypeVar("D", bound="Differences")


@dataclass(frozen=True, slots=True)
class Differences:
    """What one landing says of one system of one control: rows that differ, and why, where somebody has said so."""

    FACT: ClassVar[str]
    """Under what name a record says that it explains some of them."""
    COLUMNS: ClassVar[str]
    """Column that names the columns in which a row differs."""

    control: str
    system: str
    window: str
    landing: str
    manifest_key: str
    start: datetime
    end: datetime
    collected_at: datetime
    differences: tuple[tuple[dict[str, Any], str | None], ...]
    """Each row, and its explanation."""

    @property
    def unexplained(self) -> int:
        """Differences that nobody has explained."""
        return sum(reason is None for _, reason in self.differences)

    @property
    def name(self) -> str:
        """What it is called to a person."""
        return f"{self.control} {self.system}"


@dataclass(frozen=True, slots=True)
class TrueUp(Differences):
    """The last true-up of one system of one control in a period; rows of `TRUE_UP_TYPE`."""

    FACT: ClassVar[str] = "true_up"
    COLUMNS: ClassVar[str] = "changed_columns"


def read_true_ups(store: S3Store, period: ObservationPeriod, folder: Path) -> list[TrueUp]:
    """Return the last true-up of each control and system of a period, with the explanations that stand.

    Args:
        store: The evidence bucket.
        period: The period.
        folder: Work folder.
    """
    made = [row for row in landings(store, period=period.id) if row["window"].startswith(TRUE_UP)]
    newest = {(row["control"], row["system"]): row for row in sorted(made, key=lambda row: row["collected_at"])}
    said = explanations_of(read_records(store), TrueUp.FACT)
    return [
        TrueUp(**read_differences(store, row, TRUE_UP_TYPE, said.get(slot, []), folder)) for slot, row in sorted(newest.items())
    ]


def explanations_of(records: Iterable[Record], fact: str) -> dict[tuple[str, str], list[Explanation]]:
    """Return what records explain under a name (`Differences.FACT`), by control and system, in their order."""
    said: dict[tuple[str, str], list[Explanation]] = {}
    for record in records:
        if record.kind is RecordKind.EXPLAINED and fact in record.facts:
            each = Explanation.stated(record.reason, record.facts[fact])
            said.setdefault((record.place.control, record.system), []).append(each)
    return said


def read_differences(
    store: S3Store, row: Mapping[str, Any], evidence_type: str, said: Sequence[Explanation], folder: Path
) -> dict[str, Any]:
    """Return the fields of `Differences`, read from a landing and checked against its manifest."""
    parts = landed_parts(store, dict(row), evidence_type.partition(".")[0], folder) if row["rows"] else ()
    rows = [each for part in parts for each in part.to_pylist()]
    explained = explain(rows, row["landing"], said)
    return {
        **{name: row[name] for name in ("control", "system", "window", "landing", "manifest_key", "collected_at")},
        "start": row["effective_from"],
        "end": row["effective_to"],
        "differences": tuple((dict(each), reason) for each, reason in explained),
    }


def true_ups_due(
    store: S3Store, program: Program, facts: Facts, period: ObservationPeriod, now: datetime
) -> list[tuple[str, str]]:
    """Return control and system of each true-up of an ended period that is due.

    None was made since the period's end, and no regular extraction is awaited, whose rows it would find missing.
    """
    end = period.end(program.scope.zone)
    done = {
        (row["control"], row["system"]): row["effective_to"]
        for row in landings(store, period=period.id)
        if row["window"].startswith(TRUE_UP) and row["collected_at"] >= end
    }
    awaited = {
        (standing.control, system)
        for standing in status(program, facts, period, now).controls
        for _, system in standing.extractions.awaited
    }
    return [
        slot
        for slot in trued_up(program, period)
        if done.get(slot, _NEVER) < owed_until(program, slot[0], period) and slot not in awaited
    ]


def find_differences(true_ups: Sequence[TrueUp], control: str, system: str | None) -> TrueUp:
    """Return the one true-up of a control, and of a system where it has several.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    found = [each for each in true_ups if each.control == control and system in (None, each.system)]
    return one_of(found, f"true-up of {control} {system or ''}", true_ups)


def one_of(found: Sequence[D], what: str, listed: Sequence[Differences]) -> D:
    """Return the only one found.

    Raises:
        ConfigurationError: There is none, or more than one; the message lists those there are.
    """
    if len(found) != 1:
        known = ", ".join(each.name for each in listed) or "none"
        msg = f"{what}: expected one, found {len(found)}. There are: {known}."
        raise ConfigurationError(msg)
    return found[0]


def rows_named(found: Differences, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the one difference that each text stands in the key of.

    Raises:
        ConfigurationError: A text stands in the key of none, or of several.
    """
    meant = []
    for text in texts:
        named = [row for row, _ in found.differences if text in row["row_key"]]
        if len(named) != 1:
            known = "; ".join(as_text(row) for row, _ in found.differences[:_SHOWN]) or "none"
            msg = f"row {text!r}: expected one difference of {found.name}, found {len(named)}. There are: {known}."
            raise ConfigurationError(msg)
        meant += named
    return meant


def as_text(row: Mapping[str, Any]) -> str:
    """Return a difference for a person to read."""
    key = " ".join(str(value) for name, value in json.loads(row["row_key"]).items() if name != "system")
    difference, columns = alike(row)
    meaning = f"  {row['meaning']}" if "meaning" in row else ""
    return f"{difference}{f' ({columns})' if columns else ''}  {row['window']}  {key}{meaning}"
