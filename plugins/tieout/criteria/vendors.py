# SPDX-License-Identifier: Apache-2.0
"""Complementary controls and subservice organisations: what we rely on others for, and what they rely on us for."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from tieout.criteria.control_parts import CriterionId
from tieout.criteria.dated import Dated
from tieout.criteria.periods import ObservationPeriod, Stem
from tieout.documents import Document


class Statement(Dated):
    """A principal service commitment, a system requirement, or a complementary control."""

    id: str = Field(pattern=r"^[A-Z][A-Z0-9-]{1,30}$")
    text: str = Field(min_length=1)
    criteria: tuple[CriterionId, ...] = ()


class MappedStatement(Statement):
    """A complementary control, and our controls that stand beside it."""

    controls: tuple[Stem, ...] = ()


class ServiceReport(Document):
    """A subservice organisation's own report."""

    type: str
    """For example ``SOC 2 Type 2``."""
    first_day: date
    end_day: date
    """The day after its period."""
    bridge_letter_to: date | None = None
    """The day after the last one that a bridge letter covers."""

    @property
    def covered_to(self) -> date:
        """The day after the last one that report or bridge letter cover."""
        return max(self.end_day, self.bridge_letter_to or self.end_day)


class SubserviceOrganization(Dated):
    """A vendor whose controls are needed for ours to work."""

    id: Stem
    name: str
    method: Literal["carve-out", "inclusive"]
    services: str
    criteria: tuple[CriterionId, ...]
    reports: tuple[ServiceReport, ...] = ()
    complementary_controls: tuple[Statement, ...] = ()
    """Controls that we expect it to have (CSOCs)."""
    user_entity_controls: tuple[MappedStatement, ...] = ()
    """Controls that it expects its users to have, mapped to ours."""

    def uncovered(self, period: ObservationPeriod) -> list[tuple[date, date]]:
        """Return the days of a period that none of its reports and bridge letters cover, half-open."""
        gaps, day = [], period.first_day
        for report in sorted(self.reports, key=lambda each: each.first_day):
            if report.first_day >= period.end_day:
                break
            if report.first_day > day:
                gaps.append((day, report.first_day))
            day = max(day, report.covered_to)
        if day < period.end_day:
            gaps.append((day, period.end_day))
        return gaps
