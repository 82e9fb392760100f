# SPDX-License-Identifier: Apache-2.0
"""The people system's list of who joined, moved and left when: from a REST source, or from a file that was dropped.

It is read by collectors `rest` and `object_drop`, whose parameters stand under ``rest`` or ``drop``, into the columns `COLUMNS`.
The list is the population of whoever holds it against something: its counts are theirs.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from tieout.collectors.extraction import find_collector
from tieout.collectors.frame import Frame
from tieout.collectors.personnel_states import Employment, EventType
from tieout.collectors.rest_parameters import RestParameters
from tieout.contracts.cast import POSITION_COLUMN
from tieout.criteria.controls import SystemSource
from tieout.documents import Document
from tieout.errors import ContractError
from tieout.times import parse_instant

COLUMNS = ("event_id", "event_type", "person", "employee_number", "worker_type", "event_at")
"""``person``: e-mail address. ``event_at``: a time with its zone, or a day: a leaver's lasts until its end."""
_TYPES = ("hire", "leave", "transfer")


class Roster(Document):
    """Where the list is."""

    rest: RestParameters | None = None
    """Parameters of collector `rest`."""
    drop: dict[str, Any] | None = None
    """Parameters of collector `object_drop`."""
    time_zone: str = "UTC"
    """IANA zone of days without a time."""
    words: dict[str, EventType] = Field(default_factory=dict)
    """The people system's own words for hire, leave and transfer, where it has others."""

    @model_validator(mode="after")
    def _is_one(self) -> Roster:
        if (self.rest is None) == (self.drop is None):
            msg = "expected one of rest and drop"
            raise ValueError(msg)
        if self.rest is not None:
            _require_columns(tuple(self.rest.columns))
        elif self.drop is not None and self.drop.get("columns"):
            _require_columns(tuple(self.drop["columns"]))
        return self

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            msg = "expected an IANA zone such as Europe/Berlin"
            raise ValueError(msg) from error
        return value


def _require_columns(names: tuple[str, ...]) -> None:
    if sorted(names) != sorted(COLUMNS):
        msg = f"columns: expected {', '.join(COLUMNS)}, got {', '.join(names)}"
        raise ValueError(msg)


def read_roster(frame: Frame, roster: Roster) -> list[Employment]:
    """Read the whole list; the frame's statement and counts are those of the list afterwards.

    Raises:
        ConfigurationError: A parameter is wrong, or the source refuses the credential or the request.
        SourceUnavailable: It did not answer, or the file is not there.
        ContractError: The list is not whole, lacks a column, or a value in it can not be read.
    """
    collector = "object_drop" if roster.rest is None else "rest"
    parameters = roster.drop if roster.rest is None else roster.rest.model_dump(exclude_unset=True)
    own = copy.copy(frame)  # pages and drops are the frame's own lists
    own.source = SystemSource(system=frame.source.system, collector=collector, parameters=parameters or {})
    found: list[Employment] = []
    for table in find_collector(collector)(own):
        where = own.statement.location if own.statement else frame.source.system
        missing = [name for name in COLUMNS if name not in table.column_names]
        if missing:
            msg = f"{where}: expected the columns {', '.join(COLUMNS)}, there is no {', '.join(missing)}. Correct 'columns'."
            raise ContractError(msg)
        found += (employment(row, roster, f"{where}: row {row[POSITION_COLUMN]}") for row in table.to_pylist())
    frame.statement, frame.source_total, frame.second_count = own.statement, own.source_total, own.second_count
    frame.attempts, frame.clock_offset = own.attempts, own.clock_offset
    return found


def employment(row: dict[str, Any], roster: Roster, where: str) -> Employment:
    """Return one row of the list.

    Raises:
        ContractError: It has no id, or its type or time is none; the message names the row, never a person.
    """
    kind = roster.words.get(row["event_type"] or "", row["event_type"])
    if not row["event_id"]:
        raise _unreadable(where, "event_id", "an id")
    if kind not in _TYPES:
        raise _unreadable(where, "event_type", "hire, leave or transfer, or one of parameter 'words'")
    try:
        at = _time(row["event_at"] or "", roster.time_zone, leaves=kind == "leave")
    except ValueError as error:
        raise _unreadable(where, "event_at", "a day such as 2026-03-05, or a time with its zone") from error
    number, address = row["employee_number"] or None, row["person"] or None
    return Employment(row["event_id"], cast(EventType, kind), at, number, address, row["worker_type"] or None)


def _time(text: str, zone: str, *, leaves: bool) -> datetime:
    """Return when an event takes effect; of a day, its beginning, or for a leaver its end."""
    if len(text) != len("2026-03-05"):
        return parse_instant(text)
    day = datetime.fromisoformat(text) + timedelta(days=int(leaves))
    return day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _unreadable(where: str, column: str, expected: str) -> ContractError:
    return ContractError(f"{where}: column {column!r}: expected {expected}, got another value. Nothing lands. Correct the list.")
