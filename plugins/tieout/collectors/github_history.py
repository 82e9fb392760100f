# SPDX-License-Identifier: Apache-2.0
"""The first-parent chain of a protected branch on GitHub, followed from one commit through captured pages.

Memory holds ids of commits; everything else of a commit is read again from the page that it stands on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tieout.collectors.github import PER_PAGE, Github, records_of
from tieout.criteria.periods import Window
from tieout.errors import ContractError
from tieout.times import instant, parse_instant

NOT_ON_CHAIN = "not on the first-parent chain"
_MERGE, _INSIDE, _OWNED = 1, 2, 4


class Chain:
    """The first-parent chain below a commit, as commits are added in any order.

    Of each commit on it there is its id and a byte; of the others nothing, once it is complete.

    Args:
        head: Where it starts.

    Attributes:
        place: Of each commit on the chain, from the head downwards.
        below: Parent of the last one, which was not added; ``None`` where that is the first of all.
    """

    def __init__(self, head: str) -> None:
        self.place: dict[str, int] = {}
        self.below: str | None = head
        self._flags = bytearray()
        self._waiting: dict[str, tuple[str | None, int]] = {}

    def add(self, sha: str, parents: Sequence[str], *, is_inside: bool) -> None:
        """Add a commit with its parents; ``is_inside`` says whether it is dated in the window.

        Raises:
            ContractError: It was added before.
        """
        if sha in self.place or sha in self._waiting:
            msg = f"commit {sha} comes twice. Nothing lands; run the window again."
            raise ContractError(msg)
        flags = (_MERGE if len(parents) > 1 else 0) | (_INSIDE if is_inside else 0)
        self._waiting[sha] = (parents[0] if parents else None, flags)
        while self.below is not None and (found := self._waiting.pop(self.below, None)):
            self.place[self.below] = len(self._flags)
            self.below, flags = found
            self._flags.append(flags)

    def complete(self) -> None:
        """Forget the commits that are not on it."""
        self._waiting.clear()

    def own(self, sha: str) -> bool:
        """Note that a pull request was merged as a commit, and return whether that is on the chain and in the window."""
        at = self.place.get(sha)
        if at is None:
            return False
        self._flags[at] |= _OWNED
        return bool(self._flags[at] & _INSIDE)

    def is_run_below(self, sha: str, merged: str) -> bool:
        """Whether a commit of the chain lies in the run of commits that one pull request put on it by a rebase.

        That run ends in the commit ``merged``, which GitHub calls the merge of the pull request, and holds neither a merge nor
        a commit that another pull request was merged as.
        """
        top, at = self.place.get(merged), self.place[sha]
        if top is None or top >= at or (self._flags[top] | self._flags[at]) & _MERGE:
            return False
        return not any(flags & (_MERGE | _OWNED) for flags in self._flags[top + 1 : at])


@dataclass(slots=True)
class History:
    """What was listed of a branch."""

    head: str
    """The branch's last commit; ``none`` where it has none."""
    since: datetime
    chain: Chain
    pages: list[Path]
    read: int
    total: int | None


def read_history(github: Github, path: str, branch: str, days_before: int) -> History:
    """List the branch's commits from some days before the window on, and follow the chain from its head.

    The branch may move meanwhile: everything is asked for its head of the first moment.

    Args:
        github: The API.
        path: Of the repository.
        branch: Its name.
        days_before: A commit that is dated so long before the window does not hide what lies below it.

    Raises:
        ContractError: A commit comes twice, or one that is dated further back hides commits of the window.
    """
    window = github.frame.window
    since = window.start - timedelta(days=days_before)
    commits = f"{path}/commits"
    heads = records_of(github.ask(commits, "the branch's last commit", sha=branch, per_page=1))
    if not heads:
        return History("none", since, Chain(""), [], 0, 0)
    head = str(heads[0]["sha"])
    query = {"sha": head, "since": instant(since).replace(".000000Z", "Z")}
    total = github.total(commits, **query)
    chain, files, read = Chain(head), [], 0
    for page in github.pages(commits, **query):
        files.append(page.file)
        read += len(page.records)
        for commit in page.records:
            parents = [parent["sha"] for parent in commit["parents"]]
            chain.add(commit["sha"], parents, is_inside=is_inside(commit, window))
    chain.complete()
    _refuse_hidden(github, commits, chain)
    return History(head, since, chain, files, read, total)


def committed_at(commit: Mapping[str, Any]) -> str:
    """Return the committer's date of a commit, as GitHub gives it.

    Raises:
        ContractError: It has none.
    """
    committer = commit["commit"]["committer"]
    if not committer or not committer.get("date"):
        msg = f"commit {commit['sha']}: expected a committer with a date, got none. Nothing lands."
        raise ContractError(msg)
    return str(committer["date"])


def is_inside(commit: Mapping[str, Any], window: Window) -> bool:
    """Whether a commit is dated in a window; raises as `committed_at`."""
    return window.start <= parse_instant(committed_at(commit)) < window.end


def _refuse_hidden(github: Github, commits: str, chain: Chain) -> None:
    """Refuse where a commit that is dated long ago stands above commits of the window: GitHub lists nothing below it.

    Raises:
        ContractError: It does.
    """
    if chain.below is None:
        return
    answer = github.ask(commits, "what lies below the chain", sha=chain.below, per_page=PER_PAGE)
    hidden = list(_dated_since(records_of(answer), github.frame.window.start))
    if hidden:
        msg = (
            f"{answer.what}: commit {chain.below} is dated long before the window, and hides {hidden[0]}, which is not. Nothing "
            f"lands. Raise parameter days_before until the commits below it are listed."
        )
        raise ContractError(msg)


def _dated_since(commits: Iterable[Any], start: datetime) -> Iterable[str]:
    return (str(commit["sha"]) for commit in commits if parse_instant(committed_at(commit)) >= start)
