# SPDX-License-Identifier: Apache-2.0
"""The window that people perform a control for in a campaign, whatever they are asked: planned before anything is read.

What a campaign is made of are lists, such as people or entitlements. Each lands as a report that is used in the control, under a
window that no schedule extracts: ``access-2026-Q1`` for what stood at the window's end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from tieout.collectors.reach import Reach
from tieout.criteria.control_parts import Population
from tieout.criteria.controls import Control
from tieout.criteria.periods import ObservationPeriod, Window, period_of, window
from tieout.criteria.scope import Scope
from tieout.criteria.systems import SystemSource
from tieout.evidence.landing import LandingReference, standing_landing
from tieout.evidence.layout import Place
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.derived import derived_job
from tieout.flows.index import landings
from tieout.flows.true_up import landed_files
from tieout.settings import Settings

NAMES = ("landing", "window", "system", "rows", "rows_sha256", "manifest_key", "manifest_sha256")
"""What a manifest names a landing by that its rows were made of."""


@dataclass(frozen=True, slots=True)
class CampaignWindow:
    """The campaign of one window: everything that its plans share.

    Attributes:
        settings: The installation's.
        control_id: The control.
        control: Its file.
        scope: The program's.
        period: The period that everything of the campaign is stored with.
        window: The window.
    """

    settings: Settings
    control_id: str
    control: Control
    scope: Scope
    period: ObservationPeriod
    window: Window

    @property
    def campaign(self) -> str:
        """Id of the campaign."""
        return campaign_of(self.control_id, self.window.key)

    @property
    def place(self) -> Place:
        """The slot that the campaign, and what it comes to, stand in."""
        return Place(self.period.id, self.control_id, self.window.key)

    @property
    def systems(self) -> tuple[str, ...]:
        """Systems of the control."""
        return tuple(source.system for source in self.control.systems)

    @property
    def days(self) -> tuple[date, date]:
        """First local day of the window, and the day after its last one."""
        return self.scope.calendar.day_of(self.window.start), self.scope.calendar.day_of(self.window.end)


def campaign_of(control_id: str, window_key: str) -> str:
    """Return the id of the campaign that performs a control for a window."""
    return f"{control_id}.{window_key}"


def plan_window(settings: Settings, control_id: str, control: Control, scope: Scope, window_key: str) -> CampaignWindow:
    """Place a window of a control.

    Raises:
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    target = window(control.extraction_schedule.window, window_key, scope.zone)
    period = period_of(target, scope.observation_periods, scope.zone)
    return CampaignWindow(settings, control_id, control, scope, period, target)


def list_job(
    planned: CampaignWindow,
    source: SystemSource,
    evidence_type: str,
    unit: str,
    key: str,
    days: tuple[date, date],
    reach: Reach | None,
) -> flow.Job:
    """Plan a list that a campaign is made of, or is held against.

    Args:
        planned: The campaign.
        source: Where it is listed.
        evidence_type: Of its rows.
        unit: What one row is.
        key: The window that it lands under.
        days: First local day, and the day after the last one, as of whose end it is listed.
        reach: Hands its collector the connections that it names.

    Raises:
        ConfigurationError: A contract is wrong.
    """
    base = flow.plan_span(planned.settings, planned.control_id, planned.systems[0], planned.period, key, days, reach)
    population = Population(
        unit=unit, inclusion_date_field="as_of", ipe="report used in a control", read_as="snapshot", exclusions="none"
    )
    changed: dict[str, Any] = {"evidence_type": evidence_type, "population": population, "systems": (source,)}
    job = derived_job(base, evidence_type)
    return replace(job, source=source, control=planned.control.model_copy(update=changed), performs=False)


def standing_list(store: S3Store, job: flow.Job) -> LandingReference | None:
    """Return what stands in the slot of a job; ``None`` where nothing does.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    found = standing_landing(store, job.place, job.source.system)
    if found is None:
        return None
    said = found.predicate
    rows, potential = said["population"]["rows"], said["potential_deviations"]
    return LandingReference(found.landing, found.key, found.sha256, rows, potential, landed_now=False)


def standing_inputs(store: S3Store, control_id: str, key: str) -> dict[str, dict[str, Any]]:
    """Return what stands of a control under a window's key, as the index has it, by system.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    return {row["system"]: row for row in landings(store, control=control_id) if row["window"] == key}


def input_files(store: S3Store, rows: Iterable[dict[str, Any]], table: str, folder: Path) -> list[Path]:
    """Return the files of one table of some landings, each checked against its manifest; they stay in the folder.

    Raises:
        LandingConflict: One is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    return [path for row in rows for path in landed_files(store, row, table, folder)]
