# SPDX-License-Identifier: Apache-2.0
"""Who may sign what, decided on paper: the first key list of a bucket, a rotation, a revocation. Bytes in, bytes out.

A change is asked for where the bucket is and signed where the root key is, which may be a machine without a network. What
travels is a request: the change, and every edition so far. The root's machine works out the next edition from it, shows what
it would sign, and holds the result against all editions before it lets it go: it signs no list that somebody else wrote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tieout.errors import CannotCheck, ConfigurationError
from tieout.evidence.digest import check_digest, read_digest
from tieout.evidence.key_list import KeyList, build_key_list, check_editions
from tieout.evidence.keys import DocumentSigner, ListedKey, Scope, public_key
from tieout.evidence.layout import digest_key, key_list_key
from tieout.times import instant

SCOPES = (Scope.LANDING, Scope.RESPONSE, Scope.DIGEST)
"""Scopes that a key list gives; the root's own is given by the fingerprint that the auditor holds."""


@dataclass(frozen=True, slots=True)
class First:
    """The first edition: one public key per scope, and the digest that the chain starts with."""

    keys: Mapping[Scope, str]
    genesis: bytes


@dataclass(frozen=True, slots=True)
class Rotation:
    """Another key for a scope. The ones before it go on for a while, so that no running task is cut off."""

    scope: Scope
    public_pem: str
    overlap: timedelta


@dataclass(frozen=True, slots=True)
class Revocation:
    """The end of a key, in the past: what it signed from then on is not believed. The reason is for people; no list keeps it."""

    keyid: str
    at: datetime
    reason: str


Change = First | Rotation | Revocation


@dataclass(frozen=True, slots=True)
class Request:
    """What the root is asked to sign."""

    bucket: str
    requested_at: datetime
    editions: tuple[bytes, ...]
    """Every edition so far, the first one first."""
    change: Change

    @property
    def key(self) -> str:
        """Where the edition that is asked for will stand."""
        return key_list_key(len(self.editions) + 1)


def fingerprint(public_pem: str) -> str:
    """Return a public key's fingerprint: the SHA-256 of its SPKI in DER, in hexadecimal.

    Raises:
        CannotCheck: The text holds no P-256 public key.
    """
    return str(public_key(public_pem).keyid)


def first_keys(keys: Mapping[Scope, str], now: datetime) -> tuple[ListedKey, ...]:
    """Return the entries of a first edition, valid from now on and without an end.

    Raises:
        ConfigurationError: A scope has no key, or two share one: whoever holds it could then sign for both.
    """
    absent = [scope.value for scope in SCOPES if scope not in keys]
    if absent or len(keys) != len(SCOPES):
        msg = f"key list: expected one key each for {', '.join(SCOPES)}; {', '.join(absent) or 'another one'} is the difference."
        raise ConfigurationError(msg)
    listed = tuple(ListedKey(fingerprint(keys[scope]), scope, keys[scope], now, None, None) for scope in SCOPES)
    if len({key.keyid for key in listed}) != len(listed):
        msg = "key list: two scopes share a key. Each scope needs a key of its own, or one principal could sign as another."
        raise ConfigurationError(msg)
    return listed


def rotate(current: KeyList, rotation: Rotation, now: datetime) -> tuple[ListedKey, ...]:
    """Return the keys of the next edition: the new one valid from now, the scope's others until the overlap is over.

    Raises:
        ConfigurationError: The new key is or was on the list, the scope is the root's, or the clock is behind the list.
    """
    _check_clock(current, now)
    if rotation.scope not in SCOPES:
        msg = (
            "key list: the root key is not rotated: its fingerprint is what auditors hold. Another root is another chain of "
            "trust: establish it with init, in a bucket of its own."
        )
        raise ConfigurationError(msg)
    keyid = fingerprint(rotation.public_pem)
    if any(key.keyid == keyid for key in current.keys):
        msg = f"key list: key {keyid[:16]} is or was on it. Rotate to a key that has never been used."
        raise ConfigurationError(msg)
    end = now + rotation.overlap

    def ended(key: ListedKey) -> ListedKey:
        goes_on = key.scope is rotation.scope and key.valid_to is None and key.revoked_at is None
        return replace(key, valid_to=end) if goes_on else key

    return (
        *(ended(key) for key in current.keys),
        ListedKey(keyid, rotation.scope, rotation.public_pem, now, None, None),
    )


