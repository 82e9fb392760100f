# SPDX-License-Identifier: Apache-2.0
"""Does a bucket's policy refuse what it has to refuse, and let through what is right?

A *door* is a principal and a key under which the policy lets a right put through. Each guard is tried at every door: one thing
of the right put is changed, and the policy has to deny it. So a guard that was narrowed to one prefix, or to all but one
principal, is found, however its statement is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tieout.errors import CannotCheck
from tieout.evidence.doctor.policy import Request, Statement, denied_by, named_principals, parse_policy
from tieout.evidence.doctor.report import Check, Outcome, Refusal, judge, listed, unread
from tieout.evidence.doctor.target import BREAK_GLASS, DIGEST, ENCRYPTION, KEY_ADMINISTRATOR, RESPONDER, WRITER, Target
from tieout.evidence.layout import digest_key

MIN_DAYS = 365
"""No lock may be shorter: evidence of a period is asked for at least a year later."""
_STRANGER = ":role/somebody-else"
_DAYS = "s3:object-lock-remaining-retention-days"
_MODE = "s3:object-lock-mode"
_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_TLS = "aws:SecureTransport"
_BOTH = ("s3:PutObject", "s3:PutObjectRetention")
OWNERS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("evidence, raw, catalog", ("evidence/k", "raw/k", "catalog/k"), (WRITER,)),
    ("manifests", ("manifests/k.dsse.json",), (WRITER,)),
    ("records", ("manifests/k.record.dsse.json",), (WRITER, BREAK_GLASS)),
    ("responses", ("responses/k",), (RESPONDER,)),
    ("digests, index", (digest_key(1), "index/k"), (DIGEST,)),
    ("first digest", (digest_key(0),), (DIGEST, KEY_ADMINISTRATOR)),
    ("key list, README, LAYOUT", ("keys/k", "README.md", "LAYOUT.json"), (KEY_ADMINISTRATOR,)),
    ("anything else", ("k", "other/k"), ()),
)
"""Which roles put what: a name, keys of that kind, roles."""
DELETION = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention")
HOLDS = ("s3:PutObjectLegalHold",)
CONFIGURATION = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
)
"""What would loosen a bucket, by the names that policies have for it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A right put with something changed: another action, and context keys with other values, or taken away (``None``)."""

    context: Mapping[str, str | None]
    action: str = "s3:PutObject"


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that a policy has to deny at every door."""

    name: str
    expected: str
    changes: tuple[Change, ...]


TLS_ONLY = Guard("TLS only", "denies what comes without TLS", (Change({_TLS: "false"}), Change({_TLS: "false"}, "s3:GetObject")))
ONE_PUT = Guard("one put per object", "denies uploads in parts", (Change({"s3:ObjectCreationOperation": "false"}),))
CREATE_ONLY = Guard("create only", "denies a put without If-None-Match", (Change({"s3:if-none-match": None}),))


