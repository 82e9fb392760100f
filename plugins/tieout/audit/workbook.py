# SPDX-License-Identifier: Apache-2.0
"""Writes rows as an XLSX workbook, in bounded memory, where every text is typed as text.

A text is an inline string, which no program evaluates; one that looks like a formula is marked (``quotePrefix``), so that
editing it does not make it one.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.errors import ConfigurationError
from tieout.times import instant

# What a program may skip before a formula, and what it takes for the beginning of one: also the full-width forms.
SKIPPED = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x20\u00a0\ufeff]*"
FORMULA_STARTS = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
SHEET_ROWS = 1_048_576
"""Rows of one sheet, the heading's among them; more rows go on in a further sheet."""
CELL_CHARACTERS = 32_767
"""What a cell holds, in UTF-16 units."""
CUT = " [cut here: the CSV holds the whole text]"

_SUSPECT = re.compile(rf"\A({SKIPPED}{FORMULA_STARTS}|[\t\r\n])")
_SAFE_INTEGER = 10**15
_FIRST_DAY = date(1900, 3, 1)
"""The first day that a sheet counts right."""
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@dataclass(frozen=True, slots=True)
class Written:
    """What a file holds: rows without the heading, sheets, and texts that were too long for a cell and say that they were cut."""

    rows: int
    sheets: int = 1
    cut: int = 0


def write_xlsx(
    path: Path, columns: pa.Schema, batches: Iterable[pa.Table | pa.RecordBatch], *, sheet_rows: int = SHEET_ROWS
) -> Written:
    """Write rows as XLSX: sheets ``rows``, ``rows 2`` ..., each with the heading in its first line.

    Numbers are numbers. Times are dates of the sheet, to the millisecond, with UTC in the heading. What a sheet can not hold
    exactly, an integer of more than 15 digits, a day before March 1900, infinity, is text. Equal rows give equal bytes.

    Args:
        path: Appears when it is complete.
        columns: Names and types of the rows.
        batches: Columns in this order; flat ones only.
        sheet_rows: Lines of one sheet.

    Raises:
        ConfigurationError: XlsxWriter is not installed.
    """
    [written] = write_book(path, [BookTable("rows", columns, batches)], sheet_rows=sheet_rows)
    return written


@dataclass(frozen=True, slots=True)
class BookTable:
    """One table of a workbook: the name of its sheet, its columns, and its rows."""

    name: str
    columns: pa.Schema
    batches: Iterable[pa.Table | pa.RecordBatch]


def write_book(path: Path, tables: Iterable[BookTable], *, sheet_rows: int = SHEET_ROWS) -> list[Written]:
    """Write tables as the sheets of one workbook, in their order, each as `write_xlsx` writes one; memory holds one batch.

    Args:
        path: Appears when it is complete.
        tables: Their names differ, and have at most 27 characters, letters, digits and blanks.
        sheet_rows: Lines of one sheet.

    Returns:
        What each table came to.

    Raises:
        ConfigurationError: XlsxWriter is not installed.
    """
    try:
        import xlsxwriter
    except ModuleNotFoundError as error:
        msg = "XLSX is written by XlsxWriter, which is not installed: pip install 'tieout[auditor]', or ask for CSV only."
        raise ConfigurationError(msg) from error

    found = []
    with ExitStack() as stack:
        target = stack.enter_context(complete(path))
        work = stack.enter_context(tempfile.TemporaryDirectory(prefix="tieout-"))
        book = stack.enter_context(xlsxwriter.Workbook(str(target), {**_OPTIONS, "tmpdir": work}))
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - the format's times have no zone
        formats = _Formats(book)
        for table in tables:
            sheets = _Sheets(book, formats, table, sheet_rows)
            for batch in table.batches:
                for row in zip(*(_values(column) for column in batch.columns), strict=True):
                    sheets.write(row)
            found.append(Written(sheets.rows, sheets.count, sheets.cut))
    return found


class _Formats:
    """How cells of a workbook look."""

    def __init__(self, book: Any) -> None:
        self.time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.marked = book.add_format({"quote_prefix": True})


class _Sheets:
    """The sheets of one table, one after the other."""

    def __init__(self, book: Any, formats: _Formats, table: BookTable, sheet_rows: int) -> None:
        self._book, self._formats, self._name = book, formats, table.name
        self._columns, self._lines = table.columns, sheet_rows
        self.rows = self.count = self.cut = 0
        self._begin()

    def write(self, row: tuple[Any, ...]) -> None:
        """Write the next row."""
        if self._line == self._lines:
            self._begin()
        for column, value in enumerate(row):
            self._cell(column, value)
        self._line += 1
        self.rows += 1

    def _begin(self) -> None:
        self.count += 1
        self._sheet = self._book.add_worksheet(self._name if self.count == 1 else f"{self._name} {self.count}")
        self._sheet.freeze_panes(1, 1)
        self._line = 0
        for column, field in enumerate(self._columns):
            self._cell(column, f"{field.name} (UTC)" if pa.types.is_timestamp(field.type) else str(field.name))
        self._line = 1

    def _cell(self, column: int, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._line, column, value)
        elif isinstance(value, int | float) and math.isfinite(value) and (isinstance(value, float) or abs(value) < _SAFE_INTEGER):
            self._sheet.write_number(self._line, column, value)
        elif isinstance(value, datetime) and value.date() >= _FIRST_DAY:
            self._sheet.write_datetime(self._line, column, value.replace(tzinfo=None), self._formats.time)
        elif isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST_DAY:
            self._sheet.write_datetime(self._line, column, value, self._formats.day)
        else:
            self._text(column, instant(value) if isinstance(value, datetime) else str(value))

    def _text(self, column: int, text: str) -> None:
        marked = self._formats.marked if _SUSPECT.match(text) else None
        units = text.encode("utf-16-le")
        if len(units) > 2 * CELL_CHARACTERS:
            text = units[: 2 * (CELL_CHARACTERS - len(CUT))].decode("utf-16-le", "ignore") + CUT
            self.cut += 1
        self._sheet.write_string(self._line, column, text, marked)


def _values(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Return a column's values; times to the microsecond, with UTC as their zone."""
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    plain = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False).cast(pa.timestamp("us")).to_pylist()
    return [None if time is None else time.replace(tzinfo=UTC) for time in plain]


@contextmanager
def complete(path: Path) -> Iterator[Path]:
    """Give a name to write to; the file takes its own name when nothing went wrong, and is gone otherwise."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
