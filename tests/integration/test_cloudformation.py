# SPDX-License-Identifier: Apache-2.0
"""The template: lints, deploys, reads back as written, and the doctor finds each guard, and each one that is taken away."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from tests.simulators.cloudformation import ACCOUNT, REGION, Cloud, running_cloud
from tests.traces import everything
from tieout.commands.doctor import doctor
from tieout.errors import ConfigurationError
from tieout.evidence.doctor import Clients, Outcome, Target, check_facts, target_from_outputs
from tieout.evidence.doctor.probes import run_probes
from tieout.evidence.doctor.read import read_facts
from tieout.evidence.doctor.target import ROLES, SIGNING
from tieout.settings import Settings

pytestmark = pytest.mark.integration

_ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
PRINCIPALS = {
    "WriterPrincipals": f"{_ROLE}workers",
    "ResponderPrincipals": f"{_ROLE}web",
    "DigestPrincipals": f"{_ROLE}digest-worker",
    "KeyAdministratorPrincipals": f"{_ROLE}key-administrators",
    "BreakGlassPrincipals": f"{_ROLE}security",
}
AUDITOR = {
    "AuditorPrincipals": "arn:aws:iam::999999999999:role/auditor",
    "AuditorExternalId": "an-id-agreed-upon",
    "AuditorEndDate": "2027-06-30T00:00:00Z",
    "AuditorPeriod1": "2026-H1",
}
LINKS = {"LinksPrincipals": f"{_ROLE}web-links"}
EVIDENCE_STATEMENTS = {
    "TlsOnly": {"policy: TLS only"},
    "SinglePutOnly": {"policy: one put per object"},
    "CreateOnly": {"policy: create only"},
    "Compliance": {"policy: compliance mode"},
    "MinDays": {"policy: shortest lock"},
    "MaxDays": {"policy: longest lock"},
    "OurKey": {"policy: our key"},
    "WriterOnly": {"policy: who puts evidence, raw, catalog", "policy: who puts manifests", "policy: who puts records"},
    "ResponderOnly": {"policy: who puts responses"},
    "DigestOnly": {"policy: who puts digests, index", "policy: who puts first digest"},
    "KeyAdministratorOnly": {"policy: who puts key list, README, LAYOUT"},
    "KeyAdministratorHereOnly": {"policy: who puts digests, index"},
    "BreakGlassHereOnly": {"policy: who puts evidence, raw, catalog", "policy: who puts manifests"},
    "OurLayoutOnly": {"policy: who puts anything else"},
    "NobodyDeletes": {"policy: nobody deletes"},
    "NobodyHolds": {"policy: nobody holds"},
    "NobodyReconfigures": {"policy: nobody reconfigures"},
}
"""Every statement of the evidence bucket's policy, and the checks that have to notice when it is gone."""
UNENFORCED = {"store", "root key: out of reach"}
"""What no simulator can be as expected in: it runs on this machine, and moto refuses every read once a policy has conditions."""


@pytest.fixture(scope="module")
def template(repository: Path) -> Path:
    return repository / "deploy" / "cloudformation" / "evidence_bucket.yaml"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with running_cloud() as running:
        yield running


@pytest.fixture(scope="module")
def outputs(cloud: Cloud, template: Path) -> dict[str, str]:
    return cloud.deploy("evidence", template.read_text(), {**PRINCIPALS, **AUDITOR, **LINKS})


@pytest.fixture
def target(outputs: dict[str, str]) -> Target:
    return target_from_outputs(outputs, Target(bucket=""))


@pytest.fixture(autouse=True)
def _own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # boto3 keeps the credentials that a process used first


def run(cloud: Cloud, outputs: dict[str, str], *arguments: str) -> Result:
    env = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
    env |= {"TIEOUT_SSE": "aws:kms", "TIEOUT_SSE_KEY_ID": outputs["SseKeyArn"]}
    return CliRunner().invoke(doctor, ["--endpoint-url", cloud.endpoint, *arguments], env=env)


