# SPDX-License-Identifier: Apache-2.0
"""Changes to files of a git repository that decide what is collected and how: DAGs, rules, controls, pinned versions.

A commit on the protected branch's first-parent chain that touches one of ``paths`` is a row; history that was rewritten is found
as `git_merges` finds it. Who approved a change git does not know: where another person than the author committed it, that person
stands as its approver; where a platform did, nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tieout.collectors.change_records import BLIND_SPOTS
from tieout.collectors.evidence_columns import EVENT
from tieout.collectors.frame import Frame
from tieout.collectors.git_history import look_for_rewrites
from tieout.collectors.git_text import CHAIN, Repository, captured, parse_chain
from tieout.collectors.git_touched import TOUCHED, parse_touched
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass, SourceStatement
from tieout.collectors.row_tables import Row, row_tables
from tieout.documents import Document


class Parameters(Document):
    """Parameters of the system's YAML: ``paths`` are files and folders as git names them."""

    repository: str
    branch: str = "main"
    paths: tuple[str, ...]
    platform_committers: tuple[str, ...] = ()


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the chain's commits that touch the paths.

    Raises:
        ConfigurationError: A parameter is wrong.
        SourceUnavailable: The repository or the branch is not there.
        ContractError: The repository is a shallow clone, or git's answer is not in the form that was asked for.
    """
    given = frame.parameters(Parameters)
    repository, origin = Repository(frame.settings.resolve(given.repository)), f"{given.repository}#{given.branch}"
    head = repository.head(given.branch)
    repository.refuse_shallow()
    chain = parse_chain(b"".join(repository.run(*CHAIN, head, "--")), origin)
    rewrites = look_for_rewrites(frame, repository, given.branch, head, [sha for sha, _ in chain], "event_id")
    asked = (*TOUCHED, head, "--", *given.paths)
    answer = b"".join(captured(frame.capture(repository.run(*asked), ".txt", "text/plain")))
    query = f"git {' '.join(TOUCHED)} {head} -- {' '.join(given.paths)}; its reflog, if kept"
    proof = "none: git log, rev-list and rev-parse change nothing, but the file system would allow more"
    blind = (*BLIND_SPOTS, "Files outside these paths are not looked at.", *rewrites)
    bound = {"branch": given.branch, "head": head}
    frame.state(SourceStatement("git repository", origin, None, query, bound, "file system of this machine", proof, blind))
    platforms = [frame.as_captured(name) for name in given.platform_committers]
    rows = [_row(commit, origin, platforms) for commit in parse_touched(answer, origin)]
    yield from row_tables(rows, EVENT)
    how = "git rev-list --first-parent --count for the paths"
    total = int(repository.text("rev-list", "--first-parent", "--count", head, "--", *given.paths))
    frame.count(Count(total, how), SecondCount(total, how, SecondCountClass.SAME_ENDPOINT))


def _row(commit: dict[str, str], origin: str, platforms: list[str]) -> Row:
    second = None if commit["committer"] in platforms else commit["committer"] != commit["author"]
    return {
        "event_id": commit["sha"],
        "occurred_at": commit["at"],
        "actor": commit["author"],
        "action": "commit",
        "target": origin,
        "change": commit["files"],
        "weakens": None,
        "approver": commit["committer"] if second else None,
        "approved_at": commit["at"] if second else None,
        "self_approved": None if second is None else not second,
        "reference": commit["sha"],
    }
