# SPDX-License-Identifier: Apache-2.0
"""The key list: which key may sign what, from when to when, and nobody but the root says so."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.evidence.signed_copy import LANDED_AT, VALID_FROM, Keys, listed

from tieout.errors import CannotCheck, Missing, Tampered
from tieout.evidence.dsse import seal
from tieout.evidence.key_list import PAYLOAD_TYPE, KeyList, build_key_list, check_editions, check_key_list
from tieout.evidence.keys import DocumentSigner, ListedKey, Scope

GENESIS = hashlib.sha256(b"the first digest").hexdigest()
MICROSECOND = timedelta(microseconds=1)


def payload(data: bytes) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(json.loads(data)["payload"])))


def holding(keys: Keys, *entries: ListedKey) -> KeyList:
    return KeyList(keys.root.keyid, entries, 1, None, LANDED_AT, GENESIS, "0" * 64)


@pytest.fixture
def document(keys: Keys) -> bytes:
    entries = [listed(keys.landing, Scope.LANDING), listed(keys.digest, Scope.DIGEST)]
    return build_key_list(keys.root, entries, LANDED_AT, GENESIS)


def test_what_was_built_is_read(keys: Keys) -> None:
    entries = (
        listed(keys.landing, Scope.LANDING, valid_to=VALID_FROM + timedelta(days=1)),
        listed(keys.digest, Scope.DIGEST, revoked_at=VALID_FROM + timedelta(days=2, microseconds=1)),
        listed(keys.stranger, Scope.RESPONSE),
    )
    data = build_key_list(keys.root, entries, LANDED_AT, GENESIS)
    checked = check_key_list(data, keys.root.keyid)
    assert checked == KeyList(keys.root.keyid, entries, 1, None, LANDED_AT, GENESIS, hashlib.sha256(data).hexdigest())


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
        check_key_list(build_key_list(keys.root, [swapped], LANDED_AT, GENESIS), keys.root.keyid)


def test_a_key_listed_twice_can_not_be_checked(keys: Keys) -> None:
    twice = [listed(keys.landing, Scope.LANDING), listed(keys.landing, Scope.LANDING, revoked_at=VALID_FROM)]
    with pytest.raises(CannotCheck, match="twice"):
        check_key_list(build_key_list(keys.root, twice, LANDED_AT, GENESIS), keys.root.keyid)


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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("edition", 0),
        ("edition", 1_000_000),
        ("edition", "1"),
        ("previous_sha256", "x"),
        ("issued_at", "2026-02-30T00:00:00.000000Z"),
        ("genesis_digest", None),
        ("genesis_digest", "x"),
        ("note", "unknown field"),
    ],
)
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
    key_list = holding(keys, listed(keys.landing, Scope.LANDING, **times))
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
    key_list = holding(keys, listed(keys.landing, Scope.LANDING, **times))
    with pytest.raises(Tampered, match=r"doc: key .* was not valid at "):
        key_list.signing_key(keys.landing.keyid, Scope.LANDING, at, "doc")


@pytest.mark.parametrize("scope", [Scope.DIGEST, Scope.RESPONSE])
def test_a_key_signs_nothing_but_its_scope(keys: Keys, scope: Scope) -> None:
    key_list = holding(keys, listed(keys.landing, scope))
    with pytest.raises(Tampered, match=rf"expected a key of scope landing, got key .* of scope {scope}"):
        key_list.signing_key(keys.landing.keyid, Scope.LANDING, END, "doc")


def test_neither_a_stranger_nor_the_root_itself_signs_landings(keys: Keys) -> None:
    key_list = holding(keys, listed(keys.landing, Scope.LANDING))
    for keyid in (keys.stranger.keyid, keys.root.keyid):
        with pytest.raises(Tampered, match="which the key list does not hold"):
            key_list.signing_key(keyid, Scope.LANDING, END, "doc")


DAY = timedelta(days=1)
ROTATED, REVOKED = LANDED_AT + 10 * DAY, LANDED_AT + 20 * DAY
Editions = list[tuple[str, bytes]]
Change = Callable[[Editions, Keys], Editions]


def edition(root: DocumentSigner, entries: Sequence[ListedKey], at: datetime, before: bytes | None, **said: Any) -> bytes:
    """Return the edition that follows one; ``said`` replaces what it says."""
    previous = check_key_list(before, root.keyid) if before else None
    data = build_key_list(root, entries, at, GENESIS, previous)
    return seal({**payload(data), **said}, PAYLOAD_TYPE, root) if said else data


def entries_of(keys: Keys, number: int) -> list[ListedKey]:
    """Return what an edition lists: a landing key, its successor from the second on, its revocation in the third."""
    ends = {"valid_to": None if number == 1 else ROTATED + 7 * DAY, "revoked_at": REVOKED if number == 3 else None}
    first = [listed(keys.landing, Scope.LANDING, **ends), listed(keys.digest, Scope.DIGEST)]
    return first if number == 1 else [*first, listed(keys.stranger, Scope.LANDING, valid_from=ROTATED)]


@pytest.fixture
def editions(keys: Keys) -> Editions:
    """Return three editions: the first, a rotation, and a revocation."""
    first = edition(keys.root, entries_of(keys, 1), LANDED_AT, None)
    second = edition(keys.root, entries_of(keys, 2), ROTATED, first)
    third = edition(keys.root, entries_of(keys, 3), REVOKED, second)
    return [("keys/root.dsse.json", first), ("keys/root-000002.dsse.json", second), ("keys/root-000003.dsse.json", third)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_last_edition_counts(editions: Editions, keys: Keys, count: int) -> None:
    current = check_editions(editions[:count], keys.root.keyid)
    assert (current.edition, list(current.keys)) == (count, entries_of(keys, count))


@pytest.mark.parametrize(
    ("signer", "at", "valid"),
    [
        ("landing", ROTATED - MICROSECOND, True),
        ("landing", ROTATED + 7 * DAY - MICROSECOND, True),
        ("landing", ROTATED + 7 * DAY, False),
        ("stranger", ROTATED - MICROSECOND, False),
        ("stranger", ROTATED, True),
        ("stranger", REVOKED, True),
    ],
)
def test_both_keys_sign_during_the_overlap_and_each_alone_before_and_after(
    editions: Editions, keys: Keys, signer: str, at: datetime, valid: bool
) -> None:
    current, keyid = check_editions(editions[:2], keys.root.keyid), getattr(keys, signer).keyid
    if valid:
        assert current.signing_key(keyid, Scope.LANDING, at, "doc").keyid == keyid
        return
    with pytest.raises(Tampered, match="was not valid at"):
        current.signing_key(keyid, Scope.LANDING, at, "doc")


def test_an_ended_key_still_verifies_what_it_signed_before(editions: Editions, keys: Keys) -> None:
    current = check_editions(editions, keys.root.keyid)
    assert current.signing_key(keys.landing.keyid, Scope.LANDING, ROTATED, "doc").keyid == keys.landing.keyid


def sign_again(number: int, **said: Any) -> Change:
    """Return a change that lets the root sign other things in one edition, and what follows anew."""

    def change(editions: Editions, keys: Keys) -> Editions:
        before = editions[number - 2][1] if number > 1 else None
        at = (LANDED_AT, ROTATED, REVOKED)[number - 1]
        data = edition(keys.root, entries_of(keys, number), at, before, **said)
        return [*editions[: number - 1], (editions[number - 1][0], data)]

    return change


def list_others(number: int, change_entries: Callable[[list[ListedKey]], list[ListedKey]]) -> Change:
    def change(editions: Editions, keys: Keys) -> Editions:
        at = (LANDED_AT, ROTATED, REVOKED)[number - 1]
        entries = change_entries(entries_of(keys, number))
        return [*editions[: number - 1], (editions[number - 1][0], edition(keys.root, entries, at, editions[number - 2][1]))]

    return change


def by_another_root(editions: Editions, keys: Keys) -> Editions:
    said = {**payload(editions[2][1]), "root": {"keyid": keys.other_root.keyid, "public_key": keys.other_root.public_pem}}
    return [*editions[:2], (editions[2][0], seal(said, PAYLOAD_TYPE, keys.other_root))]


def stripped(editions: Editions, _: Keys) -> Editions:
    return [*editions[:2], (editions[2][0], json.dumps({**json.loads(editions[2][1]), "signatures": []}).encode())]


BROKEN: dict[str, tuple[Change, type[Exception], str]] = {
    "there is none": (lambda _e, _k: [], Missing, r"keys/root\.dsse\.json is not there"),
    "the first is gone": (lambda e, _: e[1:], Missing, r"keys/root\.dsse\.json is not there, and keys/root-000002"),
    "one between is gone": (
        lambda e, _: [e[0], e[2]],
        Missing,
        r"keys/root-000002\.dsse\.json is not there, and keys/root-000003",
    ),
    "the first stands under the second's key too": (
        lambda e, _: [e[0], (e[1][0], e[0][1])],
        Tampered,
        "root-000002.*edition 1 and does not follow",
    ),
    "two are swapped": (
        lambda e, _: [e[0], (e[1][0], e[2][1]), (e[2][0], e[1][1])],
        Tampered,
        "root-000002.*edition 3 and does not follow",
    ),
    "another number": (sign_again(3, edition=4), Tampered, "edition 4 and does not follow"),
    "the first has one before": (sign_again(1, previous_sha256="0" * 64), Tampered, "does not follow"),
    "it follows nothing": (sign_again(2, previous_sha256=None), Tampered, "does not follow"),
    "it follows another": (sign_again(2, previous_sha256="0" * 64), Tampered, "does not follow"),
    "another first digest": (sign_again(3, genesis_digest="0" * 64), Tampered, "its first digest is another one"),
    "issued before": (sign_again(3, issued_at="2026-11-03T00:00:00.000000Z"), Tampered, "issued before the edition"),
    "a key is dropped": (list_others(3, lambda e: e[1:]), Tampered, "drops or alters key"),
    "another scope": (list_others(2, lambda e: [replace(e[0], scope=Scope.RESPONSE), *e[1:]]), Tampered, "drops or alters key"),
    "valid from earlier": (
        list_others(2, lambda e: [e[0], replace(e[1], valid_from=VALID_FROM - DAY)]),
        Tampered,
        "drops or alters",
    ),
    "an end is moved": (
        list_others(3, lambda e: [replace(e[0], valid_to=ROTATED + 8 * DAY), *e[1:]]),
        Tampered,
        "moves valid_to",
    ),
    "an end is taken away": (list_others(3, lambda e: [replace(e[0], valid_to=None), *e[1:]]), Tampered, "moves valid_to"),
    "the last is by another root": (by_another_root, CannotCheck, "expected root"),
    "the last is stripped": (stripped, Missing, "expected a signature"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_follow_is_refused(editions: Editions, keys: Keys, name: str) -> None:
    change, error, reason = BROKEN[name]
    with pytest.raises(error, match=reason) as caught:
        check_editions(change(editions, keys), keys.root.keyid)
    assert caught.type is error


@pytest.mark.parametrize("revoked_at", [None, REVOKED - DAY, REVOKED + DAY])
def test_a_revocation_is_never_moved(editions: Editions, keys: Keys, revoked_at: datetime | None) -> None:
    first, *others = entries_of(keys, 3)
    fourth = edition(keys.root, [replace(first, revoked_at=revoked_at), *others], REVOKED + DAY, editions[2][1])
    with pytest.raises(Tampered, match="moves revoked_at"):
        check_editions([*editions, ("keys/root-000004.dsse.json", fourth)], keys.root.keyid)


def test_an_edition_that_somebody_took_back_leaves_the_ones_before_in_force(editions: Editions, keys: Keys) -> None:
    # Whoever can hide the newest edition can hide a revocation: the bucket's locks and the digests stop that, not the list.
    assert check_editions(editions[:2], keys.root.keyid).keys[0].revoked_at is None
