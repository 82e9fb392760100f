# SPDX-License-Identifier: Apache-2.0
"""A digest says what the bucket has gained, and follows the one before it or is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.evidence.signed_copy import BUCKET, LANDED_AT, RETENTION, VALID_FROM, Keys, key_list_of, listed

from tieout.errors import CannotCheck, Missing, Tampered
from tieout.evidence.digest import Covered, Digest, Draft, Entry, after, build_digest, build_genesis, check_digest, read_digest
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import Scope
from tieout.evidence.layout import digest_key
from tieout.evidence.signed import Received
from tieout.evidence.store import LockState

ENTRY = Entry("raw/x", "v1", False, LANDED_AT, 7, "a" * 64, LockState("COMPLIANCE", RETENTION.until))
MARKER = Entry("raw/x", "v2", True, LANDED_AT, 0, None, None)


@pytest.fixture(scope="module")
def genesis(keys: Keys) -> bytes:
    return build_genesis(BUCKET, VALID_FROM, 3600, RETENTION, keys.digest)


@pytest.fixture(scope="module")
def trusted(keys: Keys, genesis: bytes) -> KeyList:
    entries = (listed(keys.digest, Scope.DIGEST), listed(keys.landing, Scope.LANDING))
    return replace(key_list_of(keys.root.keyid, *entries), genesis_sha256=hashlib.sha256(genesis).hexdigest())


@pytest.fixture(scope="module")
def first(genesis: bytes, trusted: KeyList) -> Digest:
    return check_digest(genesis, digest_key(0), trusted, BUCKET, None)


def following(keys: Keys, draft: Draft, *entries: Entry, **changes: object) -> bytes:
    arguments = {"end": LANDED_AT, "cadence_seconds": 3600, "retention": RETENTION, "signer": keys.digest} | changes
    return build_digest(draft, entries, **arguments)  # type: ignore[arg-type]


def test_what_was_built_is_read(keys: Keys, trusted: KeyList, first: Digest) -> None:
    data = following(keys, after(first, "v0"), ENTRY, MARKER, closes=["2026-H1"])
    digest = check_digest(data, digest_key(1), trusted, BUCKET, first)
    assert (digest.entries, digest.closes, digest.cadence_seconds) == ((ENTRY, MARKER), ("2026-H1",), 3600)
    assert digest.covered == Covered(versions=1, delete_markers=1, bytes=7)
    assert (digest.start, digest.end) == (first.end, LANDED_AT)
    assert digest == read_digest(data, digest_key(1))
    assert digest.sha256 == hashlib.sha256(data).hexdigest()


def test_totals_grow_along_the_chain(keys: Keys, trusted: KeyList, first: Digest) -> None:
    second = check_digest(following(keys, after(first, "v0"), ENTRY), digest_key(1), trusted, BUCKET, first)
    more = replace(ENTRY, version_id="v9", bytes=5)
    third = check_digest(following(keys, after(second, "v1"), more), digest_key(2), trusted, BUCKET, second)
    assert third.covered == Covered(versions=2, delete_markers=0, bytes=12)


def test_an_idle_hour_has_an_empty_digest(keys: Keys, trusted: KeyList, first: Digest) -> None:
    digest = check_digest(following(keys, after(first, "v0")), digest_key(1), trusted, BUCKET, first)
    assert (digest.entries, digest.covered) == ((), Covered())


def test_the_first_is_the_one_that_the_key_list_names(keys: Keys, trusted: KeyList) -> None:
    other = build_genesis(BUCKET, VALID_FROM + timedelta(days=1), 3600, RETENTION, keys.digest)
    with pytest.raises(Tampered, match="not the first digest that the key list names"):
        check_digest(other, digest_key(0), trusted, BUCKET, None)


def test_a_chain_does_not_start_in_its_middle(keys: Keys, trusted: KeyList, first: Digest) -> None:
    with pytest.raises(Missing, match="does not start where it started"):
        check_digest(following(keys, after(first, "v0")), digest_key(1), trusted, BUCKET, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sequence": 2}, "does not follow"),
        ({"previous": None}, "does not follow"),
        ({"start": VALID_FROM + timedelta(seconds=1)}, "and the one before ended"),
        ({"covered": Covered(versions=1)}, "totals are not those of the chain"),
        ({"bucket": "other"}, "signed for bucket 'other'"),
    ],
)
def test_a_digest_that_does_not_follow_is_tampered(
    keys: Keys, trusted: KeyList, first: Digest, change: dict[str, object], words: str
) -> None:
    draft = replace(after(first, "v0"), **change)  # type: ignore[arg-type]
    with pytest.raises(Tampered, match=words):
        check_digest(following(keys, draft, ENTRY), digest_key(draft.sequence), trusted, BUCKET, first)


def test_a_digest_that_follows_another_one_is_a_fork(keys: Keys, trusted: KeyList, first: Digest) -> None:
    other = replace(first, sha256="f" * 64)
    with pytest.raises(Tampered, match="cut, reordered or forked"):
        check_digest(following(keys, after(other, "v0")), digest_key(1), trusted, BUCKET, first)


def test_a_clock_that_ran_backwards_is_told(keys: Keys, trusted: KeyList, first: Digest) -> None:
    data = following(keys, replace(after(first, "v0"), start=LANDED_AT + timedelta(hours=1)))
    with pytest.raises(Tampered, match="a clock ran backwards"):
        check_digest(data, digest_key(1), trusted, BUCKET, replace(first, end=LANDED_AT + timedelta(hours=1)))


def test_a_version_stands_in_a_digest_once(keys: Keys, trusted: KeyList, first: Digest) -> None:
    with pytest.raises(Tampered, match="names a version twice"):
        check_digest(following(keys, after(first, "v0"), ENTRY, ENTRY), digest_key(1), trusted, BUCKET, first)


def test_a_digest_under_another_key_was_moved(keys: Keys, trusted: KeyList, first: Digest) -> None:
    with pytest.raises(Tampered, match="it was moved"):
        check_digest(following(keys, after(first, "v0")), digest_key(2), trusted, BUCKET, first)


@pytest.mark.parametrize("name", ["landing", "stranger", "root"])
def test_only_a_listed_digest_key_signs_digests(keys: Keys, trusted: KeyList, first: Digest, name: str) -> None:
    data = following(keys, after(first, "v0"), signer=getattr(keys, name))
    with pytest.raises(Tampered, match=r"scope digest|does not hold"):
        check_digest(data, digest_key(1), trusted, BUCKET, first)


def test_the_store_received_it_when_it_says_it_was_made(keys: Keys, trusted: KeyList, first: Digest) -> None:
    data = following(keys, after(first, "v0"))
    assert check_digest(data, digest_key(1), trusted, BUCKET, first, Received(LANDED_AT + timedelta(minutes=59)))
    for stored_at in (LANDED_AT + timedelta(minutes=61), LANDED_AT - timedelta(minutes=61)):
        with pytest.raises(Tampered, match="the store received it at"):
            check_digest(data, digest_key(1), trusted, BUCKET, first, Received(stored_at))


def test_what_breaks_the_schema_is_not_signed(keys: Keys, first: Digest) -> None:
    with pytest.raises(CannotCheck, match="malformed"):
        following(keys, after(first, "v0"), cadence_seconds=1)
