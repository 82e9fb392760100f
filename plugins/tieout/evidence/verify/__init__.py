# SPDX-License-Identifier: Apache-2.0
"""Verification: is what stands in a bucket, or in a copy of it, what was signed?

Four outcomes: **intact**, **tampered**, **missing**, **cannot check**. It speaks of integrity, never of completeness or
effectiveness. Steps:

1. Trust: every edition of the key list is signed by the root whose fingerprint the auditor was given (`check_editions`).
   Without it nothing can be checked.
2. Chain: the digests run without a gap from the one that the key list names, each signed, bound to its bucket and key, and
   naming the hash of the one before (`read_chain`). The last has to reach ``min(now - 2 cadences, period end)``, and the chain
   has to hold the head that was announced outside the bucket, where the auditor gives one.
3. Manifests, records, responses: each is signed by a key that may sign such a document, when it says and when the store
   received it, and stands where it was signed for. No response came after the final digest of its period.
4. Bytes: each object that they name is there, in the version that is pinned, with the bytes that were signed and that the
   digest principal saw.
5. Custody (bucket only): no later version and no delete marker shadows an object; each is locked as its document says, neither
   shorter nor absurdly longer.
6. Succession: what a landing supersedes is there as it was; of each slot and system one landing stands.
7. Coverage: every version and delete marker that a digest names is still there and unchanged; nothing stands in the bucket
   that no manifest, record or digest answers for; nothing is older than the digest that should have named it.
8. Index: it says of each landing what its manifest says.

A copy holds no versions, locks or times of the store: what the digests say of them is used instead, and custody is
"not checked in a copy".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from tieout.errors import TieoutError
from tieout.evidence.key_folder import editions_of
from tieout.evidence.key_list import KeyList, check_editions
from tieout.evidence.layout import MANIFESTS, RESPONSES, Class, class_of, landing_of, partition_values
from tieout.evidence.manifest import Manifest
from tieout.evidence.records import Record
from tieout.evidence.sources import Evidence
from tieout.evidence.verify.chain import Chain, read_chain
from tieout.evidence.verify.coverage import check_entries, check_head, check_reach, check_tail, check_unnamed
from tieout.evidence.verify.indexes import check_index
from tieout.evidence.verify.landings import Check, check_succession, verify_landing, verify_record, verify_response
from tieout.evidence.verify.outcome import LANDING, Finding, Head, ItemOutcome, Outcome, Report, finding_of, worst
from tieout.times import instant, parse_instant

__all__ = ["LANDING", "Finding", "ItemOutcome", "Outcome", "Question", "Report", "verify", "worst"]

_WORKERS = 8
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about: everything, unless narrowed. The chain of digests is always read whole.

    Attributes:
        observation_period: Only this one.
        control: Only this one.
        landing: Only this one, by its id.
        prefix: Only keys that start so.
    """

    observation_period: str | None = None
    control: str | None = None
    landing: str | None = None
    prefix: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it."""
        return self == Question()

    def includes(self, key: str) -> bool:
        """Whether a key was asked about."""
        place = partition_values(key)
        return (
            key.startswith(self.prefix)
            and self.observation_period in (None, place.get("observation_period"))
            and self.control in (None, place.get("control"))
            and (self.landing is None or self.landing in key)
        )

    def __str__(self) -> str:
        """What a message calls it."""
        parts = ["manifests/"]
        parts += [f"observation_period={self.observation_period}/"] if self.observation_period else []
        parts += [f"control={self.control}/"] if self.control else []
        return "".join(parts) + (self.landing or "") + (f" (keys that start with {self.prefix})" if self.prefix else "")


def verify(
    evidence: Evidence,
    root_fingerprint: str | None,
    *,
    now: datetime,
    question: Question | None = None,
    head: str | None = None,
    quick: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Verify everything, or what a question narrows it to.

    Args:
        evidence: Where to read.
        root_fingerprint: As received outside the bucket; ``None`` makes every outcome *cannot check*.
        now: When it is, UTC: digests have to reach up to it.
        question: What is asked about.
        head: SHA-256 of a digest, or its first digits, as announced outside the bucket: the chain has to hold it.
        quick: Whether ``evidence`` gives checksums that the store keeps; for the report only.
        progress: Called with documents done and in all.

    Returns:
        A report; it never raises for what it finds.
    """
    question = question or Question()
    keys = sorted(key for key in (*evidence.keys(MANIFESTS), *evidence.keys(RESPONSES)) if _is_document(key, question))
    trust = _trust(evidence, root_fingerprint)  # (1)
    if isinstance(trust, Finding):
        unread = tuple(ItemOutcome(LANDING, key, (trust,)) for key in keys if _is_landing(key))
        return Report(evidence.profile, root_fingerprint, unread, trust, quick=quick)
    chain = read_chain(evidence, trust)  # (2)
    check = Check(evidence, trust, chain, {digest.key: digest.sha256 for digest in chain.digests})
    walked = _walk(check, keys, progress)  # (3), (4), (5)
    succession = check_succession(walked.manifests)  # (6)
    items = [
        replace(item, findings=(*item.findings, *succession[item.key])) if item.key in succession else item
        for item in walked.items
    ]
    items += _coverage(check, question, walked)  # (7)
    items += check_index(evidence, chain, question.includes, walked.manifests)  # (8)
    problem = check_head(chain, head) or check_reach(chain, now, _last_period_end(walked.manifests))
    if problem is None and not any(item.kind == LANDING for item in items) and not (walked.items and not question.is_everything):
        problem = Finding(Outcome.MISSING, f"there is no manifest under {question}")
    tail, dated_back = check_tail(evidence, chain)
    known = {item.key for item in items}
    items += [item for item in dated_back if item.key not in known]
    return Report(evidence.profile, trust.root_fingerprint, _merged([*items, *chain.items]), problem, _head(chain), tail, quick)


