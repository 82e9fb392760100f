# SPDX-License-Identifier: Apache-2.0
"""Attacks through S3, each on a fresh bucket without policy, as its administrator: what the store lets happen at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.tamper.attack import CANNOT_CHECK, MISSING, TAMPERED, Attack, Verdict, judge
from tests.tamper.scene import Options
from tests.tamper.stage import Stage, Stored
from tieout.evidence.index import SCHEMA, read_index, write_index
from tieout.evidence.layout import index_key
from tieout.evidence.store import Retention, S3Store
from tieout.evidence.verify import Outcome

ATTACKS: list[Attack] = []
Do = Callable[[Stored], object]
SHADOW, MARKER = "shadowed: another version", "a delete marker hides it"


def simple(group: str, title: str, outcome: Outcome, words: str, do: Do, options: Options | None = None) -> None:
    """Register an attack on a scene in a bucket."""

    def on(stage: Stage) -> Verdict:
        scene = stage.scene(options)
        do(scene)
        return judge(scene)

    ATTACKS.append(Attack(group, title, "S3", outcome, words, on))


def again(scene: Stored, key: str) -> None:
    """Delete what landed and put the same bytes there again."""
    data = scene.read(key)
    scene.delete(key)
    scene.write(key, data)


def nothing(_scene: Stored) -> None:
    """Leave the scene as it was built."""


def slips(*names: str, lock: Callable[[Retention], Retention | None]) -> Options:
    """Return options under which objects whose key holds a name are locked otherwise."""

    def slip(key: str, retention: Retention) -> Retention | None:
        return lock(retention) if all(name in key for name in names) else retention

    return Options(slip=slip)


def until(moment: datetime, mode: str = "COMPLIANCE") -> Callable[[Retention], Retention]:
    """Return what sets another lock."""
    return lambda retention: Retention(mode, moment, retention.sse, retention.sse_key_id)


KINDS: dict[str, Callable[[Stored], str]] = {
    "part": lambda scene: scene.marks.a.parts[0],
    "raw page": lambda scene: scene.marks.a.raw,
    "manifest": lambda scene: scene.marks.a.manifest,
    "record": lambda scene: scene.marks.record,
    "response": lambda scene: scene.marks.response,
    "digest": lambda scene: scene.marks.digests[1],
    "key list": lambda scene: scene.marks.key_lists[0],
    "index file": lambda scene: scene.marks.indexes[0],
    "README": lambda _scene: "README.md",
}
for kind, key_of in KINDS.items():
    simple(
        "shadowed",
        f"a {kind} is written over",
        TAMPERED,
        SHADOW,
        lambda scene, key_of=key_of: scene.write(key_of(scene), b"other"),
    )
for kind in ("part", "raw page", "manifest", "digest"):
    simple("marked deleted", f"a {kind}", TAMPERED, MARKER, lambda scene, kind=kind: scene.mark_deleted(KINDS[kind](scene)))

GOVERNANCE = Options(mode="GOVERNANCE")
simple(
    "deleted", "a part's version, its lock bypassed", MISSING, "not there in the version",
    lambda scene: scene.delete(scene.marks.a.parts[0]), GOVERNANCE,
)  # fmt: skip
simple(
    "deleted", "a manifest's version, its lock bypassed", MISSING, "names its version",
    lambda scene: scene.delete(scene.marks.a.manifest), GOVERNANCE,
)  # fmt: skip
simple(
    "deleted", "a digest's version, its lock bypassed", MISSING, "a digest was removed",
    lambda scene: scene.delete(scene.marks.digests[1]), GOVERNANCE,
)  # fmt: skip
simple(
    "deleted", "a part, and the same bytes put again", TAMPERED, "not there in the version",
    lambda scene: again(scene, scene.marks.a.parts[0]), GOVERNANCE,
)  # fmt: skip
simple(
    # One whose key was not revoked: put again a second later, another one came after its key's end, which is tampered besides.
    "deleted", "a manifest, and the same bytes put again", MISSING, "names its version",
    lambda scene: again(scene, scene.marks.new.manifest), GOVERNANCE,
)  # fmt: skip

FAR, NEAR = datetime(2200, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=2)
for name, folder in (("part", "evidence/"), ("manifest", "manifests/"), ("digest", "digests/000000000002")):
    simple("unlocked", f"a {name} is put without a lock", TAMPERED, "not locked", nothing, slips(folder, lock=lambda _lock: None))
simple("retention", "two days instead of years", TAMPERED, "its manifest says", nothing, slips("evidence/", lock=until(NEAR)))
simple(
    "retention",
    "GOVERNANCE instead of COMPLIANCE",
    TAMPERED,
    "locked GOVERNANCE",
    nothing,
    slips("evidence/", lock=until(FAR, "GOVERNANCE")),
)
simple("retention", "until the year 2200", TAMPERED, "years longer than", nothing, slips("manifests/", lock=until(FAR)))
simple(
    "retention", "a lock is bypassed and taken down afterwards", TAMPERED, "its manifest says",
    lambda scene: scene.lock(scene.marks.a.parts[0], "GOVERNANCE", NEAR), GOVERNANCE,
)  # fmt: skip

simple(
    "added", "a part that nobody names", MISSING, "no manifest names it",
    lambda scene: scene.write(scene.marks.b.parts[0].replace("-00000.", "-00007."), b"stray"),
)  # fmt: skip
simple(
    "added",
    "an object under a prefix that the layout does not have",
    TAMPERED,
    "the layout has no",
    lambda scene: scene.write("backup/x", b"x"),
)
simple("added", "a response after the final digest", TAMPERED, "added after close", lambda scene: scene.late_response())


def late_by_a_second(scene: Stored) -> None:
    """Let the store's clock, which has seconds, pass the revocation."""
    time.sleep(1.1)
    scene.late(scene.keys.landing, at=scene.begin - timedelta(minutes=50))