def revoke(current: KeyList, revocation: Revocation, now: datetime) -> tuple[ListedKey, ...]:
    """Return the keys of the next edition, one of them revoked.

    Raises:
        ConfigurationError: There is no such key, it is revoked already, the time lies before its validity or in the future, or
            the clock is behind the list.
    """
    _check_clock(current, now)
    key = next((key for key in current.keys if key.keyid == revocation.keyid), None)
    if key is None:
        msg = f"key list: it holds no key {revocation.keyid[:16]}. Run tieout keys show for those it holds."
        raise ConfigurationError(msg)
    if key.revoked_at is not None:
        msg = f"key list: key {key.keyid[:16]} is revoked since {instant(key.revoked_at)}, and a revocation is never moved."
        raise ConfigurationError(msg)
    if not key.valid_from <= revocation.at <= now:
        msg = (
            f"key list: expected a revocation between {instant(key.valid_from)}, when key {key.keyid[:16]} became valid, and now "
            f"({instant(now)}), got {instant(revocation.at)}. For an end in the future, rotate."
        )
        raise ConfigurationError(msg)
    return tuple(replace(entry, revoked_at=revocation.at) if entry is key else entry for entry in current.keys)


def keyid_of(current: KeyList, prefix: str) -> str:
    """Return the id of the one listed key that starts with a prefix of at least eight digits.

    Raises:
        ConfigurationError: None does, more than one does, or the prefix is shorter.
    """
    found = [key.keyid for key in current.keys if key.keyid.startswith(prefix.lower())]
    if len(prefix) < 8 or len(found) != 1:
        got = f"{prefix[:64]!r}: {len(found)} match"
        msg = f"key list: expected the id of one listed key, or eight or more of its first digits, got {got}."
        raise ConfigurationError(msg)
    return found[0]


def sign(request: Request, root: DocumentSigner, now: datetime) -> bytes:
    """Return the edition that a request asks for, signed and checked.

    1. Every edition so far is in order under this very root (`check_editions`).
    2. The next one is worked out from the change, at the time of signing; a first one is valid from when it was asked for.
    3. The root's key is not among the keys it lists.
    4. With the new one, all editions are in order; the first digest is the one of this bucket, signed by the listed key.

    Args:
        request: What is asked for.
        root: The root key.
        now: The time on this machine. If it is behind the request, the request's counts.

    Raises:
        ConfigurationError: The change can not be made.
        VerificationError: What the request brings along is not in order: the subclass says what it is.
    """
    editions = numbered(request.editions)
    before = check_editions(editions, root.keyid) if editions else None  # (1)
    issued_at = max(now, request.requested_at)
    keys = keys_after(request, before, issued_at)  # (2)
    if any(key.keyid == root.keyid for key in keys):  # (3)
        msg = "key list: the root key is among the keys it would list. The root signs key lists and nothing else."
        raise ConfigurationError(msg)
    genesis = request.change.genesis if isinstance(request.change, First) else None
    genesis_sha256 = hashlib.sha256(genesis).hexdigest() if genesis else _of(before).genesis_sha256
    data = build_key_list(root, keys, issued_at, genesis_sha256, before)
    current = check_editions([*editions, (request.key, data)], root.keyid)  # (4)
    if genesis:
        check_digest(genesis, digest_key(0), current, request.bucket, None)
    return data


def numbered(editions: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """Return editions, the first one first, with the keys that they stand under."""
    return [(key_list_key(number), data) for number, data in enumerate(editions, start=1)]


def describe(request: Request) -> list[str]:
    """Return what a request asks the root to sign, in sentences for the person who holds it."""
    lines = [f"{request.key} of bucket {request.bucket}, asked for at {instant(request.requested_at)}:"]
    change = request.change
    if isinstance(change, First):
        lines += [f"  {scope} key {fingerprint(change.keys[scope])}, valid from then on" for scope in SCOPES]
        lines.append(f"  the chain of digests starts with {read_digest(change.genesis, digest_key(0)).sha256}")
    elif isinstance(change, Rotation):
        days = change.overlap / timedelta(days=1)
        lines.append(f"  {change.scope} key {fingerprint(change.public_pem)}, valid from when you sign")
        lines.append(f"  every other {change.scope} key that has no end yet ends {days:g} days after you sign")
    else:
        lines.append(f"  key {change.keyid} is revoked: what it signed from {instant(change.at)} on is not believed")
        lines.append(f"  reason: {change.reason}")
    return lines


def keys_after(request: Request, before: KeyList | None, now: datetime) -> tuple[ListedKey, ...]:
    """Return the keys of the edition that a request asks for, after the newest one so far, signed now.

    Raises:
        ConfigurationError: The change can not be made.
        CannotCheck: The request asks for a change of a list that it does not bring along.
    """
    change = request.change
    if isinstance(change, First):
        if before is not None:
            msg = "key list: this bucket has a first edition. Ask for a rotation or a revocation."
            raise ConfigurationError(msg)
        return first_keys(change.keys, request.requested_at)
    return rotate(_of(before), change, now) if isinstance(change, Rotation) else revoke(_of(before), change, now)


def _of(before: KeyList | None) -> KeyList:
    if before is None:
        msg = "key list request: it asks for a change of a list and brings none along: malformed."
        raise CannotCheck(msg)
    return before


def _check_clock(current: KeyList, now: datetime) -> None:
    if now < current.issued_at:
        msg = f"key list: it was issued at {instant(current.issued_at)}; this machine's clock says {instant(now)}. Set the clock."
        raise ConfigurationError(msg)
