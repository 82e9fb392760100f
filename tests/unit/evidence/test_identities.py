# SPDX-License-Identifier: Apache-2.0
"""The identity table in a versioned bucket: entered once, erased for good, and never entered again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from tests.simulators.memory_s3 import memory_s3

from tieout.commands.identity import identity
from tieout.errors import CannotCheck, ConfigurationError
from tieout.evidence.identities import Erasure, IdentityTable, Person, UnlockedStore
from tieout.evidence.store import S3Store
from tieout.persons import PersonKey
from tieout.settings import Settings

NOW, LATER = datetime(2026, 7, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)
KEY = PersonKey(b"k" * 32)
ANN, BEN = KEY.person("ann@example.com"), KEY.person("ben@example.com")
BOTH = {ANN: "ann@example.com", BEN: "ben@example.com"}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a client of a store without buckets; making one takes a third of a second."""
    with memory_s3():
        yield boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client("s3")


@pytest.fixture
def bucket(client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[UnlockedStore]:
    """Return a bucket with versions, and the environment of who administers it."""
    key = tmp_path / "identity.key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TIEOUT_IDENTITY_BUCKET": "ids",
        "TIEOUT_IDENTITY_KEY": f"file:{key}",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    client.create_bucket(Bucket="ids")
    client.put_bucket_versioning(Bucket="ids", VersioningConfiguration={"Status": "Enabled"})
    yield UnlockedStore(client, "ids")
    listed = client.list_object_versions(Bucket="ids")
    for version in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
        client.delete_object(Bucket="ids", Key=version["Key"], VersionId=version["VersionId"])
    client.delete_bucket(Bucket="ids")


@pytest.fixture
def table(bucket: UnlockedStore) -> IdentityTable:
    """Return a table without entries."""
    return IdentityTable(bucket, "")


def test_an_entry_says_who_and_since_when(table: IdentityTable) -> None:
    assert table.add(BOTH, NOW) == 2
    assert table.resolve(ANN) == Person(ANN, "ann@example.com", None, "2026-07-01T00:00:00.000000Z")
    assert table.resolve(KEY.person("nobody@example.com")) is None


def test_adding_again_keeps_the_first_entry(table: IdentityTable, bucket: UnlockedStore) -> None:
    table.add({ANN: "ann@example.com"}, NOW)
    assert table.add({**BOTH, ANN: "Ann@Example.com"}, LATER) == 1
    assert table.resolve(ANN) == Person(ANN, "ann@example.com", None, "2026-07-01T00:00:00.000000Z")
    assert len(bucket.versions("people/")) == 2


def test_nobody_seen_asks_the_store_nothing() -> None:
    assert IdentityTable(UnlockedStore(None, "ids"), "").add({}, NOW) == 0


def test_erasing_deletes_every_version_and_leaves_who_why_and_when(table: IdentityTable, bucket: UnlockedStore) -> None:
    table.add(BOTH, NOW)
    bucket._client.put_object(Bucket="ids", Key=f"people/{ANN}.json", Body=b"a second version")
    bucket._client.delete_object(Bucket="ids", Key=f"people/{ANN}.json")
    assert table.erase(ANN, "the privacy officer", "asked on 3 July", LATER) == 3
    assert [version.key for version in bucket.versions("people/")] == [f"people/{BEN}.json"]
    left = Erasure(ANN, "the privacy officer", "2027-07-01T00:00:00.000000Z", "asked on 3 July")
    assert table.resolve(ANN) == left
    assert all(b"ann@" not in content(bucket, version.key) for version in bucket.versions(""))


def content(bucket: UnlockedStore, key: str) -> bytes:
    return b"".join(bucket.chunks(key) or [])


def test_an_erased_id_is_never_entered_again(table: IdentityTable, bucket: UnlockedStore) -> None:
    table.add(BOTH, NOW)
    table.erase(ANN, "me", "asked", NOW)
    assert table.add(BOTH, LATER) == 0
    assert [version.key for version in bucket.versions("people/")] == [f"people/{BEN}.json"]
    assert table.erase(ANN, "somebody else", "again", LATER) == 0
    assert table.resolve(ANN) == Erasure(ANN, "me", "2026-07-01T00:00:00.000000Z", "asked")


class Racing(UnlockedStore):
    """A store in which something happens at the moment before an entry is made."""

    before: Callable[[], Any] = staticmethod(lambda: None)

    def create(self, key: str, data: bytes, sse_key_id: str, *, over: bool = False) -> bool:
        if key.startswith("people/"):
            self.before()
        return super().create(key, data, sse_key_id, over=over)


def test_an_erased_id_is_not_entered_even_for_a_moment(table: IdentityTable, bucket: UnlockedStore) -> None:
    table.erase(ANN, "me", "asked", NOW)
    racing = Racing(bucket._client, "ids")
    racing.before = lambda: pytest.fail("it was entered")
    assert IdentityTable(racing, "").add({ANN: "ann@example.com"}, NOW) == 0


def test_an_erasure_in_the_middle_of_an_extraction_wins(table: IdentityTable, bucket: UnlockedStore) -> None:
    racing = Racing(bucket._client, "ids")
    racing.before = lambda: table.erase(ANN, "me", "asked", NOW)
    assert IdentityTable(racing, "").add({ANN: "ann@example.com"}, NOW) == 0
    assert bucket.versions("people/") == []


def test_a_writer_that_may_not_delete_writes_over_what_came_back(table: IdentityTable, bucket: UnlockedStore) -> None:
    class Refusing(UnlockedStore):
        def delete(self, key: str) -> int:
            raise ConfigurationError(key)

    table.erase(ANN, "me", "asked", NOW)
    bucket.create(f"people/{ANN}.json", b"ann@example.com", "")
    IdentityTable(Refusing(bucket._client, "ids"), "").add({BEN: "ben@example.com"}, NOW)
    assert b"@" not in content(bucket, f"people/{ANN}.json")
    assert isinstance(table.resolve(ANN), Erasure)


def test_what_a_killed_run_left_of_an_erased_entry_goes_with_the_next(table: IdentityTable, bucket: UnlockedStore) -> None:
    table.erase(ANN, "me", "asked", NOW)
    bucket.create(f"people/{ANN}.json", b"{}", "")
    table.add({BEN: "ben@example.com"}, NOW)
    assert [version.key for version in bucket.versions("people/")] == [f"people/{BEN}.json"]


def test_entries_are_encrypted_with_the_tables_own_key(bucket: UnlockedStore) -> None:
    IdentityTable(bucket, "arn:aws:kms:us-east-1:123456789012:key/1").add({ANN: "ann@example.com"}, NOW)
    head = bucket._client.head_object(Bucket="ids", Key=f"people/{ANN}.json")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "arn:aws:kms:us-east-1:123456789012:key/1")