def clients(cloud: Cloud) -> Clients:
    return Clients(**{name: cloud.client(name) for name in ("s3", "kms", "iam", "cloudtrail", "sts")})


def test_the_template_lints_without_a_word_and_without_an_exception(template: Path) -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--include-checks", "W", "--", str(template)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    assert "cfn-lint" not in template.read_text()


def test_every_parameter_is_described_and_only_principals_have_no_default(cloud: Cloud, template: Path) -> None:
    parameters = cloud.client("cloudformation").get_template_summary(TemplateBody=template.read_text())["Parameters"]
    assert all(parameter["Description"] for parameter in parameters)
    assert {entry["ParameterKey"] for entry in parameters if "DefaultValue" not in entry} == set(PRINCIPALS)


def test_the_outputs_name_everything_that_is_examined(target: Target) -> None:
    assert None not in (target.staging_bucket, target.drop_bucket, target.identity_bucket, target.access_bucket, target.trail)
    assert set(target.keys) == {"encryption", "identity", *SIGNING}
    assert set(target.roles) == set(ROLES)
    assert len({*target.keys.values(), *target.roles.values()}) == len(target.keys) + len(target.roles)


def test_every_statement_of_the_evidence_bucket_reads_back(cloud: Cloud, target: Target) -> None:
    statements = json.loads(cloud.client("s3").get_bucket_policy(Bucket=target.bucket)["Policy"])["Statement"]
    assert [entry["Sid"] for entry in statements] == list(EVIDENCE_STATEMENTS)
    assert {(entry["Effect"], entry["Principal"]) for entry in statements} == {("Deny", "*")}


