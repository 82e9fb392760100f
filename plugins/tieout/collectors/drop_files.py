# SPDX-License-Identifier: Apache-2.0
"""Files that somebody, or something, dropped: which ones a window reads, and what their place tells of who left them when.

Parameter ``path`` is a file, a folder or ``s3://bucket/prefix/`` (then ``connection`` names an Airflow Connection of type aws).
A folder is read whole, or as far as ``pattern`` says: a glob, in which ``*`` stays inside one folder and ``{window}`` is the key
of the window, for what a review of access is made of with its prefix: ``access-2026-Q1``. A window of no schedule, such as a
true-up, spans several of them: there ``{window}`` is any text.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from tieout.collectors.frame import Frame, file_chunks
from tieout.criteria.periods import is_input
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.times import instant

MAX_FILES = 1000
"""Files that one window may read: each is a raw page, and a line of the IPE record."""
CONTROL_TOTAL = ".count"
"""``<file>.count`` beside a file holds how many rows its exporting tool wrote, where parameter ``control_total`` asks for it."""
CAPTURED = "captured"
"""Parameter that a release from quarantine sets: the captured pages to read in place of the source."""
_SHOWN = 20


class DropFile(Protocol):
    """One file."""

    @property
    def name(self) -> str:
        """What the record and errors call it."""

    def chunks(self) -> Iterator[bytes]:
        """Read it piece by piece.

        Raises:
            SourceUnavailable: It can not be read, or changed meanwhile.
        """

    def facts(self) -> str:
        """Return who left it and when, as its place tells it, once it was read."""

    def beside(self, suffix: str) -> DropFile:
        """Return the file of the same name with a further suffix."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The files of one window, in name order.

    Attributes:
        location: Where they are.
        files: At least one.
        credential: Identity that reads them.
        read_only_proof: How it is known that it can not write; says so where it is not.
    """

    location: str
    files: tuple[DropFile, ...]
    credential: str
    read_only_proof: str

    def with_totals(self) -> list[tuple[DropFile, DropFile]]:
        """Return each file that holds rows with the file that holds its control total."""
        rows = [file for file in self.files if not file.name.endswith(CONTROL_TOTAL)]
        totals = [file for file in self.files if file.name.endswith(CONTROL_TOTAL)]
        return list(zip(rows, totals or [file.beside(CONTROL_TOTAL) for file in rows], strict=True))


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a file system."""

    name: str
    path: Path

    def chunks(self) -> Iterator[bytes]:
        """Read it piece by piece.

        Raises:
            SourceUnavailable: It can not be read, or was written to meanwhile.
        """
        before = self._state()
        yield from file_chunks(self.path)
        if self._state() != before:
            msg = f"{self.name}: the file changed while it was read. Run the window again once it is written."
            raise SourceUnavailable(msg)

    def facts(self) -> str:
        """Return owner, mode and time of its last change."""
        found = self.path.stat()
        try:
            owner = f"{found.st_uid} ({pwd.getpwuid(found.st_uid).pw_name})"
        except KeyError:
            owner = f"{found.st_uid} (no name on this machine)"
        modified = instant(datetime.fromtimestamp(found.st_mtime, UTC))
        return f"owner uid {owner}, mode {stat.S_IMODE(found.st_mode):o}, modified {modified}"

    def beside(self, suffix: str) -> FolderFile:
        """Return the file of the same name with a further suffix."""
        return FolderFile(f"{self.name}{suffix}", self.path.with_name(f"{self.path.name}{suffix}"))

    def _state(self) -> tuple[int, ...]:
        try:
            found = self.path.stat()
        except OSError:
            return ()  # reading it says why
        return found.st_ino, found.st_size, found.st_mtime_ns


def find_drop(frame: Frame) -> Drop:
    """Return the files that a window reads.

    Raises:
        ConfigurationError: A parameter is wrong, there are too many files, or the connection may not read them.
        SourceUnavailable: No file fits; the message says what was looked for and what is there.
    """
    path = frame.parameter("path", str)
    if frame.parameter(CAPTURED, list, []):
        return _captured(frame, path)
    if path.startswith("s3://"):
        from tieout.collectors.drop_bucket import find_in_bucket

        return find_in_bucket(frame, path)
    return _find_in_folder(frame, path)


def window_text(frame: Frame) -> str:
    """Return what ``{window}`` stands for: the window's key, or any text where the window is one that spans several."""
    key = frame.window.key
    return key if frame.window.kind.names(key) or is_input(key) else "*"


def chosen(frame: Frame, there: Sequence[str], location: str) -> list[str]:
    """Return which of the files below a place are to be read, in name order; without a pattern those directly in it.

    Args:
        frame: The collector's.
        there: Their names, relative to the place.
        location: The place, for the error.

    Raises:
        SourceUnavailable: None fits.
        ConfigurationError: There are more than `MAX_FILES`.
    """
    pattern = frame.parameter("pattern", str, "*").replace("{window}", window_text(frame))
    hidden = CONTROL_TOTAL if frame.parameter("control_total", bool, False) else None
    fit = [name for name in sorted(there) if _fits(name, pattern) and not (hidden and name.endswith(hidden))]
    if len(fit) > MAX_FILES:
        msg = f"{location}: expected at most {MAX_FILES} files for one window, {len(fit)} fit {pattern!r}. Narrow 'pattern'."
        raise ConfigurationError(msg)
    if not fit:
        shown = ", ".join(sorted(there)[:_SHOWN]) or "nothing"
        more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        msg = (
            f"{location}: expected a file named {pattern!r}, there is {shown}{more}. Drop the file there and run the window "
            f"again, or correct 'path' and 'pattern'."
        )
        raise SourceUnavailable(msg)
    return fit


def _fits(name: str, pattern: str) -> bool:
    parts, patterns = name.split("/"), pattern.split("/")
    return (
        len(parts) == len(patterns)
        and not any(part.startswith(".") for part in parts)
        and all(fnmatchcase(*pair) for pair in zip(parts, patterns, strict=True))
    )


def _find_in_folder(frame: Frame, path: str) -> Drop:
    if "connection" in frame.source.parameters:
        msg = f"system {frame.source.system!r}: parameter 'connection' goes with a path s3://bucket/prefix/, got path {path!r}."
        raise ConfigurationError(msg)
    root = frame.settings.resolve(path)
    files: tuple[DropFile, ...] = (FolderFile(path, root),)
    if root.is_dir():
        found = root.rglob("*") if "/" in frame.parameter("pattern", str, "") else root.iterdir()
        there = [each.relative_to(root).as_posix() for each in found if each.is_file()]
        files = tuple(FolderFile(f"{path.rstrip('/')}/{name}", root / name) for name in chosen(frame, there, path))
    elif "pattern" in frame.source.parameters:
        msg = f"{root}: parameter 'pattern' goes with a folder, and there is none. Make it, or correct 'path'."
        raise SourceUnavailable(msg)
    return Drop(
        location=files[0].name if len(files) == 1 else path,
        files=files,
        credential=f"file system of the machine that ran this, as uid {os.geteuid()}",
        read_only_proof="none: files are opened for reading; whoever may write to their folder can change them first",
    )


def _captured(frame: Frame, path: str) -> Drop:
    pages = [Path(page) for page in frame.parameter(CAPTURED, list)]
    files = tuple(FolderFile(f"{path} {page.name}", page) for page in pages)
    return Drop(path, files, "the evidence bucket's writer", "not asked for: these are raw pages that were locked before")
