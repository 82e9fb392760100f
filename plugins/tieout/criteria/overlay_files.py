# SPDX-License-Identifier: Apache-2.0
"""Reads the rows of a CSV or XLSX file that somebody else wrote: bounded, and no formula is evaluated."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tieout.criteria.workbooks import chosen_sheet, opened_workbook, require_size
from tieout.errors import ConfigurationError

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


def read_rows(path: Path, data: bytes, sheet: str | None) -> list[Row]:
    """Return the rows of a file with a header.

    Args:
        path: Names the file in errors; ``.csv`` or ``.xlsx``.
        data: Its bytes.
        sheet: Sheet of a workbook; needed where it has several.

    Raises:
        ConfigurationError: It is too large, of another kind, or has no column of ids or none of texts.
    """
    require_size(path, data)
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
    with opened_workbook(path, data) as workbook:
        return _bounded(path, _sheet_rows(chosen_sheet(path, workbook, sheet)))


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
