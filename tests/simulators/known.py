# SPDX-License-Identifier: Apache-2.0
"""Everything that is wrong in a made-up company, as its evidence has to show it: control, rule and row.

A fault is a potential deviation, or, where nothing can be judged, not determinable, or a difference between two populations. What
stands here is written down without the collectors: by the ids that the simulators give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.simulators import okta_objects, pagerduty_objects
from tests.simulators.company import PROJECT, Company, Fault, Kind
from tests.simulators.github_security import branch_event_id
from tests.simulators.okta_log import Log

CHANGES, APPROVALS = "cc8_1_reviewed_changes", "cc8_1_change_approvals"
ALERTS, INCIDENTS = "cc7_2_on_call_alerts", "cc7_4_on_call_incidents"
BRANCH, POLICIES = "cc6_8_branch_protection_continuity", "cc6_1_sign_in_policy_continuity"
LEAVERS, JOINERS, FACTORS = "cc6_2_leaver_accounts", "cc6_2_joiner_accounts", "cc6_1_mfa_factors"


@dataclass(frozen=True)
class Known:
    """One thing that is wrong.

    Attributes:
        what: In words.
        control: The control that shows it.
        rule: Rule of its contract; of a reconciliation, its id.
        row: Columns of the row's key, the system apart.
    """

    what: str
    control: str
    rule: str
    row: dict[str, str]

    def as_document(self) -> dict[str, Any]:
        """Return it as a file states it."""
        return asdict(self)


def known_faults(company: Company) -> list[Known]:
    """Return what has to be not met, of the whole period."""
    return [known for fault in company.faults() if fault.kind not in _ELSEWHERE for known in _known(company, fault)]


def known_unknowns(company: Company) -> list[Known]:
    """Return leavers of whom nothing can be said: not determinable, never a pass."""
    return [
        Known(fault.kind.value, LEAVERS, "in_time", {"event_id": _event(company, "leave", fault.number)})
        for fault in company.faults(Kind.LEAVER_UNMATCHED)
    ]


def known_differences(company: Company) -> list[Known]:
    """Return changes whose ticket the tickets do not have."""
    return [
        Known(fault.kind.value, CHANGES, "tickets", {"sha": company.change(fault.number).sha})
        for fault in company.faults(Kind.LOST_TICKET)
    ]


def _known(company: Company, fault: Fault) -> Iterator[Known]:
    control, rules, rows = _SHOWN[fault.kind]
    for row in rows(company, fault.number):
        for rule in rules:
            yield Known(fault.kind.value, control, rule, row)


def _change(company: Company, number: int) -> list[dict[str, str]]:
    return [{"sha": company.change(number).sha}]


def _ticket(_: Company, number: int) -> list[dict[str, str]]:
    return [{"ticket_id": f"{PROJECT}-{number + 1}"}]


def _alert(_: Company, number: int) -> list[dict[str, str]]:
    return [{"alert_id": pagerduty_objects.incident_id(number)}]


def _incident(_: Company, number: int) -> list[dict[str, str]]:
    return [{"incident_id": str(number + 1)}]


def _leaver(company: Company, number: int) -> list[dict[str, str]]:
    return [{"event_id": _event(company, "leave", number)}]


def _joiner(company: Company, number: int) -> list[dict[str, str]]:
    return [{"event_id": _event(company, "hire", number)}]


def _policy(company: Company, number: int) -> list[dict[str, str]]:
    return [{"event_id": Log(company).policy_event_id(number)}]


def _branch(company: Company, number: int) -> list[dict[str, str]]:
    return [{"event_id": branch_event_id(company, number)}]


def _event(company: Company, kind: str, number: int) -> str:
    return f"{kind}-{company.person(number).employee_id}"


def _factor(company: Company, number: int) -> list[dict[str, str]]:
    """Return a row for each month's end: what is wrong all the time shows each time."""
    return [
        {"check_id": f"mfa_factor@{end:%Y-%m-%dT%H:%M:%S.%fZ}", "resource": okta_objects.user_id(number)}
        for end in _month_ends(company)
    ]


def _month_ends(company: Company) -> Iterator[datetime]:
    day = company.start
    while day < company.end:
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield day - timedelta(seconds=1)


_ELSEWHERE = (Kind.LEAVER_UNMATCHED, Kind.LOST_TICKET)
"""Not determinable, and a difference."""
_Rows = Callable[[Company, int], list[dict[str, str]]]
_SHOWN: dict[Kind, tuple[str, tuple[str, ...], _Rows]] = {
    Kind.DIRECT_PUSH: (CHANGES, ("through_pull_request", "ticketed"), _change),
    Kind.UNREVIEWED: (CHANGES, ("approved_by_another",), _change),
    Kind.STALE_APPROVAL: (CHANGES, ("approved_by_another",), _change),
    Kind.FAILED_CHECK: (CHANGES, ("checks_passed",), _change),
    Kind.NO_TICKET: (CHANGES, ("ticketed",), _change),
    Kind.EMERGENCY_UNREVIEWED: (CHANGES, ("approved_by_another",), _change),
    Kind.TICKET_UNAPPROVED: (APPROVALS, ("approved_before_done",), _ticket),
    Kind.TICKET_SELF_APPROVED: (APPROVALS, ("approver_is_another",), _ticket),
    Kind.PAGE_LATE: (ALERTS, ("acknowledged_in_time",), _alert),
    Kind.PAGE_IGNORED: (ALERTS, ("acknowledged_in_time",), _alert),
    Kind.INCIDENT_OPEN: (INCIDENTS, ("root_cause_recorded",), _incident),
    Kind.LEAVER_ACTIVE: (LEAVERS, ("in_time",), _leaver),
    Kind.LEAVER_LATE: (LEAVERS, ("in_time",), _leaver),
    Kind.JOINER_LATE: (JOINERS, ("in_time",), _joiner),
    Kind.JOINER_EARLY: (JOINERS, ("in_time",), _joiner),
    Kind.NO_FACTOR: (FACTORS, ("compliant",), _factor),
    Kind.WEAK_FACTOR: (FACTORS, ("compliant",), _factor),
    Kind.PROTECTION_WEAKENED: (BRANCH, ("protection_kept",), _branch),
    Kind.POLICY_WEAKENED: (POLICIES, ("protection_kept",), _policy),
}
