# SPDX-License-Identifier: Apache-2.0
"""Signed documents: DSSE envelopes around RFC 8785 bytes. A verifier reads the payload as it was signed, never re-serialised."""

from __future__ import annotations

import binascii
import json
import re
from datetime import datetime
from typing import Any

import rfc8785
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer import SSlibKey

from tieout.errors import CannotCheck, Missing, Tampered
from tieout.evidence.keys import DocumentSigner
from tieout.times import parse_instant

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
"""A signed document is at most so large; a larger one is refused before it is parsed."""
IN_TOTO = "application/vnd.in-toto+json"
_KEYID = re.compile(r"[0-9a-f]{64}")


def seal(payload: dict[str, Any], payload_type: str, signer: DocumentSigner) -> bytes:
    """Sign a document, and return the envelope's bytes.

    Args:
        payload: JSON values only; integers below 2^53 (RFC 8785 knows no larger ones).
        payload_type: What the payload is.
        signer: The key that signs.

    Raises:
        CannotCheck: It is larger than a verifier reads.
    """
    envelope = Envelope(rfc8785.dumps(payload), payload_type, {})
    envelope.sign(signer.signer)
    data = json.dumps(envelope.to_dict(), indent=1, sort_keys=True).encode() + b"\n"
    if len(data) > MAX_DOCUMENT_BYTES:
        msg = f"{payload_type}: expected at most {MAX_DOCUMENT_BYTES} bytes, got {len(data)}: nobody could check it."
        raise CannotCheck(msg)
    return data


def unseal(data: bytes, payload_type: str, what: str) -> tuple[Envelope, dict[str, Any]]:
    """Read an envelope and its payload. Nothing is verified yet: see `verify_signature`.

    Args:
        data: The envelope's bytes.
        payload_type: What the payload has to be.
        what: What an error calls the document.

    Raises:
        Missing: The envelope carries no signature.
        CannotCheck: It is too large, no JSON, repeats a key, or is no envelope of this type.
    """
    document = parse_json(data, what)
    if not document.get("signatures"):
        msg = f"{what}: expected a signature, got an envelope without one: it was stripped, or never signed."
        raise Missing(msg)
    try:
        envelope = Envelope.from_dict(document)
    except (KeyError, ValueError, AttributeError, TypeError, binascii.Error) as error:
        msg = f"{what}: expected a DSSE envelope: malformed ({type(error).__name__}: {error})."
        raise CannotCheck(msg) from error
    if envelope.payload_type != payload_type:
        msg = f"{what}: expected payload type {payload_type}, got {envelope.payload_type!r}."
        raise CannotCheck(msg)
    if not all(isinstance(keyid, str) and _KEYID.fullmatch(keyid) for keyid in envelope.signatures):
        msg = f"{what}: expected the signing key's id as 64 hexadecimal digits: malformed."
        raise CannotCheck(msg)
    return envelope, parse_json(envelope.payload, f"{what}: payload")


def verify_signature(envelope: Envelope, key: SSlibKey, what: str) -> None:
    """Check that a key signed the envelope's payload.

    Raises:
        Tampered: It did not.
    """
    try:
        envelope.verify([key], threshold=1)
    except (VerificationError, UnverifiedSignatureError) as error:
        msg = f"{what}: the signature does not match the payload: the document was changed after key {key.keyid[:16]} signed it."
        raise Tampered(msg) from error


def stated_instant(text: str, what: str) -> datetime:
    """Return an instant that a document states.

    Raises:
        CannotCheck: There is no such day or time: the schema knows its form only.
    """
    try:
        return parse_instant(text)
    except ValueError as error:
        msg = f"{what}: expected an instant, got {text!r}: malformed ({error})."
        raise CannotCheck(msg) from error


def parse_json(data: bytes, what: str) -> dict[str, Any]:
    """Parse one JSON object in UTF-8; a repeated key, text or a number that JSON does not know, or too much is refused.

    Raises:
        CannotCheck: It is not one JSON object within `MAX_DOCUMENT_BYTES`.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        msg = f"{what}: expected at most {MAX_DOCUMENT_BYTES} bytes, got {len(data)}."
        raise CannotCheck(msg)
    try:
        document = json.loads(data.decode(), object_pairs_hook=_once)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()  # no NaN, 1e999, half a surrogate pair
    except (ValueError, RecursionError) as error:
        msg = f"{what}: expected JSON: malformed ({error})."
        raise CannotCheck(msg) from error
    if not isinstance(document, dict):
        msg = f"{what}: expected a JSON object, got {type(document).__name__}."
        raise CannotCheck(msg)
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        msg = "an object repeats a key"
        raise ValueError(msg)
    return document
