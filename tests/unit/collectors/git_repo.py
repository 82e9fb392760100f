# SPDX-License-Identifier: Apache-2.0
"""Builds real git repositories with ``git fast-import``: one process, and every byte of a commit in our hands."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from pathlib import Path


def git(path: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Run git as on a machine without any configuration, and return what it prints."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(path), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, env=environment, check=True)
    return done.stdout.decode().strip()


class GitRepo:
    """A bare repository in the making: `commit` as often as wanted, then `write`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = b"feature done\n"
        self._commits = 0

    def commit(
        self,
        subject: str | bytes,
        *,
        at: str,
        authored_at: str | None = None,
        author: str = "ann@example.com",
        committer: str = "ben@example.com",
        branch: str = "main",
        parent: int | None = None,
        merge: int | None = None,
        files: dict[str, bytes | None] | None = None,
    ) -> int:
        """Add a commit, and return its number for ``parent`` and ``merge`` of later ones; a file of None goes."""
        self._commits += 1
        message = subject if isinstance(subject, bytes) else subject.encode()
        parts = [f"commit refs/heads/{branch}\nmark :{self._commits}\n".encode()]
        parts += [b"author Ann <%b> %b\n" % (author.encode(), _raw(authored_at or at))]
        parts += [b"committer Ben <%b> %b\n" % (committer.encode(), _raw(at))]
        parts += [b"data %d\n%b\n" % (len(message), message)]
        parts += [b"from :%d\n" % parent] if parent else []
        parts += [b"merge :%d\n" % merge] if merge else []
        for name, content in (files or {}).items():
            if content is None:
                parts += [b"D %b\n" % name.encode()]
            else:
                parts += [b"M 100644 inline %b\ndata %d\n%b\n" % (name.encode(), len(content), content)]
        self._stream += b"".join(parts) + b"\n"
        return self._commits

    def write(self) -> dict[int, str]:
        """Write the repository, and return the id of each commit by its number."""
        self.path.mkdir(parents=True, exist_ok=True)
        git(self.path, "init", "--quiet", "--bare", "--initial-branch=main")
        marks = self.path / "marks"
        git(self.path, "fast-import", "--quiet", f"--export-marks={marks}", stdin=self._stream + b"done\n")
        pairs = (line.split() for line in marks.read_text().splitlines())
        return {int(mark.removeprefix(":")): sha for mark, sha in pairs}


def _raw(at: str) -> bytes:
    moment = datetime.fromisoformat(at)
    return f"{int(moment.timestamp())} {moment:%z}".encode()
