# SPDX-License-Identifier: Apache-2.0
"""Who approved a Jira ticket, and when it was done: read from the history of its status, and from its answered approvals.

1. A ticket is done when its status is a done one; since the last time that its status became one.
2. An approval is a change of the status to the approved one, or an approval that was answered so.
3. Of the approvals until it was done the last one counts; where there is none, the first one after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Person = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval; ``by`` is an account as Jira gives it, ``None`` where it names none."""

    at: datetime
    by: Person


@dataclass(frozen=True, slots=True)
class Course:
    """What became of one ticket."""

    transitions: int
    approval: Approval | None
    done_at: datetime | None

    def approved_before_done(self) -> bool | None:
        """Return whether it was approved before it was done; ``None`` while it is not done."""
        if self.done_at is None:
            return None
        return self.approval is not None and self.approval.at <= self.done_at

    def approver_is(self, reporter: Person) -> bool | None:
        """Return whether the approver is the reporter; ``None`` where one of them is not known."""
        approver = self.approval and self.approval.by
        ids = [each.get("accountId") if each else None for each in (approver, reporter)]
        return None if None in ids else ids[0] == ids[1]


def course(
    status: str,
    created: datetime,
    histories: Iterable[Mapping[str, Any]],
    approved: str,
    done: Sequence[str],
    answered: Sequence[Approval] = (),
) -> Course:
    """Return what became of one ticket.

    Args:
        status: Its status now.
        created: When it was created; a ticket that was created as done is done since then.
        histories: The whole of its history, in any order.
        approved: Name of the approved status.
        done: Names of the done statuses.
        answered: Approvals that were asked for and given.
    """
    steps = [
        (parse_time(each["created"]), item.get("toString"), each.get("author"))
        for each in histories
        for item in each["items"]
        if (item.get("fieldId") or item.get("field")) == "status"
    ]
    entered = [at for at, name, _ in steps if name in done]
    done_at = max(entered, default=created) if status in done else None
    approvals = sorted((*answered, *(Approval(at, by) for at, name, by in steps if name == approved)), key=lambda each: each.at)
    before = [each for each in approvals if done_at is None or each.at <= done_at]
    return Course(len(steps), before[-1] if before else next(iter(approvals), None), done_at)


def answered_approvals(field: Any) -> list[Approval]:
    """Return the approvals that were given, of a field of Jira Service Management; each by whoever approved last named."""
    found = []
    for each in field or ():
        if each.get("finalDecision") == "approved" and each.get("completedDate"):
            by = [one.get("approver") for one in each.get("approvers") or () if one.get("approverDecision") == "approved"]
            at = datetime.fromtimestamp(each["completedDate"]["epochMillis"] / 1000, UTC)
            found.append(Approval(at, by[-1] if by else None))
    return found


def parse_time(text: str) -> datetime:
    """Return the instant of a text as Jira writes it, ``2026-03-05T15:30:00.000+0100``, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def name_of(person: Person) -> str | None:
    """Return the address of an account, or its id where Jira hides the address."""
    return None if person is None else person.get("emailAddress") or person.get("accountId")
