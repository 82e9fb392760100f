# SPDX-License-Identifier: Apache-2.0
"""The checks of keys: what kind they are, who uses and who administers them, and whether the root is out of reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tieout.errors import CannotCheck
from tieout.evidence.doctor.facts import Facts, KeyFacts, KeyFile
from tieout.evidence.doctor.policy import Request, Statement, allowed_by, denied_by, parse_policy
from tieout.evidence.doctor.report import Check, Outcome, Refusal, judge, listed, unread
from tieout.evidence.doctor.statements import Named, asked_for, check_break_glass, check_only
from tieout.evidence.doctor.target import (
    BREAK_GLASS,
    DIGEST,
    DIGEST_KEY,
    LANDING_KEY,
    RESPONDER,
    RESPONSE_KEY,
    WRITER,
    Target,
)

SIGNERS = {LANDING_KEY: (WRITER, BREAK_GLASS), RESPONSE_KEY: (RESPONDER,), DIGEST_KEY: (DIGEST,)}
"""Who signs with what. Break-glass signs the records of legal holds."""
_SIGN = {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256"}
_ENDING = ("kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy", "kms:CreateGrant")
_ADMINISTERS = (*_ENDING, "kms:EnableKey", "kms:CancelKeyDeletion")
_NOT_ENDED = "deletion, disabling, policy and grants denied to all but break-glass"


def check_signing_key(name: str, facts: KeyFacts, target: Target) -> list[Check]:
    """Check a signing key: its kind, its use, its administration, its end.

    Args:
        name: ``landing``, ``response`` or ``digest``.
        facts: What was read.
        target: Says which roles sign.
    """
    head = f"{name} key"
    roles = SIGNERS[name]
    use = f"signs for {listed(roles)} alone, and digests alone"
    apart = "who signs does not administer, and IAM does not sign"
    names: list[Named] = [(f"{head}: use", use), (f"{head}: apart", apart), (f"{head}: end", _NOT_ENDED)]

    def run(statements: tuple[Statement, ...]) -> list[Check]:
        principals = asked_for(statements, target)
        signs = {who for who in principals if _may(statements, who, "kms:Sign", _SIGN)}
        raw = {who for who in principals if _may(statements, who, "kms:Sign", {**_SIGN, "kms:MessageType": "RAW"})}
        check = check_only(f"{head}: use", use, signs, roles, target)
        if raw:
            check = judge(check.name, use, f"signs raw messages for {listed(map(target.role_name, raw))}", holds=False)
        return [check, _check_apart(f"{head}: apart", apart, statements, principals), _check_end(head, statements, target)]

    kind = _check_kind(f"{head}: kind", facts, ("ECC_NIST_P256", "SIGN_VERIFY"))
    return [kind, *_with_policy(facts, names, run)]


def check_encryption_key(facts: KeyFacts, target: Target) -> list[Check]:
    """Check that the evidence's encryption key stays, and that IAM alone lends nobody its use."""
    head, use = "encryption key", "IAM lends nobody its use"
    names: list[Named] = [(f"{head}: use", use), (f"{head}: end", _NOT_ENDED)]

    def run(statements: tuple[Statement, ...]) -> list[Check]:
        lent = [action for action in ("kms:Decrypt", "kms:GenerateDataKey") if _lends(statements, target, action)]
        found = f"IAM lends {', '.join(lent)}" if lent else "the key policy names every user"
        return [judge(f"{head}: use", use, found, holds=not lent), _check_end(head, statements, target)]

    kind = _check_kind(f"{head}: kind", facts, ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"))
    return [kind, *_with_policy(facts, names, run)]


def check_identity_key(facts: KeyFacts, target: Target) -> list[Check]:
    """Check that the identity table's key can be destroyed: that is what erasing everything at once takes."""
    name, expected = "identity key: can be destroyed", "the account may schedule its deletion"

    def run(statements: tuple[Statement, ...]) -> list[Check]:
        action = "kms:ScheduleKeyDeletion"
        root = next(who for who in asked_for(statements, target) if who.endswith(":root"))
        denied = denied_by(statements, Request(root, action, "*"))
        may = denied is None and _lends(statements, target, action)
        found = "it may" if may else f"denied by {denied}" if denied else "IAM does not lend it"
        return [judge(name, expected, found, holds=may)]

    return _with_policy(facts, [(name, expected)], run)


def check_key_files(files: Sequence[KeyFile]) -> list[Check]:
    """Check the mode of every private key file that a setting names, where it is not a mounted secret."""
    checks = []
    for file in files:
        name, expected = f"settings: {file.setting}", "readable by its owner alone (0600)"
        if isinstance(file.mode, Refusal):
            checks.append(unread(name, expected, Refusal(f"{file.path}: {file.mode.code}")))
        elif file.is_mounted_secret:
            checks.append(judge(name, expected, f"{file.path}: a mounted secret of this container", holds=True))
        else:
            checks.append(judge(name, expected, f"{file.path}: {file.mode:04o}", holds=not file.mode & 0o077))
    return checks


def check_root(facts: Facts) -> Check:
    """Check that the root key is none of the keys that can be reached from here: it is kept offline."""
    name, expected = "root key: out of reach", "none of the keys in reach"
    if isinstance(facts.root, Refusal):
        return unread(name, expected, facts.root)
    where = facts.reachable.get(facts.root)
    if where is not None:
        return judge(name, expected, f"{facts.root[:16]} lies in {where}", holds=False)
    if not facts.reachable:
        return Check(name, expected, f"{facts.root[:16]}; no key could be read to compare it with", Outcome.CANNOT_CHECK)
    places = sorted({Path(place).name for place in facts.reachable.values()})
    return judge(name, expected, f"{facts.root[:16]} is not among {', '.join(places)}", holds=True)


def _check_kind(name: str, facts: KeyFacts, kind: tuple[str, str]) -> Check:
    expected = f"{', '.join(kind)}, Enabled"
    if isinstance(facts.metadata, Refusal):
        return unread(name, expected, facts.metadata)
    metadata: Mapping[str, object] = facts.metadata or {}
    found = tuple(str(metadata.get(field)) for field in ("KeySpec", "KeyUsage", "KeyState"))
    return judge(name, expected, ", ".join(found), holds=found == (*kind, "Enabled"))


def _with_policy(facts: KeyFacts, names: Sequence[Named], run: Callable[[tuple[Statement, ...]], list[Check]]) -> list[Check]:
    if isinstance(facts.policy, Refusal):
        refusal = facts.policy
    else:
        try:
            return run(parse_policy(facts.policy) if facts.policy else ())
        except CannotCheck as error:
            refusal = Refusal(str(error))
    return [unread(name, expected, refusal) for name, expected in names]


def _may(statements: Sequence[Statement], who: str, action: str, context: Mapping[str, str]) -> bool:
    request = Request(who, action, "*", context)
    return allowed_by(statements, request) is not None and denied_by(statements, request) is None


def _lends(statements: Sequence[Statement], target: Target, action: str) -> bool:
    roots = [who for who in asked_for(statements, target) if who.endswith(":root")]
    return any(allowed_by(statements, Request(root, action, "*", _SIGN)) for root in roots)


def _check_apart(name: str, expected: str, statements: Sequence[Statement], principals: Sequence[str]) -> Check:
    for who in principals:
        signs = allowed_by(statements, Request(who, "kms:Sign", "*", _SIGN))
        administers = [action for action in _ADMINISTERS if allowed_by(statements, Request(who, action, "*"))]
        if signs and who.endswith(":root"):
            return judge(name, expected, f"{signs} lends kms:Sign to IAM", holds=False)
        if signs and administers:
            return judge(name, expected, f"{who} signs and has {administers[0]}", holds=False)
    return judge(name, expected, "apart", holds=True)


def _check_end(head: str, statements: Sequence[Statement], target: Target) -> Check:
    principals = asked_for(statements, target)
    free = {action: {who for who in principals if denied_by(statements, Request(who, action, "*")) is None} for action in _ENDING}
    return check_break_glass(f"{head}: end", _NOT_ENDED, free, target)
