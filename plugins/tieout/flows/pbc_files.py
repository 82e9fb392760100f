# SPDX-License-Identifier: Apache-2.0
"""An auditor's workbook or CSV file: read as cells, and written back as it was with our columns filled in.

Nothing of the auditor's is changed: only cells of our columns (`tieout.criteria.pbc.OURS`) are written, as text that no program
runs. What openpyxl can not keep of a workbook is told (`not_kept`).
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tieout.audit.pbc_cells import read_text
from tieout.audit.pbc_import import SheetCell
from tieout.audit.pbc_questions import PbcQuestion
from tieout.audit.workbook import complete
from tieout.criteria.pbc import LAST_COLUMN, OURS, Layout, PbcField, RequestList
from tieout.criteria.workbooks import chosen_sheet, opened_workbook, read_bytes
from tieout.errors import ConfigurationError
from tieout.flows.pbc_csv import MOST_ROWS, read_csv, write_csv
from tieout.flows.pbc_written import HEADINGS, add_questions, column_index, questions_text, write_text

SHEET_COLUMNS = 16_384
"""Columns that a sheet has."""
_LOST = {"xl/media/": "pictures", "xl/charts/": "charts", "xl/drawings/": "shapes", "xl/vbaProject.bin": "macros"}
_PLACES = re.compile(r"#?0\.(0+)")
Written = Mapping[str, Mapping[PbcField, str]]
"""What is written for each request, by its id and field."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a list.

    Attributes:
        name: Of the sheet; ``None`` for a CSV file.
        rows: From the first one on; the row at place 0 is row 1.
        sha256: Of the file's bytes.
    """

    name: str | None
    rows: tuple[tuple[SheetCell, ...], ...]
    sha256: str

    def texts(self, most: int) -> list[list[str]]:
        """Return the texts of the first rows."""
        return [[read_text(cell.value) for cell in row] for row in self.rows[:most]]


def read_sheet(path: Path, sheet: str | None) -> Sheet:
    """Read a list.

    Args:
        path: ``.xlsx`` or ``.csv``.
        sheet: Of a workbook; needed where it has several.

    Raises:
        ConfigurationError: It is of another kind, too large, or can not be read.
    """
    data = read_bytes(path)
    sha256 = hashlib.sha256(data).hexdigest()
    if _is_csv(path, sheet):
        rows = tuple(tuple(SheetCell(field) for field in row[:LAST_COLUMN]) for row in read_csv(path, data)[1])
        return Sheet(None, _bounded(path, rows), sha256)
    with opened_workbook(path, data, read_only=False) as workbook:
        found = chosen_sheet(path, workbook, sheet)
        _require_blank_below(path, found)
        columns = min(found.max_column, LAST_COLUMN)  # asked once: openpyxl looks at every cell to say
        rows = tuple(tuple(_cells(found, number, columns)) for number in range(1, min(found.max_row, MOST_ROWS) + 1))
        return Sheet(found.title, _merged(found, rows), sha256)


def write_back(
    path: Path, target: Path, requests: RequestList, written: Written, questions: Sequence[PbcQuestion] = ()
) -> list[str]:
    """Write the file that was imported last, with our columns filled in; returns what of it is not kept.

    A field of ours that the list has no column for gets one at its right end. Questions go into their column where one is
    mapped; else a workbook gets a sheet for them, and a CSV file a column, where there are any.

    Args:
        path: The file, as it was imported.
        target: Appears when it is complete.
        requests: The list.
        written: What is written for each request.
        questions: About its requests.

    Raises:
        ConfigurationError: It is another file than was imported last, or can not be read.
    """
    data = read_bytes(path)
    if hashlib.sha256(data).hexdigest() != requests.file_sha256:
        msg = f"{path}: expected the file that was imported last, {requests.file}, got another one. Import this one first."
        raise ConfigurationError(msg)
    is_csv, mapped = _is_csv(path, requests.layout.sheet), PbcField.QUESTIONS in requests.layout.columns
    in_column = mapped or (is_csv and bool(questions))
    rows = _rows(requests, written, questions if in_column else ())
    if is_csv:
        write_csv(path, data, target, requests.layout, rows)
        return []
    with opened_workbook(path, data, read_only=False) as workbook, complete(target) as partial:
        sheet = chosen_sheet(path, workbook, requests.layout.sheet)
        columns = _our_columns(path, sheet, requests.layout)
        for (row, column), text in _by_cell(sheet, rows, columns).items():
            write_text(sheet.cell(row, column), text)
        if questions and not in_column:
            add_questions(workbook, questions)
        workbook.save(partial)
    return sorted(_not_kept(data))


def _rows(requests: RequestList, written: Written, questions: Sequence[PbcQuestion]) -> dict[int, dict[PbcField, str]]:
    """Return what is written by row; questions only where there are any of a request."""
    by_request: dict[str, list[PbcQuestion]] = {}
    for each in questions:
        by_request.setdefault(each.request, []).append(each)
    return {
        each.row: {
            **written.get(each.id, {}),
            **({PbcField.QUESTIONS: questions_text(by_request[each.id])} if each.id in by_request else {}),
        }
        for each in requests.requests
        if not each.withdrawn and (each.id in written or each.id in by_request)
    }


def _is_csv(path: Path, sheet: str | None) -> bool:
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        msg = f"{path}: expected a file that ends in .csv or .xlsx. Save it as one of them."
        raise ConfigurationError(msg)
    if suffix == ".csv" and sheet is not None:
        msg = f"{path}: --sheet {sheet}: a CSV file has no sheets. Leave it out."
        raise ConfigurationError(msg)
    return suffix == ".csv"


def _bounded(path: Path, rows: tuple[tuple[SheetCell, ...], ...]) -> tuple[tuple[SheetCell, ...], ...]:
    if len(rows) > MOST_ROWS:
        msg = f"{path}: expected at most {MOST_ROWS} rows, got more. Give only the list of requests."
        raise ConfigurationError(msg)
    return rows


def _require_blank_below(path: Path, sheet: Any) -> None:
    """Check that nothing stands below the rows that are read: sheets are often formatted far below their last row."""
    # The cells that there are: openpyxl's own way to go through rows makes one for every place up to the last of them.
    if any(row > MOST_ROWS and cell.value is not None for (row, _), cell in sheet._cells.items()):
        msg = f"{path}: expected at most {MOST_ROWS} rows, got more. Give only the list of requests."
        raise ConfigurationError(msg)


def _cells(sheet: Any, row: int, columns: int) -> Iterator[SheetCell]:
    for column in range(1, columns + 1):
        cell = sheet.cell(row, column)
        if cell.data_type == "f":
            yield SheetCell(None, "a formula, and Tieout evaluates none: paste its value")
        elif cell.data_type == "e":
            yield SheetCell(None, f"the error {cell.value}")
        else:
            yield SheetCell(_shown(cell))


def _shown(cell: Any) -> Any:
    """Return a cell's value; a number with places is the text that people see: reference 1.10 is not 1.1."""
    places = _PLACES.fullmatch(cell.number_format or "")
    if places and isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
        return f"{cell.value:.{len(places[1])}f}"
    return cell.value


