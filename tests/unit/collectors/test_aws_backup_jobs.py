# SPDX-License-Identifier: Apache-2.0
"""Backup jobs held against the days on which there is to be one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieout.collectors.aws_backup_jobs import copied_elsewhere, job_row, missed_days, status_of, without_retries
from tieout.errors import ContractError

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=7)
STORE = "arn:aws:rds:eu-central-1:1:db:orders"


def job(day: int, hour: int = 1, state: str = "COMPLETED", *, by_hand: bool = False) -> dict[str, Any]:
    """Return a job of a day of the window."""
    created = START + timedelta(days=day, hours=hour)
    return {
        "BackupJobId": f"{day}-{hour}",
        "ResourceArn": STORE,
        "CreationDate": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "CompletionDate": f"{created + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}",
        "State": state,
        "CreatedBy": None if by_hand else {"BackupPlanId": "p", "BackupRuleId": "r"},
        "RecoveryPointArn": f"point-{day}-{hour}",
    }


def test_a_day_without_a_job_is_missed_and_only_that_one() -> None:
    jobs = [job(day) for day in (-1, 0, 1, 3, 4, 5, 6)]
    assert list(missed_days(jobs, None, START, END)) == [START + timedelta(days=2)]


def test_nothing_is_missed_before_the_first_job_that_is_known() -> None:
    assert list(missed_days([job(5), job(6)], None, START, END)) == []
    assert list(missed_days([], None, START, END)) == [], "nothing is known of it"


def test_a_resource_that_was_backed_up_long_ago_and_no_more_is_missed_each_day() -> None:
    missed = list(missed_days([], "2026-01-01T00:00:00Z", START, END))
    assert missed == [START + timedelta(days=day) for day in range(7)]


def test_days_begin_with_the_window_where_that_is_no_midnight_utc() -> None:
    start = START - timedelta(hours=2)  # local midnight, two hours east
    jobs = [job(day, 23) for day in range(-1, 7)]
    assert list(missed_days(jobs, None, start, start + timedelta(days=7))) == []


def test_a_job_by_hand_after_a_failed_one_of_the_day_is_its_retry() -> None:
    jobs = [job(0, 1, "FAILED"), job(0, 3, "FAILED", by_hand=True), job(0, 9, by_hand=True), job(1)]
    own, retries, corrected = without_retries(jobs)
    assert [each["BackupJobId"] for each in own] == ["0-1", "1-1"]
    assert (retries, corrected) == (["0-3", "0-9"], {"0-1": "2026-03-02T09:30:00Z"})


def test_a_job_by_hand_with_nothing_to_put_right_or_on_another_day_is_a_run_of_its_own() -> None:
    own, retries, corrected = without_retries([job(0), job(0, 9, by_hand=True), job(1, 1, "FAILED"), job(2, 9, by_hand=True)])
    assert (len(own), retries, corrected) == (4, [], {})


@pytest.mark.parametrize("state", ["CREATED", "PENDING", "RUNNING", "ABORTING"])
def test_a_job_that_has_not_ended_is_not_judged(state: str) -> None:
    with pytest.raises(ContractError, match="expected a job that has ended"):
        status_of(job(0, state=state), "BackupJobId", "State")


def test_a_copy_counts_in_another_region_or_account_once_it_is_done() -> None:
    vault = "arn:aws:backup:{}:{}:backup-vault:v"
    copies = [
        {"State": state, "SourceRecoveryPointArn": name, "DestinationBackupVaultArn": vault.format(region, account)}
        for name, state, region, account in (
            ("same", "COMPLETED", "eu-central-1", "1"),
            ("region", "COMPLETED", "eu-west-1", "1"),
            ("account", "COMPLETED", "eu-central-1", "2"),
            ("failed", "FAILED", "eu-west-1", "1"),
        )
    ]
    assert copied_elsewhere(copies, "eu-central-1", "1") == {"region", "account"}


def test_a_failed_job_says_nothing_of_encryption_or_copies() -> None:
    row = job_row({**job(0, state="EXPIRED"), "IsEncrypted": True}, STORE, None, frozenset({"point-0-1"}))
    assert (row["status"], row["encrypted"], row["off_site"]) == ("failed", None, None)
    row = job_row(job(0), STORE, None, frozenset({"point-0-1"}))
    assert (row["encrypted"], row["off_site"], row["job"]) == (None, True, "p/r"), "AWS may not say whether it is encrypted"
