# SPDX-License-Identifier: Apache-2.0
"""A small signed copy of an evidence bucket, built with the library's own functions, and ways to tamper with it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.contracts.odcs import Column, Contract
from tieout.evidence.digest import Entry, after, build_digest, build_genesis, read_digest
from tieout.evidence.dsse import IN_TOTO, seal
from tieout.evidence.key_list import KeyList, build_key_list
from tieout.evidence.keys import DocumentSigner, ListedKey, Scope
from tieout.evidence.landing import landing_id
from tieout.evidence.layout import KEY_LIST, Place, digest_key
from tieout.evidence.manifest import build_manifest, part_subject, raw_subject
from tieout.evidence.parts import write_parts
from tieout.evidence.sources import Copy
from tieout.evidence.store import LockState, Retention
from tieout.evidence.verify import ItemOutcome, Question, Report, verify

LANDED_AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
VALID_FROM = datetime(2026, 7, 1, tzinfo=UTC)
DIGESTED_AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
RETENTION = Retention("COMPLIANCE", datetime(2034, 1, 5, tzinfo=UTC), "AES256", "")
BUCKET = "evidence-bucket"
PLACES = (
    Place("2026-H2", "cc8_1_change_management", "2026-10"),
    Place("2026-H2", "cc6_1_access", "2026-10"),
    Place("2027-H1", "cc8_1_change_management", "2027-01"),
)
ROWS = (5, 0, 2)
PART_ROWS = 3
Statement = dict[str, Any]

CONTRACT = Contract(
    evidence_type="thing.v1",
    table="thing",
    id="urn:tieout:contract:thing",
    version="1.0.0",
    sha256="c" * 64,
    columns=(
        Column("id", pa.string(), required=True, personal=False),
        Column("number", pa.int64(), required=False, personal=False),
        Column("ratio", pa.float64(), required=False, personal=False),
        Column("done", pa.bool_(), required=False, personal=False),
        Column("at", pa.timestamp("us", tz="UTC"), required=False, personal=False),
        Column("day", pa.date32(), required=False, personal=False),
        Column("note", pa.string(), required=False, personal=False),
    ),
    key=("id",),
    rules=(),
)


@dataclass(frozen=True)
class Keys:
    """The keys of one installation, and one of another root."""

    root: DocumentSigner
    landing: DocumentSigner
    digest: DocumentSigner
    stranger: DocumentSigner
    other_root: DocumentSigner


def things(count: int) -> pa.Table:
    """Return rows of the contract; every other row is null wherever it may be."""
    numbers = [None if at % 2 else at for at in range(count)]
    return pa.table(
        {
            "id": [f"thing-{at:04}" for at in range(count)],
            "number": numbers,
            "ratio": [None if number is None else number / 3 for number in numbers],
            "done": [None if number is None else number % 4 == 0 for number in numbers],
            "at": [None if number is None else LANDED_AT.replace(microsecond=number) for number in numbers],
            "day": [None if number is None else LANDED_AT.date() for number in numbers],
            "note": [None if number is None else "" if number == 0 else f"é{number}" for number in numbers],
        },
        schema=CONTRACT.schema,
    )


def listed(signer: DocumentSigner, scope: Scope, **times: datetime | None) -> ListedKey:
    """Return a key's entry in the key list; valid from July 2026 and without end, unless told otherwise."""
    ends = {"valid_from": VALID_FROM, "valid_to": None, "revoked_at": None} | times
    return ListedKey(signer.keyid, scope, signer.public_pem, **ends)  # type: ignore[arg-type]


EVENTS = {"on_time": 5, "late": 0, "not_performed": 0, "pending": 0, "not_determinable": 0, "pending_until": None}


