# SPDX-License-Identifier: Apache-2.0
"""The key ceremony on paper: what the root is asked, what it signs, and what it will not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.evidence.signed_copy import BUCKET, Keys

from tieout.errors import CannotCheck, ConfigurationError, Missing, Tampered
from tieout.evidence.digest import build_genesis
from tieout.evidence.key_ceremony import (
    First,
    Request,
    Revocation,
    Rotation,
    describe,
    fingerprint,
    first_keys,
    keyid_of,
    numbered,
    revoke,
    rotate,
    sign,
)
from tieout.evidence.key_list import KeyList, check_editions
from tieout.evidence.key_request import read_request, write_request
from tieout.evidence.keys import DocumentSigner, ListedKey, Scope, generate_key
from tieout.evidence.store import Retention

NOW = datetime(2026, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> DocumentSigner:
    """Return a key that no list holds."""
    return generate_key(tmp_path_factory.mktemp("fresh") / "key.pem")


@pytest.fixture(scope="module")
def response(tmp_path_factory: pytest.TempPathFactory) -> DocumentSigner:
    return generate_key(tmp_path_factory.mktemp("response") / "key.pem")


def genesis(signer: DocumentSigner, bucket: str = BUCKET, at: datetime = NOW) -> bytes:
    return build_genesis(bucket, at, 3600, Retention("COMPLIANCE", at + 400 * DAY, "", ""), signer)


@pytest.fixture
def first(keys: Keys, response: DocumentSigner) -> Request:
    """Return a request for a first edition."""
    public = {Scope.LANDING: keys.landing, Scope.RESPONSE: response, Scope.DIGEST: keys.digest}
    pems = {scope: signer.public_pem for scope, signer in public.items()}
    return Request(BUCKET, NOW, (), First(pems, genesis(keys.digest)))


@pytest.fixture
def edition(first: Request, keys: Keys) -> bytes:
    return sign(first, keys.root, NOW + DAY)


@pytest.fixture
def current(edition: bytes, keys: Keys) -> KeyList:
    return check_editions(numbered([edition]), keys.root.keyid)


def listed(key_list: KeyList, signer: DocumentSigner) -> ListedKey:
    return next(key for key in key_list.keys if key.keyid == signer.keyid)


def test_a_first_edition_lists_a_key_per_scope_from_when_it_was_asked_for(current: KeyList, first: Request, keys: Keys) -> None:
    assert [key.scope for key in current.keys] == [Scope.LANDING, Scope.RESPONSE, Scope.DIGEST]
    assert {(key.valid_from, key.valid_to, key.revoked_at) for key in current.keys} == {(NOW, None, None)}
    assert (current.edition, current.issued_at, current.root_fingerprint) == (1, NOW + DAY, keys.root.keyid)
    assert isinstance(first.change, First)
    assert current.genesis_sha256 == hashlib.sha256(first.change.genesis).hexdigest()


def test_a_machine_whose_clock_is_behind_signs_as_of_the_request(first: Request, keys: Keys) -> None:
    data = sign(first, keys.root, NOW - 400 * DAY)
    assert check_editions(numbered([data]), keys.root.keyid).issued_at == NOW


def test_scopes_have_keys_of_their_own(first: Request, keys: Keys) -> None:
    assert isinstance(first.change, First)
    shared = {**first.change.keys, Scope.RESPONSE: keys.landing.public_pem}
    with pytest.raises(ConfigurationError, match="two scopes share a key"):
        first_keys(shared, NOW)
    with pytest.raises(ConfigurationError, match="expected one key each for landing, response, digest; response"):
        first_keys({scope: pem for scope, pem in first.change.keys.items() if scope is not Scope.RESPONSE}, NOW)
    with pytest.raises(ConfigurationError, match="another one is the difference"):
        first_keys({**first.change.keys, Scope.ROOT: keys.root.public_pem}, NOW)


def test_the_root_lists_no_key_that_is_its_own(first: Request, keys: Keys) -> None:
    with pytest.raises(ConfigurationError, match="the root key is among the keys"):
        sign(first, keys.landing, NOW)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda keys: genesis(keys.digest, "another-bucket"), Tampered, "signed for bucket 'another-bucket'"),
        (lambda keys: genesis(keys.landing), Tampered, "expected a key of scope digest"),
        (lambda keys: genesis(keys.stranger), Tampered, "which the key list does not hold"),
        (lambda keys: genesis(keys.digest, at=NOW - MICROSECOND), Tampered, "was not valid at"),
        (lambda _: b"{}", Missing, "without one"),
        (lambda _: b"junk", CannotCheck, "malformed"),
    ],
)
def test_the_root_signs_for_no_other_first_digest(
    first: Request, keys: Keys, make: Callable[[Keys], bytes], error: type[Exception], said: str
) -> None:
    assert isinstance(first.change, First)
    changed = replace(first, change=First(first.change.keys, make(keys)))
    with pytest.raises(error, match=said) as caught:
        sign(changed, keys.root, NOW)
    assert caught.type is error


def test_a_rotation_lets_the_old_key_go_on_for_the_overlap(current: KeyList, keys: Keys, fresh: DocumentSigner) -> None:
    at = NOW + 30 * DAY
    after = rotate(current, Rotation(Scope.LANDING, fresh.public_pem, 7 * DAY), at)
    assert after[:3] == (replace(listed(current, keys.landing), valid_to=at + 7 * DAY), *current.keys[1:])
    assert after[3:] == (ListedKey(fresh.keyid, Scope.LANDING, fresh.public_pem, at, None, None),)


def test_a_second_rotation_leaves_ends_where_they_are(current: KeyList, keys: Keys, fresh: DocumentSigner) -> None:
    at = NOW + 30 * DAY
    once = replace(current, keys=rotate(current, Rotation(Scope.LANDING, fresh.public_pem, 7 * DAY), at))
    twice = rotate(once, Rotation(Scope.LANDING, keys.stranger.public_pem, timedelta()), at + DAY)
    assert [key.valid_to for key in twice if key.scope is Scope.LANDING] == [at + 7 * DAY, at + DAY, None]


def test_a_revoked_key_gets_no_other_end(current: KeyList, keys: Keys, fresh: DocumentSigner) -> None:
    revoked = replace(current, keys=revoke(current, Revocation(keys.landing.keyid, NOW, "lost"), NOW + 2 * DAY))
    after = rotate(revoked, Rotation(Scope.LANDING, fresh.public_pem, 7 * DAY), NOW + 3 * DAY)
    assert after[0] == replace(current.keys[0], revoked_at=NOW)


def test_only_a_new_key_is_rotated_to(current: KeyList, keys: Keys) -> None:
    for signer in (keys.landing, keys.digest):
        with pytest.raises(ConfigurationError, match="is or was on it"):
            rotate(current, Rotation(Scope.LANDING, signer.public_pem, DAY), NOW + 2 * DAY)


def test_the_root_is_not_rotated(current: KeyList, fresh: DocumentSigner) -> None:
    with pytest.raises(ConfigurationError, match="the root key is not rotated"):
        rotate(current, Rotation(Scope.ROOT, fresh.public_pem, DAY), NOW + 2 * DAY)


@pytest.mark.parametrize("at", [NOW, NOW + DAY, NOW + 30 * DAY])
def test_a_key_is_revoked_from_when_it_became_valid_until_now(current: KeyList, keys: Keys, at: datetime) -> None:
    after = revoke(current, Revocation(keys.landing.keyid, at, "lost"), NOW + 30 * DAY)
    assert after == (replace(current.keys[0], revoked_at=at), *current.keys[1:])


@pytest.mark.parametrize("at", [NOW - MICROSECOND, NOW + 30 * DAY + MICROSECOND])
def test_a_key_is_not_revoked_before_it_was_valid_nor_in_the_future(current: KeyList, keys: Keys, at: datetime) -> None:
    with pytest.raises(
        ConfigurationError, match=r"expected a revocation between 2026-07-01T00.*For an end in the future, rotate"
    ):
        revoke(current, Revocation(keys.landing.keyid, at, "lost"), NOW + 30 * DAY)


def test_a_key_is_revoked_once(current: KeyList, keys: Keys) -> None:
    revoked = replace(current, keys=revoke(current, Revocation(keys.landing.keyid, NOW, "lost"), NOW + 2 * DAY))
    with pytest.raises(
        ConfigurationError, match=r"is revoked since 2026-07-01T00:00:00\.000000Z, and a revocation is never moved"
    ):
        revoke(revoked, Revocation(keys.landing.keyid, NOW + DAY, "lost"), NOW + 3 * DAY)


def test_a_key_that_is_not_listed_is_not_revoked(current: KeyList, keys: Keys) -> None:
    with pytest.raises(ConfigurationError, match="holds no key"):
        revoke(current, Revocation(keys.stranger.keyid, NOW, "lost"), NOW + 2 * DAY)


def test_a_clock_behind_the_list_changes_nothing(current: KeyList, keys: Keys, fresh: DocumentSigner) -> None:
    before = current.issued_at - MICROSECOND
    with pytest.raises(ConfigurationError, match="Set the clock"):
        rotate(current, Rotation(Scope.LANDING, fresh.public_pem, DAY), before)
    with pytest.raises(ConfigurationError, match="Set the clock"):
        revoke(current, Revocation(keys.landing.keyid, NOW, "lost"), before)


def test_a_key_may_be_named_by_its_first_digits(current: KeyList, keys: Keys) -> None:
    assert keyid_of(current, keys.landing.keyid[:8].upper()) == keys.landing.keyid
    for prefix in ("", keys.landing.keyid[:7], keys.stranger.keyid, "g" * 64):
        with pytest.raises(ConfigurationError, match="expected the id of one listed key"):
            keyid_of(current, prefix)


def test_a_fingerprint_is_that_of_openssl(keys: Keys) -> None:
    assert fingerprint(keys.root.public_pem) == keys.root.keyid
    assert fingerprint(keys.root.public_pem.replace("\n", "\r\n")) == keys.root.keyid


@pytest.fixture
def requests(first: Request, edition: bytes, keys: Keys, fresh: DocumentSigner) -> dict[str, Request]:
    rotation = Rotation(Scope.DIGEST, fresh.public_pem, timedelta(days=1, seconds=1))
    revocation = Revocation(keys.landing.keyid, NOW + MICROSECOND, "a laptop was lost\nin Z\u00fcrich")
    return {
        "first": first,
        "rotate": Request(BUCKET, NOW + 2 * DAY, (edition,), rotation),
        "revoke": Request(BUCKET, NOW + 2 * DAY, (edition,), revocation),
    }


@pytest.mark.parametrize("kind", ["first", "rotate", "revoke"])
def test_a_request_says_after_its_journey_what_it_said_before(requests: dict[str, Request], keys: Keys, kind: str) -> None:
    request = requests[kind]
    arrived = read_request(write_request(request))
    assert arrived == request
    assert len(write_request(request)) < 10_000
    data = sign(arrived, keys.root, NOW + 3 * DAY)
    current = check_editions(numbered([*request.editions, data]), keys.root.keyid)
    assert current.edition == len(request.editions) + 1


def test_a_rotation_counts_from_when_it_is_signed(requests: dict[str, Request], keys: Keys, fresh: DocumentSigner) -> None:
    request = requests["rotate"]
    data = sign(request, keys.root, NOW + 9 * DAY)
    current = check_editions(numbered([*request.editions, data]), keys.root.keyid)
    assert listed(current, fresh).valid_from == NOW + 9 * DAY
    assert listed(current, keys.digest).valid_to == NOW + 10 * DAY + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "first",
            ["keys/root.dsse.json of bucket evidence-bucket", "landing key", "response key", "digest key", "chain of digests"],
        ),
        ("rotate", ["keys/root-000002.dsse.json", "digest key", "that has no end yet ends 1.00001 days after you sign"]),
        ("revoke", ["keys/root-000002.dsse.json", "is revoked", "from 2026-07-01T00:00:00.000001Z on", "a laptop was lost"]),
    ],
)
def test_a_request_is_shown_in_sentences(requests: dict[str, Request], kind: str, said: list[str]) -> None:
    text = "\n".join(describe(requests[kind]))
    assert all(part in text for part in said), text


def test_a_request_is_signed_by_the_root_of_its_editions_alone(requests: dict[str, Request], keys: Keys) -> None:
    with pytest.raises(CannotCheck, match="expected root"):
        sign(requests["rotate"], keys.other_root, NOW + 3 * DAY)


def test_a_request_can_not_leave_an_edition_out(requests: dict[str, Request], keys: Keys, fresh: DocumentSigner) -> None:
    rotated = sign(requests["rotate"], keys.root, NOW + 2 * DAY)
    change = Revocation(keys.landing.keyid, NOW, "lost")
    with pytest.raises(Tampered, match="does not follow"):
        sign(Request(BUCKET, NOW + 3 * DAY, (rotated,), change), keys.root, NOW + 3 * DAY)


def test_a_request_for_a_first_edition_brings_no_other(first: Request, edition: bytes, keys: Keys) -> None:
    with pytest.raises(ConfigurationError, match="has a first edition"):
        sign(replace(first, editions=(edition,)), keys.root, NOW + 3 * DAY)


@pytest.mark.parametrize("kind", ["rotate", "revoke"])
def test_a_request_for_a_change_brings_what_it_changes(requests: dict[str, Request], keys: Keys, kind: str) -> None:
    with pytest.raises(CannotCheck, match="brings none along"):
        sign(replace(requests[kind], editions=()), keys.root, NOW + 3 * DAY)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("first", ("version",), 2),
        ("first", ("bucket",), ""),
        ("first", ("requested_at",), "2026-02-30T00:00:00.000000Z"),
        ("first", ("editions",), [7]),
        ("first", ("note",), "unknown field"),
        ("first", ("change", "kind"), "everything"),
        ("first", ("change", "keys", "root"), "-----BEGIN PUBLIC KEY-----"),
        ("first", ("change", "keys", "landing"), "-----BEGIN PRIVATE KEY-----"),
        ("first", ("change", "genesis"), None),
        ("rotate", ("change", "scope"), "root"),
        ("rotate", ("change", "overlap_seconds"), -1),
        ("rotate", ("change", "overlap_seconds"), 40_000_000),
        ("revoke", ("change", "keyid"), "short"),
        ("revoke", ("change", "at"), "2026-07-01"),
        ("revoke", ("change", "reason"), ""),
    ],
)
def test_a_malformed_request_is_refused(requests: dict[str, Request], kind: str, path: tuple[str, ...], value: Any) -> None:
    document = json.loads(write_request(requests[kind]))
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(CannotCheck, match="key list request"):
        read_request(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b'{"version": 1, "version": 1}', b"\xff"])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(CannotCheck, match="key list request"):
        read_request(data)
