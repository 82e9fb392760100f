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

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

from tieout.audit.evidence_queries import VIEWS
from tieout.errors import ConfigurationError, Missing, VerificationError
from tieout.evidence.index import index_table
from tieout.evidence.layout import EVIDENCE, MANIFESTS, Class, class_of, partition_values
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.sources import Evidence
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


class _Opened(io.RawIOBase):
    """A part that is open; it is closed with whoever reads it, as pyarrow closes no Python file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class _Files(fs.FileSystemHandler):  # type: ignore[misc]
    """The parts of an evidence source as pyarrow opens them: each in the version that its manifest names."""

    def __init__(self, evidence: Evidence, versions: Mapping[str, str | None]) -> None:
        self._evidence, self._versions = evidence, versions

    def get_type_name(self) -> str:
        return "tieout-evidence"

    def normalize_path(self, path: str) -> str:
        return path

    def open_input_file(self, path: str) -> pa.NativeFile:
        return pa.PythonFile(_Opened(opened(self._evidence, path, self._versions[path])), mode="r")

    open_input_stream = open_input_file

    def get_file_info(self, paths: Sequence[str]) -> list[fs.FileInfo]:
        kinds = {True: fs.FileType.File, False: fs.FileType.NotFound}
        return [fs.FileInfo(path, kinds[path in self._versions]) for path in paths]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = object.__hash__

    def _refused(self, *_: Any) -> Any:
        msg = "evidence is read, and nothing else"
        raise NotImplementedError(msg)

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = delete_file = move = copy_file = _refused
    open_output_stream = open_append_stream = get_file_info_selector = _refused


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


def _dataset(evidence: Evidence, parts: Sequence[_Part], schema: pa.Schema) -> ds.FileSystemDataset:
    there = [each for each in parts if evidence.exists(each.key)]
    files = fs.PyFileSystem(_Files(evidence, {each.key: each.version_id for each in there}))
    parquet = ds.ParquetFileFormat()
    fragments = [parquet.make_fragment(each.key, files, _place(each.key)) for each in there]
    return ds.FileSystemDataset(fragments, schema, parquet, files)


def _place(key: str) -> ds.Expression:
    values = partition_values(key)
    first, *rest = (ds.field(name) == ds.scalar(values[name]) for name in _PLACE)
    for each in rest:
        first &= each
    return first
