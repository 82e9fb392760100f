# SPDX-License-Identifier: Apache-2.0
"""Finds rows in a Parquet part by the values of columns: row groups that can not hold them are never read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tieout.errors import CannotCheck, ConfigurationError
from tieout.times import parse_instant

_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row, and its number in the part, from 0."""

    number: int
    values: dict[str, Any]


def open_part(file: BinaryIO, key: str) -> pq.ParquetFile:
    """Read a part's footer.

    Raises:
        CannotCheck: It is no Parquet file.
    """
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError, ValueError) as error:
        msg = f"{key}: expected a Parquet file: malformed ({error})."
        raise CannotCheck(msg) from error


def search_part(part: pq.ParquetFile, wanted: Mapping[str, str], prefixes: Sequence[str], most: int) -> Iterator[FoundRow]:
    """Yield the rows whose columns have these values, in the part's order.

    Args:
        part: The part; its rows stand in key order, so that the statistics of few row groups cover a key.
        wanted: Values by column, as a person types them.
        prefixes: Columns of which a value may be the beginning; text only.
        most: No more rows than this.

    Raises:
        ConfigurationError: The part has no such column, or the value does not fit its type.
    """
    schema = part.schema_arrow
    bounds = {name: _bounds(schema, name, text, prefix=name in prefixes) for name, text in wanted.items()}
    start, left = 0, most
    for group in range(part.num_row_groups):
        rows = part.metadata.row_group(group).num_rows
        if _may_hold(part, group, bounds):
            keys = part.read_row_group(group, columns=list(bounds))
            numbers = pc.indices_nonzero(_mask(keys, bounds)).slice(0, left)
            if len(numbers):
                found = part.read_row_group(group).take(numbers)
                left -= found.num_rows
                pairs = zip(numbers.to_pylist(), found.to_pylist(), strict=True)
                yield from (FoundRow(start + number, values) for number, values in pairs)
        start += rows
        if left == 0:
            return


def _bounds(schema: pa.Schema, name: str, text: str, *, prefix: bool) -> tuple[Any, Any]:
    """Return the least and the greatest value that is meant."""
    if name not in schema.names:
        msg = f"column {name!r}: not in this evidence type. Its columns: {', '.join(schema.names)}."
        raise ConfigurationError(msg)
    kind = schema.field(name).type
    try:
        value = _typed(text, kind)
    except ValueError as error:
        msg = f"{name}={text}: expected a value of type {kind}: {error}."
        raise ConfigurationError(msg) from error
    return value, value + _LAST if prefix and isinstance(value, str) else value


def _typed(text: str, kind: pa.DataType) -> Any:
    if pa.types.is_string(kind):
        return text
    if pa.types.is_timestamp(kind):
        return parse_instant(text)
    if pa.types.is_date(kind):
        return date.fromisoformat(text)
    if pa.types.is_boolean(kind):
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else int(text) != 0
    return int(text) if pa.types.is_integer(kind) else float(text)


def _may_hold(part: pq.ParquetFile, group: int, bounds: Mapping[str, tuple[Any, Any]]) -> bool:
    """Whether the statistics of a row group leave room for what is wanted; a group that has none is read."""
    described = part.metadata.row_group(group)
    for index in range(described.num_columns):
        column = described.column(index)
        if column.path_in_schema in bounds and column.is_stats_set and column.statistics.has_min_max:
            low, high = bounds[column.path_in_schema]
            if high < column.statistics.min or column.statistics.max < low:
                return False
    return True


def _mask(rows: pa.Table, bounds: Mapping[str, tuple[Any, Any]]) -> pa.ChunkedArray:
    mask = pa.repeat(pa.scalar(True), rows.num_rows)
    for name, (low, high) in bounds.items():
        column = rows[name]
        inside = pc.and_(
            pc.greater_equal(column, pa.scalar(low, column.type)), pc.less_equal(column, pa.scalar(high, column.type))
        )
        mask = pc.and_(mask, pc.fill_null(inside, False))
    return mask
