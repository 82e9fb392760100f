# SPDX-License-Identifier: Apache-2.0
"""What is judged of a finding: severity, who looked at it, whether it was fixed in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieout.collectors.aws_findings import alert_row, fixed_in_time, guardduty_severity, vulnerability_rows

DUE = datetime(2026, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)
FINDING = {
    "Arn": "arn:f",
    "Type": "Recon:EC2/Portscan",
    "Severity": 5.0,
    "CreatedAt": "2026-03-01T12:00:00.000Z",
    "Service": {"Archived": True},
}
DAYS = {"critical": 7, "high": 30, "medium": 90, "low": 180}


@pytest.mark.parametrize(
    ("number", "name"),
    [(1.0, "low"), (3.9, "low"), (4.0, "medium"), (6.9, "medium"), (7.0, "high"), (8.9, "high"), (9.0, "critical")],
)
def test_guardduty_names_its_severities(number: float, name: str) -> None:
    assert guardduty_severity(number) == name


@pytest.mark.parametrize(
    ("followed", "triaged"),
    [
        (None, (None, None, None)),
        ({"Workflow": {"Status": "NEW"}, "Note": {"UpdatedAt": "t", "UpdatedBy": "a"}}, (None, None, None)),
        ({"Workflow": {"Status": "RESOLVED"}}, (None, None, "resolved")),
        (
            {
                "Workflow": {"Status": "NOTIFIED"},
                "Note": {"UpdatedAt": "t", "UpdatedBy": "arn:aws:sts::1:assumed-role/R/ada@shop.example"},
            },
            ("t", "ada@shop.example", "notified"),
        ),
    ],
)
def test_a_finding_was_looked_at_when_its_workflow_says_so_and_by_whom_its_note_says(
    followed: dict[str, Any] | None, triaged: tuple[str | None, ...]
) -> None:
    row = alert_row(FINDING, followed, 24)
    assert tuple(row[name] for name in ("triaged_at", "triaged_by", "outcome")) == triaged
    assert (row["suppressed"], row["severity"], row["triage_due_at"]) == (True, "medium", "2026-03-02T12:00:00.000000Z")


@pytest.mark.parametrize(
    ("fixed", "read", "accepted", "until", "judged"),
    [
        (DUE, DUE + DAY, False, None, True),
        (DUE + DAY, DUE + DAY, False, None, False),
        (None, DUE, False, None, None),
        (None, DUE + DAY, False, None, False),
        (None, DUE + DAY, True, None, None),
        (None, DUE + DAY, True, DUE + DAY, None),
        (None, DUE + DAY, True, DUE, False),
        (DUE + DAY, DUE + DAY, True, DUE, False),
        (DUE + DAY, DUE + DAY, True, DUE + DAY, None),
    ],
)
def test_fixed_in_time_is_known_only_where_it_can_be(
    fixed: datetime | None, read: datetime, accepted: bool, until: datetime | None, judged: bool | None
) -> None:
    assert fixed_in_time(DUE, fixed, read, accepted=accepted, until=until) is judged


def test_a_vulnerability_is_a_row_for_each_asset_and_fixed_when_its_scanner_says_so() -> None:
    finding = {
        "Id": "f",
        "Title": "CVE",
        "Severity": {"Label": "CRITICAL"},
        "CreatedAt": "2026-03-01T00:00:00Z",
        "UpdatedAt": "2026-03-04T00:00:00Z",
        "RecordState": "ARCHIVED",
        "Workflow": {"Status": "NEW"},
        "Resources": [{"Id": "a"}, {"Id": "b"}],
    }
    rows = vulnerability_rows(finding, DAYS, DUE)
    assert [(row["asset"], row["fixed_in_time"], row["ticket"]) for row in rows] == [("a", True, None), ("b", True, None)]
    resolved = {**finding, "RecordState": "ACTIVE", "Workflow": {"Status": "RESOLVED"}}
    (row, _) = vulnerability_rows(resolved, DAYS, DUE)
    assert (row["fixed_at"], row["fixed_in_time"]) == (None, False), "that people call it resolved fixes nothing"
