# SPDX-License-Identifier: Apache-2.0
"""What an event of CloudTrail does to a protection."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tieout.collectors.aws_events import event_row, weakens

BLOCKED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}


@pytest.mark.parametrize(
    ("name", "given", "judged"),
    [
        ("StopLogging", {}, True),
        ("StartLogging", {}, False),
        ("DeleteTrail", {}, True),
        ("ScheduleKeyDeletion", {}, True),
        ("DeactivateMFADevice", {}, True),
        ("DeleteAccountPublicAccessBlock", {}, True),
        ("PutBucketPolicy", {"bucketPolicy": {}}, None),
        ("PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": BLOCKED}, False),
        ("PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {**BLOCKED, "BlockPublicAcls": False}}, True),
        ("PutBucketPublicAccessBlock", {}, None),
        ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Suspended"}}, True),
        ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Enabled"}}, False),
        ("PutBucketVersioning", {}, None),
        ("UpdateDetector", {"enable": False}, True),
        ("UpdateDetector", {"enable": True}, False),
        ("UpdateDetector", {}, None),
        ("AuthorizeSecurityGroupIngress", {"items": [{"cidrIp": "0.0.0.0/0"}]}, True),
        ("AuthorizeSecurityGroupIngress", {"items": [{"cidrIp": "10.0.0.0/8"}]}, None),
        ("NobodyKnowsIt", {}, None),
    ],
)
def test_weakens_is_told_by_name_and_request_or_not_at_all(name: str, given: dict[str, Any], judged: bool | None) -> None:
    assert weakens(name, given) is judged


def event(record: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an event of the history."""
    told = {
        "EventId": "e",
        "EventName": "StopLogging",
        "EventTime": "2026-03-01T00:00:00Z",
        "EventSource": "cloudtrail.amazonaws.com",
    }
    return {**told, "CloudTrailEvent": json.dumps(record), **more}


def test_an_event_that_aws_refused_took_nothing_away() -> None:
    row = event_row(event({"errorCode": "AccessDenied", "requestParameters": {"name": "t"}}, Username="ada@shop.example"))
    assert (row["weakens"], row["change"], row["actor"]) == (False, 'refused (AccessDenied): {"name": "t"}', "ada@shop.example")


def test_who_did_it_is_the_user_the_arn_or_the_service_and_unknown_else() -> None:
    assert event_row(event({"userIdentity": {"arn": "arn:aws:iam::1:user/ops/ada"}}))["actor"] == "ada"
    assert event_row(event({"userIdentity": {"invokedBy": "backup.amazonaws.com"}}))["actor"] == "backup.amazonaws.com"
    assert event_row(event({}))["actor"] == "unknown"


def test_without_a_resource_the_target_is_the_account() -> None:
    assert event_row(event({"recipientAccountId": "1"}))["target"] == "1"
    assert event_row(event({}, Resources=[{"ResourceName": "a"}, {"ResourceName": "b"}]))["target"] == "a, b"