def predicate(place: Place, landing: str, rows: int, rows_hash: str, page_sha256: str) -> Statement:
    """Return a whole predicate."""
    asserted = "asserted by the entity"
    return {
        "layout_version": 1,
        "bucket": BUCKET,
        "manifest_key": place.manifest(landing),
        "landing": landing,
        "control": {"id": place.control, "title": "T", "statement_version": 1, "statement": "S.", "sha256": "a" * 64},
        "system": "github",
        "observation_period": {
            "id": place.observation_period,
            "from": "2026-07-01T00:00:00.000000Z",
            "to": "2027-01-01T00:00:00.000000Z",
            "time_zone": "UTC",
        },
        "window": {"key": place.window, "from": "2026-10-01T00:00:00.000000Z", "to": "2026-11-01T00:00:00.000000Z"},
        "extraction": {"state": "in window", "lag_seconds": 108_000},
        "population": {"rows": rows, "rows_sha256": rows_hash, "encoding": "tieout-rows-1"},
        "contract": {"evidence_type": "thing.v1", "id": CONTRACT.id, "version": "1.0.0", "sha256": CONTRACT.sha256},
        "rule_results": [],
        "potential_deviations": 0,
        "performances": {"shown": None, "events": EVENTS},
        "ipe": {"pages": [{"received_sha256": page_sha256}]},
        "code": {"version": "0.1.0", "commit": None, "modified": None},
        "retention": {"mode": "COMPLIANCE", "retain_until": "2034-01-05T00:00:00.000000Z"},
        "supersedes": None,
        "times": {
            "collected_at": {"at": "2026-11-02T05:00:00.000000Z", "attested_by": asserted},
            "landed_at": {"at": "2026-11-02T06:00:00.000000Z", "attested_by": asserted},
        },
    }


def key_list_of(root: str, *keys: ListedKey) -> KeyList:
    """Return a checked key list as the checks take it."""
    return KeyList(root, keys, 1, None, VALID_FROM, "0" * 64, "1" * 64)


