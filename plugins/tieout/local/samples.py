# SPDX-License-Identifier: Apache-2.0
"""Rebuilds a git repository from the sample of real merges, so that both doors show the same facts.

Who, when, how many parents, which pull request and how many lines and files are those of the sample; the content is made up,
because the sample has none. Equal input gives equal commit ids.
"""

from __future__ import annotations

import csv
import gzip
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from tieout.errors import ConfigurationError

SAMPLE = Path("include/samples/protected_branch_merges.csv.gz")
SAMPLE_REPOSITORY = Path(".tieout/samples/protected_branch.git")
"""Where the shipped control for changes looks for it."""
_SEED = b"committer seed <seed@example.com> 946684800 +0000\n"
_SECONDS = 300


def build_sample(home: Path, say: Callable[[str], None]) -> None:
    """Rebuild the shipped sample's git repository where the shipped control reads it, if it is not there.

    Raises:
        ConfigurationError: git is not installed, or refused the stream.
    """
    target = home / SAMPLE_REPOSITORY
    if not target.exists():
        say("Rebuilding a git repository from the sample's merges")
        rebuild_repository(home / SAMPLE, target)


def rebuild_repository(sample: Path, target: Path) -> None:
    """Create a bare repository whose branch ``main`` has the sample's commits on its first-parent chain.

    Args:
        sample: CSV file (gzip) as in ``include/samples/``, oldest commit first.
        target: Folder to create; one that exists is left as it is.

    Raises:
        ConfigurationError: git is not installed, or refused the stream.
    """
    if target.exists():
        return
    temporary = target.with_name(target.name + ".new")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    with gzip.open(sample, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    stream = b"".join(_stream(rows))
    try:
        _git(["init", "--quiet", "--bare", "--initial-branch=main", str(temporary)], b"")
        _git(["-C", str(temporary), "fast-import", "--quiet", "--date-format=raw"], stream)
    except (OSError, subprocess.SubprocessError) as error:
        msg = f"the sample repository could not be built with git: {error}. Is git installed?"
        raise ConfigurationError(msg) from error
    temporary.rename(target)


def _git(arguments: list[str], stdin: bytes) -> None:
    subprocess.run(["git", *arguments], input=stdin, check=True, timeout=_SECONDS, capture_output=True)


def _stream(rows: list[dict[str, str]]) -> Iterator[bytes]:
    """Yield a fast-import stream.

    A first commit, before the sample, holds every line that a later commit removes; each later commit rewrites files of its
    own, so that its counts against its first parent are exact. A commit that is no change on its own chain to the next file
    is one whose counts are zero: its files change their mode only.
    """
    yield b"reset refs/heads/main\ncommit refs/heads/main\nmark :1\n" + _SEED + _data(b"Seed")
    for number, row in enumerate(rows):
        for file, (_, removed) in enumerate(_shares(row)):
            yield _file(number, file, [b"old %d" % line for line in range(removed)], executable=False)
    tip = 1
    for number, row in enumerate(rows):
        mark = 2 * number + 2
        yield from _commit(number, row, tip, mark)
        tip = mark


def _commit(number: int, row: dict[str, str], tip: int, mark: int) -> Iterator[bytes]:
    parents = int(row["parents"])
    side = mark + 1
    changes = b"".join(
        _file(number, file, [b"new %d" % line for line in range(added)], executable=added == removed == 0)
        for file, (added, removed) in enumerate(_shares(row))
    )
    if parents > 1:
        yield b"commit refs/heads/side\nmark :%d\n" % side + _people(row) + _data(b"Work") + b"from :%d\n" % tip + changes
    yield b"commit refs/heads/main\nmark :%d\n" % mark + _people(row) + _data(_subject(row)) + b"from :%d\n" % tip
    if parents > 1:
        yield b"merge :%d\n" % side
    yield changes


def _shares(row: dict[str, str]) -> list[tuple[int, int]]:
    """Share a commit's added and removed lines out among its files, the first file taking what does not divide."""
    files, added, removed = (int(row[name]) for name in ("files_changed", "insertions", "deletions"))
    if files == 0:
        return []
    rest = [(added // files, removed // files)] * (files - 1)
    return [(added - sum(share[0] for share in rest), removed - sum(share[1] for share in rest)), *rest]


def _file(number: int, file: int, lines: list[bytes], *, executable: bool) -> bytes:
    mode = b"100755" if executable else b"100644"
    content = b"".join(line + b"\n" for line in lines)
    return b"M %s inline c%05d/f%04d\n" % (mode, number, file) + _data(content)


def _data(content: bytes) -> bytes:
    return b"data %d\n" % len(content) + content + b"\n"


def _people(row: dict[str, str]) -> bytes:
    def line(role: str) -> bytes:
        seconds = int(datetime.fromisoformat(row[f"{role}_at"]).timestamp())
        who = row["author" if role == "authored" else "committer"]
        return f"{'author' if role == 'authored' else 'committer'} {who.partition('@')[0]} <{who}> {seconds} +0000\n".encode()

    return line("authored") + line("committed")


def _subject(row: dict[str, str]) -> bytes:
    short, reference = row["sha"][:7], row["pull_request"]
    if row["change_type"]:
        return f"{row['change_type']}: change {short}{f' (#{reference})' if reference else ''}".encode()
    if reference and int(row["parents"]) > 1:
        return f"Merge pull request #{reference} from contributor/{short}".encode()
    return f"Change {short}{f' (#{reference})' if reference else ''}".encode()
