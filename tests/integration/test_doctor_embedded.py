# SPDX-License-Identifier: Apache-2.0
"""The doctor on the embedded store: it is weaker, and says why; what is forbidden there is refused, and probes leave nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from tests.stack import Store
from tests.traces import everything
from tieout.commands.doctor import doctor
from tieout.evidence.store import Retention
from tieout.files import file_sha256
from tieout.local.installation import EVIDENCE_BUCKET, STAGING_BUCKET

pytestmark = pytest.mark.integration

REFUSED = {"probe: delete a version", "probe: delete with bypass", "probe: shorten a lock"}


@pytest.fixture(autouse=True)
def _own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # boto3 keeps the credentials that a process used first


@pytest.fixture(autouse=True)
def _landed(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"x")
    retention = Retention("COMPLIANCE", datetime.now(UTC) + timedelta(days=500), "AES256", "")
    store.bucket().put_locked("evidence/doctor", path, file_sha256(path), retention)


def run(store: Store, identity: str, *arguments: str) -> Result:
    installation = store.stack.installation
    who = installation.identity(identity)
    env = {
        "AWS_ACCESS_KEY_ID": who.access_key,
        "AWS_SECRET_ACCESS_KEY": who.secret_key,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": installation.endpoint,
        "TIEOUT_ENVIRONMENT": "embedded",
        "TIEOUT_LANDING_KEY": f"file2:{installation.folder / 'keys' / 'landing.pem'}",
    }
    return CliRunner().invoke(doctor, [*arguments, "--json"], env=env)


def outcomes(result: Result) -> dict[str, tuple[str, str]]:
    assert result.exit_code == 1, result.exception
    return {entry["check"]: (entry["outcome"], entry["found"]) for entry in json.loads(result.output)["checks"]}


def test_it_is_weaker_and_says_why(store: Store) -> None:
    found = outcomes(run(store, "admin"))
    outcome, why = found["store"]
    assert (outcome, "enforces locks at its S3 API only" in why) == ("weaker than policy", True)
    outcome, why = found["root key: out of reach"]
    assert (outcome, "root.pem" in why) == ("weaker than policy", True)
    assert found["bucket: versioning"] == ("as expected", "Enabled")
    assert found["bucket: lock"] == ("as expected", "Enabled, COMPLIANCE 400 days")
    assert found["bucket: public access"][0] == "cannot check"
    assert found["policy: create only"][0] == "weaker than policy"
    assert found["settings: TIEOUT_LANDING_KEY"][0] == "as expected"


def test_it_tells_who_looked(store: Store) -> None:
    subject = json.loads(run(store, "auditor").output)["subject"]
    assert next(iter(subject)) == "identity"
    assert subject["identity"].endswith(":user/auditor")


@pytest.mark.parametrize("identity", ["writer", "admin", "digest", "auditor"])
def test_probes_find_deletes_refused_and_leave_nothing(store: Store, identity: str) -> None:
    admin = store.client("admin")
    before = everything(admin, EVIDENCE_BUCKET)
    found = outcomes(run(store, identity, "--probe"))
    assert {name: found[name][0] for name in REFUSED} == dict.fromkeys(REFUSED, "as expected")
    assert everything(admin, EVIDENCE_BUCKET) == before
    assert "doctor-probe" not in json.dumps(admin.list_objects_v2(Bucket=STAGING_BUCKET), default=str)


def test_what_the_writer_may_do_and_should_not_is_found(store: Store) -> None:
    found = outcomes(run(store, "writer", "--probe"))
    assert found["probe: right put"] == ("as expected", "let through under evidence/, raw/, manifests/, catalog/")
    assert found["probe: no lock"] == ("weaker than policy", "not refused (BadDigest)")
    assert found["probe: without If-None-Match"] == ("weaker than policy", "not refused (PreconditionFailed)")
    assert found["probe: upload in parts"] == ("weaker than policy", "done, and aborted")
    assert found["probe: legal hold"][0] == "as expected"


def test_an_identity_that_may_put_everywhere_has_more_than_one_role(store: Store) -> None:
    assert outcomes(run(store, "admin", "--probe"))["probe: right put"][0] == "weaker than policy"


def test_without_the_right_put_a_refused_one_says_nothing(store: Store) -> None:
    found = outcomes(run(store, "auditor", "--probe"))
    assert {found[f"probe: {name}"][0] for name in ("right put", "no lock", "too long a lock")} == {"cannot check"}


def test_probes_leave_nothing_in_a_bucket_without_a_policy(store: Store) -> None:
    admin: Any = store.client("admin")
    admin.create_bucket(Bucket="bare", ObjectLockEnabledForBucket=True)
    admin.put_object(Bucket="bare", Key="evidence/x", Body=b"x")
    before = everything(admin, "bare")
    found = outcomes(run(store, "admin", "--probe", "--bucket", "bare"))
    assert {found[name][0] for name in ("probe: delete a version", "probe: legal hold")} == {"weaker than policy"}
    assert everything(admin, "bare") == before
