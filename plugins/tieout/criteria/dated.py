# SPDX-License-Identifier: Apache-2.0
"""What is true from a day on, until a day: nothing is overwritten, so that any day can be asked about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from pydantic import Field, model_validator

from tieout.documents import Document

D = TypeVar("D", bound="Dated")
BEGINNING = date(1970, 1, 1)


class Dated(Document):
    """Something that is true from a day on, until a day."""

    effective_from: date = BEGINNING
    effective_to: date | None = None
    """First day on which it is true no more."""
    change: str | None = Field(default=None, min_length=1)
    """Why it came or went, and who approved it."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Dated:
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            msg = f"effective_to {self.effective_to} must come after effective_from {self.effective_from}"
            raise ValueError(msg)
        return self

    def is_in_force(self, day: date) -> bool:
        """Whether it is true on a day."""
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)

    def touches(self, first_day: date, end_day: date) -> bool:
        """Whether it is true on some day in ``[first_day, end_day)``."""
        return self.effective_from < end_day and (self.effective_to is None or first_day < self.effective_to)


def in_force(entries: Iterable[D], day: date) -> tuple[D, ...]:
    """Return the entries that are true on a day."""
    return tuple(entry for entry in entries if entry.is_in_force(day))


def refuse_twice(what: str, names: list[str]) -> None:
    """Refuse a list that names something twice.

    Raises:
        ValueError: It does.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"expected each {what} once, got {', '.join(twice)} twice"
        raise ValueError(msg)
