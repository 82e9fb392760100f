# SPDX-License-Identifier: Apache-2.0
"""What a policy says about a request, as AWS documents it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.evidence.doctor_facts import ACCOUNT, ROLE, deny, policy

from tieout.errors import CannotCheck
from tieout.evidence.doctor.policy import Request, allowed_by, denied_by, named_principals, parse_policy
from tieout.evidence.doctor.target import WRITER


def says(condition: Mapping[str, Any], **context: str) -> bool:
    """Return whether a Deny under a condition matches a request with that context."""
    statements = parse_policy(policy(deny("s3:PutObject", "*", condition)))
    keys = {key.replace("__", ":").replace("_", "-"): value for key, value in context.items()}
    return denied_by(statements, Request("arn:x", "s3:PutObject", "arn:y", keys)) is not None


@pytest.mark.parametrize(
    ("condition", "context", "matches"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws__securetransport": "false"}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws__securetransport": "false"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws__securetransport": "true"}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
        ({"Null": {"s3:if-none-match": "true"}}, {}, True),
        ({"Null": {"s3:if-none-match": "true"}}, {"s3__if_none_match": "*"}, False),
        ({"StringNotEquals": {"s3:object-lock-mode": "COMPLIANCE"}}, {}, True),
        ({"StringNotEquals": {"s3:object-lock-mode": "COMPLIANCE"}}, {"s3__object_lock_mode": "GOVERNANCE"}, True),
        ({"StringNotEquals": {"s3:object-lock-mode": "COMPLIANCE"}}, {"s3__object_lock_mode": "COMPLIANCE"}, False),
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringLike": {"k": "a*c"}}, {"k": "abbc"}, True),
        ({"StringLike": {"k": "a?c"}}, {"k": "abbc"}, False),
        ({"StringLike": {"k": "a.c"}}, {"k": "abc"}, False),
        ({"NumericLessThan": {"d": 365}}, {"d": "364"}, True),
        ({"NumericLessThan": {"d": "365"}}, {"d": "365"}, False),
        ({"NumericLessThan": {"d": "365"}}, {}, False),
        ({"NumericGreaterThan": {"d": "365"}}, {"d": "1000"}, True),
        ({"DateLessThan": {"t": "2027-01-01T00:00:00Z"}}, {"t": "2026-12-31T23:59:59Z"}, True),
        ({"DateLessThan": {"t": "2027-01-01T00:00:00Z"}}, {"t": "2027-01-01T00:00:00Z"}, False),
        ({"ArnNotEquals": {"aws:PrincipalArn": "arn:x"}}, {}, False),
        ({"ArnNotEquals": {"aws:PrincipalArn": "arn:*"}}, {}, False),
        ({"ArnNotLike": {"aws:principalarn": ["arn:other", "arn:another"]}}, {}, True),
        ({"StringEquals": {"a": "1"}, "Bool": {"b": "true"}}, {"a": "1", "b": "false"}, False),
    ],
)
def test_conditions_as_aws_documents_them(condition: dict[str, Any], context: dict[str, str], *, matches: bool) -> None:
    assert says(condition, **context) is matches


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (deny("s3:*", "*", {"ForAnyValue:StringEquals": {"k": "v"}}), "ForAnyValue:StringEquals"),
        ({"Effect": "Deny", "NotPrincipal": "*", "Action": "s3:*", "Resource": "*"}, "NotPrincipal"),
        (deny("s3:*", "arn:aws:s3:::b/${aws:username}/*"), "policy variable"),
        ({"Effect": "Deny", "Principal": "*", "Action": {"no": 1}, "Resource": "*", "Condition": []}, "malformed"),
    ],
)
def test_what_is_not_known_is_not_guessed(statement: dict[str, Any], what: str) -> None:
    with pytest.raises(CannotCheck, match=what):
        denied_by(parse_policy(policy(statement)), Request("arn:x", "s3:GetObject", "arn:aws:s3:::b/k"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Statement": 3}'])
def test_a_malformed_policy_can_not_be_checked(text: str) -> None:
    with pytest.raises(CannotCheck, match="malformed"):
        parse_policy(text)


def test_a_statement_is_about_actions_resources_and_principals() -> None:
    request = Request(f"{ACCOUNT}:role/a", "s3:PutObject", "arn:aws:s3:::b/evidence/k")

    def denies(**change: Any) -> bool:
        return denied_by(parse_policy(policy({**deny("S3:put*", "arn:aws:s3:::b/*"), **change})), request) is not None

    assert denies()
    assert not denies(Action="s3:GetObject")
    assert not denies(Resource="arn:aws:s3:::b")
    assert not denies(Resource="arn:aws:s3:::B/*")
    assert denies(Principal={"AWS": f"{ACCOUNT}:root"})
    assert denies(Principal={"AWS": "123456789012"})
    assert not denies(Principal={"AWS": f"{ACCOUNT}:role/b"})
    assert not denies(Principal={"Service": "cloudtrail.amazonaws.com"})
    elsewhere = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "NotResource": "arn:aws:s3:::b/evidence/*"}
    assert denied_by(parse_policy(policy(elsewhere)), request) is None
    assert denied_by(parse_policy(policy(elsewhere)), replace(request, resource="arn:aws:s3:::b/other")) is not None
    others = {"Effect": "Deny", "Principal": "*", "NotAction": "s3:Get*", "Resource": "*"}
    assert denied_by(parse_policy(policy(others)), request) is not None


def test_root_in_a_key_policy_lends_to_iam_and_names_no_role() -> None:
    lent = parse_policy(
        {"Statement": {"Effect": "Allow", "Principal": {"AWS": f"{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}}
    )
    assert allowed_by(lent, Request(f"{ACCOUNT}:root", "kms:Sign", "*"))
    assert allowed_by(lent, Request(f"{ACCOUNT}:role/a", "kms:Sign", "*")) is None


def test_every_principal_that_a_policy_names_is_asked_for() -> None:
    statements = parse_policy(
        policy(deny("s3:*", "*", {"ArnNotLike": {"aws:PrincipalArn": [ROLE[WRITER], "arn:aws:iam::*:role/x"]}}))
    )
    assert named_principals(statements) == {ROLE[WRITER]}
