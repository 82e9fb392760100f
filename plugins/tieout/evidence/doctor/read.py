# SPDX-License-Identifier: Apache-2.0
"""The rim: reads what is to be judged from S3, KMS, IAM, CloudTrail and STS. It changes nothing, and no error stops it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from tieout.evidence.doctor.facts import BucketFacts, Facts, KeyFacts, RoleFacts, TrailFacts
from tieout.evidence.doctor.reach import clock_offset, key_files, keyid_of, reachable_files, stated_root
from tieout.evidence.doctor.report import Refusal
from tieout.evidence.doctor.target import Target
from tieout.settings import Settings

Clock = Callable[[], datetime]
_UNSET = {
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "OwnershipControlsNotFoundError",
    "ReplicationConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}
"""S3's answers that mean: there is no such configuration."""
_BUCKET_CALLS = {
    "versioning": "get_bucket_versioning",
    "object_lock": "get_object_lock_configuration",
    "public_access": "get_public_access_block",
    "ownership": "get_bucket_ownership_controls",
    "encryption": "get_bucket_encryption",
    "lifecycle": "get_bucket_lifecycle_configuration",
    "replication": "get_bucket_replication",
}


@dataclass(frozen=True, slots=True)
class Clients:
    """boto3 clients of one identity."""

    s3: Any
    kms: Any
    iam: Any
    cloudtrail: Any
    sts: Any


def error_code(error: Exception) -> str:
    """Return the code of an AWS error, or the name of any other, as it is printed."""
    response = getattr(error, "response", None)
    answer = (response or {}).get("Error", {})
    status = (response or {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return str(answer.get("Code") or status or type(error).__name__)


def ask(call: Callable[..., Any], *missing: str, **arguments: Any) -> Any:
    """Return an answer, ``None`` where there is no such thing, or a `Refusal` with the error's code.

    Raises:
        Exception: It is no error of the client's: a bug of ours.
    """
    try:
        return call(**arguments)
    except Exception as error:
        code = error_code(error)
        if code in missing:
            return None
        if not hasattr(error, "response") and not type(error).__module__.startswith(("botocore", "urllib3")):
            raise
        return Refusal(code)


def read_facts(clients: Clients, target: Target, settings: Settings, clock: Clock) -> Facts:
    """Read everything there is to judge.

    Args:
        clients: Of the identity that looks.
        target: What is looked at.
        settings: Name key files.
        clock: The time here, UTC.
    """
    keys = {name: read_key(clients.kms, arn) for name, arn in target.keys.items()}
    named = {f"TIEOUT_{knob.name.upper()}": getattr(settings, knob.name) for knob in fields(settings)}
    files = key_files({variable: value for variable, value in named.items() if variable.endswith("_KEY")})
    in_kms = {key.keyid: target.keys[name] for name, key in keys.items() if isinstance(key.keyid, str)}
    return Facts(
        identity=ask(clients.sts.get_caller_identity),
        endpoint=str(clients.s3.meta.endpoint_url),
        clock_offset=clock_offset(ask, clients.s3, target.bucket, clock),
        evidence=read_bucket(clients.s3, target.bucket),
        staging=read_bucket(clients.s3, target.staging_bucket),
        drop=read_bucket(clients.s3, target.drop_bucket),
        identities=read_bucket(clients.s3, target.identity_bucket),
        access=read_bucket(clients.s3, target.access_bucket),
        keys=keys,
        roles={name: read_role(clients.iam, arn) for name, arn in target.roles.items()},
        trails=read_trails(clients.cloudtrail, target.trail),
        key_files=files,
        root=stated_root(ask, clients.s3, target.bucket),
        reachable={**reachable_files(files), **in_kms},
    )


def read_bucket(s3: Any, bucket: str | None) -> BucketFacts:
    """Read how a bucket is configured."""
    if bucket is None:
        return BucketFacts()
    answers = {name: ask(getattr(s3, call), *_UNSET, Bucket=bucket) for name, call in _BUCKET_CALLS.items()}
    policy = ask(s3.get_bucket_policy, *_UNSET, Bucket=bucket)
    return BucketFacts(**answers, policy=policy["Policy"] if isinstance(policy, Mapping) else policy)


def read_key(kms: Any, arn: str) -> KeyFacts:
    """Read a key's metadata and policy, and its public half where it has one."""
    metadata = ask(kms.describe_key, KeyId=arn)
    policy = ask(kms.get_key_policy, KeyId=arn, PolicyName="default")
    keyid = None
    if isinstance(metadata, Mapping) and metadata["KeyMetadata"].get("KeyUsage") == "SIGN_VERIFY":
        answer = ask(kms.get_public_key, KeyId=arn)
        keyid = answer if isinstance(answer, Refusal) else keyid_of(answer["PublicKey"])
    return KeyFacts(
        metadata=metadata["KeyMetadata"] if isinstance(metadata, Mapping) else metadata,
        policy=policy["Policy"] if isinstance(policy, Mapping) else policy,
        keyid=keyid,
    )


def read_role(iam: Any, arn: str) -> RoleFacts:
    """Read who may assume a role, and all its policies."""
    name = arn.rpartition("/")[2]
    role = ask(iam.get_role, RoleName=name)
    if not isinstance(role, Mapping):
        return RoleFacts(trust=role, policies=role or Refusal("no such role"))
    return RoleFacts(trust=_document(role["Role"]["AssumeRolePolicyDocument"]), policies=_role_policies(iam, name))


def _role_policies(iam: Any, role: str) -> Sequence[Mapping[str, Any]] | Refusal:
    documents = []
    inline = ask(iam.list_role_policies, RoleName=role)
    attached = ask(iam.list_attached_role_policies, RoleName=role)
    for answer in (inline, attached):
        if isinstance(answer, Refusal):
            return answer
    calls: list[tuple[Callable[..., Any], dict[str, str], str]] = [
        (iam.get_role_policy, {"RoleName": role, "PolicyName": name}, "inline") for name in inline["PolicyNames"]
    ]
    for entry in attached["AttachedPolicies"]:
        policy = ask(iam.get_policy, PolicyArn=entry["PolicyArn"])
        if isinstance(policy, Refusal):
            return policy
        version = {"PolicyArn": entry["PolicyArn"], "VersionId": policy["Policy"]["DefaultVersionId"]}
        calls.append((iam.get_policy_version, version, "attached"))
    for call, arguments, kind in calls:
        answer = ask(call, **arguments)
        if isinstance(answer, Refusal):
            return answer
        documents.append(_document(answer["PolicyDocument"] if kind == "inline" else answer["PolicyVersion"]["Document"]))
    return documents


def _document(policy: Any) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(policy) if isinstance(policy, str) else policy
    return document


def read_trails(cloudtrail: Any, arn: str | None) -> Sequence[TrailFacts] | Refusal:
    """Read one trail, or every trail that can be seen, with its selectors."""
    found = ask(cloudtrail.get_trail, Name=arn) if arn else ask(cloudtrail.describe_trails)
    if isinstance(found, Refusal):
        return found
    trails = []
    for trail in [found["Trail"]] if arn else found["trailList"]:
        status = ask(cloudtrail.get_trail_status, Name=trail["TrailARN"])
        selectors = ask(cloudtrail.get_event_selectors, TrailName=trail["TrailARN"])
        for answer in (status, selectors):
            if isinstance(answer, Refusal):
                return answer
        trails.append(
            TrailFacts(
                trail=trail,
                logging=status["IsLogging"] is True,
                advanced=selectors.get("AdvancedEventSelectors", []),
                basic=selectors.get("EventSelectors", []),
            )
        )
    return trails
