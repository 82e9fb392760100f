# SPDX-License-Identifier: Apache-2.0
"""What one command checks of a bucket or a copy: a manifest and the objects it names, as `tieout.evidence.verify` checks all.

A manifest that can not be relied on is read all the same, so that an auditor sees what it says; the finding stands beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from tieout.contracts.odcs import Contract, contract_file, load_contract
from tieout.errors import CannotCheck, ConfigurationError, Missing, TieoutError, VerificationError
from tieout.evidence.key_folder import editions_of
from tieout.evidence.key_list import KeyList, check_editions
from tieout.evidence.layout import CATALOG, MANIFESTS, Class, class_of, landing_of, partition_values
from tieout.evidence.manifest import Manifest, Subject, check_manifest, read_manifest
from tieout.evidence.sources import Evidence
from tieout.evidence.verify.chain import Chain, read_chain, received
from tieout.evidence.verify.coverage import check_named
from tieout.evidence.verify.custody import check_custody
from tieout.evidence.verify.outcome import Finding, Outcome, finding_of
from tieout.times import parse_instant

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Trusted:
    """Where to read, and what is trusted there."""

    evidence: Evidence
    key_list: KeyList | None
    chain: Chain
    findings: tuple[Finding, ...]
    """What keeps signatures from being checked, and what is wrong with the chain of digests."""


def trust(evidence: Evidence, root_fingerprint: str | None) -> Trusted:
    """Check the key list against the root that an auditor was given outside the bucket, and read the chain of digests."""
    if not root_fingerprint:
        reason = "no trust root: give --root the fingerprint that you received outside the bucket"
        return Trusted(evidence, None, Chain(), (Finding(Outcome.CANNOT_CHECK, reason),))
    try:
        key_list = check_editions(editions_of(evidence), root_fingerprint)
    except TieoutError as error:
        return Trusted(evidence, None, Chain(), (finding_of(error),))
    chain = read_chain(evidence, key_list)
    return Trusted(evidence, key_list, chain, tuple(finding for item in chain.items for finding in item.findings))


def find_landing(evidence: Evidence, name: str) -> str:
    """Return the manifest key of the one landing whose key or id is, or whose id starts with, a name.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    keys = sorted(key for key in evidence.keys(MANIFESTS) if class_of(key) is Class.MANIFEST)
    found = [key for key in keys if name in (key, landing_of(key))] or [key for key in keys if landing_of(key).startswith(name)]
    if len(found) != 1:
        some = "".join(f"\n  {landing_of(key)}  {partition_values(key)['window']}" for key in found[:_MOST_NAMED])
        msg = f"expected one landing named {name!r}, found {len(found)} of {len(keys)}.{some}"
        raise ConfigurationError(msg)
    return found[0]


@dataclass(frozen=True, slots=True)
class Checked:
    """A manifest as far as it can be read, and what was found of it."""

    key: str
    manifest: Manifest | None
    findings: tuple[Finding, ...]
    named_in: int | None = None
    """Sequence of the digest that names it."""
    reliable: bool = False
    """Whether it is signed by who may, for this place: what it says of anything else can be relied on."""


