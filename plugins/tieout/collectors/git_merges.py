# SPDX-License-Identifier: Apache-2.0
"""Change records from a git repository: the commits on the first-parent chain of its protected branch."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tieout.collectors.change_records import BLIND_SPOTS, platform_committers, with_committer_facts
from tieout.collectors.frame import Frame
from tieout.collectors.git_history import look_for_rewrites
from tieout.collectors.git_text import (
    CHAIN,
    DEFAULT_PULL_REQUEST,
    FACTS,
    Repository,
    captured,
    parse_chain,
    parse_facts,
    pull_request_pattern,
)
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass, SourceStatement
from tieout.contracts.cast import POSITION_COLUMN

_FACTS = ("authored_at", "author", "committer", "parents", "pull_request", "change_type")
_COUNTS = ("files_changed", "insertions", "deletions")


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the whole chain's ids and times, look for rewritten history, then read every fact of the window's commits.

    Parameters: ``repository`` (a path), ``branch``, ``platform_committers``, and ``pull_request_pattern`` where messages
    reference pull requests in a form of their own. Commits outside the window come without facts; the frame drops them.

    Raises:
        ConfigurationError: A parameter is wrong.
        SourceUnavailable: The repository or the branch is not there.
        ContractError: The repository is a shallow clone, or git's answer is not in the form that was asked for.
    """
    branch = frame.parameter("branch", str)
    pull_request = pull_request_pattern(frame.parameter("pull_request_pattern", str, DEFAULT_PULL_REQUEST))
    repository = Repository(frame.path("repository"))
    origin = f"{frame.parameter('repository', str)}#{branch}"
    head = repository.head(branch)  # the branch may move while we read: everything below asks for this one commit
    repository.refuse_shallow()
    listing = b"".join(captured(frame.capture(repository.run(*CHAIN, head, "--"), ".txt", "text/plain")))
    chain = parse_chain(listing, origin)
    rewrites = look_for_rewrites(frame, repository, branch, head, [sha for sha, _ in chain])
    frame.state(
        SourceStatement(
            kind="git repository",
            location=origin,
            account=None,
            query=f"git {' '.join(CHAIN)} {head}; git {' '.join(FACTS)} for the commits of the window; its reflog, if kept",
            parameters={"branch": branch, "head": head},
            credential="file system of the machine that ran this",
            read_only_proof="none: git log, rev-list and rev-parse change nothing, but the file system would allow more",
            blind_spots=(*BLIND_SPOTS, *rewrites),
        )
    )
    total, how = repository.count(head), "git rev-list --first-parent --count"
    frame.count(Count(total, how), SecondCount(total, how, SecondCountClass.SAME_ENDPOINT))

    times = pc.cast(pa.array([time for _, time in chain], pa.string()), pa.timestamp("us", tz="UTC"))
    inside = pc.and_(pc.greater_equal(times, frame.window.start), pc.less(times, frame.window.end)).to_pylist()
    wanted = [sha for (sha, _), here in zip(chain, inside, strict=True) if here]
    asked = repository.run(*FACTS, stdin="\n".join(wanted).encode())
    answer = b"".join(captured(frame.capture(asked, ".txt", "text/plain"))) if wanted else b""
    facts = parse_facts(answer, pull_request, origin)

    columns = {"sha": [sha for sha, _ in chain], "committed_at": [time for _, time in chain]}
    columns |= {name: [facts.get(sha, {}).get(name, "") for sha, _ in chain] for name in (*_FACTS, *_COUNTS)}
    rows = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    rows = rows.append_column(POSITION_COLUMN, pa.array(range(1, len(chain) + 1), pa.int64()))
    yield with_committer_facts(rows, platform_committers(frame))
