# SPDX-License-Identifier: Apache-2.0
"""Judges findings of GuardDuty and Security Hub: severity, who looked at them, and whether a vulnerability was fixed in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tieout.collectors.aws import Account, at, person
from tieout.collectors.aws_calls import Call
from tieout.collectors.row_tables import Row
from tieout.times import instant

LABELS = {"CRITICAL": "critical", "HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
"""Security Hub's labels that are severities; ``INFORMATIONAL`` is none."""
_FROM = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.0, "low"))
Finding = Mapping[str, Any]
TOGETHER = 20
"""Security Hub takes twenty ids in one request, GuardDuty fifty."""
_NOT_SUBSCRIBED = frozenset({"InvalidAccessException"})


def in_full(account: Account, region: str, detector: str, ids: list[str]) -> Iterator[tuple[str, Call]]:
    """Yield what asks for some findings of a detector in full, and for what Security Hub has of the same.

    Args:
        account: The account.
        region: Where the detector is.
        detector: Its id.
        ids: Of the findings, `TOGETHER` at most. AWS leaves out one that it does not find: then it is asked again.
    """
    given = {"DetectorId": detector, "FindingIds": ids}
    yield ids[0], Call("guardduty", "get_findings", region, given, lambda answer: len(ids) - len(answer["Findings"]))
    arn = f"arn:{account.partition}:guardduty:{region}:{account.id}:detector/{detector}/finding/"
    same = [{"Value": arn + each, "Comparison": "EQUALS"} for each in ids]
    yield ids[0], Call("securityhub", "get_findings", region, {"Filters": {"Id": same}}, absent=_NOT_SUBSCRIBED)


def guardduty_severity(number: float) -> str:
    """Return GuardDuty's name for its severity, a number from 1 to 10."""
    return next(name for least, name in _FROM if number >= least)


def alert_row(finding: Finding, followed: Finding | None, hours: int) -> Row:
    """Return a GuardDuty finding as an alert.

    Args:
        finding: GuardDuty's.
        followed: The same finding in Security Hub, where people note what they did with it; ``None`` where it is not there.
        hours: In which somebody is to look at it.
    """
    status = ((followed or {}).get("Workflow") or {}).get("Status", "NEW")
    note = (followed or {}).get("Note") or {}
    looked = status != "NEW"  # a note alone may be a question
    raised = at(finding["CreatedAt"])
    return {
        "alert_id": finding["Arn"],
        "rule": finding["Type"],
        "severity": guardduty_severity(finding["Severity"]),
        "raised_at": instant(raised),
        "suppressed": bool((finding.get("Service") or {}).get("Archived")),
        "triage_due_at": instant(raised + timedelta(hours=hours)),
        "triaged_at": note.get("UpdatedAt") if looked else None,
        "triaged_by": person(note.get("UpdatedBy")) if looked else None,
        "outcome": status.lower() if looked else None,
        "escalated_to": ((followed or {}).get("UserDefinedFields") or {}).get("incident"),
    }


def vulnerability_rows(finding: Finding, days: Mapping[str, int], read_at: datetime) -> list[Row]:
    """Return a Security Hub finding about a vulnerability, a row for each of its resources.

    Args:
        finding: Its severity label is one of `LABELS`.
        days: In which one of a severity is to be fixed.
        read_at: When it was read.
    """
    severity = LABELS[finding["Severity"]["Label"]]
    detected = at(finding["CreatedAt"])
    due = detected + timedelta(days=days[severity])
    fixed = at(finding["UpdatedAt"]) if finding.get("RecordState") == "ARCHIVED" else None
    fields, note = finding.get("UserDefinedFields") or {}, finding.get("Note") or {}
    accepted = (finding.get("Workflow") or {}).get("Status") == "SUPPRESSED"
    until = at(fields["accepted_until"]) if accepted and "accepted_until" in fields else None
    row: dict[str, str | bool | None] = {
        "vulnerability_id": finding["Id"],
        "title": finding["Title"],
        "severity": severity,
        "detected_at": instant(detected),
        "due_at": instant(due),
        "fixed_at": instant(fixed) if fixed else None,
        "accepted_by": person(note.get("UpdatedBy")) if accepted else None,
        "accepted_until": instant(until) if until else None,
        "ticket": fields.get("ticket"),
        "fixed_in_time": fixed_in_time(due, fixed, read_at, accepted=accepted, until=until),
    }
    return [{**row, "asset": resource["Id"]} for resource in finding["Resources"]]


def fixed_in_time(
    due: datetime, fixed: datetime | None, read_at: datetime, *, accepted: bool, until: datetime | None
) -> bool | None:
    """Return whether a vulnerability was fixed in time; ``None`` where that can not be told, or the risk stands accepted.

    Args:
        due: Until when it was to be fixed.
        fixed: When it was; ``None`` while it is open.
        read_at: When the source was read.
        accepted: Whether somebody accepted the risk.
        until: Until when; ``None`` is for good.
    """
    if accepted and (until is None or until >= (fixed or read_at)):
        return None
    if fixed:
        return fixed <= due
    return False if read_at > due else None
