# SPDX-License-Identifier: Apache-2.0
"""Verification: is what stands in a bucket, or in a copy of it, what was signed?

Four outcomes: **intact**, **tampered**, **missing**, **cannot check**. It speaks of integrity, never of completeness or
effectiveness. Steps:

1. Trust: the key list is signed by the root whose fingerprint the auditor was given. Without it nothing can be checked.
2. Manifests: each is signed by a key that may sign landings, and stands where it was signed for (`check_manifest`).
3. Bytes: each object that a manifest names is there, in the version it pins, with the bytes that were signed.
4. Custody (bucket only): no later version and no delete marker shadows an object; each is locked as its manifest says.
5. Coverage: no Parquet part stands without a manifest that names it.

What it can not see yet: a manifest removed together with its parts. The signed digests will tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from tieout.errors import CannotCheck, Missing, Tampered, TieoutError, VerificationError
from tieout.evidence.key_list import KeyList, check_key_list
from tieout.evidence.layout import EVIDENCE, KEY_LIST, MANIFEST_SUFFIX, landing_of, manifest_prefix
from tieout.evidence.manifest import Manifest, Subject, check_manifest
from tieout.evidence.store import LockState, ObjectVersion
from tieout.times import parse_instant

_WORKERS = 8


class Outcome(StrEnum):
    """What verification says of one landing; the first that applies."""

    TAMPERED = "tampered"
    MISSING = "missing"
    CANNOT_CHECK = "cannot check"
    INTACT = "intact"


_ORDER = list(Outcome)


class Evidence(Protocol):
    """A place that evidence can be read from: a bucket, or a copied folder."""

    profile: str
    """``bucket`` or ``copy``."""
    bucket: str | None
    """Name of the bucket; ``None`` in a copy."""

    def keys(self, prefix: str) -> list[str]:
        """List the keys under a prefix, those under a delete marker too."""

    def first_version(self, key: str) -> str | None:
        """Return the oldest version of a key, which is the one that was landed; ``None`` in a copy."""

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Return a document, or ``None`` if it is not there."""

    def sha256(self, key: str, version_id: str | None) -> str | None:
        """Return the hash of an object's bytes, or ``None`` if it is not there."""

    def versions(self, key: str) -> list[ObjectVersion] | None:
        """Return all versions and delete markers of a key; ``None`` in a copy."""

    def lock(self, key: str, version_id: str) -> LockState | None:
        """Return the lock of a version; ``None`` where it may not be seen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was signed."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class LandingOutcome:
    """What verification says of one landing, or of an object that belongs to none."""

    key: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    rows: int | None

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        findings = [{"outcome": finding.outcome.value, "reason": finding.reason} for finding in self.findings]
        return {"key": self.key, "outcome": self.outcome.value, "rows": self.rows, "findings": findings}


@dataclass(frozen=True, slots=True)
class Report:
    """What verification says of everything it was asked about."""

    profile: str
    root_fingerprint: str | None
    landings: tuple[LandingOutcome, ...]
    finding: Finding | None
    """What keeps everything from being checked, or says that there is nothing to check."""

    @property
    def outcome(self) -> Outcome:
        """The worst outcome; intact only if there is something and all of it is intact."""
        outcomes = [landing.outcome for landing in self.landings] + ([self.finding.outcome] if self.finding else [])
        return min(outcomes, key=_ORDER.index, default=Outcome.MISSING)

    @property
    def custody(self) -> str:
        """Whether versions, markers and locks were looked at."""
        if self.profile == "copy":
            return "not checked in a copy"
        return "checked" if any(landing.rows is not None for landing in self.landings) else "not checked"

    @property
    def intact(self) -> int:
        """How many landings are intact."""
        return sum(landing.outcome is Outcome.INTACT for landing in self.landings)

    @property
    def summary(self) -> str:
        """The report in one line: ``intact 12/12``, or the worst outcome and how many are intact."""
        count = f"{self.intact}/{len(self.landings)}"
        return f"intact {count}" if self.outcome is Outcome.INTACT else f"{self.outcome}: {count} intact"

    def as_document(self) -> dict[str, Any]:
        """Return the report as ``--json`` prints it."""
        return {
            "outcome": self.outcome.value,
            "profile": self.profile,
            "custody": self.custody,
            "root_fingerprint": self.root_fingerprint,
            "intact": self.intact,
            "total": len(self.landings),
            "finding": None if self.finding is None else self.finding.reason,
            "landings": [landing.as_document() for landing in self.landings],
        }


Progress = Callable[[int, int], None]


def verify(
    evidence: Evidence,
    root_fingerprint: str | None,
    *,
    observation_period: str | None = None,
    control: str | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Verify every landing, or those of a period, or of a control in a period.

    Args:
        evidence: Where to read.
        root_fingerprint: As received outside the bucket; ``None`` makes every outcome *cannot check*.
        observation_period: Only this one.
        control: Only this one; needs ``observation_period``.
        progress: Called with landings done and in all.

    Returns:
        A report; it never raises for what it finds.
    """
    prefix = manifest_prefix(observation_period, control)
    keys = sorted(key for key in evidence.keys(prefix) if key.endswith(MANIFEST_SUFFIX))
    trust = _trust(evidence, root_fingerprint)  # (1)
    if isinstance(trust, Finding):
        landings = tuple(LandingOutcome(key, trust.outcome, (trust,), None) for key in keys)
        return Report(evidence.profile, root_fingerprint, landings, trust)
    done = 0
    outcomes: list[LandingOutcome] = []
    named: set[str] = set()
    failed: set[str] = set()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for outcome, manifest in pool.map(lambda key: verify_landing(evidence, key, trust), keys):
            outcomes.append(outcome)
            if manifest is None:
                failed.add(landing_of(outcome.key))
            else:
                named.update(subject.key for subject in manifest.subjects)
            done += 1
            progress(done, len(keys))
    for key in sorted(evidence.keys(EVIDENCE)):  # (5)
        if key not in named and landing_of(key) not in failed and _in_scope(key, observation_period, control):
            outcomes.append(_unnamed(key))
    nothing = None if outcomes else Finding(Outcome.MISSING, f"there is no manifest under {prefix}")
    return Report(evidence.profile, trust.root_fingerprint, tuple(outcomes), nothing)


