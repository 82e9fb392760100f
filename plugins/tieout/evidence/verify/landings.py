# SPDX-License-Identifier: Apache-2.0
"""Landings and records: is each one signed by who may sign it, and is every object that it names what was signed?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tieout.errors import Missing, TieoutError
from tieout.evidence.key_list import KeyList
from tieout.evidence.layout import Class
from tieout.evidence.manifest import Manifest, check_manifest
from tieout.evidence.records import Record, check_record
from tieout.evidence.responses import check_response
from tieout.evidence.sources import Evidence
from tieout.evidence.store import Retention
from tieout.evidence.verify.chain import Chain, received
from tieout.evidence.verify.coverage import check_named
from tieout.evidence.verify.custody import check_custody, check_retention
from tieout.evidence.verify.outcome import LANDING, Finding, ItemOutcome, Outcome, finding_of
from tieout.times import parse_instant


@dataclass(frozen=True, slots=True)
class Named:
    """An object that a signed document answers for."""

    key: str
    version_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Check:
    """What checking a landing or a record needs."""

    evidence: Evidence
    key_list: KeyList
    chain: Chain
    read: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each document that was read, by key."""


def verify_landing(check: Check, key: str) -> tuple[ItemOutcome, Manifest | None]:
    """Verify one landing; returns its manifest too, if it can be relied on.

    Args:
        check: Where to read, and what is trusted.
        key: Of the manifest.
    """
    try:
        data, version_id = _document(check, key)
        at = received(check.evidence, check.chain, key)
        manifest = check_manifest(data, key, check.key_list, check.evidence.bucket, at)
    except TieoutError as error:
        return ItemOutcome(LANDING, key, (finding_of(error),)), None
    retention = manifest.predicate["retention"]
    lock = Retention(retention["mode"], parse_instant(retention["retain_until"]), "", "")
    named = [Named(subject.key, subject.version_id, subject.sha256) for subject in manifest.subjects]
    signed_at = parse_instant(manifest.predicate["times"]["landed_at"]["at"])
    findings = tuple(_check_objects(check, named, key, version_id, lock, signed_at))
    return ItemOutcome(LANDING, key, findings, manifest.predicate["population"]["rows"]), manifest


def verify_record(check: Check, key: str) -> tuple[ItemOutcome, Record | None]:
    """Verify one record; returns it too, if it can be relied on."""
    try:
        data, version_id = _document(check, key)
        at = received(check.evidence, check.chain, key)
        record, lock = check_record(data, key, check.key_list, check.evidence.bucket, at)
    except TieoutError as error:
        return ItemOutcome(Class.RECORD, key, (finding_of(error),)), None
    named = [Named(entry.key, entry.version_id, entry.sha256) for entry in record.objects]
    # What a record names was locked by whoever put it there: how long, only a manifest says.
    findings = tuple(_check_objects(check, named, key, version_id, lock, record.at, lock_named=False))
    return ItemOutcome(Class.RECORD, key, findings), record


def verify_response(check: Check, key: str) -> ItemOutcome:
    """Verify one response: signature, place, lock, its files, and that it did not come after the final digest of its period."""
    try:
        data, version_id = _document(check, key)
        at = received(check.evidence, check.chain, key)
        response, lock, signed_at = check_response(data, key, check.key_list, check.evidence.bucket, at)
        named = [Named(file.key, file.version_id, file.sha256) for file in response.files]
    except TieoutError as error:
        return ItemOutcome(Class.RESPONSE, key, (finding_of(error),))
    findings = [*_check_objects(check, named, key, version_id, lock, signed_at)]
    findings += _after_close(check.chain, key, version_id, response.observation_period)
    return ItemOutcome(Class.RESPONSE, key, tuple(findings))


def _after_close(chain: Chain, key: str, version_id: str | None, period: str) -> Iterator[Finding]:
    final = chain.closed.get(period)
    if final is None:
        return
    first = chain.first(key)
    named_in = chain.named_in.get((key, version_id)) if version_id else (chain.named_in[first.id] if first else None)
    if named_in is None or named_in > final:
        reason = f"{key}: it came after digest {final}, the final one of period {period}: added after close"
        yield Finding(Outcome.TAMPERED, reason)


def _document(check: Check, key: str) -> tuple[bytes, str | None]:
    version = check.evidence.first_version(key)
    version_id = version.version_id if version else None
    data = check.evidence.read(key, version_id)
    if data is None:
        msg = f"{key}: the manifest is listed and not there"
        raise Missing(msg)
    check.read[key] = hashlib.sha256(data).hexdigest()
    return data, version_id


def _check_objects(
    check: Check,
    named: Sequence[Named],
    key: str,
    version_id: str | None,
    lock: Retention,
    signed_at: datetime,
    *,
    lock_named: bool = True,
) -> Iterator[Finding]:
    yield from check_retention(key, signed_at, lock.until)
    for entry in named:
        try:
            yield from _check_bytes(check, entry)
        except TieoutError as error:
            yield finding_of(error)
    if version_id is None:
        return
    pinned = [(entry.key, entry.version_id) for entry in named] if lock_named else []
    for locked, version in [*pinned, (key, version_id)]:
        try:
            yield from check_custody(check.evidence, locked, version, lock.mode, lock.until)
        except TieoutError as error:
            yield finding_of(error)


def _check_bytes(check: Check, entry: Named) -> Iterable[Finding]:
    evidence = check.evidence
    found = evidence.sha256(entry.key, entry.version_id if evidence.profile == "bucket" else None)
    if found is None:
        yield Finding(Outcome.MISSING, f"{entry.key}: not there in the version that was signed")
    elif found != entry.sha256:
        reason = f"{entry.key}: expected SHA-256 {entry.sha256}, got {found}: its bytes were changed"
        yield Finding(Outcome.TAMPERED, reason)
    elif seen := check_named(check.chain, entry.key, entry.version_id, entry.sha256):
        yield seen


def check_succession(manifests: Sequence[Manifest]) -> dict[str, list[Finding]]:
    """Check what supersedes what among landings that can be relied on; returns findings by manifest key.

    1. What a landing supersedes is there, in the same slot and of the same system, and is the one whose hash it names.
    2. Of each slot and system at most one landing stands: all others are superseded.
    """
    findings: dict[str, list[Finding]] = {}
    slots: dict[tuple[str, str], dict[str, Manifest]] = {}
    for manifest in manifests:
        slot = (manifest.key.rpartition("/")[0], manifest.predicate["system"])
        slots.setdefault(slot, {})[manifest.landing] = manifest
    for landings in slots.values():
        superseded = set()
        for manifest in landings.values():
            claim = manifest.predicate["supersedes"]
            if claim is None:
                continue
            superseded.add(claim["landing"])
            before = landings.get(claim["landing"])
            if before is None or before.sha256 != claim["manifest_sha256"]:  # (1)
                outcome = Outcome.MISSING if before is None else Outcome.TAMPERED
                reason = f"{manifest.key}: it supersedes {claim['landing']}, which is not there as it was"
                findings.setdefault(manifest.key, []).append(Finding(outcome, reason))
        standing = [manifest for name, manifest in landings.items() if name not in superseded]
        if len(standing) > 1:  # (2)
            for manifest in standing:
                reason = (
                    f"{manifest.key}: {len(standing)} landings of its system stand in its slot, and neither supersedes the other"
                )
                findings.setdefault(manifest.key, []).append(Finding(Outcome.CANNOT_CHECK, reason))
    return findings
