# SPDX-License-Identifier: Apache-2.0
"""Questions in an auditor's workbook: in a sheet of their own or one column, as text, whole or said to be cut."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.audit.pbc_questions import Answered, PbcQuestion, Side
from tieout.audit.workbook import CELL_CHARACTERS
from tieout.criteria.pbc import Layout, PbcField, PbcRequest, RequestList
from tieout.flows.pbc_files import write_back
from tieout.flows.pbc_written import CUT, add_questions, questions_text, write_text

AT = datetime(2026, 7, 2, 9, 15, tzinfo=UTC)
ANSWER = Answered("b" * 32, AT, "CTO", "responses/b", Side.MANAGEMENT, "=All.")
ASKED = PbcQuestion("a" * 32, "A1", AT, "Security Lead", "responses/a", Side.AUDITOR, "@Which?", (ANSWER,))
OPEN = PbcQuestion("c" * 32, "A1", AT, "+49 30", "responses/c", Side.MANAGEMENT, "-By when?")


def test_a_sheet_of_questions_has_a_line_for_each_answer_and_takes_no_name_that_is_there() -> None:
    book = openpyxl.Workbook()
    book.active.title = "QUESTIONS"
    assert (add_questions(book, [ASKED, OPEN]), add_questions(book, [])) == ("Questions 2", "Questions 3")
    rows = list(book["Questions 2"].iter_rows(min_row=2, values_only=True))
    first = ("A1", "a" * 32, "auditor", "2026-07-02 09:15", "Security Lead", "@Which?")
    assert rows[0] == (*first, "management", "2026-07-02 09:15", "CTO", "=All.", "responses/b")
    assert rows[1][6:] == ("open", "", "", "", "responses/c")
    for row in book["Questions 2"].iter_rows(min_row=2):
        assert all(cell.data_type == "s" for cell in row)
        assert [cell.quotePrefix for cell in row if str(cell.value).startswith(("@", "=", "-", "+"))].count(False) == 0


def test_one_cell_says_whose_each_is_when_it_was_entered_and_by_whom() -> None:
    assert questions_text([ASKED, OPEN]).splitlines() == [
        "[aaaaaaaa] auditor, 2026-07-02 09:15 UTC, entered by Security Lead: @Which?",
        "> [bbbbbbbb] management, 2026-07-02 09:15 UTC, entered by CTO: =All.",
        "[cccccccc] management, 2026-07-02 09:15 UTC, entered by +49 30: -By when?",
        "> open",
    ]


@given(st.text())
def test_any_text_is_written_and_stays_a_text(text: str) -> None:
    cell = openpyxl.Workbook().active["A1"]
    write_text(cell, text)
    assert cell.data_type == "s"
    assert len(cell.value) == len(text)


@pytest.mark.parametrize("letter", ["x", "\U0001f512"])
def test_what_does_not_fit_into_a_cell_says_that_it_was_cut(letter: str) -> None:
    cell = openpyxl.Workbook().active["A1"]
    write_text(cell, letter * 40_000)
    assert cell.value.endswith(letter + CUT)
    assert CELL_CHARACTERS - 1 <= len(cell.value.encode("utf-16-le")) // 2 <= CELL_CHARACTERS


def listed(file: Path, **columns: str) -> RequestList:
    layout = Layout(header_rows=(1,), columns={PbcField.TEXT: "B", **{PbcField(name): place for name, place in columns.items()}})
    requests = tuple(PbcRequest(id=name, row=row, text="x") for name, row in (("A1", 2), ("A2", 3)))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return RequestList(observation_period="2026-H1", file=file.name, file_sha256=sha256, layout=layout, requests=requests)


def test_in_csv_they_get_a_column_only_where_there_are_any(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("Ref,Request\nA1,x\nA2,x\n")
    write_back(file, tmp_path / "none.csv", listed(file), {"A1": {PbcField.COMMENT: "c"}})
    write_back(file, tmp_path / "some.csv", listed(file), {"A1": {PbcField.COMMENT: "c"}}, [ASKED])
    none, some = (list(csv.reader((tmp_path / name).read_text().splitlines(keepends=True))) for name in ("none.csv", "some.csv"))
    assert none[0] == ["Ref", "Request", "Our status", "Evidence", "Our comment"]
    assert some[0] == [*none[0], "Questions"]
    assert some[1][5].startswith("[aaaaaaaa] auditor")
    assert (some[1][4], some[2]) == ("c", ["A2", "x"])
