# SPDX-License-Identifier: Apache-2.0
"""Reads in the evidence bucket, from log files that CloudTrail delivered: one record at a time, whatever a file's size.

A file that can not be read, or not to its end, is named; what was read of it before is listed all the same.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, Any, cast

from tieout.audit.access_log import NotAnEvent, Read, event_time, read_in
from tieout.collectors.json_stream import JsonStream
from tieout.errors import ConfigurationError, ContractError

MAX_BYTES = 2 * 1024**3
"""Of one file, unpacked: reading stops there, and the file is named. CloudTrail's are some 50 MB."""
MOST_NAMED = 100
"""Files that could not be read that are named; more are counted."""
LIMITS = (
    "An event is there only if a trail records data events of the bucket: `tieout doctor` says whether one does.",
    "CloudTrail delivers within minutes, as best it can: an event may come later, twice, or not at all.",
    "A read by a link shows the identity that signed the link. Who asked for it is told where a recorded link fits it.",
    "Log files are as trustworthy as the account that they lie in; `aws cloudtrail validate-logs` checks them by its digests.",
)
"""What such a list can not say."""
_DIGESTS = "CloudTrail-Digest"


@dataclass
class LogFiles:
    """A folder of log files, and, once `reads` is through, what was seen there.

    Attributes:
        folder: Read with all that is below it; links to elsewhere are not followed.
        bucket: The evidence bucket.
        files: How many were read, those that broke off among them.
        digests: Digest files of CloudTrail's own, which are skipped.
        records: Events in them, of whatever kind.
        first: Time of the earliest event, UTC; ``None`` where there is none.
        last: Of the latest.
        unread: Name and reason of files that could not be read to the end, `MOST_NAMED` at the most.
        unread_count: How many there are.
    """

    folder: Path
    bucket: str
    files: int = 0
    digests: int = 0
    records: int = 0
    first: datetime | None = None
    last: datetime | None = None
    unread: list[tuple[str, str]] = field(default_factory=list)
    unread_count: int = 0

    def reads(self) -> Iterator[Read]:
        """Yield every read in the bucket, file by file in the order of their names; within one, in no order of time.

        Raises:
            ConfigurationError: There is no such folder.
        """
        if not self.folder.is_dir():
            msg = f"{self.folder}: expected a folder of CloudTrail's log files, and there is none."
            raise ConfigurationError(msg)
        for path in _files(self.folder):
            name = path.relative_to(self.folder).as_posix()
            if _DIGESTS in Path(name).parts or f"_{_DIGESTS}_" in path.name:
                self.digests += 1
                continue
            self.files += 1
            odd = 0
            try:
                for record in _records(path, name):
                    try:
                        found = self._seen(record)
                    except NotAnEvent:
                        odd += 1
                        continue
                    if found is not None:
                        yield found
            except (ContractError, OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
                self._broken(name, _why(error))
            if odd:
                self._broken(name, f"{odd} of its records are no events as AWS documents them")

    def _seen(self, record: dict[str, Any]) -> Read | None:
        at = event_time(record)
        self.records += 1
        self.first, self.last = min(self.first or at, at), max(self.last or at, at)
        return read_in(record, self.bucket)

    def _broken(self, name: str, reason: str) -> None:
        self.unread_count += 1
        if len(self.unread) < MOST_NAMED:
            self.unread.append((name, reason))


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(root) / name for name in sorted(names) if name.endswith((".json.gz", ".json")))


def _records(path: Path, name: str) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file, _Bounded(file, packed=path.name.endswith(".gz")) as raw:
        stream = JsonStream(cast("IO[bytes]", BufferedReader(raw)), name, advice="")
        found = False
        for member, _ in stream.members("Records"):
            if member == "Records":
                found = True
                for _, record in stream.list():
                    yield record
        stream.expect("")
    if not found:
        msg = "it holds no Records"
        raise ContractError(msg)


class _Bounded(RawIOBase):
    """Reads a file, unpacked, and no more than `MAX_BYTES` of it."""

    def __init__(self, file: IO[bytes], *, packed: bool) -> None:
        self._source = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file
        self._left = MAX_BYTES

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes into a buffer, and return how many."""
        data = self._source.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            msg = f"more than {MAX_BYTES} bytes, unpacked"
            raise ContractError(msg)
        buffer[: len(data)] = data
        return len(data)


def _why(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:200]
