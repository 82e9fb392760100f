# SPDX-License-Identifier: Apache-2.0
"""The checks of how buckets are configured: versions, lock, encryption, access, expiry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tieout.evidence.doctor.facts import Answer, BucketFacts
from tieout.evidence.doctor.report import Check, Refusal, judge, unread
from tieout.evidence.doctor.statements import MIN_DAYS
from tieout.evidence.doctor.target import Target

_YEAR = 365
Found = tuple[str, bool]
"""What was found, and whether it is as expected."""


def _about(name: str, expected: str, answer: Answer, read: Callable[[Mapping[str, Any]], Found]) -> Check:
    """Judge one answer; one that is not set is read as empty."""
    if isinstance(answer, Refusal):
        return unread(name, expected, answer)
    return judge(name, expected, *read(answer or {}))


def check_evidence_bucket(facts: BucketFacts, encryption_key: str | None) -> list[Check]:
    """Check how the evidence bucket is configured.

    Args:
        facts: What was read.
        encryption_key: ARN that objects are to be encrypted with; ``None`` where nobody named one.
    """
    return [
        _versioning("bucket", facts),
        _lock("bucket", facts, MIN_DAYS),
        *_closed("bucket", facts),
        _encryption("bucket", facts, encryption_key),
        _about("bucket: expiry", "none: nothing expires by itself", facts.lifecycle, _no_rules),
        _about("bucket: replication", "any; for information", facts.replication, _replication),
    ]


def check_staging_bucket(facts: BucketFacts, target: Target) -> list[Check]:
    """Check that staging is another bucket than the evidence's, and that what it holds expires."""
    if target.staging_bucket is None:
        return [unread("staging: another bucket", "another than the evidence's", Refusal("no staging bucket was named"))]
    apart = target.staging_bucket != target.bucket
    return [
        judge("staging: another bucket", "another than the evidence's", target.staging_bucket, holds=apart),
        _about("staging: expiry", "everything, after some days", facts.lifecycle, _expires("")),
        *_closed("staging", facts),
    ]


def check_drop_bucket(facts: BucketFacts) -> list[Check]:
    """Check how the auditor's drop bucket is configured; `check_drop_policy` says whether it is create-only."""
    return [_versioning("drop", facts), *_closed("drop", facts)]


def check_identity_bucket(facts: BucketFacts, key: str | None, encryption_key: str | None, prefix: str) -> list[Check]:
    """Check that what the identity table holds can be erased, and expires.

    Args:
        facts: What was read.
        key: ARN of its own key.
        encryption_key: ARN of the evidence's key, which can not be destroyed.
        prefix: Of its entries; tombstones stay.
    """

    def unlocked(answer: Mapping[str, Any]) -> Found:
        enabled = answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled")
        return (f"Object Lock {enabled}", False) if enabled else ("no Object Lock", True)

    encrypted = _encryption("identity", facts, key)
    if key is not None and key == encryption_key:
        encrypted = judge(encrypted.name, encrypted.expected, "the evidence's own key", holds=False)
    return [
        _about("identity: no lock", "none: what is erased is gone", facts.object_lock, unlocked),
        _about("identity: expiry", f"everything under {prefix}, after some days", facts.lifecycle, _expires(prefix)),
        encrypted,
        *_closed("identity", facts),
    ]


def check_access_bucket(facts: BucketFacts) -> list[Check]:
    """Check that the access record is locked."""
    return [_versioning("access record", facts), _lock("access record", facts, MIN_DAYS), *_closed("access record", facts)]


def _versioning(head: str, facts: BucketFacts) -> Check:
    def read(answer: Mapping[str, Any]) -> Found:
        status = str(answer.get("Status", "off"))
        return status, status == "Enabled"

    return _about(f"{head}: versioning", "Enabled", facts.versioning, read)


def _lock(head: str, facts: BucketFacts, min_days: int) -> Check:
    def read(answer: Mapping[str, Any]) -> Found:
        configuration = answer.get("ObjectLockConfiguration", {})
        if configuration.get("ObjectLockEnabled") != "Enabled":
            return "no Object Lock", False
        default = configuration.get("Rule", {}).get("DefaultRetention", {})
        days = int(default.get("Days") or 0) or int(default.get("Years") or 0) * _YEAR
        if not default.get("Mode"):
            return "Enabled, no default retention", False
        return f"Enabled, {default['Mode']} {days} days", default["Mode"] == "COMPLIANCE" and days >= min_days

    return _about(f"{head}: lock", f"Enabled, COMPLIANCE {min_days} days or more by default", facts.object_lock, read)


def _closed(head: str, facts: BucketFacts) -> list[Check]:
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")

    def blocked(answer: Mapping[str, Any]) -> Found:
        configuration = answer.get("PublicAccessBlockConfiguration", {})
        off = [name for name in names if configuration.get(name) is not True]
        return (f"not set: {', '.join(off)}", False) if off else ("all four set", True)

    def owned(answer: Mapping[str, Any]) -> Found:
        rules = answer.get("OwnershipControls", {}).get("Rules", [])
        ownership = str(rules[0].get("ObjectOwnership")) if rules else "not set"
        return ownership, ownership == "BucketOwnerEnforced"

    return [
        _about(f"{head}: public access", "blocked, all four ways", facts.public_access, blocked),
        _about(f"{head}: ownership", "BucketOwnerEnforced", facts.ownership, owned),
    ]


def _encryption(head: str, facts: BucketFacts, key: str | None) -> Check:
    def read(answer: Mapping[str, Any]) -> Found:
        rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
        rule = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
        if not rule:
            return "none by default", False
        found = f"{rule.get('SSEAlgorithm')} {rule.get('KMSMasterKeyID', '')}".strip()
        return found, rule.get("SSEAlgorithm") == "aws:kms" and rule.get("KMSMasterKeyID") == key

    name, expected = f"{head}: encryption", f"aws:kms {key or 'with a key of its own'}"
    check = _about(name, expected, facts.encryption, read)
    if key is None and not isinstance(facts.encryption, Refusal) and check.found.startswith("aws:kms"):
        return unread(name, expected, Refusal(f"{check.found}; no key was named to compare it with"))
    return check


def _no_rules(answer: Mapping[str, Any]) -> Found:
    rules = [str(rule.get("ID") or "unnamed") for rule in answer.get("Rules", []) if rule.get("Status") == "Enabled"]
    return (f"rules: {', '.join(rules)}", False) if rules else ("none", True)


def _replication(answer: Mapping[str, Any]) -> Found:
    rules = answer.get("ReplicationConfiguration", {}).get("Rules", [])
    targets = [str(rule.get("Destination", {}).get("Bucket")) for rule in rules if rule.get("Status") == "Enabled"]
    return (f"to {', '.join(targets)}" if targets else "none: loss of this bucket loses the evidence"), True


def _expires(prefix: str) -> Callable[[Mapping[str, Any]], Found]:
    def read(answer: Mapping[str, Any]) -> Found:
        for rule in answer.get("Rules", []):
            days, scope = rule.get("Expiration", {}).get("Days"), rule.get("Filter", {})
            only = scope.get("Prefix", rule.get("Prefix", ""))
            if rule.get("Status") == "Enabled" and days and only == prefix and not scope.keys() - {"Prefix"}:
                return f"after {days} days", True
        return "no rule expires it", False

    return read
