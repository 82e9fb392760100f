# SPDX-License-Identifier: Apache-2.0
"""`tieout verify` on a bucket and on a copy of it: whoever meddles is found out, and the exit code says so."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.stack import Store
from tieout.cli import main
from tieout.evidence.layout import KEY_LIST, landing_of
from tieout.evidence.manifest import read_manifest
from tieout.local.installation import EVIDENCE_BUCKET

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def landings(own_store: Store) -> dict[str, str]:
    """Land six windows and seal them; returns the manifest key of each."""
    landed = {f"2026-{month:02}": own_store.land("shop_csv", f"2026-{month:02}").manifest_key for month in range(1, 7)}
    own_store.seal()
    return landed


def tieout_verify(monkeypatch: pytest.MonkeyPatch, store: Store, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command as the auditor would: with nothing but the auditor's credentials."""
    auditor = store.stack.installation.identity("auditor")
    for name in [name for name in os.environ if name.startswith(("AWS_", "TIEOUT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", auditor.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", auditor.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", store.stack.installation.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    result = CliRunner().invoke(main, ["verify", "--json", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, json.loads(result.stdout)


def of(report: dict[str, Any], key: str) -> dict[str, Any]:
    [found] = [entry for entry in report["landings"] if entry["key"] == key]
    return dict(found)


def object_keys(store: Store, manifest_key: str) -> dict[str, str]:
    manifest = read_manifest(b"".join(store.bucket().chunks(manifest_key) or []), manifest_key)
    keys = {"manifest": manifest_key}
    for subject in manifest.subjects:
        keys["part" if "/change_record/" in subject.key else subject.role] = subject.key
    return {**keys, "raw": next(subject.key for subject in manifest.subjects if subject.role == "raw")}


@pytest.mark.parametrize(("what", "window"), [("part", "2026-01"), ("raw", "2026-02"), ("manifest", "2026-03")])
def test_an_overwritten_key_is_tampered_shadowed(
    own_store: Store, landings: dict[str, str], monkeypatch: pytest.MonkeyPatch, what: str, window: str
) -> None:
    manifest = landings[window]
    _, before = tieout_verify(monkeypatch, own_store, "--root", own_store.root)
    assert of(before, manifest)["outcome"] == "intact"
    writer = own_store.client("writer")
    writer.put_object(Bucket=EVIDENCE_BUCKET, Key=object_keys(own_store, manifest)[what], Body=b"other")
    status, report = tieout_verify(monkeypatch, own_store, "--root", own_store.root)
    assert status == 1
    assert of(report, manifest)["outcome"] == "tampered"
    assert "shadowed: another version of the key" in of(report, manifest)["findings"][0]["reason"]


def test_a_delete_marker_is_tampered_shadowed(
    own_store: Store, landings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = landings["2026-04"]
    admin = own_store.client("admin")
    policy = admin.get_bucket_policy(Bucket=EVIDENCE_BUCKET)["Policy"]
    admin.delete_bucket_policy(Bucket=EVIDENCE_BUCKET)
    admin.delete_object(Bucket=EVIDENCE_BUCKET, Key=object_keys(own_store, manifest)["part"])
    admin.put_bucket_policy(Bucket=EVIDENCE_BUCKET, Policy=policy)
    status, report = tieout_verify(monkeypatch, own_store, "--root", own_store.root)
    assert status == 1
    assert of(report, manifest)["outcome"] == "tampered"
    assert "a delete marker hides it" in of(report, manifest)["findings"][0]["reason"]


def test_without_a_root_nothing_can_be_checked(
    own_store: Store, landings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, report = tieout_verify(monkeypatch, own_store)
    assert (status, report["outcome"], report["intact"]) == (1, "cannot check", 0)
    assert {entry["outcome"] for entry in report["landings"]} == {"cannot check"}
    assert len(report["landings"]) >= len(landings)
    assert "no trust root" in report["finding"]


def test_another_root_can_not_check(own_store: Store, landings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert landings
    status, report = tieout_verify(monkeypatch, own_store, "--root", "0" * 64)
    assert (status, report["outcome"]) == (1, "cannot check")


def test_a_scope_narrows_what_is_verified(own_store: Store, landings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert landings
    status, report = tieout_verify(monkeypatch, own_store, "--root", own_store.root, "--period", "2025-H1")
    assert (status, report["outcome"], report["total"]) == (1, "missing", 0)


@pytest.fixture
def copy(own_store: Store, landings: dict[str, str], tmp_path: Path) -> Path:
    """Return a folder with the first version of every object of one landing, the key list and the chain."""
    store, manifest = own_store.bucket("auditor"), landings["2026-05"]
    for key in [
        KEY_LIST,
        *store.keys("digests/"),
        manifest,
        *object_keys(own_store, manifest).values(),
        *rule_results(own_store, manifest),
    ]:
        target = tmp_path / "copy" / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"".join(store.chunks(key) or []))
    return tmp_path / "copy"


def one(landings: dict[str, str]) -> tuple[str, str]:
    """Return the options that narrow verification to the copied landing."""
    return "--landing", landing_of(landings["2026-05"])


def rule_results(store: Store, manifest_key: str) -> list[str]:
    manifest = read_manifest(b"".join(store.bucket().chunks(manifest_key) or []), manifest_key)
    return [subject.key for subject in manifest.subjects]


def test_a_copy_is_verified_offline(
    own_store: Store, copy: Path, landings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, report = tieout_verify(monkeypatch, own_store, "--copy", str(copy), "--root", own_store.root, *one(landings))
    assert (status, report["outcome"], report["intact"], report["total"]) == (0, "intact", 1, 1)
    assert report["custody"] == "not checked in a copy"


def test_a_changed_byte_in_a_copy_is_tampered(
    own_store: Store, copy: Path, landings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [part] = copy.glob("evidence/change_record/**/*.parquet")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    status, report = tieout_verify(monkeypatch, own_store, "--copy", str(copy), "--root", own_store.root, *one(landings))
    assert (status, report["outcome"]) == (1, "tampered")


def test_a_stripped_signature_in_a_copy_is_missing(
    own_store: Store, copy: Path, landings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [manifest] = copy.glob("manifests/**/*.dsse.json")
    envelope = json.loads(manifest.read_bytes())
    manifest.write_text(json.dumps({**envelope, "signatures": []}))
    status, report = tieout_verify(monkeypatch, own_store, "--copy", str(copy), "--root", own_store.root, *one(landings))
    assert (status, report["outcome"], report["total"]) == (1, "tampered", 1)
    found = [(finding["outcome"], finding["reason"]) for finding in report["landings"][0]["findings"]]
    assert any(what == "missing" and "got an envelope without one" in why for what, why in found)
    assert any(what == "tampered" and "digest 1 saw SHA-256" in why for what, why in found)


def test_a_changed_row_count_in_a_signed_manifest_is_tampered(
    own_store: Store, copy: Path, landings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [manifest] = copy.glob("manifests/**/*.dsse.json")
    envelope = json.loads(manifest.read_bytes())
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload["predicate"]["potential_deviations"] = 0
    envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    manifest.write_text(json.dumps(envelope))
    status, report = tieout_verify(monkeypatch, own_store, "--copy", str(copy), "--root", own_store.root, *one(landings))
    assert (status, report["outcome"]) == (1, "tampered")
