# SPDX-License-Identifier: Apache-2.0
"""Readiness: before a period starts, is everything there that it will need?

Three outcomes for each check: *ready*, *not ready*, *cannot check*. The last is never the first. Nothing lands but one record.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from tieout.collectors.reach import Reach
from tieout.criteria.controls import Control
from tieout.criteria.periods import ObservationPeriod, first_day_of, window, window_key
from tieout.errors import TieoutError
from tieout.evidence.doctor import Clients, Outcome, Target, examine
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import Place
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.evidence.store import Retention, S3Store
from tieout.flows import population_export as flow
from tieout.flows.campaign_kinds import lists_of
from tieout.flows.jobs import open_frame
from tieout.flows.lint import lint
from tieout.flows.policy_inputs import PolicyWindow, people_job
from tieout.flows.review_inputs import ReviewWindow, input_job
from tieout.flows.snapshot import PROGRAM
from tieout.flows.status import Program, active_controls
from tieout.settings import Settings

_DAY = timedelta(days=1)
MAX_DETAIL = 500
"""Characters of a check's detail."""


class Ready(StrEnum):
    """What a check found."""

    READY = "ready"
    NOT_READY = "not ready"
    CANNOT_CHECK = "cannot check"


@dataclass(frozen=True, slots=True)
class Check:
    """One check."""

    what: str
    subject: str
    outcome: Ready
    detail: str

    def as_document(self) -> dict[str, str]:
        """Return it as the record states it."""
        return {
            "what": self.what,
            "subject": self.subject,
            "outcome": self.outcome.value,
            "detail": self.detail[:MAX_DETAIL],
        }


def check_files(settings: Settings) -> list[Check]:
    """Check the program's YAML files."""
    found = lint(settings)
    broken = [Check("files", str(problem.path), Ready.NOT_READY, str(problem)) for problem in found.problems]
    return broken or [Check("files", "include/", Ready.READY, f"{found.files} files, no problems")]


def check_bucket(clients: Clients, settings: Settings, clock: flow.Clock) -> list[Check]:
    """Check bucket, keys and clock as `tieout doctor` does, with the writer's eyes."""
    names = {"encryption": settings.sse_key_id, "landing": settings.landing_key.removeprefix("awskms:")}
    target = Target(
        bucket=settings.evidence_bucket,
        staging_bucket=settings.staging_bucket,
        identity_bucket=settings.identity_bucket or None,
        keys={name: value for name, value in names.items() if value.startswith("arn:")},
    )
    outcomes = {Outcome.AS_EXPECTED: Ready.READY, Outcome.CANNOT_CHECK: Ready.CANNOT_CHECK}
    return [
        Check(
            "bucket", check.name, outcomes.get(check.outcome, Ready.NOT_READY), f"expected {check.expected}, found {check.found}"
        )
        for check in examine(clients, target, settings, clock).checks
    ]


def check_owners(program: Program, period: ObservationPeriod, reach: Callable[[str], str | None] | None) -> list[Check]:
    """Check that each control's owner is somebody, and can be reached.

    Args:
        program: The program's files.
        period: The period.
        reach: Returns what keeps an address from being reached, or nothing; ``None`` where there is no channel.
    """
    holders = {owner.role: owner.email for owner in program.scope.owners}
    checks = []
    for role in sorted({control.owner for control in active_controls(program, period).values()}):
        if role not in holders:
            absent = Ready.NOT_READY if holders else Ready.CANNOT_CHECK
            checks.append(Check("owner", role, absent, "scope.yaml names nobody for this role under owners"))
        elif reach is None:
            checks.append(Check("owner", role, Ready.CANNOT_CHECK, "no channel: TIEOUT_SLACK_CONN_ID names no connection"))
        else:
            problem = reach(holders[role])
            checks.append(Check("owner", role, Ready.NOT_READY if problem else Ready.READY, problem or "found, and active"))
    return checks


def check_collectors(
    settings: Settings,
    program: Program,
    period: ObservationPeriod,
    clock: flow.Clock,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    sources: Reach | None = None,
) -> Iterator[Check]:
    """Run each collector of each control once, live, on the last window that is over; nothing of it lands.

    Of a campaign these are the collectors of what it is frozen from; what an owner fills in has none.

    Args:
        settings: The installation's.
        program: The program's files.
        period: The period; its controls are run.
        clock: Tells the time, UTC.
        progress: Called with collectors run and in all.
        sources: Hands collectors the connections that they name.
    """
    today = program.scope.calendar.day_of(clock())
    jobs = [
        (control_id, control, name)
        for control_id, control in active_controls(program, period).items()
        for name in lists_of(control)
    ]
    for done, (control_id, control, system) in enumerate(jobs, start=1):
        yield _dry_run(settings, program, period, control_id, control, system, today, clock, sources)
        progress(done, len(jobs))


def _dry_run(
    settings: Settings,
    program: Program,
    period: ObservationPeriod,
    control_id: str,
    control: Control,
    system: str,
    today: date,
    clock: flow.Clock,
    sources: Reach | None,
) -> Check:
    kind = control.extraction_schedule.window
    last = window(kind, window_key(kind, first_day_of(kind, today) - _DAY), program.scope.zone)
    subject = f"{control_id} {system}"
    days = (program.scope.calendar.day_of(last.start), program.scope.calendar.day_of(last.end))
    try:
        if control.review is not None:
            planned = ReviewWindow(settings, control_id, control, program.scope, period, last, control.review)
            job = input_job(planned, system, sources)
        elif control.acknowledgment is not None:
            asked = PolicyWindow(settings, control_id, control, program.scope, period, last, control.acknowledgment)
            job = people_job(asked, system, sources)
        else:
            job = flow.plan_span(settings, control_id, system, period, last.key, days, sources)
        with tempfile.TemporaryDirectory(prefix="tieout-") as work:
            extraction = flow.collect(job, open_frame(job, Path(work)), clock, None)
            validated = flow.validate(job, extraction, Path(work))
    except TieoutError as error:
        return Check("collector", subject, Ready.NOT_READY, f"{last.key}: {type(error).__name__}: {error}")
    rows = validated.predicate["population"]["rows"]
    return Check("collector", subject, Ready.READY, f"{last.key}: {rows} rows")


def record_readiness(
    period: ObservationPeriod,
    checks: Sequence[Check],
    today: date,
    store: S3Store,
    signer: DocumentSigner,
    retention: Retention,
    by: str,
    now: datetime,
) -> str:
    """Record what was found; returns the record's key."""
    counts = {outcome.value: sum(check.outcome is outcome for check in checks) for outcome in Ready}
    record = Record(
        place=Place(period.id, PROGRAM, f"readiness-{today.isoformat()}"),
        kind=RecordKind.READINESS,
        system=PROGRAM,
        reason=f"Readiness for {period.printed()}: " + ", ".join(f"{number} {name}" for name, number in counts.items()) + ".",
        by=by,
        at=now,
        facts={"counts": counts, "checks": [check.as_document() for check in checks], "once": now.isoformat()},
    )
    write_record(record, store, signer, retention)
    return record.key
