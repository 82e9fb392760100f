# SPDX-License-Identifier: Apache-2.0
"""An auditor's list as CSV: read with whatever separates its cells, and written back with our columns filled in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from tieout.audit.pbc_cells import read_text
from tieout.audit.pbc_layout import LOOKED_AT, find_layout
from tieout.audit.spreadsheet import neutralised
from tieout.audit.workbook import complete
from tieout.criteria.pbc import LAST_COLUMN, MOST_REQUESTS, OURS, Layout, PbcField
from tieout.errors import ConfigurationError
from tieout.flows.pbc_written import HEADINGS, column_index

MOST_ROWS = 2 * MOST_REQUESTS
"""Rows of a list, blank ones among them."""
MOST_CELL = 100_000
"""Characters of a cell: three times what a spreadsheet's holds."""
_SAMPLE = 64 * 1024


def read_csv(path: Path, data: bytes) -> tuple[str, list[list[str]]]:
    """Return the delimiter of a CSV file, and its rows, at most one more than `MOST_ROWS`.

    Raises:
        ConfigurationError: It is no UTF-8, or no CSV, or a cell is too long.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{path}: no UTF-8: {error}. Save it as CSV UTF-8."
        raise ConfigurationError(msg) from error
    delimiter = _delimiter(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[list[str]] = []
    try:
        for row in islice(rows, MOST_ROWS + 1):
            # Python's own bound on a cell is one for the whole process, and a drop of rows may have raised it.
            if longest := next((cell for cell in row if len(cell) > MOST_CELL), None):
                msg = f"{path}: line {rows.line_num}: expected cells of at most {MOST_CELL} characters, got {len(longest)}."
                raise ConfigurationError(msg)
            found.append(row)
    except csv.Error as error:
        msg = f"{path}: line {rows.line_num}: no CSV: {error}."
        raise ConfigurationError(msg) from error
    return delimiter, found


def _delimiter(text: str) -> str:
    """Return what separates the cells: what makes most headings, and of equals what stands there most often.

    Spreadsheets in some languages write semicolons, and a request's text has more commas than a row has cells.
    """

    def rank(delimiter: str) -> tuple[int, int]:
        rows = csv.reader(io.StringIO(text[:_SAMPLE], newline=""), delimiter=delimiter)
        try:
            found = find_layout([list(map(read_text, row[:LAST_COLUMN])) for row in islice(rows, LOOKED_AT)])
        except csv.Error:
            found = None
        return len(found.columns) if found else 0, text[:_SAMPLE].count(delimiter)

    return max(",;\t", key=rank)


def write_csv(path: Path, data: bytes, target: Path, layout: Layout, written: Mapping[int, Mapping[PbcField, str]]) -> None:
    """Write a CSV file back with our columns filled in, by row, as `tieout.flows.pbc_files.write_back` does."""
    delimiter, rows = read_csv(path, data)
    last = max(map(len, rows))
    ours = (*OURS, *([PbcField.QUESTIONS] if any(PbcField.QUESTIONS in each for each in written.values()) else []))
    columns = {field: column_index(letter) for field, letter in layout.columns.items() if field in ours}
    added = [field for field in ours if field not in columns]
    columns |= {field: last + place for place, field in enumerate(added)}
    said = {layout.header_rows[-1]: {field: HEADINGS[field] for field in added}, **written}
    for number, values in said.items():
        row = rows[number - 1]
        row.extend([""] * (max(columns.values()) + 1 - len(row)))
        for field, text in values.items():
            row[columns[field]] = neutralised(text)
    with complete(target) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        # As RFC 4180 has it; and a carriage return in a cell is quoted only where it is part of what ends a line.
        csv.writer(file, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
