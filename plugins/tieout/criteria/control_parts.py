# SPDX-License-Identifier: Apache-2.0
"""The parts of a control's file: statements, mappings to criteria, population, schedule of extraction, thresholds."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tieout.criteria.periods import Stem, WindowKind
from tieout.documents import Document

CriterionId = Annotated[str, Field(pattern=r"^(CC|A|C|PI|P)\d\.\d$")]
PointOfFocusId = Annotated[str, Field(pattern=r"^(CC|A|C|PI|P)\d\.\d-POF\d+$")]


class Statement(Document):
    """The control's wording, verbatim, from a date on."""

    version: int = Field(ge=1)
    effective_from: date
    text: str = Field(min_length=1)


class CriterionMapping(Document):
    """Why this control serves a criterion."""

    criterion: CriterionId
    points_of_focus: tuple[PointOfFocusId, ...]
    rationale: str = Field(min_length=1)
    mapping: Literal["proposed", "reviewed"]
    """``proposed`` by whoever wrote the file; ``reviewed`` once management has read and accepted it. Never counted as one."""

    @model_validator(mode="after")
    def _points_belong_to_it(self) -> CriterionMapping:
        strange = [point for point in self.points_of_focus if not point.startswith(f"{self.criterion}-")]
        if strange:
            msg = (
                f"expected points of focus of {self.criterion}, which start with '{self.criterion}-POF', got {', '.join(strange)}"
            )
            raise ValueError(msg)
        return self


class Population(Document):
    """What one row is, and what makes it belong to a window."""

    unit: str
    inclusion_date_field: Stem
    """Column of the contract whose value places a row in a window."""
    performance_field: Stem | None = None
    """Column whose equal values make rows one performance of a periodic control, for example the id of a review; without it,
    the rows of one local day are one performance. A value that holds an interval's key, such as ``UAR-2026-Q1``, says which
    interval it is for."""
    sequence_field: Stem | None = None
    """Column whose values end in a number that the source gives out without a gap, for example of tickets; gaps are shown."""
    ipe: Literal["population for testing", "report used in a control"] = "population for testing"
    """What these rows are to the auditor: a population to select from, or a report that somebody relied on in the control."""
    read_as: Literal["history", "snapshot"] = "history"
    """``history``: the source tells what happened, and tells it again when it is asked again. ``snapshot``: rows say what stood
    at a window's end, which a source shows for a while only; nothing could be compared with them later, so that no true-up is."""
    exclusions: str
    """What is left out on purpose, in words; ``none`` when nothing is."""


class ExtractionSchedule(Document):
    """When we extract, which is not when the control operates."""

    window: WindowKind
    time: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "06:00"
    """Local time of day, after the window's last day, at which the extraction runs."""
    grace_days: int = Field(default=7, ge=0, le=90)
    """An extraction within so many days of the window's end counts as in window; after that it is later, with its lag."""


class Threshold(Document):
    """A number that a rule uses, tied to the policy that sets it."""

    name: Stem
    value: float
    unit: str
    policy: str
    section: str
    policy_version: str
