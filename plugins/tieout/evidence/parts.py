# SPDX-License-Identifier: Apache-2.0
"""Parquet parts: zstd, the contract's Arrow schema, rows in key order, and ``_landing`` in each row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.contracts.odcs import LANDING_COLUMN, Contract
from tieout.evidence.rowhash import rows_sha256, sort_rows
from tieout.files import file_sha256

_ROW_GROUP = 131_072
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
    ordered = sort_rows(rows.select([column.name for column in contract.columns]), contract.key)
    schema = contract.schema.append(pa.field(LANDING_COLUMN, pa.string(), nullable=False)).with_metadata(
        {
            "tieout.contract": f"{contract.id}:{contract.version}",
            "tieout.contract_sha256": contract.sha256,
            "tieout.landing": landing,
        }
    )
    parts = []
    for number, start in enumerate(range(0, max(ordered.num_rows, 1), part_rows)):
        block = ordered.slice(start, part_rows)
        path = folder / f"{contract.table}-{number:05}.parquet"
        marked = block.append_column(LANDING_COLUMN, pa.repeat(pa.scalar(landing, pa.string()), block.num_rows))
        pq.write_table(pa.table(marked.columns, schema=schema), path, compression="zstd", row_group_size=_ROW_GROUP)
        parts.append(
            Part(
                path=path,
                evidence_type=contract.evidence_type,
                table=contract.table,
                number=number,
                rows=block.num_rows,
                rows_sha256=rows_sha256(block),
                sha256=file_sha256(path),
                bytes=path.stat().st_size,
            )
        )
    return parts, parts[0].rows_sha256 if len(parts) == 1 else rows_sha256(ordered)
