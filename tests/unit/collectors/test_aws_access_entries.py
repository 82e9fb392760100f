# SPDX-License-Identifier: Apache-2.0
"""Who has what in an AWS account, read from policies."""

from __future__ import annotations

import json
from typing import Any

from tieout.collectors.aws_access_entries import Holders, allowed, group_privileged, role_entitlements, user_entitlements

WIDE = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NARROW = {"Statement": {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}}
READ = {"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
ADMINISTRATOR = {"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
OWN = {"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::123456789012:policy/AdministratorAccess"}


def test_policies_inline_ones_and_groups_are_entitlements() -> None:
    user = {
        "AttachedManagedPolicies": [READ, ADMINISTRATOR, OWN],
        "UserPolicyList": [{"PolicyName": "w", "PolicyDocument": WIDE}, {"PolicyName": "n", "PolicyDocument": NARROW}],
        "GroupList": ["Ops"],
    }
    assert list(user_entitlements(user)) == [
        (f"policy:{READ['PolicyArn']}", False),
        (f"policy:{ADMINISTRATOR['PolicyArn']}", True),
        (f"policy:{OWN['PolicyArn']}", None),
        ("inline:w", True),
        ("inline:n", False),
        ("group:Ops", None),
    ]


def test_a_user_with_nothing_is_listed_all_the_same() -> None:
    assert list(user_entitlements({})) == [("none", False)]


def test_a_group_is_privileged_by_one_policy_and_not_told_by_one_of_the_accounts_own() -> None:
    groups = [
        {"GroupName": "a", "AttachedManagedPolicies": [READ, ADMINISTRATOR]},
        {"GroupName": "b", "AttachedManagedPolicies": [READ, OWN]},
        {"GroupName": "c", "AttachedManagedPolicies": [READ]},
    ]
    assert group_privileged(groups) == {"group:a": True, "group:b": None, "group:c": False}


def test_a_role_names_who_may_assume_it() -> None:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": ["a.amazonaws.com"], "AWS": "arn:aws:iam::1:root"}}]}
    assert list(role_entitlements({"AssumeRolePolicyDocument": trust})) == [
        ("none", False),
        ("assumed_by:a.amazonaws.com", None),
        ("assumed_by:arn:aws:iam::1:root", None),
    ]


def test_principals_are_those_that_are_allowed_something_with_all_their_actions() -> None:
    policy: dict[str, Any] = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ["b", "a"]}, "Action": "kms:Sign"},
            {"Effect": "Allow", "Principal": {"AWS": "a"}, "Action": ["kms:Verify"]},
            {"Effect": "Deny", "Principal": "*", "Action": "*"},
            {"Effect": "Allow", "NotPrincipal": {"AWS": "c"}, "NotAction": "kms:Sign"},
        ]
    }
    found = [("a", ("kms:Sign", "kms:Verify")), ("b", ("kms:Sign",)), ("everybody but some", ("every action but some",))]
    assert allowed(policy) == allowed(json.dumps(policy)) == found


def test_holders_come_from_tags_and_from_the_controls_yaml() -> None:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}}]}
    details: list[dict[str, Any]] = [
        {"Arn": "user", "Tags": [{"Key": "owner", "Value": "ada@shop.example"}, {"Key": "kind", "Value": "person"}]},
        {"Arn": "role", "RoleName": "r", "AssumeRolePolicyDocument": trust},
    ]
    holders = Holders(details, "owner", {"arn:aws:iam::1:root": "lead@shop.example"})
    assert holders.of("user") == ("ada@shop.example", "person")
    assert holders.of("role") == (None, "service")
    assert holders.of("arn:aws:iam::1:root") == ("lead@shop.example", "shared")
    assert holders.of("backup.amazonaws.com") == (None, "service")
    assert holders.of("arn:aws:iam::2:user/x") == (None, "unknown")
