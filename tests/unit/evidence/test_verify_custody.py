# SPDX-License-Identifier: Apache-2.0
"""Custody, judged over a stand-in for a bucket: versions, delete markers and locks as a store would tell them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.evidence.signed_copy import BUCKET, DIGESTED_AT, NOW, VALID_FROM, SignedCopy

from tieout.evidence.layout import digest_key
from tieout.evidence.sources import Copy
from tieout.evidence.store import LockState, ObjectVersion
from tieout.evidence.verify import Outcome, Report, verify

UNTIL = datetime(2034, 1, 5, tzinfo=UTC)
LANDED = datetime(2026, 11, 2, 6, 0, 1, tzinfo=UTC)


class StandIn(Copy):
    """A bucket with the files of a copy; each key has one version, the one that was landed, locked as it should be."""

    profile = "bucket"
    bucket: str | None = BUCKET

    def __init__(self, copy: SignedCopy) -> None:
        super().__init__(copy.folder)
        files = [path.relative_to(copy.folder).as_posix() for path in copy.folder.rglob("*") if path.is_file()]
        self.pinned = {key: f"version of {key}" for key in files} | copy.version_ids()
        self.later: dict[str, list[ObjectVersion]] = {}
        self.locks: dict[str, LockState | None] = {}
        self.asked: set[tuple[str, str | None]] = set()

    def first_version(self, key: str) -> ObjectVersion:
        return self.versions(key)[-1]

    def sha256(self, key: str, version_id: str | None) -> str | None:
        self.asked.add((key, version_id))
        return super().sha256(key, version_id) if version_id == self.pinned[key] else None

    def versions(self, key: str) -> list[ObjectVersion]:
        return [*self.later.get(key, []), ObjectVersion(key, self.pinned[key], self.stored_at(key), True, False, 1)]

    @staticmethod
    def stored_at(key: str) -> datetime:
        times = {digest_key(0): VALID_FROM, digest_key(1): DIGESTED_AT}
        return times.get(key, LANDED)

    def lock(self, key: str, version_id: str) -> LockState | None:
        return self.locks.get(key, LockState("COMPLIANCE", UNTIL)) if version_id == self.pinned[key] else None

    def verify(self, root: str) -> Report:
        return verify(self, root, now=NOW)


@pytest.fixture
def bucket(template: SignedCopy) -> StandIn:
    return StandIn(template)


Pick = Callable[[SignedCopy], str]
PICKS: list[Pick] = [
    lambda copy: copy.subjects("part")[1],
    lambda copy: copy.subjects("raw")[0],
    lambda copy: copy.manifest,
]
each_kind = pytest.mark.parametrize("pick", PICKS, ids=["part", "raw page", "manifest"])


def only_finding(report: Report, copy: SignedCopy) -> tuple[Outcome, str]:
    assert report.intact == 2
    landing = copy.outcome(report)
    (finding,) = landing.findings
    assert report.outcome is landing.outcome is finding.outcome
    return finding.outcome, finding.reason


def test_a_bucket_as_it_was_landed_is_intact(template: SignedCopy, bucket: StandIn) -> None:
    report = bucket.verify(template.root)
    assert (report.outcome, report.intact, report.custody) == (Outcome.INTACT, 3, "checked")
    assert report.as_document()["custody"] == "checked"


def test_bytes_are_read_in_the_version_that_was_signed(template: SignedCopy, bucket: StandIn) -> None:
    bucket.verify(template.root)
    named = {key: version for key, version in bucket.pinned.items() if key.startswith(("evidence/", "raw/"))}
    assert bucket.asked == set(named.items())


def test_without_a_root_custody_was_not_checked(bucket: StandIn) -> None:
    assert verify(bucket, None, now=NOW).custody == "not checked"


@each_kind
@pytest.mark.parametrize("marker", [True, False], ids=["delete marker", "version"])
def test_whatever_shadows_an_object_is_tampering(template: SignedCopy, bucket: StandIn, pick: Pick, marker: bool) -> None:
    key = pick(template)
    bucket.later[key] = [ObjectVersion(key, "later", LANDED + timedelta(days=1), True, marker, 1)]
    outcome, reason = only_finding(bucket.verify(template.root), template)
    assert outcome is Outcome.TAMPERED
    assert reason.startswith(f"{key}: shadowed: {'a delete marker hides it' if marker else 'another version of the key'}")
    assert "version later, 2026-11-03 06:00:01 UTC" in reason


@each_kind
@pytest.mark.parametrize(
    ("lock", "outcome", "words"),
    [
        (None, Outcome.CANNOT_CHECK, "may not see its lock"),
        (LockState(None, None), Outcome.TAMPERED, "not locked"),
        (LockState("COMPLIANCE", None), Outcome.TAMPERED, "not locked"),
        (LockState("COMPLIANCE", UNTIL - timedelta(seconds=1)), Outcome.TAMPERED, "locked COMPLIANCE until 2034-01-04"),
        (LockState("GOVERNANCE", UNTIL), Outcome.TAMPERED, "locked GOVERNANCE"),
    ],
    ids=["not to be seen", "none", "without end", "too short", "too weak"],
)
def test_a_lock_that_is_not_what_was_signed(
    template: SignedCopy, bucket: StandIn, pick: Pick, lock: LockState | None, outcome: Outcome, words: str
) -> None:
    bucket.locks[pick(template)] = lock
    found, reason = only_finding(bucket.verify(template.root), template)
    assert found is outcome
    assert reason.startswith(pick(template))
    assert words in reason


@each_kind
def test_a_longer_lock_is_no_finding(template: SignedCopy, bucket: StandIn, pick: Pick) -> None:
    bucket.locks[pick(template)] = LockState("COMPLIANCE", UNTIL + timedelta(days=1))
    assert bucket.verify(template.root).outcome is Outcome.INTACT


def test_a_stronger_lock_than_was_signed_is_no_finding(copy: SignedCopy) -> None:
    copy.sign_again(lambda said: said["predicate"]["retention"].update(mode="GOVERNANCE"))
    copy.digest()
    bucket = StandIn(copy)
    assert bucket.verify(copy.root).outcome is Outcome.INTACT
    bucket.locks[copy.manifest] = LockState("GOVERNANCE", UNTIL)
    assert bucket.verify(copy.root).outcome is Outcome.INTACT


def test_an_object_in_another_version_is_missing_and_shadowed(template: SignedCopy, bucket: StandIn) -> None:
    part = template.subjects("part")[0]
    bucket.pinned[part] = "version-other"
    landing = template.outcome(bucket.verify(template.root))
    outcomes = [finding.outcome for finding in landing.findings]
    assert outcomes == [Outcome.MISSING, Outcome.TAMPERED, Outcome.CANNOT_CHECK]
    assert landing.findings[0].reason == f"{part}: not there in the version that was signed"


def test_a_whole_bucket_under_another_name_is_tampered(template: SignedCopy, bucket: StandIn) -> None:
    bucket.bucket = "copied-bucket"
    report = bucket.verify(template.root)
    assert {landing.outcome for landing in report.landings} == {Outcome.TAMPERED}
    assert report.intact == 0


def test_tampering_outweighs_what_can_not_be_seen(template: SignedCopy, bucket: StandIn) -> None:
    bucket.locks[template.manifest] = None
    bucket.locks[template.subjects("raw")[0]] = LockState(None, None)
    landing = template.outcome(bucket.verify(template.root))
    assert (landing.outcome, len(landing.findings)) == (Outcome.TAMPERED, 2)
    assert landing.rows == 5
