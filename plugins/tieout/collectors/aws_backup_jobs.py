# SPDX-License-Identifier: Apache-2.0
"""Holds backup jobs against the resources that are to be backed up each day: retries, missed days, copies elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from tieout.collectors.aws import Account, at
from tieout.collectors.evidence_columns import JOB
from tieout.collectors.row_tables import Row
from tieout.errors import ContractError
from tieout.times import instant

STATES = {"COMPLETED": "succeeded", "PARTIAL": "failed", "ABORTED": "failed", "FAILED": "failed", "EXPIRED": "failed"}
"""Final states of a job; an expired one never started within its time."""
Job = Mapping[str, Any]


def status_of(job: Job, key: str, state: str) -> str:
    """Return what became of a job.

    Raises:
        ContractError: It has not ended.
    """
    if job[state] not in STATES:
        msg = f"{key} {job[key]}: expected a job that has ended, got state {job[state]}. Run the window again when it has."
        raise ContractError(msg)
    return STATES[job[state]]


def copied_elsewhere(copies: Iterable[Job], region: str, account: str) -> frozenset[str]:
    """Return the recovery points that were copied to a vault of another region or account."""
    done = (each for each in copies if each["State"] == "COMPLETED")
    return frozenset(
        each["SourceRecoveryPointArn"] for each in done if each["DestinationBackupVaultArn"].split(":")[3:5] != [region, account]
    )


def without_retries(jobs: Iterable[Job]) -> tuple[list[Job], list[str], dict[str, str]]:
    """Tell a resource's jobs from retries: a job by hand that follows a failed one on the same day puts that one right.

    Args:
        jobs: Of one resource, in the order in which they were created.

    Returns:
        The jobs that are runs of their own; the ids of the retries; when a failed run was put right, by its id.
    """
    own: list[Job] = []
    retries: list[str] = []
    corrected: dict[str, str] = {}
    failed: Job | None = None
    for job in jobs:
        by_hand = not (job.get("CreatedBy") or {}).get("BackupPlanId")
        if failed and by_hand and _day(failed) == _day(job):
            retries.append(job["BackupJobId"])
            if job["State"] == "COMPLETED":
                corrected[failed["BackupJobId"]], failed = job["CompletionDate"], None
            continue
        own.append(job)
        failed = None if job["State"] == "COMPLETED" else job
    return own, retries, corrected


def missed_days(jobs: Sequence[Job], last: str | None, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the days of a window on which a resource that was backed up before has no job.

    Args:
        jobs: All that are known of it, those from before the window too, in the order in which they were created.
        last: When it was last backed up, as AWS states it.
        start: Of the window: its days begin at the same time of day.
        end: Of the window.
    """
    times = [at(job["CreationDate"]) for job in jobs]
    since = min((*times[:1], *((at(last),) if last else ())), default=end)
    count = round((end - start) / timedelta(days=1))
    for number in range(count):
        begin, ends = (start + (end - start) * place / count for place in (number, number + 1))
        if begin >= since and not any(begin <= time < ends for time in times):
            yield begin


def resource_rows(account: Account, resource: str, jobs: Sequence[Job], elsewhere: frozenset[str]) -> Iterator[Row]:
    """Yield the jobs of a resource that were created in the window; retries and parts of a composite job are dropped by key.

    Args:
        account: The account.
        resource: Its ARN.
        jobs: All that are known of it, in the order in which they were created.
        elsewhere: What `copied_elsewhere` found.
    """
    window = account.frame.window
    inside = [job for job in jobs if window.start <= at(job["CreationDate"]) < window.end]
    parts = [job["BackupJobId"] for job in inside if job.get("ParentJobId")]
    account.drop("part of a composite job, which has a row", parts)
    own, retries, corrected = without_retries(job for job in inside if not job.get("ParentJobId"))
    account.drop("run again after a failure: corrected_at of the failed run", retries)
    for job in own:
        yield job_row(job, resource, corrected.get(job["BackupJobId"]), elsewhere)


def job_row(job: Job, resource: str, corrected_at: str | None, elsewhere: frozenset[str]) -> Row:
    """Return a backup job as a run."""
    status, plan = status_of(job, "BackupJobId", "State"), job.get("CreatedBy") or {}
    wrote = status == "succeeded"
    names = plan.get("BackupPlanName") or plan.get("BackupPlanId"), plan.get("BackupRuleName") or plan.get("BackupRuleId")
    return dict.fromkeys(JOB) | {
        "run_id": job["BackupJobId"],
        "job": "/".join(filter(None, names)) or "by hand",
        "target": resource,
        "scheduled_at": job["CreationDate"],
        "finished_at": job.get("CompletionDate"),
        "status": status,
        "corrected_at": corrected_at,
        "encrypted": job.get("IsEncrypted") if wrote else None,
        "off_site": job.get("RecoveryPointArn") in elsewhere if wrote else None,
        "reference": job.get("RecoveryPointArn"),
    }


def missed_row(resource: str, day: datetime) -> Row:
    """Return a day on which a resource has no job."""
    told = {
        "run_id": f"missed {day:%Y-%m-%d} {resource}",
        "job": "daily backup",
        "target": resource,
        "scheduled_at": instant(day),
    }
    return dict.fromkeys(JOB) | told | {"status": "missed"}


def _day(job: Job) -> date:
    return at(job["CreationDate"]).date()
