# SPDX-License-Identifier: Apache-2.0
"""Goes through everybody in Okta, leaves out who was not active at the window's end, and judges the factors of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tieout.collectors.frame import Frame
from tieout.collectors.okta import Account, Okta, UserEvent, time_of
from tieout.collectors.okta_enrollments import (
    ALL_RESET,
    FACTOR_RESET,
    FACTOR_SET,
    RESISTANT,
    Change,
    Factor,
    enrolled_at,
    is_met,
    kind_of,
    stood_at,
)
from tieout.times import instant

GRANT, REVOKE = "user.account.privilege.grant", "user.account.privilege.revoke"
ADD, REMOVE = "group.user_membership.add", "group.user_membership.remove"
ACTIVATE, DEACTIVATE = "user.lifecycle.activate", "user.lifecycle.deactivate"
SUSPEND, UNSUSPEND = "user.lifecycle.suspend", "user.lifecycle.unsuspend"
_FACTORS = (FACTOR_SET, FACTOR_RESET, ALL_RESET)
_LIFECYCLE = (ACTIVATE, DEACTIVATE, SUSPEND, UNSUSPEND)
SETTING = "mfa_factor"
ANY, FIRM = "a second factor", f"a factor that can not be phished ({', '.join(sorted(RESISTANT))})"
UNDECIDED = f"{ANY}; if an administrator, {FIRM}"
_GONE = frozenset({404})
_ENDED = ("DEPROVISIONED", "SUSPENDED")
_WAITING = ("STAGED", "PROVISIONED")
"""Statuses in which its person has not taken up the account."""
_BATCH = 1000
Row = dict[str, str | None]


class History:
    """What happened since the window's end, by user.

    Args:
        group: Id of the group of administrators, where one is named.
    """

    def __init__(self, group: str | None) -> None:
        self._group = group
        self._of_administrators = (GRANT, REVOKE) if group is None else (ADD, REMOVE)
        self.kinds = (*_FACTORS, *self._of_administrators, *_LIFECYCLE)
        """Kinds of the log's events that it is about."""
        self.factors: dict[str, list[Change]] = {}
        self.roles: dict[str, list[Change]] = {}
        self.first: dict[str, str] = {}
        """What happened to a user's account first."""

    def add(self, events: Iterable[UserEvent]) -> None:
        """Keep events, which come in order."""
        for each in events:
            if each.kind in _LIFECYCLE:
                self.first.setdefault(each.user, each.kind)
            elif each.kind in _FACTORS:
                what = None if each.kind == ALL_RESET else kind_of(each.factor)
                self.factors.setdefault(each.user, []).append(Change(each.at, each.kind != FACTOR_SET, what))
            elif each.kind in self._of_administrators and each.group == self._group:
                self.roles.setdefault(each.user, []).append(Change(each.at, each.kind in (REVOKE, REMOVE), None))


class GroupOfAdministrators:
    """The members of a group now; of no group, nobody is asked for."""

    def __init__(self, okta: Okta, group: str | None) -> None:
        self.is_named = group is not None
        pages = okta.listing([("members", f"/groups/{group}/users", {"limit": 200})]) if group else ()
        self.members = {user["id"] for _, page in pages for user in page}


class People:
    """Everybody, judged one after the other.

    Args:
        frame: The extraction's frame, which is told who is left out.
        end: The window's end.
        history: What happened since.
        group: The group of administrators, if one is named.
        not_counted: Kinds of factors that are none.
        service_types: Types of users that are programs.
        log_reaches: Whether the log reaches back to the end.
    """

    def __init__(
        self,
        frame: Frame,
        end: datetime,
        history: History,
        group: GroupOfAdministrators,
        not_counted: Collection[str],
        service_types: Collection[str],
        *,
        log_reaches: bool,
    ) -> None:
        self._frame, self._end, self._history, self._group = frame, end, history, group
        self._not_counted, self._service_types, self._log_reaches = not_counted, service_types, log_reaches
        self.read = 0
        """Users so far."""

    def batches(self, okta: Okta) -> Iterator[list[Row]]:
        """Yield the rows; at least one batch, be it empty."""
        wanted: Iterator[tuple[tuple[Account, str], str, dict[str, Any]]] = (
            ((account, what), f"/users/{account.id}/{what}", {})
            for account in self._active(okta.users())
            for what in (("factors",) if self._group.is_named else ("factors", "roles"))
        )
        rows: list[Row] = []
        factors: list[dict[str, Any]] | None = None
        for (account, what), page in okta.listing(wanted, absent=_GONE):
            if what == "factors":
                factors = page
                if not self._group.is_named:
                    continue
            rows.append(self._row(account, factors, page))
            if len(rows) == _BATCH:
                yield rows
                rows = []
        yield rows

    def _active(self, accounts: Iterable[Account]) -> Iterator[Account]:
        for account in accounts:
            self.read += 1
            reason = left_out(account, self._end, self._history.first.get(account.id), self._service_types)
            if reason is None:
                yield account
            else:
                self._frame.drop(reason, [account.id])

    def _row(self, account: Account, factors: list[dict[str, Any]] | None, roles: list[dict[str, Any]] | None) -> Row:
        still = factors is not None and account.status not in ("DEPROVISIONED", *_WAITING)
        still = still and (account.activated or self._end) <= self._end
        found = [_factor(each) for each in factors or ()]
        changes = self._history.factors.get(account.id, [])
        enrollment = enrolled_at(self._end, found, changes, log_reaches=self._log_reaches, still_active=still)
        since = [time_of(each.get("created")) for each in roles or ()]
        if self._group.is_named:
            since = [None] if account.id in self._group.members else []
        of_roles = self._history.roles.get(account.id, [])
        is_admin = stood_at(self._end, since, of_roles, log_reaches=self._log_reaches and still)
        met = is_met(enrollment, is_admin, self._not_counted)
        at = instant(self._end - timedelta(seconds=1))
        return {
            "check_id": f"{SETTING}@{at}",
            "resource": account.id,
            "setting": SETTING,
            "checked_at": at,
            "expected": {True: FIRM, False: ANY, None: UNDECIDED}[is_admin],
            "observed": ", ".join(sorted(enrollment.kinds)) or ("none" if enrollment.is_whole else "unreadable"),
            "compliant": None if met is None else str(met).lower(),
            "waiver": None,
            "ticket": None,
            "owner": None,
        }


def _factor(found: dict[str, Any]) -> Factor:
    return Factor(found["factorType"], found["status"], time_of(found.get("created")), time_of(found.get("lastUpdated")))


def left_out(account: Account, end: datetime, first: str | None = None, service_types: Collection[str] = ()) -> str | None:
    """Return why somebody is not among those who were active at a time; ``None`` for those who were, or may have been.

    Args:
        account: As it stands now.
        end: The time.
        first: What happened to it first since then, as far as the log tells.
        service_types: Types of users that are programs.
    """
    if account.user_type in service_types:
        return "account of a program"
    if account.created is not None and account.created > end:
        return "created after the window's end"
    if first in (ACTIVATE, UNSUSPEND):
        return "not active before it was let in after the window's end"
    changed_since = account.status_changed is not None and account.status_changed > end
    if account.status in _WAITING and not changed_since:
        return "not taken up by its person"
    if account.status in _ENDED and account.status_changed is not None and not changed_since:
        return "deactivated or suspended before the window's end"
    return None
