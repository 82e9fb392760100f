# SPDX-License-Identifier: Apache-2.0
"""A whole small evidence bucket, written over S3 with the library's own functions: what attacks are done to.

Two observation periods, two controls, four landings: one in two parts, one that supersedes another. An extraction that did not
land, a response, a catalog, a key list of two editions (the first landing key is revoked in the second), and a chain of four
digests, of which the last closes the first period.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.unit.evidence.signed_copy import CONTRACT, predicate, things
from tieout.evidence import signed
from tieout.evidence.bucket import establish
from tieout.evidence.key_ceremony import Revocation, Rotation, revoke, rotate
from tieout.evidence.key_list import build_key_list, check_key_list
from tieout.evidence.keys import DocumentSigner, Scope, generate_key
from tieout.evidence.landing import Draft, LandingReference, StoredPage, land, landing_id
from tieout.evidence.layout import KEY_LIST, Place, digest_key, index_key, key_list_key
from tieout.evidence.parts import write_parts
from tieout.evidence.records import Record, RecordedObject, RecordKind, write_record
from tieout.evidence.store import Retention, S3Store
from tieout.files import file_sha256
from tieout.flows.digest import seal
from tieout.times import instant

CADENCE = 3600
CHANGES, ACCESS = "cc8_1_change_management", "cc6_1_access"
FIRST, SECOND = "2026-H1", "2026-H2"
PLACES = {"a": Place(FIRST, CHANGES, "2026-05"), "b": Place(FIRST, ACCESS, "2026-05"), "c": Place(SECOND, CHANGES, "2026-07")}
FAILED = Place(FIRST, CHANGES, "2026-06")
LATE = Place(SECOND, ACCESS, "2026-08")
"""A slot that nothing has landed in."""
CAMPAIGN, ASSIGNMENT = "access-review-1", "assignment-1"
CATALOG_KEY = f"catalog/1/{'c0ffee' * 6}c0de/scope.yaml"
RETENTION_DAYS = 2900
LAST_DIGEST = timedelta(minutes=30)
"""After its begin a scene's last digest is made by a clock that is ahead: the end of the second period lies before it."""
PERIOD_END = timedelta(minutes=20)


