# SPDX-License-Identifier: Apache-2.0
"""Runs git read-only and reads what it prints: chains of commits, and the facts of chosen ones."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from tieout.errors import ConfigurationError, ContractError, SourceUnavailable

_BLOCK = 1024 * 1024
_SECONDS = 900
"""No command of ours may run longer."""

CHAIN = ("log", "--first-parent", "--format=%H%x00%cI")
"""Lists id and committer time of each commit on the first-parent chain."""
FACTS = (
    "log", "--no-walk=unsorted", "--stdin", "--encoding=UTF-8", "--diff-merges=first-parent",
    "--no-renames", "--no-ext-diff", "--no-textconv", "--numstat",
    "--format=%x01%H%x00%P%x00%aI%x00%ae%x00%ce%x00%s",
)  # fmt: skip
"""Prints the facts of the commits whose ids stand on its input, with lines added and removed against the first parent."""

DEFAULT_PULL_REQUEST = r"^Merge pull request #(\d+)\b|^Merged PR (\d+):|\(#(\d+)\)\s*$"
_CHANGE_TYPE = re.compile(r"^([a-z]+)(?:\([^)]*\))?!?: ")
_NUMSTAT = re.compile(rb"^(\d+|-)\t(\d+|-)\t")


class Repository:
    """A git repository that is only read: no configuration but ours, no replaced objects, no locks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: str, stdin: bytes = b"") -> Iterator[bytes]:
        """Run git and yield what it prints, piece by piece.

        Raises:
            ConfigurationError: git is not installed.
            SourceUnavailable: git failed; the message is git's own.
        """
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as errors,
            tempfile.TemporaryDirectory(prefix="tieout-") as nothing,
        ):
            given.write(stdin)
            given.seek(0)
            command = ["git", "-c", f"safe.directory={self.path.resolve()}", "-c", "log.showRoot=true"]
            try:
                done = subprocess.run(
                    [*command, *arguments], stdin=given, stdout=output, stderr=errors, env=self._environment(nothing),
                    cwd=nothing, timeout=_SECONDS, check=False,
                )  # fmt: skip
            except FileNotFoundError as error:
                msg = "git is not installed: the git_merges collector needs it. Install it, for example: apt-get install git."
                raise ConfigurationError(msg) from error
            except subprocess.TimeoutExpired as error:
                msg = f"{self.path}: git {arguments[0]} took longer than {_SECONDS} s."
                raise SourceUnavailable(msg) from error
            if done.returncode:
                errors.seek(0)
                reason = errors.read(2000).decode(errors="replace").strip()
                msg = (
                    f"{self.path}: git {' '.join(arguments)} failed: {reason}. "
                    f"Check the repository and the branch in the control's YAML."
                )
                raise SourceUnavailable(msg)
            output.seek(0)
            while piece := output.read(_BLOCK):
                yield piece

    def _environment(self, nothing: str) -> dict[str, str]:
        """Return git's environment; ``nothing`` is an empty folder.

        It stands for work tree and index: a ``.gitattributes`` that is checked out would otherwise change how lines are counted.
        """
        inner = self.path / ".git"
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_DIR": str((inner if inner.exists() else self.path).resolve()),
            "GIT_INDEX_FILE": f"{nothing}/index",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_WORK_TREE": nothing,
        }

    def text(self, *arguments: str) -> str:
        """Run git and return the one line it prints."""
        return b"".join(self.run(*arguments)).decode().strip()

    def head(self, branch: str) -> str:
        """Return the commit a branch points to."""
        return self.text("rev-parse", "--verify", f"refs/heads/{branch}^{{commit}}")

    def count(self, commit: str) -> int:
        """Count the commits of a first-parent chain, apart from listing them."""
        return int(self.text("rev-list", "--first-parent", "--count", commit))

    def commits(self, commit: str, *without: str) -> list[str]:
        """List the ids of a first-parent chain, newest first; less whatever is reached from ``without``, each with a ``^``."""
        return b"".join(self.run("rev-list", "--first-parent", commit, *without, "--")).decode().split()

    def has(self, commit: str) -> bool:
        """Whether the repository still holds a commit."""
        return self._succeeds("cat-file", "-e", f"{commit}^{{commit}}")

    def is_ancestor(self, commit: str, later: str) -> bool:
        """Whether a commit is reached from a later one; no where either is gone."""
        return self._succeeds("merge-base", "--is-ancestor", commit, later)

    def _succeeds(self, *arguments: str) -> bool:
        try:
            self.text(*arguments)
        except SourceUnavailable:
            return False
        return True

    def reflog(self, branch: str) -> Path | None:
        """Return the file of a branch's reflog, if the repository keeps one."""
        path = Path(self.text("rev-parse", "--git-path", f"logs/refs/heads/{branch}"))
        return path if path.is_file() else None

    def refuse_shallow(self) -> None:
        """Check that the history is whole.

        Raises:
            ContractError: The repository is a shallow clone.
        """
        if self.text("rev-parse", "--is-shallow-repository") == "true":
            msg = f"{self.path}: a shallow clone holds only part of the chain. Run git fetch --unshallow, or clone it whole."
            raise ContractError(msg)


