# SPDX-License-Identifier: Apache-2.0
"""Who works here as of a window's end, and for whom: the people system's list of people (`tieout.collectors.people_list`).

Its columns are `COLUMNS`: addresses as ``person`` and ``manager``, days such as ``2026-03-05``, or times with their zone. With
``as_of`` it says itself what time it stands for; without, it is read within days of the window's end and stands for that. With
parameter ``leave`` it also says who is on leave, in `LEAVE`. One person is one row: of several employments the present one
counts, the others are left out, and the record says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
from pydantic import Field

from tieout.collectors.evidence_columns import ROSTER
from tieout.collectors.frame import Frame
from tieout.collectors.people_list import PeopleList, Row, instant_of, read_list, unreadable
from tieout.collectors.row_tables import row_tables
from tieout.errors import ContractError
from tieout.persons import normalised
from tieout.times import instant

EmploymentWord = Literal["active", "left", "not_started"]
COLUMNS = tuple(name for name in ROSTER if name not in ("as_of", "read_at"))
LEAVE = ("leave_from", "leave_until")
FORMER = "another employment of a person who is listed with a later one"
_STANDING = {"active": 2, "not_started": 1, "left": 0}


class Parameters(PeopleList):
    """Parameters of the system's YAML."""

    asked: ClassVar[tuple[str, ...]] = COLUMNS
    optional: ClassVar[tuple[str, ...]] = ("as_of", *LEAVE)

    words: dict[str, EmploymentWord] = Field(default_factory=dict)
    """The people system's own words for active, left and not_started, where it has others. A row that states none is judged by
    its days."""
    managers_by: Literal["person", "employee_number"] = "person"
    """What the list names a manager by."""
    leave: bool = False
    """Whether the list says who is on leave; rows are of ``roster_entry.v2`` then, else of ``roster_entry.v1``."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the whole list, then give one row for each person.

    Raises:
        ConfigurationError: A parameter is wrong, or the source refuses the credential or the request.
        SourceUnavailable: It did not answer, or the file is not there.
        ExtractionRefused: The list does not say what time it stands for, and the window ended too long ago.
        ContractError: The list is not whole, lacks a column, or a value in it can not be read.
    """
    given = frame.parameters(Parameters)
    rows = _Rows(frame, given)
    people: dict[str, Row] = {}
    by_number: dict[str, str] = {}
    for listed, where in read_list(frame, given):
        row = rows.read(listed, where)
        by_number.setdefault(row["employee_number"], row["person"])
        before = people.setdefault(normalised(row["person"]), row)
        if before is not row:
            kept, left = (row, before) if _presence(row) > _presence(before) else (before, row)
            people[normalised(row["person"])] = kept
            frame.drop(FORMER, [left["where"]])
    if given.managers_by == "employee_number":
        for row in people.values():
            row["manager"] = by_number.get(row["manager"], row["manager"]) if row["manager"] else None
    yield from row_tables(people.values(), (*ROSTER, *LEAVE) if given.leave else ROSTER)


class _Rows:
    """Reads rows of the list."""

    def __init__(self, frame: Frame, given: Parameters) -> None:
        self._frame, self._given, self._zone = frame, given, ZoneInfo(given.time_zone)
        self._read_at = instant(frame.clock())
        self._end: str | None = None

    def read(self, row: Row, where: str) -> Row:
        """Return one row in the contract's columns, and where it stands."""
        person = row["person"] or row["employee_number"]
        if not person:
            raise unreadable(where, "person", "an address, or an employee number beside it")
        started, left = (self._day(row, name, where) for name in ("started_on", "left_on"))
        texts = {name: row[name] or None for name in ("employee_number", "worker_type", "manager", "department", "job_title")}
        as_of = self._as_of(row, where)
        return {
            **texts,
            "person": person,
            "as_of": as_of,
            "read_at": self._read_at,
            "employment": self._employment(row, started, left, as_of, where),
            "started_on": started,
            "left_on": left,
            **(self._leave(row, where) if self._given.leave else {}),
            "where": where.rsplit(": ", 1)[-1],
        }

    def _leave(self, row: Row, where: str) -> Row:
        if absent := [name for name in LEAVE if name not in row]:
            msg = f"{where}: expected the columns {' and '.join(LEAVE)}, there is no {', '.join(absent)}. Correct 'leave'."
            raise ContractError(msg)
        begins, ends = (self._day(row, name, where) for name in LEAVE)
        if ends is not None and (begins is None or ends < begins):
            raise unreadable(where, "leave_until", "a day of leave_from or after it")
        return dict(zip(LEAVE, (begins, ends), strict=True))

    def _as_of(self, row: Row, where: str) -> str:
        if "as_of" not in row:
            self._end = self._end or instant(self._frame.as_of_the_end())
            return self._end
        try:
            return instant(instant_of(row["as_of"] or "", self._given.time_zone))
        except ValueError as error:
            raise unreadable(where, "as_of", "a day such as 2026-03-05, or a time with its zone") from error

    def _day(self, row: Row, column: str, where: str) -> str | None:
        if not row[column]:
            return None
        try:
            return self._local_day(instant_of(row[column], self._given.time_zone))
        except ValueError as error:
            raise unreadable(where, column, "a day such as 2026-03-05, or a time with its zone") from error

    def _local_day(self, at: datetime) -> str:
        return at.astimezone(self._zone).date().isoformat()

    def _employment(self, row: Row, started: str | None, left: str | None, as_of: str, where: str) -> str:
        """Return what the list states, else what its days say: somebody is active on the first day and on the last."""
        if stated := row["employment"]:
            word = self._given.words.get(stated, stated)
            if word not in _STANDING:
                raise unreadable(where, "employment", "active, left or not_started, or one of parameter 'words'")
            return str(word)
        day = self._local_day(datetime.fromisoformat(as_of))
        if left is not None and left < day:
            return "left"
        return "not_started" if started is not None and started > day else "active"


def _presence(row: Row) -> tuple[int, str]:
    """Order employments of one person: the present one comes last, then the later one."""
    return _STANDING[row["employment"]], row["started_on"] or ""
