# SPDX-License-Identifier: Apache-2.0
"""Finds the accounts of the people in a list, keeps what the log says of them, and makes the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from tieout.collectors.okta import Account, UserEvent
from tieout.collectors.personnel_states import (
    Employment,
    Moment,
    Terms,
    Verdict,
    of_joiner,
    of_leaver,
    of_mover,
    worst,
)
from tieout.collectors.row_tables import Row
from tieout.times import instant

_BLOCKS = {"user.lifecycle.deactivate", "user.lifecycle.suspend"}
_LETS_IN = {"user.lifecycle.activate", "user.lifecycle.reactivate", "user.lifecycle.unsuspend"}
_MOVES = {"group.user_membership.add", "group.user_membership.remove"}
KINDS = {"leave": _BLOCKS | _LETS_IN, "hire": _BLOCKS | _LETS_IN, "transfer": _MOVES}
"""Kinds of the log's events that tell what has to be known of an account, by type of the person's event."""


class Directory:
    """The accounts of the people in a list: those of nobody else are not held.

    Args:
        events: The list, people's returns included.
        accounts: All accounts.
    """

    def __init__(self, events: Sequence[Employment], accounts: Iterable[Account]) -> None:
        numbers = {each.number for each in events if each.number}
        addresses = {each.address.lower() for each in events if each.address}
        self._by_number: dict[str, list[Account]] = {}
        self._by_address: dict[str, list[Account]] = {}
        self._moments: dict[str, list[Moment]] = {}
        self._changes: dict[str, list[datetime]] = {}
        self._hires: dict[str, list[datetime]] = {}
        for account in accounts:
            address = (account.address or "").lower()
            if account.number in numbers:
                self._by_number.setdefault(str(account.number), []).append(account)
            if address in addresses:
                self._by_address.setdefault(address, []).append(account)
        for event in events:
            if event.kind == "hire" and event.number:
                self._hires.setdefault(event.number, []).append(event.at)
        found = (each for group in (self._by_number, self._by_address) for accounts in group.values() for each in accounts)
        self._ids = {each.id for each in found}

    def add_log(self, events: Iterable[UserEvent]) -> None:
        """Keep what the log says of these accounts."""
        for event in events:
            if event.user not in self._ids:
                continue
            if event.kind in _MOVES:
                self._changes.setdefault(event.user, []).append(event.at)
            else:
                self._moments.setdefault(event.user, []).append(Moment(event.at, event.kind in _BLOCKS))

    def accounts_of(self, event: Employment) -> list[Account]:
        """Return a person's accounts, in order of their ids: those with the number, and those with the address and no number.

        An account with the address and another number is somebody else's; where the list names no number, the address decides.
        """
        by_address = self._by_address.get((event.address or "").lower(), [])
        without = [each for each in by_address if each.number is None or event.number is None]
        found = {each.id: each for each in (*self._by_number.get(event.number or "", []), *without)}
        return [found[key] for key in sorted(found)]

    def verdict(self, event: Employment, account: Account, terms: Terms) -> Verdict:
        """Judge one account."""
        moments = sorted(self._moments.get(account.id, []))
        if event.kind == "leave":
            back = min((at for at in self._hires.get(event.number or "", []) if at > event.at), default=None)
            return of_leaver(event, account, moments, terms, back)
        if event.kind == "hire":
            return of_joiner(event, account, moments, terms)
        return of_mover(event, account, self._changes.get(account.id, []), terms)


def rows_of(events: Iterable[Employment], directory: Directory, terms: Mapping[str, Terms]) -> Iterator[Row]:
    """Yield a row of `COLUMNS` for each event, with its accounts and the verdict on them."""
    return (_row(event, directory, terms[event.kind]) for event in events)


COLUMNS = (
    "event_id",
    "event_type",
    "person",
    "worker_type",
    "event_at",
    "due_at",
    "account_id",
    "account_status",
    "changed_at",
    "state",
    "in_time",
)


def _row(event: Employment, directory: Directory, terms: Terms) -> Row:
    accounts = directory.accounts_of(event)
    verdict = worst([directory.verdict(event, each, terms) for each in accounts])
    return {
        "event_id": event.event_id,
        "event_type": event.kind,
        "person": event.address or event.number,
        "worker_type": event.worker_type,
        "event_at": instant(event.at),
        "due_at": instant(event.at + terms.due),
        "account_id": " ".join(each.id for each in accounts) or None,
        "account_status": " ".join(each.status for each in accounts) or None,
        "changed_at": None if verdict.changed_at is None else instant(verdict.changed_at),
        "state": verdict.state,
        "in_time": verdict.in_time,
    }
