# SPDX-License-Identifier: Apache-2.0
"""The checks of each bucket's policy: the evidence bucket's guards and owners, the drop bucket's, and TLS everywhere."""

from __future__ import annotations

from tieout.evidence.doctor.report import Check, Refusal, listed
from tieout.evidence.doctor.statements import (
    CONFIGURATION,
    CREATE_ONLY,
    DELETION,
    HOLDS,
    ONE_PUT,
    OWNERS,
    TLS_ONLY,
    Named,
    Reader,
    check_denied,
    check_guard,
    check_only,
    evidence_guards,
    right_put,
    with_policy,
)
from tieout.evidence.doctor.target import Target

_DENIED = (("nobody deletes", DELETION, "evidence/k"), ("nobody holds", HOLDS, "evidence/k"))
_RECONFIGURES = "nobody reconfigures"
_BREAK_GLASS = "denied to all but break-glass"
Policy = str | Refusal | None


def check_evidence_policy(policy: Policy, target: Target, encryption_key: str, days: int, max_days: int) -> list[Check]:
    """Check the evidence bucket's policy: every guard at every door, and who puts what.

    Args:
        policy: The document; ``None`` where the bucket has none.
        target: What the bucket and the roles are called.
        encryption_key: ARN that puts have to name.
        days: For how many days a usual put locks.
        max_days: Longest lock that the settings allow.
    """
    guards = evidence_guards(max_days)
    names: list[Named] = [(f"policy: {guard.name}", guard.expected) for guard in guards]
    names += [(f"policy: {name}", _BREAK_GLASS) for name in (*(name for name, _, _ in _DENIED), _RECONFIGURES)]
    names += [(f"policy: who puts {name}", listed(roles)) for name, _, roles in OWNERS]

    def run(reader: Reader) -> list[Check]:
        context = right_put(encryption_key, days)
        doors = reader.doors(context, [key for _, keys, _ in OWNERS for key in keys])
        checks = [check_guard(reader, guard, context, doors, "policy") for guard in guards]
        checks += [check_denied(reader, f"policy: {name}", actions, key) for name, actions, key in _DENIED]
        checks.append(check_denied(reader, f"policy: {_RECONFIGURES}", CONFIGURATION, None))
        for name, keys, roles in OWNERS:
            each = [{who for who, key in doors if key == wanted} for wanted in keys]
            # Where keys of one kind differ in who may put them, the union is never what was expected.
            found = each[0] if all(one == each[0] for one in each) else set().union(*each, {"different principals"})
            checks.append(check_only(f"policy: who puts {name}", listed(roles), found, roles, target))
        return checks

    return with_policy(policy, target.bucket, target, names, run)


def check_drop_policy(policy: Policy, target: Target) -> list[Check]:
    """Check that the drop bucket's policy lets create, and nothing else."""
    guards = (TLS_ONLY, ONE_PUT, CREATE_ONLY)
    names: list[Named] = [(f"drop: {guard.name}", guard.expected) for guard in guards]
    names += [(f"drop: {name}", _BREAK_GLASS) for name in ("nobody deletes", _RECONFIGURES)]

    def run(reader: Reader) -> list[Check]:
        context = {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"}
        doors = reader.doors(context, ["k"])
        checks = [check_guard(reader, guard, context, doors, "drop") for guard in guards]
        checks.append(check_denied(reader, "drop: nobody deletes", DELETION[:2], "k"))
        return [*checks, check_denied(reader, f"drop: {_RECONFIGURES}", CONFIGURATION, None)]

    return with_policy(policy, target.drop_bucket, target, names, run)


def check_tls(head: str, bucket: str | None, policy: Policy, target: Target) -> list[Check]:
    """Check that a bucket's policy refuses what comes without TLS."""

    def run(reader: Reader) -> list[Check]:
        return [check_guard(reader, TLS_ONLY, {}, reader.doors({}, ["k"]), head)]

    return with_policy(policy, bucket, target, [(f"{head}: {TLS_ONLY.name}", TLS_ONLY.expected)], run)


def check_access_policy(policy: Policy, target: Target) -> list[Check]:
    """Check that nobody loosens the bucket of the access record."""
    names: list[Named] = [(f"access record: {name}", _BREAK_GLASS) for name in ("nobody deletes", _RECONFIGURES)]

    def run(reader: Reader) -> list[Check]:
        return [
            check_denied(reader, "access record: nobody deletes", DELETION, "k"),
            check_denied(reader, f"access record: {_RECONFIGURES}", CONFIGURATION, None),
        ]

    return with_policy(policy, target.access_bucket, target, names, run)
