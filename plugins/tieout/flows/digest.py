# SPDX-License-Identifier: Apache-2.0
"""Seal: digest what the bucket has gained since the last digest, then roll the index. Run by the digest principal alone.

It lists the bucket itself and never takes the writer's word. Every step can be run again: a digest that stands is adopted, one
that lost a race is made anew after the winner, and the index holds whatever the chain names and no index file has.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tieout.errors import LandingConflict, StoreUnavailable
from tieout.evidence.digest import MAX_ENTRIES, Entry, after, build_digest, read_digest
from tieout.evidence.index import index_table, write_index
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import retain_until
from tieout.evidence.layout import DIGESTS, digest_key
from tieout.evidence.store import LockState, ObjectVersion, Retention, S3Store, oldest
from tieout.files import file_sha256
from tieout.flows.chain import Standing, standing_chain
from tieout.flows.index import index_files, stored_index
from tieout.settings import Settings

Clock = Callable[[], datetime]
_WORKERS = 8
_RACES = 5
"""How often a run starts again because another one wrote the digest that it was about to write."""


def chain_retention(settings: Settings, now: datetime) -> Retention:
    """Return the lock of a digest and of the index: as many years as evidence, counted from now.

    Raises:
        ConfigurationError: That is further than the cap allows.
    """
    until = retain_until(now, settings.retention_years, settings.retention_cap_years, now)
    return Retention(settings.retention_mode, until, settings.sse, settings.sse_key_id)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a run did: a reference, never evidence."""

    sequence: int
    key: str
    sha256: str
    new_versions: int
    new_delete_markers: int
    digests: int
    """How many were written; more than one where there was more than fits into one."""
    indexed: int
    """Landings that the index has gained."""


def seal(
    store: S3Store,
    signer: DocumentSigner,
    retention: Retention,
    clock: Clock,
    cadence_seconds: int,
    closes: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Sealed:
    """Write the next digest, and roll the index.

    Time and memory: one listing of the whole bucket, one read of each digest, one HEAD for each new version; about a kilobyte
    for each version that the bucket holds.

    Args:
        store: The evidence bucket, as the digest principal.
        signer: A key of scope digest.
        retention: Lock of what is written.
        clock: Tells the time, UTC.
        cadence_seconds: How often this runs.
        closes: Observation periods whose final digest this is.
        progress: Called with versions looked at and in all.

    Raises:
        ConfigurationError: The bucket has no chain yet, or may not be read.
        LandingConflict: The chain can not be continued: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    for _ in range(_RACES):
        chain = standing_chain(store)
        listed = store.versions("")
        fresh = [version for version in listed if (version.key, version.version_id) not in chain.named]
        entries = describe(store, fresh, progress)
        written = []
        try:
            for number, batch in enumerate(_batches(entries)):
                last = number == max(len(entries) - 1, 0) // MAX_ENTRIES
                chain = _append(store, signer, retention, clock(), cadence_seconds, chain, batch, closes if last else ())
                written.append(chain.head)
        except _Raced:
            continue
        markers = sum(entry.delete_marker for entry in entries)
        indexed = roll_index(store, retention, chain.named)
        head = chain.head
        return Sealed(head.sequence, head.key, head.sha256, len(entries) - markers, markers, len(written), indexed)
    msg = (
        f"s3://{store.bucket}/{DIGESTS}: {_RACES} times another run wrote the next digest first. Only one run may seal at a time."
    )
    raise StoreUnavailable(msg)


class _Raced(Exception):
    """Another run wrote the digest that this one was about to write."""


def _batches(entries: Sequence[Entry]) -> Iterable[Sequence[Entry]]:
    """Cut entries into digests; nothing new is one empty digest."""
    for start in range(0, max(len(entries), 1), MAX_ENTRIES):
        yield entries[start : start + MAX_ENTRIES]


def _append(
    store: S3Store,
    signer: DocumentSigner,
    retention: Retention,
    now: datetime,
    cadence_seconds: int,
    chain: Standing,
    entries: Sequence[Entry],
    closes: Sequence[str],
) -> Standing:
    draft = after(chain.head, chain.version_id)
    end = max(now, chain.head.end)  # a clock that was set back can not make the chain run backwards
    key = digest_key(draft.sequence)
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        path = Path(work) / "digest.dsse.json"
        path.write_bytes(build_digest(draft, entries, end, cadence_seconds, retention, signer, closes))
        try:
            version_id = store.put_locked(key, path, file_sha256(path), retention)
        except LandingConflict as error:
            raise _Raced from error
        data = path.read_bytes()
    # The condition is the first line; a store whose condition can be raced is found out by its versions.
    stands = oldest([version for version in store.versions(key) if version.key == key])
    if stands is None or stands.version_id != version_id:
        raise _Raced
    named = {**chain.named, **{entry.id: draft.sequence for entry in entries}}
    stored = (*chain.keys, *(entry.key for entry in entries if not entry.delete_marker))
    return Standing(read_digest(data, key), version_id, named, stored)


def describe(
    store: S3Store, versions: Sequence[ObjectVersion], progress: Callable[[int, int], None] = lambda _done, _total: None
) -> list[Entry]:
    """Return the entries of versions, in their order: checksum and lock as the store tells them.

    A version for which the store keeps no SHA-256 of the whole is read in full, so that it has one.
    """

    def entry(version: ObjectVersion) -> Entry:
        if version.is_delete_marker:
            return Entry(version.key, version.version_id, True, version.last_modified, 0, None, None)
        described = store.describe(version.key, version.version_id)
        if described is None:
            msg = f"s3://{store.bucket}/{version.key}: version {version.version_id} was listed and is not there."
            raise StoreUnavailable(msg)
        sha256 = described.sha256 or store.sha256(version.key, version.version_id)[0]
        lock = described.lock if described.lock.mode else store.lock(version.key, version.version_id)
        locked = lock if lock and lock.mode else None
        return Entry(version.key, version.version_id, False, version.last_modified, described.size, sha256, _lock(locked))

    entries = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        for done, found in enumerate(pool.map(entry, versions), start=1):
            entries.append(found)
            progress(done, len(versions))
    return entries


def _lock(lock: LockState | None) -> LockState | None:
    return None if lock is None or lock.until is None else lock


def roll_index(store: S3Store, retention: Retention, named: Mapping[tuple[str, str], int]) -> int:
    """Write the index files that are not there yet: one for each digest and observation period with landings.

    Returns:
        How many landings the index has gained.
    """
    known = set(stored_index(store)["manifest_key"].to_pylist())
    files = index_files(store, named, known)
    for key, manifests in files.items():
        with tempfile.TemporaryDirectory(prefix="tieout-") as work:
            path = Path(work) / "index.parquet"
            path.write_bytes(write_index(index_table(manifests)))
            store.put_locked(key, path, file_sha256(path), retention)
    return sum(len(manifests) for manifests in files.values())
