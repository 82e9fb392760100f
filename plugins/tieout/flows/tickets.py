# SPDX-License-Identifier: Apache-2.0
"""Remediation tickets: one per access that a review has decided to revoke or change, in Jira or behind a webhook.

A ticket is opened once. Before Jira is asked for one it is asked whether it has one with the removal's mark among its labels, so
that a task that was killed between the two finds its own. Jira finds by an index that may be some seconds behind: the task's
retry delay is longer. A webhook gets the mark as ``Idempotency-Key``; whoever receives it twice has to answer the same.

A summary has at most `_LONGEST_SUMMARY` characters and a line `_LONGEST_LINE`, so that a description fits into what Jira takes;
what is cut ends in ``…``, and stands whole in the review's rows.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from tieout.collectors.http_address import base_url
from tieout.collectors.reach import Reach, SourceConnection
from tieout.criteria.reviews import Tickets
from tieout.errors import SourceUnavailable
from tieout.evidence.outbound import post
from tieout.times import instant

_JIRA = "Jira"
_WEBHOOK = "ticket webhook"
_LONGEST_SUMMARY = 255
"""Characters that Jira takes in a summary."""
_LONGEST_LINE = 6_000
"""Two lines can be as long, beside a reason: Jira takes 32,767 characters in a description, some of which count twice."""
Post = Callable[[str, bytes, dict[str, str], str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What has to be taken away or changed.

    Attributes:
        campaign: The review.
        item: Id of the item.
        system: Where.
        account: Id of the account there.
        entitlement: What it has.
        decision: ``revoke`` or ``change``.
        reason: Why, in the reviewer's words.
        decided_at: When, UTC.
        due: Last day on which it is done in time.
        owner: Role that answers for the system.
    """

    campaign: str
    item: str
    system: str
    account: str
    entitlement: str
    decision: str
    reason: str
    decided_at: datetime
    due: date
    owner: str

    @property
    def mark(self) -> str:
        """What tells its ticket from all others: equal for the same item of the same review."""
        return f"tieout-{hashlib.sha256(f'{self.campaign}/{self.item}'.encode()).hexdigest()[:20]}"

    @property
    def summary(self) -> str:
        """One line, at most as long as Jira takes."""
        verb = "Revoke" if self.decision == "revoke" else "Change"
        line = " ".join(f"{verb} {self.entitlement} of {self.account} in {self.system}, due {self.due}".split())
        return _cut(line, _LONGEST_SUMMARY)

    @property
    def lines(self) -> tuple[str, ...]:
        """What the ticket says, a line each."""
        lines = (
            f"System: {self.system}",
            f"Account: {self.account}",
            f"Entitlement: {self.entitlement}",
            f"Decision: {self.decision}, {instant(self.decided_at)}",
            f"Reason: {self.reason}",
            f"Due: {self.due}. After that day the entitlements are read again: what still stands is a potential deviation.",
            f"Review: {self.campaign}, item {self.item}",
        )
        return tuple(_cut(line, _LONGEST_LINE) for line in lines)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that is open.

    Attributes:
        id: Its key at Jira, or what the webhook answered; empty where that named none.
        url: Where a person reads it; empty where none is known.
        opened_now: Whether it was opened by this call.
    """

    id: str
    url: str
    opened_now: bool


class TicketDesk(Protocol):
    """Opens tickets."""

    def open(self, removal: Removal) -> Ticket:
        """Open a removal's ticket, or find it.

        Raises:
            ConfigurationError: It is refused for good.
            SourceUnavailable: There was no usable answer; run it again.
        """


def ticket_desk(tickets: Tickets, reach: Reach, send: Post = post) -> TicketDesk:
    """Return the desk that a control's YAML names.

    Raises:
        ConfigurationError: There is no such connection, or it would send its secret unencrypted.
    """
    if tickets.jira is not None:
        jira = tickets.jira
        return _JiraDesk(reach.connection(jira.connection), jira.project, jira.issue_type, send)
    if tickets.webhook is None:  # the model asks for one of the two
        raise AssertionError
    return _WebhookDesk(reach.connection(tickets.webhook.connection), send)


class _JiraDesk:
    def __init__(self, connection: SourceConnection, project: str, issue_type: str, send: Post) -> None:
        self._base, self._project, self._type, self._send = base_url(connection), project, issue_type, send
        login = base64.b64encode(f"{connection.login}:{connection.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json", "Accept": "application/json"}

    def open(self, removal: Removal) -> Ticket:
        jql = f'project = "{self._project}" AND labels = "{removal.mark}"'
        found = self._ask("search/jql", {"jql": jql, "fields": ["key"], "maxResults": 1}).get("issues")
        if not isinstance(found, list):
            raise _unusable(_JIRA, "a list of issues")
        if found:
            return self._ticket(found[0], opened_now=False)
        return self._ticket(self._ask("issue", {"fields": self._fields(removal)}), opened_now=True)

    def _fields(self, removal: Removal) -> dict[str, Any]:
        return {
            "project": {"key": self._project},
            "issuetype": {"name": self._type},
            "summary": removal.summary,
            "description": {"type": "doc", "version": 1, "content": [_paragraph(line) for line in removal.lines]},
            "labels": ["tieout", removal.mark],
            "duedate": removal.due.isoformat(),
        }

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return _json(self._send(f"{self._base}/rest/api/3/{path}", json.dumps(body).encode(), self._headers, _JIRA), _JIRA)

    def _ticket(self, issue: Any, *, opened_now: bool) -> Ticket:
        key = issue.get("key") if isinstance(issue, dict) else None
        if not isinstance(key, str):
            raise _unusable(_JIRA, "an issue with its key")
        return Ticket(key, f"{self._base}/browse/{key}", opened_now)


class _WebhookDesk:
    def __init__(self, connection: SourceConnection, send: Post) -> None:
        self._url, self._send = base_url(connection), send
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if connection.password:
            self._headers["Authorization"] = f"Bearer {connection.password}"

    def open(self, removal: Removal) -> Ticket:
        body = {
            "mark": removal.mark,
            "summary": removal.summary,
            "description": "\n".join(removal.lines),
            "due": removal.due.isoformat(),
            **{name: getattr(removal, name) for name in _NAMES},
        }
        headers = {**self._headers, "Idempotency-Key": removal.mark}
        answer = self._send(self._url, json.dumps(body).encode(), headers, _WEBHOOK)
        said = _json(answer, _WEBHOOK) if answer.lstrip()[:1] == b"{" else {}
        return Ticket(str(said.get("id") or ""), str(said.get("url") or ""), opened_now=True)


_NAMES = ("campaign", "item", "system", "account", "entitlement", "decision", "owner")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _paragraph(line: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": line}]}


def _json(answer: bytes, what: str) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise _unusable(what, "a JSON object")
    return said


def _unusable(what: str, expected: str) -> SourceUnavailable:
    msg = f"{what}: expected {expected}, got another answer. What was opened is found when the task runs again."
    return SourceUnavailable(msg)
