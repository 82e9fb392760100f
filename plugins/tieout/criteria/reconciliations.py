# SPDX-License-Identifier: Apache-2.0
"""Reconciliations: a control's population held against another one, row by row, as the control's file defines it.

Both sides are landed evidence: what a report is made of has to be evidence itself, or the report is none. *Here* is the control's
own population, *there* the other one.

1. Rows match where all columns of `match` hold the same. Many rows may match one: duplicates are no difference.
2. A row that matches none is *only here* or *only there*, where that direction has a meaning.
3. Rows that match and hold other values in `compare` *differ*; one equal partner among several is enough.
4. A row that holds nothing in a column of `match` is *not determinable*: no match is never a pass.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from tieout.criteria.periods import Stem
from tieout.documents import Document


def _is_expression(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as error:
        msg = f"no regular expression: {error}"
        raise ValueError(msg) from error
    if groups > 1:
        msg = f"expected at most one group, which is the reference, found {groups}; '(?:' opens one that does not count"
        raise ValueError(msg)
    return value


Expression = Annotated[str, AfterValidator(_is_expression)]
Columns = dict[Stem, Stem]
Span = tuple[datetime, datetime]


class OtherPopulation(Document):
    """The population on the other side."""

    control: Stem
    system: Stem


class Reconciliation(Document):
    """One control's population of one system against another population."""

    id: Stem
    system: Stem
    """The control's system whose population stands here."""
    other: OtherPopulation
    """The control and the system whose population stands there; the same control may be named, with another system."""
    match: Columns = Field(min_length=1)
    """Columns that hold the reference, ours to theirs; several are matched together."""
    extract_here: dict[Stem, Expression] = Field(default_factory=dict)
    """By our column: an expression whose first find in it is the reference, or its one group, for example ``PROJ-\\d+``."""
    extract_there: dict[Stem, Expression] = Field(default_factory=dict)
    """The same by their column."""
    ignore: tuple[Literal["case", "blanks"], ...] = ()
    """What does not tell two references apart: upper and lower case; blanks, wherever they stand."""
    compare: Columns = Field(default_factory=dict)
    """Further columns that matched rows have to hold equally, ours to theirs. Two that hold nothing are equal."""
    only_here: str | None = Field(default=None, min_length=1)
    """What it means that a row of ours matches none of theirs, in a sentence; without it, that is no difference."""
    only_there: str | None = Field(default=None, min_length=1)
    """What it means that a row of theirs matches none of ours; without it, that is no difference."""
    days_before: int = Field(default=0, ge=0, le=92)
    """So many days before the window a partner of theirs may lie, for example a ticket opened in the month before its change."""
    days_after: int = Field(default=0, ge=0, le=92)
    """So many days after the window a partner of theirs may lie. The reconciliation waits until those have landed."""

    @model_validator(mode="after")
    def _says_something(self) -> Reconciliation:
        if self.only_here is None and self.only_there is None:
            msg = "expected only_here, only_there or both, with what it means: nothing would be a difference"
            raise ValueError(msg)
        for name, columns in (("extract_here", self.match), ("extract_there", self.match.values())):
            strange = sorted(set(getattr(self, name)) - set(columns))
            if strange:
                msg = f"{name}: expected columns of match ({', '.join(columns)}), got {', '.join(strange)}"
                raise ValueError(msg)
        return self

    def spans(self, start: datetime, end: datetime) -> tuple[Span, Span]:
        """Return the intervals of our and of their rows that the reconciliation of a window ``[start, end)`` needs.

        A partner of theirs that may lie before ours has one of ours that may lie after it: ours are needed around the window
        where theirs are judged too.
        """
        before, after = timedelta(days=self.days_before), timedelta(days=self.days_after)
        here = (start, end) if self.only_there is None else (start - after, end + before)
        return here, (start - before, end + after)


def _are_unique(value: tuple[Reconciliation, ...]) -> tuple[Reconciliation, ...]:
    names = [each.id for each in value]
    if len(set(names)) != len(names):
        twice = ", ".join(sorted({name for name in names if names.count(name) > 1}))
        msg = f"two reconciliations share an id: {twice}"
        raise ValueError(msg)
    return value


Reconciliations = Annotated[tuple[Reconciliation, ...], AfterValidator(_are_unique)]
