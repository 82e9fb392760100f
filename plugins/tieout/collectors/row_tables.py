# SPDX-License-Identifier: Apache-2.0
"""Puts a collector's rows together into tables of a few thousand: one for each answer would cost more than its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import pyarrow as pa

from tieout.contracts.cast import POSITION_COLUMN

ROWS = 5000
Row = Mapping[str, str | bool | None]


def text(value: bool | int | None) -> str | None:
    """Return a value as rows hold it: ``true``, ``false``, digits; ``None`` stays what it is."""
    return None if value is None else str(value).lower()


def row_tables(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield rows as tables of text columns and `POSITION_COLUMN`, which counts from 1; at least one table, which may be empty."""
    following, start = iter(rows), 1
    while (batch := list(islice(following, ROWS))) or start == 1:
        arrays = {name: pa.array([_cell(row[name]) for row in batch], pa.string()) for name in columns}
        yield pa.table({**arrays, POSITION_COLUMN: pa.array(range(start, start + len(batch)), pa.int64())})
        start += max(1, len(batch))


def _cell(value: str | bool | None) -> str | None:
    return ("false", "true")[value] if isinstance(value, bool) else value
