# SPDX-License-Identifier: Apache-2.0
"""Where verification reads: a bucket, with its versions and locks, or a copied folder, which has neither."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from tieout.errors import CannotCheck
from tieout.evidence.dsse import MAX_DOCUMENT_BYTES
from tieout.evidence.ranged import open_version
from tieout.evidence.store import LockState, ObjectVersion, S3Store, oldest
from tieout.files import file_sha256

_SHA256_DIGITS = 64


class Evidence(Protocol):
    """A place that evidence can be read from: a bucket, or a copied folder."""

    profile: str
    """``bucket`` or ``copy``."""
    bucket: str | None
    """Name of the bucket; ``None`` in a copy."""

    def keys(self, prefix: str) -> list[str]:
        """List the keys under a prefix, those under a delete marker too."""

    def exists(self, key: str) -> bool:
        """Whether there is anything under a key."""

    def first_version(self, key: str) -> ObjectVersion | None:
        """Return the oldest version of a key, which is the one that was landed; ``None`` in a copy."""

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Return a document, or ``None`` if it is not there."""

    def sha256(self, key: str, version_id: str | None) -> str | None:
        """Return the hash of an object's bytes, or ``None`` if it is not there."""

    def open(self, key: str, version_id: str | None) -> BinaryIO | None:
        """Open an object to read here and there in it, or ``None`` if it is not there."""

    def versions(self, key: str) -> list[ObjectVersion] | None:
        """Return all versions and delete markers of a key; ``None`` in a copy."""

    def lock(self, key: str, version_id: str) -> LockState | None:
        """Return the lock of a version; ``None`` where it may not be seen."""


