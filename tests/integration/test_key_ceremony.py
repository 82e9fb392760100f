# SPDX-License-Identifier: Apache-2.0
"""A bucket that `tieout keys` established: what is published verifies, through rotation and revocation, and nothing else is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner

from tests.stack import Store
from tieout.cli import main
from tieout.evidence.digest import build_genesis
from tieout.evidence.key_ceremony import First, Request, sign
from tieout.evidence.key_folder import GENESIS, write
from tieout.evidence.keys import Scope, load_signer
from tieout.evidence.sources import Bucket
from tieout.evidence.store import Retention, S3Store
from tieout.evidence.verify import Report, verify
from tieout.flows.digest import seal

pytestmark = pytest.mark.integration

NUMBERS = itertools.count(1)


@dataclass
class Ceremony:
    """A locked bucket with nothing in it, and a folder with nothing in it."""

    bucket: str
    store: S3Store
    folder: Path

    def uri(self, key: str) -> str:
        return f"file2:{self.folder / 'private' / key}.pem"

    @property
    def root(self) -> str:
        return load_signer(self.uri("root")).keyid

    def run(self, *arguments: str) -> str:
        result = CliRunner().invoke(main, ["keys", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *arguments: str) -> str:
        result = CliRunner().invoke(main, ["keys", *arguments])
        assert result.exit_code == 1, result.output
        return result.stderr

    def init(self, bucket: str | None = None) -> None:
        keys = [part for scope in ("root", "landing", "response", "digest") for part in (f"--{scope}", self.uri(scope))]
        self.run("init", "--bucket", bucket or self.bucket, "--folder", str(self.folder), *keys)

    @property
    def publish(self) -> tuple[str, ...]:
        return "publish", str(self.folder), "--bucket", self.bucket, "--root", self.root

    def seal(self, key: str = "digest") -> None:
        retention = Retention("COMPLIANCE", datetime.now(UTC).replace(microsecond=0) + timedelta(days=400), "AES256", "")
        seal(self.store, load_signer(self.uri(key)), retention, lambda: datetime.now(UTC), 3600)

    def verify(self) -> Report:
        return verify(Bucket(self.store), self.root, now=datetime.now(UTC))

    def findings(self) -> list[str]:
        return [finding.reason for item in self.verify().items for finding in item.findings]


@pytest.fixture
def ceremony(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ceremony:
    name = f"ceremony-{next(NUMBERS)}"
    client = store.client("admin")
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers credentials
    for line in (store.stack.installation.folder / "admin.env").read_text().splitlines():
        monkeypatch.setenv(*line.removeprefix("export ").split("=", 1))
    return Ceremony(name, S3Store(client, name), tmp_path)


def test_what_is_published_is_locked_and_the_chain_goes_on_from_it(ceremony: Ceremony) -> None:
    ceremony.init()
    published = ceremony.run(*ceremony.publish).splitlines()
    keys = ["digests/000000000000.dsse.json", "keys/root.dsse.json", "README.md", "LAYOUT.json"]
    assert [line.split()[0] for line in published] == [f"s3://{ceremony.bucket}/{key}" for key in keys]
    assert sorted(version.key for version in ceremony.store.versions("")) == sorted(keys)  # and no private key
    for version in ceremony.store.versions(""):
        lock = ceremony.store.lock(version.key, version.version_id)
        assert lock is not None
        assert lock.mode == "COMPLIANCE"
        assert lock.until is not None
        assert lock.until > datetime.now(UTC) + timedelta(days=366 * 12 - 1)
    ceremony.seal()
    assert ceremony.findings() == []
    assert ceremony.verify().head is not None


def test_publishing_again_adds_nothing(ceremony: Ceremony) -> None:
    ceremony.init()
    assert ceremony.run(*ceremony.publish) == ceremony.run(*ceremony.publish)
    assert len(ceremony.store.versions("")) == 4


def test_a_digest_key_is_rotated_from_what_the_bucket_holds(ceremony: Ceremony, tmp_path: Path) -> None:
    ceremony.init()
    ceremony.run(*ceremony.publish)
    ceremony.seal()
    there = ["--bucket", ceremony.bucket, "--folder", str(tmp_path / "other"), "--root", ceremony.uri("root")]
    ceremony.run("rotate", "digest", "--key", ceremony.uri("digest2"), *there)
    ceremony.run("publish", str(tmp_path / "other"), "--bucket", ceremony.bucket, "--root", ceremony.root)
    ceremony.seal()  # the old key, in the overlap
    ceremony.seal("digest2")
    assert ceremony.findings() == []
    shown = ceremony.run("show", "--bucket", ceremony.bucket, "--root", ceremony.root)
    assert [line.split()[0] for line in shown.splitlines()] == ["root", "edition", "landing", "response", "digest", "digest"]


def test_what_a_revoked_key_signs_afterwards_is_tampered(ceremony: Ceremony) -> None:
    ceremony.init()
    ceremony.run(*ceremony.publish)
    ceremony.seal()
    folder = ["--folder", str(ceremony.folder), "--root", ceremony.uri("root")]
    ceremony.run("rotate", "digest", "--key", ceremony.uri("digest2"), *folder)
    ceremony.run("revoke", load_signer(ceremony.uri("digest")).keyid, "--reason", "lost", *folder)
    ceremony.run(*ceremony.publish)
    assert ceremony.findings() == []
    ceremony.seal("digest")
    assert any("was not valid at" in reason for reason in ceremony.findings())


def test_a_folder_that_is_for_another_bucket_is_not_published(ceremony: Ceremony) -> None:
    ceremony.init("another")
    assert "Tampered: digests/000000000000.dsse.json: it was signed for bucket 'another'" in ceremony.refused(*ceremony.publish)
    assert ceremony.store.versions("") == []


def test_a_folder_of_another_root_is_not_published(ceremony: Ceremony) -> None:
    ceremony.init()
    assert "CannotCheck: key list: expected root" in ceremony.refused(*ceremony.publish[:-1], "0" * 64)
    assert ceremony.store.versions("") == []


def test_a_second_ceremony_does_not_replace_the_first(ceremony: Ceremony, tmp_path: Path) -> None:
    ceremony.init()
    ceremony.run(*ceremony.publish)
    again = Ceremony(ceremony.bucket, ceremony.store, tmp_path / "again")
    again.init()
    assert "LandingConflict: s3://" in again.refused(*again.publish)
    assert len(ceremony.store.versions("")) == 4


def test_a_key_list_that_stood_there_first_is_named(ceremony: Ceremony, tmp_path: Path) -> None:
    ceremony.init()
    (tmp_path / "strange").write_bytes(b"{}")
    ceremony.store.put("keys/root.dsse.json", tmp_path / "strange")
    ours = (ceremony.folder / "keys/root.dsse.json").read_bytes()
    (tmp_path / "ours").write_bytes(ours)
    ceremony.store.put("keys/root.dsse.json", tmp_path / "ours")  # a second version, with our bytes
    assert "stood there before ours" in ceremony.refused(*ceremony.publish)


@pytest.mark.parametrize("age", [timedelta(minutes=5), timedelta(days=3)])
def test_a_ceremony_takes_as_long_as_it_takes_until_it_is_published(ceremony: Ceremony, age: timedelta) -> None:
    ceremony.init()  # makes the keys
    made = datetime.now(UTC).replace(microsecond=0) - age
    signers = {scope: load_signer(ceremony.uri(scope)) for scope in Scope}
    retention = Retention("COMPLIANCE", made + timedelta(days=4000), "", "")
    genesis = build_genesis(ceremony.bucket, made, 3600, retention, signers[Scope.DIGEST])
    public = {scope: signers[scope].public_pem for scope in (Scope.LANDING, Scope.RESPONSE, Scope.DIGEST)}
    request = Request(ceremony.bucket, made, (), First(public, genesis))
    folder = ceremony.folder / "older"
    write(folder, GENESIS, genesis)
    write(folder, request.key, sign(request, signers[Scope.ROOT], datetime.now(UTC)))
    result = CliRunner().invoke(main, ["keys", "publish", str(folder), "--bucket", ceremony.bucket, "--root", ceremony.root])
    assert result.exit_code == 0, result.output
    ceremony.seal()
    assert ceremony.findings() == []
