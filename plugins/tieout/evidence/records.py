# SPDX-License-Identifier: Apache-2.0
"""Records: what did not become evidence, was taken away from it, or was said about a period, each a small signed document.

A window that was not extracted, an extraction that did not land, leftovers of a crash, a page that was redacted, a campaign that
was cancelled, a legal hold, an explanation, the close of a period: silence never means fine. What a manifest says already (a
population of zero, a late extraction, that it supersedes another) is not said again: the register reads it there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import rfc8785

from tieout.errors import LandingConflict, Tampered
from tieout.evidence import signed
from tieout.evidence.dsse import stated_instant
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import Place
from tieout.evidence.store import Retention, S3Store, first_version
from tieout.times import instant

MAX_REASON = 4000
"""Characters of a reason; a longer one is cut and says so."""


class RecordKind(StrEnum):
    """What a record says."""

    NOT_EXTRACTED = "not extracted"
    DID_NOT_LAND = "did not land"
    ABANDONED = "abandoned"
    REDACTED = "redacted"
    CANCELLED = "cancelled"
    RELEASED = "released"
    HOLD_ON = "legal hold on"
    HOLD_OFF = "legal hold off"
    EXPLAINED = "explained"
    READINESS = "readiness"
    SNAPSHOT = "snapshot"
    CLOSED = "period closed"
    RERUN = "witnessed re-run"
    CAMPAIGN_OPENED = "campaign opened"
    NOTICE = "campaign notice"
    CAMPAIGN_CLOSED = "campaign closed"
    TICKET = "remediation ticket"
    RESULT = "review result"
    SEALED = "population sealed"
    SELECTED = "selection"


STATEMENTS = frozenset(
    {
        RecordKind.EXPLAINED, RecordKind.READINESS, RecordKind.SNAPSHOT, RecordKind.CLOSED, RecordKind.RERUN,
        RecordKind.CAMPAIGN_OPENED, RecordKind.NOTICE, RecordKind.CAMPAIGN_CLOSED, RecordKind.TICKET, RecordKind.RESULT,
        RecordKind.SEALED, RecordKind.SELECTED,
    }
)  # fmt: skip
"""Kinds that say something about a period, a landing or a campaign; the others say what was taken away from evidence, or never
became any."""


@dataclass(frozen=True, slots=True)
class RecordedObject:
    """One stored object that a record accounts for."""

    key: str
    version_id: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a record says.

    Attributes:
        place: The slot it belongs to.
        kind: What happened.
        system: The system concerned; ``all`` where it is every one.
        landing: The landing concerned, if there is one.
        reason: Why, for a person to read.
        by: Who: a person, or the task that found it.
        at: When it was recorded; asserted by the entity.
        objects: What it accounts for.
        facts: More, as JSON values.
    """

    place: Place
    kind: RecordKind
    system: str
    reason: str
    by: str
    at: datetime
    landing: str | None = None
    objects: tuple[RecordedObject, ...] = ()
    facts: dict[str, Any]

    @property
    def id(self) -> str:
        """The record's id: the same event gives the same id, so that it is recorded once."""
        identity = {
            "kind": self.kind.value,
            "place": self.place.partition,
            "system": self.system,
            "landing": self.landing,
            "objects": sorted([entry.key, entry.sha256] for entry in self.objects),
            "once": self.facts.get("once"),
        }
        return f"{self.system}-{hashlib.sha256(rfc8785.dumps(identity)).hexdigest()[:32]}"

    @property
    def key(self) -> str:
        """Where it stands."""
        return self.place.record(self.id)