def _trust(evidence: Evidence, root_fingerprint: str | None) -> KeyList | Finding:
    if not root_fingerprint:
        reason = "no trust root: give --root the fingerprint that you received outside the bucket"
        return Finding(Outcome.CANNOT_CHECK, reason)
    try:
        data = evidence.read(KEY_LIST, None)
        if data is None:
            return Finding(Outcome.MISSING, f"{KEY_LIST} is not there")
        return check_key_list(data, root_fingerprint)
    except TieoutError as error:
        return _finding(error)


def verify_landing(evidence: Evidence, key: str, key_list: KeyList) -> tuple[LandingOutcome, Manifest | None]:
    """Verify one landing; returns its manifest too, if it can be relied on.

    Args:
        evidence: Where to read.
        key: Of the manifest.
        key_list: A checked key list.
    """
    try:
        version = evidence.first_version(key)
        data = evidence.read(key, version)
        if data is None:
            absent = Finding(Outcome.MISSING, f"{key}: the manifest is listed and not there")
            return LandingOutcome(key, absent.outcome, (absent,), None), None
        manifest = check_manifest(data, key, key_list, evidence.bucket)  # (2)
    except TieoutError as error:
        finding = _finding(error)
        return LandingOutcome(key, finding.outcome, (finding,), None), None
    findings = list(_check_objects(evidence, manifest, version))  # (3), (4)
    outcome = min((finding.outcome for finding in findings), key=_ORDER.index, default=Outcome.INTACT)
    rows = manifest.predicate["population"]["rows"]
    return LandingOutcome(key, outcome, tuple(findings), rows), manifest


def _check_objects(evidence: Evidence, manifest: Manifest, manifest_version: str | None) -> Iterator[Finding]:
    retention = manifest.predicate["retention"]
    until = parse_instant(retention["retain_until"])
    pinned = [(subject.key, subject.version_id) for subject in manifest.subjects]
    for subject in manifest.subjects:
        try:
            yield from _check_bytes(evidence, subject)  # (3)
        except TieoutError as error:
            yield _finding(error)
    for key, version in [*pinned, (manifest.key, manifest_version)]:
        try:
            yield from _check_custody(evidence, key, version, retention["mode"], until)  # (4)
        except TieoutError as error:
            yield _finding(error)


def _check_bytes(evidence: Evidence, subject: Subject) -> Iterable[Finding]:
    found = evidence.sha256(subject.key, subject.version_id if evidence.profile == "bucket" else None)
    if found is None:
        yield Finding(Outcome.MISSING, f"{subject.key}: not there in the version that was signed")
    elif found != subject.sha256:
        reason = f"{subject.key}: expected SHA-256 {subject.sha256}, got {found}: its bytes were changed"
        yield Finding(Outcome.TAMPERED, reason)


def _check_custody(evidence: Evidence, key: str, version: str | None, mode: str, until: datetime) -> Iterable[Finding]:
    versions = evidence.versions(key)
    if versions is None or version is None:
        return
    for other in versions:
        if other.version_id == version:
            continue
        what = "a delete marker hides it" if other.is_delete_marker else "another version of the key"
        reason = f"{key}: shadowed: {what} (version {other.version_id}, {other.last_modified:%Y-%m-%d %H:%M:%S} UTC)"
        yield Finding(Outcome.TAMPERED, reason)
    lock = evidence.lock(key, version)
    if lock is None:
        yield Finding(Outcome.CANNOT_CHECK, f"{key}: this identity may not see its lock")
    elif lock.mode is None or lock.until is None:
        yield Finding(Outcome.TAMPERED, f"{key}: not locked, and its manifest says {mode} until {until:%Y-%m-%d}")
    elif lock.until < until or (mode == "COMPLIANCE" and lock.mode != mode):
        reason = f"{key}: locked {lock.mode} until {lock.until:%Y-%m-%d}; its manifest says {mode} until {until:%Y-%m-%d}"
        yield Finding(Outcome.TAMPERED, reason)


def _in_scope(key: str, observation_period: str | None, control: str | None) -> bool:
    in_period = observation_period is None or f"/observation_period={observation_period}/" in key
    return in_period and (control is None or f"/control={control}/" in key)


def _unnamed(key: str) -> LandingOutcome:
    reason = f"{key}: no manifest names it: its manifest is not there, or its landing is under way"
    return LandingOutcome(key, Outcome.MISSING, (Finding(Outcome.MISSING, reason),), None)


def _finding(error: TieoutError) -> Finding:
    outcomes = {Tampered: Outcome.TAMPERED, Missing: Outcome.MISSING, CannotCheck: Outcome.CANNOT_CHECK}
    kind = type(error) if isinstance(error, VerificationError) else CannotCheck
    return Finding(outcomes.get(kind, Outcome.CANNOT_CHECK), str(error))
