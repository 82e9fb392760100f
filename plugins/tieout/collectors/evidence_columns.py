# SPDX-License-Identifier: Apache-2.0
"""Columns of the evidence contracts that several sources fill, but the system's, as tables are made of rows."""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ACCESS = _names(
    "account entitlement as_of read_at holder account_kind account_status privileged granted_at last_used_at mfa",
)
ALERT = _names("alert_id rule severity raised_at suppressed triage_due_at triaged_at triaged_by outcome escalated_to")
CHECK = _names("check_id resource setting checked_at expected observed compliant waiver ticket owner")
EVENT = _names("event_id occurred_at actor action target change weakens approver approved_at self_approved reference")
JOB = _names(
    "run_id job target scheduled_at finished_at status input_records output_records rejected_records totals_tie corrected_at "
    "encrypted off_site reference",
)
ROLE = _names("about capacity position as_of read_at role person")
ROSTER = _names(
    "person as_of read_at employee_number worker_type employment started_on left_on manager department job_title",
)
VULNERABILITY = _names(
    "vulnerability_id asset title severity detected_at due_at fixed_at accepted_by accepted_until ticket fixed_in_time",
)
