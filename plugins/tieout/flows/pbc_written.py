# SPDX-License-Identifier: Apache-2.0
"""What is written into an auditor's workbook: texts that no program runs, and a sheet of questions where no column is theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tieout.audit.pbc_questions import Answered, PbcQuestion
from tieout.audit.workbook import CELL_CHARACTERS, FORMULA_STARTS, SKIPPED
from tieout.criteria.pbc import PbcField

SHEET = "Questions"
CUT = " [cut here: tieout pbc status shows the whole text]"
_SUSPECT = re.compile(rf"\A({SKIPPED}{FORMULA_STARTS}|[\t\r\n])")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
HEADINGS = {
    PbcField.OUR_STATUS: "Our status", PbcField.EVIDENCE: "Evidence", PbcField.COMMENT: "Our comment",
    PbcField.QUESTIONS: "Questions",
}  # fmt: skip
"""Of columns of ours that a list has not."""
_MINUTE = "%Y-%m-%d %H:%M"
_HEADINGS = ("Request", "Question", "Whose", "Asked (UTC)", "Entered by", "Text", "Answer by", "Answered (UTC)", "Entered by",
             "Answer", "Signed response")  # fmt: skip
_WIDTHS = {"A": 12, "B": 34, "D": 17, "F": 60, "H": 17, "J": 60, "K": 40}


def column_index(letter: str) -> int:
    """Return a column's place, counted from 0."""
    from openpyxl.utils import column_index_from_string

    return int(column_index_from_string(letter)) - 1


def column_letter(place: int) -> str:
    """Return the letter of a column by its place, counted from 0."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(place + 1))


def write_text(cell: Any, text: str) -> None:
    """Write a text into a cell as a text, whatever it begins with.

    A character that XLSX can not hold is written as U+FFFD; what does not fit into a cell is cut, and says so.
    """
    shown = _NOT_XML.sub("\ufffd", text)
    units = shown.encode("utf-16-le")
    if len(units) > 2 * CELL_CHARACTERS:
        shown = units[: 2 * (CELL_CHARACTERS - len(CUT))].decode("utf-16-le", "ignore") + CUT
    cell.value = shown
    cell.data_type = "s"  # openpyxl would take what begins with = for a formula
    if _SUSPECT.match(shown):
        cell.quotePrefix = True


def questions_text(questions: Iterable[PbcQuestion]) -> str:
    """Return questions with their answers for one cell, each with whose it is, when it was entered, and by whom."""
    return "\n".join(line for each in questions for line in _lines(each))


def _lines(question: PbcQuestion) -> Iterator[str]:
    yield f"{_who(question)}: {question.text}"
    yield from (f"> {_who(each)}: {each.text}" for each in question.answers)
    if question.is_open:
        yield "> open"


def _who(said: PbcQuestion | Answered) -> str:
    return f"[{said.id[:8]}] {said.side}, {said.at:{_MINUTE}} UTC, entered by {said.by}"


def add_questions(workbook: Any, questions: Sequence[PbcQuestion]) -> str:
    """Add a sheet of questions at the end of a workbook, a line for each answer, and return its name.

    Where a sheet has the name already, whoever's it is, it stays and the new one gets a number.
    """
    taken = {title.casefold() for title in workbook.sheetnames}
    names = (SHEET if number == 1 else f"{SHEET} {number}" for number in range(1, len(taken) + 2))
    sheet = workbook.create_sheet(next(each for each in names if each.casefold() not in taken))
    for row, values in enumerate([_HEADINGS, *_rows(questions)], start=1):
        for column, value in enumerate(values, start=1):
            write_text(sheet.cell(row, column), value)
    _format(sheet)
    return str(sheet.title)


def _rows(questions: Iterable[PbcQuestion]) -> Iterator[tuple[str, ...]]:
    for each in questions:
        asked = (each.request, each.id, each.side.value, f"{each.at:{_MINUTE}}", each.by, each.text)
        if each.is_open:
            yield (*asked, "open", "", "", "", each.key)
        for one in each.answers:
            yield (*asked, one.side.value, f"{one.at:{_MINUTE}}", one.by, one.text, one.key)


def _format(sheet: Any) -> None:
    from openpyxl.styles import Alignment, Font

    for column, width in _WIDTHS.items():
        sheet.column_dimensions[column].width = width
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
