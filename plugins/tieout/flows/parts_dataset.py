# SPDX-License-Identifier: Apache-2.0
"""Parquet parts as a dataset whose rows are read one part after the other, in Python.

pyarrow reads a dataset with threads of its own. Where its files are Python's, one of those can wait for the interpreter while the
interpreter waits for it: seen, and never to be seen again. So pyarrow says which parts a condition can concern, by their places,
without opening any, and they are read here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

Open = Callable[[str], BinaryIO]
_ROWS = 65_536


class PartsDataset(ds.FileSystemDataset):  # type: ignore[misc]
    """A dataset of parts; DuckDB asks it for a scanner, and reads that as a stream. Made by `parts_dataset`."""

    places: Mapping[str, Mapping[str, str]]
    open: Open

    def scanner(self, columns: Sequence[str] | None = None, filter: ds.Expression | None = None) -> Scan:
        """Return what reads the rows that a condition lets through, in the order of the parts."""
        return Scan(self, list(columns) if columns is not None else self.schema.names, filter)


class Scan:
    """One reading of a dataset."""

    def __init__(self, dataset: PartsDataset, columns: list[str], condition: ds.Expression | None) -> None:
        self._dataset, self._columns, self._condition = dataset, columns, condition

    @property
    def projected_schema(self) -> pa.Schema:
        """The columns that come."""
        return pa.schema([self._dataset.schema.field(name) for name in self._columns])

    def to_reader(self) -> pa.RecordBatchReader:
        """Return the rows as a stream; memory holds one batch."""
        return pa.RecordBatchReader.from_batches(self.projected_schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for fragment in self._dataset.get_fragments(filter=self._condition):
            yield from self._part(fragment.path)

    def _part(self, key: str) -> Iterator[pa.RecordBatch]:
        schema, place = self._dataset.schema, self._dataset.places[key]
        with self._dataset.open(key) as file:
            part = pq.ParquetFile(file, pre_buffer=False)
            names = part.schema_arrow.names
            # A condition may be about columns that are not asked for.
            wanted = names if self._condition is not None else [name for name in self._columns if name in names]
            for batch in part.iter_batches(_ROWS, columns=wanted, use_threads=False):
                table = pa.table([_column(batch, field, place) for field in schema], schema=schema)
                found = table.filter(self._condition) if self._condition is not None else table
                yield from found.select(self._columns).to_batches()


def _column(batch: pa.RecordBatch, field: pa.Field, place: Mapping[str, str]) -> Any:
    if field.name in place:
        return pa.repeat(pa.scalar(place[field.name], field.type), batch.num_rows)
    if field.name in batch.schema.names:
        return batch[field.name].cast(field.type)
    return pa.nulls(batch.num_rows, field.type)  # a column that the contract did not have yet


def parts_dataset(places: Mapping[str, Mapping[str, str]], schema: pa.Schema, open_part: Open) -> PartsDataset:
    """Return parts as a dataset.

    Args:
        places: Values of the place of each part, by its key: columns beside its own, by which parts are left unread.
        schema: Columns of all parts together, those of their places among them.
        open_part: Opens a part by its key.
    """
    parquet, nowhere = ds.ParquetFileFormat(), fs.LocalFileSystem()  # nothing is opened through it
    fragments = [parquet.make_fragment(key, nowhere, _expression(place)) for key, place in places.items()]
    made = PartsDataset(fragments, schema, parquet, nowhere)
    made.places, made.open = places, open_part
    return made


def _expression(place: Mapping[str, str]) -> ds.Expression:
    first, *rest = (ds.field(name) == ds.scalar(value) for name, value in place.items())
    for each in rest:
        first &= each
    return first
