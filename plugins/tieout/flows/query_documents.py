# SPDX-License-Identifier: Apache-2.0
"""Signed documents as tables of a database: what manifests name and drop, records with their facts, responses with answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tieout.errors import VerificationError
from tieout.evidence.layout import MANIFESTS, RESPONSES, Class, class_of, partition_values
from tieout.evidence.manifest import Manifest
from tieout.evidence.records import Record, read_record
from tieout.evidence.responses import Response, read_response
from tieout.evidence.sources import Evidence

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_WORKERS = 8
_TIME = pa.timestamp("us", tz="UTC")
_MANIFESTS = pa.schema([("landing", pa.string()), ("manifest_key", pa.string()), ("objects", pa.int64())])
_DROPPED = pa.schema([("landing", pa.string()), ("reason", pa.string()), ("rows", pa.int64())])
_REDACTED = pa.schema([("landing", pa.string()), ("page", pa.string()), ("what", pa.string()), ("count", pa.int64())])
_RECORD_TEXTS = ("key", "kind", "observation_period", "control", "window", "system", "landing", "reason", "by", "facts")
_RECORDS = pa.schema([*((name, pa.string()) for name in _RECORD_TEXTS), ("objects", pa.int64()), ("recorded_at", _TIME)])
_RESPONSE_TEXTS = ("key", "observation_period", "control", "campaign", "assignment", "person", "answer")
_RESPONSES = pa.schema([*((name, pa.string()) for name in _RESPONSE_TEXTS), ("stored_at", _TIME)])


def add_manifests(connection: DuckDBPyConnection, manifests: Sequence[Manifest]) -> None:
    """Add the tables ``manifests``, ``dropped`` and ``redacted``."""
    connection.register("manifests", pa.Table.from_pylist([_manifest_row(each) for each in manifests], schema=_MANIFESTS))
    dropped = [row for each in manifests for row in _drops(each)]
    connection.register("dropped", pa.Table.from_pylist(dropped, schema=_DROPPED))
    redacted = [row for each in manifests for row in _redactions(each)]
    connection.register("redacted", pa.Table.from_pylist(redacted, schema=_REDACTED))


def add_documents(connection: DuckDBPyConnection, evidence: Evidence, sql: str) -> None:
    """Add the tables of records and responses where a statement names them: there may be a hundred thousand.

    Args:
        connection: From `evidence_database`.
        evidence: The same.
        sql: The statement.
    """
    tables = {"records": (Class.RECORD, MANIFESTS, _RECORDS), "responses": (Class.RESPONSE, RESPONSES, _RESPONSES)}
    for name, (kind, prefix, schema) in tables.items():
        if re.search(rf"\b{name}\b", sql, re.IGNORECASE):
            connection.register(name, pa.Table.from_pylist(list(_documents(evidence, prefix, kind)), schema=schema))


def _manifest_row(manifest: Manifest) -> dict[str, Any]:
    return {"landing": manifest.landing, "manifest_key": manifest.key, "objects": len(manifest.subjects)}


def _drops(manifest: Manifest) -> Iterator[dict[str, Any]]:
    for drop in manifest.predicate["ipe"].get("drops", ()):
        yield {"landing": manifest.landing, "reason": drop["reason"], "rows": drop["rows"]}


def _redactions(manifest: Manifest) -> Iterator[dict[str, Any]]:
    for page in manifest.predicate["ipe"].get("pages", ()):
        for said in page.get("redactions", ()):
            yield {"landing": manifest.landing, "page": page.get("name"), "what": said.get("what"), "count": said.get("count")}


def _documents(evidence: Evidence, prefix: str, kind: Class) -> Iterator[dict[str, Any]]:
    def one(key: str) -> dict[str, Any] | None:
        first = evidence.first_version(key)
        data = evidence.read(key, first.version_id if first else None) or b""
        try:
            return _record_row(read_record(data, key)) if kind is Class.RECORD else _response_row(read_response(data, key), key)
        except VerificationError:
            return None

    keys = sorted(key for key in evidence.keys(prefix) if class_of(key) is kind)
    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from (row for row in pool.map(one, keys) if row is not None)


def _record_row(record: Record) -> dict[str, Any]:
    place = record.place
    return {
        "key": record.key, "kind": record.kind.value, "observation_period": place.observation_period, "control": place.control,
        "window": place.window, "system": record.system, "landing": record.landing, "reason": record.reason, "by": record.by,
        "recorded_at": record.at, "objects": len(record.objects), "facts": json.dumps(record.facts),
    }  # fmt: skip


def _response_row(response: Response, key: str) -> dict[str, Any]:
    label = partition_values(key)["observation_period"]
    return {
        "key": key, "observation_period": label, "control": response.control, "campaign": response.campaign,
        "assignment": response.assignment, "person": response.person, "stored_at": response.at,
        "answer": json.dumps(response.answer),
    }  # fmt: skip
