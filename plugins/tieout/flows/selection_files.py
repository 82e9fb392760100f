# SPDX-License-Identifier: Apache-2.0
"""Reads the rows that an auditor asks for from a file of the auditor's tool: one column of it."""

from __future__ import annotations

from pathlib import Path

from tieout.audit.pbc_cells import read_text
from tieout.audit.spreadsheet import NUMBER
from tieout.errors import ConfigurationError
from tieout.flows.pbc_files import Sheet, read_sheet
from tieout.flows.pbc_written import column_index

MOST_ASKED = 10_000
LOOKED_AT = 20
"""Rows at the top in which a heading is looked for."""


def read_asked(file: Path, sheet: str | None, column: str | None) -> list[str]:
    """Return the texts of one column, in their order; blank cells are passed over.

    Args:
        file: XLSX or CSV.
        sheet: Of a workbook; needed where it has several.
        column: Its letter or its heading; by default the one under ``#``, or the only one that says anything.

    Raises:
        ConfigurationError: The file can not be read, has no such column, or a cell of it can not be taken.
    """
    found = read_sheet(file, sheet)
    place, first = _column(file, found, column)
    asked = []
    for number, row in enumerate(found.rows[first:], start=first + 1):
        cell = row[place] if place < len(row) else None
        if cell is None or cell.continued:
            continue
        if cell.refused:
            msg = f"{file}: row {number}: expected a row number or a key, got {cell.refused}."
            raise ConfigurationError(msg)
        if text := read_text(cell.value):
            asked.append(text)
    if not asked or len(asked) > MOST_ASKED:
        msg = f"{file}: expected 1 to {MOST_ASKED} rows to select, got {len(asked)}."
        raise ConfigurationError(msg)
    return asked


def _column(file: Path, sheet: Sheet, column: str | None) -> tuple[int, int]:
    """Return the place of the column, and how many rows stand above its first entry."""
    texts = sheet.texts(LOOKED_AT)
    wanted = (column or NUMBER).casefold()
    for number, row in enumerate(texts):
        places = [place for place, text in enumerate(row) if text.casefold() == wanted]
        if len(places) == 1:
            return places[0], number + 1
    if column is not None and column.isascii() and column.isalpha() and len(column) <= 2:
        return column_index(column.upper()), 0
    filled = {place for row in sheet.rows for place, cell in enumerate(row) if read_text(cell.value)}
    if column is None and len(filled) == 1:
        [place] = filled
        return place, 0
    headings = ", ".join(text for text in max(texts, key=lambda row: sum(map(bool, row)), default=[]) if text)
    what = f"a column {column!r}" if column else "one column, or one under '#'"
    msg = f"{file}: expected {what}, got the headings: {headings or 'none'}. Name one with --column."
    raise ConfigurationError(msg)
