# SPDX-License-Identifier: Apache-2.0
"""Landing: one immutable write of one window's rows. Parts first, the signed manifest last: without it nothing has landed.

Every step can be run again. A part that stands with equal bytes is adopted; a manifest that stands for the same slot and the
same rows ends the landing with what it says; one that stands with other rows is a conflict, unless a reason to supersede it
is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rfc8785

from tieout.errors import ConfigurationError, LandingConflict, StoreUnavailable, VerificationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import MANIFEST_SUFFIX, Class, Place, class_of
from tieout.evidence.manifest import Manifest, build_manifest, part_subject, raw_subject, read_manifest
from tieout.evidence.parts import Part
from tieout.evidence.store import ObjectVersion, Retention, S3Store, first_version
from tieout.files import file_sha256
from tieout.times import instant

if TYPE_CHECKING:
    from tieout.contracts.odcs import Contract

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A raw page that is locked in the bucket already."""

    key: str
    version_id: str
    sha256: str
    bytes: int
    received_sha256: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A landing before it has landed.

    Attributes:
        place: Its slot.
        landing: Its id.
        system: The system it comes from.
        parts: The population's parts, and those of its rule results.
        pages: The raw pages.
        predicate: The manifest's predicate, but for bucket, manifest key, retention, supersedes and the landing time.
    """

    place: Place
    landing: str
    system: str
    parts: tuple[Part, ...]
    pages: tuple[StoredPage, ...]
    predicate: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LandingReference:
    """What goes through XCom: where the manifest is, and its hash."""

    landing: str
    manifest_key: str
    manifest_sha256: str
    rows: int
    potential_deviations: int
    landed_now: bool
    """Whether this run landed it; false when it stood already."""


def landing_id(system: str, identity: dict[str, Any]) -> str:
    """Return the id of a landing: equal input gives an equal id, so that a retry writes the same keys."""
    return f"{system}-{hashlib.sha256(rfc8785.dumps({**identity, 'system': system})).hexdigest()[:32]}"


def retention_years(contracts: Iterable[Contract], default: int, cap_years: int) -> int:
    """Return for how many years everything of a landing is locked: parts of every type, raw pages, manifest.

    They are evidence only together, so the longest of its evidence types decides for all of them.

    Args:
        contracts: Of the landing's evidence types.
        default: Years for a type whose contract states none.
        cap_years: What no contract may exceed.

    Raises:
        ConfigurationError: A contract asks for more than the cap.
    """
    stated = {contract.evidence_type: contract.retention_years or default for contract in contracts}
    longest = max(stated, key=lambda name: stated[name])
    if stated[longest] > cap_years:
        msg = (
            f"{longest}.odcs.yaml: retention: expected at most {cap_years} years (TIEOUT_RETENTION_CAP_YEARS), got "
            f"{stated[longest]}. Correct the contract, or raise the cap if evidence has to stay locked for so long."
        )
        raise ConfigurationError(msg)
    return stated[longest]


def retain_until(period_end: datetime, years: int, cap_years: int, now: datetime) -> datetime:
    """Return until when evidence of a period is locked: whole years of 366 days from the period's end.

    Raises:
        ConfigurationError: That is past, or further than the cap allows.
    """
    until = period_end + timedelta(days=366 * years)
    if until <= now or until > now + timedelta(days=366 * cap_years):
        msg = (
            f"retention: {years} years from {instant(period_end)} ends {instant(until)}, which is past or more than "
            f"{cap_years} years away. Check the contracts' retention, TIEOUT_RETENTION_YEARS, TIEOUT_RETENTION_CAP_YEARS and the "
            f"period's dates."
        )
        raise ConfigurationError(msg)
    return until


def land(
    draft: Draft, store: S3Store, signer: DocumentSigner, retention: Retention, clock: Clock, folder: Path, reason: str | None
) -> LandingReference:
    """Land a draft, or find that it has landed.

    Args:
        draft: What to land.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        retention: Lock and encryption of every object.
        clock: Tells the time, in UTC.
        folder: Work folder.
        reason: Why this landing supersedes the one that stands in its slot; ``None`` when it must not.

    Raises:
        LandingConflict: The slot holds other rows and there is no reason to supersede them; or a key holds other bytes.
        StoreUnavailable: The store did not answer; run it again.
    """
    manifest_key = draft.place.manifest(draft.landing)
    standing = standing_landing(store, draft.place, draft.system)
    if standing is not None and _same_population(standing, draft):
        return _reference(standing, landed_now=False)
    if standing is not None and not reason:
        raise LandingConflict(_conflict(standing, draft))
    subjects = [raw_subject(page.key, page.sha256, page.version_id, page.bytes, page.received_sha256) for page in draft.pages]
    for part in draft.parts:
        key = draft.place.part(part.table, draft.landing, part.number)
        version = store.put_locked(key, part.path, part.sha256, retention)
        subjects.append(part_subject(key, part, version))
    supersedes = None
    if standing is not None:
        supersedes = {"landing": standing.landing, "manifest_sha256": standing.sha256, "reason": reason}
    predicate = {
        **draft.predicate,
        "bucket": store.bucket,
        "manifest_key": manifest_key,
        "retention": {"mode": retention.mode, "retain_until": instant(retention.until)},
        "supersedes": supersedes,
        "times": {**draft.predicate["times"], "landed_at": {"at": instant(clock()), "attested_by": "asserted by the entity"}},
    }
    target = folder / f"{draft.landing}{MANIFEST_SUFFIX}"
    target.write_bytes(build_manifest(subjects, predicate, signer))
    try:
        store.put_locked(manifest_key, target, file_sha256(target), retention)
    except LandingConflict:
        twin = standing_landing(store, draft.place, draft.system)  # landed by a run of the same window in this moment
        if twin is None or not _same_population(twin, draft):
            raise
        return _reference(twin, landed_now=False)
    return _reference(read_manifest(target.read_bytes(), manifest_key), landed_now=True)


def standing_landing(store: S3Store, place: Place, system: str) -> Manifest | None:
    """Return the manifest that stands for a system in a slot: the one that no other supersedes.

    Raises:
        LandingConflict: Two stand, or one can not be read; people have to decide.
    """
    versions: dict[str, list[ObjectVersion]] = {}
    for version in store.versions(place.manifests_of(system)):
        if class_of(version.key) is not Class.MANIFEST:
            continue  # records of the same system stand beside its manifests
        versions.setdefault(version.key, []).append(version)
    manifests = [_first_manifest(store, key, listed) for key, listed in versions.items()]
    manifests = [manifest for manifest in manifests if manifest.predicate["system"] == system]
    superseded = {entry["landing"] for manifest in manifests if (entry := manifest.predicate["supersedes"])}
    standing = [manifest for manifest in manifests if manifest.landing not in superseded]
    if len(standing) > 1:
        names = ", ".join(manifest.landing for manifest in standing)
        msg = f"{place.partition}: two landings of system {system!r} stand and neither supersedes the other: {names}."
        raise LandingConflict(msg)
    return standing[0] if standing else None


def _first_manifest(store: S3Store, key: str, versions: list[ObjectVersion]) -> Manifest:
    """Read what landed under a key, whatever has been written over it since."""
    chunks = store.chunks(key, first_version(versions))
    if chunks is None:
        msg = f"s3://{store.bucket}/{key}: it was listed and is not there."
        raise StoreUnavailable(msg)
    try:
        return read_manifest(b"".join(chunks), key)
    except VerificationError as error:
        msg = f"{error} Nothing is landed beside it: run tieout verify, and find out who wrote it."
        raise LandingConflict(msg) from error


def _same_population(standing: Manifest, draft: Draft) -> bool:
    same = all(standing.predicate[name] == draft.predicate[name] for name in ("population", "contract"))
    # A report that was made of other landings is another one, even where it says the same.
    return same and standing.predicate["ipe"].get("inputs") == draft.predicate["ipe"].get("inputs")


def _conflict(standing: Manifest, draft: Draft) -> str:
    before, now = standing.predicate["population"], draft.predicate["population"]
    return (
        f"{draft.place.partition}: system {draft.system!r} has landed already ({standing.landing}, {before['rows']} rows), and "
        f"this extraction differs ({now['rows']} rows, hash {now['rows_sha256'][:16]} against {before['rows_sha256'][:16]}). "
        f"Nothing was landed. Find out what changed at the source; to supersede what stands, trigger the run with "
        f'{{"supersede_reason": "..."}}: both stay.'
    )


def _reference(manifest: Manifest, *, landed_now: bool) -> LandingReference:
    return LandingReference(
        landing=manifest.landing,
        manifest_key=manifest.key,
        manifest_sha256=manifest.sha256,
        rows=manifest.predicate["population"]["rows"],
        potential_deviations=manifest.predicate["potential_deviations"],
        landed_now=landed_now,
    )