class HashMemory:
    """SHA-256 of object versions that were read in full, remembered in a file, so that an interrupted verification goes on.

    A version never changes its bytes, so that its hash holds; a file of a copy is remembered with size and modification time.
    The file is the verifier's own: whoever can write it can make it lie.
    """

    def __init__(self, path: Path) -> None:
        """Read what an earlier run remembered; a last line that a crash cut off is left out."""
        self._hashes: dict[str, str] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                name, _, sha256 = line.rpartition("\t")
                if len(sha256) == _SHA256_DIGITS:
                    self._hashes[name] = sha256
        self._file = path.open("a", encoding="utf-8")
        self._file.write("\n")  # ends a line that a crash cut off
        self._writing = threading.Lock()

    def get(self, name: str) -> str | None:
        """Return a hash that was remembered."""
        return self._hashes.get(name)

    def put(self, name: str, sha256: str) -> None:
        """Remember a hash, at once."""
        with self._writing:
            self._hashes[name] = sha256
            self._file.write(f"{name}\t{sha256}\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Bucket:
    """An evidence bucket. Versions are listed once per top folder and remembered: verification looks at one moment.

    Args:
        store: The bucket.
        quick: Take the SHA-256 that the store keeps of each object instead of reading it, where it keeps one.
        memory: Hashes that an earlier run has read.
    """

    profile = "bucket"

    def __init__(self, store: S3Store, *, quick: bool = False, memory: HashMemory | None = None) -> None:
        self._store = store
        self._quick = quick
        self._memory = memory
        self.bucket: str | None = store.bucket
        self._versions: dict[str, list[ObjectVersion]] = {}
        self._listed: set[str] = set()
        self._listing = threading.Lock()

    def keys(self, prefix: str) -> list[str]:
        """List every key under a prefix, also one that a delete marker hides."""
        self._list(prefix)
        return [key for key in self._versions if key.startswith(prefix)]

    def exists(self, key: str) -> bool:
        """Whether there is anything under a key, also under a delete marker."""
        return bool(self.versions(key))

    def first_version(self, key: str) -> ObjectVersion | None:
        """Return the oldest version of a key."""
        return oldest(self.versions(key))

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Return a document's bytes.

        Raises:
            CannotCheck: It is larger than any signed document may be.
        """
        return self._store.read(key, version_id)

    def sha256(self, key: str, version_id: str | None) -> str | None:
        """Return the hash of a version's bytes: as read, or as the store keeps it when quick."""
        name = f"{self.bucket}/{key}?{version_id}"
        if self._memory and version_id and (known := self._memory.get(name)):
            return known
        if self._quick:
            described = self._store.describe(key, version_id)
            if described is None:
                return None
            if described.sha256:
                return described.sha256
        found = self._store.sha256(key, version_id)[0]
        if self._memory and version_id and found:
            self._memory.put(name, found)
        return found

    def open(self, key: str, version_id: str | None) -> BinaryIO | None:
        """Open a version; only what is read of it is fetched."""
        return open_version(self._store, key, version_id)

    def versions(self, key: str) -> list[ObjectVersion]:
        """Return all versions and delete markers of a key."""
        self._list(key)
        return self._versions.get(key, [])

    def lock(self, key: str, version_id: str) -> LockState | None:
        """Return the lock of a version, if this identity may see it."""
        return self._store.lock(key, version_id)

    def _list(self, prefix: str) -> None:
        # Whole top folders: one listing instead of one per key.
        root = prefix.split("/", 1)[0] + "/" if "/" in prefix else ""
        with self._listing:
            if root not in self._listed and "" not in self._listed:
                known = {version.key for listed in self._versions.values() for version in listed}
                for version in self._store.versions(root):
                    if version.key not in known:
                        self._versions.setdefault(version.key, []).append(version)
                self._listed.add(root)


class Copy:
    """A folder that holds a copy of a bucket, keys as paths. Custody can not be checked in it."""

    profile = "copy"
    bucket: str | None = None

    def __init__(self, folder: Path, *, memory: HashMemory | None = None) -> None:
        self._folder = folder
        self._memory = memory

    def keys(self, prefix: str) -> list[str]:
        """List the files under a prefix."""
        top = self._folder / prefix.split("/", 1)[0] if "/" in prefix else self._folder
        with _readable(prefix):
            files = [path.relative_to(self._folder).as_posix() for path in top.rglob("*") if path.is_file()]
        return [key for key in files if key.startswith(prefix)]

    def exists(self, key: str) -> bool:
        """Whether there is a file under a key."""
        with _readable(key):
            return self._path(key) is not None

    def first_version(self, key: str) -> ObjectVersion | None:  # noqa: ARG002
        """Return nothing: a copy has no versions."""
        return None

    def read(self, key: str, version_id: str | None) -> bytes | None:  # noqa: ARG002
        """Return a document's bytes.

        Raises:
            CannotCheck: It is larger than any signed document may be, or can not be read.
        """
        with _readable(key):
            path = self._path(key)
            if path is None:
                return None
            if path.stat().st_size > MAX_DOCUMENT_BYTES:
                msg = f"{key}: expected a document of at most {MAX_DOCUMENT_BYTES} bytes."
                raise CannotCheck(msg)
            return path.read_bytes()

    def sha256(self, key: str, version_id: str | None) -> str | None:  # noqa: ARG002
        """Return the hash of a file's bytes.

        Raises:
            CannotCheck: It can not be read.
        """
        with _readable(key):
            path = self._path(key)
            if path is None:
                return None
            state = path.stat()
            name = f"{path}?{state.st_size}.{state.st_mtime_ns}"
            if self._memory and (known := self._memory.get(name)):
                return known
            found = file_sha256(path)
            if self._memory:
                self._memory.put(name, found)
            return found

    def open(self, key: str, version_id: str | None) -> BinaryIO | None:  # noqa: ARG002
        """Open a file.

        Raises:
            CannotCheck: It can not be read.
        """
        with _readable(key):
            path = self._path(key)
            return path.open("rb") if path else None

    def versions(self, key: str) -> list[ObjectVersion] | None:  # noqa: ARG002
        """Return nothing: a copy has no versions."""
        return None

    def lock(self, key: str, version_id: str) -> LockState | None:  # noqa: ARG002
        """Return nothing: a copy has no locks."""
        return None

    def _path(self, key: str) -> Path | None:
        try:
            path = (self._folder / key).resolve()
        except RuntimeError:  # a link that leads to itself, before Python 3.13
            return None
        inside = path.is_relative_to(self._folder.resolve())  # a link, or a key with "..", must not lead out of the copy
        return path if inside and path.is_file() else None


@contextmanager
def _readable(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"{key}: the file system does not let it be read ({error.strerror})."
        raise CannotCheck(msg) from error