def _is_document(key: str, question: Question) -> bool:
    signed = class_of(key) in (Class.MANIFEST, Class.RECORD, Class.RESPONSE)
    odd = key.startswith(MANIFESTS) and key.endswith(".dsse.json")
    return (signed or odd) and question.includes(key)


def _is_landing(key: str) -> bool:
    return class_of(key) in (Class.MANIFEST, Class.UNKNOWN)


def _trust(evidence: Evidence, root_fingerprint: str | None) -> KeyList | Finding:
    if not root_fingerprint:
        reason = "no trust root: give --root the fingerprint that you received outside the bucket"
        return Finding(Outcome.CANNOT_CHECK, reason)
    try:
        return check_editions(editions_of(evidence), root_fingerprint)
    except TieoutError as error:
        return finding_of(error)


@dataclass(slots=True)
class _Walked:
    items: list[ItemOutcome]
    manifests: list[Manifest]
    named: set[str]
    """Keys that a document which can be relied on answers for."""
    failed: set[str]
    """Landings whose manifest can not be relied on."""


def _walk(check: Check, keys: list[str], progress: Progress) -> _Walked:
    walked = _Walked([], [], set(), set())

    def one(key: str) -> tuple[ItemOutcome, Manifest | Record | None]:
        kind = class_of(key)
        if kind is Class.RECORD:
            return verify_record(check, key)
        return (verify_response(check, key), None) if kind is Class.RESPONSE else verify_landing(check, key)

    with ThreadPoolExecutor(_WORKERS) as pool:
        for done, (item, document) in enumerate(pool.map(one, keys), start=1):
            walked.items.append(item)
            if isinstance(document, Manifest):
                walked.manifests.append(document)
                walked.named.update(subject.key for subject in document.subjects)
            elif isinstance(document, Record):
                walked.named.update(entry.key for entry in document.objects)
            elif item.kind == LANDING:
                walked.failed.add(landing_of(item.key))
            progress(done, len(keys))
    return walked


def _coverage(check: Check, question: Question, walked: _Walked) -> Iterable[ItemOutcome]:
    yield from check_entries(check.evidence, check.chain, question.includes, walked.named, check.read)
    yield from check_unnamed(check.evidence, question.includes, walked.named, walked.failed)


def _last_period_end(manifests: list[Manifest]) -> datetime | None:
    return max((parse_instant(manifest.predicate["observation_period"]["to"]) for manifest in manifests), default=None)


def _head(chain: Chain) -> Head | None:
    last = chain.head
    return Head(last.sequence, last.sha256, instant(last.end)) if last else None


def _merged(items: list[ItemOutcome]) -> tuple[ItemOutcome, ...]:
    """Put what was found of one key together: a landing and its manifest are one thing. Landings come first, then by key."""
    by_key: dict[str, ItemOutcome] = {}
    for item in items:
        before = by_key.get(item.key)
        if before is None:
            by_key[item.key] = item
            continue
        more = tuple(finding for finding in item.findings if finding not in before.findings)
        by_key[item.key] = replace(before, findings=(*before.findings, *more))
    return tuple(sorted(by_key.values(), key=lambda item: (item.kind != LANDING, item.key)))
