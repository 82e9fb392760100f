# SPDX-License-Identifier: Apache-2.0
"""The key list, ``keys/root.dsse.json``: which key may sign what, from when to when; signed by the root key.

A rotation or a revocation is a new edition beside the ones before, ``keys/root-000002.dsse.json``, which names the hash of the
edition before it. Nothing is ever taken off a list: a key that ended stays on it, with its end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from securesystemslib.signer import SSlibKey

from tieout.errors import CannotCheck, Missing, Tampered
from tieout.evidence.dsse import seal, stated_instant, unseal, verify_signature
from tieout.evidence.keys import DocumentSigner, ListedKey, Scope, public_key
from tieout.evidence.layout import KEY_LIST, key_list_key
from tieout.evidence.schemas import check_document
from tieout.times import instant

PAYLOAD_TYPE = "application/vnd.tieout.key-list+json"


@dataclass(frozen=True, slots=True)
class KeyList:
    """A key list whose signature has been checked against the root's fingerprint."""

    root_fingerprint: str
    keys: tuple[ListedKey, ...]
    edition: int
    previous_sha256: str | None
    """Hash of the envelope of the edition before; ``None`` in the first."""
    issued_at: datetime
    genesis_sha256: str
    """Hash of the envelope of the digest that the bucket's chain starts with."""
    sha256: str
    """Hash of this edition's envelope."""

    def signing_key(self, keyid: str, scope: Scope, at: datetime, what: str) -> SSlibKey:
        """Return the public key that signed, if the list allowed it to sign this at that time.

        Raises:
            Tampered: The list does not hold the key, or holds it for something else, or for another time.
        """
        listed = next((key for key in self.keys if key.keyid == keyid), None)
        if listed is None:
            msg = f"{what}: signed by key {keyid[:16]}, which the key list does not hold."
            raise Tampered(msg)
        if listed.scope is not scope:
            msg = f"{what}: expected a key of scope {scope}, got key {keyid[:16]} of scope {listed.scope}."
            raise Tampered(msg)
        ends = [end for end in (listed.valid_to, listed.revoked_at) if end is not None]
        if at < listed.valid_from or any(at >= end for end in ends):
            msg = f"{what}: key {keyid[:16]} was not valid at {instant(at)}, when the document says it was signed."
            raise Tampered(msg)
        return public_key(listed.public_pem)


def build_key_list(
    root: DocumentSigner,
    keys: Iterable[ListedKey],
    issued_at: datetime,
    genesis_sha256: str,
    before: KeyList | None = None,
) -> bytes:
    """Return a signed key list.

    Args:
        root: The root key.
        keys: Every key there ever was, with its times.
        issued_at: Now.
        genesis_sha256: Hash of the envelope of the bucket's first digest.
        before: The edition that this one follows; ``None`` for the first.
    """
    payload = {
        "version": 1,
        "edition": 1 if before is None else before.edition + 1,
        "previous_sha256": None if before is None else before.sha256,
        "issued_at": instant(issued_at),
        "root": {"keyid": root.keyid, "public_key": root.public_pem},
        "keys": [
            {
                "keyid": key.keyid,
                "scope": key.scope.value,
                "public_key": key.public_pem,
                "valid_from": instant(key.valid_from),
                "valid_to": None if key.valid_to is None else instant(key.valid_to),
                "revoked_at": None if key.revoked_at is None else instant(key.revoked_at),
            }
            for key in keys
        ],
        "genesis_digest": genesis_sha256,
    }
    return seal(payload, PAYLOAD_TYPE, root)


