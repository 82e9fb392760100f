# SPDX-License-Identifier: Apache-2.0
"""Points of focus considered: what management says about each, one file per series.

Nobody but management can say so. A point that nobody has judged yet says *not considered by management*: a fact for the
system description, never a deviation, and never counted as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path

from pydantic import Field, model_validator

from tieout.criteria.control_parts import PointOfFocusId
from tieout.criteria.periods import Stem
from tieout.documents import Document, load


class Consideration(StrEnum):
    """What management says about a point of focus."""

    ADDRESSED = "addressed"
    PARTLY = "partly"
    NOT_APPLICABLE = "not applicable"
    NOT_CONSIDERED = "not considered by management"


class Assessment(Document):
    """One point of focus, as management has considered it."""

    point_of_focus: PointOfFocusId
    consideration: Consideration
    controls: tuple[Stem, ...] = ()
    """Controls that address it. Beside *not considered by management* they are a proposal of whoever mapped the controls."""
    evidence: tuple[str, ...] = ()
    """Other evidence: evidence types, documents, links."""
    rationale: str | None = Field(default=None, min_length=1)
    by: str | None = Field(default=None, min_length=1)
    """Role that considered it."""
    on: date | None = None
    review_due: date | None = None

    @model_validator(mode="after")
    def _says_who_and_why(self) -> Assessment:
        if self.consideration is Consideration.NOT_CONSIDERED:
            if self.by or self.on:
                msg = "'by' and 'on' say that somebody considered it, and consideration says that nobody did"
                raise ValueError(msg)
            return self
        absent = [name for name in ("rationale", "by", "on", "review_due") if getattr(self, name) is None]
        if absent:
            msg = f"a point of focus that is '{self.consideration}' needs {', '.join(absent)}: why, by whom, when, and until when"
            raise ValueError(msg)
        if self.consideration is not Consideration.NOT_APPLICABLE and not (self.controls or self.evidence):
            msg = f"a point of focus that is '{self.consideration}' names the controls or the evidence that address it"
            raise ValueError(msg)
        return self

    def is_overdue(self, day: date) -> bool:
        """Whether management said it would look again before that day."""
        return self.review_due is not None and self.review_due < day


class SeriesAssessment(Document):
    """``include/criteria/assessments/<series>.yaml``: every point of focus of one series, in the catalogue's order."""

    series: str = Field(pattern=r"^(CC|A|C|PI|P)\d$")
    points_of_focus: tuple[Assessment, ...]

    @model_validator(mode="after")
    def _each_once_and_of_this_series(self) -> SeriesAssessment:
        ids = [assessment.point_of_focus for assessment in self.points_of_focus]
        strange = [point for point in ids if point.rpartition(".")[0] != self.series]
        twice = sorted({point for point in ids if ids.count(point) > 1})
        if strange or twice:
            msg = f"expected each point of focus of {self.series} once; of another series: {strange}, twice: {twice}"
            raise ValueError(msg)
        return self


def load_assessments(folder: Path) -> dict[str, Assessment]:
    """Read every file of a folder: what management says, by point of focus.

    Raises:
        ConfigurationError: With file, line and cure.
    """
    files = (load(path, SeriesAssessment) for path in sorted(folder.glob("*.yaml")))
    return {assessment.point_of_focus: assessment for file in files for assessment in file.points_of_focus}


def overdue(assessments: Mapping[str, Assessment], day: date) -> list[Assessment]:
    """Return what management should have looked at again before a day."""
    return [assessment for assessment in assessments.values() if assessment.is_overdue(day)]
