# SPDX-License-Identifier: Apache-2.0
"""The index: one row per landing, in Parquet, by observation period. What the UI, the CLI and an auditor query.

It says nothing that a manifest does not: it is derived, rolled by the digest principal after each digest, and can be built
anew from the manifests. A file holds the landings that its digest found new, so that a period's index is the union of its
files; what no file holds yet is read live. Paths of a query: ``index/observation_period=*/*.parquet``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.errors import CannotCheck
from tieout.evidence.manifest import Manifest
from tieout.times import parse_instant

_TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("landing", pa.string(), nullable=False),
        pa.field("control", pa.string(), nullable=False),
        pa.field("window", pa.string(), nullable=False),
        pa.field("system", pa.string(), nullable=False),
        pa.field("evidence_type", pa.string(), nullable=False),
        pa.field("effective_from", _TIME, nullable=False),
        pa.field("effective_to", _TIME, nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("rows_sha256", pa.string(), nullable=False),
        pa.field("potential_deviations", pa.int64(), nullable=False),
        pa.field("performances", pa.list_(pa.struct([("name", pa.string()), ("day", pa.date32())]))),
        pa.field("events_on_time", pa.int64()),
        pa.field("events_late", pa.int64()),
        pa.field("events_not_performed", pa.int64()),
        pa.field("events_pending", pa.int64()),
        pa.field("events_not_determinable", pa.int64()),
        pa.field("events_pending_until", pa.date32()),
        pa.field("extraction_state", pa.string(), nullable=False),
        pa.field("lag_seconds", pa.int64(), nullable=False),
        pa.field("collected_at", _TIME, nullable=False),
        pa.field("landed_at", _TIME, nullable=False),
        pa.field("control_sha256", pa.string(), nullable=False),
        pa.field("statement_version", pa.int64(), nullable=False),
        pa.field("contract_version", pa.string(), nullable=False),
        pa.field("contract_sha256", pa.string(), nullable=False),
        pa.field("retain_until", _TIME, nullable=False),
        pa.field("supersedes", pa.string()),
        pa.field("supersede_reason", pa.string()),
        pa.field("manifest_key", pa.string(), nullable=False),
        pa.field("manifest_sha256", pa.string(), nullable=False),
        pa.field("parts", pa.list_(pa.string()), nullable=False),
    ]
)
"""Columns of the index. Times are UTC; ``effective_from`` and ``effective_to`` are the window's, half-open.

``performances`` is null for a control per event, and ``events_*`` for a periodic one; their days are local to the program.
"""
_EVENTS = ("on_time", "late", "not_performed", "pending", "not_determinable")


def index_row(manifest: Manifest) -> dict[str, Any]:
    """Return what the index says of a landing."""
    said = manifest.predicate
    supersedes = said["supersedes"] or {}
    shown, events = said["performances"]["shown"], said["performances"]["events"] or {}
    pending_until = events.get("pending_until")
    return {
        "landing": manifest.landing,
        "control": said["control"]["id"],
        "window": said["window"]["key"],
        "system": said["system"],
        "evidence_type": said["contract"]["evidence_type"],
        "effective_from": parse_instant(said["window"]["from"]),
        "effective_to": parse_instant(said["window"]["to"]),
        "rows": said["population"]["rows"],
        "rows_sha256": said["population"]["rows_sha256"],
        "potential_deviations": said["potential_deviations"],
        "performances": None if shown is None else [{"name": each["name"], "day": _day(each["on"])} for each in shown],
        **{f"events_{name}": events.get(name) for name in _EVENTS},
        "events_pending_until": pending_until and _day(pending_until),
        "extraction_state": said["extraction"]["state"],
        "lag_seconds": said["extraction"]["lag_seconds"],
        "collected_at": parse_instant(said["times"]["collected_at"]["at"]),
        "landed_at": parse_instant(said["times"]["landed_at"]["at"]),
        "control_sha256": said["control"]["sha256"],
        "statement_version": said["control"]["statement_version"],
        "contract_version": said["contract"]["version"],
        "contract_sha256": said["contract"]["sha256"],
        "retain_until": parse_instant(said["retention"]["retain_until"]),
        "supersedes": supersedes.get("landing"),
        "supersede_reason": supersedes.get("reason"),
        "manifest_key": manifest.key,
        "manifest_sha256": manifest.sha256,
        "parts": [subject.key for subject in manifest.subjects if subject.role == "part"],
    }


def _day(text: str) -> date:
    return date.fromisoformat(text)


def index_table(manifests: Iterable[Manifest]) -> pa.Table:
    """Return the index of landings, sorted by manifest key."""
    rows = sorted((index_row(manifest) for manifest in manifests), key=lambda row: str(row["manifest_key"]))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def write_index(table: pa.Table) -> bytes:
    """Return an index as a Parquet file; equal rows and an equal writer give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def read_index(data: bytes, key: str) -> pa.Table:
    """Read an index file.

    Raises:
        CannotCheck: It is no Parquet file, or has other columns.
    """
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        msg = f"{key}: expected a Parquet file: malformed ({error})."
        raise CannotCheck(msg) from error
    if not table.schema.equals(SCHEMA, check_metadata=False):
        msg = f"{key}: expected the columns of the index, got {', '.join(table.schema.names)[:300]}."
        raise CannotCheck(msg)
    return table