def checked_manifest(trusted: Trusted, key: str) -> Checked:
    """Read the manifest that landed under a key, and check signature, place, times and, in a bucket, custody."""
    evidence = trusted.evidence
    version = evidence.first_version(key)
    version_id = version.version_id if version else None
    try:
        data = evidence.read(key, version_id)
        if data is None:
            msg = f"{key}: the manifest is not there."
            raise Missing(msg)
    except TieoutError as error:
        return Checked(key, None, (finding_of(error),))
    findings: list[Finding] = []
    manifest: Manifest | None = None
    reliable = False
    try:
        if trusted.key_list is not None:
            at = received(evidence, trusted.chain, key)
            manifest = check_manifest(data, key, trusted.key_list, evidence.bucket, at)
            reliable = True
    except TieoutError as error:
        findings.append(finding_of(error))
    try:
        manifest = manifest or read_manifest(data, key)
        entry = trusted.chain.first(key) if version_id is None else trusted.chain.entries.get((key, version_id))
        if entry and (seen := check_named(trusted.chain, key, entry.version_id, hashlib.sha256(data).hexdigest())):
            findings.append(seen)
        if version_id:
            findings += check_custody(evidence, key, version_id, *_lock(manifest))
    except TieoutError as error:
        findings.append(finding_of(error))
        entry = None
    # A signature that does not hold is one finding, whatever else it makes unreadable.
    if trusted.key_list is None:
        findings += [each for each in trusted.findings if each.outcome is not Outcome.INTACT]
    named_in = trusted.chain.named_in.get(entry.id) if entry else None
    return Checked(key, manifest, tuple(dict.fromkeys(findings)), named_in, reliable)


def check_object(trusted: Trusted, manifest: Manifest, subject: Subject) -> Iterator[Finding]:
    """Check one object that a manifest names: its bytes, what the digests saw, and, in a bucket, custody."""
    evidence = trusted.evidence
    in_bucket = evidence.profile == "bucket"
    try:
        found = evidence.sha256(subject.key, subject.version_id if in_bucket else None)
        if found is None:
            yield Finding(Outcome.MISSING, f"{subject.key}: not there in the version that was signed")
            return
        if found != subject.sha256:
            yield Finding(
                Outcome.TAMPERED, f"{subject.key}: expected SHA-256 {subject.sha256}, got {found}: its bytes were changed"
            )
        elif seen := check_named(trusted.chain, subject.key, subject.version_id, subject.sha256):
            yield seen
        if in_bucket:
            yield from check_custody(evidence, subject.key, subject.version_id, *_lock(manifest))
    except TieoutError as error:
        yield finding_of(error)


def _lock(manifest: Manifest) -> tuple[str, datetime]:
    retention = manifest.predicate["retention"]
    return retention["mode"], parse_instant(retention["retain_until"])


def opened(evidence: Evidence, key: str, version_id: str | None = None) -> BinaryIO:
    """Open an object in a version, by default in the one that landed.

    Raises:
        Missing: It is not there.
    """
    version = None if version_id else evidence.first_version(key)
    file = evidence.open(key, version_id or (version.version_id if version else None))
    if file is None:
        msg = f"{key}: not there in the version that was signed"
        raise Missing(msg)
    return file


def find_contract(evidence: Evidence, folder: Path, evidence_type: str, sha256: str | None) -> Contract | None:
    """Return the contract of an evidence type as it stood when rows landed under it: from a snapshot, or from a folder.

    Args:
        evidence: May hold snapshots of the program, under ``catalog/``.
        folder: Contracts of the installation; need not be there.
        evidence_type: For example ``change_record.v1``.
        sha256: Hash of its file, as what landed states it; ``None`` takes any.

    Returns:
        The contract, or ``None`` where no file of this hash is at hand: rows are then shown without what it would tell.
    """
    name = contract_file(Path(), evidence_type).name
    with TemporaryDirectory(prefix="tieout-") as work:
        target = Path(work) / name
        for data in _candidates(evidence, folder, name):
            if sha256 in (None, hashlib.sha256(data).hexdigest()):
                target.write_bytes(data)
                try:
                    return load_contract(target)
                except ConfigurationError as error:
                    msg = f"{name}: the contract of what landed can not be read: {error}"
                    raise CannotCheck(msg) from error
    return None


def _candidates(evidence: Evidence, folder: Path, name: str) -> Iterator[bytes]:
    if (folder / name).is_file():
        yield (folder / name).read_bytes()
    for key in sorted(evidence.keys(CATALOG)):
        if key.endswith(f"/evidence_schemas/{name}"):
            version = evidence.first_version(key)
            try:
                data = evidence.read(key, version.version_id if version else None)
            except VerificationError:
                continue
            if data is not None:
                yield data
