# SPDX-License-Identifier: Apache-2.0
"""A bucket as one digest saw it: later versions, later keys and other bytes are not there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.flows.campaign_bench import make_signers, store_client

from tieout.errors import ConfigurationError, Missing, Tampered
from tieout.evidence.keys import DocumentSigner, Scope
from tieout.evidence.layout import digest_key
from tieout.evidence.store import Retention, S3Store
from tieout.flows.digest import seal
from tieout.local.object_store import establish
from tieout.package.sealed_store import SealedStore, sealed_store

ONE, TWO, LATER = (f"manifests/observation_period=p/control=c/window=w/{name}.dsse.json" for name in ("one", "two", "later"))


@dataclass
class Scene:
    """A bucket with two digests, and what came after them."""

    store: S3Store
    signers: dict[Scope, DocumentSigner]
    folder: Path

    def put(self, key: str, data: bytes) -> str:
        return self.store.put_locked(key, data, hashlib.sha256(data).hexdigest(), retention())

    def overwrite(self, key: str, data: bytes) -> None:
        self.store._client.put_object(Bucket=self.store.bucket, Key=key, Body=data)

    def seal(self) -> None:
        seal(self.store, self.signers[Scope.DIGEST], retention(), lambda: datetime.now(UTC), 3600)

    def sealed(self, sequence: int | None = None) -> SealedStore:
        return sealed_store(self.store, self.folder, sequence)


def retention() -> Retention:
    return Retention("COMPLIANCE", datetime.now(UTC) + timedelta(days=30), "AES256", "")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Return a bucket in which one key was landed before each digest, one overwritten and one landed after the last."""
    with store_client() as client:
        client.create_bucket(Bucket="evidence", ObjectLockEnabledForBucket=True)
        made = Scene(S3Store(client, "evidence"), make_signers(tmp_path), tmp_path / "fetched")
        establish(made.store, made.signers, 3600, retention(), datetime.now(UTC) - timedelta(minutes=5))
        made.put(ONE, b"one")
        made.seal()
        made.put(TWO, b"two")
        made.seal()
        made.overwrite(ONE, b"shadow")
        made.put(LATER, b"later")
        yield made


def test_it_holds_what_the_chain_names_up_to_a_digest(scene: Scene) -> None:
    last, before = scene.sealed(), scene.sealed(1)
    assert last.keys("manifests/") == [ONE, TWO]
    assert before.keys("manifests/") == [ONE]
    assert (last.head.sequence, before.head.sequence) == (2, 1)
    assert before.as_of == before.head.end < last.as_of
    digests = [digest_key(number) for number in range(3)]
    assert last.keys("digests/") == digests, "its own digest, which nothing names yet, is there"
    assert before.keys("digests/") == digests[:2]


def test_the_version_that_landed_counts_whatever_shadows_it(scene: Scene) -> None:
    sealed = scene.sealed()
    assert sealed.read(ONE, None) == b"one"
    assert sealed.read(LATER, None) is None
    first = sealed.first(ONE)
    assert first is not None
    assert sealed.sha256_of(first) == hashlib.sha256(b"one").hexdigest()


def test_what_was_fetched_is_read_from_the_folder(scene: Scene) -> None:
    sealed, told = scene.sealed(), []
    sealed.fetch(sealed.versions("manifests/"), lambda: told.append(1))
    assert len(told) == 2
    assert (scene.folder / TWO).read_bytes() == b"two"
    (scene.folder / TWO).write_bytes(b"from the folder")
    assert sealed.read(TWO, None) == b"from the folder"


def test_other_bytes_than_the_digests_saw_are_never_handed_on_whole(scene: Scene) -> None:
    sealed = scene.sealed()
    first = sealed.first(TWO)
    assert first is not None
    sealed._sha256[first.key, first.version_id] = "0" * 64
    got = []
    with pytest.raises(Tampered, match="Run tieout verify"):
        got += list(sealed.checked_chunks(first))
    assert got == []
    gone = sealed.first(ONE)
    assert gone is not None
    with pytest.raises(Missing, match="a digest names it"):
        list(sealed.checked_chunks(type(gone)(ONE + "x", "no-such-version", gone.last_modified, True, False, 1)))


def test_there_are_no_other_digests_than_those_of_the_chain(scene: Scene) -> None:
    with pytest.raises(ConfigurationError, match="expected 0 to 2"):
        scene.sealed(3)
