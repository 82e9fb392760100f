# SPDX-License-Identifier: Apache-2.0
"""Digests: a signed chain over everything that the bucket has ever gained, written by a principal that writes no evidence.

Each digest names every object version and delete marker that the ones before it do not, in every prefix, with checksum, lock
and the store's own time; one that found nothing says so. It binds its bucket, its key and the digest before it. The twelve
digits of its key are its place in the chain, so that a clock step can not fork it; the oldest version of a key is the digest.
The first, sequence 0, covers nothing: its hash stands in the key list, under the root's signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieout.errors import Missing, Tampered
from tieout.evidence import signed
from tieout.evidence.dsse import stated_instant
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import digest_key
from tieout.evidence.store import LockState, Retention
from tieout.times import instant

MAX_ENTRIES = 20_000
"""Entries of one digest; what is more goes into the next, written right after it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object version or delete marker, as the digest principal saw it. ``sha256`` is that of the stored bytes."""

    key: str
    version_id: str
    delete_marker: bool
    last_modified: datetime
    bytes: int
    sha256: str | None
    lock: LockState | None

    @property
    def id(self) -> tuple[str, str]:
        """Key and version: what makes it one object."""
        return self.key, self.version_id


@dataclass(frozen=True, slots=True)
class Link:
    """Where the digest before stands, and its hash."""

    key: str
    sha256: str
    version_id: str


@dataclass(frozen=True, slots=True)
class Covered:
    """Totals over the chain, this digest included: the register of what was taken away ties to them."""

    versions: int = 0
    delete_markers: int = 0
    bytes: int = 0

    def plus(self, entries: Sequence[Entry]) -> Covered:
        """Return the totals with more entries."""
        markers = sum(entry.delete_marker for entry in entries)
        size = sum(entry.bytes for entry in entries)
        return Covered(self.versions + len(entries) - markers, self.delete_markers + markers, self.bytes + size)


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest. ``[start, end)`` is the time since the one before; ``sha256`` is that of the envelope's bytes."""

    bucket: str
    sequence: int
    start: datetime
    end: datetime
    cadence_seconds: int
    previous: Link | None
    closes: tuple[str, ...]
    """Observation periods whose final digest this is."""
    retention_mode: str
    retain_until: datetime
    covered: Covered
    entries: tuple[Entry, ...]
    sha256: str

    @property
    def key(self) -> str:
        """Key of this digest."""
        return digest_key(self.sequence)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the next digest says, but for its entries and its time."""

    bucket: str
    sequence: int
    start: datetime
    previous: Link | None
    covered: Covered
    """Totals before this one."""


def after(digest: Digest, version_id: str) -> Draft:
    """Return the draft of the digest that follows one, which stands in a version."""
    link = Link(digest.key, digest.sha256, version_id)
    return Draft(digest.bucket, digest.sequence + 1, digest.end, link, digest.covered)


def build_digest(
    draft: Draft,
    entries: Sequence[Entry],
    end: datetime,
    cadence_seconds: int,
    retention: Retention,
    signer: DocumentSigner,
    closes: Sequence[str] = (),
) -> bytes:
    """Return a signed digest.

    Args:
        draft: From `after`, or `genesis_draft`.
        entries: At most `MAX_ENTRIES`.
        end: When it was made, UTC.
        cadence_seconds: How often digests are made: what coverage is held against.
        retention: Lock that it will be stored with.
        signer: A key of scope digest.
        closes: Observation periods whose final digest it is.

    Raises:
        CannotCheck: What was to be signed breaks our own schema.
    """
    totals = draft.covered.plus(entries)
    key = digest_key(draft.sequence)
    previous = draft.previous
    payload = {
        "version": 1,
        "bucket": draft.bucket,
        "key": key,
        "sequence": draft.sequence,
        "from": instant(draft.start),
        "to": instant(end),
        "cadence_seconds": cadence_seconds,
        "previous": previous and {"key": previous.key, "sha256": previous.sha256, "version_id": previous.version_id},
        "closes": list(closes),
        "retention": {"mode": retention.mode, "retain_until": instant(retention.until)},
        "covered": {"versions": totals.versions, "delete_markers": totals.delete_markers, "bytes": str(totals.bytes)},
        "entries": [_entry_document(entry) for entry in entries],
    }
    return signed.sign(signed.DIGEST, payload, key, signer)


def build_genesis(bucket: str, at: datetime, cadence_seconds: int, retention: Retention, signer: DocumentSigner) -> bytes:
    """Return the digest that a bucket's chain starts with: sequence 0, which covers nothing. Its hash goes into the key list."""
    return build_digest(Draft(bucket, 0, at, None, Covered()), (), at, cadence_seconds, retention, signer)


