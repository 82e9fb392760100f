# SPDX-License-Identifier: Apache-2.0
"""Signed documents: what is refused before anything is believed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.evidence.signed_copy import Keys

from tieout.errors import CannotCheck, Missing, Tampered
from tieout.evidence.dsse import IN_TOTO, MAX_DOCUMENT_BYTES, parse_json, seal, unseal, verify_signature
from tieout.evidence.keys import public_key

PAYLOAD = {"b": [1, "é"], "a": None}
Envelope = dict[str, Any]


@pytest.fixture
def sealed(keys: Keys) -> bytes:
    return seal(PAYLOAD, IN_TOTO, keys.landing)


def test_what_was_sealed_is_unsealed_and_verifies(sealed: bytes, keys: Keys) -> None:
    envelope, payload = unseal(sealed, IN_TOTO, "doc")
    assert payload == PAYLOAD
    assert list(envelope.signatures) == [keys.landing.keyid]
    verify_signature(envelope, public_key(keys.landing.public_pem), "doc")


def test_the_payload_is_signed_as_rfc_8785_bytes(sealed: bytes) -> None:
    assert base64.b64decode(json.loads(sealed)["payload"]) == '{"a":null,"b":[1,"é"]}'.encode()


def test_another_key_does_not_verify(sealed: bytes, keys: Keys) -> None:
    envelope, _ = unseal(sealed, IN_TOTO, "doc")
    with pytest.raises(Tampered, match=r"^doc: the signature does not match"):
        verify_signature(envelope, public_key(keys.stranger.public_pem), "doc")


@pytest.mark.parametrize("payload", ['{"a":null,"b":[2,"é"]}', '{"a":null,"b":[1,"é"]} ', '{"b":[1,"é"],"a":null}'])
def test_the_bytes_are_signed_and_not_what_they_mean(sealed: bytes, keys: Keys, payload: str) -> None:
    document = json.loads(sealed)
    document["payload"] = base64.b64encode(payload.encode()).decode()
    envelope, _ = unseal(json.dumps(document).encode(), IN_TOTO, "doc")
    with pytest.raises(Tampered):
        verify_signature(envelope, public_key(keys.landing.public_pem), "doc")


def test_a_document_too_large_to_be_read_again_is_not_sealed(keys: Keys) -> None:
    with pytest.raises(CannotCheck, match=f"at most {MAX_DOCUMENT_BYTES} bytes"):
        seal({"text": "x" * (MAX_DOCUMENT_BYTES * 3 // 4)}, IN_TOTO, keys.landing)


@pytest.mark.parametrize("signatures", [[], {}, None, "", 0], ids=repr)
def test_no_signature_is_missing(sealed: bytes, signatures: object) -> None:
    with pytest.raises(Missing, match="stripped, or never signed"):
        unseal(json.dumps({**json.loads(sealed), "signatures": signatures}).encode(), IN_TOTO, "doc")


def test_no_signatures_key_is_missing(sealed: bytes) -> None:
    document = json.loads(sealed)
    del document["signatures"]
    with pytest.raises(Missing):
        unseal(json.dumps(document).encode(), IN_TOTO, "doc")


def _signature(**fields: object) -> Callable[[Envelope], object]:
    return lambda envelope: envelope["signatures"][0].update(fields)


def _field(**fields: object) -> Callable[[Envelope], object]:
    return lambda envelope: envelope.update(fields)


def _payload(data: bytes) -> Callable[[Envelope], object]:
    return _field(payload=base64.b64encode(data).decode())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda envelope: envelope.pop("payload"), id="no payload"),
        pytest.param(lambda envelope: envelope.pop("payloadType"), id="no payloadType"),
        pytest.param(_field(payload="%%%"), id="payload no base64"),
        pytest.param(_field(payload=7), id="payload no text"),
        pytest.param(_field(payload="é"), id="payload not ASCII"),
        pytest.param(_payload(b""), id="payload empty"),
        pytest.param(_payload(b"[1]"), id="payload no object"),
        pytest.param(_payload(b"\xff"), id="payload no UTF-8"),
        pytest.param(_field(payloadType="text/plain"), id="another payloadType"),
        pytest.param(_field(payloadType=[IN_TOTO]), id="payloadType no text"),
        pytest.param(_field(signatures="abc"), id="signatures no list"),
        pytest.param(_field(signatures=[7]), id="signature no object"),
        pytest.param(lambda envelope: envelope["signatures"].append(envelope["signatures"][0]), id="signature twice"),
        pytest.param(lambda envelope: envelope["signatures"][0].pop("keyid"), id="no keyid"),
        pytest.param(lambda envelope: envelope["signatures"][0].pop("sig"), id="no sig"),
        pytest.param(_signature(sig="%%%"), id="sig no base64"),
        pytest.param(_signature(sig=7), id="sig no text"),
        pytest.param(_signature(keyid=7), id="keyid a number"),
        pytest.param(_signature(keyid=None), id="keyid null"),
        pytest.param(_signature(keyid=["a"]), id="keyid a list"),
        pytest.param(_signature(keyid="\x1b[2K" + "a" * 60), id="keyid that moves a terminal's cursor"),
    ],
)
def test_a_malformed_envelope_can_not_be_checked(sealed: bytes, change: Callable[[Envelope], object]) -> None:
    document = json.loads(sealed)
    change(document)
    with pytest.raises(CannotCheck, match=r"^doc: "):
        unseal(json.dumps(document).encode(), IN_TOTO, "doc")


def test_a_payload_is_parsed_as_strictly_as_its_envelope(sealed: bytes) -> None:
    document = json.loads(sealed)
    document["payload"] = base64.b64encode(b'{"a":1,"a":2}').decode()
    with pytest.raises(CannotCheck, match=r"doc: payload: .*repeats a key"):
        unseal(json.dumps(document).encode(), IN_TOTO, "doc")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"{} {}", id="two documents"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"a":1,"a":1}', id="a key twice"),
        pytest.param(b'{"x":{"a":1,"\\u0061":2}}', id="a key twice, once escaped, further down"),
        pytest.param(b'{"a":NaN}', id="NaN"),
        pytest.param(b'{"a":-Infinity}', id="Infinity"),
        pytest.param(b'{"a":1e999}', id="a number too large for a float"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", id="a number of 5000 digits"),
        pytest.param(b'{"a":"\\ud800"}', id="half a surrogate pair"),
        pytest.param(b'{"\\udc00":1}', id="half a surrogate pair in a key"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="half a surrogate pair in its bytes"),
        pytest.param(b'{"a":"\xff"}', id="no UTF-8"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="objects 100,000 deep"),
        pytest.param(b'{"a":' + b"[" * 100_000, id="lists 100,000 deep"),
    ],
)
def test_what_is_no_strict_json_object_can_not_be_checked(data: bytes) -> None:
    with pytest.raises(CannotCheck, match=r"^doc: expected "):
        parse_json(data, "doc")


def test_a_document_may_be_16_mib_and_no_byte_more() -> None:
    largest = b"{}" + b" " * (MAX_DOCUMENT_BYTES - 2)
    assert parse_json(largest, "doc") == {}
    with pytest.raises(CannotCheck, match=f"at most {16 * 1024 * 1024} bytes, got {MAX_DOCUMENT_BYTES + 1}"):
        parse_json(largest + b" ", "doc")


def test_strict_json_is_read() -> None:
    assert parse_json('{"a": [1.5, "é😀", null, true], "b": {"a": {}}}'.encode(), "doc")["a"][1] == "é😀"
    assert parse_json(b'{"a": "\\ud83d\\ude00"}', "doc") == {"a": "😀"}
