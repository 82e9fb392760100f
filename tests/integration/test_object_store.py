# SPDX-License-Identifier: Apache-2.0
"""The embedded object store does what evidence needs: locks, conditions, and identities that stay in their prefixes."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.stack import Store
from tieout.errors import ConfigurationError, LandingConflict
from tieout.evidence.store import Retention
from tieout.files import file_sha256
from tieout.local.installation import EVIDENCE_BUCKET, IDENTITY_BUCKET, STAGING_BUCKET

pytestmark = pytest.mark.integration

UNTIL = datetime.now(UTC) + timedelta(days=500)
RETENTION = Retention("COMPLIANCE", UNTIL, "AES256", "")


def put(store: Store, key: str, tmp_path: Path, content: bytes = b"content") -> str:
    path = tmp_path / "body"
    path.write_bytes(content)
    return store.bucket().put_locked(key, path, file_sha256(path), RETENTION)


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize("identity", ["writer", "admin", "digest", "auditor"])
def test_nobody_deletes_or_hides_what_has_landed(store: Store, tmp_path: Path, identity: str) -> None:
    key = f"raw/delete-{identity}"
    version = put(store, key, tmp_path)
    for arguments in ({"VersionId": version}, {}):
        with pytest.raises(ClientError) as refused:
            store.client(identity).delete_object(Bucket=EVIDENCE_BUCKET, Key=key, **arguments)
        assert code(refused) == "AccessDenied"
    assert store.bucket("auditor").sha256(key, version)[1] == len(b"content")


@pytest.mark.parametrize("identity", ["writer", "admin", "auditor"])
@pytest.mark.parametrize("bypass", [False, True])
def test_nobody_shortens_retention(store: Store, tmp_path: Path, identity: str, *, bypass: bool) -> None:
    key = f"raw/shorten-{identity}-{bypass}"
    version = put(store, key, tmp_path)
    with pytest.raises(ClientError) as refused:
        store.client(identity).put_object_retention(
            Bucket=EVIDENCE_BUCKET,
            Key=key,
            VersionId=version,
            Retention={"Mode": "COMPLIANCE", "RetainUntilDate": UNTIL - timedelta(days=100)},
            BypassGovernanceRetention=bypass,
        )
    assert code(refused) == "AccessDenied"
    lock = store.bucket("auditor").lock(key, version)
    assert lock is not None
    assert lock.mode == "COMPLIANCE"
    assert lock.until == UNTIL.replace(microsecond=0)


@pytest.mark.parametrize(
    ("identity", "allowed", "refused"),
    [
        ("writer", ["evidence/w", "manifests/w", "raw/w", "catalog/w"], ["digests/w", "index/w", "keys/w", "responses/w"]),
        ("digest", ["digests/d", "index/d"], ["evidence/d", "manifests/d", "raw/d", "keys/d"]),
        ("responder", ["responses/r"], ["evidence/r", "manifests/r", "raw/r", "keys/r", "digests/r"]),
        ("auditor", [], ["evidence/a", "manifests/a", "raw/a", "keys/a", "digests/a"]),
        ("links", [], ["evidence/l", "manifests/l", "raw/l", "responses/l", "keys/l", "digests/l"]),
    ],
)
def test_an_identity_writes_only_under_its_prefixes(
    store: Store, tmp_path: Path, identity: str, allowed: list[str], refused: list[str]
) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"x")
    bucket = store.bucket(identity)
    for key in allowed:
        assert bucket.put_locked(key, path, file_sha256(path), RETENTION)
    for key in refused:
        with pytest.raises(ConfigurationError, match="refused this identity"):
            bucket.put_locked(key, path, file_sha256(path), RETENTION)


def test_the_auditor_does_not_see_staging(store: Store) -> None:
    with pytest.raises(ClientError) as refused:
        store.client("auditor").list_objects_v2(Bucket=STAGING_BUCKET)
    assert code(refused) == "AccessDenied"


def test_of_staging_the_responder_reads_where_messages_stand_and_nothing_else(store: Store) -> None:
    for key in ("campaigns/c/n.sent.json", "control=c/landing/rows.jsonl", "campaign-work/c/documents.arrow"):
        store.client("writer").put_object(Bucket=STAGING_BUCKET, Key=key, Body=b"{}")
    responder = store.client("responder")
    assert responder.get_object(Bucket=STAGING_BUCKET, Key="campaigns/c/n.sent.json")["Body"].read() == b"{}"
    for refused in (
        lambda: responder.get_object(Bucket=STAGING_BUCKET, Key="control=c/landing/rows.jsonl"),
        lambda: responder.get_object(Bucket=STAGING_BUCKET, Key="campaign-work/c/documents.arrow"),
        lambda: responder.put_object(Bucket=STAGING_BUCKET, Key="campaigns/c/n.json", Body=b"{}"),
        lambda: responder.put_object(Bucket=IDENTITY_BUCKET, Key="people/x.json", Body=b"{}"),
        lambda: responder.list_objects_v2(Bucket=STAGING_BUCKET),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert code(caught) == "AccessDenied"


def test_a_second_put_of_equal_bytes_stores_nothing(store: Store, tmp_path: Path) -> None:
    first = put(store, "raw/twice", tmp_path)
    assert put(store, "raw/twice", tmp_path) == first
    assert len(store.bucket().versions("raw/twice")) == 1


def test_a_put_of_other_bytes_is_a_conflict(store: Store, tmp_path: Path) -> None:
    put(store, "raw/other", tmp_path)
    with pytest.raises(LandingConflict, match="holds other bytes"):
        put(store, "raw/other", tmp_path, b"something else")
    assert len(store.bucket().versions("raw/other")) == 1


def test_a_put_whose_bytes_are_not_those_announced_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"x")
    with pytest.raises(Exception, match="did not answer as expected"):
        store.bucket().put_locked("raw/wrong-hash", path, "0" * 64, RETENTION)
    assert store.bucket().versions("raw/wrong-hash") == []


@pytest.mark.parametrize("offset", [2, 3], ids=["volume", "filer"])
def test_the_side_doors_are_shut(store: Store, tmp_path: Path, offset: int) -> None:
    put(store, "raw/side-door", tmp_path)
    port = store.stack.installation.store_port + offset
    url = f"http://127.0.0.1:{port}/buckets/{EVIDENCE_BUCKET}/raw/side-door.versions?recursive=true"
    for method in ("GET", "DELETE"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5)
        with refused.value as answer:
            assert answer.code in (400, 401, 403, 404)
    assert len(store.bucket().versions("raw/side-door")) == 1


def test_the_installation_is_readable_by_its_owner_only(store: Store) -> None:
    folder = store.stack.installation.folder
    assert folder.stat().st_mode & 0o077 == 0
    for path in [*folder.glob("*.env"), *folder.glob("keys/*"), folder / "state.json", folder / "object_store/identities.json"]:
        assert path.stat().st_mode & 0o077 == 0, path
