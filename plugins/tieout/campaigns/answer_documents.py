# SPDX-License-Identifier: Apache-2.0
"""The documents that people's events are stored as: every field, with its bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from tieout.documents import Document
from tieout.times import instant, parse_instant

MAX_REASON = 4000
"""Characters of a reason; a longer one is not stored."""
MAX_DECISIONS = 1000
"""Decisions of one answer."""
MAX_FILES = 100
"""Files that one answer rests on."""

_Id = Annotated[str, Field(min_length=1, max_length=200)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Reason = Annotated[str, Field(max_length=MAX_REASON)]
_Instant = Annotated[str, AfterValidator(lambda text: instant(parse_instant(text)))]


class Answer(Document):
    """What every answer says: to which definition, and what tells it from the same said again."""

    version: Literal[1]
    definition_sha256: _Sha256
    interaction: _Id


class LineAnswer(Document):
    """What was decided of one item."""

    item: _Id
    row_sha256: _Sha256
    decision: _Id
    reason: _Reason | None
    answer: _Reason | None = None


class MeasuredAnswer(Document):
    """What was measured about decisions."""

    dwell_ms: Annotated[int, Field(ge=0, lt=2**53)] | None
    batch: Annotated[int, Field(ge=1, lt=2**31)]


class FileAnswer(Document):
    """One file that decisions rest on."""

    sha256: _Sha256
    version_id: Annotated[str, Field(min_length=1, max_length=1024)]


class DecidedAnswer(Answer):
    """Decisions on items of an assignment."""

    kind: Literal["decided"]
    decisions: Annotated[tuple[LineAnswer, ...], Field(min_length=1, max_length=MAX_DECISIONS)]
    measured: MeasuredAnswer
    files: Annotated[tuple[FileAnswer, ...], Field(max_length=MAX_FILES)] = ()

    @field_validator("decisions")
    @classmethod
    def _each_item_once(cls, lines: tuple[LineAnswer, ...]) -> tuple[LineAnswer, ...]:
        if len({line.item for line in lines}) != len(lines):
            msg = "an item is decided twice"
            raise ValueError(msg)
        return lines


class LookedAnswer(Answer):
    """What a second person said of an answer."""

    kind: Literal["looked"]
    item: _Id
    about: _Id
    accepted: bool
    question: _Reason


class ReassignedAnswer(Answer):
    """Items are given to somebody else."""

    kind: Literal["reassigned"]
    assignment: _Id
    to: _Id
    items: Annotated[tuple[_Id, ...], Field(min_length=1)] | None
    reason: _Reason


class CoveredAnswer(Answer):
    """Somebody answers in the place of somebody else."""

    kind: Literal["covered"]
    person: _Id
    stand_in: _Id
    assignments: Annotated[tuple[_Id, ...], Field(min_length=1)] | None
    from_: Annotated[_Instant, Field(alias="from")]
    until: _Instant
    reason: _Reason


class WithdrawnAnswer(Answer):
    """A cover is over."""

    kind: Literal["withdrawn"]
    cover: _Id
    reason: _Reason


class SignedOffAnswer(Answer):
    """What a second person said of the whole."""

    kind: Literal["signed off"]
    approved: bool
    reason: _Reason
    about_sha256: _Sha256
