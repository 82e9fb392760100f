# SPDX-License-Identifier: Apache-2.0
"""Is a real bucket as strong as the design says? Read, judge, and, where it is harmless, try.

    read.py, reach.py        the rim: what the cloud and this machine say; changes nothing
    policy.py                what an AWS policy says about one request
    buckets.py  statements.py  bucket_policies.py  keys.py  roles.py  trail.py        judge what was read; pure
    probes.py                the rim: tries what has to be refused, in forms that leave nothing behind

A check has a name, what was expected and what was found. A fact that may not be seen is *cannot check*, never *as expected*.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from tieout.errors import CannotCheck
from tieout.evidence.doctor.bucket_policies import (
    check_access_policy,
    check_drop_policy,
    check_evidence_policy,
    check_tls,
)
from tieout.evidence.doctor.buckets import (
    check_access_bucket,
    check_drop_bucket,
    check_evidence_bucket,
    check_identity_bucket,
    check_staging_bucket,
)
from tieout.evidence.doctor.facts import Facts, KeyFacts, RoleFacts
from tieout.evidence.doctor.keys import check_encryption_key, check_identity_key, check_key_files, check_root, check_signing_key
from tieout.evidence.doctor.policy import parse_policy
from tieout.evidence.doctor.read import Clients, Clock, read_facts
from tieout.evidence.doctor.report import Check, Outcome, Refusal, Report, judge, unread
from tieout.evidence.doctor.roles import check_role
from tieout.evidence.doctor.statements import denied_length
from tieout.evidence.doctor.target import ENCRYPTION, IDENTITY, OPTIONAL, ROLES, SIGNING, Target, target_from_outputs
from tieout.evidence.doctor.trail import check_trails
from tieout.evidence.identities import PEOPLE
from tieout.settings import Settings

__all__ = ["Check", "Clients", "Outcome", "Report", "Target", "check_facts", "examine", "target_from_outputs"]

_CLOCK_SECONDS = 5.0
_LATE_DAYS = 92
"""A landing may come a quarter after its period has ended; its lock still has to reach the policy's minimum."""
_LOOPBACK = ("localhost", "::1")


def examine(clients: Clients, target: Target, settings: Settings, clock: Clock) -> Report:
    """Read everything and judge it.

    Args:
        clients: Of the identity that looks; nothing is changed with them.
        target: What is looked at.
        settings: Of this installation.
        clock: The time here, UTC.
    """
    facts = read_facts(clients, target, settings, clock)
    return Report(subject(facts, target, clock()), tuple(check_facts(facts, target, settings)))


def subject(facts: Facts, target: Target, now: datetime) -> tuple[tuple[str, str], ...]:
    """Return who looks at what."""
    identity = facts.identity
    who = f"not told ({identity.code})" if isinstance(identity, Refusal) else str(identity.get("Arn"))
    return (
        ("identity", who),
        ("bucket", f"s3://{target.bucket}"),
        ("endpoint", facts.endpoint),
        ("time", f"{now:%Y-%m-%dT%H:%M:%SZ}"),
    )


def check_facts(facts: Facts, target: Target, settings: Settings) -> list[Check]:
    """Judge what was read."""
    key = target.keys.get(ENCRYPTION)
    days, max_days = 366 * settings.retention_years, 366 * settings.retention_cap_years
    checks = [_check_store(facts.endpoint, settings), _check_clock(facts.clock_offset)]
    checks += check_evidence_bucket(facts.evidence, key)
    checks += check_evidence_policy(facts.evidence.policy, target, key or "", days, max_days)
    checks += [_check_retention(facts, target, settings), _check_encryption(target, settings)]
    checks += check_key_files(facts.key_files)
    checks += check_staging_bucket(facts.staging, target)
    checks += check_tls("staging", target.staging_bucket, facts.staging.policy, target)
    checks += check_drop_bucket(facts.drop) + check_drop_policy(facts.drop.policy, target)
    checks += check_identity_bucket(facts.identities, target.keys.get(IDENTITY), key, PEOPLE)
    checks += check_tls("identity", target.identity_bucket, facts.identities.policy, target)
    checks += _check_keys(facts, target)
    checks.append(check_root(facts))
    for name in ROLES:
        if name not in OPTIONAL or name in target.roles or not target.roles:
            checks += check_role(name, facts.roles.get(name, RoleFacts()), target)
    watched: Mapping[str, str | None] = {
        "evidence": target.bucket,
        "drop": target.drop_bucket,
        "identity": target.identity_bucket,
    }
    checks += check_trails(facts.trails, watched)
    return checks + check_access_bucket(facts.access) + check_access_policy(facts.access.policy, target)


def _check_keys(facts: Facts, target: Target) -> list[Check]:
    checks = check_encryption_key(facts.keys.get(ENCRYPTION, KeyFacts()), target)
    checks += check_identity_key(facts.keys.get(IDENTITY, KeyFacts()), target)
    for name in SIGNING:
        checks += check_signing_key(name, facts.keys.get(name, KeyFacts()), target)
    return checks


def _check_store(endpoint: str, settings: Settings) -> Check:
    name, expected = "store", "locks that hold against whoever administers the store"
    host = urlsplit(endpoint).hostname or ""
    if settings.environment == "embedded" or host in _LOOPBACK or host.startswith("127."):
        found = "enforces locks at its S3 API only: whoever has that machine can change everything; not evidence-grade"
        return judge(name, expected, found, holds=False)
    aws = host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    if not aws:
        return unread(name, expected, Refusal(f"{host} is not AWS: ask its operator who can reach what is under the S3 API"))
    return judge(name, expected, f"{host}", holds=True)


def _check_clock(offset: float | Refusal) -> Check:
    name, expected = "clock", f"within {_CLOCK_SECONDS:g} s of the store's"
    if isinstance(offset, Refusal):
        return unread(name, expected, offset)
    return judge(name, expected, f"the store is {offset:+.1f} s ahead", holds=abs(offset) <= _CLOCK_SECONDS)


def _check_retention(facts: Facts, target: Target, settings: Settings) -> Check:
    name, expected = "settings: retention", "COMPLIANCE, and a length that the bucket's policy lets through"
    found = f"{settings.retention_mode}, {settings.retention_years} years, at most {settings.retention_cap_years}"
    policy = facts.evidence.policy
    try:
        statements = () if isinstance(policy, Refusal) or policy is None else parse_policy(policy)
    except CannotCheck as error:
        policy = Refusal(str(error))
    if isinstance(policy, Refusal):
        return unread(name, expected, Refusal(f"{found}; policy: {policy.code}"))
    for days in (366 * settings.retention_years - _LATE_DAYS, 366 * settings.retention_cap_years):
        sid = denied_length(statements, target, days)
        if sid is not None:
            return judge(name, expected, f"{found}; {sid} denies {days} days", holds=False)
    return judge(name, expected, found, holds=settings.retention_mode == "COMPLIANCE")


def _check_encryption(target: Target, settings: Settings) -> Check:
    name, key = "settings: encryption", target.keys.get(ENCRYPTION)
    expected = f"aws:kms {key or 'with the key of the bucket'}"
    found = f"{settings.sse} {settings.sse_key_id}".strip()
    if key is None and settings.sse == "aws:kms":
        return unread(name, expected, Refusal(f"{found}; no key was named to compare it with"))
    return judge(name, expected, found, holds=settings.sse == "aws:kms" and settings.sse_key_id == key)
