# SPDX-License-Identifier: Apache-2.0
"""The identity table: whose e-mail address a person id of the evidence stands for, for as long as that may be known.

    people/<person id>.json     address, name if known, when first seen; expires with the bucket's rule, is seen again, comes back
    erased/<person id>.json     who erased the entry, when and why; no personal data, and it never expires

It stands in a bucket of its own: no Object Lock, encrypted with a key of its own that can be destroyed. Locked evidence holds
the ids, so erasing an entry changes no byte of it. What erasure takes away is the table's answer; who knows an address can
still find out whether an id is its own, with the key of the ids or from a page about few people (`tieout.persons`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tieout.errors import CannotCheck, ConfigurationError
from tieout.evidence.store import S3Store
from tieout.persons import PERSON_ID
from tieout.settings import Settings
from tieout.times import instant

PEOPLE = "people/"
ERASED = "erased/"
_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Person:
    """An entry of the table."""

    person: str
    email: str
    name: str | None
    first_seen: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is left of an entry: nothing of the person's."""

    person: str
    erased_by: str
    erased_at: str
    reason: str


class UnlockedStore(S3Store):
    """A bucket without Object Lock, in which an identity may create and delete."""

    @classmethod
    def beside(cls, store: S3Store, bucket: str) -> UnlockedStore:
        """Return another bucket of the same store, as the same identity."""
        return cls(store._client, bucket)

    def create(self, key: str, data: bytes, sse_key_id: str, *, over: bool = False) -> bool:
        """Store an object unless the key is taken, or over what stands there; returns whether it was stored now."""
        arguments = {"ServerSideEncryption": "AES256"}
        if sse_key_id:
            arguments = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": sse_key_id}
        if not over:
            arguments["IfNoneMatch"] = "*"
        try:
            self._client.put_object(Bucket=self.bucket, Key=key, Body=data, **arguments)
        except Exception as error:
            if _is_taken(error):
                return False
            self._raise(error, key)
        return True

    def delete(self, key: str) -> int:
        """Delete every version and delete marker of a key, and return how many there were."""
        listed = [version for version in self.versions(key) if version.key == key]
        for version in listed:
            try:
                self._client.delete_object(Bucket=self.bucket, Key=key, VersionId=version.version_id)
            except Exception as error:
                self._raise(error, key)
        return len(listed)


def _is_taken(error: Exception) -> bool:
    response = getattr(error, "response", None)
    return isinstance(response, dict) and response.get("Error", {}).get("Code") in ("PreconditionFailed", "412")


class IdentityTable:
    """The table in its bucket. Errors name person ids, never addresses."""

    def __init__(self, store: UnlockedStore, sse_key_id: str) -> None:
        self._store = store
        self._sse_key_id = sse_key_id

    @classmethod
    def beside(cls, store: S3Store, settings: Settings) -> IdentityTable:
        """Return the table that the settings name, reached as the identity that reaches ``store``.

        Raises:
            ConfigurationError: The settings name none.
        """
        if not settings.identity_bucket:
            msg = (
                "TIEOUT_IDENTITY_BUCKET: expected the bucket of the identity table, got nothing. Set it and TIEOUT_IDENTITY_KEY."
            )
            raise ConfigurationError(msg)
        return cls(UnlockedStore.beside(store, settings.identity_bucket), settings.identity_sse_key_id)

    def add(self, people: Mapping[str, str], now: datetime) -> int:
        """Enter those who are not in the table; returns how many were entered now.

        Running it again enters nobody twice. An id that was erased stays erased, also if both run at the same time: this
        looks at the tombstones again after it has entered somebody, and an erasure deletes after it has left its tombstone.

        Args:
            people: Address by person id.
            now: When they were seen.

        Raises:
            StoreUnavailable: The store did not answer; run it again.
        """
        if not people:
            return 0
        known, erased = self._ids(PEOPLE), self._ids(ERASED)
        absent = sorted(people.keys() - known - erased)
        with ThreadPoolExecutor(_WORKERS) as pool:
            made = list(pool.map(lambda person: self._enter(person, people[person], now), absent))
        entered = {person for person, new in zip(absent, made, strict=True) if new}
        erased = self._ids(ERASED) if entered else erased
        for person in erased & (entered | known):
            self._forget(person)
        return len(entered - erased)

    def resolve(self, person: str) -> Person | Erasure | None:
        """Return whom an id stands for, or that the entry was erased; ``None`` where the table does not know it.

        Raises:
            ConfigurationError: It is no person id.
        """
        if (erased := self._read(_key(ERASED, person))) is not None:
            return Erasure(**erased)
        entry = self._read(_key(PEOPLE, person))
        return None if entry is None else Person(**entry)

    def erase(self, person: str, by: str, reason: str, now: datetime) -> int:
        """Delete an entry for good, and bar its id from ever being entered again; returns how many versions were deleted.

        Running it again deletes what came back in between, and keeps the first tombstone.

        Raises:
            ConfigurationError: It is no person id, or the bucket's rules keep the entry.
            StoreUnavailable: The store did not answer; run it again.
        """
        key = _key(PEOPLE, person)
        tombstone = Erasure(person, by, instant(now), reason)
        self._store.create(_key(ERASED, person), _document(tombstone), self._sse_key_id)
        deleted = self._store.delete(key)
        if self._store.keys(key):
            msg = f"s3://{self._store.bucket}/{key}: deleted, and still there. This bucket must have no Object Lock."
            raise ConfigurationError(msg)
        return deleted

    def _ids(self, prefix: str) -> set[str]:
        return {key.removeprefix(prefix).removesuffix(".json") for key in self._store.keys(prefix)}

    def _enter(self, person: str, email: str, now: datetime) -> bool:
        entry = Person(person, email, None, instant(now))
        return self._store.create(_key(PEOPLE, person), _document(entry), self._sse_key_id)

    def _forget(self, person: str) -> None:
        try:
            self._store.delete(_key(PEOPLE, person))
        except ConfigurationError:  # a writer may put and not delete: in a bucket without versions nothing is left either
            left = json.dumps(self._read(_key(ERASED, person))).encode()
            self._store.create(_key(PEOPLE, person), left, self._sse_key_id, over=True)

    def _read(self, key: str) -> dict[str, Any] | None:
        chunks = self._store.chunks(key)
        if chunks is None:
            return None
        try:
            document: dict[str, Any] = json.loads(b"".join(chunks))
        except ValueError as error:
            msg = f"s3://{self._store.bucket}/{key}: expected a JSON object, got something else. Find out who wrote it."
            raise CannotCheck(msg) from error
        return document


def _key(prefix: str, person: str) -> str:
    if not PERSON_ID.fullmatch(person):
        msg = "expected a person id such as person-0123456789abcdef0123, as it stands in the evidence; got something else."
        raise ConfigurationError(msg)
    return f"{prefix}{person}.json"


def _document(entry: Person | Erasure) -> bytes:
    return json.dumps(asdict(entry), indent=1, ensure_ascii=False).encode()