def moved_bucket(stage: Stage) -> Verdict:
    """Copy a whole bucket into one of another name."""
    scene = stage.scene()
    target = stage.fresh_bucket()
    for version in sorted(scene.store.versions(""), key=lambda version: version.last_modified):
        stage.client.put_object(
            Bucket=target, Key=version.key, Body=scene.read(version.key), ChecksumAlgorithm="SHA256",
            ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=scene.retention.until,
        )  # fmt: skip
    scene.store, scene.bucket = S3Store(stage.client, target), target
    return judge(scene)


def foreign_landing(stage: Stage) -> Verdict:
    """Copy a landing of another bucket, of the same keys, into a slot that is free."""
    scene, other = stage.scene(), stage.scene()
    key = other.late()
    scene.write(key, other.read(key))
    return judge(scene)


def second_index(scene: Stored) -> None:
    """Put one more index file, with other rows for landings that are indexed."""
    rows = read_index(scene.read(scene.marks.indexes[0]), "").to_pylist()
    rows[0]["rows"] = 0
    scene.write(index_key("2026-H1", 3), write_index(SCHEMA.empty_table().from_pylist(rows, schema=SCHEMA)))


def no_digest_for_long(stage: Stage) -> Verdict:
    """Let three cadences go by without a digest, in a period that has not ended."""
    scene = stage.scene(Options(period_end=timedelta(days=30)))
    scene.ask.now = scene.begin + timedelta(hours=5)
    return judge(scene)


def blind_auditor(stage: Stage) -> Verdict:
    """Verify as somebody who may not see locks."""
    scene = stage.scene()
    get = scene.client.get_object_retention

    class Blind:
        def __getattr__(self, name: str) -> object:
            return getattr(stage.client, name)

        def get_object_retention(self, **_arguments: object) -> object:
            return get(Bucket="no-such-bucket-here", Key="x", VersionId="y")

    scene.auditor = Blind()
    return judge(scene)


for group, title, outcome, words, do in (
    ("moved", "a whole bucket under another name", TAMPERED, "it was signed for bucket", moved_bucket),
    ("moved", "a landing of another bucket", TAMPERED, "it was signed for bucket", foreign_landing),
    ("chain", "no digest for longer than two cadences", MISSING, "no digest has been made since", no_digest_for_long),
    ("custody", "the auditor may not see locks", CANNOT_CHECK, "may not see its lock", blind_auditor),
):
    ATTACKS.append(Attack(group, title, "S3", outcome, words, do))
simple(
    "key", "a revoked key dates a landing back, and the store knows when it came", TAMPERED, "was not valid at", late_by_a_second
)
simple("index", "a second index file with other rows", TAMPERED, "and so does", second_index)
