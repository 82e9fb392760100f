# SPDX-License-Identifier: Apache-2.0
"""The checks of roles, by their own policies: who may assume them, what they put, and that they loosen nothing.

The bucket policy denies most of this too. Both are checked: whoever changes one of them should not be let through by the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tieout.errors import CannotCheck
from tieout.evidence.doctor.facts import RoleFacts
from tieout.evidence.doctor.policy import ANYBODY, Request, Statement, allowed_by, denied_by, parse_policy
from tieout.evidence.doctor.report import Check, Refusal, judge, listed, unread
from tieout.evidence.doctor.statements import CONFIGURATION, DELETION, HOLDS, OWNERS
from tieout.evidence.doctor.target import AUDITOR, BREAK_GLASS, LINKS, Target

_LOOSENS = (*DELETION, *HOLDS, *CONFIGURATION)
_CLOCK = "aws:CurrentTime"
_NOW, _EVER = "2000-01-01T00:00:00+00:00", "9999-01-01T00:00:00+00:00"
"""Long before and long after any end date that an auditor's access may have."""
_PUBLISHED = ("keys/root.dsse.json", "digests/000000000001.dsse.json", "README.md", "LAYOUT.json")
_LINKED = ("evidence/k", "manifests/k", "raw/k", "responses/k")
_OTHER_PERIOD = "evidence/t/observation_period=some-other/control=c/window=w/part.parquet"


def check_role(name: str, facts: RoleFacts, target: Target) -> list[Check]:
    """Check one role.

    Args:
        name: As `ROLES` has it.
        facts: What was read of it.
        target: What the buckets and the role are called.
    """
    return [_check_trust(name, facts), *_check_rights(name, facts, target)]


def _check_trust(name: str, facts: RoleFacts) -> Check:
    expected = "named principals" + (" with an external id, until a date" if name == AUDITOR else "")
    check = f"role {name}: trust"
    if isinstance(facts.trust, Refusal):
        return unread(check, expected, facts.trust)
    try:
        statements = parse_policy(facts.trust or {})
    except CannotCheck as error:
        return unread(check, expected, Refusal(str(error)))
    trusted = [entry for entry in statements if entry.effect == "Allow"]
    named = sorted({who for entry in trusted for who in entry.principals or ()})
    if not named or any(ANYBODY in who or who.endswith(":root") for who in named):
        return judge(check, expected, f"trusts {listed(named)}", holds=False)
    if name == AUDITOR and not all(_bounded(entry) for entry in trusted):
        return judge(check, expected, f"{listed(named)}, without external id or end date", holds=False)
    return judge(check, expected, listed(named), holds=True)


def _bounded(statement: Statement) -> bool:
    keys = {(condition.operator, condition.key.lower()) for condition in statement.conditions}
    return {("StringEquals", "sts:externalid"), ("DateLessThan", "aws:currenttime")} <= keys


def _check_rights(name: str, facts: RoleFacts, target: Target) -> list[Check]:
    wanted = [kind for kind, _, roles in OWNERS if name in roles]
    puts = _puts(wanted)
    loosens = "guards, and nothing by a wildcard" if name == BREAK_GLASS else "no deletion, hold, bypass or configuration"
    names = [(f"role {name}: puts", puts), (f"role {name}: loosens", loosens)]
    if name == AUDITOR:
        names.append((f"role {name}: reads", "the periods given, keys, digests, catalog; until a date"))
    if name == LINKS:
        names.append((f"role {name}: reads", "versions of evidence, manifests, raw, responses, and lists nothing"))
    if isinstance(facts.policies, Refusal):
        return [unread(check, expected, facts.policies) for check, expected in names]
    try:
        statements = tuple(entry for document in facts.policies for entry in parse_policy(document))
        asked = _Asked(target.roles.get(name, ""), statements, f"arn:{_partition(target)}:s3:::{target.bucket}")
        found = [kind for kind, keys, _ in OWNERS if any(asked.may("s3:PutObject", key) for key in keys)]
        checks = [judge(*names[0], _puts(found), holds=sorted(found) == sorted(wanted))]
        checks.append(_check_loosens(names[1], name, asked, facts.policies))
        reading = {AUDITOR: _check_reads, LINKS: _check_links}.get(name)
        return [*checks, *([reading(names[2], asked)] if reading else [])]
    except CannotCheck as error:
        return [unread(check, expected, Refusal(str(error))) for check, expected in names]


def _puts(kinds: Sequence[str]) -> str:
    return f"puts {', '.join(sorted(kinds)) or 'nothing'} into the evidence bucket"


class _Asked:
    """A role's own policies, asked about the evidence bucket."""

    def __init__(self, principal: str, statements: Sequence[Statement], bucket: str) -> None:
        self._principal = principal
        self._statements = statements
        self._bucket = bucket

    def may(self, action: str, key: str | None, at: str = _NOW) -> bool:
        resource = self._bucket if key is None else f"{self._bucket}/{key}"
        request = Request(self._principal, action, resource, {_CLOCK: at, "aws:SecureTransport": "true"})
        return allowed_by(self._statements, request) is not None and denied_by(self._statements, request) is None


def _partition(target: Target) -> str:
    return next((arn.split(":")[1] for arn in target.roles.values()), "aws")


def _check_loosens(named: tuple[str, str], name: str, asked: _Asked, documents: Sequence[Mapping[str, Any]]) -> Check:
    """Break-glass may loosen, but only by actions that its policy spells out: those can be read and recorded one by one."""
    if name == BREAK_GLASS:
        wild = {action for document in documents for entry in parse_policy(document) for action in entry.actions if "*" in action}
        return judge(*named, f"wildcards: {listed(wild)}" if wild else "every action is spelt out", holds=not wild)
    keys = ("evidence/k", "manifests/k", "keys/k")
    found = {action for action in _LOOSENS for key in (None, *keys) if asked.may(action, key)}
    return judge(*named, listed(found) if found else "none", holds=not found)


def _check_reads(named: tuple[str, str], asked: _Asked) -> Check:
    reads = "s3:GetObject"
    unpublished = [key for key in _PUBLISHED if not asked.may(reads, key)]
    if asked.may(reads, _OTHER_PERIOD):
        return judge(*named, "every period", holds=False)
    if any(asked.may(action, key, _EVER) for action in (reads, "s3:ListBucket") for key in (*_PUBLISHED, None)):
        return judge(*named, "without an end date", holds=False)
    if unpublished:
        return judge(*named, f"not {', '.join(unpublished)}", holds=False)
    return judge(*named, "keys, digests and documentation, and no other period; until a date", holds=True)


def _check_links(named: tuple[str, str], asked: _Asked) -> Check:
    """A link names a version: who signs it needs that right alone, and who takes the identity over can not look for keys."""
    unread_keys = [key for key in _LINKED if not asked.may("s3:GetObjectVersion", key)]
    lists = [action for action in ("s3:ListBucket", "s3:ListBucketVersions") if asked.may(action, None)]
    others = [key for key in (*_PUBLISHED, "catalog/k", "index/k") if asked.may("s3:GetObjectVersion", key)]
    more = [*lists, *others, *(["s3:GetObject"] if asked.may("s3:GetObject", _LINKED[0]) else [])]
    if more:
        return judge(*named, f"also {listed(more)}", holds=False)
    found = f"not {listed(unread_keys)}" if unread_keys else "versions of evidence, manifests, raw, responses"
    return judge(*named, found, holds=not unread_keys)
