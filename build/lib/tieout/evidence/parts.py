# SPDX-License-Identifier: Apache-2.0
"""Parquet parts: zstd, the contract's Arrow schema, rows in key order, and ``_landing`` in each row."""

from __future__ import annotations

from collections.abc import Iterator
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
    schema = contract.schema.append(pa.field(LANDING_COLUMN, pa.string(), nullable=False)).with_metadata(
        {
            "tieout.contract": f"{contract.id}:{contract.version}",
            "tieout.contract_sha256": contract.sha256,
            "tieout.landing": landing,
        }
    )
    whole = RowsHash(contract.schema, rows.num_rows)
    starts = range(0, max(rows.num_rows, 1), part_rows)
    parts = []
    for number, start in enumerate(starts):
        size = min(part_rows, rows.num_rows - start)
        path = folder / f"{contract.table}-{number:05}.parquet"
        own = RowsHash(contract.schema, size)
        blocks = _blocks(rows, order, start, size)
        _write(path, schema, landing, blocks, [own] if len(starts) == 1 else [own, whole])
        parts.append(
            Part(
                path=path,
                evidence_type=contract.evidence_type,
                table=contract.table,
                number=number,
                rows=size,
                rows_sha256=own.hexdigest(),
                sha256=file_sha256(path),
                bytes=path.stat().st_size,
            )
        )
    return parts, parts[0].rows_sha256 if len(parts) == 1 else whole.hexdigest()


def _blocks(rows: pa.Table, order: pa.Array | None, start: int, size: int) -> Iterator[pa.Table]:
    """Yield one part's rows in key order, a row group at a time."""
    for at in range(start, start + size, _ROW_GROUP):
        count = min(_ROW_GROUP, start + size - at)
        yield rows.slice(at, count) if order is None else rows.take(order.slice(at, count))


def _write(path: Path, schema: pa.Schema, landing: str, blocks: Iterator[pa.Table], hashes: list[RowsHash]) -> None:
    """Write row groups on one core, while the other takes and hashes the next one."""
    with pq.ParquetWriter(path, schema, compression="zstd") as writer, ThreadPoolExecutor(1) as pool:
        written: Future[None] | None = None
        for block in blocks:
            marks = pa.repeat(pa.scalar(landing, pa.string()), block.num_rows)
            marked = pa.table([*block.columns, marks], schema=schema)
            if written is not None:
                written.result()
            written = pool.submit(writer.write_table, marked, _ROW_GROUP)
            for digest in hashes:
                digest.update(block)
        if written is not None:
            written.result()
