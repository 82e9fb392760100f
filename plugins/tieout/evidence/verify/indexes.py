# SPDX-License-Identifier: Apache-2.0
"""Does the index say of each landing what its manifest says?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tieout.errors import TieoutError
from tieout.evidence.index import index_row, read_index
from tieout.evidence.layout import INDEX, Class, class_of, index_key, partition_values
from tieout.evidence.manifest import Manifest
from tieout.evidence.sources import Evidence
from tieout.evidence.verify.chain import Chain
from tieout.evidence.verify.outcome import Finding, ItemOutcome, Outcome, finding_of


def check_index(
    evidence: Evidence, chain: Chain, in_scope: Callable[[str], bool], manifests: Sequence[Manifest]
) -> Iterator[ItemOutcome]:
    """Hold the index against the manifests.

    1. Each row is that of a landing whose manifest can be relied on, and says what it says; each landing has one row, in the
       file of the digest that names it.
    2. Each landing that a digest before the head names has its row; a younger one is read live until the next digest.

    Args:
        evidence: A bucket or a copy.
        chain: The chain.
        in_scope: Which keys were asked about.
        manifests: Those that can be relied on, of what was asked about.
    """
    by_key = {manifest.key: manifest for manifest in manifests}
    periods = {partition_values(key)["observation_period"] for key in by_key}
    indexed: dict[str, str] = {}
    for key in sorted(evidence.keys(INDEX)):
        if class_of(key) is not Class.INDEX or partition_values(key)["observation_period"] not in periods:
            continue
        findings = tuple(_check_file(evidence, chain, key, by_key, in_scope, indexed))  # (1)
        yield ItemOutcome(Class.INDEX, key, findings)
    for key in sorted(by_key.keys() - indexed.keys()):  # (2)
        if _is_due(chain, key):
            reason = f"{key}: no index file has a row for it, and digests have been made since"
            yield ItemOutcome(Class.INDEX, f"index/{key}", (Finding(Outcome.MISSING, reason),))


def _check_file(
    evidence: Evidence,
    chain: Chain,
    key: str,
    by_key: dict[str, Manifest],
    in_scope: Callable[[str], bool],
    indexed: dict[str, str],
) -> Iterator[Finding]:
    version = evidence.first_version(key)
    try:
        data = evidence.read(key, version.version_id if version else None)
        if data is None:
            yield Finding(Outcome.MISSING, f"{key}: listed and not there")
            return
        rows = read_index(data, key).to_pylist()
    except TieoutError as error:
        yield finding_of(error)
        return
    for row in rows:
        yield from _check_row(row, chain, key, by_key, in_scope, indexed)


def _check_row(
    row: dict[str, Any],
    chain: Chain,
    key: str,
    by_key: dict[str, Manifest],
    in_scope: Callable[[str], bool],
    indexed: dict[str, str],
) -> Iterator[Finding]:
    manifest_key = str(row["manifest_key"])
    if manifest_key in indexed:
        yield Finding(Outcome.TAMPERED, f"{key}: it holds {manifest_key}, and so does {indexed[manifest_key]}")
        return
    manifest = by_key.get(manifest_key)
    if manifest is None:
        if in_scope(manifest_key):
            reason = f"{key}: its row for {manifest_key} has no manifest that can be relied on"
            yield Finding(Outcome.MISSING, reason)
        return
    indexed[manifest_key] = key
    differing = [name for name, value in index_row(manifest).items() if row[name] != value]
    entry, period = chain.first(manifest_key), partition_values(manifest_key)["observation_period"]
    if entry is None:
        yield Finding(Outcome.MISSING, f"{key}: it holds {manifest_key}, and the digest that names that landing is not there")
        return
    if differing or key != index_key(period, chain.named_in[entry.id]):
        what = ", ".join(differing) or "another digest or period names it"
        yield Finding(Outcome.TAMPERED, f"{key}: its row for {manifest_key} disagrees with the manifest: {what}")


def _is_due(chain: Chain, key: str) -> bool:
    entry, head = chain.first(key), chain.head
    return entry is not None and head is not None and chain.named_in[entry.id] < head.sequence
