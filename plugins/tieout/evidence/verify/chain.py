# SPDX-License-Identifier: Apache-2.0
"""The chain of digests, from the one that the key list names to the last: what the bucket has ever held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tieout.errors import Missing, Tampered, TieoutError
from tieout.evidence.digest import Digest, Entry, check_digest
from tieout.evidence.key_list import KeyList
from tieout.evidence.layout import DIGESTS, Class, class_of, digest_key
from tieout.evidence.signed import Received
from tieout.evidence.sources import Evidence
from tieout.evidence.store import ObjectVersion
from tieout.evidence.verify.custody import check_custody
from tieout.evidence.verify.outcome import Finding, ItemOutcome, Outcome, finding_of


@dataclass(slots=True)
class Chain:
    """What the checked digests say, and what was found on the way."""

    digests: list[Digest] = field(default_factory=list)
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    """By key and version."""
    history: dict[str, list[Entry]] = field(default_factory=dict)
    """By key, as the digests name them."""
    closed: dict[str, int] = field(default_factory=dict)
    """Sequence of the final digest of an observation period."""
    named_in: dict[tuple[str, str], int] = field(default_factory=dict)
    """Sequence of the digest that names a version."""
    items: list[ItemOutcome] = field(default_factory=list)

    @property
    def head(self) -> Digest | None:
        """The last digest that can be relied on."""
        return self.digests[-1] if self.digests else None

    @property
    def broken(self) -> bool:
        """Whether the chain ends at a digest that can not be relied on."""
        return any(item.findings for item in self.items)

    def add(self, digest: Digest) -> None:
        """Take in the next digest."""
        self.digests.append(digest)
        for entry in digest.entries:
            self.entries[entry.id] = entry
            self.history.setdefault(entry.key, []).append(entry)
            self.named_in[entry.id] = digest.sequence
        for period in digest.closes:
            self.closed.setdefault(period, digest.sequence)

    def first(self, key: str) -> Entry | None:
        """Return what was landed under a key: the oldest version that a digest names."""
        stored = [entry for entry in self.history.get(key, ()) if not entry.delete_marker]
        # A store's clock has seconds; among equals a listing, and so a digest, gives the newest first.
        order = sorted(enumerate(stored), key=lambda item: (self.named_in[item[1].id], item[1].last_modified, -item[0]))
        return order[0][1] if order else None


def read_chain(evidence: Evidence, key_list: KeyList) -> Chain:
    """Read and check every digest, in order; the first that fails ends what can be relied on.

    1. Sequence numbers run without a gap from 0; each digest is checked against the one before (`check_digest`).
    2. Bucket only: the oldest version of the key is the digest, and another one is a fork; it stands in the version that the
       next digest names; its lock is the one it states; the store received it when it says it was made.
    """
    chain = Chain()
    keys = sorted(key for key in evidence.keys(DIGESTS) if class_of(key) is Class.DIGEST)
    for number, key in enumerate(keys):
        expected = digest_key(number)
        if key != expected:  # (1)
            reason = f"{expected}: not there, and {key} is: a digest was removed"
            chain.items.append(ItemOutcome(Class.DIGEST, expected, (Finding(Outcome.MISSING, reason),)))
            break
        findings = tuple(_link(evidence, key_list, chain, key))
        chain.items.append(ItemOutcome(Class.DIGEST, key, findings))
        if len(chain.digests) <= number:
            break
    if not keys:
        reason = f"{digest_key(0)}: not there: the key list names a chain of digests, and there is none"
        chain.items.append(ItemOutcome(Class.DIGEST, digest_key(0), (Finding(Outcome.MISSING, reason),)))
    unread = keys[len(chain.items) :]
    if unread:
        reason = f"{unread[0]} to {unread[-1]}: they follow a digest that can not be relied on"
        chain.items.append(ItemOutcome(Class.DIGEST, unread[0], (Finding(Outcome.CANNOT_CHECK, reason),)))
    return chain


def _link(evidence: Evidence, key_list: KeyList, chain: Chain, key: str) -> Iterator[Finding]:
    """Check one digest and add it to the chain, if it can be relied on."""
    version = evidence.first_version(key)
    try:
        data = evidence.read(key, version.version_id if version else None)
        if data is None:
            msg = f"{key}: listed and not there."
            raise Missing(msg)
        digest = check_digest(
            data, key, key_list, evidence.bucket, chain.head, Received(version.last_modified) if version else None
        )
    except TieoutError as error:
        yield finding_of(error)
        return
    before = chain.digests[-1].key if chain.digests else None
    chain.add(digest)
    if version is None:
        return
    try:  # (2)
        yield from check_custody(evidence, key, version.version_id, digest.retention_mode, digest.retain_until)
        stands = evidence.first_version(before) if before else None
        if stands and digest.previous and digest.previous.version_id != stands.version_id:
            msg = f"{key}: it follows version {digest.previous.version_id} of {before}; {stands.version_id} came first: a fork."
            raise Tampered(msg)
    except TieoutError as error:
        yield finding_of(error)


def received(evidence: Evidence, chain: Chain, key: str) -> Received | None:
    """Return when the store received what landed under a key: its own word, or, in a copy, that of the digests.

    What the last digest does not name came after it, whatever it says itself.
    """
    version: ObjectVersion | None = evidence.first_version(key)
    if version is not None:
        return Received(version.last_modified)
    entry = chain.first(key)
    if entry is not None:
        return Received(entry.last_modified)
    return Received(chain.head.end, exact=False) if chain.head and not chain.broken else None
