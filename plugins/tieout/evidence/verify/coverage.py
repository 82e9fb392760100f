# SPDX-License-Identifier: Apache-2.0
"""Coverage: everything that a digest names is still there and unchanged, and nothing is there that nobody answers for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from tieout.errors import TieoutError
from tieout.evidence.layout import EVIDENCE, RAW, Class, class_of, landing_of
from tieout.evidence.signed import CLOCK_TOLERANCE
from tieout.evidence.sources import Evidence
from tieout.evidence.verify.chain import Chain
from tieout.evidence.verify.custody import check_shadows
from tieout.evidence.verify.outcome import Finding, ItemOutcome, Outcome, finding_of
from tieout.times import instant

InScope = Callable[[str], bool]
SIGNED = (Class.MANIFEST, Class.RECORD, Class.RESPONSE, Class.DIGEST)
"""Documents that answer for themselves: their bytes and shadows are checked where they are read."""


def check_reach(chain: Chain, now: datetime, period_end: datetime | None) -> Finding | None:
    """Check that the chain reaches ``min(now - 2 cadences, period end)``, else it was cut off or nobody kept it.

    Args:
        chain: The chain.
        now: When verification runs, UTC.
        period_end: End of the last observation period among the landings looked at; ``None`` where there are none.
    """
    head = chain.head
    if head is None:
        return None
    due = now - timedelta(seconds=2 * head.cadence_seconds)
    if period_end is not None:
        due = min(due, period_end)
    if head.end >= due:
        return None
    reason = (
        f"{head.key}: the last digest ends {instant(head.end)}, and it has to reach {instant(due)}: the chain was cut off, "
        "or no digest has been made since"
    )
    return Finding(Outcome.MISSING, reason)


def check_head(chain: Chain, head: str | None) -> Finding | None:
    """Check that the chain still holds the digest whose hash reached the auditor outside the bucket."""
    if head is None or any(digest.sha256.startswith(head.lower()) for digest in chain.digests):
        return None
    return Finding(
        Outcome.MISSING, f"no digest has the SHA-256 {head}, which was announced outside the bucket: the chain was cut off"
    )


def check_entries(
    evidence: Evidence, chain: Chain, in_scope: InScope, named: set[str], read: Mapping[str, str]
) -> Iterator[ItemOutcome]:
    """Hold what the digests name against what is there.

    1. Every version and delete marker that a digest names is still there. In a copy: every key is.
    2. Its bytes are those that the digest principal saw. What a manifest names was read already: its hash there has to be the
       digest's, which `check_named` sees to.
    3. A key has one version and no delete marker.

    Args:
        evidence: A bucket or a copy.
        chain: The chain.
        in_scope: Which keys were asked about.
        named: Keys that checked manifests and records name.
        read: SHA-256 of the documents that were read already, by key.
    """
    listed = {(version.key, version.version_id) for key in chain.history for version in evidence.versions(key) or ()}
    for key in sorted(filter(in_scope, chain.history)):
        kind = class_of(key)
        findings = list(_check_there(evidence, chain, key, listed))  # (1)
        if not findings:
            try:
                findings = list(_check_bytes(evidence, chain, key, named, read))  # (2)
            except TieoutError as error:
                findings = [finding_of(error)]
        if key not in named and kind not in SIGNED:  # (3)
            first = chain.first(key)
            findings += check_shadows(evidence, key, first.version_id if first else "")
        findings += _check_marks(evidence, chain, key)
        if findings:
            yield ItemOutcome(kind, key, tuple(findings))


def _check_there(evidence: Evidence, chain: Chain, key: str, listed: set[tuple[str, str]]) -> Iterator[Finding]:
    if evidence.profile == "copy":
        if not evidence.exists(key):
            number = chain.named_in[chain.history[key][0].id]
            yield Finding(Outcome.MISSING, f"{key}: digest {number} names it, and it is not there")
        return
    for entry in chain.history[key]:
        if entry.id not in listed:
            what = "its delete marker" if entry.delete_marker else "its version"
            reason = f"{key}: digest {chain.named_in[entry.id]} names {what} {entry.version_id}, and it is not there: removed"
            yield Finding(Outcome.MISSING, reason)


def _check_bytes(evidence: Evidence, chain: Chain, key: str, named: set[str], read: Mapping[str, str]) -> Iterator[Finding]:
    entry = chain.first(key)
    if entry is None or entry.sha256 is None or key in named:
        return
    found = read.get(key) or evidence.sha256(key, entry.version_id if evidence.profile == "bucket" else None)
    if found != entry.sha256:
        number = chain.named_in[entry.id]
        yield Finding(Outcome.TAMPERED, f"{key}: digest {number} saw SHA-256 {entry.sha256}, and it has {found}: changed since")


def _check_marks(evidence: Evidence, chain: Chain, key: str) -> Iterator[Finding]:
    """In a copy, the digests alone tell that a key has had another version or a delete marker."""
    if evidence.profile != "copy":
        return
    first = chain.first(key)
    for entry in chain.history[key]:
        if first is None or entry.id != first.id:
            what = "a delete marker" if entry.delete_marker else "another version"
            yield Finding(Outcome.TAMPERED, f"{key}: shadowed: digest {chain.named_in[entry.id]} names {what} of the key")


def check_named(chain: Chain, key: str, version_id: str, sha256: str) -> Finding | None:
    """Check that what a manifest says of an object is what the digest principal saw."""
    entry = chain.entries.get((key, version_id))
    if entry is None or entry.sha256 is None or entry.sha256 == sha256:
        return None
    reason = f"{key}: its manifest says SHA-256 {sha256}, and digest {chain.named_in[entry.id]} saw {entry.sha256}"
    return Finding(Outcome.TAMPERED, reason)


def check_unnamed(evidence: Evidence, in_scope: InScope, named: set[str], failed: set[str]) -> Iterator[ItemOutcome]:
    """Name what nobody answers for: evidence and raw pages without manifest or record, and keys that the layout does not have.

    Args:
        evidence: A bucket or a copy.
        in_scope: Which keys were asked about.
        named: Keys that manifests and records name, checked or not.
        failed: Landings whose manifest can not be relied on: their parts are part of that finding.
    """
    for key in sorted(filter(in_scope, evidence.keys(""))):
        kind = class_of(key)
        if key in named or kind not in (Class.PART, Class.RAW_PAGE, Class.UNKNOWN):
            continue
        if _landing(key) in failed:
            continue
        if kind is Class.UNKNOWN and not key.startswith((EVIDENCE, RAW)):
            reason = f"{key}: the layout has no such object, and nobody answers for it"
            yield ItemOutcome(kind, key, (Finding(Outcome.TAMPERED, reason),))
        else:
            reason = f"{key}: no manifest names it: its manifest is not there, or its landing is under way"
            yield ItemOutcome(kind, key, (Finding(Outcome.MISSING, reason),))


def _landing(key: str) -> str:
    """Return the landing that a part or a raw page says it belongs to."""
    folders = key.split("/")
    return folders[3] if key.startswith(RAW) and len(folders) > 3 else landing_of(key)


def check_tail(evidence: Evidence, chain: Chain) -> tuple[int, list[ItemOutcome]]:
    """Count what no digest names yet, and name what should have been in one.

    The digest principal lists the whole bucket each time, so what is older than the head's own beginning and in no digest was
    not there when it was listed: the store's time for it is not true. A copy holds no times of the store: what a
    document in it says of itself is held against the head's time instead (`tieout.evidence.verify.chain.received`).
    """
    head = chain.head
    if head is None:
        return 0, []
    if evidence.profile == "copy":
        return sum(key not in chain.history for key in evidence.keys("")), []
    tail, items = 0, []
    for key in evidence.keys(""):
        for version in evidence.versions(key) or ():
            if (key, version.version_id) in chain.entries:
                continue
            tail += 1
            if version.last_modified < head.start - CLOCK_TOLERANCE:
                reason = f"{key}: stored at {instant(version.last_modified)}, and no digest up to {head.key} names it"
                items.append(ItemOutcome(class_of(key), key, (Finding(Outcome.TAMPERED, reason),)))
    return tail, items
