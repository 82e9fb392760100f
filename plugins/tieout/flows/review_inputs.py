# SPDX-License-Identifier: Apache-2.0
"""What a review of access is made of: entitlements, people and holders of roles, each planned as a job that lands like any other.

They land as reports that are used in the control, under windows that no schedule extracts: ``access-2026-Q1`` for what stood at
the window's end, ``removal-2026-Q1`` for the entitlements that are collected again when what was decided has to be carried out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tieout.collectors.reach import Reach
from tieout.criteria.controls import Control, Population
from tieout.criteria.periods import ACCESS, REMOVAL, ObservationPeriod, Window, period_of, window
from tieout.criteria.reviews import ACCESS_TYPE, ROLE_TYPE, ROLES_SYSTEM, ROSTER_TYPE, Review
from tieout.criteria.scope import Scope
from tieout.criteria.systems import SystemSource
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.evidence.landing import LandingReference, standing_landing
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.campaigns import campaign_of
from tieout.flows.derived import derived_job
from tieout.flows.index import landings
from tieout.flows.true_up import landed_files
from tieout.settings import Settings
from tieout.times import instant


@dataclass(frozen=True, slots=True)
class ReviewWindow:
    """The review of one window: everything that its plans share.

    Attributes:
        settings: The installation's.
        control_id: The control.
        control: Its file.
        review: What that says of the review.
        scope: The program's.
        period: The period that everything of the review is stored with.
        window: The window.
    """

    settings: Settings
    control_id: str
    control: Control
    review: Review
    scope: Scope
    period: ObservationPeriod
    window: Window

    @property
    def campaign(self) -> str:
        """Id of the review and of its campaign."""
        return campaign_of(self.control_id, self.window.key)

    @property
    def systems(self) -> tuple[str, ...]:
        """Systems that are reviewed."""
        return tuple(source.system for source in self.control.systems)

    @property
    def days(self) -> tuple[date, date]:
        """First local day of the window, and the day after its last one."""
        return self.scope.calendar.day_of(self.window.start), self.scope.calendar.day_of(self.window.end)

    def removal_day(self, closed_on: date) -> date:
        """Return the last day on which what was decided is carried out in time, where the review was closed on a day."""
        return self.scope.business_calendar.after(closed_on, self.review.removal)


def plan_review(settings: Settings, control_id: str, window_key: str) -> ReviewWindow:
    """Plan the review of one window.

    Raises:
        ConfigurationError: A file is wrong, the control has no review, or two of its lists would land under one name.
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    control, scope = flow.read_control(settings, control_id)
    if control.review is None:
        msg = f"control {control_id!r}: its file has no section 'review', which says who decides on access. Add it."
        raise ConfigurationError(msg)
    names = control.review.lists(source.system for source in control.systems)
    if len(set(names)) != len(names):
        msg = f"control {control_id!r}: reviewed systems, people and {ROLES_SYSTEM!r} need names of their own. Run tieout lint."
        raise ConfigurationError(msg)
    target = window(control.extraction_schedule.window, window_key, scope.zone)
    period = period_of(target, scope.observation_periods, scope.zone)
    return ReviewWindow(settings, control_id, control, control.review, scope, period, target)


def access_job(planned: ReviewWindow, system: str, reach: Reach | None = None) -> flow.Job:
    """Plan the entitlements of a system as of the window's end.

    Raises:
        ConfigurationError: A contract is wrong, or the control has no such system.
    """
    key = f"{ACCESS}{planned.window.key}"
    return _job(planned, planned.control.source(system), ACCESS_TYPE, "one entitlement of one account", key, planned.days, reach)


