# SPDX-License-Identifier: Apache-2.0
"""PBC lists: what an auditor asks for, in the auditor's own layout, and what of the program answers each request.

A list is one YAML file, ``include/criteria/pbc/<list>.yaml``, which `tieout pbc import` writes from the auditor's workbook. The
columns are mapped once and remembered; a request keeps its id and its matches when a later edition of the workbook is imported.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from tieout.criteria.control_parts import CriterionId
from tieout.criteria.form_fields import refuse_twice
from tieout.criteria.periods import Stem
from tieout.documents import Document

FOLDER = "pbc"
"""Folder of the lists, beside that of the controls."""
MOST_REQUESTS = 5_000
LAST_COLUMN = 64
"""Columns of a sheet that are looked at."""
ColumnLetter = Annotated[str, Field(pattern=r"^[A-Z]{1,2}$")]


class PbcField(StrEnum):
    """What a column of an auditor's list holds. The last four are ours: they are written when the list is exported."""

    ID = "id"
    TEXT = "text"
    CRITERIA = "criteria"
    OWNER = "owner"
    DUE = "due"
    AUDITOR_STATUS = "auditor_status"
    OUR_STATUS = "our_status"
    EVIDENCE = "evidence"
    COMMENT = "comment"
    QUESTIONS = "questions"
    """Only where somebody says so: a column of questions that is found could hold the auditor's own."""


OURS = (PbcField.OUR_STATUS, PbcField.EVIDENCE, PbcField.COMMENT)
"""Each gets a column where the list has none. `PbcField.QUESTIONS` gets a sheet then."""
DateOrder = Literal["DMY", "MDY"]


class Layout(Document):
    """Where an auditor's list has what."""

    sheet: str | None = None
    """Of a workbook; ``None`` for a CSV file."""
    header_rows: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    """Rows that hold the headings, as a spreadsheet counts them; requests stand below the last."""
    columns: dict[PbcField, ColumnLetter]
    headings: dict[PbcField, str] = Field(default_factory=dict)
    """The words of these columns' headings when the list was imported last: a later edition has the same, or is mapped anew."""
    dates: DateOrder | None = None
    """How dates in figures alone are meant, where the list does not say it itself."""

    @model_validator(mode="after")
    def _fits(self) -> Layout:
        if PbcField.TEXT not in self.columns:
            msg = "columns: expected the column of the requests' text under 'text'"
            raise ValueError(msg)
        refuse_twice("two fields share a column", list(self.columns.values()))
        if list(self.header_rows) != sorted(set(self.header_rows)):
            msg = "header_rows: expected rising row numbers"
            raise ValueError(msg)
        return self


class PbcMatch(Document):
    """A control whose evidence answers a request, or part of it."""

    control: Stem
    system: str | None = None
    """Only this system of it."""
    window: str | None = None
    """Only this window; by default every one of the period."""
    by: str | None = None
    """Who matched it: a role or a person id; ``None`` for a suggestion that nobody has confirmed."""

    @property
    def is_suggestion(self) -> bool:
        """Whether nobody has confirmed it."""
        return self.by is None

    def as_text(self) -> str:
        """Return what it names, for a person to read."""
        return " ".join(each for each in (self.control, self.window, self.system) if each)


class PbcRequest(Document):
    """One line of an auditor's list."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    """The auditor's own reference, or where the list has none, one that is made of the text; it stays the same."""
    row: Annotated[int, Field(ge=1)]
    """Where it stood in the file that was imported last."""
    text: Annotated[str, Field(min_length=1)]
    criteria: tuple[CriterionId, ...] = ()
    owner: str | None = None
    due: date | None = None
    auditor_status: str | None = None
    withdrawn: bool = False
    """Whether the last edition of the list has it no more."""
    matches: tuple[PbcMatch, ...] = ()


class RequestList(Document):
    """An auditor's list for one observation period."""

    observation_period: str
    file: str
    """Name of the file that was imported last."""
    file_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    layout: Layout
    requests: tuple[PbcRequest, ...] = Field(max_length=MOST_REQUESTS)

    @field_validator("requests")
    @classmethod
    def _ids_differ(cls, value: tuple[PbcRequest, ...]) -> tuple[PbcRequest, ...]:
        refuse_twice("two requests share an id", [each.id for each in value])
        return value
