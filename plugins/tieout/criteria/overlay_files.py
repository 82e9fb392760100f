# SPDX-License-Identifier: Apache-2.0
"""Reads the rows of a CSV or XLSX file that somebody else wrote: bounded, and no formula is evaluated."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tieout.errors import ConfigurationError

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
"""An XLSX file is a zip archive: what it unpacks to is bounded too."""
MAX_ROWS = 5_000
_MAX_COLUMNS = 64
_ID_NAMES = ("id", "criterion", "reference")
_TEXT_NAMES = ("text", "wording", "description")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; ``refused`` says why its content can not be taken, and is empty where it can."""

    text: str
    refused: str = ""


_BLANK = Cell("")


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the header that is not blank. Its number counts the header as 1, as a spreadsheet does."""

    number: int
    id: Cell
    text: Cell


def read_bytes(file: Path) -> bytes:
    """Return a file's bytes, or so many of them that `read_rows` refuses it.

    Raises:
        ConfigurationError: It can not be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        msg = f"{file}: cannot be read: {error}."
        raise ConfigurationError(msg) from error


def read_rows(path: Path, data: bytes, sheet: str | None) -> list[Row]:
    """Return the rows of a file with a header.

    Args:
        path: Names the file in errors; ``.csv`` or ``.xlsx``.
        data: Its bytes.
        sheet: Sheet of a workbook; needed where it has several.

    Raises:
        ConfigurationError: It is too large, of another kind, or has no column of ids or none of texts.
    """
    if len(data) > MAX_FILE_BYTES:
        msg = f"{path}: expected at most {MAX_FILE_BYTES} bytes, got more."
        raise ConfigurationError(msg)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        msg = f"{path}: expected a file that ends in .csv or .xlsx. Save it as one of them."
        raise ConfigurationError(msg)
    if suffix == ".csv" and sheet is not None:
        msg = f"{path}: --sheet {sheet}: a CSV file has no sheets. Leave it out."
        raise ConfigurationError(msg)
    table = _csv(path, data) if suffix == ".csv" else _xlsx(path, data, sheet)
    header = table[0] if table else []
    ids = _column(path, header, _ID_NAMES)
    texts = _column(path, header, _TEXT_NAMES)
    rows = (Row(number, _cell(cells, ids), _cell(cells, texts)) for number, cells in enumerate(table[1:], start=2))
    return [row for row in rows if row.id != _BLANK or row.text != _BLANK]


def _bounded(path: Path, rows: Iterable[list[Cell]]) -> list[list[Cell]]:
    taken = []
    for number, cells in enumerate(rows, start=1):
        if number <= MAX_ROWS + 1:
            taken.append(cells)
        elif any(cell != _BLANK for cell in cells):  # a sheet may be formatted far below its last row
            msg = f"{path}: row {number}: expected at most {MAX_ROWS} rows below the header."
            raise ConfigurationError(msg)
    return taken


def _column(path: Path, header: list[Cell], names: tuple[str, ...]) -> int:
    found = [number for number, cell in enumerate(header) if cell.text.lower() in names]
    if len(found) != 1:
        got = ", ".join(repr(cell.text) for cell in header if cell.text) or "an empty row"
        msg = f"{path}: row 1: expected a header with exactly one column called {', '.join(names)} (in any case), got {got}."
        raise ConfigurationError(msg)
    return found[0]


def _cell(cells: list[Cell], at: int) -> Cell:
    return cells[at] if at < len(cells) else _BLANK


def _csv(path: Path, data: bytes) -> list[list[Cell]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{path}: no UTF-8: {error}. Save it as CSV UTF-8."
        raise ConfigurationError(msg) from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # spreadsheets in some languages write semicolons
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return _bounded(path, ([Cell(field.strip()) for field in row] for row in rows))
    except csv.Error as error:
        msg = f"{path}: line {rows.line_num}: no CSV: {error}."
        raise ConfigurationError(msg) from error


def _xlsx(path: Path, data: bytes, sheet: str | None) -> list[list[Cell]]:
    try:
        import openpyxl
    except ImportError as error:
        msg = f"{path}: reading XLSX needs openpyxl: pip install 'tieout[auditor]', or save the sheet as CSV UTF-8."
        raise ConfigurationError(msg) from error
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            msg = f"{path}: expected at most {MAX_UNPACKED_BYTES} bytes unpacked, got {unpacked}."
            raise ConfigurationError(msg)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions that it does not know are none of our concern
            # What it reads of a formula is the formula's text, never the value that a spreadsheet left in the file.
            workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
            try:
                return _bounded(path, _sheet_rows(_sheet(path, workbook, sheet)))
            finally:
                workbook.close()
    except ConfigurationError:
        raise
    except Exception as error:  # a broken workbook breaks openpyxl in ways that it does not list
        msg = f"{path}: no XLSX workbook that can be read: {type(error).__name__}: {error}. One with a password can not."
        raise ConfigurationError(msg) from error


def _sheet(path: Path, workbook: Any, sheet: str | None) -> Any:
    names = [each.title for each in workbook.worksheets]
    if sheet is None and len(names) == 1:
        return workbook.worksheets[0]
    if sheet not in names:
        asked = "no --sheet" if sheet is None else f"--sheet {sheet}"
        msg = f"{path}: expected one of its sheets, got {asked}. Sheets: {', '.join(names)}."
        raise ConfigurationError(msg)
    return workbook[sheet]


def _sheet_rows(sheet: Any) -> Iterator[list[Cell]]:
    sheet.reset_dimensions()  # what a file says of its own size may be wrong
    for row in sheet.iter_rows(max_col=_MAX_COLUMNS):
        yield [_excel_cell(cell) for cell in row]


def _excel_cell(cell: Any) -> Cell:
    if cell.data_type == "f":
        return Cell("", "a formula, and Tieout evaluates none: paste its value")
    if cell.data_type == "e":
        return Cell("", f"the error {cell.value}")
    return Cell("" if cell.value is None else str(cell.value).strip())
