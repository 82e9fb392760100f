# SPDX-License-Identifier: Apache-2.0
"""The key list, ``keys/root.dsse.json``: which key may sign what, from when to when; signed by the root key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from securesystemslib.signer import SSlibKey

from tieout.errors import CannotCheck, Tampered
from tieout.evidence.dsse import seal, stated_instant, unseal, verify_signature
from tieout.evidence.keys import DocumentSigner, ListedKey, Scope, public_key
from tieout.evidence.schemas import check_document
from tieout.times import instant

PAYLOAD_TYPE = "application/vnd.tieout.key-list+json"


@dataclass(frozen=True, slots=True)
class KeyList:
    """A key list whose signature has been checked against the root's fingerprint."""

    root_fingerprint: str
    keys: tuple[ListedKey, ...]

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


def build_key_list(root: DocumentSigner, keys: Iterable[ListedKey], issued_at: datetime) -> bytes:
    """Return a signed key list."""
    payload = {
        "version": 1,
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
        "genesis_digest": None,
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
    return KeyList(root.keyid, keys)


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
