# SPDX-License-Identifier: Apache-2.0
"""Reads a Parquet file as text, row group by row group: every value exactly, times in UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ContractError

MAX_ROW_GROUP_BYTES = 512 * 1024 * 1024
"""A row group that unpacks to more is refused: it would have to stand in memory."""
_ROWS = 50_000
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class ParquetDrop:
    """A Parquet file that can be read.

    Attributes:
        page: The captured file.
        origin: What errors call it.
        columns: Its columns, or those that are read.
        records: Rows that its metadata states.
        zone: IANA zone of times that state none; ``None`` refuses them.
        how: How the rows were counted.
        notes: What the record says of it beyond that.
    """

    page: Path
    origin: str
    columns: tuple[str, ...]
    records: int
    zone: str | None
    how: str = "num_rows in the Parquet metadata"
    notes: tuple[str, ...] = ()

    def tables(self) -> Iterator[pa.Table]:
        """Read the rows batch by batch, all columns as text, with `POSITION_COLUMN`; at least one batch, be it empty.

        Raises:
            ContractError: The file is damaged, or a column has a type or a value that text can not state exactly.
        """
        import pyarrow.parquet as pq

        position = 1
        try:
            with pq.ParquetFile(self.page) as file:
                for batch in file.iter_batches(_ROWS, columns=list(self.columns)):
                    yield self._as_text(pa.Table.from_batches([batch]), position)
                    position += batch.num_rows
                if position == 1:
                    yield self._as_text(file.schema_arrow.empty_table().select(list(self.columns)), 1)
        except (pa.ArrowInvalid, OSError) as error:
            msg = f"{self.origin}: near row {position}: the file can not be read ({error}). It looks damaged: export it again."
            raise ContractError(msg) from error

    def _as_text(self, rows: pa.Table, start: int) -> pa.Table:
        arrays = {name: self._column(rows[name].combine_chunks(), name, start) for name in self.columns}
        return pa.table({**arrays, POSITION_COLUMN: pa.array(np.arange(start, start + rows.num_rows))})

    def _column(self, array: Any, name: str, start: int) -> Any:
        try:
            return _text(array, self.zone)
        except _Unfit as unfit:
            reason = str(unfit)
        except pa.ArrowInvalid as error:
            reason = f"a value can not be stated as text exactly ({error})"
        msg = (
            f"{self.origin}: rows {start} to {start + len(array) - 1}: column {name!r} of type {array.type}: {reason}. Nothing "
            f"lands for this window. Export it as text, or leave it out with the parameter 'columns'."
        )
        raise ContractError(msg)


class _Unfit(Exception):
    """Why a column can not become text."""


def read_parquet(page: Path, origin: str, wanted: Sequence[str] | None, zone: str | None) -> ParquetDrop:
    """Read a captured Parquet file's metadata.

    Args:
        page: The file as it came.
        origin: What errors call it.
        wanted: Columns to read; ``None`` reads all.
        zone: IANA zone of times that state none.

    Raises:
        ContractError: It is no whole Parquet file, a row group is larger than `MAX_ROW_GROUP_BYTES`, or a column is not there.
    """
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(page)
        names = metadata.schema.to_arrow_schema().names
    except (pa.ArrowInvalid, OSError) as error:
        msg = (
            f"{origin}: expected a Parquet file, and its metadata can not be read ({error}). It looks truncated: export it again."
        )
        raise ContractError(msg) from error
    largest = max((metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)), default=0)
    if largest > MAX_ROW_GROUP_BYTES:
        msg = (
            f"{origin}: expected row groups that unpack to at most {MAX_ROW_GROUP_BYTES} bytes, got one of {largest}. Write it "
            f"with smaller row groups."
        )
        raise ContractError(msg)
    if len(set(names)) != len(names):
        msg = f"{origin}: the schema names a column twice: {', '.join(names)}."
        raise ContractError(msg)
    columns = tuple(names if wanted is None else (name for name in wanted if name in names))
    return ParquetDrop(page, origin, columns, metadata.num_rows, zone)


def _text(array: Any, zone: str | None) -> Any:
    kind = array.type
    if pa.types.is_dictionary(kind):
        array, kind = array.dictionary_decode(), kind.value_type
    if pa.types.is_floating(kind):
        return _numbers(array)
    if pa.types.is_timestamp(kind):
        return pc.strftime(_instants(array, zone), "%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_date(kind):
        return array.cast(pa.date32()).cast(pa.string())
    if pa.types.is_nested(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind) or pa.types.is_interval(kind):
        msg = "no text of it is agreed"
        raise _Unfit(msg)
    return array.cast(pa.string())


def _numbers(array: Any) -> Any:
    numbers = array.cast(pa.float64())
    whole = pc.fill_null(pc.and_(pc.is_finite(numbers), pc.equal(pc.trunc(numbers), numbers)), False)
    if pc.any(pc.and_(whole, pc.greater_equal(pc.abs(numbers), float(_EXACT))), min_count=0).as_py():
        msg = f"it holds a whole number of {_EXACT} or more, whose last digits a floating number loses"
        raise _Unfit(msg)
    integers = pc.if_else(whole, numbers, 0.0).cast(pa.int64()).cast(pa.string())
    return pc.if_else(whole, integers, array.cast(pa.string()))


def _instants(array: Any, zone: str | None) -> Any:
    if array.type.tz is None:
        if zone is None:
            msg = "its times state no zone: name it in the parameter 'time_zone', for example Europe/Berlin"
            raise _Unfit(msg)
        array = pc.assume_timezone(array, zone, ambiguous="raise", nonexistent="raise")
    return array.cast(pa.timestamp("us", tz=array.type.tz)).cast(pa.timestamp("us", tz="UTC"))