@dataclass(frozen=True)
class Keys:
    """The keys of one installation, and those of people who have no business there."""

    root: DocumentSigner
    landing: DocumentSigner
    landing_next: DocumentSigner
    response: DocumentSigner
    digest: DocumentSigner
    stranger: DocumentSigner

    @classmethod
    def generate(cls, folder: Path) -> Keys:
        """Make six keys in a folder."""
        folder.mkdir(parents=True)
        return cls(**{name: generate_key(folder / f"{name}.pem") for name in cls.__dataclass_fields__})

    @property
    def scopes(self) -> dict[Scope, DocumentSigner]:
        """The keys of the first edition, by scope."""
        return {Scope.ROOT: self.root, Scope.LANDING: self.landing, Scope.RESPONSE: self.response, Scope.DIGEST: self.digest}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a scene may differ in.

    Attributes:
        mode: Lock mode of every object.
        period_end: When the second observation period ends, counted from the scene's begin.
        before_digest: Called with the store and the number of each digest before it is made.
        slip: Returns another lock for a key than the one that was asked for, or ``None`` for no lock at all.
    """

    mode: str = "COMPLIANCE"
    period_end: timedelta = PERIOD_END
    before_digest: Callable[[Builder, int], None] = field(default=lambda _builder, _number: None)
    slip: Callable[[str, Retention], Retention | None] = field(default=lambda _key, retention: retention)


@dataclass(frozen=True)
class Landed:
    """A landing: what it is called, and its keys."""

    landing: str
    manifest: str
    parts: tuple[str, ...]
    raw: str


@dataclass
class Marks:
    """The keys that attacks are about."""

    a: Landed
    """In two parts, signed by a key that was revoked later, in the first period."""
    b: Landed
    """In the first period, of the other control."""
    old: Landed
    """Superseded, in the second period."""
    new: Landed
    """What supersedes it."""
    record: str
    record_raw: str
    response: str
    presented: str
    catalog: str = CATALOG_KEY
    digests: tuple[str, ...] = tuple(digest_key(number) for number in range(4))
    indexes: tuple[str, ...] = (index_key(FIRST, 1), index_key(SECOND, 2))
    key_lists: tuple[str, ...] = (KEY_LIST, key_list_key(2))


class SlippingStore(S3Store):
    """A store whose writer locks some objects otherwise than it says."""

    def __init__(self, client: Any, bucket: str, options: Options) -> None:
        super().__init__(client, bucket)
        self._slip = options.slip

    def put_locked(self, key: str, source: Path | bytes, sha256: str, retention: Retention) -> str:
        lock = self._slip(key, retention)
        if lock is not None:
            return super().put_locked(key, source, sha256, lock)
        data = source if isinstance(source, bytes) else source.read_bytes()
        answer = self._client.put_object(Bucket=self.bucket, Key=key, Body=data, ChecksumAlgorithm="SHA256")
        return str(answer["VersionId"])


class Builder:
    """Writes one scene into an empty bucket with Object Lock."""

    def __init__(self, client: Any, bucket: str, keys: Keys, work: Path, options: Options) -> None:
        self.begin = datetime.now(UTC)
        self.client, self.bucket, self.keys, self.options = client, bucket, keys, options
        self.store = SlippingStore(client, bucket, options)
        self.retention = Retention(options.mode, self.begin + timedelta(days=RETENTION_DAYS), "AES256", "")
        self._work = work
        work.mkdir(parents=True)

    def build(self) -> Marks:
        """Write everything, in the order in which it would come; returns what stands where."""
        store, keys = self.store, self.keys
        establish(store, keys.scopes, CADENCE, self.retention, self.begin - timedelta(minutes=55))
        self.put(CATALOG_KEY, b"scope: everything\n")
        a = self.land(PLACES["a"], 5, keys.landing)
        b = self.land(PLACES["b"], 2, keys.landing)
        record, page = self.fail(FAILED)
        self.digest(1)
        self.revoke_the_landing_key()
        response, presented = self.respond("response-1")
        old = self.land(PLACES["c"], 2, keys.landing_next)
        new = self.land(PLACES["c"], 3, keys.landing_next, "a row had been missed")
        self.digest(2)
        self.digest(3, timedelta(), (FIRST,))
        return Marks(a, b, old, new, record, page, response, presented)

    def now(self) -> datetime:
        """Tell the time."""
        return datetime.now(UTC)

    def put(self, key: str, data: bytes) -> str:
        """Put a locked object; returns its version."""
        path = self._work / "object"
        path.write_bytes(data)
        return self.store.put_locked(key, path, file_sha256(path), self.retention)

    def digest(self, number: int, late: timedelta | None = None, closes: tuple[str, ...] = ()) -> None:
        """Write the next digest and roll the index."""
        self.options.before_digest(self, number)
        clock = self.now if late is None else lambda: self.begin + LAST_DIGEST + late
        seal(self.store, self.keys.digest, self.retention, clock, CADENCE, closes)

    def land(self, place: Place, rows: int, signer: DocumentSigner, reason: str | None = None) -> Landed:
        """Land some rows of a window."""
        draft, folder = self.draft(place, rows, f"{place}{rows}")
        reference: LandingReference = land(draft, self.store, signer, self.retention, self.now, folder, reason)
        parts = tuple(place.part(part.table, draft.landing, part.number) for part in draft.parts)
        return Landed(draft.landing, reference.manifest_key, parts, draft.pages[0].key)

    def draft(self, place: Place, rows: int, seed: str) -> tuple[Draft, Path]:
        """Return a landing with its raw page in the bucket, and its work folder."""
        landing = landing_id("github", {"seed": seed})
        folder = self._work / landing
        folder.mkdir()
        parts, rows_hash = write_parts(things(rows), CONTRACT, landing, folder, 3)
        page = f"page of {seed}".encode()
        sha256 = hashlib.sha256(page).hexdigest()
        key = place.raw(landing, "page-00000.json")
        stored = StoredPage(key, self.put(key, page), sha256, len(page), sha256)
        said = predicate(place, landing, rows, rows_hash, sha256)
        said["observation_period"] |= self.period(place.observation_period)
        said["times"]["collected_at"]["at"] = instant(self.now())
        return Draft(place, landing, "github", tuple(parts), (stored,), said), folder

    def period(self, name: str) -> dict[str, str]:
        """Return from when to when an observation period is."""
        if name == FIRST:
            return {"from": "2026-01-01T00:00:00.000000Z", "to": "2026-07-01T00:00:00.000000Z"}
        return {"from": "2026-07-01T00:00:00.000000Z", "to": instant(self.begin + self.options.period_end)}

    def fail(self, place: Place) -> tuple[str, str]:
        """Record an extraction that did not land; returns the keys of the record and of its page."""
        landing = landing_id("github", {"failed": str(place)})
        page = b"no page of this API"
        key = place.raw(landing, "page-00000.json")
        entry = RecordedObject(key, self.put(key, page), hashlib.sha256(page).hexdigest(), len(page))
        record = Record(
            place=place,
            kind=RecordKind.DID_NOT_LAND,
            system="github",
            reason="The page breaks its contract.",
            by="a scene",
            at=self.now(),
            landing=landing,
            objects=(entry,),
            facts={},
        )
        write_record(record, self.store, self.keys.landing, self.retention)
        return record.key, key

    def respond(self, name: str) -> tuple[str, str]:
        """Store what a person was shown and the answer; returns the keys of the response and of what was shown."""
        shown = json.dumps({"question": "Is this access still needed?", "of": name}).encode()
        payload = response_payload(self.bucket, name, hashlib.sha256(shown).hexdigest(), self.now(), self.retention)
        presented = payload["key"].rpartition("/")[0] + f"/presented-{payload['presented_sha256']}.json"
        self.put(presented, shown)
        self.put(payload["key"], signed.sign(signed.RESPONSE, payload, payload["key"], self.keys.response))
        return payload["key"], presented

    def revoke_the_landing_key(self) -> None:
        """Publish the second edition: another landing key, and the first one revoked."""
        now, keys = self.now(), self.keys
        first = check_key_list(self.store.read(KEY_LIST, None) or b"", keys.root.keyid)
        rotated = rotate(first, Rotation(Scope.LANDING, keys.landing_next.public_pem, timedelta()), now)
        drafted = check_key_list(build_key_list(keys.root, rotated, now, first.genesis_sha256), keys.root.keyid)
        listed = revoke(drafted, Revocation(keys.landing.keyid, now, "its machine was stolen"), now)
        self.put(key_list_key(2), build_key_list(keys.root, listed, now, first.genesis_sha256, first))


def response_payload(bucket: str, name: str, presented_sha256: str | None, at: datetime, retention: Retention) -> dict[str, Any]:
    """Return what a response of the first period says."""
    stated = {"at": instant(at), "attested_by": "asserted by the entity"}
    place = Place(FIRST, ACCESS, "")
    return {
        "version": 1,
        "bucket": bucket,
        "key": place.response(CAMPAIGN, ASSIGNMENT, name),
        "response": name,
        "observation_period": FIRST,
        "control": ACCESS,
        "campaign": CAMPAIGN,
        "assignment": ASSIGNMENT,
        "population": None,
        "person": "person-1",
        "answer": {"keep": True},
        "presented_sha256": presented_sha256,
        "channel": {"kind": "web", "signature_checked": True},
        "acted_at": stated,
        "stored_at": stated,
        "retention": {"mode": retention.mode, "retain_until": instant(retention.until)},
    }