def evidence_guards(max_days: int) -> tuple[Guard, ...]:
    """Return the guards of the evidence bucket, with the longest lock that the settings allow."""
    modes = (Change({_MODE: None, _DAYS: None}), *(Change({_MODE: "GOVERNANCE"}, action) for action in _BOTH))
    short = tuple(Change({_DAYS: str(MIN_DAYS - 1)}, action) for action in _BOTH)
    long = tuple(Change({_DAYS: str(max_days + 1)}, action) for action in _BOTH)
    other = "arn:aws:kms:eu-central-1:000000000000:key/another"
    return (
        TLS_ONLY,
        ONE_PUT,
        CREATE_ONLY,
        Guard("compliance mode", "denies a lock of another mode, and none", modes),
        Guard("shortest lock", f"denies locks of less than {MIN_DAYS} days", short),
        Guard("longest lock", f"denies locks of more than {max_days} days", long),
        Guard("our key", "denies another encryption key, and none", (Change({_KEY: None}), Change({_KEY: other}))),
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """A bucket's policy and whom it may be about."""

    bucket: str
    statements: tuple[Statement, ...]
    target: Target

    @property
    def arn(self) -> str:
        """The bucket's ARN; the partition is that of the roles."""
        partition = next((arn.split(":")[1] for arn in self.target.roles.values()), "aws")
        return f"arn:{partition}:s3:::{self.bucket}"

    @property
    def principals(self) -> list[str]:
        """Everybody worth asking for: whom the policy or the stack names, the account's root, and a stranger in the account."""
        return asked_for(self.statements, self.target)

    def denied(self, principal: str, action: str, key: str | None, context: Mapping[str, str]) -> str | None:
        """Return which statement denies an action on a key, or on the bucket (``None``)."""
        resource = self.arn if key is None else f"{self.arn}/{key}"
        return denied_by(self.statements, Request(principal, action, resource, {_TLS: "true", **context}))

    def doors(self, context: Mapping[str, str], keys: Iterable[str]) -> list[tuple[str, str]]:
        """Return who is let through with a right put, under which keys."""
        principals = self.principals
        return [(who, key) for key in keys for who in principals if self.denied(who, "s3:PutObject", key, context) is None]


def asked_for(statements: Iterable[Statement], target: Target) -> list[str]:
    """Return the principals that a policy has to be asked about."""
    named = named_principals(statements) | set(target.roles.values())
    accounts = {name.rpartition(":")[0] for name in named} or {"arn:aws:iam::000000000000"}
    return sorted(named | {f"{account}:root" for account in accounts} | {f"{account}{_STRANGER}" for account in accounts})


def right_put(encryption_key: str, days: int) -> dict[str, str]:
    """Return the context of a put as our writers make it."""
    return {
        "s3:ObjectCreationOperation": "true",
        "s3:if-none-match": "*",
        "s3:x-amz-server-side-encryption": "aws:kms",
        _MODE: "COMPLIANCE",
        _DAYS: str(days),
        _KEY: encryption_key,
    }


def denied_length(statements: Sequence[Statement], target: Target, days: int) -> str | None:
    """Return which statement denies the writer a lock of so many days, or ``None``."""
    about = [entry for entry in statements if any(condition.key.lower() == _DAYS for condition in entry.conditions)]
    resource = f"{Reader(target.bucket, (), target).arn}/evidence/k"
    context = {_TLS: "true", **right_put(target.keys.get(ENCRYPTION, ""), days)}
    return denied_by(about, Request(target.roles.get(WRITER, ""), "s3:PutObject", resource, context))


def check_guard(reader: Reader, guard: Guard, context: Mapping[str, str], doors: Sequence[tuple[str, str]], head: str) -> Check:
    """Check that a guard holds at every door."""
    by: set[str] = set()
    for change in guard.changes:
        changed = {key: value for key, value in {**context, **change.context}.items() if value is not None}
        for principal, key in sorted(doors, key=lambda door: not door[0].endswith(_STRANGER)):
            sid = reader.denied(principal, change.action, key, changed)
            if sid is None:
                who = "anybody" if principal.endswith(_STRANGER) else reader.target.role_name(principal)
                found = f"nothing denies {change.action} on {key} for {who}"
                return judge(f"{head}: {guard.name}", guard.expected, found, holds=False)
            by.add(sid)
    found = f"denied by {listed(by)}" if doors else "nobody may put anything"
    return judge(f"{head}: {guard.name}", guard.expected, found, holds=bool(doors))


def check_only(name: str, expected: str, found: set[str], roles: Iterable[str], target: Target) -> Check:
    """Check that certain roles, and nobody else, are those who may do something.

    Args:
        name: Of the check.
        expected: In words.
        found: ARNs of those who may.
        roles: Names of those who should.
        target: Says which roles these are.
    """
    if any(principal.endswith(_STRANGER) for principal in found):
        return judge(name, expected, "whoever IAM lets", holds=False)
    unnamed = [role for role in roles if role not in target.roles]
    text = listed(target.role_name(principal) for principal in found)
    if unnamed:
        return Check(name, expected, f"{text}; no stack says who is {listed(unnamed)}", Outcome.CANNOT_CHECK)
    return judge(name, expected, text, holds=found == {target.roles[role] for role in roles})


def check_denied(reader: Reader, name: str, actions: Sequence[str], key: str | None) -> Check:
    """Check that actions on a key, or on the bucket (``None``), are denied to everybody but break-glass."""
    free = {action: {who for who in reader.principals if reader.denied(who, action, key, {}) is None} for action in actions}
    return check_break_glass(name, "denied to all but break-glass", free, reader.target)


def check_break_glass(name: str, expected: str, free: Mapping[str, set[str]], target: Target) -> Check:
    """Check that nobody is free to do something but break-glass.

    Args:
        name: Of the check.
        expected: In words.
        free: By action, the principals to whom nothing denies it.
        target: Says who break-glass is.
    """
    for action, principals in free.items():
        if any(principal.endswith(_STRANGER) for principal in principals):
            return judge(name, expected, f"nothing denies {action}", holds=False)
    exempt = {principal for principals in free.values() for principal in principals}
    if not exempt:
        return judge(name, expected, "denied to all", holds=True)
    found = f"denied to all but {listed(map(target.role_name, exempt))}"
    if BREAK_GLASS not in target.roles:
        return Check(name, expected, f"{found}, and no stack says who that is", Outcome.CANNOT_CHECK)
    return judge(name, expected, found, holds=exempt == {target.roles[BREAK_GLASS]})


Named = tuple[str, str]
"""Name of a check, and what it expects."""


def with_policy(
    policy: str | Refusal | None, bucket: str | None, target: Target, names: Sequence[Named], run: Callable[[Reader], list[Check]]
) -> list[Check]:
    """Run checks on a policy, or say for each of them why it can not be checked.

    Args:
        policy: The document; ``None`` where the bucket has none.
        bucket: Its name; ``None`` where nobody named one.
        target: What the roles are called.
        names: Of the checks.
        run: The checks.
    """
    refusal = policy if isinstance(policy, Refusal) else Refusal("no such bucket was named")
    if not isinstance(policy, Refusal) and bucket is not None:
        try:
            return run(Reader(bucket, parse_policy(policy) if policy else (), target))
        except CannotCheck as error:
            refusal = Refusal(str(error))
    return [unread(name, expected, refusal) for name, expected in names]
