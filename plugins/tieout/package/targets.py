# SPDX-License-Identifier: Apache-2.0
"""Where a package is written to: a folder, ZIP archives of a bounded size, or a prefix of a bucket. Whole, or not at all.

Equal files give an equal package, byte for byte: members of an archive carry no time of their own, and stand in the order in
which they were added. Memory holds one piece of one file.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from tieout.errors import ConfigurationError, StoreUnavailable

PACKED = (".parquet", ".zst", ".gz", ".xlsx", ".png", ".pdf", ".zip")
"""Ends of names whose bytes are compressed already."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = (stat.S_IFREG | 0o644) << 16
_ZIP64 = 2**31
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class Added:
    """A file of a package."""

    name: str
    bytes: int
    sha256: str


class Target(Protocol):
    """What a package is written to."""

    def add(self, name: str, pieces: Iterable[bytes], size: int) -> Added:
        """Write a file.

        Args:
            name: Its path in the package.
            pieces: Its bytes.
            size: How many there will be, where that is known; a guess chooses the form of an archive's member.
        """

    def finish(self) -> list[str]:
        """Give what was written its own name; returns where it stands."""

    def abandon(self) -> None:
        """Leave nothing behind."""


@contextmanager
def writing(target: Target) -> Iterator[Target]:
    """Give a target to write to; whatever goes wrong, nothing half-written is left."""
    try:
        yield target
    except BaseException:
        target.abandon()
        raise


class _Counted:
    """Pieces as they pass, with their number and hash."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._digest, self.size = pieces, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._digest.update(piece)
            self.size += len(piece)
            yield piece

    def added(self, name: str) -> Added:
        return Added(name, self.size, self._digest.hexdigest())


class FolderTarget:
    """A folder that is not there yet.

    Raises:
        ConfigurationError: There is something under its name.
    """

    def __init__(self, path: Path) -> None:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            msg = f"{path}: expected a folder that is not there yet, or is empty. A package is written whole, into nothing."
            raise ConfigurationError(msg)
        self._path = path
        self._partial = path.with_name(f".{path.name}.partial")
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)

    def add(self, name: str, pieces: Iterable[bytes], size: int) -> Added:  # noqa: ARG002 - a folder does not care
        """Write a file."""
        path = self._partial / name
        path.parent.mkdir(parents=True, exist_ok=True)
        counted = _Counted(pieces)
        with path.open("wb") as file:
            for piece in counted:
                file.write(piece)
        return counted.added(name)

    def finish(self) -> list[str]:
        """Give the folder its name."""
        if self._path.exists():
            self._path.rmdir()
        self._partial.replace(self._path)
        return [str(self._path)]

    def abandon(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self._partial, ignore_errors=True)


class ZipTarget:
    """ZIP archives, ``NAME.zip``, ``NAME.2.zip`` ..., each of some size at most, but for what one file needs.

    Unpacked into one folder, they are the package; `verify_package.py` reads them as they are.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path, self._most = path, most
        self._written: list[Path] = []
        self._archive: zipfile.ZipFile | None = None
        self._filled = 0
        path.parent.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, pieces: Iterable[bytes], size: int) -> Added:
        """Write a member, into a further archive where this one is full."""
        if self._archive is None or (size and self._filled and self._filled + size > self._most):
            self._next()
        assert self._archive is not None  # noqa: S101 - for the type checker
        member = zipfile.ZipInfo(name, _EPOCH)
        member.external_attr, member.create_system = _MODE, 3
        member.compress_type = zipfile.ZIP_STORED if name.endswith(PACKED) else zipfile.ZIP_DEFLATED
        counted = _Counted(pieces)
        with self._archive.open(member, "w", force_zip64=size >= _ZIP64) as file:
            for piece in counted:
                file.write(piece)
        self._filled += member.compress_size
        return counted.added(name)

    def finish(self) -> list[str]:
        """Close the archives and give them their names; what an earlier package of this name had more of is removed."""
        self._close()
        for number, partial in enumerate(self._written, start=1):
            partial.replace(self._named(number))
        for number in range(len(self._written) + 1, len(self._written) + 1_000):
            if not self._named(number).exists():
                break
            self._named(number).unlink()
        return [str(self._named(number)) for number in range(1, len(self._written) + 1)]

    def abandon(self) -> None:
        """Remove what was written."""
        self._close()
        for partial in self._written:
            partial.unlink(missing_ok=True)

    def _named(self, number: int) -> Path:
        return self._path if number == 1 else self._path.with_name(f"{self._path.stem}.{number}{self._path.suffix}")

    def _next(self) -> None:
        self._close()
        partial = self._named(len(self._written) + 1)
        partial = partial.with_name(f".{partial.name}.partial")
        self._written.append(partial)
        self._archive = zipfile.ZipFile(partial, "w", allowZip64=True)
        self._filled = 0

    def _close(self) -> None:
        if self._archive is not None:
            self._archive.close()
            self._archive = None


class PrefixTarget:
    """A prefix of a bucket: what is there with the same bytes stays untouched; ``contents.json`` is put last.

    Files are spooled to the disk one at a time, as a store wants to know their hash beforehand.

    Raises:
        StoreUnavailable: The store did not take a file.
    """

    def __init__(self, client: Any, bucket: str, prefix: str, folder: Path) -> None:
        self._client, self._bucket, self._prefix, self._folder = client, bucket, prefix.strip("/"), folder

    def add(self, name: str, pieces: Iterable[bytes], size: int) -> Added:  # noqa: ARG002 - it is counted
        """Put a file, unless it is there."""
        counted = _Counted(pieces)
        spooled = self._folder / "upload"
        with spooled.open("wb") as file:
            for piece in counted:
                file.write(piece)
        added = counted.added(name)
        key = f"{self._prefix}/{name}" if self._prefix else name
        with spooled.open("rb") as body:
            self._put(key, body, added)
        spooled.unlink()
        return added

    def _put(self, key: str, body: IO[bytes], added: Added) -> None:
        from base64 import b64encode

        checksum = b64encode(bytes.fromhex(added.sha256)).decode()
        where = {"Bucket": self._bucket, "Key": key}
        try:
            if self._stands(where, checksum):
                return
            self._client.put_object(Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum, **where)
        except Exception as error:
            why = type(error).__name__
            msg = f"s3://{self._bucket}/{key}: the store did not take it ({why}). Run it again: what is there stays."
            raise StoreUnavailable(msg) from error

    def _stands(self, where: dict[str, str], checksum: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            return bool(self._client.head_object(ChecksumMode="ENABLED", **where).get("ChecksumSHA256") == checksum)
        except ClientError:
            return False

    def finish(self) -> list[str]:
        """Nothing more is to be done."""
        return [f"s3://{self._bucket}/{self._prefix}"]

    def abandon(self) -> None:
        """Leave what is there: the next try goes on from it. Without ``contents.json`` it is no package."""


def file_pieces(path: Path) -> Callable[[], Iterator[bytes]]:
    """Return a function that yields a file's bytes."""

    def pieces() -> Iterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(_BLOCK):
                yield piece

    return pieces
