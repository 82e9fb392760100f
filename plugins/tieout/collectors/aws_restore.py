# SPDX-License-Identifier: Apache-2.0
"""Restore jobs of AWS Backup, those of restore tests with their validation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from tieout.collectors.aws import Account, AwsParameters
from tieout.collectors.aws_backup_jobs import status_of
from tieout.collectors.aws_calls import Call
from tieout.collectors.evidence_columns import JOB
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import Row, row_tables
from tieout.errors import ContractError

KEPT_DAYS = 30
_ALL = ("PENDING", "RUNNING", "COMPLETED", "ABORTED", "FAILED")
_NOT_VALID = {"FAILED": "failed", "TIMED_OUT": "failed"}
BLIND_SPOTS = (
    f"AWS Backup is asked for the jobs of {KEPT_DAYS} days at most, as long as it lists backup jobs.",
    "A restore whose validation failed or timed out is a failed run. One without a validation shows that it ended, not that "
    "what it restored is right; reference names what was restored.",
)


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield the restore jobs that were created in the window.

    Raises:
        ExtractionRefused: The window began before what AWS Backup lists.
        ContractError: A job, or its validation, has not ended.
        ConfigurationError: As `Account`; `SourceUnavailable` likewise.
    """
    account = Account(frame, frame.parameters(Parameters))
    account.refuse_older(KEPT_DAYS, "AWS Backup lists the jobs of")
    asked = {"ByCreatedAfter": frame.window.start, "ByCreatedBefore": frame.window.end}
    account.state("AWS Backup", "backup list_restore_jobs", BLIND_SPOTS, **asked)
    calls = [(None, Call("backup", "list_restore_jobs", region, asked)) for region in account.regions]
    rows = 0
    for table in row_tables(map(_row, account.each(calls, "RestoreJobs[]")), JOB):
        rows += table.num_rows
        yield table
    by_state = [
        (0, Call("backup", "list_restore_jobs", region, {**asked, "ByStatus": each}))
        for region in account.regions
        for each in _ALL
    ]
    second = account.count(by_state, "RestoreJobs[]")
    how = "backup list_restore_jobs again, state by state"
    account.counted(rows, "backup list_restore_jobs", second, how, SecondCountClass.SAME_ENDPOINT)


def _row(job: dict[str, Any]) -> Row:
    status, validation = status_of(job, "RestoreJobId", "Status"), job.get("ValidationStatus")
    if validation == "VALIDATING":
        msg = f"RestoreJobId {job['RestoreJobId']}: its validation has not ended. Run the window again when it has."
        raise ContractError(msg)
    return dict.fromkeys(JOB) | {
        "run_id": job["RestoreJobId"],
        "job": (job.get("CreatedBy") or {}).get("RestoreTestingPlanArn") or "by hand",
        "target": job.get("SourceResourceArn") or job["RecoveryPointArn"],
        "scheduled_at": job["CreationDate"],
        "finished_at": job.get("CompletionDate"),
        "status": _NOT_VALID.get(validation or "", status),
        "reference": job.get("CreatedResourceArn") or job["RecoveryPointArn"],
    }
