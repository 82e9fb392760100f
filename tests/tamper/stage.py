# SPDX-License-Identifier: Apache-2.0
"""Where attacks are done: one running object store, a fresh bucket for each attack over S3, a fresh copy for each other one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.stack import Store, running_store
from tests.tamper.documents import Scene, Statement
from tests.tamper.scene import Builder, Keys, Marks, Options
from tieout.evidence.layout import digest_key
from tieout.evidence.sources import Bucket, Copy, Evidence
from tieout.evidence.store import S3Store, oldest

# One volume per bucket: the store's own estimate of how many fit on a disk ends below the number of attacks.
_MANY_SMALL_VOLUMES = "master.volumeSizeLimitMB=64\nvolume.max=1000\n"


class Stored(Scene):
    """A scene in a bucket without policy, as its administrator: whatever the store lets happen is possible."""

    def __init__(self, builder: Builder, marks: Marks) -> None:
        super().__init__(marks, builder.keys, builder.bucket, builder.begin)
        self.client, self.retention = builder.client, builder.retention
        self.store = S3Store(builder.client, builder.bucket)
        self.auditor: Any = builder.client

    def read(self, key: str) -> bytes:
        return self.store.read(key, self.version(key)) or b""

    def version(self, key: str) -> str:
        """Return the version that landed under a key."""
        first = oldest([version for version in self.store.versions(key) if version.key == key])
        assert first is not None
        return first.version_id

    def write(self, key: str, data: bytes) -> str:
        answer = self.client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=data,
            ChecksumAlgorithm="SHA256",
            ObjectLockMode=self.retention.mode,
            ObjectLockRetainUntilDate=self.retention.until,
        )
        return str(answer["VersionId"])

    def mark_deleted(self, key: str) -> str:
        """Put a delete marker over a key; returns the key."""
        self.client.delete_object(Bucket=self.bucket, Key=key)
        return key

    def delete(self, key: str) -> str:
        """Delete the version that landed, as an administrator who may bypass a GOVERNANCE lock; returns the key."""
        version = self.version(key)
        self.client.delete_object(Bucket=self.bucket, Key=key, VersionId=version, BypassGovernanceRetention=True)
        return key

    def lock(self, key: str, mode: str, until: datetime) -> str:
        """Set another lock on what landed; returns the key."""
        self.client.put_object_retention(
            Bucket=self.bucket,
            Key=key,
            VersionId=self.version(key),
            Retention={"Mode": mode, "RetainUntilDate": until},
            BypassGovernanceRetention=True,
        )
        return key

    def evidence(self, *, quick: bool = False) -> Evidence:
        return Bucket(S3Store(self.auditor, self.bucket), quick=quick)

    def download(self, folder: Path) -> None:
        """Copy the first version of every key into a folder."""
        for key in {version.key for version in self.store.versions("")}:
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.read(key))


class Copied(Scene):
    """A scene in a folder that holds a copy of a bucket."""

    def __init__(self, folder: Path, of: Stored) -> None:
        super().__init__(of.marks, of.keys, of.bucket, of.begin)
        self.folder = folder

    def path(self, key: str) -> Path:
        """Return where a key stands."""
        return self.folder / key

    def read(self, key: str) -> bytes:
        return self.path(key).read_bytes()

    def write(self, key: str, data: bytes) -> str:
        self.path(key).parent.mkdir(parents=True, exist_ok=True)
        self.path(key).write_bytes(data)
        return self.version(key)

    def remove(self, *keys: str) -> str:
        """Remove files; returns the first one's key."""
        for key in keys:
            self.path(key).unlink()
        return keys[0]

    def evidence(self, *, quick: bool = False) -> Evidence:  # noqa: ARG002
        return Copy(self.folder)

    def chain_again(self, change: Callable[[int, Statement], object] = lambda _number, _said: None, first: int = 1) -> None:
        """Sign the digests anew from one on, as who has the digest key can: over what is there now, after a change.

        Entries of files that are not there are left out, hashes and totals are those of now.
        """
        for number in range(first, len(self.marks.digests)):
            before = self.payload(digest_key(number - 1))

            def again(said: Statement, number: int = number, before: Statement = before) -> None:
                said["entries"] = [self._seen(entry) for entry in said["entries"] if self.path(entry["key"]).exists()]
                change(number, said)
                said["from"] = before["to"]
                said["previous"]["sha256"] = self.sha256(digest_key(number - 1))
                size = sum(entry["bytes"] for entry in said["entries"]) + int(before["covered"]["bytes"])
                count = before["covered"]["versions"] + len(said["entries"])
                said["covered"] = {"versions": count, "delete_markers": 0, "bytes": str(size)}

            self.sign_again(digest_key(number), again, self.keys.digest)

    def _seen(self, entry: Statement) -> Statement:
        return {**entry, "sha256": self.sha256(entry["key"]), "bytes": self.path(entry["key"]).stat().st_size}


class Stage:
    """Makes scenes."""

    def __init__(self, store: Store, work: Path) -> None:
        self.store, self._work = store, work
        self.client = store.client("admin")
        self.keys, self.others = Keys.generate(work / "keys"), Keys.generate(work / "others")
        self._number = 0
        # The next bucket is made while an attack runs: its first object takes a fifth of a second.
        self._pool = ThreadPoolExecutor(1)
        self._next: Future[str] = self._pool.submit(self._make_bucket, 0)
        self._template = self.scene()
        self._template.download(work / "template")

    def scene(self, options: Options | None = None, keys: Keys | None = None) -> Stored:
        """Write a scene into a fresh bucket."""
        bucket = self.fresh_bucket()
        builder = Builder(self.client, bucket, keys or self.keys, self._work / bucket, options or Options())
        return Stored(builder, builder.build())

    def fresh_bucket(self) -> str:
        """Return the name of an empty bucket with Object Lock, without default retention or policy."""
        bucket = self._next.result()
        self._number += 1
        self._next = self._pool.submit(self._make_bucket, self._number)
        return bucket

    def copied(self) -> Copied:
        """Return a copy of its own of one bucket."""
        folder = Path(tempfile.mkdtemp(dir=self._work)) / "copy"
        return Copied(Path(shutil.copytree(self._work / "template", folder)), self._template)

    def close(self) -> None:
        """Wait for the bucket that is being made."""
        self._pool.shutdown()

    def _make_bucket(self, number: int) -> str:
        name = f"tamper-{number:03}"
        self.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
        version = self.client.put_object(Bucket=name, Key="first", Body=b"first")["VersionId"]
        self.client.delete_object(Bucket=name, Key="first", VersionId=version)
        return name


@contextmanager
def running_stage(work: Path, repository: Path) -> Iterator[Stage]:
    """Start an object store, and stop it."""
    project = work / "project"
    options = project / ".tieout" / "object_store" / "mini.options"
    options.parent.mkdir(parents=True, mode=0o700)
    options.write_text(_MANY_SMALL_VOLUMES)
    with running_store(project, repository) as store:
        stage = Stage(store, work / "scenes")
        try:
            yield stage
        finally:
            stage.close()
