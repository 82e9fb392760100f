# SPDX-License-Identifier: Apache-2.0
"""A grant as an IAM policy: what lets a role read the granted periods in the evidence bucket, and nothing else. Pure.

1. Bytes, versions, locks and holds: objects whose key names a granted period, and what every verification needs: key list,
   digests, catalogue, README.md and LAYOUT.json.
2. Names: listing below the same prefixes alone.
3. From the grant's first instant until its end, in every statement: a session outlives the moment it was handed out.

It grants no right to write, to configure or to assume anything. What another policy allows the role stays allowed.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tieout.criteria.auditor_access import Grant
from tieout.errors import ConfigurationError
from tieout.evidence.layout import CATALOG, DIGESTS, EVIDENCE, INDEX, KEYS, LAYOUT, MANIFESTS, RAW, README, RESPONSES

MAX_CHARACTERS = 10_240
"""What IAM takes as the inline policies of one role, spaces not counted; a managed policy takes 6,144."""
READS = ("s3:GetObject", "s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectVersion")
LISTS = ("s3:ListBucket", "s3:ListBucketVersions")
LOOKS = ("s3:GetBucketLocation", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketVersioning")


def access_policy(
    grant: Grant, bucket: str, zone: ZoneInfo, *, sse_key: str = "", partition: str = "aws", all_names: bool = False
) -> dict[str, Any]:
    """Return the policy of a role that reads by a grant.

    Args:
        grant: Of role auditor.
        bucket: The evidence bucket's name.
        zone: The program's time zone.
        sse_key: ARN of the KMS key that encrypts evidence, where it is one.
        partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
        all_names: List every key of the bucket, other periods' among them: `tieout verify` of a bucket lists whole folders.

    Raises:
        ConfigurationError: The grant is a report user's, who accepts an NDA first, which IAM can not know; or it is longer than
            IAM takes.
    """
    if grant.role != "auditor":
        msg = (
            f"grant {grant.id}: expected role auditor, got {grant.role}. A report user reads by links, after accepting the NDA; "
            "a role's policy can not know of that."
        )
        raise ConfigurationError(msg)
    arn = f"arn:{partition}:s3:::{bucket}"
    patterns = readable(grant)
    when = {
        "DateGreaterThanEquals": {"aws:CurrentTime": _instant(grant.starts(zone))},
        "DateLessThan": {"aws:CurrentTime": _instant(grant.ends(zone))},
    }
    named = when if all_names else when | {"StringLike": {"s3:prefix": patterns}}
    statements = [
        _allow("Look", LOOKS, arn, when),
        _allow("List", LISTS, arn, named),
        _allow("Read", READS, [f"{arn}/{pattern}" for pattern in patterns], when),
    ]
    if sse_key:
        statements.append(_allow("Decrypt", ("kms:Decrypt",), sse_key, when | {"StringLike": {"kms:ViaService": "s3.*"}}))
    policy = {"Version": "2012-10-17", "Statement": statements}
    if (size := len("".join(json.dumps(policy).split()))) > MAX_CHARACTERS:
        msg = f"grant {grant.id}: IAM takes {MAX_CHARACTERS} characters in a role's policies, got {size}. Name fewer periods."
        raise ConfigurationError(msg)
    return policy


def readable(grant: Grant) -> list[str]:
    """Return the patterns of the keys that a grant lets an auditor read; ``*`` stands for anything."""
    found = []
    for period in grant.periods:
        found += [f"{EVIDENCE}*/observation_period={period}/*"]
        found += [f"{folder}observation_period={period}/*" for folder in (MANIFESTS, RAW, RESPONSES, INDEX)]
    return [*found, *(f"{folder}*" for folder in (KEYS, DIGESTS, CATALOG)), README, LAYOUT]


def _allow(sid: str, actions: tuple[str, ...], resource: str | list[str], condition: dict[str, Any]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource, "Condition": dict(condition)}


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
