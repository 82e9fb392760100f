# SPDX-License-Identifier: Apache-2.0
"""A sheet as text: what cells become, what is said of it, and what is refused with sheet and cell."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tieout.collectors import drop_xlsx
from tieout.collectors.drop_xlsx import read_xlsx
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ConfigurationError, ContractError

BERLIN = "Europe/Berlin"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(sheets: dict[str, list[list[Any]]], change: Callable[[openpyxl.Workbook], None] = lambda _: None) -> bytes:
    """Return a workbook of these sheets, each a list of rows."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    change(made)
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def replaced(content: bytes, old: str, new: str) -> bytes:
    """Return a workbook whose first sheet's XML has a text replaced."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            data = source.read(entry)
            if entry == "xl/worksheets/sheet1.xml":
                assert old.encode() in data, data
                data = data.replace(old.encode(), new.encode())
            target.writestr(entry, data)
    return sink.getvalue()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that reads a workbook's rows."""

    def rows(content: bytes, sheet: str | None = None, zone: str | None = None) -> list[dict[str, Any]]:
        page = tmp_path / "page-00000.xlsx"
        page.write_bytes(content)
        drop = read_xlsx(page, "in.xlsx", sheet, zone)
        found = [row for table in drop.tables() for row in table.to_pylist()]
        assert drop.records == len(found)
        return found

    return rows


def notes(content: bytes, folder: Path) -> tuple[str, ...]:
    """Return what is said of a workbook's first sheet."""
    (folder / "in.xlsx").write_bytes(content)
    return read_xlsx(folder / "in.xlsx", "in.xlsx", None, None).notes


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("007", "007"),
        ("", None),
        (7, "7"),
        (7.0, "7"),
        (-0.25, "-0.25"),
        (0.1, "0.1"),
        (True, "true"),
        (False, "false"),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime.fromisoformat("2026-03-05T14:30"), "2026-03-05T13:30:00.000000Z"),
        (datetime.fromisoformat("2026-07-05T00:00"), "2026-07-04T22:00:00.000000Z"),
        (999_999_999_999_999, "999999999999999"),
    ],
)
def test_a_cell_becomes_text(read: Callable[..., list[dict[str, Any]]], value: Any, expected: str | None) -> None:
    (row,) = read(workbook({"A": [["id", "value"], ["x", value]]}), zone=BERLIN)
    assert row == {"id": "x", "value": expected, POSITION_COLUMN: 2}


@pytest.mark.parametrize(
    ("value", "zone", "problem"),
    [
        (
            datetime.fromisoformat("2026-03-05T14:30"),
            None,
            "cell B2: a time has no zone. Name it in the parameter 'time_zone'",
        ),
        (
            datetime.fromisoformat("2026-10-25T02:30"),
            BERLIN,
            "2026-10-25T02:30:00 is no one moment in Europe/Berlin, where the clocks changed",
        ),
        (datetime.fromisoformat("2026-03-29T02:30"), BERLIN, "2026-03-29T02:30:00 is no one moment in Europe/Berlin"),
        (10**15, None, "sheet 'A', cell B2: a whole number of more than 15 digits, whose last ones a spreadsheet loses"),
        (time(14, 30), None, "expected a text, number, date or time, got a time without a day"),
        (timedelta(hours=30), None, "expected a text, number, date or time, got a duration"),
        ("#N/A", None, "sheet 'A', cell B2: holds the error #N/A"),
        ("=1+1", None, "sheet 'A', cell B2: holds a formula without a stored value: open the file in a spreadsheet program"),
    ],
)
def test_a_cell_that_can_not_become_text_is_named(
    read: Callable[..., list[dict[str, Any]]], value: Any, zone: str | None, problem: str
) -> None:
    with pytest.raises(ContractError, match=re.escape(problem)):
        read(workbook({"A": [["id", "value"], ["x", value]]}), zone=zone)


def test_a_formula_counts_as_its_stored_value(read: Callable[..., list[dict[str, Any]]], tmp_path: Path) -> None:
    content = workbook({"A": [["id", "value"], ["x", "=1+1"], ["y", '=""']]})
    content = replaced(content, "<f>1+1</f><v></v>", "<f>1+1</f><v>2</v>")
    content = replaced(content, '<c r="B3"><f>""</f><v></v>', '<c r="B3" t="str"><f>""</f><v></v>')
    assert [row["value"] for row in read(content)] == ["2", None]
    assert notes(content, tmp_path) == ("in.xlsx: sheet 'A' has 2 formulas; the values that were stored for them are read.",)


