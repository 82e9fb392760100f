# SPDX-License-Identifier: Apache-2.0
"""The bucket as one digest saw it: what came later is not there, and nothing is listed, for the digests name everything."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice, takewhile
from pathlib import Path
from typing import BinaryIO

from tieout.errors import ConfigurationError, Missing, Tampered
from tieout.evidence.digest import Digest, Entry
from tieout.evidence.layout import DIGESTS, Class, time_stamp_key
from tieout.evidence.sources import Bucket
from tieout.evidence.store import ObjectVersion, S3Store, oldest
from tieout.flows.chain import read_chain
from tieout.flows.documents import firsts

_WORKERS = 8


class SealedStore(S3Store):
    """An evidence bucket at the end of a digest: a key has the versions that the chain up to it names, and the oldest counts.

    For reading. Objects that were fetched to the folder are read from there; all else comes from the bucket, version by version.
    """

    def __init__(self, store: S3Store, digests: list[Digest], more: Mapping[str, ObjectVersion], folder: Path) -> None:
        """Take the chain.

        Args:
            store: The bucket.
            digests: The chain up to the digest.
            more: By key, versions that the chain can not name: its last digest, and time stamps.
            folder: Where `fetch` keeps what it fetched.
        """
        super().__init__(store._client, store.bucket)
        self.digests = digests
        self.folder = folder
        self._sha256 = {entry.id: entry.sha256 for digest in digests for entry in digest.entries}
        # The latest first, as a store lists versions: among those of one second `oldest` takes the last.
        listed = [_version(entry) for digest in reversed(digests) for entry in digest.entries]
        known = {each.key for each in listed}
        self._listed = sorted([*listed, *(each for key, each in more.items() if key not in known)], key=lambda each: each.key)
        self._keys = [each.key for each in self._listed]
        self._sha256 |= {(each.key, more[each.key].version_id): each.sha256 for each in digests if each.key in more}

    @property
    def head(self) -> Digest:
        """The digest that this is as of."""
        return self.digests[-1]

    @property
    def as_of(self) -> datetime:
        """When that digest ended, UTC."""
        return self.head.end

    def versions(self, prefix: str) -> list[ObjectVersion]:
        """Return every version and delete marker under a prefix that the chain names."""
        start = bisect_left(self._keys, prefix)
        return list(takewhile(lambda each: each.key.startswith(prefix), islice(self._listed, start, None)))

    def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix."""
        return list(dict.fromkeys(each.key for each in self.versions(prefix) if not each.is_delete_marker))

    def first(self, key: str) -> ObjectVersion | None:
        """Return the version of a key that landed; ``None`` where the chain names none."""
        return oldest([each for each in self.versions(key) if each.key == key])

    def sha256_of(self, version: ObjectVersion) -> str | None:
        """Return the SHA-256 that the digests saw; ``None`` where the store kept none, or no digest names it yet."""
        return self._sha256.get((version.key, version.version_id))

    def chunks(self, key: str, version_id: str | None = None) -> Iterator[bytes] | None:
        """Return a version's bytes piece by piece; where none is named, those of the version that landed."""
        first = self.first(key)
        if first is None:
            return None
        local = self.folder / key
        if version_id in (None, first.version_id) and local.is_file():
            return iter([local.read_bytes()])
        return super().chunks(key, version_id or first.version_id)

    def fetch(self, versions: Iterable[ObjectVersion], told: Callable[[], None] = lambda: None) -> None:
        """Fetch objects into the folder, under their keys, each checked as `checked_chunks` does.

        Args:
            versions: Documents: each is held in memory while it is written.
            told: Called after each.
        """

        def one(version: ObjectVersion) -> None:
            target = self.folder / version.key
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"".join(self.checked_chunks(version)))
            told()

        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(one, versions))

    def checked_chunks(self, version: ObjectVersion) -> Iterator[bytes]:
        """Yield a version's bytes; the last piece comes only if all of them are those that the digests saw.

        Raises:
            Missing: It is not there any more.
            Tampered: It has other bytes.
            StoreUnavailable: The store did not answer; run it again.
        """
        pieces = super().chunks(version.key, version.version_id)
        where = f"s3://{self.bucket}/{version.key} ({version.version_id})"
        if pieces is None:
            msg = f"{where}: a digest names it, and it is not there. Run tieout verify."
            raise Missing(msg)
        digest, held = hashlib.sha256(), b""
        for piece in pieces:
            digest.update(piece)
            if held:
                yield held
            held = piece
        expected = self.sha256_of(version)
        if expected not in (None, digest.hexdigest()):
            msg = f"{where}: expected SHA-256 {expected}, as a digest saw it, got {digest.hexdigest()}. Run tieout verify."
            raise Tampered(msg)
        yield held


class SealedBucket(Bucket):
    """The same as evidence to read: what was fetched is opened from the folder.

    Args:
        store: The bucket, as of a digest.
        keys: Keys that there are; ``None`` for all.
    """

    def __init__(self, store: SealedStore, keys: Collection[str] | None = None) -> None:
        super().__init__(store)
        self._folder, self._keys, self._sealed = store.folder, keys, store

    def keys(self, prefix: str) -> list[str]:
        """List the keys under a prefix."""
        found = self._sealed.keys(prefix)
        return found if self._keys is None else [key for key in found if key in self._keys]

    def open(self, key: str, version_id: str | None) -> BinaryIO | None:
        """Open a version."""
        first, local = self._sealed.first(key), self._folder / key
        if first is not None and version_id in (None, first.version_id) and local.is_file():
            return local.open("rb")
        return super().open(key, version_id)


def sealed_store(store: S3Store, folder: Path, sequence: int | None = None) -> SealedStore:
    """Return a bucket as a digest saw it.

    Args:
        store: The evidence bucket.
        folder: Where documents are kept that were fetched.
        sequence: Number of the digest; ``None`` for the last.

    Raises:
        ConfigurationError: There is no chain, or no such digest in it.
        LandingConflict: The chain is broken: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    digests, stood = read_chain(store)
    last = len(digests) - 1 if sequence is None else sequence
    if not 0 <= last < len(digests):
        msg = f"digest {sequence}: expected 0 to {len(digests) - 1}, the last one under s3://{store.bucket}/{DIGESTS}."
        raise ConfigurationError(msg)
    kept = {time_stamp_key(number) for number in range(last + 1)}
    stamps = {key: each for key, each in firsts(store, DIGESTS, (Class.TIME_STAMP,)).items() if key in kept}
    return SealedStore(store, digests[: last + 1], {**{each.key: each for each in stood[: last + 1]}, **stamps}, folder)


def _version(entry: Entry) -> ObjectVersion:
    return ObjectVersion(entry.key, entry.version_id, entry.last_modified, True, entry.delete_marker, entry.bytes)
