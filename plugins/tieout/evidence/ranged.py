# SPDX-License-Identifier: Apache-2.0
"""One version of an object as a file to read here and there in: a Parquet part is searched without fetching the whole of it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, cast

from tieout.evidence.store import S3Store

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER = 1024 * 1024


def open_version(store: S3Store, key: str, version_id: str | None) -> BinaryIO | None:
    """Open one version of an object, or return ``None`` if it is not there.

    Raises:
        StoreUnavailable: The store did not answer; also while it is read.
    """
    described = store.describe(key, version_id)
    if described is None:
        return None
    return cast(BinaryIO, io.BufferedReader(_Version(store, key, version_id, described.size), _BUFFER))


class _Version(io.RawIOBase):
    def __init__(self, store: S3Store, key: str, version_id: str | None, size: int) -> None:
        self._store, self._key, self._version_id, self._size = store, key, version_id, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer).cast("B")
        length = min(len(target), self._size - self._at)
        if length <= 0:
            return 0
        data = self._store.piece(self._key, self._version_id, self._at, length)
        target[: len(data)] = data
        self._at += len(data)
        return len(data)
