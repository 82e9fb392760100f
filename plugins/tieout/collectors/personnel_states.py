# SPDX-License-Identifier: Apache-2.0
"""Judges an account against what happened to its person's employment: who left, who joined, who moved.

Nothing is read here. What can not be known is *unknown*, and where there is no account it is *no_match*: neither is ever a pass.
An account that was ended, begun again and ended again counts from the last end; one that was suspended first, from the
suspension, as far as the log tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from tieout.collectors.okta import Account

EventType = Literal["hire", "leave", "transfer"]
LIVE = frozenset({"ACTIVE", "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY", "PROVISIONED"})
"""Statuses in which a person can sign in, or get to it without anybody's help."""
NEVER_BEGUN = "STAGED"


class Employment(NamedTuple):
    """One event of the people system; texts are as captured."""

    event_id: str
    kind: EventType
    at: datetime
    number: str | None
    address: str | None
    worker_type: str | None


class Moment(NamedTuple):
    """A change of an account in the log: it was blocked, or let in."""

    at: datetime
    blocks: bool


class Verdict(NamedTuple):
    """What became of one account."""

    state: str
    in_time: bool | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed, and what is known.

    Attributes:
        now: When the accounts were read.
        log_since: How far the log reaches back.
        due: How long after the event the account was to follow.
        before: How long before the event it may.
        ended: Statuses in which nobody can sign in.
    """

    now: datetime
    log_since: datetime
    due: timedelta
    before: timedelta = timedelta(0)
    ended: frozenset[str] = frozenset({"DEPROVISIONED", "SUSPENDED"})


NO_MATCH = Verdict("no_match", None, None)
_UNKNOWN = Verdict("unknown", None, None)
_GRACE = Verdict("within_grace", None, None)


def of_leaver(
    event: Employment, account: Account, moments: Sequence[Moment], terms: Terms, came_back: datetime | None = None
) -> Verdict:
    """Judge the account of somebody who left.

    Args:
        event: The leave.
        account: As it stands now.
        moments: Of the account, in order, as far as the log reaches back.
        terms: What was agreed.
        came_back: When the person was hired again: what stands now says nothing about the time between.
    """
    due = event.at + terms.due
    if came_back is not None:
        return _until_return(event, [each for each in moments if each.at < came_back], terms, came_back)
    if account.status in terms.ended:
        ended = _blocked_since(moments, account.status_changed)
        return _UNKNOWN if ended is None else Verdict("deprovisioned", ended <= due, ended)
    if account.status not in LIVE:
        return _UNKNOWN
    return _GRACE if terms.now <= due else Verdict("active_after_termination", False, None)


def of_joiner(event: Employment, account: Account, moments: Sequence[Moment], terms: Terms) -> Verdict:
    """Judge the account of somebody who joined; arguments as of `of_leaver`."""
    due, began = event.at + terms.due, _began(account, moments)
    if began is None:
        if account.status != NEVER_BEGUN:
            return _UNKNOWN
        return _GRACE if terms.now <= due else Verdict("not_active", False, None)
    return Verdict(_standing(account, terms), event.at - terms.before <= began <= due, began)


def of_mover(event: Employment, account: Account, changes: Iterable[datetime], terms: Terms) -> Verdict:
    """Judge the access of somebody who moved, by when groups of the account changed; arguments as of `of_leaver`."""
    opens, due = event.at - terms.before, event.at + terms.due
    changed = min((each for each in changes if each >= opens), default=None)
    if changed is not None and changed <= due:
        return Verdict(_standing(account, terms), True, changed)
    if terms.log_since > opens:  # what changed before the log begins is not seen
        return Verdict("unknown", None, changed)
    if changed is None and terms.now <= due:
        return _GRACE
    return Verdict(_standing(account, terms), False, changed)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on a person with several accounts: the one that is worst; without any, `NO_MATCH`.

    Not met comes before unknown, unknown before within grace, and the latest change last.
    """
    return max(verdicts, key=_badness, default=NO_MATCH)


def _badness(verdict: Verdict) -> tuple[int, bool, float]:
    rank = {False: 2, None: 1, True: 0}[verdict.in_time]
    return rank, verdict.state == "unknown", verdict.changed_at.timestamp() if verdict.changed_at else 0.0


def _standing(account: Account, terms: Terms) -> str:
    if account.status in terms.ended:
        return "deprovisioned"
    return "active" if account.status in LIVE else "not_active"


def _blocked_since(moments: Sequence[Moment], status_changed: datetime | None) -> datetime | None:
    """Return since when an account that is blocked has been so; ``None`` where nothing tells."""
    since = status_changed
    for each in reversed(moments):
        if not each.blocks:
            break
        since = each.at if since is None else min(since, each.at)
    return since


def _until_return(event: Employment, moments: Sequence[Moment], terms: Terms, came_back: datetime) -> Verdict:
    ended = _blocked_since(moments, None)
    due = event.at + terms.due
    if ended is not None:
        return Verdict("deprovisioned", ended <= due, ended)
    if terms.log_since <= event.at and came_back > due:
        return Verdict("active_after_termination", False, None)
    return _UNKNOWN


def _began(account: Account, moments: Sequence[Moment]) -> datetime | None:
    """Return when an account began; of one that had ended before, when it began again."""
    before: Moment | None = None
    first = again = None
    for each in moments:
        if not each.blocks and (before is None or before.blocks):
            first = first or each.at
            again = each.at if before is not None else again
        before = each
    return again or account.activated or first
