# SPDX-License-Identifier: Apache-2.0
"""What true-ups of a period found, which are due, and which of their differences somebody has explained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tieout.audit.true_up import TRUE_UP_TYPE, Explanation, explain
from tieout.criteria.periods import TRUE_UP, ObservationPeriod
from tieout.errors import ConfigurationError
from tieout.evidence.records import RecordKind
from tieout.evidence.store import S3Store
from tieout.flows.index import landings
from tieout.flows.status import Facts, Program, read_records, status
from tieout.flows.true_up import landed_parts, owed_until

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TrueUp:
    """The last true-up of one system of one control in a period."""

    control: str
    system: str
    window: str
    landing: str
    manifest_key: str
    start: datetime
    end: datetime
    collected_at: datetime
    differences: tuple[tuple[dict[str, Any], str | None], ...]
    """Each row of `TRUE_UP_TYPE`, and its explanation."""

    @property
    def unexplained(self) -> int:
        """Differences that nobody has explained."""
        return sum(reason is None for _, reason in self.differences)


def read_true_ups(store: S3Store, period: ObservationPeriod, folder: Path) -> list[TrueUp]:
    """Return the last true-up of each control and system of a period, with the explanations that stand.

    Args:
        store: The evidence bucket.
        period: The period.
        folder: Work folder.
    """
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in landings(store, period=period.id):
        if row["window"].startswith(TRUE_UP):
            slot = (row["control"], row["system"])
            if slot not in newest or newest[slot]["collected_at"] < row["collected_at"]:
                newest[slot] = row
    explanations: dict[tuple[str, str], list[Explanation]] = {}
    for record in read_records(store):
        if record.kind is RecordKind.EXPLAINED and "true_up" in record.facts:
            each = Explanation(record.reason, **record.facts["true_up"])
            explanations.setdefault((record.place.control, record.system), []).append(each)
    found = []
    for slot, row in sorted(newest.items()):
        parts = landed_parts(store, row, TRUE_UP_TYPE.partition(".")[0], folder)
        rows = [each for part in parts for each in part.to_pylist()]
        said = explanations.get(slot, [])
        found.append(
            TrueUp(
                *slot, row["window"], row["landing"], row["manifest_key"], row["effective_from"], row["effective_to"],
                row["collected_at"], tuple((dict(each), reason) for each, reason in explain(rows, row["landing"], said)),
            )
        )  # fmt: skip
    return found


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
    return [
        (standing.control, source.system)
        for standing in status(program, facts, period, now).controls
        for source in program.controls[standing.control].systems
        if done.get((standing.control, source.system), _NEVER) < owed_until(program, standing.control, period)
        and all(system != source.system for _, system in standing.extractions.awaited)
    ]


def find_differences(true_ups: Sequence[TrueUp], control: str, system: str | None) -> TrueUp:
    """Return the one true-up of a control, and of a system where it has several.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    found = [each for each in true_ups if each.control == control and system in (None, each.system)]
    if len(found) != 1:
        known = ", ".join(f"{each.control} {each.system}" for each in true_ups) or "none"
        msg = f"true-up of {control} {system or ''}: expected one, found {len(found)}. There are: {known}."
        raise ConfigurationError(msg)
    return found[0]


def rows_named(found: TrueUp, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the one difference that each text stands in the key of.

    Raises:
        ConfigurationError: A text stands in the key of none, or of several.
    """
    meant = []
    for text in texts:
        named = [row for row, _ in found.differences if text in row["row_key"]]
        if len(named) != 1:
            known = "; ".join(as_text(row) for row, _ in found.differences[:20]) or "none"
            whose = f"{found.control} {found.system}"
            msg = f"row {text!r}: expected one difference of {whose}, found {len(named)}. There are: {known}."
            raise ConfigurationError(msg)
        meant += named
    return meant


def as_text(row: dict[str, Any]) -> str:
    """Return a difference for a person to read."""
    key = " ".join(str(value) for name, value in json.loads(row["row_key"]).items() if name != "system")
    what = f" ({row['changed_columns']})" if row["changed_columns"] else ""
    return f"{row['difference']}{what}  {row['window']}  {key}"