@pytest.mark.parametrize("name", SIGNING)
def test_a_signing_key_reads_back(cloud: Cloud, target: Target, name: str) -> None:
    kms = cloud.client("kms")
    metadata = kms.describe_key(KeyId=target.keys[name])["KeyMetadata"]
    assert (metadata["KeySpec"], metadata["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    policy = json.loads(kms.get_key_policy(KeyId=target.keys[name], PolicyName="default")["Policy"])
    assert [entry["Sid"] for entry in policy["Statement"]] == ["Administration", "Use", "BreakGlassOnly"]


@pytest.mark.parametrize("name", ["encryption", "identity"])
def test_an_encrypting_key_turns_over(cloud: Cloud, target: Target, name: str) -> None:
    assert cloud.client("kms").get_key_rotation_status(KeyId=target.keys[name])["KeyRotationEnabled"] is True


def test_a_role_trusts_whom_its_parameter_names(cloud: Cloud, target: Target) -> None:
    iam = cloud.client("iam")
    names = dict(zip(ROLES, ("Writer", "Responder", "Digest", "KeyAdministrator", "Auditor", "Links", "BreakGlass"), strict=True))
    for name, parameter in names.items():
        role = iam.get_role(RoleName=target.roles[name].rpartition("/")[2])["Role"]
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"AWS": [{**PRINCIPALS, **AUDITOR, **LINKS}[f"{parameter}Principals"]]}


def test_without_an_auditor_there_is_no_auditor_role(cloud: Cloud, template: Path) -> None:
    outputs = cloud.deploy("no-auditor", template.read_text(), {**PRINCIPALS, "NamePrefix": "other"})
    assert not {"AuditorRoleArn", "LinksRoleArn"} & outputs.keys()
    policy = cloud.client("kms").get_key_policy(KeyId=outputs["SseKeyArn"], PolicyName="default")["Policy"]
    assert "ReadThroughS3" not in policy
    assert "LinksThroughS3" not in policy
    names = {line[20:].partition("  ")[0] for line in run(cloud, outputs, "--stack", "no-auditor").output.splitlines()}
    assert "role writer: trust" in names
    assert not {"role auditor: trust", "role links: trust"} & names


def test_the_doctor_prints_every_check_of_the_stack_with_expected_and_found(
    cloud: Cloud, outputs: dict[str, str], target: Target
) -> None:
    result = run(cloud, outputs, "--stack", "evidence")
    facts = read_facts(
        clients(cloud), target, Settings(sse="aws:kms", sse_key_id=outputs["SseKeyArn"]), lambda: datetime.now(UTC)
    )
    checks = check_facts(facts, target, Settings(sse="aws:kms", sse_key_id=outputs["SseKeyArn"]))
    assert len({check.name for check in checks}) == len(checks) > 80
    lines = {line[20:].partition("  ")[0]: line for line in result.output.splitlines()}
    for check in checks:
        line = lines[check.name]
        assert line.startswith(check.outcome)
        assert check.expected in line
        assert check.found in line or check.name == "clock"
    assert {check.name for check in checks if check.outcome is not Outcome.AS_EXPECTED} == UNENFORCED
    assert result.output.splitlines()[0].startswith("identity    arn:aws:sts::")
    assert result.output.splitlines()[-1] == f"{len(checks) - 2} as expected, 1 weaker than policy, 1 cannot check"
    assert result.exit_code == 1
    assert {name for names in EVIDENCE_STATEMENTS.values() for name in names} <= set(lines)


@pytest.mark.parametrize("sid", EVIDENCE_STATEMENTS)
def test_a_statement_that_is_taken_away_is_noticed_and_nothing_else(
    cloud: Cloud, outputs: dict[str, str], target: Target, sid: str
) -> None:
    settings = Settings(sse="aws:kms", sse_key_id=outputs["SseKeyArn"])
    facts = read_facts(clients(cloud), target, settings, lambda: datetime.now(UTC))
    document = json.loads(str(facts.evidence.policy))
    document["Statement"] = [entry for entry in document["Statement"] if entry["Sid"] != sid]
    weaker = replace(facts, evidence=replace(facts.evidence, policy=json.dumps(document)))
    noticed = {check.name for check in check_facts(weaker, target, settings) if check.outcome is not Outcome.AS_EXPECTED}
    assert noticed - UNENFORCED == EVIDENCE_STATEMENTS[sid]


def test_as_json_it_says_the_same(cloud: Cloud, outputs: dict[str, str]) -> None:
    document = json.loads(run(cloud, outputs, "--stack", "evidence", "--json").output)
    assert {check["check"] for check in document["checks"] if check["outcome"] != "as expected"} == UNENFORCED
    assert document["all_as_expected"] is False
    assert document["subject"]["bucket"] == f"s3://{outputs['EvidenceBucket']}"


def test_a_stack_that_is_not_there_is_one_clear_error(cloud: Cloud, outputs: dict[str, str]) -> None:
    result = run(cloud, outputs, "--stack", "no-such-stack")
    assert isinstance(result.exception, ConfigurationError)
    assert "--stack no-such-stack: CloudFormation did not tell its outputs (ValidationError)" in str(result.exception)


def test_probes_leave_nothing_where_no_guard_is_at_all(cloud: Cloud) -> None:
    """moto refuses nothing here: there is no policy, and it compares no checksum."""
    s3 = cloud.client("s3")
    for name, locked in (("bare", True), ("bare-staging", False)):
        location = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=location, ObjectLockEnabledForBucket=locked)
    s3.put_object(Bucket="bare", Key="evidence/x", Body=b"x", ChecksumAlgorithm="SHA256")
    before = everything(s3, "bare")
    target = Target(bucket="bare", staging_bucket="bare-staging")
    checks = {check.name: check for check in run_probes(clients(cloud), target, Settings(), datetime.now(UTC))}
    assert everything(s3, "bare") == before
    assert everything(s3, "bare-staging") == ([], [], [])
    assert checks["probe: no lock"].found == "not tried: this store stores what does not have its checksum"
    assert checks["probe: upload in parts"].found == "done, and aborted"
    assert checks["probe: delete a version"].found == "done"
