# SPDX-License-Identifier: Apache-2.0
"""A hash over rows rather than bytes, so that a re-encoded Parquet file can be told from a changed one.

Encoding ``tieout-rows-1``, for rows sorted by the contract's key (text by its UTF-8 bytes):

1. the RFC 8785 bytes of ``{"columns": [[name, type], ...], "encoding": "tieout-rows-1", "rows": "<count>"}``, and a line feed;
2. for each block of 65,536 rows, for each column: one byte per row, 1 where there is a value and 0 where there is none; then
   the values, an absent one as zero or as empty text:
   integers, floats, times (microseconds since 1970, UTC) as 8 bytes little-endian; dates (days since 1970) as 4; booleans as 1;
   text as one 4-byte little-endian length per row, then all the UTF-8 bytes.

``_landing`` and other columns that start with ``_`` are left out. The hash is SHA-256.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import rfc8785

ENCODING = "tieout-rows-1"
_BLOCK_ROWS = 65_536
_FIXED: dict[pa.DataType, tuple[pa.DataType, str]] = {
    pa.int64(): (pa.int64(), "<i8"),
    pa.float64(): (pa.float64(), "<f8"),
    pa.timestamp("us", tz="UTC"): (pa.int64(), "<i8"),
    pa.date32(): (pa.int32(), "<i4"),
    pa.bool_(): (pa.uint8(), "u1"),
}


def rows_sha256(rows: pa.Table) -> str:
    """Return the hash of rows that are sorted by their contract's key, in hexadecimal.

    Args:
        rows: Columns of the contract's types, in the contract's order; those that start with ``_`` do not count.
    """
    names = [name for name in rows.column_names if not name.startswith("_")]
    rows = rows.select(names)
    digest = hashlib.sha256()
    columns = [[field.name, str(field.type)] for field in rows.schema]
    digest.update(rfc8785.dumps({"columns": columns, "encoding": ENCODING, "rows": str(rows.num_rows)}) + b"\n")
    for start in range(0, rows.num_rows, _BLOCK_ROWS):
        block = rows.slice(start, _BLOCK_ROWS)
        for column in block.columns:
            for piece in _encoded(_one_array(column)):
                digest.update(piece)
    return digest.hexdigest()


def sort_rows(rows: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Return the rows in key order."""
    return rows.sort_by([(name, "ascending") for name in key])


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


def _encoded(array: pa.Array) -> list[bytes | memoryview]:
    valid = np.asarray(pc.cast(pc.is_valid(array), pa.uint8()))
    if pa.types.is_string(array.type):
        filled = pc.fill_null(array, "") if array.null_count else array
        lengths = np.asarray(pc.cast(pc.binary_length(filled), pa.uint32())).astype("<u4", copy=False)
        return [valid.data, lengths.data, _text_bytes(filled)]
    plain, layout = _FIXED[array.type]
    values = pc.fill_null(pc.cast(array, plain), 0)
    return [valid.data, np.asarray(values).astype(layout, copy=False).data]


def _text_bytes(array: pa.StringArray) -> bytes | memoryview:
    _, offsets, data = array.buffers()
    if data is None:
        return b""
    ends = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    return memoryview(data)[int(ends[0]) : int(ends[-1])]
