# SPDX-License-Identifier: Apache-2.0
"""Tells what an event of CloudTrail did to a protection: took it away, kept it, or can not be told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tieout.collectors.aws import at, person
from tieout.collectors.row_tables import Row
from tieout.times import instant

Parameters = Mapping[str, Any]


def _any_off(given: Parameters) -> bool | None:
    block = given.get("PublicAccessBlockConfiguration")
    return None if not isinstance(block, Mapping) else any(block.get(name) is False for name in _BLOCKS)


def _suspended(given: Parameters) -> bool | None:
    status = (given.get("VersioningConfiguration") or {}).get("Status")
    return {"Suspended": True, "Enabled": False}.get(str(status))


def _off(name: str) -> Callable[[Parameters], bool | None]:
    return lambda given: None if not isinstance(given.get(name), bool) else not given[name]


def _to_everybody(given: Parameters) -> bool | None:
    text = json.dumps(given)
    return True if '"0.0.0.0/0"' in text or '"::/0"' in text else None


_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_WEAKENS: dict[str, bool | Callable[[Parameters], bool | None] | None] = {
    # CloudTrail, Config, GuardDuty, Security Hub
    "StopLogging": True,
    "StartLogging": False,
    "DeleteTrail": True,
    "CreateTrail": False,
    "UpdateTrail": None,
    "PutEventSelectors": None,
    "StopConfigurationRecorder": True,
    "StartConfigurationRecorder": False,
    "DeleteConfigRule": True,
    "DeleteDetector": True,
    "UpdateDetector": _off("enable"),
    "DisableSecurityHub": True,
    # KMS
    "DisableKey": True,
    "EnableKey": False,
    "ScheduleKeyDeletion": True,
    "CancelKeyDeletion": False,
    "DisableKeyRotation": True,
    "EnableKeyRotation": False,
    "PutKeyPolicy": None,
    "CreateGrant": None,
    # S3
    "PutBucketPolicy": None,
    "DeleteBucketPolicy": None,
    "PutBucketPublicAccessBlock": _any_off,
    "DeleteBucketPublicAccessBlock": True,
    "PutAccountPublicAccessBlock": _any_off,
    "DeleteAccountPublicAccessBlock": True,
    "PutBucketVersioning": _suspended,
    "DeleteBucketEncryption": True,
    "PutBucketEncryption": None,
    "PutBucketObjectLockConfiguration": None,
    "PutBucketLifecycle": None,
    # IAM
    "DeactivateMFADevice": True,
    "EnableMFADevice": False,
    "DeleteAccountPasswordPolicy": True,
    "UpdateAccountPasswordPolicy": None,
    "AttachUserPolicy": None,
    "AttachRolePolicy": None,
    "PutUserPolicy": None,
    "PutRolePolicy": None,
    "UpdateAssumeRolePolicy": None,
    # EC2, Backup
    "DeleteFlowLogs": True,
    "AuthorizeSecurityGroupIngress": _to_everybody,
    "RevokeSecurityGroupIngress": False,
    "DisableEbsEncryptionByDefault": True,
    "EnableEbsEncryptionByDefault": False,
    "DeleteBackupPlan": True,
    "DeleteBackupVault": True,
    "DeleteRecoveryPoint": True,
    "DeleteBackupVaultLockConfiguration": True,
}
EVENT_NAMES = tuple(_WEAKENS)
"""The names of events that are looked up where a control's YAML names none."""


def weakens(name: str, given: Parameters) -> bool | None:
    """Return whether an event takes protection away, by its name and request; ``None`` where these do not tell.

    Args:
        name: Of the event.
        given: Its request's parameters.
    """
    judged = _WEAKENS.get(name)
    return judged(given) if callable(judged) else judged


def event_row(event: Mapping[str, Any]) -> Row:
    """Return an event of CloudTrail's history as a configuration event; one that AWS refused changed nothing."""
    record = json.loads(event["CloudTrailEvent"])
    identity = record.get("userIdentity") or {}
    given, refused = record.get("requestParameters") or {}, record.get("errorCode")
    change = json.dumps(given, ensure_ascii=False, sort_keys=True) if given else None
    return {
        "event_id": event["EventId"],
        "occurred_at": instant(at(event["EventTime"])),
        "actor": person(event.get("Username") or identity.get("arn")) or identity.get("invokedBy") or "unknown",
        "action": f"{event['EventSource']}:{event['EventName']}",
        "target": ", ".join(each["ResourceName"] for each in event.get("Resources") or () if each.get("ResourceName"))
        or record.get("recipientAccountId")
        or "the account",
        "change": f"refused ({refused}): {change or ''}" if refused else change,
        "weakens": False if refused else weakens(event["EventName"], given),
        "approver": None,
        "approved_at": None,
        "self_approved": None,
        "reference": None,
    }
