# SPDX-License-Identifier: Apache-2.0
"""The system log of the made-up company's Okta: who came, went and moved, whose factor and which policy changed.

Somebody signs in every six hours, from long before the period on, so that the log reaches as far back as it is kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from heapq import merge
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from tests.simulators.company import POLICY_EVENTS, Company, Kind
from tests.simulators.okta_objects import GROUPS, changes_factor, department, stamp, user_id

SIGN_IN = "user.session.start"
_EVERY = timedelta(hours=6)
_BEFORE = timedelta(days=400)
_POLICY_KINDS = (
    "policy.rule.update",
    "zone.update",
    "system.mfa.factor.activate",
    "policy.lifecycle.create",
    "application.policy.sign_on.update",
    "zone.make_blacklist",
)
WEAKENING = "policy.rule.deactivate"
_MESSAGES = {
    SIGN_IN: "User login to Okta",
    "user.lifecycle.create": "Create Okta user",
    "user.lifecycle.activate": "Activate Okta user",
    "user.lifecycle.deactivate": "Deactivate Okta user",
    "group.user_membership.add": "Add user to group membership",
    "group.user_membership.remove": "Remove user from group membership",
    "user.mfa.factor.activate": "Activate factor for user",
    "user.mfa.factor.deactivate": "Reset factor for user",
    WEAKENING: "Deactivate policy rule",
}


class Entry(NamedTuple):
    """One event: when, of what kind, and the number of the person or of the policy event."""

    at: datetime
    kind: str
    number: int


class Log:
    """The log of a company."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def between(self, since: datetime, until: datetime, kinds: Collection[str] | None, *, rising: bool) -> Iterator[Entry]:
        """Return the events of some kinds, or of all, in ``[since, until)``, by time."""
        entries = self._entries
        start, end = bisect_left(entries, (since,)), bisect_left(entries, (until,))
        places = range(start, end) if rising else range(end - 1, start - 1, -1)
        found = (entries[place] for place in places if kinds is None or entries[place].kind in kinds)
        if kinds is not None and SIGN_IN not in kinds:
            return found
        return merge(found, self._sign_ins(since, until, rising=rising), reverse=not rising)

    def _sign_ins(self, since: datetime, until: datetime, *, rising: bool) -> Iterator[Entry]:
        opens = self.company.start - _BEFORE
        first = max(0, -(-(since - opens) // _EVERY))
        last = max(first, -(-(until - opens) // _EVERY))
        places = range(first, last) if rising else range(last - 1, first - 1, -1)
        return (Entry(opens + place * _EVERY, SIGN_IN, place % len(self.company.staff)) for place in places)

    @cached_property
    def _entries(self) -> list[Entry]:
        company = self.company
        found = chain.from_iterable(map(self._of_person, range(company.people)))
        return sorted(chain(found, map(self._policy, range(POLICY_EVENTS))))

    def _of_person(self, number: int) -> Iterator[Entry]:
        company = self.company
        if not company.has_account(number):
            return
        created = company.account_created_at(number)
        yield Entry(created, "user.lifecycle.create", number)
        yield Entry(created, "user.lifecycle.activate", number)
        if ended := company.account_ended_at(number):
            yield Entry(ended, "user.lifecycle.deactivate", number)
        if number in company.movers:
            yield Entry(company.access_moved_at(number), "group.user_membership.add", number)
            yield Entry(company.access_moved_at(number), "group.user_membership.remove", number)
        if changed := changes_factor(company, number):
            yield Entry(changed, "user.mfa.factor.deactivate", number)
            yield Entry(changed, "user.mfa.factor.activate", number)

    def _policy(self, number: int) -> Entry:
        kind = _POLICY_KINDS[number % len(_POLICY_KINDS)]
        if self.company.fault_of("event", number) is Kind.POLICY_WEAKENED:
            kind = WEAKENING
        return Entry(self.company.at("policy", number, POLICY_EVENTS), kind, number)

    def policy_event_id(self, number: int) -> str:
        """Return the id of the event of a change to a sign-in policy."""
        return str(_key(self._policy(number)))

    def event(self, entry: Entry) -> dict[str, Any]:
        """Return an event as the log has it."""
        of_policy = not entry.kind.startswith(("user.", "group."))
        person = self.company.person(1 if of_policy or entry.kind != SIGN_IN else entry.number)
        actor = {"id": user_id(person.number), "type": "User", "alternateId": person.email, "displayName": person.first}
        debug = {"requestId": "XXxTqUauHPkBXo4", "requestUri": "/api/v1/events"}
        if entry.kind.startswith("user.mfa.factor."):
            debug["factor"] = "OKTA_VERIFY_PUSH" if entry.kind.endswith(".deactivate") else "FIDO_WEBAUTHN"
        return {
            "uuid": str(_key(entry)),
            "published": stamp(entry.at),
            "eventType": entry.kind,
            "legacyEventType": f"core.{entry.kind}",
            "version": "0",
            "severity": "INFO",
            "displayMessage": _MESSAGES.get(entry.kind, entry.kind.replace(".", " ")),
            "actor": actor,
            "client": {"device": "Computer", "ipAddress": "192.0.2.10", "zone": "null"},
            "outcome": {"result": "SUCCESS", "reason": "OK"},
            "target": self._targets(entry, of_policy=of_policy),
            "transaction": {"type": "WEB", "id": "XXxTqUauHPkBXo4-TEcw9QAAAq0", "detail": {}},
            "debugContext": {"debugData": debug},
            "authenticationContext": {"authenticationStep": 0, "externalSessionId": "trs4aXtnM0lTS-KPmX3L6k2wQ"},
            "securityContext": {"isProxy": None},
            "request": {"ipChain": []},
        }

    def _targets(self, entry: Entry, *, of_policy: bool) -> list[dict[str, Any]]:
        if of_policy:
            key = f"00p{entry.number:08}shop00000"
            name = "Everybody needs a second factor" if entry.kind.startswith("policy.rule") else f"Setting {entry.number}"
            return [{"id": key, "type": "PolicyRule", "alternateId": "unknown", "displayName": name}]
        person = self.company.person(entry.number)
        user = {"id": user_id(person.number), "type": "User", "alternateId": person.email, "displayName": person.first}
        found: list[dict[str, Any]] = [user]
        if entry.kind.startswith("group."):
            at = entry.at - timedelta(seconds=int(entry.kind.endswith(".remove")))
            name = department(self.company, entry.number, at)
            place = next(place for place, (group, _) in enumerate(GROUPS) if group == name)
            key = f"00g{place:08}shop00000"
            found.append({"id": key, "type": "UserGroup", "alternateId": "unknown", "displayName": name})
        return found


def _key(entry: Entry) -> UUID:
    return UUID(bytes=blake2b(f"{entry.kind}/{entry.at}/{entry.number}".encode(), digest_size=16).digest())
