# SPDX-License-Identifier: Apache-2.0
"""The tables of the evidence workbook: controls, populations, performances, deviations, selections, what was taken away. Pure.

Each is a table of facts that the evidence says, so that every figure can be found again by a query over it (`tieout query`).
Nothing is left out because of what management says of it, and nothing is concluded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa

from tieout.audit.workbook import BookTable
from tieout.criteria.controls import Control
from tieout.criteria.standing import Standing
from tieout.evidence.register import RegisterRow

_TIME = pa.timestamp("us", tz="UTC")
_AT_ONCE = 5_000
_TEXT = pa.string()


def controls_table(controls: Mapping[str, Control], standings: Iterable[Standing]) -> BookTable:
    """Return the controls of a period with every statement that was in force in it.

    Args:
        controls: By id.
        standings: Of the period.
    """
    columns = pa.schema([
        ("control", _TEXT), ("title", _TEXT), ("statement_version", pa.int64()), ("effective_from", pa.date32()),
        ("statement", _TEXT), ("owner", _TEXT), ("nature", _TEXT), ("operation", _TEXT), ("frequency", _TEXT),
        ("criteria", _TEXT),
    ])  # fmt: skip

    def rows() -> Iterator[dict[str, Any]]:
        for standing in standings:
            control = controls[standing.control]
            for statement in control.statements:
                if statement.version in standing.statement_versions:
                    yield {
                        "control": standing.control, "title": control.title, "statement_version": statement.version,
                        "effective_from": statement.effective_from, "statement": statement.text, "owner": control.owner,
                        "nature": control.nature, "operation": control.operation, "frequency": standing.every,
                        "criteria": ", ".join(standing.criteria),
                    }  # fmt: skip

    return BookTable("controls", columns, batches(rows(), columns))


def populations_table(index: Iterable[Mapping[str, Any]]) -> BookTable:
    """Return the landings of a period, those that stand and those that were superseded, as the index has them."""
    names = ("control", "system", "window", "evidence_type", "rows", "potential_deviations", "extraction_state", "lag_seconds")
    columns = pa.schema([
        ("control", _TEXT), ("system", _TEXT), ("window", _TEXT), ("evidence_type", _TEXT), ("rows", pa.int64()),
        ("potential_deviations", pa.int64()), ("extraction_state", _TEXT), ("lag_seconds", pa.int64()), ("collected_at", _TIME),
        ("landed_at", _TIME), ("stands", pa.bool_()), ("landing", _TEXT), ("rows_sha256", _TEXT), ("manifest_key", _TEXT),
        ("supersedes", _TEXT), ("supersede_reason", _TEXT),
    ])  # fmt: skip
    listed = list(index)
    superseded = {row["supersedes"] for row in listed}
    more = ("collected_at", "landed_at", "landing", "rows_sha256", "manifest_key", "supersedes", "supersede_reason")
    rows = ({**{name: row[name] for name in (*names, *more)}, "stands": row["landing"] not in superseded} for row in listed)
    return BookTable("populations", columns, batches(rows, columns))


def performances_table(standings: Iterable[Standing]) -> BookTable:
    """Return every performance of a period: due, late, not performed, not determinable; of events, how many of each."""
    columns = pa.schema([
        ("control", _TEXT), ("system", _TEXT), ("performance", _TEXT), ("state", _TEXT), ("due", pa.date32()),
        ("performed_on", pa.date32()), ("on_time", pa.int64()), ("late", pa.int64()), ("not_performed", pa.int64()),
        ("pending", pa.int64()), ("not_determinable", pa.int64()), ("explanation", _TEXT), ("document", _TEXT),
    ])  # fmt: skip

    def rows() -> Iterator[dict[str, Any]]:
        for standing in standings:
            for each in standing.performances:
                events, names = each.events, ("on_time", "late", "not_performed", "pending", "not_determinable")
                counts = {name: getattr(events, name) if events else None for name in names}
                yield {
                    "control": standing.control, "system": each.system, "performance": each.key, "state": each.state.value,
                    "due": each.due, "performed_on": each.performed_on, "explanation": each.explanation,
                    "document": each.document, **counts,
                }  # fmt: skip

    return BookTable("performances", columns, batches(rows(), columns))


def deviations_table(rows: Iterable[Mapping[str, Any]], columns: pa.Schema) -> BookTable:
    """Return the register of deviations, those in evidence no more among them.

    Args:
        rows: `tieout.audit.deviations.Deviation.as_row`, each with its control.
        columns: Of its contract; the control comes before them.
    """
    whole = pa.schema([pa.field("control", _TEXT), *columns])
    return BookTable("deviations", whole, batches(rows, whole))


def selections_table(selections: Iterable[tuple[Mapping[str, Any], Sequence[int]]]) -> BookTable:
    """Return each selected row: a line for each number, with the selection that it is of.

    Args:
        selections: Facts of each selection (``id``, ``control``, ``system``, ``method``, ``stage``, ``seal``, ``at``), and its
            rows.
    """
    columns = pa.schema([
        ("selection", _TEXT), ("control", _TEXT), ("system", _TEXT), ("method", _TEXT), ("stage", _TEXT), ("recorded_at", _TIME),
        ("number", pa.int64()), ("seal", _TEXT),
    ])  # fmt: skip

    def rows() -> Iterator[dict[str, Any]]:
        for facts, numbers in selections:
            for number in numbers:
                yield {
                    "selection": facts["id"], "control": facts["control"], "system": facts["system"], "method": facts["method"],
                    "stage": facts["stage"], "recorded_at": facts["at"], "number": number, "seal": facts["seal"],
                }  # fmt: skip

    return BookTable("selections", columns, batches(rows(), columns))


def taken_away_table(listed: Iterable[RegisterRow]) -> BookTable:
    """Return everything that did not become evidence, or was taken away from it (`tieout.evidence.register`)."""
    names = [each.name for each in fields(RegisterRow)]
    columns = pa.schema([(name, pa.int64() if name in ("rows", "objects") else _TEXT) for name in names])
    return BookTable("taken away", columns, batches((each.as_document() for each in listed), columns))


def batches(rows: Iterable[Mapping[str, Any]], columns: pa.Schema) -> Iterator[pa.Table]:
    """Yield rows in tables of some thousand each."""
    some: list[Mapping[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == _AT_ONCE:
            yield pa.Table.from_pylist(some, schema=columns)
            some = []
    yield pa.Table.from_pylist(some, schema=columns)
