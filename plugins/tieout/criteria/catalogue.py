# SPDX-License-Identifier: Apache-2.0
"""The catalogue: Trust Services Criteria and points of focus by stable id, in our own words.

The AICPA's text is copyrighted and not part of this project. An organisation that licenses it can lay the official wording over
ours (`tieout.criteria.overlay`). Points of focus are guidance: one that management did not address is *not considered by
management*, never a deviation. Our ids of them (``CC6.2-POF2``) are never printed without our wording.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from tieout.criteria.control_parts import CriterionId, PointOfFocusId
from tieout.documents import Document, load

CategoryId = Literal["security", "availability", "confidentiality", "processing_integrity", "privacy"]


class Edition(Document):
    """Which edition of the criteria this is, and what its fields mean."""

    title: str
    edition: str
    criteria_count: int
    points_of_focus_count: int
    notice: str
    fields: dict[str, str]


class Category(Document):
    """One of the five categories; Security is always examined, the others by choice."""

    id: CategoryId
    name: str
    criteria_prefix: str
    required_in_soc2: bool


class Series(Document):
    """Criteria that belong together, such as CC6."""

    id: str = Field(pattern=r"^(CC|A|C|PI|P)\d$")
    category: CategoryId
    name: str


class PointOfFocus(Document):
    """Guidance on a criterion. Its number is ours: document order."""

    id: PointOfFocusId
    summary: str
    scope: Literal["all", "tsc", "availability", "confidentiality", "processing_integrity", "privacy"]
    """``all`` and ``tsc`` concern every engagement; a category's name concerns one with that category in scope."""
    origin: str
    system_level: bool
    changed_2022: Literal["new", "revised", "minor", "unchanged"]
    privacy_roles: tuple[str, ...] = ()
    subgroup: str | None = None
    """Heading under which a long list groups its points."""
    products_only: bool = False
    """Whether it concerns products that are produced or distributed, and no service."""

    def is_in_scope(self, categories: frozenset[CategoryId]) -> bool:
        """Whether it concerns an engagement with these categories."""
        return self.scope in ("all", "tsc") or self.scope in categories


class Criterion(Document):
    """One criterion."""

    id: CriterionId
    name: str
    category: CategoryId
    series: str
    coso_principle: int | None = None
    summary: str
    points_of_focus: tuple[PointOfFocus, ...]


class Catalogue(Document):
    """One edition of the criteria. Its key is the stem of its file, for example ``tsc_2017_rev2022``."""

    catalog: Edition
    categories: tuple[Category, ...]
    series: tuple[Series, ...]
    criteria: tuple[Criterion, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> Catalogue:
        points = [point.id for criterion in self.criteria for point in criterion.points_of_focus]
        ids = [criterion.id for criterion in self.criteria]
        if (len(ids), len(points)) != (self.catalog.criteria_count, self.catalog.points_of_focus_count):
            msg = (
                f"expected {self.catalog.criteria_count} criteria and {self.catalog.points_of_focus_count} points of focus, "
                f"got {len(ids)} and {len(points)}"
            )
            raise ValueError(msg)
        if len(set(ids)) != len(ids) or len(set(points)) != len(points):
            twice = sorted({each for each in (*ids, *points) if (*ids, *points).count(each) > 1})
            msg = f"an id stands twice: {', '.join(twice)}"
            raise ValueError(msg)
        return self

    @cached_property
    def by_id(self) -> dict[str, Criterion]:
        """The criteria by id, in the catalogue's order."""
        return {criterion.id: criterion for criterion in self.criteria}

    @cached_property
    def points(self) -> dict[str, PointOfFocus]:
        """The points of focus by id, in the catalogue's order."""
        return {point.id: point for criterion in self.criteria for point in criterion.points_of_focus}

    def in_scope(self, categories: frozenset[CategoryId]) -> tuple[Criterion, ...]:
        """Return the criteria of some categories, in the catalogue's order."""
        return tuple(criterion for criterion in self.criteria if criterion.category in categories)

    def category_of(self, criterion_id: str) -> CategoryId | None:
        """Return the category of a criterion; ``None`` where there is no such criterion."""
        criterion = self.by_id.get(criterion_id)
        return criterion.category if criterion else None


def load_catalogue(path: Path) -> Catalogue:
    """Read a catalogue.

    Raises:
        ConfigurationError: With file, line and cure.
    """
    return load(path, Catalogue)
