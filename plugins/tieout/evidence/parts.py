# SPDX-License-Identifier: Apache-2.0
"""Parquet parts: zstd, the contract's Arrow schema, rows in key order, and ``_landing`` in each row."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.contracts.odcs import LANDING_COLUMN, Contract
from tieout.evidence.rowhash import BLOCK_ROWS, RowsHash, key_order
from tieout.files import file_sha256

_ROW_GROUP = 2 * BLOCK_ROWS
WRITER = f"pyarrow {pa.__version__}"
"""Equal rows and an equal writer give equal bytes; the landing's id therefore knows the writer."""


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file, ready to land."""

    path: Path
    evidence_type: str
    table: str
    number: int
    rows: int
    rows_sha256: str
    sha256: str
    bytes: int


def write_parts(rows: pa.Table, contract: Contract, landing: str, folder: Path, part_rows: int) -> tuple[list[Part], str]:
    """Write a population as parts; a population of zero rows is one part of zero rows.

    Args:
        rows: In the contract's Arrow schema; columns that start with ``_`` are left out.
        contract: The contract.
        landing: Value of ``_landing``.
        folder: Where the files go.
        part_rows: Most rows in one part.

    Returns:
        The parts, and the hash over the rows of all of them.
    """
    rows = rows.select([column.name for column in contract.columns])
    order = key_order(rows, contract.key)
    with PartsWriter(contract, landing, folder, part_rows, rows.num_rows) as writer:
        for at in range(0, rows.num_rows, _ROW_GROUP):
            block = rows.slice(at, _ROW_GROUP) if order is None else rows.take(order.slice(at, _ROW_GROUP))
            writer.add(block)
    return writer.parts, writer.rows_hash


class PartsWriter:
    """Writes a population as parts while its rows come in, in key order; equal rows give equal bytes, however they are cut.

    Args:
        contract: The contract.
        landing: Value of ``_landing``.
        folder: Where the files go.
        part_rows: Most rows in one part.
        rows: How many rows will come.

    Attributes:
        parts: The parts, complete once the writer is closed; a population of zero rows is one part of zero rows.
    """

    def __init__(self, contract: Contract, landing: str, folder: Path, part_rows: int, rows: int) -> None:
        self.parts: list[Part] = []
        self._contract, self._landing, self._folder, self._part_rows = contract, landing, folder, part_rows
        self._names = [column.name for column in contract.columns]
        self._left = rows
        self._whole = RowsHash(contract.schema, rows) if rows > part_rows else None
        self._pending = contract.schema.empty_table()
        self._pool = ThreadPoolExecutor(1)
        self._part: _PartFile | None = None

    def __enter__(self) -> PartsWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._part is None:
            self._open()
        if kind is None:
            self._group(self._pending)
        if self._part is not None:
            self._close(self._part)
        self._pool.shutdown()

    @property
    def rows_hash(self) -> str:
        """The hash over the rows of all parts."""
        return self._whole.hexdigest() if self._whole else self.parts[0].rows_sha256

    def add(self, rows: pa.Table) -> None:
        """Take the next rows; columns that are not the contract's are left out."""
        pending = pa.concat_tables([self._pending, rows.select(self._names)])
        while pending.num_rows and pending.num_rows >= (size := self._open_group()):
            self._group(pending.slice(0, size))
            pending = pending.slice(size)
        self._pending = pending

    def _open_group(self) -> int:
        """Return how many rows the next row group has, its part open."""
        if self._part is not None and self._part.left == 0:
            self._close(self._part)
        return min(_ROW_GROUP, (self._part or self._open()).left)

    def _group(self, rows: pa.Table) -> None:
        """Write a row group on one core, while the other takes and hashes the next one."""
        if rows.num_rows == 0:
            return
        part = self._part or self._open()
        rows = rows.combine_chunks()  # pieces would show in the file's pages
        part.write(rows, self._landing, self._pool)
        if self._whole is not None:
            self._whole.update(rows)

    def _open(self) -> _PartFile:
        contract = self._contract
        schema = contract.schema.append(pa.field(LANDING_COLUMN, pa.string(), nullable=False)).with_metadata(
            {
                "tieout.contract": f"{contract.id}:{contract.version}",
                "tieout.contract_sha256": contract.sha256,
                "tieout.landing": self._landing,
            }
        )
        size = min(self._part_rows, self._left)
        self._left -= size
        path = self._folder / f"{contract.table}-{len(self.parts):05}.parquet"
        self._part = _PartFile(path, schema, RowsHash(contract.schema, size), size)
        return self._part

    def _close(self, part: _PartFile) -> None:
        self._part = None
        part.close()
        self.parts.append(
            Part(
                path=part.path,
                evidence_type=self._contract.evidence_type,
                table=self._contract.table,
                number=len(self.parts),
                rows=part.rows,
                rows_sha256=part.digest.hexdigest(),
                sha256=file_sha256(part.path),
                bytes=part.path.stat().st_size,
            )
        )


class _PartFile:
    """One Parquet file that is being written."""

    def __init__(self, path: Path, schema: pa.Schema, digest: RowsHash, rows: int) -> None:
        self.path, self.digest, self.rows, self.left = path, digest, rows, rows
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._written: Future[None] | None = None

    def write(self, rows: pa.Table, landing: str, pool: ThreadPoolExecutor) -> None:
        """Write a row group in the pool's thread, and hash it in this one."""
        marks = pa.repeat(pa.scalar(landing, pa.string()), rows.num_rows)
        marked = pa.table([*rows.columns, marks], schema=self._schema)
        self._wait()
        self._written = pool.submit(self._writer.write_table, marked, _ROW_GROUP)
        self.left -= rows.num_rows
        self.digest.update(rows)

    def close(self) -> None:
        """End the file."""
        self._wait()
        self._writer.close()

    def _wait(self) -> None:
        if self._written is not None:
            self._written.result()
            self._written = None
