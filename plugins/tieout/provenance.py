# SPDX-License-Identifier: Apache-2.0
"""Which code ran: the version of the package and the commit of the repository it ran from."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tieout import __version__

_GIT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """What produced a piece of evidence.

    Attributes:
        version: The package's version.
        commit: Commit of the repository that holds ``include/`` and the code; ``None`` where it is no git work tree.
        modified: Whether tracked files differed from that commit; ``None`` without a commit.
    """

    version: str
    commit: str | None
    modified: bool | None

    def as_document(self) -> dict[str, Any]:
        """Return the version as IPE record and manifest state it."""
        return {"version": self.version, "commit": self.commit, "modified": self.modified}


def code_version(home: Path) -> CodeVersion:
    """Read the version of the code at ``home``; says ``None`` rather than guess where git can not tell."""
    commit = _git(home, "rev-parse", "HEAD")
    if commit is None:
        return CodeVersion(__version__, None, None)
    status = _git(home, "status", "--porcelain", "--untracked-files=no")
    return CodeVersion(__version__, commit, None if status is None else bool(status))


@dataclass(frozen=True, slots=True)
class FolderCommit:
    """The commit that folders stand at.

    Attributes:
        sha: The commit; ``None`` where it is no git work tree, or git can not tell.
        clean: Whether the folders hold exactly what that commit holds, untracked files included.
    """

    sha: str | None
    clean: bool


def commit_of_folders(home: Path, folders: Sequence[str]) -> FolderCommit:
    """Return the commit that folders of a work tree stand at."""
    sha = _git(home, "rev-parse", "HEAD")
    status = _git(home, "status", "--porcelain", "--untracked-files=all", "--", *folders) if sha else None
    return FolderCommit(sha, status == "")


def _git(home: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(home), *arguments], capture_output=True, text=True, timeout=_GIT_TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
