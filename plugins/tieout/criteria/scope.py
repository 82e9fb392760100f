# SPDX-License-Identifier: Apache-2.0
"""The scope of an examination: ``include/criteria/scope.yaml``.

Management decides it; Tieout records what it says and finds what does not fit. What can change has the dates between which it is
true (`Dated`): nothing is overwritten, and `Scope.as_of` tells what was in scope on any day.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from tieout.criteria.calendar import BusinessCalendar, Calendar
from tieout.criteria.catalogue import CategoryId
from tieout.criteria.control_parts import CriterionId
from tieout.criteria.controls import Control
from tieout.criteria.dated import Dated, in_force, refuse_twice
from tieout.criteria.periods import ObservationPeriod, Stem
from tieout.criteria.source_map import SourceMap
from tieout.criteria.vendors import MappedStatement, Statement, SubserviceOrganization
from tieout.documents import Document, load


class ScopedCategory(Dated):
    """A category that is examined."""

    category: CategoryId


class Components(Document):
    """The five components of the system, as the description lists them."""

    infrastructure: tuple[str, ...]
    software: tuple[str, ...]
    people: tuple[str, ...]
    procedures: tuple[str, ...]
    data: tuple[str, ...]


class Boundary(Document):
    """What the system is, and what it is not."""

    description: str = Field(min_length=1)
    components: Components
    excluded: tuple[str, ...] = ()
    """What a reader could think to be part of it, and is not."""


class NotApplicable(Dated):
    """A criterion of a category in scope that does not apply, and why."""

    criterion: CriterionId
    reason: str = Field(min_length=1)
    decided_by: str


class Owner(Document):
    """Who holds a role that controls name as their owner, and where the program reaches them."""

    role: str = Field(min_length=1)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    """Work address; Slack finds the person by it."""


class ScopedSystem(Dated):
    """A system that controls read populations from; controls name it by ``system``."""

    system: Stem
    name: str
    owner: str
    """Role that answers for it."""


class Scope(Document):
    """``include/criteria/scope.yaml``."""

    system_name: str = Field(min_length=1)
    """Name of the system that the description covers."""
    time_zone: str
    """IANA name; windows, periods and performances start at local midnight here."""
    edition: Stem = "tsc_2017_rev2022"
    """Stem of the catalogue's file."""
    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    """Month in which the fiscal year starts; quarters, halves and years of controls count from it."""
    business_calendar: BusinessCalendar = BusinessCalendar()
    observation_periods: tuple[ObservationPeriod, ...]
    categories: tuple[ScopedCategory, ...] = (ScopedCategory(category="security"),)
    criteria_not_applicable: tuple[NotApplicable, ...] = ()
    boundary: Boundary | None = None
    principal_service_commitments: tuple[Statement, ...] = ()
    system_requirements: tuple[Statement, ...] = ()
    owners: tuple[Owner, ...] = ()
    """Who holds which role."""
    systems: tuple[ScopedSystem, ...] = ()
    subservice_organizations: tuple[SubserviceOrganization, ...] = ()
    user_entity_controls: tuple[MappedStatement, ...] = ()
    """Controls that we expect our users to have (CUECs), and ours that stand beside them."""
    source_map: SourceMap | None = None

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder such as 'Europe'
            msg = "expected an IANA time zone such as 'Europe/Berlin'"
            raise ValueError(msg) from error
        return value

    @field_validator("observation_periods")
    @classmethod
    def _ids_are_unique(cls, value: tuple[ObservationPeriod, ...]) -> tuple[ObservationPeriod, ...]:
        ids = [period.id for period in value]
        if len(set(ids)) != len(ids):
            msg = f"two observation periods share an id: {', '.join(sorted({each for each in ids if ids.count(each) > 1}))}"
            raise ValueError(msg)
        return value

    @field_validator("categories")
    @classmethod
    def _security_is_among_them(cls, value: tuple[ScopedCategory, ...]) -> tuple[ScopedCategory, ...]:
        if not any(entry.category == "security" for entry in value):
            msg = "expected 'security' among the categories: it is examined always"
            raise ValueError(msg)
        return value

    @field_validator("systems")
    @classmethod
    def _systems_are_unique(cls, value: tuple[ScopedSystem, ...]) -> tuple[ScopedSystem, ...]:
        refuse_twice("system", [entry.system for entry in value])
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The program's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def calendar(self) -> Calendar:
        """The program's calendar."""
        return Calendar(self.zone, self.business_calendar, self.fiscal_year_start)

    def period(self, period_id: str) -> ObservationPeriod | None:
        """Return an observation period by its id."""
        return next((period for period in self.observation_periods if period.id == period_id), None)

    def categories_on(self, day: date) -> frozenset[CategoryId]:
        """Return the categories that are in scope on a day."""
        return frozenset(entry.category for entry in in_force(self.categories, day))

    def categories_between(self, first_day: date, end_day: date) -> frozenset[CategoryId]:
        """Return the categories that are in scope on some day in ``[first_day, end_day)``."""
        return frozenset(entry.category for entry in self.categories if entry.touches(first_day, end_day))

    def is_active(self, control: Control, day: date) -> bool:
        """Whether a control is expected to operate on a day: in force, and serving a criterion of a category in scope."""
        if not control.is_in_force(day):
            return False
        categories = self.categories_on(day)
        waived = {entry.criterion for entry in in_force(self.criteria_not_applicable, day)}
        return any(category_of(criterion) in categories and criterion not in waived for criterion in control.criterion_ids)

    def touches(self, control: Control, first_day: date, end_day: date) -> bool:
        """Whether a control serves a category that is in scope on some day in ``[first_day, end_day)``."""
        categories = self.categories_between(first_day, end_day)
        return any(category_of(criterion) in categories for criterion in control.criterion_ids)

    def as_of(self, day: date) -> Scope:
        """Return the scope as it was on a day: everything that was not true then is left out."""
        kept: dict[str, object] = {
            name: in_force(getattr(self, name), day)
            for name in (
                "categories",
                "criteria_not_applicable",
                "principal_service_commitments",
                "system_requirements",
                "systems",
                "subservice_organizations",
                "user_entity_controls",
            )
        }
        if self.source_map:
            kept["source_map"] = self.source_map.model_copy(update={"items": in_force(self.source_map.items, day)})
        return self.model_copy(update=kept)


_PREFIXES: dict[str, CategoryId] = {
    "CC": "security",
    "A": "availability",
    "C": "confidentiality",
    "PI": "processing_integrity",
    "P": "privacy",
}


def category_of(criterion_id: str) -> CategoryId:
    """Return the category that a criterion's id says: ``CC6.2`` is Security's."""
    return _PREFIXES[criterion_id.rstrip("0123456789.")]


def load_scope(path: Path) -> Scope:
    """Read the scope file.

    Raises:
        ConfigurationError: With file, line and cure.
    """
    return load(path, Scope)


def time_zone_of(path: Path) -> str:
    """Return the program's time zone. The file is read anew only when it has changed: each DAG file asks.

    Raises:
        ConfigurationError: As `load_scope`.
    """
    try:
        changed = path.stat().st_mtime_ns
    except OSError:  # `load_scope` says what is wrong
        changed = 0
    return _time_zone(path, changed)


@lru_cache(maxsize=1)
def _time_zone(path: Path, changed: int) -> str:  # noqa: ARG001 - part of the cache's key
    return load_scope(path).time_zone