def check_key_list(data: bytes, root_fingerprint: str) -> KeyList:
    """Read a key list and check it against the root's fingerprint.

    1. The envelope holds a signed, well-formed key list.
    2. The root key it names has the fingerprint that the auditor was given.
    3. That key signed the list.
    4. Each key's id is the SHA-256 of the key, and no key is listed twice.

    Args:
        data: The envelope's bytes.
        root_fingerprint: SHA-256 of the root's public key (SPKI, DER), in hexadecimal, as received outside the bucket.

    Raises:
        Missing: The list carries no signature.
        CannotCheck: It is malformed, or its root is another one: nothing under it can be judged.
        Tampered: The root did not sign it as it is.
    """
    what = "key list"
    envelope, payload = unseal(data, PAYLOAD_TYPE, what)  # (1)
    check_document("key_list.v1", payload, what)
    root = public_key(payload["root"]["public_key"])
    if root.keyid != root_fingerprint.lower():  # (2)
        msg = f"{what}: expected root {root_fingerprint[:16]}, got {root.keyid[:16]}. Ask for the fingerprint outside the bucket."
        raise CannotCheck(msg)
    verify_signature(envelope, root, what)  # (3)
    keys = tuple(_listed(entry) for entry in payload["keys"])
    for key in keys:  # (4)
        if public_key(key.public_pem).keyid != key.keyid:
            msg = f"{what}: key {key.keyid[:16]} is listed under an id that is not its own."
            raise Tampered(msg)
    if len({key.keyid for key in keys}) != len(keys):
        msg = f"{what}: it lists a key twice: which of the two entries holds can not be told."
        raise CannotCheck(msg)
    return KeyList(
        root_fingerprint=root.keyid,
        keys=keys,
        edition=payload["edition"],
        previous_sha256=payload["previous_sha256"],
        issued_at=stated_instant(payload["issued_at"], what),
        genesis_sha256=payload["genesis_digest"],
        sha256=hashlib.sha256(data).hexdigest(),
    )


def check_editions(editions: Sequence[tuple[str, bytes]], root_fingerprint: str) -> KeyList:
    """Read every edition of a key list, and return the last.

    1. Each is signed by the root with the fingerprint that the auditor was given (`check_key_list`).
    2. They stand under their own keys, are numbered 1, 2, 3 ... and each names the hash of the one before.
    3. No edition drops or alters a key that one before it lists: an end or a revocation may be added and never moved;
       the chain of digests starts where it started.

    Args:
        editions: Key and bytes of each, in order of their keys' edition numbers.
        root_fingerprint: As for `check_key_list`.

    Raises:
        Missing: There is none, one between two is not there, or one carries no signature.
        CannotCheck: One is malformed, or of another root.
        Tampered: Any other step fails.
    """
    if not editions:
        msg = f"{KEY_LIST} is not there."
        raise Missing(msg)
    before: KeyList | None = None
    for number, (key, data) in enumerate(editions, start=1):
        current = check_key_list(data, root_fingerprint)  # (1)
        if key != key_list_key(number):  # (2)
            msg = f"{key_list_key(number)} is not there, and {key} is."
            raise Missing(msg)
        if current.edition != number or current.previous_sha256 != (before.sha256 if before else None):
            msg = f"{key}: it is edition {current.edition} and does not follow the one before it."
            raise Tampered(msg)
        if before is not None:
            _check_only_added(before, current, key)  # (3)
        before = current
    return cast(KeyList, before)


def _check_only_added(before: KeyList, current: KeyList, key: str) -> None:
    listed = {entry.keyid: entry for entry in current.keys}
    for old in before.keys:
        new = listed.get(old.keyid)
        if new is None or (new.scope, new.valid_from) != (old.scope, old.valid_from):
            msg = f"{key}: it drops or alters key {old.keyid[:16]}, which the edition before it lists."
            raise Tampered(msg)
        for name in ("valid_to", "revoked_at"):
            if getattr(old, name) is not None and getattr(new, name) != getattr(old, name):
                msg = f"{key}: it moves {name} of key {old.keyid[:16]}, which the edition before it had set."
                raise Tampered(msg)
    if current.genesis_sha256 != before.genesis_sha256 or current.issued_at < before.issued_at:
        msg = f"{key}: its first digest is another one, or it was issued before the edition that it follows."
        raise Tampered(msg)


def _listed(entry: dict[str, Any]) -> ListedKey:
    def optional(name: str) -> datetime | None:
        return None if entry[name] is None else stated_instant(entry[name], f"key list: {name}")

    return ListedKey(
        keyid=entry["keyid"],
        scope=Scope(entry["scope"]),
        public_pem=entry["public_key"],
        valid_from=stated_instant(entry["valid_from"], "key list: valid_from"),
        valid_to=optional("valid_to"),
        revoked_at=optional("revoked_at"),
    )
