# SPDX-License-Identifier: Apache-2.0
"""Rows that were made here, staged as an extraction stages those that it has read: they are judged and written like any other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.collectors.extraction import ROWS_FILE
from tieout.contracts.cast import POSITION_COLUMN
from tieout.contracts.odcs import Contract

Row = dict[str, Any]


class Staged:
    """Writes rows as an extraction stages them, into `ROWS_FILE` of a folder.

    Args:
        folder: Where.
        contract: Of the rows.
    """

    def __init__(self, folder: Path, contract: Contract) -> None:
        self._schema = pa.schema([*contract.schema, pa.field(POSITION_COLUMN, pa.int64(), nullable=False)])
        self._path, self._count = folder / ROWS_FILE, 0
        self._stack = ExitStack()

    def __enter__(self) -> Staged:
        sink = self._stack.enter_context(pa.OSFile(str(self._path), "wb"))
        self._writer = self._stack.enter_context(pa.ipc.new_stream(sink, self._schema))
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def add(self, rows: list[Row]) -> None:
        """Write some rows."""
        numbered = [{**row, POSITION_COLUMN: place} for place, row in enumerate(rows, start=self._count + 1)]
        self._writer.write_table(pa.Table.from_pylist(numbered, schema=self._schema))
        self._count += len(rows)


def staged_batches(folder: Path, names: list[str]) -> Iterator[pa.Table]:
    """Yield the staged rows again, piece by piece, in some columns."""
    with pa.OSFile(str(folder / ROWS_FILE)) as source:
        for batch in pa.ipc.open_stream(source):
            yield pa.Table.from_batches([batch]).select(names)