def pull_request_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern that finds a pull request's number in a message.

    Raises:
        ConfigurationError: It is no regular expression, or has no group around the number.
    """
    try:
        pattern = re.compile(text)
    except re.error as error:
        msg = f"parameter 'pull_request_pattern': no regular expression: {error}: {text!r}."
        raise ConfigurationError(msg) from error
    if not pattern.groups:  # it would find no number: every change would look like one without pull request
        msg = f"parameter 'pull_request_pattern': expected a group around the number, such as (\\d+), got {text!r}."
        raise ConfigurationError(msg)
    return pattern


def parse_chain(text: bytes, origin: str) -> list[tuple[str, str]]:
    """Read what `CHAIN` printed: id and committer time of each commit, newest first.

    Raises:
        ContractError: A line has another form.
    """
    chain = []
    for number, line in enumerate(text.decode().splitlines(), 1):
        sha, found, time = line.partition("\0")
        if not found:
            msg = f"{origin}: line {number} of git's listing: expected an id and a time, got {line!r}."
            raise ContractError(msg)
        chain.append((sha, time))
    return chain


def captured(page: Path) -> Iterator[bytes]:
    """Read a captured page piece by piece."""
    with pa.input_stream(str(page), compression="zstd") as stored:
        while piece := stored.read(_BLOCK):
            yield piece


def parse_facts(text: bytes, pull_request: re.Pattern[str], origin: str) -> dict[str, dict[str, str]]:
    """Read what `FACTS` printed: the facts of each commit, by id, as text in the contract's columns.

    Raises:
        ContractError: A line has another form.
    """
    facts: dict[str, dict[str, str]] = {}
    files = added = removed = 0
    current: dict[str, str] | None = None

    def close() -> None:
        if current is not None:
            current.update(files_changed=str(files), insertions=str(added), deletions=str(removed))

    for number, line in enumerate(text.split(b"\n"), 1):
        if line.startswith(b"\x01"):
            close()
            files = added = removed = 0
            # Old commits may hold bytes that are no UTF-8; the raw page keeps them as they are.
            where = f"{origin}: line {number} of git's answer"
            current = _facts_of(line[1:].decode(errors="replace"), pull_request, where)
            facts[current["sha"]] = current
        elif stat := _NUMSTAT.match(line):
            files += 1
            added += int(stat[1]) if stat[1] != b"-" else 0
            removed += int(stat[2]) if stat[2] != b"-" else 0
        elif line:
            msg = f"{origin}: line {number} of git's answer: expected a commit or a file's counts, got {line[:80]!r}."
            raise ContractError(msg)
    close()
    return facts


def _facts_of(line: str, pull_request: re.Pattern[str], where: str) -> dict[str, str]:
    parts = line.split("\0", 5)
    if len(parts) != 6:
        msg = f"{where}: expected 6 fields, got {len(parts)}."
        raise ContractError(msg)
    sha, parents, authored_at, author, committer, subject = parts
    reference = pull_request.search(subject)
    prefix = _CHANGE_TYPE.match(subject)
    return {
        "sha": sha,
        "authored_at": authored_at,
        "author": author,
        "committer": committer,
        "parents": str(len(parents.split())),
        "pull_request": next((group for group in reference.groups() if group), "") if reference else "",
        "change_type": prefix[1] if prefix else "",
    }