def build_record(record: Record, bucket: str, retention: Retention, signer: DocumentSigner) -> bytes:
    """Return a signed record.

    Raises:
        CannotCheck: What was to be signed breaks our own schema.
    """
    cut = " [cut]"
    reason = record.reason if len(record.reason) <= MAX_REASON else record.reason[: MAX_REASON - len(cut)] + cut
    payload = {
        "version": 1,
        "bucket": bucket,
        "key": record.key,
        "record": record.id,
        "kind": record.kind.value,
        "observation_period": record.place.observation_period,
        "control": record.place.control,
        "window": record.place.window,
        **{name: getattr(record, name) for name in ("system", "landing", "by")},
        "reason": reason,
        "recorded_at": {"at": instant(record.at), "attested_by": "asserted by the entity"},
        "objects": [asdict(entry) for entry in record.objects],
        "facts": record.facts,
        "retention": {"mode": retention.mode, "retain_until": instant(retention.until)},
    }
    return signed.sign(signed.RECORD, payload, record.key, signer)


def write_record(record: Record, store: S3Store, signer: DocumentSigner, retention: Retention) -> bool:
    """Store a record, unless the same event is recorded already.

    Returns:
        Whether it was written now.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    return put_once(store, record.key, lambda: build_record(record, store.bucket, retention, signer), retention)


def put_once(store: S3Store, key: str, build: Callable[[], bytes], retention: Retention, *, look: bool = True) -> bool:
    """Store a signed document, unless one stands under its key already: it says the same, and was signed at another time.

    Args:
        store: The evidence bucket.
        key: Where it stands.
        build: Signs it.
        retention: Its lock.
        look: Whether the key is listed first. Who has listed its place a moment ago need not: the store refuses a second put.

    Returns:
        Whether it was written now.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    if look and first_version([version for version in store.versions(key) if version.key == key]):
        return False
    data = build()
    try:
        store.put_locked(key, data, hashlib.sha256(data).hexdigest(), retention)
    except LandingConflict:  # stored by a twin in this moment
        return False
    return True


def read_record(data: bytes, key: str) -> Record:
    """Read a record without checking its signature: for looking up what stands, never for relying on it.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
    """
    return _record(signed.read(signed.RECORD, data, key), key)


def check_record(
    data: bytes, key: str, key_list: KeyList, bucket: str | None, received: signed.Received | None = None
) -> tuple[Record, Retention]:
    """Read a record and check it.

    1. Envelope, schema, key and signature are in order (`signed.check`).
    2. It stands in the bucket, under the key and in the slot that it was signed for.
    3. The store received it when it says it was signed (`signed.check_received`).

    Returns:
        The record, and the lock that it says it has.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
        Tampered: Any other step fails.
    """
    checked = signed.check(signed.RECORD, data, key, key_list)  # (1)
    payload = checked.payload
    signed.check_place(payload, key, bucket)  # (2)
    record = _record(payload, key)
    if record.place.record(payload["record"]) != key or not payload["record"].startswith(f"{record.system}-"):
        msg = f"{key}: period, control, window, system and record inside it are those of another place."
        raise Tampered(msg)
    signed.check_received(signed.RECORD, checked, key, key_list, received)  # (3)
    return record, retention_of(payload["retention"], key)


def retention_of(document: dict[str, str], key: str) -> Retention:
    """Return the lock that a document says it has.

    Raises:
        CannotCheck: There is no such day or time.
    """
    return Retention(document["mode"], stated_instant(document["retain_until"], key), "", "")


def _record(payload: dict[str, Any], key: str) -> Record:
    return Record(
        place=Place(payload["observation_period"], payload["control"], payload["window"]),
        kind=RecordKind(payload["kind"]),
        system=payload["system"],
        reason=payload["reason"],
        by=payload["by"],
        at=stated_instant(payload["recorded_at"]["at"], key),
        landing=payload["landing"],
        objects=tuple(RecordedObject(**entry) for entry in payload["objects"]),
        facts=payload["facts"],
    )


def objects_of(stored: Sequence[Any]) -> tuple[RecordedObject, ...]:
    """Return raw pages, as `StoredPage`, as a record names them."""
    return tuple(RecordedObject(page.key, page.version_id, page.sha256, page.bytes) for page in stored)
