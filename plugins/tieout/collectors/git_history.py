# SPDX-License-Identifier: Apache-2.0
"""Finds rewritten history: commits that were on the protected branch's chain once, and are not on today's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from tieout.collectors.frame import Frame, file_chunks
from tieout.collectors.git_text import Repository, captured
from tieout.collectors.ipe import Unmet
from tieout.contracts.listing import row_keys
from tieout.errors import ContractError, SourceUnavailable
from tieout.times import parse_instant

RULE = "history_only_grows"
NAME = "The protected branch's history only grows"
_ENTRY = re.compile(rb"^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) [^\t]*? (\d+) [+-]\d{4}(?:\t|$)")
_NO_REFLOG = (
    "The repository keeps no reflog of the branch: what was rewritten and put back between two extractions shows nowhere."
)
_REFLOG = "The reflog is a file of the repository: whoever may write there can shorten it, and git forgets old entries of it."
_NO_EARLIER = "There is no earlier landing of this branch to compare with: what was rewritten before does not show in the chain."


@dataclass(slots=True)
class _Lost:
    """Commits that went from the chain, each with the first reason found."""

    repository: Repository
    head: str
    today: Mapping[str, int]
    """Place of each commit of today's chain, the head's being 0."""
    reasons: dict[str, str] = field(default_factory=dict)

    def compare(self, old: str, new: str, where: str) -> None:
        """Note what was on the chain of one commit and is not on the chain of the commit that came next.

        Args:
            old: Where the branch stood.
            new: Where it stood next.
            where: When and by what that is known.
        """
        try:
            gone = set(self.repository.commits(old, f"^{new}"))
            chain = set(self.today) if new == self.head else set(self.repository.commits(new))
            for sha in self.repository.commits(old):
                if sha in chain:
                    break  # below it the two chains are one
                how = "is gone from its history" if sha in gone else "is reached only through another parent of a merge"
                self._note(sha, f"On the branch's chain {where}; it {how}.")
        except SourceUnavailable:  # the branch was read just now: what fails is an object that is no longer there
            self._note(old, f"Head of the branch {where}; git no longer holds it, nor can it list what went with it.")

    def _note(self, sha: str, reason: str) -> None:
        back = " It was put back later." if sha in self.today else ""
        self.reasons.setdefault(sha, reason + back)


def look_for_rewrites(
    frame: Frame, repository: Repository, branch: str, head: str, chain: Sequence[str], column: str = "sha"
) -> tuple[str, ...]:
    """Hold today's chain against the head of the last landing, and against the branch's reflog where there is one.

    Appends the rule to ``frame.source_rules``, without rows where it is met; not where nothing can be compared. The reflog
    becomes a raw page.

    Args:
        frame: The collector's.
        repository: The repository.
        branch: The protected branch.
        head: Today's.
        chain: Today's first-parent chain, newest first.
        column: Of the contract, with a commit's id: with the system it is a row's key.

    Returns:
        Blind spots that remain.

    Raises:
        SourceUnavailable: git failed.
        ContractError: The reflog is not in git's form.
    """
    lost = _Lost(repository, head, {sha: place for place, sha in enumerate(chain)})
    before = _earlier(frame, branch)
    if before is not None and before[0] not in lost.today:
        lost.compare(before[0], head, "when it was read for the last landing")
    path = repository.reflog(branch)
    if path is not None:
        page = frame.capture(file_chunks(path), ".txt", "text/plain")
        _follow_reflog(lost, parse_reflog(b"".join(captured(page)), f"{branch}'s reflog"), before)
    if before is None and path is None:
        return (_NO_EARLIER, _NO_REFLOG)
    system = pa.repeat(pa.scalar(frame.source.system), len(lost.reasons))
    rows = pa.table({"system": system, column: pa.array(lost.reasons, pa.string())})
    keys = row_keys(rows, ("system", column)).to_pylist()
    frame.source_rules.append(Unmet(RULE, NAME, tuple(zip(keys, lost.reasons.values(), strict=True))))
    return ((_NO_EARLIER,) if before is None else ()) + (_NO_REFLOG if path is None else _REFLOG,)


def _earlier(frame: Frame, branch: str) -> tuple[str, datetime] | None:
    """Return the head of the branch at the last landing and when that read it, if it read the same branch."""
    record = frame.previous()
    parameters = record["request"]["parameters"] if record else {}
    if record is None or parameters.get("branch") != branch:
        return None
    return parameters["head"], parse_instant(record["started_at"])


def _follow_reflog(lost: _Lost, entries: list[tuple[str, str, str]], before: tuple[str, datetime] | None) -> None:
    """Compare each state of the branch with the next one, from the last landing on.

    Where it read is the last entry with its head that is not younger: the same head may have been put back since.
    """
    known = [
        number
        for number, (_, new, at) in enumerate(entries, 1)
        if before is not None and new == before[0] and parse_instant(at) <= before[1]
    ]
    steps = entries[known[-1] if known else 0 :]
    today = lost.today
    for old, new, at in steps:
        if {old, new} & {"0" * len(old)} or (old in today and new in today and today[old] >= today[new]):
            continue
        if not lost.repository.has(new):
            if old not in today:
                lost.compare(old, lost.head, f"until {at}, by its reflog")
        elif not lost.repository.is_ancestor(old, new):
            lost.compare(old, new, f"until {at}, by its reflog")


def parse_reflog(text: bytes, origin: str) -> list[tuple[str, str, str]]:
    """Read a reflog: where the branch stood before and after each change, and when it was made, oldest first.

    Raises:
        ContractError: A line has another form.
    """
    entries = []
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line:
            continue
        match = _ENTRY.match(line)
        if match is None:
            msg = f"{origin}: line {number}: expected two ids, who, and when."
            raise ContractError(msg)
        old, new, seconds = (part.decode() for part in match.groups())
        entries.append((old, new, f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"))
    return entries
