# SPDX-License-Identifier: Apache-2.0
"""The protected branch of the made-up company on GitHub: what each change put on it, and what was said of it.

A change is a squashed commit, or a merge with the two commits of its branch, or a rebase of two commits onto the branch. All
commits of a change are dated alike, so that a listing by date holds them together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.simulators.company import ORGANIZATION, Change, Company, Kind
from tests.simulators.github_objects import BOT, commit, parent
from tests.simulators.github_pull_objects import check_run, review, words

_CYCLE, _MERGE, _REBASE = 8, 0, 5
"""Of so many changes, which is merged and which rebased; the others are squashed."""
MANY = 500
"""One change of so many has more reviews than a page holds."""


class Changes:
    """The commits of the branch, each found by its place or its id; none is held.

    Args:
        company: The company.
    """

    def __init__(self, company: Company) -> None:
        self._company = company
        faults = [each.number for each in company.faults() if company.fault_of("change", each.number) is each.kind]
        self._faulty = [number for number in faults if number % _CYCLE == _REBASE]
        self.base_at = company.start - timedelta(days=40)

    def is_rebase(self, number: int) -> bool:
        """Whether a change put two commits on the branch. One with a fault did not: it would show twice."""
        return number % _CYCLE == _REBASE and self._company.fault_of("change", number) is None

    def before(self, number: int) -> int:
        """Return how many commits there are of the changes before one."""
        merges = (number + _CYCLE - 1 - _MERGE) // _CYCLE
        rebases = (number + _CYCLE - 1 - _REBASE) // _CYCLE
        return number + 2 * merges + rebases - sum(1 for each in self._faulty if each < number)

    def commits(self, number: int) -> list[dict[str, Any]]:
        """Return the commits of a change, newest first."""
        company, change = self._company, self._company.change(number)
        title = words(change)[0]
        below = parent(company, number)
        at, author = change.merged_at, change.author
        if number % _CYCLE == _MERGE:
            message = f"Merge pull request #{number + 1} from {ORGANIZATION}/{words(change)[1]}\n\n{title}"
            merged = commit(company, change.sha, [below, change.head_sha], change.merger, at, message)
            branch = [(change.head_sha, change.earlier_sha), (change.earlier_sha, below)]
            return [merged, *(commit(company, sha, [up], author, at, "Work", by_platform=False) for sha, up in branch)]
        if self.is_rebase(number):
            first = company.sha("rebased", number)
            pair = [(change.sha, first), (first, below)]
            return [commit(company, sha, [up], author, at, f"{title}: work") for sha, up in pair]
        if change.pull_request is None:
            return [commit(company, change.sha, [below], author, at, "Mend the footer", by_platform=False)]
        return [commit(company, change.sha, [below], author, at, f"{title} (#{number + 1})")]

    def base(self) -> dict[str, Any]:
        """Return the commit that was there before the period."""
        return commit(self._company, self._company.sha("base", 0), [], 0, self.base_at, "Import", by_platform=False)

    def number_of(self, sha: str) -> int | None:
        """Return the change that a commit is of; ``None`` where there is no such commit."""
        number = int(sha[-8:], 16)
        kinds = ("merge", "head", "earlier", "rebased")
        known = number < self._company.changes and any(sha == self._company.sha(kind, number) for kind in kinds)
        return number if known else None

    def top_of(self, name: str) -> int | None:
        """Return the change at which a listing of a branch or a commit begins, -1 for the base; ``None`` for no such commit."""
        if name == "main":
            return self._company.changes - 1
        if name == self._company.sha("base", 0):
            return -1
        number = self.number_of(name) if len(name) == 40 else None
        return number if number is not None and name == self._company.sha("merge", number) else None

    def listing(self, top: int, since: datetime) -> tuple[int, Callable[[range], list[Any]]]:
        """Return how many commits a change reaches that are dated since then, and what returns those of a range."""
        period = self._company.numbers("change", self._company.changes, since, datetime.max.replace(tzinfo=since.tzinfo))
        first = min(period.start, top + 1)
        lowest, end = self.before(first), self.before(top + 1)
        has_base = since <= self.base_at
        count = end - lowest + has_base

        def of(places: range) -> list[Any]:
            found: list[Any] = []
            numbers = range(top + 1)
            for place in places:
                at = end - 1 - place  # from the bottom
                if at < lowest:
                    found.append(self.base())
                    continue
                number = bisect_right(numbers, at, key=self.before) - 1
                found.append(self._cached(number)[::-1][at - self.before(number)])
            return found

        return count, of

    _last: tuple[int, list[dict[str, Any]]] = (-1, [])

    def _cached(self, number: int) -> list[dict[str, Any]]:
        last = self._last
        if last[0] != number:
            last = self._last = (number, self.commits(number))
        return last[1]


def reviews(company: Company, change: Change) -> list[dict[str, Any]]:
    """Return the reviews of a change, oldest first."""
    if change.fault is Kind.EMERGENCY_UNREVIEWED or change.pull_request is None:
        return []
    at, head = change.approved_at, change.head_sha
    said: list[tuple[str, str, datetime, dict[str, Any] | None]] = []
    if change.number % MANY == 9:
        said += [("COMMENTED", head, at - timedelta(minutes=140 - each), None) for each in range(130)]
    if change.fault is Kind.UNREVIEWED:
        said += [("COMMENTED", head, at, None), ("APPROVED", head, at, BOT)]
    elif change.fault is Kind.STALE_APPROVAL:
        said.append(("APPROVED", change.earlier_sha, at, None))
    else:
        before = {4: ("CHANGES_REQUESTED", change.earlier_sha), 7: ("DISMISSED", change.earlier_sha)}.get(change.number % 10)
        if before:
            said.append((*before, at - timedelta(minutes=3), None))
        said.append(("APPROVED", head, at, None))
    return [review(company, change, place, state, sha, time, user) for place, (state, sha, time, user) in enumerate(said)]


def checks(change: Change) -> list[dict[str, Any]]:
    """Return the runs of checks on a change's last commit, oldest first: some failed and were run again."""
    at = change.merged_at - timedelta(hours=4)
    runs = [("build", "success"), ("lint", "skipped" if change.number % 4 == 0 else "success")]
    runs += [("test", "failure")] if change.fault is Kind.FAILED_CHECK or change.number % 9 == 2 else []
    runs += [] if change.fault is Kind.FAILED_CHECK else [("test", "success")]
    found = [check_run(change, place, *run, at + timedelta(minutes=10 * place)) for place, run in enumerate(runs)]
    if change.number % 20 == 11:  # says nothing of the merge
        found.append(check_run(change, 9, "nightly", "failure", change.merged_at + timedelta(hours=9)))
    return found
