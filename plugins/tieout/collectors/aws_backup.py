# SPDX-License-Identifier: Apache-2.0
"""Backup jobs of AWS Backup, held against the resources that it protects: a day without a job is a missed run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyarrow as pa

from tieout.collectors.aws import Account, AwsParameters
from tieout.collectors.aws_backup_jobs import copied_elsewhere, missed_days, missed_row, resource_rows
from tieout.collectors.aws_calls import Call
from tieout.collectors.evidence_columns import JOB
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import Row, row_tables

KEPT_DAYS, _BEFORE = 30, timedelta(days=7)
_ALL = ("CREATED", "PENDING", "RUNNING", "ABORTING", "ABORTED", "COMPLETED", "FAILED", "EXPIRED", "PARTIAL")
BLIND_SPOTS = (
    f"AWS Backup lists the jobs of {KEPT_DAYS} days. A resource that it never backed up is not among those it protects: the "
    "asset inventory would tell.",
    "Each resource is expected to have a job each day from its first known one on; a missed run stands at the day's start.",
    "A job by hand on the day of a failed one is its retry. Copies are off site in another region or account; they are looked "
    "for from the window's start until it is read.",
)


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield the window's jobs, and a row for each day on which a protected resource has none; retries are dropped by key.

    Raises:
        ExtractionRefused: The window began before what AWS Backup lists.
        ContractError: A job has not ended.
        ConfigurationError: As `Account`; `SourceUnavailable` likewise.
    """
    account = Account(frame, frame.parameters(Parameters))
    account.refuse_older(KEPT_DAYS, "AWS Backup lists the jobs of")
    query = "backup list_protected_resources, list_backup_jobs, list_copy_jobs"
    asked = {"ByCreatedAfter": frame.window.start, "ByCreatedBefore": frame.window.end}
    account.state("AWS Backup", query, BLIND_SPOTS, **asked)
    rows = [row for region in account.regions for row in _rows(account, region)]
    missed = sum(row["status"] == "missed" for row in rows)
    yield from row_tables(rows, JOB)
    total = len(rows) + sum(drop.rows for drop in frame.drops)
    states = [{**asked, "ByState": each} for each in _ALL]
    calls = [(0, Call("backup", "list_backup_jobs", region, each)) for region in account.regions for each in states]
    second = account.count(calls, "BackupJobs[]") + missed
    more = f", and {missed} days without a job"
    how, again = f"backup list_backup_jobs{more}", f"backup list_backup_jobs again, state by state{more}"
    account.counted(total, how, second, again, SecondCountClass.SAME_ENDPOINT)


def _rows(account: Account, region: str) -> Iterator[Row]:
    window = account.frame.window
    since = {"ByCreatedAfter": window.start - _BEFORE, "ByCreatedBefore": window.end}
    jobs: dict[str, list[Any]] = {}
    for job in account.all(Call("backup", "list_backup_jobs", region, since), "BackupJobs[]"):
        jobs.setdefault(job["ResourceArn"], []).append(job)
    copies = Call("backup", "list_copy_jobs", region, {"ByCreatedAfter": window.start})
    elsewhere = copied_elsewhere(account.all(copies, "CopyJobs[]"), region, account.id)
    found = account.all(Call("backup", "list_protected_resources", region), "Results[]")
    protected = {each["ResourceArn"]: each.get("LastBackupTime") for each in found}
    for resource in dict.fromkeys((*protected, *jobs)):
        known = sorted(jobs.get(resource, ()), key=lambda job: job["CreationDate"])
        yield from resource_rows(account, resource, known, elsewhere)
        if resource in protected:
            days = missed_days(known, protected[resource], window.start, window.end)
            yield from (missed_row(resource, day) for day in days)
