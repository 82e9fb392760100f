# SPDX-License-Identifier: Apache-2.0
"""``tieout access``: what it prints of grants, of a role's policy, and of what was used."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.unit import cloudtrail_records
from tests.unit.flows.campaign_bench import make_signers, store_client
from tests.unit.web.access_bench import GRANT, AccessBench, day, grant, now

from tieout.cli import main
from tieout.flows.access_log import LIMITS

TERMS = f"/tieout/evidence-terms/{GRANT}"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[AccessBench]:
    """Return a bucket in which Ann accepted a text and used one link."""
    folder = tmp_path_factory.mktemp("access")
    with store_client() as client:
        made = AccessBench(client, make_signers(folder), folder / "project", repository, "access-cli")
        sha256 = made.nda()
        made.grants(grant(nda="nda.txt"))
        made.send(TERMS, {"sha256": sha256, "token": made.token(TERMS)})
        assert made.ask(made.page(), made.keys("evidence/")[0]).status_code == 200
        yield made
        made.world.pool.close()


@pytest.fixture
def run(bench: AccessBench) -> Run:
    """Return what runs a command in the bench's project."""

    def ran(*arguments: str, **settings: str) -> Result:
        env = {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
            "TIEOUT_HOME": str(bench.folder), "TIEOUT_EVIDENCE_BUCKET": bench.settings.evidence_bucket,
            "TIEOUT_ROOT_FINGERPRINT": bench.settings.root_fingerprint, **settings,
        }  # fmt: skip
        return CliRunner().invoke(main, ["access", *arguments], env=env)

    return ran


def test_grants_are_printed_with_whether_they_are_in_force(run: Run) -> None:
    result = run("grants")
    assert result.exit_code == 0
    [line] = result.output.splitlines()
    assert line.startswith(f"in force           {day(-10)} to {day(10)}  {GRANT}  auditor  Ann@firm.example  current, past")


def test_a_policy_is_json_alone_and_notes_stand_beside_it(bench: AccessBench, run: Run) -> None:
    key = "arn:aws:kms:eu-central-1:1:key/k"
    result = run("policy", GRANT, TIEOUT_SSE="aws:kms", TIEOUT_SSE_KEY_ID=key)
    assert result.exit_code == 0
    policy = json.loads(result.stdout)
    assert [each["Sid"] for each in policy["Statement"]] == ["Look", "List", "Read", "Decrypt"]
    assert f"arn:aws:s3:::{bench.settings.evidence_bucket}/raw/observation_period=current/*" in policy["Statement"][2]["Resource"]
    assert policy["Statement"][3]["Resource"] == key
    assert "names an NDA" in result.stderr
    assert "the key's own policy" in result.stderr
    assert "give --kms-key" in run("policy", GRANT, TIEOUT_SSE="aws:kms").stderr


def test_a_grant_that_is_not_there_is_told(run: Run) -> None:
    result = run("policy", "examinatoin")
    assert result.exit_code == 1
    assert f"Did you mean '{GRANT}'?" in result.output


def test_what_is_recorded_is_listed_and_its_signatures_are_checked(bench: AccessBench, run: Run) -> None:
    result = run("list")
    assert result.exit_code == 0, result.output
    accepted, link = result.output.splitlines()
    assert "  link          ann@firm.example  Firm <b>LLP</b>  examination  evidence/" in link
    assert bench.uses()[0].version_id in link
    assert "  nda accepted  ann@firm.example" in accepted
    assert link.endswith("signature checked")
    assert accepted.endswith("signature checked")


def test_without_a_root_nothing_is_checked_and_it_says_so(run: Run) -> None:
    result = run("list", TIEOUT_ROOT_FINGERPRINT="")
    assert result.exit_code == 1
    assert result.output.count("signature not checked") == 2
    assert "note: no trust root" in result.output


def test_what_somebody_else_signed_is_named(bench: AccessBench, run: Run) -> None:
    [use] = [each for each in bench.recorded() if each.said == bench.uses()[0]]
    data = bench.store.read(use.key, None)
    assert data is not None
    moved = use.key.replace("period=current", "period=next")
    bench.client.put_object(Bucket=bench.store.bucket, Key=moved, Body=data)
    try:
        result = run("list")
        assert result.exit_code == 1
        assert f"not readable          {moved}: tampered: " in result.output
    finally:
        [version] = [each.version_id for each in bench.store.versions(moved)]
        bench.client.delete_object(Bucket=bench.store.bucket, Key=moved, VersionId=version)


def test_reads_by_a_link_are_told_with_who_asked_for_it(bench: AccessBench, run: Run, tmp_path: Path) -> None:
    [use] = bench.uses()
    at = f"{now() + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    asked = {"bucketName": bench.settings.evidence_bucket, "key": use.key, "versionId": use.version_id}
    read = cloudtrail_records.by_link(at, **asked)
    read["userIdentity"] = {**cloudtrail_records.ROLE, "accessKeyId": use.access_key_id}
    listed = cloudtrail_records.event(
        "ListObjects",
        at,
        requestParameters={"bucketName": asked["bucketName"], "prefix": "raw/\x1b[31m"},
        errorCode="AccessDenied",
    )
    cloudtrail_records.write(tmp_path, "a.json.gz", [read, listed])
    result = run("list", "--cloudtrail", str(tmp_path))
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert f"{use.key}  version {use.version_id}  by a link that ann@firm.example asked for  from 192.0.2.7" in lines[2]
    assert lines[3].endswith("raw/\\x1b[31m  refused: AccessDenied  from 192.0.2.7")
    assert lines[4] == f"note: 1 log files, 2 events from {at} to {at}; 0 digest files skipped"
    assert lines[5:] == [f"note: {limit}" for limit in LIMITS]
    documents = [json.loads(line) for line in run("list", "--json", "--cloudtrail", str(tmp_path)).output.splitlines()]
    assert [each["what"] for each in documents] == ["nda accepted", "link", "read", "read", "log files"]
    assert [each["link_asked_for_by"] for each in documents if each["what"] == "read"] == [["ann@firm.example"], []]
    assert documents[-1]["limits"] == list(LIMITS)


def test_a_log_file_that_can_not_be_read_is_named_and_the_exit_code_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.json.gz").write_bytes(b"x")
    result = run("list", "--cloudtrail", str(tmp_path))
    assert result.exit_code == 1
    assert "note: not read, or not to its end: broken.json.gz: " in result.output
    assert "0 events of no time at all" in result.output


def test_a_copy_is_listed_offline(bench: AccessBench, run: Run, tmp_path: Path) -> None:
    for key in (*bench.store.keys("responses/"), *bench.store.keys("keys/")):
        path = tmp_path / "copy" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bench.store.read(key, None) or b"")
    result = run("list", "--copy", str(tmp_path / "copy"))
    assert result.exit_code == 0
    assert result.output.count("signature checked") == 2
    (tmp_path / "logs").mkdir()
    assert "give --log-bucket" in run("list", "--copy", str(tmp_path / "copy"), "--cloudtrail", str(tmp_path / "logs")).output
