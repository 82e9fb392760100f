# SPDX-License-Identifier: Apache-2.0
"""AWS as a source: every fault of the account and nothing else, in full or not at all, with both counts."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pyarrow as pa
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.integration.aws_scene import LAST_WEEK, WINDOWS, AwsScene, company
from tests.simulators.aws import AwsReach, running_aws
from tests.simulators.aws_answers import STAND_INS, error, query_error
from tests.simulators.aws_things import ACCOUNT, HOME, OTHER
from tests.simulators.vendor import Reply, Request, no_fault
from tieout.errors import ConfigurationError, ContractError, ExtractionRefused, SourceUnavailable
from tieout.settings import Settings

pytestmark = pytest.mark.integration
NAMES = {"monitoring": "cloudwatch"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[AwsScene]:
    """Return the account of a company with faults."""
    with running_aws(company()) as (api, reach, server):
        settings = Settings(home=repository, environment="test")
        yield AwsScene(api, reach, server, tmp_path_factory.mktemp("aws"), repository, settings)


@pytest.fixture
def aws(whole: AwsScene) -> Iterator[AwsScene]:
    """Return the account, as nobody left it in a fault."""
    whole.server.fault = no_fault
    whole.server.exchanges.clear()
    yield whole
    whole.server.fault = no_fault


def target(request: Request) -> str:
    """Return what a request asks for: its operation by target or form, else its path."""
    named = request.headers.get("x-amz-target", "").rpartition(".")[2] or request.form().get("Action")
    return named or request.path.rstrip("/")


def test_every_fault_of_the_account_is_a_rule_that_is_not_met_and_nothing_else_is(aws: AwsScene) -> None:
    found = []
    for control_id, keys in WINDOWS.items():
        for key in keys:
            extraction, rows = aws.collect(control_id, key)
            assert extraction.ipe.expected_rows == extraction.ipe.rows_in_window == len(rows)
            contract = aws.control(control_id)[1]
            assert len({tuple(row[name] for name in contract.key) for row in rows}) == len(rows)
            found += [(control_id, rule, thing) for rule, thing in aws.unmet(control_id, rows)]
    expected = [(fault.control, fault.rule, fault.key) for fault in aws.api.faults()]
    assert len(expected) == 15
    missing = [each for each in expected if not any(_is(each, one) for one in found)]
    more = [one for one in found if not any(_is(each, one) for each in expected)]
    assert (missing, more) == ([], [])
    assert len(found) == len(expected)


def _is(fault: tuple[str, str, str], found: tuple[str, str, str]) -> bool:
    return fault[:2] == found[:2] and all(part in found[2] for part in fault[2].split(" "))


def test_a_source_states_account_credential_and_both_counts(aws: AwsScene) -> None:
    extraction, _ = aws.collect("cc7_2_threat_alerts", "2026-05")
    stated = extraction.ipe.source
    assert stated.account == ACCOUNT
    assert stated.location == f"AWS account {ACCOUNT}, GuardDuty, {HOME}, {OTHER}"
    assert stated.credential == f"arn:aws:sts::{ACCOUNT}:user/moto"
    assert "allows none of iam:CreateUser" in stated.read_only_proof
    assert extraction.ipe.second_count.independence == "other endpoint"
    assert extraction.ipe.second_count.rows == extraction.ipe.source_total.rows
    assert any("90 days" in spot for spot in stated.blind_spots)


def test_a_credential_that_may_not_be_asked_about_says_so(aws: AwsScene) -> None:
    def fault(_: int, request: Request, reply: Reply) -> None:
        if target(request) == "SimulatePrincipalPolicy":
            _become(reply, query_error("AccessDenied", 403))

    aws.server.fault = fault
    extraction, _ = aws.collect("a1_3_restore_jobs", "2026-W06")
    assert extraction.ipe.source.read_only_proof.startswith("none: the credential may not ask")


def test_every_control_can_be_collected_with_person_ids_and_keeps_no_address(aws: AwsScene, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(secrets.token_bytes(32))
    key.chmod(0o600)
    hidden = aws.with_identity_key(f"file:{key}")
    for control_id, keys in WINDOWS.items():
        plain = aws.collect(control_id, keys[-1])[1]
        frame = hidden.frame(control_id, keys[-1])
        extraction = hidden.extract(control_id, frame)
        assert extraction.ipe.rows_in_window == len(plain), control_id
        for page in extraction.ipe.pages:
            with pa.input_stream(str(frame.folder / page.name), compression="zstd") as stored:
                assert b"@shop.example" not in stored.read(), (control_id, page.name)


@pytest.mark.parametrize("control_id", ["cc7_2_metric_alarms", "a1_2_backup_coverage", "a1_3_restore_jobs"])
def test_a_window_before_what_aws_keeps_is_refused(control_id: str, aws: AwsScene) -> None:
    control, contract = aws.control(control_id)
    frame = aws.frame(control_id, "2026-W06")
    from datetime import timedelta

    from tieout.collectors.extraction import Inclusion, extract

    with pytest.raises(ExtractionRefused, match="30 days"):
        extract(
            frame,
            contract,
            Inclusion(control.population.inclusion_date_field),
            lambda: frame.window.end + timedelta(days=24),
            None,
        )


# -- AWS limits, refuses, or answers in part


@pytest.mark.parametrize("control_id", sorted(WINDOWS))
def test_throttled_for_ever_nothing_lands_and_what_came_is_kept(control_id: str, aws: AwsScene) -> None:
    def fault(number: int, request: Request, reply: Reply) -> None:
        if number > start + 4:
            _become(reply, _throttled(request))

    start = aws.server.asked
    aws.server.fault = fault
    frame = aws.frame(control_id, WINDOWS[control_id][-1])
    with pytest.raises(SourceUnavailable, match="Nothing lands"):
        aws.extract(control_id, frame)
    assert frame.source_total is None
    assert sum(each.count for each in frame.attempts) == 5
    assert b"told to" in b"".join(_pages(frame))


@pytest.mark.parametrize("control_id", sorted(WINDOWS))
def test_throttled_now_and_then_all_rows_come(control_id: str, aws: AwsScene) -> None:
    key = WINDOWS[control_id][-1]
    rows = len(aws.collect(control_id, key)[1])

    def fault(number: int, request: Request, reply: Reply) -> None:
        if number % 3 == 0:
            _become(reply, _throttled(request))

    aws.server.fault = fault
    extraction, again = aws.collect(control_id, key)
    assert len(again) == rows
    assert extraction.ipe.attempts[0].count > 0
    assert extraction.ipe.attempts[0].waited_seconds > 0


def test_what_boto3_asks_again_itself_is_stated(aws: AwsScene) -> None:
    def fault(number: int, request: Request, reply: Reply) -> None:
        if number == start + 3:
            _become(reply, _throttled(request))

    start = aws.server.asked
    aws.server.fault = fault
    patient = replace(aws, reach=AwsReach(aws.server.url, attempts=3))
    extraction, _ = patient.collect("a1_3_restore_jobs", "2026-W06")
    assert [(each.answer, each.count) for each in extraction.ipe.attempts] == [
        ("an answer for which boto3 asked again, with waits of its own", 1)
    ]


@pytest.mark.parametrize("times", [1, 99])
def test_findings_that_are_left_out_are_asked_for_again_and_never_read_in_part(times: int, aws: AwsScene) -> None:
    left: list[int] = []

    def fault(number: int, request: Request, reply: Reply) -> None:
        if request.path.endswith("/findings/get") and len(left) < times:
            left.append(number)
            reply.body["findings"].pop()

    aws.server.fault = fault
    if times == 1:
        extraction, rows = aws.collect("cc7_2_threat_alerts", "2026-05")
        assert (len(rows), extraction.ipe.attempts[0].answer) == (10, "an answer that leaves out part of what was asked for")
        return
    frame = aws.frame("cc7_2_threat_alerts", "2026-05")
    with pytest.raises(ContractError, match="1 of what was asked for did not come"):
        aws.extract("cc7_2_threat_alerts", frame)
    assert frame.source_total is None


def test_a_page_that_leads_to_itself_is_refused(aws: AwsScene) -> None:
    def fault(_: int, request: Request, reply: Reply) -> None:
        if target(request) == "GetComplianceDetailsByConfigRule":
            reply.body["NextToken"] = "0"

    aws.server.fault = fault
    with pytest.raises(ContractError, match="the same further page twice"):
        aws.extract("cc6_1_cloud_encryption", aws.frame("cc6_1_cloud_encryption", *LAST_WEEK))


@pytest.mark.parametrize("what", ["cut", "no JSON", "500"])
def test_an_answer_that_broke_is_asked_for_again(what: str, aws: AwsScene) -> None:
    broken: list[int] = []

    def fault(number: int, request: Request, reply: Reply) -> None:
        if request.path.startswith("/restore-jobs") and not broken:
            broken.append(number)
            if what == "cut":
                reply.cut_to = 20
            elif what == "500":
                _become(reply, error("InternalServerError", 500))
            else:
                reply.raw = b"<html>"

    aws.server.fault = fault
    extraction, rows = aws.collect("a1_3_restore_jobs", "2026-W06")
    assert (len(rows), len(extraction.ipe.attempts)) == (2, 1)


def test_access_denied_names_the_action_to_allow(aws: AwsScene) -> None:
    aws.server.fault = lambda _, request, reply: (
        _become(reply, error("AccessDeniedException", 403)) if request.path.startswith("/backup-jobs") else None
    )
    with pytest.raises(ConfigurationError, match="Allow it backup:ListBackupJobs"):
        aws.extract("a1_2_backup_coverage", aws.frame("a1_2_backup_coverage", "2026-W06"))


def test_a_region_that_is_not_enabled_is_stated(aws: AwsScene) -> None:
    aws.server.fault = lambda _, request, reply: (
        _become(reply, error("UnrecognizedClientException", 403))
        if f"/{OTHER}/cloudtrail/" in request.headers["authorization"]
        else None
    )
    with pytest.raises(ConfigurationError, match=f"lookup_events in {OTHER}.*leave the region out of 'regions'"):
        aws.extract("cc7_1_cloud_change_log", aws.frame("cc7_1_cloud_change_log", "2026-04"))


def test_an_expired_credential_is_told_from_a_missing_right(aws: AwsScene) -> None:
    aws.server.fault = lambda _, __, reply: _become(reply, query_error("ExpiredToken", 403))
    with pytest.raises(ConfigurationError, match="expired, revoked or mistyped"):
        aws.extract("cc7_2_threat_alerts", aws.frame("cc7_2_threat_alerts", "2026-05"))


def test_a_rule_that_does_not_exist_ends_the_extraction(aws: AwsScene) -> None:
    frame = aws.frame("cc6_1_cloud_encryption", *LAST_WEEK, rules={"no-such-rule": ["AWS::S3::Bucket"]})
    with pytest.raises(ConfigurationError, match="NoSuchConfigRuleException"):
        aws.extract("cc6_1_cloud_encryption", frame)


def test_a_resource_without_an_evaluation_is_not_judged(aws: AwsScene) -> None:
    def fault(_: int, request: Request, reply: Reply) -> None:
        if target(request) == "GetComplianceDetailsByConfigRule":
            reply.body["EvaluationResults"] = []
            reply.body.pop("NextToken", None)

    aws.server.fault = fault
    _, rows = aws.collect("cc6_1_cloud_encryption", *LAST_WEEK)
    assert len(rows) == 12
    assert {(row["compliant"], row["observed"]) for row in rows} == {(None, "unreadable, not evaluated")}


def test_without_security_hub_no_finding_counts_as_looked_at(aws: AwsScene) -> None:
    aws.server.fault = lambda _, request, reply: (
        _become(reply, error("InvalidAccessException", 401)) if "/securityhub/" in request.headers["authorization"] else None
    )
    _, rows = aws.collect("cc7_2_threat_alerts", "2026-05")
    assert {row["triaged_at"] for row in rows} == {None}


def test_a_backup_that_was_run_again_by_hand_shows_when_the_failure_was_put_right(aws: AwsScene) -> None:
    extraction, rows = aws.collect("a1_2_backup_coverage", "2026-W10")
    assert len(rows) == 14
    failed = [row for row in rows if row["status"] == "failed"]
    assert [(str(row["corrected_at"]), row["encrypted"], row["off_site"]) for row in failed] == [
        ("2026-03-02 09:40:00+00:00", None, None)
    ]
    assert all(row["encrypted"] and row["off_site"] for row in rows if row["status"] == "succeeded")
    assert [(drop.reason, drop.keys) for drop in extraction.ipe.drops if drop.rows] == [
        (
            "run again after a failure: corrected_at of the failed run",
            (aws.api.things.backup_id(60, aws.api.things.failed[1], 9),),
        )
    ]
    assert extraction.ipe.second_count.rows == extraction.ipe.source_total.rows == 15


def test_a_running_job_is_waited_for(aws: AwsScene) -> None:
    def fault(_: int, request: Request, reply: Reply) -> None:
        if request.path.startswith("/restore-jobs"):
            for job in reply.body["RestoreJobs"]:
                job["Status"] = "RUNNING"

    aws.server.fault = fault
    with pytest.raises(ContractError, match="expected a job that has ended"):
        aws.extract("a1_3_restore_jobs", aws.frame("a1_3_restore_jobs", "2026-W06"))


def test_the_stand_ins_answer_as_botocores_own_models_say(aws: AwsScene) -> None:
    for control_id, keys in WINDOWS.items():
        aws.collect(control_id, keys[len(keys) // 2])
    models = botocore.session.get_session()
    held: dict[tuple[str, str], int] = {}
    for request, reply in aws.server.exchanges:
        scope = request.headers["authorization"].partition("Credential=")[2].split(",")[0].split("/")
        model = models.get_service_model(NAMES.get(scope[3], scope[3]))
        for name in (operation for service, operation in STAND_INS if service == scope[3]):
            operation = model.operation_model(name)
            if reply.raw is None and _asks_for(request, operation):
                assert operation.output_shape is not None
                assert _wrong(reply.body, operation.output_shape, name) == []
                held[scope[3], name] = held.get((scope[3], name), 0) + 1
    print(f"aws: {sum(held.values())} answers of {len(held)} operations held against botocore's models")
    assert set(held) == {each for each in STAND_INS if each[0] not in ("iam", "ec2")}


def _asks_for(request: Request, operation: Any) -> bool:
    if named := request.headers.get("x-amz-target"):
        return named.endswith(f".{operation.name}")
    wanted, path = operation.http["requestUri"].strip("/").split("/"), request.path.strip("/").split("/")
    same = len(wanted) == len(path) and all(a == b or a.startswith("{") for a, b in zip(wanted, path, strict=True))
    return same and operation.http["method"] == request.method


def _wrong(value: Any, shape: Shape, where: str) -> list[str]:
    """Return where a JSON value is not what a shape says: a member too many, one that is required and absent, another type."""
    if isinstance(shape, StructureShape):
        names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        found = [f"{where}: {name} is none" for name in value if name not in names]
        required = [names_of for names_of, (name, _) in names.items() if name in shape.required_members]
        found += [f"{where}: {name} is absent" for name in required if name not in value]
        return found + [
            each for name, item in value.items() if name in names for each in _wrong(item, names[name][1], f"{where}.{name}")
        ]
    if isinstance(shape, ListShape):
        return [each for item in value for each in _wrong(item, shape.member, where)]
    if isinstance(shape, MapShape):
        return [each for item in value.values() for each in _wrong(item, shape.value, where)]
    kinds = {"string": str, "boolean": bool, "timestamp": int | float, "integer": int, "long": int, "double": int | float}
    right = isinstance(value, kinds[shape.type_name]) and (not getattr(shape, "enum", None) or value in shape.enum)
    return [] if right else [f"{where}: {value!r}"]


# --


def _become(reply: Reply, other: Reply) -> None:
    reply.status, reply.body, reply.raw, reply.headers = other.status, other.body, other.raw, {**reply.headers, **other.headers}


def _throttled(request: Request) -> Reply:
    if "/s3/" in request.headers["authorization"]:
        return Reply(
            503, None, {"Content-Type": "text/xml"}, raw=b"<Error><Code>SlowDown</Code><Message>told to</Message></Error>"
        )
    is_query = b"Action=" in request.body
    return query_error("Throttling") if is_query else error("ThrottlingException", 400)


def _pages(frame: Any) -> Iterator[bytes]:
    for page in frame.pages:
        with pa.input_stream(str(frame.folder / page.name), compression="zstd") as stored:
            yield stored.read()
