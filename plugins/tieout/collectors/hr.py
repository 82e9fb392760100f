# SPDX-License-Identifier: Apache-2.0
"""The people system's list of who joined, moved and left when, with the columns `COLUMNS` (`tieout.collectors.people_list`).

The list is the population of whoever holds it against something: its counts are theirs.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from pydantic import Field

from tieout.collectors.frame import Frame
from tieout.collectors.people_list import PeopleList, instant_of, read_list, unreadable
from tieout.collectors.personnel_states import Employment, EventType

COLUMNS = ("event_id", "event_type", "person", "employee_number", "worker_type", "event_at")
"""``person``: e-mail address. ``event_at``: a time with its zone, or a day: a leaver's lasts until its end."""
_TYPES = ("hire", "leave", "transfer")


class Roster(PeopleList):
    """Where the list is."""

    asked: ClassVar[tuple[str, ...]] = COLUMNS

    words: dict[str, EventType] = Field(default_factory=dict)
    """The people system's own words for hire, leave and transfer, where it has others."""


def read_roster(frame: Frame, roster: Roster) -> list[Employment]:
    """Read the whole list; the frame's statement and counts are those of the list afterwards.

    Raises:
        ConfigurationError: A parameter is wrong, or the source refuses the credential or the request.
        SourceUnavailable: It did not answer, or the file is not there.
        ContractError: The list is not whole, lacks a column, or a value in it can not be read.
    """
    return [employment(row, roster, where) for row, where in read_list(frame, roster)]


def employment(row: dict[str, Any], roster: Roster, where: str) -> Employment:
    """Return one row of the list.

    Raises:
        ContractError: It has no id, or its type or time is none; the message names the row, never a person.
    """
    kind = roster.words.get(row["event_type"] or "", row["event_type"])
    if not row["event_id"]:
        raise unreadable(where, "event_id", "an id")
    if kind not in _TYPES:
        raise unreadable(where, "event_type", "hire, leave or transfer, or one of parameter 'words'")
    try:
        at = instant_of(row["event_at"] or "", roster.time_zone, ends=kind == "leave")
    except ValueError as error:
        raise unreadable(where, "event_at", "a day such as 2026-03-05, or a time with its zone") from error
    number, address = row["employee_number"] or None, row["person"] or None
    return Employment(row["event_id"], cast(EventType, kind), at, number, address, row["worker_type"] or None)
