# SPDX-License-Identifier: Apache-2.0
"""Post-period extract: what happened after a period's end, up to a stated date: incidents, changes, late deviations.

It feeds management's bridge letter and representation. It lands like any population, with the period, under a window of its own;
it is no part of the period, and the regular windows of the next one land it again.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tieout.collectors.ipe import AirflowRun
from tieout.collectors.reach import Reach
from tieout.criteria.frequency import Every
from tieout.criteria.periods import POST_PERIOD, ObservationPeriod
from tieout.errors import ExtractionRefused
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import Draft, LandingReference, land
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.jobs import open_frame
from tieout.flows.status import Program, active_controls
from tieout.settings import Settings


def populations(program: Program, period: ObservationPeriod) -> list[tuple[str, str]]:
    """Return control and system of what is extracted: the populations of events."""
    return [
        (control_id, source.system)
        for control_id, control in active_controls(program, period).items()
        if control.control_frequency.every is Every.PER_EVENT and control.population.read_as == "history"
        for source in control.systems
    ]


def plan_post_period(
    settings: Settings, control_id: str, system: str, period: ObservationPeriod, until: date, reach: Reach | None = None
) -> flow.Job:
    """Plan the extract from a period's end up to a stated date.

    Args:
        settings: The installation's.
        control_id: The control.
        system: Its system.
        period: The period.
        until: Last local day of the extract.
        reach: Hands its collector the connections that it names.

    Raises:
        ExtractionRefused: The date does not come after the period.
        ConfigurationError: A file is wrong.
    """
    if until < period.end_day:
        msg = f"post-period extract of {period.id}: expected a date on or after {period.end_day}, got {until}."
        raise ExtractionRefused(msg)
    days = (period.end_day, date.fromordinal(until.toordinal() + 1))
    return flow.plan_span(settings, control_id, system, period, f"{POST_PERIOD}{until.isoformat()}", days, reach)


def extract(
    job: flow.Job,
    store: S3Store,
    signer: DocumentSigner,
    clock: flow.Clock,
    folder: Path,
    run: AirflowRun | None,
    reason: str | None = None,
) -> LandingReference:
    """Collect, validate and land; run again, it finds what has landed.

    Args:
        job: From `plan_post_period`.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.
        reason: Why it supersedes what landed for the same date before.

    Raises:
        ExtractionRefused: The stated date is not over.
        ContractError: What came breaks the contract: nothing lands. It is kept, locked, and a record says so.
        LandingConflict: It landed before, the source says something else now, and there is no reason to supersede it.
        SourceUnavailable: The source did not answer.
        StoreUnavailable: The store did not answer.
    """
    frame = open_frame(job, folder, store)
    with flow.keeping_unusable(job, frame, run, clock, store, signer):
        extraction = flow.collect(job, frame, clock, run)
        validated = flow.validate(job, extraction, folder)
    retention = flow.retention_of(job, clock())
    pages = flow.lock_pages(job, frame, store, retention, clock)
    draft = Draft(job.place, extraction["landing"], job.source.system, validated.parts, pages, validated.predicate)
    return land(draft, store, signer, retention, clock, folder, reason)
