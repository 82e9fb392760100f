# SPDX-License-Identifier: Apache-2.0
"""What makes a bucket, or the policy of one, weaker. The template's own policy is in the integration tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.evidence.doctor_facts import DENIED, ROLE, SSE, STRONG, TARGET, TO_BREAK_GLASS, by_name, deny, policy

from tieout.evidence.doctor import Check, Outcome, Target
from tieout.evidence.doctor.bucket_policies import check_drop_policy, check_evidence_policy
from tieout.evidence.doctor.buckets import check_evidence_bucket, check_identity_bucket, check_staging_bucket
from tieout.evidence.doctor.facts import BucketFacts
from tieout.evidence.doctor.target import BREAK_GLASS, WRITER


def judged(*statements: Mapping[str, Any], target: Target = TARGET) -> dict[str, Check]:
    return by_name(check_evidence_policy(policy(*statements), target, SSE, 2562, 4392))


CREATE_ONLY = deny("s3:PutObject", "arn:aws:s3:::evidence/*", {"Null": {"s3:if-none-match": "true"}}, Sid="CreateOnly")


def test_a_guard_that_holds_everywhere_is_named() -> None:
    check = judged(CREATE_ONLY)["policy: create only"]
    assert (check.outcome, check.found) == (Outcome.AS_EXPECTED, "denied by CreateOnly")


@pytest.mark.parametrize(
    ("weaker", "found"),
    [
        ({"Resource": "arn:aws:s3:::evidence/evidence/*"}, "nothing denies s3:PutObject on raw/k for anybody"),
        ({"Action": "s3:PutObjectRetention"}, "nothing denies s3:PutObject on evidence/k for anybody"),
        ({"Effect": "Allow"}, "nothing denies s3:PutObject on evidence/k for anybody"),
        ({"Condition": {**CREATE_ONLY["Condition"], "StringNotEquals": {"aws:PrincipalArn": ROLE[WRITER]}}}, "for writer"),
        ({"Condition": {"Null": {"s3:if-none-match": "false"}}}, ""),
    ],
)
def test_a_guard_that_was_loosened_is_found(weaker: dict[str, Any], found: str) -> None:
    check = judged({**CREATE_ONLY, **weaker})["policy: create only"]
    assert check.outcome is Outcome.WEAKER
    assert found in check.found


def test_deletion_is_denied_to_all_but_break_glass() -> None:
    actions = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
    name = "policy: nobody deletes"
    right = deny(actions, "arn:aws:s3:::evidence/*", TO_BREAK_GLASS)
    assert judged(right)[name].outcome is Outcome.AS_EXPECTED
    assert judged(deny(actions, "arn:aws:s3:::evidence/*"))[name].found == "denied to all"
    assert judged(deny(actions[:2], "arn:aws:s3:::evidence/*"))[name].found == "nothing denies s3:BypassGovernanceRetention"
    for exempt in ("arn:aws:iam::123456789012:role/*", ROLE[WRITER]):
        other = deny(actions, "arn:aws:s3:::evidence/*", {"ArnNotLike": {"aws:PrincipalArn": exempt}})
        assert judged(other)[name].outcome is Outcome.WEAKER
    unknown = judged(right, target=replace(TARGET, roles={}))[name]
    assert unknown.outcome is Outcome.CANNOT_CHECK
    assert ROLE[BREAK_GLASS] in unknown.found


def test_who_puts_what_is_told_by_role() -> None:
    only = deny("s3:PutObject", "arn:aws:s3:::evidence/responses/*", {"ArnNotEquals": {"aws:PrincipalArn": ROLE["responder"]}})
    checks = judged(only)
    assert checks["policy: who puts responses"].outcome is Outcome.AS_EXPECTED
    assert checks["policy: who puts manifests"].found == "whoever IAM lets"
    both = {"ArnNotEquals": {"aws:PrincipalArn": [ROLE["responder"], ROLE[WRITER]]}}
    wider = judged({**only, "Condition": both})["policy: who puts responses"]
    assert (wider.outcome, wider.found) == (Outcome.WEAKER, "responder, writer")


def test_a_policy_that_lets_nobody_put_holds_no_guard() -> None:
    check = judged(deny("s3:*", "*"))["policy: create only"]
    assert (check.outcome, check.found) == (Outcome.WEAKER, "nobody may put anything")


def test_no_policy_is_weaker_and_an_unreadable_one_can_not_be_checked() -> None:
    for unread in (DENIED, "no json"):
        checks = check_evidence_policy(unread, TARGET, SSE, 2562, 4392)
        assert {check.outcome for check in checks} == {Outcome.CANNOT_CHECK}
    none = check_evidence_policy(None, TARGET, SSE, 2562, 4392)
    assert {check.outcome for check in none} == {Outcome.WEAKER}
    assert {check.name for check in none} == {check.name for check in checks}
    assert {check.outcome for check in check_drop_policy(None, TARGET)} == {Outcome.WEAKER}
    assert {check.outcome for check in check_drop_policy(None, replace(TARGET, drop_bucket=None))} == {Outcome.CANNOT_CHECK}


def lock(**default: Any) -> dict[str, Any]:
    return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}}


def test_a_strong_bucket_is_as_expected() -> None:
    assert {check.outcome for check in check_evidence_bucket(STRONG, SSE)} == {Outcome.AS_EXPECTED}


@pytest.mark.parametrize(
    ("name", "change", "found"),
    [
        ("versioning", {"versioning": {}}, "off"),
        ("versioning", {"versioning": {"Status": "Suspended"}}, "Suspended"),
        ("lock", {"object_lock": None}, "no Object Lock"),
        ("lock", {"object_lock": lock()}, "Enabled, no default retention"),
        ("lock", {"object_lock": lock(Mode="GOVERNANCE", Days=400)}, "Enabled, GOVERNANCE 400 days"),
        ("lock", {"object_lock": lock(Mode="COMPLIANCE", Days=30)}, "Enabled, COMPLIANCE 30 days"),
        ("public access", {"public_access": None}, "not set: BlockPublicAcls, BlockPublicPolicy"),
        ("ownership", {"ownership": {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}}}, "ObjectWriter"),
        ("ownership", {"ownership": None}, "not set"),
        ("encryption", {"encryption": None}, "none by default"),
        ("expiry", {"lifecycle": {"Rules": [{"ID": "tidy", "Status": "Enabled", "Expiration": {"Days": 1}}]}}, "rules: tidy"),
    ],
)
def test_what_makes_a_bucket_weaker(name: str, change: dict[str, Any], found: str) -> None:
    checks = by_name(check_evidence_bucket(replace(STRONG, **change), SSE))
    assert [check.name for check in checks.values() if check.outcome is not Outcome.AS_EXPECTED] == [f"bucket: {name}"]
    assert checks[f"bucket: {name}"].outcome is Outcome.WEAKER
    assert checks[f"bucket: {name}"].found.startswith(found)


def test_years_of_default_retention_count_as_days() -> None:
    checks = by_name(check_evidence_bucket(replace(STRONG, object_lock=lock(Mode="COMPLIANCE", Years=2, Days=0)), SSE))
    assert checks["bucket: lock"].found == "Enabled, COMPLIANCE 730 days"


def test_another_key_is_weaker_and_an_unnamed_one_can_not_be_compared() -> None:
    assert by_name(check_evidence_bucket(STRONG, "arn:other"))["bucket: encryption"].outcome is Outcome.WEAKER
    assert by_name(check_evidence_bucket(STRONG, None))["bucket: encryption"].outcome is Outcome.CANNOT_CHECK


def test_what_may_not_be_read_can_not_be_checked_and_shows_the_code() -> None:
    refused = BucketFacts(**dict.fromkeys(BucketFacts.__dataclass_fields__, DENIED))
    checks = check_evidence_bucket(refused, SSE)
    assert {(check.outcome, check.found) for check in checks} == {(Outcome.CANNOT_CHECK, "AccessDenied")}


def test_staging_is_another_bucket_whose_objects_expire() -> None:
    rule = {"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 14}}
    facts = replace(STRONG, lifecycle={"Rules": [rule]})
    assert {check.outcome for check in check_staging_bucket(facts, TARGET)} == {Outcome.AS_EXPECTED}
    same = by_name(check_staging_bucket(facts, replace(TARGET, staging_bucket=TARGET.bucket)))
    assert same["staging: another bucket"].outcome is Outcome.WEAKER
    for narrower in ({"Status": "Disabled"}, {"Filter": {"Prefix": "a/"}}, {"Filter": {"Tag": {"Key": "a", "Value": "b"}}}):
        checks = by_name(check_staging_bucket(replace(STRONG, lifecycle={"Rules": [{**rule, **narrower}]}), TARGET))
        assert checks["staging: expiry"].outcome is Outcome.WEAKER


def test_an_identity_table_that_can_not_be_erased_is_weaker() -> None:
    rule = {"Status": "Enabled", "Filter": {"Prefix": "people/"}, "Expiration": {"Days": 400}}
    facts = replace(STRONG, object_lock=None, lifecycle={"Rules": [rule]})
    assert {check.outcome for check in check_identity_bucket(facts, SSE, "arn:other", "people/")} == {Outcome.AS_EXPECTED}
    shared = by_name(check_identity_bucket(facts, SSE, SSE, "people/"))
    assert shared["identity: encryption"].found == "the evidence's own key"
    locked = by_name(check_identity_bucket(replace(facts, object_lock=STRONG.object_lock), SSE, "arn:other", "people/"))
    assert locked["identity: no lock"].outcome is Outcome.WEAKER
