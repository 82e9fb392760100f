# SPDX-License-Identifier: Apache-2.0
"""Whether another person approved what was merged, whether its checks passed, and which ticket it names: rules without I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

APPROVED, CHANGES_REQUESTED, DISMISSED = "APPROVED", "CHANGES_REQUESTED", "DISMISSED"
OPINIONS = (APPROVED, CHANGES_REQUESTED, DISMISSED)
"""States of a review that say something of the change; a later one of the same person stands in place of an earlier."""
PASSED = ("success", "neutral", "skipped")
"""Conclusions of a check that let a change through, as GitHub itself counts them."""


@dataclass(frozen=True, slots=True)
class Review:
    """One review of a pull request.

    Attributes:
        reviewer: Name of the account; ``None`` where it was deleted.
        is_person: Whether the account is no program's.
        state: GitHub's: ``APPROVED`` and so on; a dismissed approval has ``DISMISSED``.
        commit: What was reviewed; ``None`` where GitHub does not know it any more.
        at: When it was submitted, UTC.
    """

    reviewer: str | None
    is_person: bool
    state: str
    commit: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Merge:
    """What was merged.

    Attributes:
        author: Account of the pull request's author; ``None`` where it was deleted.
        head: Last commit of the pull request.
        merged_at: UTC.
        is_emergency: Whether it may be approved afterwards.
    """

    author: str | None
    head: str
    merged_at: datetime
    is_emergency: bool


@dataclass(frozen=True, slots=True)
class Approval:
    """What the reviews say of a merge.

    Attributes:
        count: Other persons who approved it in time.
        first: Account of the first of them, and when it approved.
        by_another: Whether there is one; ``None`` where that can not be told.
    """

    count: int
    first: tuple[str, datetime] | None
    by_another: bool | None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a check: its name and app, when it was started, its number, and its conclusion; ``None`` while it runs."""

    name: str
    app: int
    started_at: datetime | None
    number: int
    conclusion: str | None


def judge_reviews(merge: Merge, reviews: Iterable[Review], now: datetime, emergency_days: int) -> Approval:
    """Return who else approved the commit that was merged, before the merge; an emergency, within days after it.

    Args:
        merge: What was merged.
        reviews: All of the pull request, in any order.
        now: UTC; an emergency whose days are not over is not yet due.
        emergency_days: After the merge.
    """
    deadline = merge.merged_at + timedelta(days=emergency_days if merge.is_emergency else 0)
    last: dict[str, Review] = {}
    nobody: list[Review] = []
    for review in sorted(reviews, key=lambda each: each.at):
        if review.at > deadline or review.state not in OPINIONS or not review.is_person:
            continue
        if review.reviewer is None:  # deleted accounts can not be told apart
            nobody.append(review)
        else:
            last[review.reviewer] = review
    standing = [each for each in last.values() if _approves(each, merge) and each.reviewer != merge.author]
    standing.sort(key=lambda each: each.at)
    if standing:
        first = (str(standing[0].reviewer), standing[0].at)
        # The account of an author that was deleted may have been any.
        return Approval(len(standing), first, None if merge.author is None else True)
    is_open = merge.is_emergency and now < deadline
    return Approval(0, None, None if is_open or any(_approves(each, merge) for each in nobody) else False)


def _approves(review: Review, merge: Merge) -> bool:
    return review.state == APPROVED and review.commit == merge.head


def judge_checks(runs: Iterable[Run], merged_at: datetime, required: Sequence[str]) -> tuple[int, bool | None]:
    """Return how many checks ran, and whether each passed in its latest run that was started before the merge.

    Args:
        runs: All of the commit; a check is a name of an app.
        merged_at: UTC. A run that was started later says nothing of the merge.
        required: Names of checks that have to be there.

    Returns:
        The number of checks; ``None`` in place of the truth where none ran and none is required.
    """
    latest: dict[tuple[str, int], Run] = {}
    for run in sorted(runs, key=_age):
        if run.started_at is None or run.started_at <= merged_at:
            latest[(run.name, run.app)] = run
    if not latest and not required:
        return 0, None
    absent = set(required) - {name for name, _ in latest}
    return len(latest), not absent and all(run.conclusion in PASSED for run in latest.values())


def _age(run: Run) -> tuple[float, int]:
    return (run.started_at.timestamp() if run.started_at else 0.0, run.number)


def find_ticket(pattern: re.Pattern[str], *texts: str | None) -> str | None:
    """Return the first ticket that a text names; the texts are searched in order."""
    for text in texts:
        if found := pattern.search(text or ""):
            return found.group(0)
    return None