def land_in(folder: Path, place: Place, rows: int, signer: DocumentSigner, work: Path) -> str:
    """Write one landing into a copy, parts and page first, and return the key of its manifest."""
    landing = landing_id("github", {"window": place.window, "control": place.control})
    page = f"page of {place.window}".encode()
    page_sha256 = hashlib.sha256(page).hexdigest()
    work.mkdir()
    parts, rows_hash = write_parts(things(rows), CONTRACT, landing, work, PART_ROWS)
    page_key = place.raw(landing, "page-00000.csv")
    _write(folder / page_key, page)
    subjects = [raw_subject(page_key, page_sha256, "version-raw", len(page), page_sha256)]
    for part in parts:
        key = place.part(part.table, landing, part.number)
        _write(folder / key, part.path.read_bytes())
        version = f"version-{part.number}"
        subjects.append(part_subject(key, part, version))
    document = predicate(place, landing, rows, rows_hash, page_sha256)
    _write(folder / document["manifest_key"], build_manifest(subjects, document, signer))
    return str(document["manifest_key"])


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@dataclass(frozen=True)
class SignedCopy:
    """A copy of three landings: 5 rows in two parts, none in one, 2 in one; each with one raw page."""

    folder: Path
    keys: Keys
    manifests: tuple[str, ...]

    @property
    def manifest(self) -> str:
        """Key of the manifest that tests tamper with."""
        return self.manifests[0]

    @property
    def root(self) -> str:
        """Fingerprint that the auditor was given."""
        return self.keys.root.keyid

    def path(self, key: str) -> Path:
        """Return where a key stands."""
        return self.folder / key

    def envelope(self, key: str | None = None) -> Statement:
        """Return a signed document as parsed JSON; the first manifest unless told otherwise."""
        return dict(json.loads(self.path(key or self.manifest).read_bytes()))

    def statement(self, key: str | None = None) -> Statement:
        """Return what a signed document says."""
        return dict(json.loads(base64.b64decode(self.envelope(key)["payload"])))

    def subjects(self, role: str, key: str | None = None) -> list[str]:
        """Return the keys of a manifest's subjects that have a role."""
        return [entry["name"] for entry in self.statement(key)["subject"] if entry["annotations"]["role"] == role]

    def write(self, key: str, data: bytes) -> None:
        """Put bytes in the place of a key."""
        _write(self.path(key), data)

    def write_envelope(self, change: Callable[[Statement], object], key: str | None = None) -> None:
        """Change a signed document's envelope in place."""
        envelope = self.envelope(key)
        change(envelope)
        self.write(key or self.manifest, json.dumps(envelope).encode())

    def write_payload(self, payload: bytes, key: str | None = None) -> None:
        """Change a signed document's payload and leave its signature."""
        self.write_envelope(lambda envelope: envelope.update(payload=base64.b64encode(payload).decode()), key)

    def sign_again(self, change: Callable[[Statement], object], signer: DocumentSigner | None = None) -> None:
        """Change what the first manifest says, and sign it without asking our schema."""
        statement = self.statement()
        change(statement)
        self.write(self.manifest, seal(statement, IN_TOTO, signer or self.keys.landing))

    def list_keys(self, keys: Iterable[ListedKey], root: DocumentSigner | None = None) -> None:
        """Write another key list."""
        genesis = hashlib.sha256(self.path(digest_key(0)).read_bytes()).hexdigest()
        self.write(KEY_LIST, build_key_list(root or self.keys.root, keys, LANDED_AT, genesis))

    def digest(self) -> None:
        """Write the second digest anew, over what is there now: as if whatever was done had been done before it."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        keys = [path.relative_to(self.folder).as_posix() for path in files]
        before = read_digest(self.path(digest_key(0)).read_bytes(), digest_key(0))
        versions = self.version_ids()
        entries = [self.entry(key, versions.get(key)) for key in keys if key not in (KEY_LIST, digest_key(1))]
        draft = after(before, "version-digest-0")
        self.write(digest_key(1), build_digest(draft, entries, DIGESTED_AT, 3600, RETENTION, self.keys.digest))

    def version_ids(self) -> dict[str, str]:
        """Return the version of each object that manifests pin, and of the digests."""
        pinned = {digest_key(number): f"version-digest-{number}" for number in (0, 1)}
        for key in self.manifests:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                pinned |= {entry["name"]: entry["annotations"]["version_id"] for entry in self.statement(key)["subject"]}
        return pinned

    def entry(self, key: str, version_id: str | None = None) -> Entry:
        """Return what the digest principal sees under a key."""
        data = self.path(key).read_bytes()
        locked = LockState(RETENTION.mode, RETENTION.until)
        return Entry(
            key, version_id or f"version of {key}", False, LANDED_AT, len(data), hashlib.sha256(data).hexdigest(), locked
        )

    def verify(self, root: str | None = "", *, digest: bool = True, now: datetime = NOW, **scope: Any) -> Report:
        """Verify the copy under its own root, unless told otherwise, after a digest over what is there."""
        if digest and self.path(digest_key(0)).exists():
            self.digest()
        arguments = {name: scope.pop(name) for name in ("progress", "head", "quick") if name in scope}
        question = Question(**scope)
        return verify(Copy(self.folder), self.root if root == "" else root, now=now, question=question, **arguments)

    def outcome(self, report: Report, key: str | None = None) -> ItemOutcome:
        """Return what a report says of one manifest, or of another object."""
        return next(item for item in report.items if item.key == (key or self.manifest))


def build_copy(folder: Path, keys: Keys) -> SignedCopy:
    """Write a copy of three landings, and the list of the keys that signed it."""
    signers = (listed(keys.landing, Scope.LANDING), listed(keys.digest, Scope.DIGEST))
    manifests = tuple(
        land_in(folder / "copy", place, rows, keys.landing, folder / f"work-{number}")
        for number, (place, rows) in enumerate(zip(PLACES, ROWS, strict=True))
    )
    copy = SignedCopy(folder / "copy", keys, manifests)
    copy.write(digest_key(0), build_genesis(BUCKET, VALID_FROM, 3600, RETENTION, keys.digest))
    copy.list_keys(signers)
    copy.digest()
    return copy
