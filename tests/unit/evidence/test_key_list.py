# SPDX-License-Identifier: Apache-2.0
"""The key list: which key may sign what, from when to when, and nobody but the root says so."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.evidence.signed_copy import LANDED_AT, VALID_FROM, Keys, listed

from tieout.errors import CannotCheck, Missing, Tampered
from tieout.evidence.dsse import seal
from tieout.evidence.key_list import PAYLOAD_TYPE, KeyList, build_key_list, check_key_list
from tieout.evidence.keys import Scope

MICROSECOND = timedelta(microseconds=1)


def payload(data: bytes) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(json.loads(data)["payload"])))


@pytest.fixture
def document(keys: Keys) -> bytes:
    entries = [listed(keys.landing, Scope.LANDING), listed(keys.digest, Scope.DIGEST)]
    return build_key_list(keys.root, entries, LANDED_AT)


def test_what_was_built_is_read(keys: Keys) -> None:
    entries = (
        listed(keys.landing, Scope.LANDING, valid_to=VALID_FROM + timedelta(days=1)),
        listed(keys.digest, Scope.DIGEST, revoked_at=VALID_FROM + timedelta(days=2, microseconds=1)),
        listed(keys.stranger, Scope.RESPONSE),
    )
    checked = check_key_list(build_key_list(keys.root, entries, LANDED_AT), keys.root.keyid)
    assert checked == KeyList(keys.root.keyid, entries)


def test_the_fingerprint_may_be_typed_in_capitals(document: bytes, keys: Keys) -> None:
    assert check_key_list(document, keys.root.keyid.upper()).root_fingerprint == keys.root.keyid


@pytest.mark.parametrize("fingerprint", ["", "00" * 32, "keyid"])
def test_another_root_can_not_be_checked(document: bytes, fingerprint: str) -> None:
    with pytest.raises(CannotCheck, match="expected root"):
        check_key_list(document, fingerprint)


def test_a_list_that_only_names_the_root_is_tampered(document: bytes, keys: Keys) -> None:
    forged = seal(payload(document), PAYLOAD_TYPE, keys.other_root)
    with pytest.raises(Tampered):
        check_key_list(forged, keys.root.keyid)


def test_a_list_under_the_roots_id_with_another_key_can_not_be_checked(document: bytes, keys: Keys) -> None:
    said = payload(document)
    said["root"]["public_key"] = keys.other_root.public_pem
    with pytest.raises(CannotCheck, match="expected root"):
        check_key_list(seal(said, PAYLOAD_TYPE, keys.other_root), keys.root.keyid)


def test_a_changed_list_is_tampered(document: bytes, keys: Keys) -> None:
    said = payload(document)
    said["keys"][1]["scope"] = "landing"
    envelope = {**json.loads(document), "payload": base64.b64encode(json.dumps(said).encode()).decode()}
    with pytest.raises(Tampered, match="key list: the signature does not match"):
        check_key_list(json.dumps(envelope).encode(), keys.root.keyid)


def test_a_stripped_list_is_missing(document: bytes, keys: Keys) -> None:
    with pytest.raises(Missing):
        check_key_list(json.dumps({**json.loads(document), "signatures": []}).encode(), keys.root.keyid)


def test_a_key_under_another_keys_id_is_tampered_even_if_the_root_signed_it(keys: Keys) -> None:
    swapped = replace(listed(keys.stranger, Scope.LANDING), keyid=keys.landing.keyid)
    with pytest.raises(Tampered, match="an id that is not its own"):
        check_key_list(build_key_list(keys.root, [swapped], LANDED_AT), keys.root.keyid)


def test_a_key_listed_twice_can_not_be_checked(keys: Keys) -> None:
    twice = [listed(keys.landing, Scope.LANDING), listed(keys.landing, Scope.LANDING, revoked_at=VALID_FROM)]
    with pytest.raises(CannotCheck, match="twice"):
        check_key_list(build_key_list(keys.root, twice, LANDED_AT), keys.root.keyid)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scope", "root"),
        ("scope", "everything"),
        ("valid_from", None),
        ("valid_from", "2026-07-01"),
        ("valid_from", "2026-02-30T00:00:00.000000Z"),
        ("valid_to", "2026-12-31T24:00:01.000000Z"),
        ("revoked_at", "0000-01-01T00:00:00.000000Z"),
        ("revoked_at", 7),
        ("public_key", "-----BEGIN PUBLIC KEY-----"),
        ("keyid", "short"),
        ("note", "unknown field"),
    ],
)
def test_a_malformed_entry_can_not_be_checked(document: bytes, keys: Keys, field: str, value: object) -> None:
    said = payload(document)
    said["keys"][0][field] = value
    with pytest.raises(CannotCheck):
        check_key_list(seal(said, PAYLOAD_TYPE, keys.root), keys.root.keyid)


@pytest.mark.parametrize(("field", "value"), [("version", 2), ("genesis_digest", "x"), ("note", "unknown field")])
def test_a_malformed_list_can_not_be_checked(document: bytes, keys: Keys, field: str, value: object) -> None:
    with pytest.raises(CannotCheck):
        check_key_list(seal({**payload(document), field: value}, PAYLOAD_TYPE, keys.root), keys.root.keyid)


def test_a_signed_manifest_is_no_key_list(document: bytes, keys: Keys) -> None:
    with pytest.raises(CannotCheck, match="payload type"):
        check_key_list(seal(payload(document), "application/vnd.in-toto+json", keys.root), keys.root.keyid)


END = datetime(2026, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "times"),
    [
        (VALID_FROM, {}),
        (END, {}),
        (END - MICROSECOND, {"valid_to": END}),
        (END - MICROSECOND, {"revoked_at": END}),
        (END - MICROSECOND, {"valid_to": END, "revoked_at": END + MICROSECOND}),
    ],
)
def test_a_key_signs_while_it_is_valid(keys: Keys, at: datetime, times: dict[str, datetime]) -> None:
    key_list = KeyList(keys.root.keyid, (listed(keys.landing, Scope.LANDING, **times),))
    assert key_list.signing_key(keys.landing.keyid, Scope.LANDING, at, "doc").keyid == keys.landing.keyid


@pytest.mark.parametrize(
    ("at", "times"),
    [
        (VALID_FROM - MICROSECOND, {}),
        (END, {"valid_to": END}),
        (END, {"revoked_at": END}),
        (END, {"valid_to": END + MICROSECOND, "revoked_at": END}),
        (END, {"valid_to": END, "revoked_at": END + MICROSECOND}),
        (VALID_FROM, {"revoked_at": VALID_FROM}),
    ],
)
def test_a_key_does_not_sign_before_or_after(keys: Keys, at: datetime, times: dict[str, datetime]) -> None:
    key_list = KeyList(keys.root.keyid, (listed(keys.landing, Scope.LANDING, **times),))
    with pytest.raises(Tampered, match=r"doc: key .* was not valid at "):
        key_list.signing_key(keys.landing.keyid, Scope.LANDING, at, "doc")


@pytest.mark.parametrize("scope", [Scope.DIGEST, Scope.RESPONSE])
def test_a_key_signs_nothing_but_its_scope(keys: Keys, scope: Scope) -> None:
    key_list = KeyList(keys.root.keyid, (listed(keys.landing, scope),))
    with pytest.raises(Tampered, match=rf"expected a key of scope landing, got key .* of scope {scope}"):
        key_list.signing_key(keys.landing.keyid, Scope.LANDING, END, "doc")


def test_neither_a_stranger_nor_the_root_itself_signs_landings(keys: Keys) -> None:
    key_list = KeyList(keys.root.keyid, (listed(keys.landing, Scope.LANDING),))
    for keyid in (keys.stranger.keyid, keys.root.keyid):
        with pytest.raises(Tampered, match="which the key list does not hold"):
            key_list.signing_key(keyid, Scope.LANDING, END, "doc")