def test_texts_that_cells_share_are_read(read: Callable[..., list[dict[str, Any]]]) -> None:
    content = workbook({"A": [["id"], ["x"]]})
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(sink, "w") as target:
        for entry in source.namelist():
            data = source.read(entry)
            if entry == "xl/worksheets/sheet1.xml":
                data = data.replace(b't="inlineStr"><is><t>id</t></is>', b't="s"><v>1</v>')
                data = data.replace(b't="inlineStr"><is><t>x</t></is>', b't="s"><v>0</v>')
            elif entry == "[Content_Types].xml":
                kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
                data = data.replace(b"</Types>", b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind)
            if entry != "xl/sharedStrings.xml":
                target.writestr(entry, data)
        shared = "<si><t>Ann</t></si><si><t>id</t></si>"
        target.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}" count="2" uniqueCount="2">{shared}</sst>')
    assert [row["id"] for row in read(sink.getvalue())] == ["Ann"]


def test_hidden_rows_are_read_and_said(read: Callable[..., list[dict[str, Any]]], tmp_path: Path) -> None:
    def change(made: openpyxl.Workbook) -> None:
        made["A"].row_dimensions[3].hidden = True
        made["A"].column_dimensions["B"].hidden = True
        made["A"].merge_cells("A4:B4")

    content = workbook({"A": [["id", "value"], ["x", 1], ["y", 2], ["z", None]]}, change)
    assert [row["id"] for row in read(content)] == ["x", "y", "z"]
    said = " ".join(notes(content, tmp_path))
    for what in ("1 hidden rows; they are read", "1 ranges of hidden columns", "1 merged ranges; only the first cell"):
        assert what in said


def test_rows_without_a_value_are_skipped_and_positions_are_the_sheets(read: Callable[..., list[dict[str, Any]]]) -> None:
    rows = [[None], ["id", "value"], ["x", None], [None, None], ["y", 2], [None], [None]]
    content = workbook({"A": rows})
    assert [(row["id"], row[POSITION_COLUMN]) for row in read(content)] == [("x", 3), ("y", 5)]


def test_what_the_file_says_of_its_own_size_is_not_believed(read: Callable[..., list[dict[str, Any]]]) -> None:
    content = workbook({"A": [["id", "value"], ["x", "1"], ["y", "2"]]})
    assert len(read(replaced(content, 'ref="A1:B3"', 'ref="A1:A2"'))) == 2


def test_a_sheet_is_named_where_there_are_several(read: Callable[..., list[dict[str, Any]]]) -> None:
    content = workbook({"A": [["id"], ["x"]], "B": [["id"], ["y"]]})
    assert [row["id"] for row in read(content, "B")] == ["y"]
    with pytest.raises(ConfigurationError, match=r"expected parameter 'sheet', because .* several\. Its sheets: 'A', 'B'\."):
        read(content)
    with pytest.raises(ConfigurationError, match=r"expected a sheet 'C'\. Its sheets: 'A', 'B'\."):
        read(content, "C")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "expected a header row, the sheet has no value"),
        ([["id", "id"], ["x", "y"]], "expected a header of texts that differ, got id, id"),
        ([["id", 7], ["x", "y"]], "expected a header of texts that differ, got id, 7"),
        ([["id", None, "value"], ["x", None, "y"]], "expected a header of texts that differ, got id, None, value"),
        ([["id"], ["x", "y"]], "cell B2: a value stands under no header"),
    ],
)
def test_a_header_names_every_column(read: Callable[..., list[dict[str, Any]]], rows: list[list[Any]], problem: str) -> None:
    with pytest.raises(ContractError, match=re.escape(problem)):
        read(workbook({"A": rows}))


def test_a_workbook_that_is_cut_or_too_large_is_refused(
    read: Callable[..., list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = workbook({"A": [["id"], ["x"]]})
    with pytest.raises(ContractError, match=r"expected an XLSX workbook, and it can not be read .*truncated"):
        read(content[:-100])
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.txt", "no workbook")
    with pytest.raises(ContractError, match="expected an XLSX workbook, and it can not be read"):
        read(sink.getvalue())
    monkeypatch.setattr(drop_xlsx, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(ContractError, match=r"expected a workbook that unpack to at most 1000 bytes, got \d+\. Export it as CSV"):
        read(content)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('<row r="2"', '<row r="1048577"', "row 1048577: a sheet has at most 1048576 rows"),
        ("</sheetData>", "", "the sheet can not be read"),
        # The second where defusedxml is installed, which openpyxl then reads with: it refuses them before we look.
        ("<worksheet", '<!DOCTYPE a [<!ENTITY b "c">]><worksheet', "declares entities|EntitiesForbidden"),
    ],
)
def test_xml_that_no_spreadsheet_program_writes_is_refused(
    read: Callable[..., list[dict[str, Any]]], old: str, new: str, problem: str
) -> None:
    with pytest.raises(ContractError, match=problem):
        read(replaced(workbook({"A": [["id"], ["x"]]}), old, new))
