# SPDX-License-Identifier: Apache-2.0
"""Where one control stands in one period: both axes, and whether its evidence is all there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from tieout.criteria.awaiting import RunningCampaign, running_campaigns
from tieout.criteria.controls import Control
from tieout.criteria.extractions import (
    Extractions,
    ExtractionState,
    LandedExtraction,
    Noted,
    extractions,
    standing_landings,
    windows_expected,
)
from tieout.criteria.frequency import Every
from tieout.criteria.matching import shown_by
from tieout.criteria.performances import (
    Performance,
    PerformanceState,
    evidence_days,
    performances,
)
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.scope import Scope


class Completeness(StrEnum):
    """Whether the evidence of a control is all there. It says nothing about the control's effectiveness."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NOT_DETERMINABLE = "not determinable"


@dataclass(frozen=True, slots=True)
class Standing:
    """One control in one period, on both axes."""

    control: str
    title: str
    kind: str
    criteria: tuple[str, ...]
    owner: str
    every: str
    statement_versions: tuple[int, ...]
    performances: tuple[Performance, ...]
    extractions: Extractions
    last_performed: date | None
    """The last day, up to the instant asked about, on which landed rows show it performed."""
    campaigns: tuple[RunningCampaign, ...]
    """Those of the period's windows that have not come to a landing, or to a record that nothing can land."""

    @property
    def is_due(self) -> bool:
        """Whether any performance counts for the period."""
        return bool(self.performances)

    @property
    def potential_deviations(self) -> int:
        """Performances that were late or not performed."""
        return sum(each.potential_deviations for each in self.performances)

    @property
    def rows_not_meeting_rules(self) -> int:
        """Rows of landings that stand and do not meet a control rule."""
        return sum(each.landed.potential_deviations for each in self.extractions.due if each.landed)

    @property
    def is_behind(self) -> bool:
        """Whether anything that is overdue is absent, unusable, or can not be told."""
        states = {each.state for each in self.performances}
        extracted = {each.state for each in self.extractions.due}
        return bool(
            states & {PerformanceState.NOT_PERFORMED, PerformanceState.NOT_DETERMINABLE}
            or extracted & {ExtractionState.INCOMPLETE, ExtractionState.NOT_EXTRACTED}
        )

    @property
    def completeness(self) -> Completeness:
        """Incomplete where something is known to be absent, not determinable where nothing can be said yet, else complete.

        A window that is over and still awaited within its grace leaves it not determinable, and is not behind.
        """
        states = {each.state for each in self.performances}
        extracted = {each.state for each in self.extractions.due}
        if PerformanceState.NOT_PERFORMED in states or ExtractionState.INCOMPLETE in extracted:
            return Completeness.INCOMPLETE
        if self.is_behind or self.extractions.over:
            return Completeness.NOT_DETERMINABLE
        return Completeness.COMPLETE

    @property
    def because(self) -> tuple[str, ...]:
        """What makes it other than complete, for a person to read."""
        running = {each.window for each in self.campaigns}
        reasons = [
            f"{each.key} {each.state} ({each.system})"
            for each in self.performances
            if each.state in (PerformanceState.NOT_PERFORMED, PerformanceState.NOT_DETERMINABLE)
        ]
        absent = (ExtractionState.INCOMPLETE, ExtractionState.NOT_EXTRACTED)
        return tuple(
            reasons
            + [f"window {each.window} {each.state} ({each.system})" for each in self.extractions.due if each.state in absent]
            + [f"window {window} awaited ({system})" for window, system in self.extractions.over if window not in running]
            + [f"window {each.window}: {each.as_text()}" for each in self.campaigns]
        )

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "control": self.control,
            "title": self.title,
            "kind": self.kind,
            "criteria": list(self.criteria),
            "owner": self.owner,
            "every": self.every,
            "statement_versions": list(self.statement_versions),
            "status": self.completeness.value,
            "behind": self.is_behind,
            "because": list(self.because),
            "state": None if self.is_due else PerformanceState.NOT_DUE.value,
            "last_performed": self.last_performed and self.last_performed.isoformat(),
            "potential_deviations": {
                "performances": self.potential_deviations,
                "rows": self.rows_not_meeting_rules,
            },
            "performances": [each.as_document() for each in self.performances],
            "extractions": [each.as_document() for each in self.extractions.due],
            "awaited": [{"window": window, "system": system} for window, system in self.extractions.awaited],
            "campaigns": [each.as_document() for each in self.campaigns],
        }


def stand(
    control_id: str,
    control: Control,
    scope: Scope,
    period: ObservationPeriod,
    landed: Sequence[LandedExtraction],
    noted: Sequence[Noted],
    established: datetime | None,
    now: datetime,
) -> Standing:
    """Work out where a control stands.

    Evidence is selected by effective time: a landing counts for every period that its window touches, whatever label it is stored
    under, so that a period can move and nothing that has landed changes.

    Args:
        control_id: The control's id.
        control: The control.
        scope: The scope, whole: not as of a day.
        period: The period; of Type 1, its one day.
        landed: What the control has landed up to ``now``, under any label.
        noted: Its records up to ``now``.
        established: When the bucket's chain began.
        now: The instant that is asked about.
    """
    standing = list(standing_landings(landed))
    first_day, end_day = period.first_day, period.end_day
    days = evidence_days(control, scope, first_day, end_day)
    running = running_campaigns(control, scope.calendar, noted)
    able, owed = (
        extractions(control, windows_expected(control, scope.calendar, *between), landed, noted, established, now, running)
        for between in (days, (first_day, end_day))
    )
    days_shown = [shown.day for source in control.systems for shown in shown_by(standing, source.system)]
    if control.control_frequency.every is Every.PER_EVENT:
        days_shown = [scope.calendar.day_of(each.end - timedelta(microseconds=1)) for each in standing if each.rows]
    today = scope.calendar.day_of(now)
    return Standing(
        control=control_id,
        title=control.title,
        kind=control.kind,
        criteria=control.criterion_ids,
        owner=control.owner,
        every=control.control_frequency.every.value,
        statement_versions=tuple(
            statement.version
            for number, statement in enumerate(control.statements)
            if statement.effective_from < end_day
            and (number + 1 == len(control.statements) or control.statements[number + 1].effective_from > first_day)
        ),
        performances=tuple(performances(control, scope, first_day, end_day, able, standing, noted, now)),
        extractions=owed,
        last_performed=max((day for day in days_shown if day <= today), default=None),
        campaigns=_without_landing(running, owed),
    )


def _without_landing(running: Mapping[str, RunningCampaign], owed: Extractions) -> tuple[RunningCampaign, ...]:
    absent = {each.window for each in owed.due if each.state is ExtractionState.NOT_EXTRACTED}
    waits = {window for window, _ in owed.awaited} | absent
    return tuple(campaign for window, campaign in sorted(running.items()) if window in waits)
