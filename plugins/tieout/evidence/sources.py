# SPDX-License-Identifier: Apache-2.0
"""Where verification reads: a bucket, with its versions and locks, or a copied folder, which has neither."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tieout.errors import CannotCheck
from tieout.evidence.dsse import MAX_DOCUMENT_BYTES
from tieout.evidence.store import LockState, ObjectVersion, S3Store, first_version
from tieout.files import file_sha256


class Bucket:
    """An evidence bucket. Versions are listed once per prefix and remembered: verification looks at one moment."""

    profile = "bucket"

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self.bucket: str | None = store.bucket
        self._versions: dict[str, list[ObjectVersion]] = {}
        self._listed: set[str] = set()
        self._listing = threading.Lock()

    def keys(self, prefix: str) -> list[str]:
        """List every key under a prefix, also one that a delete marker hides."""
        self._list(prefix)
        return [key for key in self._versions if key.startswith(prefix)]

    def first_version(self, key: str) -> str | None:
        """Return the oldest version of a key."""
        return first_version(self.versions(key))

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Return a document's bytes.

        Raises:
            CannotCheck: It is larger than any signed document may be.
        """
        chunks = self._store.chunks(key, version_id)
        if chunks is None:
            return None
        data = bytearray()
        for chunk in chunks:
            data += chunk
            if len(data) > MAX_DOCUMENT_BYTES:
                msg = f"{key}: expected a document of at most {MAX_DOCUMENT_BYTES} bytes."
                raise CannotCheck(msg)
        return bytes(data)

    def sha256(self, key: str, version_id: str | None) -> str | None:
        """Return the hash of a version's bytes."""
        return self._store.sha256(key, version_id)[0]

    def versions(self, key: str) -> list[ObjectVersion]:
        """Return all versions and delete markers of a key."""
        self._list(key)
        return self._versions.get(key, [])

    def lock(self, key: str, version_id: str) -> LockState | None:
        """Return the lock of a version, if this identity may see it."""
        return self._store.lock(key, version_id)

    def _list(self, prefix: str) -> None:
        root = prefix.split("/", 1)[0] + "/"  # whole top folders: one listing instead of one per key
        with self._listing:
            if root not in self._listed:
                for version in self._store.versions(root):
                    self._versions.setdefault(version.key, []).append(version)
                self._listed.add(root)


class Copy:
    """A folder that holds a copy of a bucket, keys as paths. Custody can not be checked in it."""

    profile = "copy"
    bucket: str | None = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self, prefix: str) -> list[str]:
        """List the files under a prefix."""
        top = self._folder / prefix.split("/", 1)[0]
        with _readable(prefix):
            files = [path.relative_to(self._folder).as_posix() for path in top.rglob("*") if path.is_file()]
        return [key for key in files if key.startswith(prefix)]

    def first_version(self, key: str) -> str | None:  # noqa: ARG002
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
            return file_sha256(path) if path else None

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
