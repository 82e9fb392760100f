# SPDX-License-Identifier: Apache-2.0
"""A landing's manifest: an in-toto Statement in a DSSE envelope. Its subjects are the Parquet parts and the raw pages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tieout.errors import Tampered
from tieout.evidence import signed
from tieout.evidence.dsse import stated_instant
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import Place

if TYPE_CHECKING:
    from tieout.evidence.parts import Part

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:tieout:landing:v1"


@dataclass(frozen=True, slots=True)
class Subject:
    """One stored object that a manifest answers for."""

    key: str
    sha256: str
    version_id: str
    role: str
    rows: int | None
    rows_sha256: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says. ``sha256`` is that of the envelope's bytes."""

    key: str
    sha256: str
    subjects: tuple[Subject, ...]
    predicate: dict[str, Any]

    @property
    def landing(self) -> str:
        """The landing's id."""
        return str(self.predicate["landing"])


def build_manifest(subjects: Iterable[dict[str, Any]], predicate: dict[str, Any], signer: DocumentSigner) -> bytes:
    """Return a signed manifest.

    Raises:
        CannotCheck: What was to be signed breaks our own schema; nothing is signed then.
    """
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": sorted(subjects, key=lambda subject: str(subject["name"])),
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    return signed.sign(signed.MANIFEST, statement, predicate["manifest_key"], signer)


def part_subject(key: str, part: Part, version_id: str) -> dict[str, Any]:
    """Return the subject of a Parquet part."""
    annotations = {
        "role": "part",
        "version_id": version_id,
        "bytes": part.bytes,
        "evidence_type": part.evidence_type,
        "rows": part.rows,
        "rows_sha256": part.rows_sha256,
    }
    return {"name": key, "digest": {"sha256": part.sha256}, "annotations": annotations}


def raw_subject(key: str, sha256: str, version_id: str, size: int, received_sha256: str) -> dict[str, Any]:
    """Return the subject of a raw page."""
    annotations = {"role": "raw", "version_id": version_id, "bytes": size, "received_sha256": received_sha256}
    return {"name": key, "digest": {"sha256": sha256}, "annotations": annotations}


def read_manifest(data: bytes, key: str) -> Manifest:
    """Read a manifest without checking its signature: for looking up what stands, never for relying on it.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
    """
    return _manifest(data, key, signed.read(signed.MANIFEST, data, key))


def check_manifest(
    data: bytes, key: str, key_list: KeyList, bucket: str | None, received: signed.Received | None = None
) -> Manifest:
    """Read a manifest and check everything that its own bytes and the key list can tell.

    1. Envelope, schema, key and signature are in order (`signed.check`).
    2. The manifest belongs where it was found: its own key, and its bucket where there is one to compare.
    3. Its subjects belong to it: their keys carry its landing, control and observation period, each key once.
    4. The store received it when it says it was signed (`signed.check_received`).

    Args:
        data: The envelope's bytes.
        key: Where they were found.
        key_list: A checked key list.
        bucket: The bucket they were found in; ``None`` in a copy.
        received: When the store received them; ``None`` where nobody can tell.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
        Tampered: Any other step fails.
    """
    checked = signed.check(signed.MANIFEST, data, key, key_list)  # (1)
    statement = checked.payload
    stated_instant(statement["predicate"]["retention"]["retain_until"], key)
    manifest = _manifest(data, key, statement)
    _check_binding(manifest, bucket)  # (2), (3)
    signed.check_received(signed.MANIFEST, checked, key, key_list, received)  # (4)
    return manifest


def _check_binding(manifest: Manifest, bucket: str | None) -> None:
    predicate = manifest.predicate
    signed.check_place({"key": predicate["manifest_key"], "bucket": predicate["bucket"]}, manifest.key, bucket)
    place = Place(predicate["observation_period"]["id"], predicate["control"]["id"], predicate["window"]["key"])
    if place.manifest(manifest.landing) != manifest.key or not manifest.landing.startswith(f"{predicate['system']}-"):
        msg = f"{manifest.key}: period, control, window, system and landing inside it are those of another place."
        raise Tampered(msg)
    names = [subject.key for subject in manifest.subjects]
    foreign = [subject.key for subject in manifest.subjects if not _belongs(subject, place, manifest.landing)]
    if foreign or len(set(names)) != len(names):
        msg = f"{manifest.key}: it names an object of another landing, or one object twice: {(foreign or names)[0]}."
        raise Tampered(msg)


def _belongs(subject: Subject, place: Place, landing: str) -> bool:
    """Whether an object's key is one that a landing in this place has."""
    if subject.role == "raw":
        return subject.key.startswith(place.raw(landing, "page-"))
    table, number = subject.key.split("/")[1], subject.key[-len("00000.parquet") : -len(".parquet")]
    return number.isdecimal() and subject.key == place.part(table, landing, int(number))


def _manifest(data: bytes, key: str, statement: dict[str, Any]) -> Manifest:
    subjects = tuple(
        Subject(
            key=entry["name"],
            sha256=entry["digest"]["sha256"],
            version_id=entry["annotations"]["version_id"],
            role=entry["annotations"]["role"],
            rows=entry["annotations"].get("rows"),
            rows_sha256=entry["annotations"].get("rows_sha256"),
        )
        for entry in statement["subject"]
    )
    return Manifest(key, hashlib.sha256(data).hexdigest(), subjects, statement["predicate"])