def read_digest(data: bytes, key: str) -> Digest:
    """Read a digest without checking its signature: for continuing the chain, never for relying on it.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
    """
    return _digest(signed.read(signed.DIGEST, data, key), data, key)


def check_digest(
    data: bytes, key: str, key_list: KeyList, bucket: str | None, before: Digest | None, received: signed.Received | None = None
) -> Digest:
    """Read a digest and check it, and that it follows the one before.

    1. Envelope, schema, key and signature are in order (`signed.check`).
    2. It stands under the key and in the bucket that it was signed for.
    3. The first is the one that the key list names; each other names the hash of the one before, and starts where that ended.
    4. Its time does not run backwards.
    5. Its totals are those before it plus its own entries; no entry is there twice.

    Args:
        data: The envelope's bytes.
        key: Where they were found.
        key_list: A checked key list.
        bucket: The bucket they were found in; ``None`` in a copy.
        before: The checked digest before it; ``None`` for the first.
        received: When the store received it; ``None`` where nobody can tell.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
        Tampered: Any other step fails.
    """
    checked = signed.check(signed.DIGEST, data, key, key_list)  # (1)
    digest = _digest(checked.payload, data, key)
    signed.check_place({"key": digest.key, "bucket": digest.bucket}, key, bucket)  # (2)
    _check_follows(digest, key, key_list, before)  # (3)
    if before is not None:  # the root vouches for the first: a ceremony takes as long as it takes until it is published
        signed.check_received(signed.DIGEST, checked, key, key_list, received)
    if digest.end < digest.start:  # (4)
        msg = f"{key}: it ends {instant(digest.end)}, before it starts ({instant(digest.start)}): a clock ran backwards."
        raise Tampered(msg)
    totals = (before.covered if before else Covered()).plus(digest.entries)  # (5)
    if totals != digest.covered or len({entry.id for entry in digest.entries}) != len(digest.entries):
        msg = f"{key}: its totals are not those of the chain, or it names a version twice."
        raise Tampered(msg)
    return digest


def _check_follows(digest: Digest, key: str, key_list: KeyList, before: Digest | None) -> None:
    if before is None:
        if digest.sequence != 0 or digest.previous is not None:
            msg = f"{digest_key(0)} is not there: the chain does not start where it started."
            raise Missing(msg)
        if digest.sha256 != key_list.genesis_sha256:
            msg = f"{key}: it is not the first digest that the key list names ({key_list.genesis_sha256[:16]})."
            raise Tampered(msg)
        return
    link = digest.previous
    if digest.sequence != before.sequence + 1 or link is None or (link.key, link.sha256) != (before.key, before.sha256):
        msg = f"{key}: it does not follow {before.key} ({before.sha256[:16]}): the chain was cut, reordered or forked."
        raise Tampered(msg)
    if digest.start != before.end or digest.bucket != before.bucket:
        msg = f"{key}: it starts {instant(digest.start)}, and the one before ended {instant(before.end)}."
        raise Tampered(msg)


def _entry_document(entry: Entry) -> dict[str, Any]:
    lock = entry.lock
    locked = lock is not None and lock.mode is not None and lock.until is not None
    return {
        "key": entry.key,
        "version_id": entry.version_id,
        "delete_marker": entry.delete_marker,
        "last_modified": instant(entry.last_modified),
        "bytes": entry.bytes,
        "sha256": entry.sha256,
        "lock": {"mode": lock.mode, "until": instant(lock.until)} if locked and lock and lock.until else None,
    }


def _digest(payload: dict[str, Any], data: bytes, key: str) -> Digest:
    previous, covered, retention = payload["previous"], payload["covered"], payload["retention"]
    return Digest(
        bucket=payload["bucket"],
        sequence=payload["sequence"],
        start=stated_instant(payload["from"], key),
        end=stated_instant(payload["to"], key),
        cadence_seconds=payload["cadence_seconds"],
        previous=None if previous is None else Link(previous["key"], previous["sha256"], previous["version_id"]),
        closes=tuple(payload["closes"]),
        retention_mode=retention["mode"],
        retain_until=stated_instant(retention["retain_until"], key),
        covered=Covered(covered["versions"], covered["delete_markers"], int(covered["bytes"])),
        entries=tuple(_entry(entry, key) for entry in payload["entries"]),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _entry(document: dict[str, Any], key: str) -> Entry:
    lock = document["lock"]
    return Entry(
        key=document["key"],
        version_id=document["version_id"],
        delete_marker=document["delete_marker"],
        last_modified=stated_instant(document["last_modified"], key),
        bytes=document["bytes"],
        sha256=document["sha256"],
        lock=None if lock is None else LockState(lock["mode"], stated_instant(lock["until"], key)),
    )
