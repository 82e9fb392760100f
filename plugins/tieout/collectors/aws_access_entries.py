# SPDX-License-Identifier: Apache-2.0
"""Who has what in an AWS account: policies and groups of users, policies and trust of roles, principals of keys and buckets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tieout.collectors.evidence_columns import ACCESS
from tieout.collectors.row_tables import Row

OWN_PATH = "/aws-service-role/"
"""Roles of AWS's own services, which the account can neither assume nor change."""
_PRIVILEGED = {"AdministratorAccess", "IAMFullAccess", "PowerUserAccess"}
_WIDE = {"*", "*:*", "iam:*", "kms:*", "s3:*"}
Detail = Mapping[str, Any]


class Holders:
    """Who answers for a principal, and what kind of account it is.

    Args:
        details: Users and roles of the account, with their tags.
        tag: Tag that names the person who answers for one.
        named: Further principals by ARN or service name, from the control's YAML.
    """

    def __init__(self, details: Iterable[Detail], tag: str, named: Mapping[str, str]) -> None:
        self._known = {each["Arn"]: (_tag(each, tag), _kind(each)) for each in details}
        self._named = named

    def of(self, principal: str) -> tuple[str | None, str]:
        """Return holder and kind: person, service, shared or unknown."""
        holder, kind = self._known.get(principal, (None, "unknown"))
        if principal.endswith(".amazonaws.com"):
            kind = "service"
        elif principal == "*" or principal.endswith(":root"):
            kind = "shared"
        return self._named.get(principal, holder), kind


def user_entitlements(user: Detail) -> Iterator[tuple[str, bool | None]]:
    """Yield what a user has, each with whether it is privileged; a user with nothing has ``none``."""
    found = [*_held(user, "UserPolicyList"), *((f"group:{group}", None) for group in user.get("GroupList") or ())]
    yield from found or [("none", False)]


def group_privileged(groups: Iterable[Detail]) -> dict[str, bool | None]:
    """Return for each group whether one of its policies is privileged."""
    found = {}
    for group in groups:
        held = [privileged for _, privileged in _held(group, "GroupPolicyList")]
        found[f"group:{group['GroupName']}"] = True if True in held else None if None in held else False
    return found


def role_entitlements(role: Detail) -> Iterator[tuple[str, bool | None]]:
    """Yield what a role has, and who may assume it; a role that nothing allows anything has ``none``."""
    yield from _held(role, "RolePolicyList") or [("none", False)]
    for principal, _ in allowed(role["AssumeRolePolicyDocument"]):
        yield f"assumed_by:{principal}", None


def allowed(policy: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Return the principals that a policy of a resource allows something, each with its actions, both in order."""
    statements = _document(policy).get("Statement") or ()
    found: dict[str, set[str]] = {}
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        if statement.get("Effect") != "Allow":
            continue
        actions = _list(statement.get("Action")) or ["every action but some"]
        for principal in _principals(statement):
            found.setdefault(principal, set()).update(actions)
    return [(principal, tuple(sorted(actions))) for principal, actions in sorted(found.items())]


def row(principal: str, entitlement: str, holders: Holders, times: Mapping[str, str], **more: str | bool | None) -> Row:
    """Return an entry; ``times`` are ``as_of`` and ``read_at``."""
    holder, kind = holders.of(principal)
    told = {"account": principal, "entitlement": entitlement, "holder": holder, "account_kind": kind}
    return dict.fromkeys(ACCESS) | told | dict(times) | more


def _held(detail: Detail, inline: str) -> list[tuple[str, bool | None]]:
    found: list[tuple[str, bool | None]] = []
    for policy in detail.get("AttachedManagedPolicies") or ():
        own = policy["PolicyArn"].split(":")[4] != "aws"  # what the account's own policies allow is not looked up here
        found.append((f"policy:{policy['PolicyArn']}", None if own else policy["PolicyName"] in _PRIVILEGED))
    for policy in detail.get(inline) or ():
        found.append((f"inline:{policy['PolicyName']}", _is_wide(policy["PolicyDocument"])))
    return found


def _is_wide(policy: Any) -> bool:
    statements = _document(policy).get("Statement") or ()
    each = [statements] if isinstance(statements, Mapping) else statements
    return any(
        statement.get("Effect") == "Allow" and ("NotAction" in statement or _WIDE & set(_list(statement.get("Action"))))
        for statement in each
    )


def _principals(statement: Mapping[str, Any]) -> Sequence[str]:
    given = statement.get("Principal", "*" if "NotPrincipal" not in statement else "everybody but some")
    return [given] if isinstance(given, str) else [each for kind in given.values() for each in _list(kind)]


def _document(policy: Any) -> Mapping[str, Any]:
    found = json.loads(policy) if isinstance(policy, str) else policy
    return found if isinstance(found, Mapping) else {}


def _list(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _tag(detail: Detail, name: str) -> str | None:
    return next((each["Value"] for each in detail.get("Tags") or () if each["Key"] == name), None)


def _kind(detail: Detail) -> str:
    if "RoleName" not in detail:
        return _tag(detail, "kind") or "unknown"
    principals = [principal for principal, _ in allowed(detail["AssumeRolePolicyDocument"])]
    return "service" if principals and all(each.endswith(".amazonaws.com") for each in principals) else "shared"
