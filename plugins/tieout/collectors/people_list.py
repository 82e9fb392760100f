# SPDX-License-Identifier: Apache-2.0
"""A list that the people system gives, from a REST source or from a file that was dropped: what its collectors share.

It is read by collectors `rest` and `object_drop`, whose parameters stand under ``rest`` or ``drop``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import field_validator, model_validator

from tieout.collectors.extraction import find_collector
from tieout.collectors.frame import Frame
from tieout.collectors.rest_parameters import RestParameters
from tieout.contracts.cast import POSITION_COLUMN
from tieout.criteria.systems import SystemSource
from tieout.documents import Document
from tieout.errors import ContractError
from tieout.times import parse_instant

Row = dict[str, Any]
_A_DAY = len("2026-03-05")


class PeopleList(Document):
    """Where the list is. Each kind of list states its columns."""

    asked: ClassVar[tuple[str, ...]]
    """Columns that the list has."""
    optional: ClassVar[tuple[str, ...]] = ()
    """Columns that it may have besides."""

    rest: RestParameters | None = None
    """Parameters of collector `rest`."""
    drop: dict[str, Any] | None = None
    """Parameters of collector `object_drop`."""
    time_zone: str = "UTC"
    """IANA zone of days without a time."""

    @model_validator(mode="after")
    def _is_one(self) -> PeopleList:
        if (self.rest is None) == (self.drop is None):
            msg = "expected one of rest and drop"
            raise ValueError(msg)
        if self.rest is not None:
            self._require_columns(set(self.rest.columns))
        elif self.drop is not None and self.drop.get("columns"):
            self._require_columns(set(self.drop["columns"]))
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

    def _require_columns(self, names: set[str]) -> None:
        if not set(self.asked) <= names <= {*self.asked, *self.optional}:
            besides = f", and perhaps {', '.join(self.optional)}" if self.optional else ""
            msg = f"columns: expected {', '.join(self.asked)}{besides}, got {', '.join(sorted(names))}"
            raise ValueError(msg)


def read_list(frame: Frame, given: PeopleList) -> Iterator[tuple[Row, str]]:
    """Yield each row of the whole list, and where it stands; the frame's statement and counts are those of the list afterwards.

    Raises:
        ConfigurationError: A parameter is wrong, or the source refuses the credential or the request.
        SourceUnavailable: It did not answer, or the file is not there.
        ContractError: The list is not whole, or lacks a column.
    """
    collector = "object_drop" if given.rest is None else "rest"
    parameters = given.drop if given.rest is None else given.rest.model_dump(exclude_unset=True)
    own = copy.copy(frame)  # pages and drops are the frame's own lists
    own.source = SystemSource(system=frame.source.system, collector=collector, parameters=parameters or {})
    for table in find_collector(collector)(own):
        where = own.statement.location if own.statement else frame.source.system
        missing = [name for name in given.asked if name not in table.column_names]
        if missing:
            msg = f"{where}: expected the columns {', '.join(given.asked)}, there is no {', '.join(missing)}. Correct 'columns'."
            raise ContractError(msg)
        for row in table.to_pylist():
            yield row, f"{where}: row {row[POSITION_COLUMN]}"
    frame.statement, frame.source_total, frame.second_count = own.statement, own.source_total, own.second_count
    frame.attempts, frame.clock_offset = own.attempts, own.clock_offset


def instant_of(text: str, zone: str, *, ends: bool = False) -> datetime:
    """Return a time of the list; of a day in a zone, its beginning, or its end.

    Raises:
        ValueError: It is neither a day nor a time with its zone.
    """
    if len(text) != _A_DAY:
        return parse_instant(text)
    day = datetime.fromisoformat(text) + timedelta(days=int(ends))
    return day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def unreadable(where: str, column: str, expected: str) -> ContractError:
    """Return the error of a value that can not be read; it names the row, never what stands there."""
    return ContractError(f"{where}: column {column!r}: expected {expected}, got another value. Nothing lands. Correct the list.")