@pytest.mark.parametrize("wrong", ["ann@example.com", "person-1", f"{ANN}/../x", "person-" + "A" * 20])
def test_what_is_no_person_id_is_refused_and_not_shown(table: IdentityTable, wrong: str) -> None:
    for call in (lambda: table.resolve(wrong), lambda: table.erase(wrong, "me", "asked", NOW)):
        with pytest.raises(ConfigurationError, match="expected a person id such as") as refused:
            call()
        assert wrong not in str(refused.value)


def test_an_entry_that_is_no_json_can_not_be_read(table: IdentityTable, bucket: UnlockedStore) -> None:
    bucket.create(f"people/{ANN}.json", b"not this", "")
    with pytest.raises(CannotCheck, match=f"s3://ids/people/{ANN}.json: expected a JSON object"):
        table.resolve(ANN)


def test_a_table_needs_its_bucket() -> None:
    with pytest.raises(ConfigurationError, match="TIEOUT_IDENTITY_BUCKET: expected the bucket of the identity table"):
        IdentityTable.beside(S3Store(None, "tieout-evidence"), Settings())


def run(*arguments: str) -> tuple[int, str]:
    """Run the command; returns exit code, and output or error."""
    done = CliRunner().invoke(identity, arguments)
    return done.exit_code, done.output or str(done.exception)


def test_the_commands_resolve_and_erase(table: IdentityTable, bucket: UnlockedStore) -> None:
    table.add(BOTH, NOW)
    status, shown = run("resolve", ANN)
    assert (status, json.loads(shown)["email"]) == (0, "ann@example.com")
    status, shown = run("erase", "Ann@Example.com", "--reason", "asked on 3 July", "--by", "officer")
    assert (status, shown) == (0, f"{ANN}: erased (1 versions deleted). It no longer resolves, and will not be entered again.\n")
    status, shown = run("resolve", ANN)
    assert status == 1
    assert "by officer: asked on 3 July. It no longer resolves." in shown
    status, shown = run("erase", ANN, "--reason", "again")
    assert (status, "held no entry, so nothing was deleted" in shown) == (0, True)
    assert bucket.keys("people/") == [f"people/{BEN}.json"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["erase", ANN, "--reason", "ann@example.com asked"], "an e-mail address stands in it"),
        (["erase", ANN, "--reason", "asked", "--by", "ann@example.com"], "an e-mail address stands in it"),
        (["erase", ANN, "--reason", " "], "expected a reason, got an empty one"),
        (["erase", "Ann Smith", "--reason", "asked"], "or an e-mail address, got something else"),
        (["erase", "Ann ann@example.com", "--reason", "asked"], "or an e-mail address, got something else"),
        (["resolve", BEN], "the identity table does not know it"),
    ],
)
def test_the_commands_refuse_what_would_stay_or_is_nobody(
    table: IdentityTable, bucket: UnlockedStore, arguments: list[str], problem: str
) -> None:
    table.add({ANN: "ann@example.com"}, NOW)
    status, shown = run(*arguments)
    assert status == 1
    assert problem in shown
    assert "Ann" not in shown
    assert bucket.keys("people/") == [f"people/{ANN}.json"]
