# SPDX-License-Identifier: Apache-2.0
"""What every signed document of the store goes through, whatever it says: envelope, schema, key, signature.

A kind of document has a payload type, a published schema, the scope of the keys that may sign it, and the field that states
when it was signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tieout.errors import CannotCheck, Tampered
from tieout.evidence.dsse import IN_TOTO, seal, stated_instant, unseal, verify_signature
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import DocumentSigner, Scope
from tieout.evidence.schemas import check_document
from tieout.times import instant

CLOCK_TOLERANCE = timedelta(hours=1)
"""How far a time that a document states may be from the one at which the store received it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of signed document."""

    name: str
    payload_type: str
    schema: str
    scope: Scope
    signed_at: tuple[str, ...]
    """Path of the field that says when it was signed, an instant."""


MANIFEST = Kind("manifest", IN_TOTO, "landing_manifest.v1", Scope.LANDING, ("predicate", "times", "landed_at", "at"))
RECORD = Kind("record", "application/vnd.tieout.record+json", "record.v1", Scope.LANDING, ("recorded_at", "at"))
RESPONSE = Kind("response", "application/vnd.tieout.response+json", "response.v1", Scope.RESPONSE, ("stored_at", "at"))
DIGEST = Kind("digest", "application/vnd.tieout.digest+json", "digest.v1", Scope.DIGEST, ("to",))
KINDS = (MANIFEST, RECORD, RESPONSE, DIGEST)
KNOWN_LIST = Kind("known list", "application/vnd.tieout.known-list+json", "known_list.v1", Scope.LANDING, ("made_at", "at"))
"""Management's list of what it knows; it stands in no bucket, and is none of the kinds that do."""


def sign(kind: Kind, payload: dict[str, Any], key: str, signer: DocumentSigner) -> bytes:
    """Return a signed document.

    Raises:
        CannotCheck: What was to be signed breaks our own schema; nothing is signed then.
    """
    check_document(kind.schema, payload, key)
    return seal(payload, kind.payload_type, signer)


def read(kind: Kind, data: bytes, key: str) -> dict[str, Any]:
    """Read a document without checking its signature: for looking up what stands, never for relying on it.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
    """
    _, payload = unseal(data, kind.payload_type, key)
    check_document(kind.schema, payload, key)
    return payload


def signed_at(kind: Kind, payload: dict[str, Any], key: str) -> datetime:
    """Return when a document says it was signed.

    Raises:
        CannotCheck: There is no such day or time.
    """
    stated: Any = payload
    for step in kind.signed_at:
        stated = stated[step]
    return stated_instant(stated, key)


@dataclass(frozen=True, slots=True)
class Received:
    """When the store received a document: as it says itself, or, in a copy, at the earliest."""

    at: datetime
    exact: bool = True
    """False where it was then or later: what the last digest does not name came after it."""

    def of(self, signed_at: datetime) -> datetime:
        """Return the time to hold against the one that a document states."""
        return self.at if self.exact else max(self.at, signed_at)


@dataclass(frozen=True, slots=True)
class Checked:
    """A document whose signature holds."""

    payload: dict[str, Any]
    keyid: str
    signed_at: datetime
    """As it says itself: see `check_received`."""


def check(kind: Kind, data: bytes, key: str, key_list: KeyList) -> Checked:
    """Read a document and check envelope, schema, key and signature.

    1. The envelope holds one signed, well-formed document of this kind.
    2. The key list allowed the signing key to sign such documents at the time this one states.
    3. That key signed these bytes.

    Args:
        kind: What it has to be.
        data: The envelope's bytes.
        key: Where they were found.
        key_list: A checked key list.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
        Tampered: A later step fails.
    """
    envelope, payload = unseal(data, kind.payload_type, key)  # (1)
    check_document(kind.schema, payload, key)
    at = signed_at(kind, payload, key)
    if len(envelope.signatures) != 1:
        msg = f"{key}: expected one signature, got {len(envelope.signatures)}."
        raise CannotCheck(msg)
    keyid = next(iter(envelope.signatures))
    signing_key = key_list.signing_key(keyid, kind.scope, at, key)  # (2)
    verify_signature(envelope, signing_key, key)  # (3)
    return Checked(payload, keyid, at)


def check_received(kind: Kind, checked: Checked, key: str, key_list: KeyList, received: Received | None) -> None:
    """Check a document's time against the store's: who holds a revoked key can write any time into a document, and none there.

    1. The key list allowed the key to sign when the store received the document, too.
    2. The store received it about when it says it was signed.

    Args:
        kind: What it is.
        checked: The document.
        key: Where it was found.
        key_list: A checked key list.
        received: When the store received it; ``None`` where nobody can tell.

    Raises:
        Tampered: A step fails.
    """
    if received is None:
        return
    stored_at = received.of(checked.signed_at)
    if stored_at > checked.signed_at:  # (1)
        key_list.signing_key(checked.keyid, kind.scope, stored_at, key)
    if abs(checked.signed_at - stored_at) > CLOCK_TOLERANCE:  # (2)
        msg = f"{key}: it says it was signed at {instant(checked.signed_at)}, and the store received it at {instant(stored_at)}."
        raise Tampered(msg)


def check_place(payload: dict[str, Any], key: str, bucket: str | None) -> None:
    """Check that a document stands in the bucket and under the key that it was signed for.

    Args:
        payload: A checked document with ``bucket`` and ``key``.
        key: Where it was found.
        bucket: The bucket it was found in; ``None`` in a copy.

    Raises:
        Tampered: It does not.
    """
    if payload["key"] != key:
        msg = f"{key}: it was signed for {payload['key']}: it was moved."
        raise Tampered(msg)
    if bucket is not None and payload["bucket"] != bucket:
        msg = f"{key}: it was signed for bucket {payload['bucket']!r} and stands in {bucket!r}."
        raise Tampered(msg)
