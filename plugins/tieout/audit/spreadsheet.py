# SPDX-License-Identifier: Apache-2.0
"""Rows for people, as CSV and XLSX: numbered, whole, and with no text that a spreadsheet program would run as a formula.

A text is data, whatever it begins with. In CSV, where a program guesses, an apostrophe stands before it wherever a program could
take it for the beginning of a formula; in XLSX (`tieout.audit.workbook`) a cell states its type. Rows pass through batch by
batch: memory holds one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from tieout.audit.workbook import FORMULA_STARTS, SKIPPED, Written, complete, write_xlsx

__all__ = ["NUMBER", "Written", "neutralised", "numbered", "numbered_schema", "write_csv", "write_xlsx"]

NUMBER = "#"
"""Heading of the row numbers that `numbered` adds."""

# A program whose list separator is a semicolon begins a cell after one, and after a line break, also inside our quotes.
_SUSPECT = rf"(\A|[;\t\r\n]){SKIPPED}'*{FORMULA_STARTS}|\A[\t\r\n']"
_CELL_START = re.compile(rf"\A(?=[\t\r\n'])|(\A|[;\t\r\n])(?={SKIPPED}'*{FORMULA_STARTS})")


def neutralised(text: str) -> str:
    """Return a text for a CSV cell that no program runs: an apostrophe before whatever could begin a formula.

    One that begins with an apostrophe gets one more, so that the first is never the text's own.
    """
    return _CELL_START.sub(lambda found: f"{found.group(1) or ''}'", text)


def numbered(batches: Iterable[pa.Table | pa.RecordBatch]) -> Iterator[pa.Table]:
    """Add row numbers, from 1, as the first column, `NUMBER`."""
    count = 0
    for batch in batches:
        numbers = pa.array(range(count + 1, count + 1 + batch.num_rows), pa.int64())
        count += batch.num_rows
        yield pa.table([numbers, *batch.columns], names=[NUMBER, *batch.schema.names])


def numbered_schema(columns: pa.Schema) -> pa.Schema:
    """Return the columns of `numbered` rows."""
    return pa.schema([pa.field(NUMBER, pa.int64()), *columns])


def write_csv(path: Path, columns: pa.Schema, batches: Iterable[pa.Table | pa.RecordBatch]) -> Written:
    """Write rows as CSV: UTF-8, commas, every text quoted, line feeds; times as ``2026-03-05T14:30:00.000000Z``.

    An absent value is an empty cell, an empty text a quoted one. Equal rows give equal bytes.

    Args:
        path: Appears when it is complete.
        columns: Names and types of the rows.
        batches: Columns in this order; flat ones only.
    """
    rows = 0
    schema = pa.schema([(neutralised(field.name), _type(field.type)) for field in columns])
    with complete(path) as target, pa.OSFile(str(target), "wb") as sink, pa_csv.CSVWriter(sink, schema) as writer:
        for batch in batches:
            writer.write_table(pa.table([_column(column) for column in batch.columns], schema=schema))
            rows += batch.num_rows
    return Written(rows)


def _type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_timestamp(kind) else kind


def _column(column: Any) -> Any:
    """Return a column, an array or a chunked one, as the writer takes it."""
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    if not pa.types.is_string(column.type):
        return column
    suspect = pc.fill_null(pc.match_substring_regex(column, _SUSPECT), False)
    if not pc.any(suspect, min_count=0).as_py():
        return column
    pairs = zip(column.to_pylist(), suspect.to_pylist(), strict=True)
    return pa.array([neutralised(text) if flag else text for text, flag in pairs], pa.string())
