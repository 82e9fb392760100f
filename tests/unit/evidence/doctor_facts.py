# SPDX-License-Identifier: Apache-2.0
"""What the doctor's tests judge: an account's roles, a strong bucket, and the pieces of policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tieout.evidence.doctor import Check, Target
from tieout.evidence.doctor.facts import BucketFacts, Facts
from tieout.evidence.doctor.report import Refusal
from tieout.evidence.doctor.target import BREAK_GLASS, ROLES

ACCOUNT = "arn:aws:iam::123456789012"
ROLE = {name: f"{ACCOUNT}:role/{name.replace(' ', '-')}" for name in ROLES}
SSE = "arn:aws:kms:eu-central-1:123456789012:key/sse"
TARGET = Target(bucket="evidence", staging_bucket="staging", drop_bucket="drop", keys={"encryption": SSE}, roles=ROLE)
DENIED = Refusal("AccessDenied")


def by_name(checks: list[Check]) -> dict[str, Check]:
    found = {check.name: check for check in checks}
    assert len(found) == len(checks), "two checks of one name"
    return found


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(action: str | list[str], resource: str, condition: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    conditioned = {"Condition": condition} if condition else {}
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, **conditioned, **more}


TO_BREAK_GLASS = {"ArnNotEquals": {"aws:PrincipalArn": ROLE[BREAK_GLASS]}}


STRONG = BucketFacts(
    versioning={"Status": "Enabled"},
    object_lock={
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}},
        }
    },
    public_access={
        "PublicAccessBlockConfiguration": dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        )
    },
    ownership={"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
    encryption={
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": SSE}}]
        }
    },
    lifecycle=None,
    replication=None,
    policy=None,
)


FACTS = Facts(
    identity={"Arn": "arn:aws:sts::1:assumed-role/x/y"},
    endpoint="https://s3.eu-central-1.amazonaws.com",
    clock_offset=0.2,
    evidence=STRONG,
    staging=BucketFacts(),
    drop=BucketFacts(),
    identities=BucketFacts(),
    access=BucketFacts(),
    keys={},
    roles={},
    trails=DENIED,
    key_files=[],
    root=DENIED,
    reachable={},
)
