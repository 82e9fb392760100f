# SPDX-License-Identifier: Apache-2.0
"""An auditor's PBC workbook, in a layout of its own: made without the library."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation

SHEET = "PBC list"
REQUESTS = 60
GROUPS = ("Control environment", "Logical access", "Change management", "Operations", "Vendors", "Availability")
CRITERIA = ("CC1.2", "CC6.1, CC6.2", "CC8.1", "CC7.2 / CC7.3", "CC9.2", "A1.2; A1.3")
GREY, YELLOW = PatternFill("solid", fgColor="FFD9D9D9"), PatternFill("solid", fgColor="FFFFF2CC")
DAYS: tuple[Any, ...] = (datetime(2026, 7, 15), "2026-07-15", "15 July 2026", "July 15, 2026", "15.07.2026", "07/15/2026")  # noqa: DTZ001
"""One day as people write it: a date of the sheet, and texts that can be read in one way."""


def text_of(number: int) -> str:
    """Return the text of a request, counted from 1."""
    return f"Please provide evidence {number}:\nthe population of {GROUPS[(number - 1) // 10].lower()}, and a sample of it"


def make_book(path: Path) -> Path:
    """Write the workbook: a title, two rows of headings, six groups of ten requests with blank rows between."""
    book = openpyxl.Workbook()
    other = book.active
    other.title = "Instructions"
    other["A1"] = "Please upload everything by the due date."
    sheet = book.create_sheet(SHEET)
    sheet.merge_cells("A1:I1")
    sheet["A1"] = "Example CPAs LLP, SOC 2 Type 2 request list"
    sheet["A1"].font = Font(size=16, bold=True)
    for cells, words in (("A3:E3", "Request"), ("F3:G3", "Client"), ("H3:H3", "Auditor")):
        if cells[0] != cells[3]:
            sheet.merge_cells(cells)
        sheet[cells.partition(":")[0]] = words
    headings = ("#", "Description", "TSC Reference", "Owner", "Due Date", "Status", "Comments", "Status", "Internal ref")
    for column, words in zip("ABCDEFGHI", headings, strict=True):
        sheet[f"{column}4"] = words
    for row in (3, 4):
        for column in "ABCDEFGHI":
            cell = sheet[f"{column}{row}"]
            cell.font, cell.fill, cell.border = Font(bold=True), GREY, Border(bottom=Side(style="thin"))
    row = 5
    for number in range(1, REQUESTS + 1):
        if number % 10 == 1:
            row += 1  # a blank row
            sheet.merge_cells(f"A{row}:I{row}")
            sheet[f"A{row}"], sheet[f"A{row}"].fill = GROUPS[number // 10], YELLOW
            row += 1
        values = (f"{(number - 1) // 10 + 1}.{(number - 1) % 10 + 1:02}", text_of(number), CRITERIA[(number - 1) // 10], "CTO",
                  DAYS[number % len(DAYS)], "Open", None, "Requested", f"WP-{number}")  # fmt: skip
        for column, value in zip("ABCDEFGHI", values, strict=True):
            cell = sheet[f"{column}{row}"]
            cell.value, cell.alignment = value, Alignment(wrap_text=True, vertical="top")
        row += 1
    sheet.column_dimensions["B"].width = 60
    sheet.freeze_panes = "C5"
    sheet.auto_filter.ref = f"A4:I{row}"
    statuses = DataValidation(type="list", formula1='"Open,Submitted,Accepted"')
    statuses.add(f"F5:F{row}")
    sheet.add_data_validation(statuses)
    sheet.conditional_formatting.add(f"F5:F{row}", CellIsRule(operator="equal", formula=['"Open"'], fill=YELLOW))
    book.save(path)
    return path


def rows_of(path: Path) -> dict[str, int]:
    """Return the row of each request, by its reference."""
    sheet = openpyxl.load_workbook(path)[SHEET]
    return {str(sheet.cell(row, 1).value): row for row in range(5, sheet.max_row + 1) if sheet.cell(row, 2).value is not None}


def change(path: Path, **cells: Any) -> Path:
    """Change cells of the list."""
    book = openpyxl.load_workbook(path)
    for name, value in cells.items():
        book[SHEET][name] = value
    book.save(path)
    return path
