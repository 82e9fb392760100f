# SPDX-License-Identifier: Apache-2.0
"""Which commits of a first-parent chain touch some paths, who wrote and who committed them, and the files: git's own listing."""

from __future__ import annotations

from tieout.errors import ContractError

TOUCHED = (
    "log", "--first-parent", "--encoding=UTF-8", "--diff-merges=first-parent", "--no-renames", "--no-ext-diff", "--no-textconv",
    "--name-only", "-z", "--format=%x01%H%x00%cI%x00%ae%x00%ce",
)  # fmt: skip
"""Prints id, committer time, author, committer and the names of the files of each commit that touches paths."""
_SHOWN_FILES = 20


def parse_touched(text: bytes, origin: str) -> list[dict[str, str]]:
    """Read what `TOUCHED` printed, newest first: ``sha``, ``at``, ``author``, ``committer``, and the first 20 of ``files``.

    Raises:
        ContractError: A commit has another form.
    """
    found = []
    for number, commit in enumerate(text.split(b"\x01")[1:], 1):
        parts = [part.strip("\n") for part in commit.decode(errors="replace").split("\0")]
        if len(parts) < 4:
            msg = f"{origin}: commit {number} of git's answer: expected 4 fields and files, got {len(parts)}."
            raise ContractError(msg)
        files = [name for name in parts[4:] if name]
        more = f" and {len(files) - _SHOWN_FILES} more" if len(files) > _SHOWN_FILES else ""
        shown = ", ".join(files[:_SHOWN_FILES]) + more
        found.append({"sha": parts[0], "at": parts[1], "author": parts[2], "committer": parts[3], "files": shown})
    return found
