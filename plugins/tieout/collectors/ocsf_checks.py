# SPDX-License-Identifier: Apache-2.0
"""What an OCSF finding says of a check, as a row of ``configuration_check.v1``; a tool's own places are tried in a fixed order.

=============  ==========================================================================================================
check_id       ``finding_info.uid``, else ``metadata.uid``; then ``@`` and the time: a later run of the check is another
resource       ``resources[].uid``, else ``name``; account and region beside one that is no ARN
setting        ``metadata.event_code`` (Prowler), else ``compliance.control`` (Security Hub); then ``finding_info.title``
checked_at     ``time`` since 1970 (OCSF: milliseconds; Prowler: seconds), else ``time_dt``
observed       the status as received: ``compliance.status`` (Pass, Fail ...), else ``status_code`` (PASS, FAIL, MANUAL ...)
compliant      true where that says pass, false where it says fail, else null: not determinable
waiver         that the source suppresses it (``status``), which names no decision
ticket         ``ticket.uid``, else the first of ``tickets``
=============  ==========================================================================================================
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tieout.errors import ContractError
from tieout.times import instant, parse_instant

COLUMNS = ("check_id", "resource", "setting", "checked_at", "expected", "observed", "compliant", "waiver", "ticket", "owner")
BLIND_SPOTS = (
    "A check shows the result of one run; results between two runs or exports are not in it.",
    "A check that did not run (a permission missing, a region or service left out) appears nowhere.",
    "A suppressed finding names no decision: who suppressed it, and why, is not in it.",
    "A finding of several resources is one row.",
    "Severity, frameworks, remediation and everything else of a finding stand in the raw pages only.",
)
_STATUS_IDS = {1: "Pass", 2: "Warning", 3: "Fail"}
_SUPPRESSED = 3
_MILLISECONDS_FROM = 10**11
"""A time since 1970 from here on is milliseconds: as seconds it would be after the year 5000, below it before 1973."""
_CLASSES = range(2000, 3000)


def at(finding: dict[str, Any], path: str) -> Any:
    """Return what stands at a dotted path; ``None`` where nothing does."""
    found: Any = finding
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def first_text(finding: dict[str, Any], *paths: str) -> str | None:
    """Return the first text that is not empty among those at some paths."""
    texts = (at(finding, path) for path in paths)
    return next((text for text in texts if isinstance(text, str) and text), None)


def uid_of(finding: dict[str, Any], where: str) -> str:
    """Return a finding's id.

    Raises:
        ContractError: It is no OCSF finding, or has none.
    """
    if at(finding, "class_uid") not in _CLASSES:
        raise _unfit(where, f"expected an OCSF finding, whose class_uid is 2000 to 2999, got {at(finding, 'class_uid')!r}")
    uid = first_text(finding, "finding_info.uid", "metadata.uid")
    if uid is None:
        raise _unfit(where, "expected an id at finding_info.uid or metadata.uid, got none")
    return uid


def status_of(finding: dict[str, Any]) -> str | None:
    """Return the status of the check that a finding tells of, as received; ``None`` where it tells of none."""
    stated = first_text(finding, "compliance.status")
    return stated or _STATUS_IDS.get(at(finding, "compliance.status_id")) or first_text(finding, "status_code")


def code_of(finding: dict[str, Any]) -> str | None:
    """Return the id by which the tool knows the check."""
    return first_text(finding, "metadata.event_code", "compliance.control")


def resource_of(finding: dict[str, Any], where: str) -> str:
    """Return the resources of a finding.

    Raises:
        ContractError: It names neither a resource nor an account.
    """
    account, region = first_text(finding, "cloud.account.uid"), first_text(finding, "cloud.region")
    resources = at(finding, "resources")
    names = []
    for resource in resources if isinstance(resources, list) else ():
        name = first_text(resource, "uid", "name") if isinstance(resource, dict) else None
        if name is None:
            raise _unfit(where, "expected a uid or name in each of resources, got none")
        place = [
            ("account", first_text(resource, "owner.account.uid") or account),
            ("region", first_text(resource, "region") or region),
        ]
        beside = ", ".join(f"{what} {value}" for what, value in place if value and not name.startswith("arn:"))
        names.append(f"{name} ({beside})" if beside else name)
    if not names and account is None:
        raise _unfit(where, "expected resources or cloud.account.uid, got neither")
    return ", ".join(names) or f"account {account}"


def check_row(finding: dict[str, Any], uid: str, resource: str, where: str) -> dict[str, str | None]:
    """Return the row of a finding that tells of a check.

    Args:
        finding: The finding.
        uid: `uid_of` it.
        resource: `resource_of` it.
        where: What errors call it.

    Raises:
        ContractError: It names no check or no time, or two times that differ.
    """
    code, title, status = code_of(finding), first_text(finding, "finding_info.title"), status_of(finding) or ""
    if code is None and title is None:
        raise _unfit(where, "expected the check at metadata.event_code, compliance.control or finding_info.title, got none")
    said = status.casefold().removesuffix("ed")
    checked_at = instant(time_of(finding, where))
    suppressed = at(finding, "status_id") == _SUPPRESSED or (first_text(finding, "status") or "").casefold() == "suppressed"
    return {
        "check_id": f"{uid}@{checked_at}",
        "resource": resource,
        "setting": ": ".join(dict.fromkeys(text for text in (code, title) if text)),
        "checked_at": checked_at,
        "expected": "PASS" if status.isupper() else "Pass",
        "observed": status,
        "compliant": {"pass": "true", "fail": "false"}.get(said),
        "waiver": "suppressed at the source" if suppressed else None,
        "ticket": first_text(finding, "ticket.uid") or _first_ticket(finding),
        "owner": None,
    }


def time_of(finding: dict[str, Any], where: str) -> datetime:
    """Return when a finding was made, in UTC.

    Raises:
        ContractError: It states no time, none with a zone, or two that differ.
    """
    since, stated = at(finding, "time"), first_text(finding, "time_dt")
    moment = None
    if isinstance(since, int) and not isinstance(since, bool):
        seconds = since / 1000 if abs(since) >= _MILLISECONDS_FROM else float(since)
        try:
            moment = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise _unfit(where, f"expected time in milliseconds or seconds since 1970, got {since}") from error
    try:
        zoned = parse_instant(stated) if stated else None
    except ValueError:
        zoned = None  # Prowler writes the local time of its machine without a zone; `time` says which moment it was
    if moment and zoned and abs((moment - zoned).total_seconds()) > 1:
        raise _unfit(where, f"time {since} and time_dt {stated} are not the same moment")
    if moment is None and zoned is None:
        raise _unfit(where, f"expected a moment at time, or at time_dt with its zone, got {since!r} and {stated!r}")
    return moment or zoned  # type: ignore[return-value]


def _first_ticket(finding: dict[str, Any]) -> str | None:
    tickets = at(finding, "tickets")
    first = tickets[0] if isinstance(tickets, list) and tickets else None
    return first_text(first, "uid") if isinstance(first, dict) else None


def _unfit(where: str, problem: str) -> ContractError:
    return ContractError(f"{where}: {problem}. Nothing lands for this window. Export the file again, findings in full.")