def _merged(sheet: Any, rows: tuple[tuple[SheetCell, ...], ...]) -> tuple[tuple[SheetCell, ...], ...]:
    """Return rows whose merged cells have the words of the merged one, each of them, and say that they are part of it."""
    found = [list(row) for row in rows]
    for area in sheet.merged_cells.ranges:
        if area.min_row > len(found) or area.min_col > LAST_COLUMN:
            continue
        cell = found[area.min_row - 1][area.min_col - 1]
        wide = replace(cell, spans=area.max_col > area.min_col)
        for number, row in enumerate(found[area.min_row - 1 : area.max_row]):
            part = replace(wide, continued=number > 0)
            row[area.min_col - 1 : area.max_col] = [part] * (min(area.max_col, len(row)) - area.min_col + 1)
    return tuple(map(tuple, found))


def _our_columns(path: Path, sheet: Any, layout: Layout) -> dict[PbcField, int]:
    """Return the columns of our fields, counted from 1; those that are not there are added at the right."""
    last = sheet.max_column
    asked = layout.columns.get(PbcField.QUESTIONS)
    columns = {PbcField.QUESTIONS: column_index(asked) + 1} if asked else {}
    heading = layout.header_rows[-1]
    for field in OURS:
        if field in layout.columns:
            columns[field] = column_index(layout.columns[field]) + 1
            continue
        last += 1
        if last > SHEET_COLUMNS:
            msg = f"{path}: expected room for a column at the right, got a cell in the last one. Map {field}: --column {field}=K."
            raise ConfigurationError(msg)
        columns[field] = last
        cell, beside = sheet.cell(heading, last), sheet.cell(heading, last - 1)
        cell.value = HEADINGS[field]
        if beside.has_style:
            cell._style = copy(beside._style)
    return columns


def _by_cell(
    sheet: Any, rows: Mapping[int, Mapping[PbcField, str]], columns: Mapping[PbcField, int]
) -> dict[tuple[int, int], str]:
    """Return the text of each cell; what comes into the same merged cell from several rows stands there together."""
    first = {
        (row, column): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }
    texts: dict[tuple[int, int], list[str]] = {}
    for row, said in sorted(rows.items()):
        for field, text in said.items():
            place = (row, columns[field])
            texts.setdefault(first.get(place, place), []).append(text)
    return {place: "\n".join(dict.fromkeys(each for each in several if each)) for place, several in texts.items()}


def _not_kept(data: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
    return {what for start, what in _LOST.items() if any(name.startswith(start) for name in names)}
