# SPDX-License-Identifier: Apache-2.0
"""SQL over what landed, from a bucket or a copied folder: DuckDB reads the Parquet parts that manifests name, and no others.

    landings          a row for each landing, as the index has it
    standing          those that no other supersedes; is_regular("window") tells the windows that a schedule extracts
    <evidence type>   rows of landings that stand: change_record, rule_result, deviation ...
    all_<type>        rows of every landing, those that another has superseded among them
    manifests         of each landing: how many objects its manifest names
    dropped           rows that were read and are no part of a population, with the reason, by landing
    redacted          what was blotted out in raw pages before they were stored, by landing
    records           every record, with its facts as JSON
    responses         every response, with its answer as JSON

Each row has ``observation_period``, ``control`` and ``window`` beside its own columns; a condition on one of these leaves the
parts of all others unread. Nothing else can be reached from a query: no file, no network. Signatures are not checked: `tieout
verify` does that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.audit.evidence_queries import VIEWS
from tieout.errors import ConfigurationError, Missing, VerificationError
from tieout.evidence.index import index_table
from tieout.evidence.layout import EVIDENCE, MANIFESTS, Class, class_of, partition_values
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.sources import Evidence
from tieout.flows.parts_dataset import PartsDataset, parts_dataset
from tieout.flows.query_documents import add_documents, add_manifests
from tieout.flows.trusted import opened

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_WORKERS = 8
_PLACE = ("observation_period", "control", "window")
ALL = "all_"


@dataclass(frozen=True, slots=True)
class _Part:
    key: str
    version_id: str | None
    contract_sha256: str
    stands: bool


@contextmanager
def evidence_database(evidence: Evidence, manifests: Sequence[Manifest] | None = None) -> Iterator[DuckDBPyConnection]:
    """Open a database in which every evidence type is a table.

    Args:
        evidence: A bucket or a copy.
        manifests: Of its landings; ``None`` where they are to be read.

    Raises:
        CannotCheck: The copy can not be read.
    """
    import duckdb

    manifests = _manifests(evidence) if manifests is None else manifests
    superseded = {(each.predicate.get("supersedes") or {}).get("landing") for each in manifests}
    tables: dict[str, list[_Part]] = {}
    for manifest in manifests:
        for part in _parts(manifest, evidence, stands=manifest.landing not in superseded):
            tables.setdefault(part.key.removeprefix(EVIDENCE).partition("/")[0], []).append(part)
    with duckdb.connect(":memory:", config={"threads": "2"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("landings", index_table(manifests))
        add_manifests(connection, manifests)
        for statement in VIEWS:
            connection.execute(statement)
        for name, parts in sorted(tables.items()):
            schema = _schema(evidence, parts)
            for view, some in ((name, [each for each in parts if each.stands]), (f"{ALL}{name}", parts)):
                connection.register(view, _dataset(evidence, some, schema))
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def run_query(connection: DuckDBPyConnection, sql: str, evidence: Evidence | None = None) -> pa.Table:
    """Return what a query finds.

    Args:
        connection: From `evidence_database`.
        sql: One SELECT statement.
        evidence: Where records and responses are read, once the statement names them.

    Raises:
        ConfigurationError: It is none that can be run; the message says why, as DuckDB does, and which tables there are.
    """
    import duckdb

    if evidence is not None:
        add_documents(connection, evidence, sql)
    try:
        found = connection.sql(sql)
    except duckdb.Error as error:
        tables = ", ".join(sorted(name for (name,) in connection.sql("SHOW TABLES").fetchall()))
        msg = f"query: {error}\nTables: {tables}."
        raise ConfigurationError(msg) from error
    if found is None:
        msg = "query: expected a SELECT statement, got one that returns nothing."
        raise ConfigurationError(msg)
    return found.to_arrow_table()


def _manifests(evidence: Evidence) -> list[Manifest]:
    def one(key: str) -> Manifest | None:
        first = evidence.first_version(key)
        try:
            return read_manifest(evidence.read(key, first.version_id if first else None) or b"", key)
        except VerificationError:
            return None

    keys = sorted(key for key in evidence.keys(MANIFESTS) if class_of(key) is Class.MANIFEST)
    with ThreadPoolExecutor(_WORKERS) as pool:
        return [manifest for manifest in pool.map(one, keys) if manifest is not None]


def _parts(manifest: Manifest, evidence: Evidence, *, stands: bool) -> Iterator[_Part]:
    sha256 = manifest.predicate["contract"]["sha256"]
    for subject in manifest.subjects:
        if subject.role == "part":
            version = subject.version_id if evidence.profile == "bucket" else None
            yield _Part(subject.key, version, sha256, stands)


def _schema(evidence: Evidence, parts: Iterable[_Part]) -> pa.Schema:
    """Return the columns of an evidence type: those of every version of its contract that rows landed under."""
    of_contract = {each.contract_sha256: each for each in parts}
    found = []
    for each in of_contract.values():
        try:
            with opened(evidence, each.key, each.version_id) as file:
                found.append(pq.read_schema(file).remove_metadata())
        except Missing:
            continue  # a copy may hold a part of the evidence
    return pa.unify_schemas([*found, pa.schema([(name, pa.string()) for name in _PLACE])], promote_options="permissive")


def _dataset(evidence: Evidence, parts: Sequence[_Part], schema: pa.Schema) -> PartsDataset:
    there = {each.key: each for each in parts if evidence.exists(each.key)}

    def part(key: str) -> BinaryIO:
        return opened(evidence, key, there[key].version_id)

    return parts_dataset({key: _place(key) for key in there}, schema, part)


def _place(key: str) -> dict[str, str]:
    values = partition_values(key)
    return {name: values[name] for name in _PLACE}
