# SPDX-License-Identifier: Apache-2.0
"""An auditor's list becomes requests: what each row says, what is not understood, what has changed since the last edition. Pure.

1. A row below the headings with a text is a request. A row that says nothing is passed over; one that says something but no text
   is told. Nothing is lost without being told.
2. A request's id is the auditor's reference. Where there is none, or two rows share one, it is made of the text, so that it is
   the same in the next edition, wherever the row stands then.
3. A later edition keeps what was matched. What it has no more is kept as withdrawn.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tieout.audit.pbc_cells import Unclear, read_criteria, read_day, read_text
from tieout.criteria.pbc import DateOrder, PbcField, PbcRequest

_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class SheetCell:
    """One cell as it stands.

    Attributes:
        value: Its value.
        refused: Why it can not be taken; empty where it can.
        continued: Whether it is the lower part of a merged cell, whose value stands in the rows above as well.
        spans: Whether it is part of a merged cell over several columns.
    """

    value: Any = None
    refused: str = ""
    continued: bool = False
    spans: bool = False


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """What of a list is not understood.

    Attributes:
        row: Its row, as a spreadsheet counts.
        field: The column's field; ``None`` for the whole row.
        shown: What stands there, cut.
        why: What is the matter, and what was done about it.
    """

    row: int
    field: PbcField | None
    shown: str
    why: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What a list came to.

    Attributes:
        requests: In the order of their rows.
        not_understood: Likewise.
        blank: How many rows between the first and the last request say nothing.
    """

    requests: tuple[PbcRequest, ...]
    not_understood: tuple[NotUnderstood, ...]
    blank: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What an edition changes: ids of requests that are new, say something else, or are gone."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    withdrawn: tuple[str, ...]


def read_requests(
    rows: Iterable[tuple[int, Sequence[SheetCell]]], columns: dict[PbcField, int], order: DateOrder | None, known: Sequence[str]
) -> Imported:
    """Read the rows below the headings.

    Args:
        rows: Row numbers, as a spreadsheet counts, with their cells.
        columns: Column of each field, counted from 0.
        order: How dates in figures alone are meant.
        known: Ids of the criteria that there are.
    """
    reading = _Reading(columns, order, frozenset(known), [], [])
    blank, waiting = 0, 0
    for number, cells in rows:
        if not any(not cell.continued and (read_text(cell.value) or cell.refused) for cell in cells):
            waiting += 1
            continue
        before = len(reading.given)
        reading.take(number, cells)
        if len(reading.given) > before:
            blank, waiting = blank + (waiting if before else 0), 0
    requests = tuple(_identified(reading.given, reading.problems))
    return Imported(requests, tuple(sorted(reading.problems, key=lambda each: each.row)), blank)


@dataclass(slots=True)
class _Given:
    row: int
    reference: str
    text: str
    criteria: tuple[str, ...]
    owner: str | None
    due: date | None
    auditor_status: str | None


@dataclass(slots=True)
class _Reading:
    columns: dict[PbcField, int]
    order: DateOrder | None
    known: frozenset[str]
    given: list[_Given]
    problems: list[NotUnderstood]

    def take(self, number: int, cells: Sequence[SheetCell]) -> None:
        shown = next((each for each in (read_text(cell.value) for cell in cells) if each), "")
        if self._cell(PbcField.TEXT, cells).spans:
            self._problem(number, None, shown, "a heading over several columns, and no request")
            return
        said = {field: self._text(number, field, cells) for field in self.columns}
        text = said.get(PbcField.TEXT, "")
        if not text:
            self._problem(number, None, shown, "no request: it has no text")
            return
        self.given.append(
            _Given(
                number,
                said.get(PbcField.ID, ""),
                text,
                self._criteria(number, said.get(PbcField.CRITERIA, "")),
                said.get(PbcField.OWNER) or None,
                self._due(number, cells),
                said.get(PbcField.AUDITOR_STATUS) or None,
            )
        )

    def _cell(self, field: PbcField, cells: Sequence[SheetCell]) -> SheetCell:
        column = self.columns.get(field)
        return cells[column] if column is not None and column < len(cells) else SheetCell()

    def _text(self, number: int, field: PbcField, cells: Sequence[SheetCell]) -> str:
        cell = self._cell(field, cells)
        if cell.continued and field in (PbcField.ID, PbcField.TEXT):
            return ""  # it is the request above that goes on
        if cell.refused:
            self._problem(number, field, "", cell.refused)
            return ""
        return read_text(cell.value)

    def _criteria(self, number: int, text: str) -> tuple[str, ...]:
        found, rest = read_criteria(text)
        strange = [each for each in found if each not in self.known]
        if rest or strange:
            what = ", ".join([*strange, *([rest] if rest else [])])
            self._problem(number, PbcField.CRITERIA, what, "no criterion of the catalogue: left out")
        return tuple(each for each in found if each in self.known)

    def _due(self, number: int, cells: Sequence[SheetCell]) -> date | None:
        value = self._cell(PbcField.DUE, cells).value
        if value is None or not str(value).strip():
            return None
        try:
            return read_day(value, self.order)
        except Unclear as unclear:
            self._problem(number, PbcField.DUE, read_text(value), f"{unclear}: left out")
            return None

    def _problem(self, row: int, field: PbcField | None, shown: str, why: str) -> None:
        cut = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
        self.problems.append(NotUnderstood(row, field, cut, why))


def _identified(given: Sequence[_Given], problems: list[NotUnderstood]) -> list[PbcRequest]:
    """Return requests with ids: the auditor's reference where it is one row's alone, or one that is made of the text."""
    references = Counter(each.reference for each in given if each.reference)
    taken: Counter[str] = Counter()
    found = []
    for each in given:
        alone = references[each.reference] == 1
        if each.reference and not alone:
            problems.append(
                NotUnderstood(each.row, PbcField.ID, each.reference, "several rows have it: told apart by their text")
            )
        made = each.reference if alone else made_id(each.text, each.reference)
        taken[made] += 1
        if taken[made] > 1:
            made = f"{made}-{taken[made]}"  # the same text twice, in the order of the rows
        found.append(
            PbcRequest(
                id=made, row=each.row, text=each.text, criteria=each.criteria, owner=each.owner, due=each.due,
                auditor_status=each.auditor_status,
            )
        )  # fmt: skip
    return found


def made_id(text: str, reference: str = "") -> str:
    """Return the id of a request whose reference does not tell it apart: it changes only with its words."""
    digits = hashlib.sha256(" ".join(text.split()).lower().encode()).hexdigest()[:8]
    return f"{reference}-{digits}" if reference else f"R-{digits}"


def merge_edition(before: Sequence[PbcRequest], after: Sequence[PbcRequest]) -> tuple[tuple[PbcRequest, ...], Changes]:
    """Return the requests of a later edition with what was matched before, those that are gone as withdrawn, and the changes."""
    known = {each.id: each for each in before}
    now = {each.id for each in after}
    kept = [each.model_copy(update={"matches": known[each.id].matches}) if each.id in known else each for each in after]
    gone = [each.model_copy(update={"withdrawn": True}) for each in before if each.id not in now]
    changes = Changes(
        tuple(each.id for each in after if each.id not in known),
        tuple(each.id for each in after if each.id in known and _says(each) != _says(known[each.id])),
        tuple(each.id for each in gone if not known[each.id].withdrawn),
    )
    return (*kept, *gone), changes


def _says(request: PbcRequest) -> tuple[Any, ...]:
    return request.text, request.criteria, request.owner, request.due, request.auditor_status, request.withdrawn
