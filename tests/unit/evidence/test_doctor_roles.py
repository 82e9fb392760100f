# SPDX-License-Identifier: Apache-2.0
"""What makes a role, or the access record, weaker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.evidence.doctor_facts import ACCOUNT, DENIED, TARGET

from tieout.evidence.doctor import Outcome
from tieout.evidence.doctor.facts import RoleFacts, TrailFacts
from tieout.evidence.doctor.report import Refusal
from tieout.evidence.doctor.roles import check_role
from tieout.evidence.doctor.target import BREAK_GLASS, WRITER
from tieout.evidence.doctor.trail import check_trails


def allow(action: str | list[str], *keys: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": [f"arn:aws:s3:::evidence/{key}" for key in keys], **more}


def trust(principal: Any, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Statement": [{**statement, **({"Condition": condition} if condition else {})}]}


NAMED = trust({"AWS": f"{ACCOUNT}:role/workers"})
PUTS = allow("s3:PutObject", "evidence/*", "manifests/*", "raw/*", "catalog/*")


def role(name: str, *statements: Mapping[str, Any], trusted: Mapping[str, Any] = NAMED) -> dict[str, Outcome]:
    checks = check_role(name, RoleFacts(trust=trusted, policies=[{"Statement": list(statements)}]), TARGET)
    return {check.name.removeprefix(f"role {name}: "): check.outcome for check in checks}


def test_a_writer_that_writes_and_no_more_is_as_expected() -> None:
    assert set(role(WRITER, PUTS).values()) == {Outcome.AS_EXPECTED}


@pytest.mark.parametrize("trusted", [trust("*"), trust({"AWS": "*"}), trust({"AWS": f"{ACCOUNT}:root"}), {"Statement": []}])
def test_trust_in_anybody_is_weaker(trusted: dict[str, Any]) -> None:
    assert role(WRITER, PUTS, trusted=trusted)["trust"] is Outcome.WEAKER


@pytest.mark.parametrize(
    ("more", "weaker"),
    [
        (allow("s3:PutObject", "digests/*"), {"puts"}),
        (allow("s3:DeleteObject", "*"), {"loosens"}),
        (allow("s3:PutObjectLegalHold", "evidence/*"), {"loosens"}),
        ({"Effect": "Allow", "Action": "s3:Put*", "Resource": "arn:aws:s3:::evidence"}, {"loosens"}),
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, {"puts", "loosens"}),
    ],
)
def test_what_makes_a_role_weaker(more: dict[str, Any], weaker: set[str]) -> None:
    outcomes = role(WRITER, PUTS, more)
    assert {name for name, outcome in outcomes.items() if outcome is Outcome.WEAKER} == weaker


def test_break_glass_spells_out_what_it_may() -> None:
    records = allow("s3:PutObject", "manifests/*.record.dsse.json")
    assert set(role(BREAK_GLASS, records, allow("s3:DeleteObject", "*")).values()) == {Outcome.AS_EXPECTED}
    assert role(BREAK_GLASS, records, allow("s3:Delete*", "*"))["loosens"] is Outcome.WEAKER


def test_an_auditor_has_periods_an_external_id_and_an_end() -> None:
    until = {"DateLessThan": {"aws:CurrentTime": "2027-06-30T00:00:00Z"}}
    bounded = trust({"AWS": f"{ACCOUNT}:role/x"}, {**until, "StringEquals": {"sts:ExternalId": "0123456789abcdef"}})
    keys = ("*/observation_period=2026-H1/*", "keys/*", "digests/*", "catalog/*", "README.md", "LAYOUT.json")
    reads = allow("s3:GetObject", *keys, Condition=until)
    assert set(role("auditor", reads, trusted=bounded).values()) == {Outcome.AS_EXPECTED}
    assert role("auditor", reads, trusted=NAMED)["trust"] is Outcome.WEAKER
    assert role("auditor", {**reads, "Condition": {}}, trusted=bounded)["reads"] is Outcome.WEAKER
    assert role("auditor", allow("s3:GetObject", "*", Condition=until), trusted=bounded)["reads"] is Outcome.WEAKER
    assert role("auditor", allow("s3:GetObject", *keys[:2], Condition=until), trusted=bounded)["reads"] is Outcome.WEAKER


def test_who_signs_links_gets_versions_and_looks_for_nothing() -> None:
    keys = ("evidence/*", "manifests/*", "raw/*", "responses/*")
    reads = allow("s3:GetObjectVersion", *keys)
    assert set(role("links", reads).values()) == {Outcome.AS_EXPECTED}
    assert role("links", allow("s3:GetObjectVersion", *keys[:3]))["reads"] is Outcome.WEAKER
    lists = {"Effect": "Allow", "Action": "s3:ListBucketVersions", "Resource": "arn:aws:s3:::evidence"}
    for more in (lists, allow("s3:GetObject", *keys), allow("s3:GetObjectVersion", "*")):
        assert role("links", reads, more)["reads"] is Outcome.WEAKER
    assert role("links", reads, allow("s3:PutObject", "responses/*"))["puts"] is Outcome.WEAKER


def trail(**change: Any) -> TrailFacts:
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::evidence/"]},
    ]
    known: dict[str, Any] = {
        "trail": {"Name": "access", "LogFileValidationEnabled": True},
        "logging": True,
        "advanced": [{"FieldSelectors": [*fields, *change.pop("more", [])]}],
        "basic": [],
    }
    return TrailFacts(**{**known, **change})


BASIC = {"ReadWriteType": "All", "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (trail(), Outcome.AS_EXPECTED),
        (trail(advanced=[], basic=[BASIC]), Outcome.AS_EXPECTED),
        (trail(advanced=[], basic=[{**BASIC, "ReadWriteType": "WriteOnly"}]), Outcome.WEAKER),
        (trail(advanced=[], basic=[]), Outcome.WEAKER),
        (trail(more=[{"Field": "readOnly", "Equals": ["false"]}]), Outcome.WEAKER),
        (trail(logging=False), Outcome.WEAKER),
        (trail(trail={"Name": "access"}), Outcome.WEAKER),
        (DENIED, Outcome.CANNOT_CHECK),
    ],
)
def test_a_trail_records_every_read_and_write(facts: TrailFacts | Refusal, outcome: Outcome) -> None:
    [check] = check_trails(facts if isinstance(facts, Refusal) else [facts], {"evidence": "evidence"})
    assert check.outcome is outcome


def test_a_trail_on_another_bucket_does_not_count() -> None:
    [check] = check_trails([trail()], {"drop": "evidence-drop"})
    assert check.found == "no data events of evidence-drop in 1 trails"