def removal_job(planned: ReviewWindow, system: str, closed_on: date, reach: Reach | None = None) -> flow.Job:
    """Plan the entitlements of a system as of the end of the day by which what was decided has to be carried out.

    Args:
        planned: From `plan_review`.
        system: One of its systems.
        closed_on: Local day on which the review was closed.
        reach: Hands its collector the connections that it names.

    Raises:
        ConfigurationError: A contract is wrong, or the control has no such system.
    """
    key, days = f"{REMOVAL}{planned.window.key}", (planned.days[1], planned.removal_day(closed_on) + timedelta(days=1))
    return _job(planned, planned.control.source(system), ACCESS_TYPE, "one entitlement of one account", key, days, reach)


def removal_job_until(planned: ReviewWindow, system: str, until: datetime, reach: Reach | None = None) -> flow.Job:
    """Plan the entitlements of a system as of an instant after the window: the end of the agreed days, or an earlier one.

    Args:
        planned: From `plan_review`.
        system: One of its systems.
        until: They are collected as of this instant, UTC.
        reach: Hands its collector the connections that it names.

    Raises:
        ConfigurationError: A contract is wrong, or the control has no such system.
        ExtractionRefused: The instant is not after the window.
    """
    if until <= planned.window.end:
        msg = f"review {planned.campaign}: expected an instant after {instant(planned.window.end)}, got {instant(until)}."
        raise ExtractionRefused(msg)
    job = removal_job(planned, system, planned.scope.calendar.day_of(until), reach)
    return replace(job, window=replace(job.window, end=until))


def roster_job(planned: ReviewWindow, reach: Reach | None = None) -> flow.Job:
    """Plan the list of people as of the window's end.

    Raises:
        ConfigurationError: A contract is wrong.
    """
    key = f"{ACCESS}{planned.window.key}"
    return _job(planned, planned.review.roster, ROSTER_TYPE, "one person", key, planned.days, reach)


def roles_job(planned: ReviewWindow) -> flow.Job:
    """Plan the holders of roles as of the window's end: owners of the systems, and who owns, reviews and signs off the control.

    Raises:
        ConfigurationError: A contract is wrong.
    """
    control = {
        "owner": planned.control.owner,
        "reviewer": planned.control.reviewer,
        "sign_off": planned.review.sign_off or planned.control.reviewer,
    }
    parameters: dict[str, Any] = {"systems": list(planned.systems), "control": control}
    source = SystemSource(system=ROLES_SYSTEM, collector="scope_roles", parameters=parameters)
    key = f"{ACCESS}{planned.window.key}"
    return _job(planned, source, ROLE_TYPE, "one holder of one role", key, planned.days, None)


def input_jobs(planned: ReviewWindow, reach: Reach | None = None) -> dict[str, flow.Job]:
    """Return the job of everything that has to land before the review is frozen, by the system that it lands under.

    Raises:
        ConfigurationError: A contract is wrong.
    """
    return {name: input_job(planned, name, reach) for name in planned.review.lists(planned.systems)}


def _job(
    planned: ReviewWindow,
    source: SystemSource,
    evidence_type: str,
    unit: str,
    key: str,
    days: tuple[date, date],
    reach: Reach | None,
) -> flow.Job:
    base = flow.plan_span(
        planned.settings, planned.control_id, planned.systems[0], planned.period, key, days, reach
    )  # fmt: skip
    population = Population(
        unit=unit, inclusion_date_field="as_of", ipe="report used in a control", read_as="snapshot", exclusions="none"
    )
    changed = {"evidence_type": evidence_type, "population": population, "systems": (source,)}
    return replace(
        derived_job(base, evidence_type), source=source, control=planned.control.model_copy(update=changed), performs=False
    )


def input_job(planned: ReviewWindow, system: str, reach: Reach | None = None) -> flow.Job:
    """Return the job of one thing that has to land before the review is frozen, by the system that it lands under.

    Raises:
        ConfigurationError: A contract is wrong, or the review has no such system.
    """
    if system == planned.review.roster.system:
        return roster_job(planned, reach)
    return roles_job(planned) if system == ROLES_SYSTEM else access_job(planned, system, reach)


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
