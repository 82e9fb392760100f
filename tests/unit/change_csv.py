# SPDX-License-Identifier: Apache-2.0
"""Change records as CSV text, line by line."""

from __future__ import annotations

FIELDS = {
    "sha": "a" * 40,
    "committed_at": "2026-03-05T14:30:00Z",
    "authored_at": "2026-03-05T14:00:00Z",
    "author": "ann@example.com",
    "committer": "ben@example.com",
    "parents": "1",
    "pull_request": "7",
    "change_type": "fix",
    "files_changed": "1",
    "insertions": "2",
    "deletions": "3",
}
HEADER = ",".join(FIELDS)


def sha(number: int) -> str:
    """Return a commit id."""
    return f"{number:040x}"


def line(number: int = 0, **values: str) -> str:
    """Return one record: fitting values but for those given, its commit id from the number."""
    unknown = values.keys() - FIELDS.keys()
    assert not unknown, f"no such column: {unknown}"
    return ",".join({**FIELDS, "sha": sha(number), **values}.values())


def text(*lines: str) -> str:
    """Return a file: the header and these lines, each ended."""
    return "".join(f"{each}\n" for each in (HEADER, *lines))
