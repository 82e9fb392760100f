# SPDX-License-Identifier: Apache-2.0
"""Controls: one YAML file each, whose stem is the control's id everywhere."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from tieout.criteria.acknowledgments import Acknowledgment
from tieout.criteria.control_parts import CriterionMapping, ExtractionSchedule, Population, Statement, Threshold
from tieout.criteria.form_fields import refuse_twice
from tieout.criteria.forms import Form
from tieout.criteria.frequency import Frequency
from tieout.criteria.periods import Stem, WindowKind, is_stem
from tieout.criteria.reconciliations import Reconciliation, Reconciliations
from tieout.criteria.reviews import Review
from tieout.criteria.systems import SystemSource
from tieout.documents import Document, load
from tieout.errors import ConfigurationError

Kind = Literal["population_export", "access_review", "policy_acknowledgment", "owner_confirmation"]
SECTIONS: dict[str, Kind] = {
    "review": "access_review",
    "acknowledgment": "policy_acknowledgment",
    "confirmation": "owner_confirmation",
}
"""Sections of a file with which people perform the control in campaigns, and the kind of the controls that may have them."""


class Control(Document):
    """One control. Its id is the stem of its file."""

    kind: Kind
    title: str = Field(min_length=1)
    owner: str
    """Role that answers for the control."""
    statements: tuple[Statement, ...] = Field(min_length=1)
    criteria: tuple[CriterionMapping, ...] = Field(min_length=1)
    nature: Literal["manual", "automated", "it_dependent"]
    operation: Literal["preventive", "detective"]
    performer: str
    reviewer: str
    risk_ids: tuple[str, ...]
    control_frequency: Frequency
    extraction_schedule: ExtractionSchedule
    evidence_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.v[1-9]\d*$")]
    population: Population
    thresholds: tuple[Threshold, ...] = ()
    systems: tuple[SystemSource, ...] = Field(min_length=1)
    reconciliations: Reconciliations = ()
    """Its populations held against others; every difference is explained before a period can be closed."""
    review: Review | None = None
    """How people decide on each entitlement; only for kind access_review, whose systems then give entitlements, not decisions."""
    acknowledgment: Acknowledgment | None = None
    """Which policies people acknowledge; only for kind policy_acknowledgment, whose systems then list people."""
    confirmation: Form | None = None
    """The form that the owner fills in for each window; only for kind owner_confirmation, with one system, of collector form."""
    deviations_against: dict[str, Stem] = Field(default_factory=dict)
    """Rule of its evidence type: control that a row which does not meet it counts against, where that is not this one."""
    retired_on: date | None = None
    """First day on which the control operates no more; nothing is expected of it from then on."""

    @field_validator("systems")
    @classmethod
    def _systems_are_unique(cls, value: tuple[SystemSource, ...]) -> tuple[SystemSource, ...]:
        refuse_twice("two systems share a name", [source.system for source in value])
        return value

    @field_validator("criteria")
    @classmethod
    def _criteria_are_unique(cls, value: tuple[CriterionMapping, ...]) -> tuple[CriterionMapping, ...]:
        refuse_twice("two mappings name the same criterion", [mapping.criterion for mapping in value])
        return value

    @field_validator("statements")
    @classmethod
    def _statements_follow_each_other(cls, value: tuple[Statement, ...]) -> tuple[Statement, ...]:
        numbers = [statement.version for statement in value]
        dates = [statement.effective_from for statement in value]
        if numbers != list(range(1, len(value) + 1)) or dates != sorted(set(dates)):
            got = ", ".join(f"{statement.version} from {statement.effective_from}" for statement in value)
            msg = f"expected versions 1, 2, 3 ... with rising effective_from dates, got {got}"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _section_fits(self) -> Control:
        for name, kind in SECTIONS.items():
            if getattr(self, name) is not None and self.kind != kind:
                msg = f"{name}: expected with kind {kind} alone, got it with kind {self.kind}"
                raise ValueError(msg)
        kind_of_window = self.extraction_schedule.window
        if self.confirmation and self.confirmation.asked_in and kind_of_window is not WindowKind.QUARTERLY:
            msg = f"confirmation.asked_in: expected with a quarterly window alone, got it with one that is {kind_of_window}"
            raise ValueError(msg)
        return self

    @property
    def is_campaign(self) -> bool:
        """Whether people perform it in campaigns."""
        return any(getattr(self, name) is not None for name in SECTIONS)

    @property
    def effective_from(self) -> date:
        """First day on which the control operates."""
        return self.statements[0].effective_from

    @property
    def criterion_ids(self) -> tuple[str, ...]:
        """The criteria it is mapped to."""
        return tuple(mapping.criterion for mapping in self.criteria)

    def is_in_force(self, day: date) -> bool:
        """Whether the control operates on a day."""
        return self.effective_from <= day and (self.retired_on is None or day < self.retired_on)

    def statement_on(self, day: date) -> Statement:
        """Return the statement in force on a day.

        Raises:
            ConfigurationError: The first statement takes effect later than that.
        """
        in_force = [statement for statement in self.statements if statement.effective_from <= day]
        if not in_force:
            msg = f"no statement of {self.title!r} is in force on {day}: the first takes effect on "
            raise ConfigurationError(msg + f"{self.statements[0].effective_from}.")
        return in_force[-1]

    def source(self, system: str) -> SystemSource:
        """Return the source of a system.

        Raises:
            ConfigurationError: The control has no such system; the message lists those it has.
        """
        for source in self.systems:
            if source.system == system:
                return source
        names = ", ".join(source.system for source in self.systems)
        msg = f"no system {system!r} in this control. Its systems: {names}."
        raise ConfigurationError(msg)

    def reconciliation(self, reconciliation_id: str) -> Reconciliation:
        """Return a reconciliation by its id.

        Raises:
            ConfigurationError: The control has no such reconciliation; the message lists those it has.
        """
        for each in self.reconciliations:
            if each.id == reconciliation_id:
                return each
        names = ", ".join(each.id for each in self.reconciliations) or "none"
        msg = f"no reconciliation {reconciliation_id!r} in this control. Its reconciliations: {names}."
        raise ConfigurationError(msg)


def load_control(path: Path) -> Control:
    """Read one control.

    Raises:
        ConfigurationError: With file, line and cure.
    """
    require_stem(path)
    return load(path, Control)


def control_files(folder: Path) -> dict[str, Path]:
    """Return the control files of a folder by control id, in order of the ids."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def kind_of(path: Path) -> Kind:
    """Return the kind that a control file states; ``population_export`` where it can not be read or states none that there is."""
    try:
        found = re.search(r"^kind:[ \t]*([a-z_]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return "population_export"
    stated = found.group(1) if found else ""
    return next((kind for kind in get_args(Kind) if kind == stated), "population_export")


def require_stem(path: Path) -> str:
    """Return a control's id: the stem of its file.

    Raises:
        ConfigurationError: It can not stand in object keys and DAG ids.
    """
    try:
        return is_stem(path.stem)
    except ValueError as error:
        msg = f"{path}:1: file name: {error}, got {path.name!r}."
        raise ConfigurationError(msg) from error
