# SPDX-License-Identifier: Apache-2.0
"""Reads who has what in an AWS account: IAM's users, groups and roles, and the policies of keys and buckets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tieout.collectors.aws import Account
from tieout.collectors.aws_access_entries import (
    OWN_PATH,
    Holders,
    allowed,
    group_privileged,
    role_entitlements,
    row,
    user_entitlements,
)
from tieout.collectors.aws_calls import Call
from tieout.collectors.row_tables import Row
from tieout.errors import SourceUnavailable

KINDS = ("Group", "User", "Role")
_ITEMS = "[GroupDetailList, UserDetailList, RoleDetailList][][]"
_NO_POLICY = frozenset({"NoSuchBucketPolicy"})
_RULES_IT = {"kms:*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:CreateGrant"}
_RULES_IT |= {"s3:*", "s3:PutBucketPolicy", "s3:DeleteBucket", "s3:DeleteObject", "s3:PutBucketObjectLockConfiguration", "*"}
"""Actions that let change who may use a key or a bucket, or destroy what is in it."""


@dataclass
class Details:
    """What IAM says of all users, groups and roles: at most some thousands, which AWS's quotas bound."""

    groups: list[Any] = field(default_factory=list)
    users: list[Any] = field(default_factory=list)
    roles: list[Any] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    """ARNs of the roles of AWS's own services, which are not among the roles."""

    def entries(self, holders: Holders, times: Mapping[str, str]) -> Iterator[Row]:
        """Yield an entry for each entitlement of a user or a role."""
        wide = group_privileged(self.groups)
        for user in self.users:
            for what, privileged in user_entitlements(user):
                yield row(user["Arn"], what, holders, times, privileged=wide.get(what, privileged))
        for role in self.roles:
            used = (role.get("RoleLastUsed") or {}).get("LastUsedDate")
            for what, privileged in role_entitlements(role):
                yield row(role["Arn"], what, holders, times, privileged=privileged, last_used_at=used)


def details(account: Account, *filters: Iterable[str]) -> Details:
    """Return what IAM says, asked once for each filter; each is a list of `KINDS`."""
    found = Details()
    asked = ((0, Call("iam", "get_account_authorization_details", account.home, {"Filter": list(each)})) for each in filters)
    for each in account.each(asked, _ITEMS):
        if "UserName" in each:
            found.users.append(each)
        elif "RoleName" not in each:
            found.groups.append(each)
        elif each["Path"].startswith(OWN_PATH):
            found.own.append(each["Arn"])
        else:
            found.roles.append(each)
    return found


def refuse_changed(account: Account, found: Details) -> None:
    """Check that IAM's summary counts as many users, groups and roles as were read.

    Raises:
        SourceUnavailable: It does not.
    """
    says = account.one(Call("iam", "get_account_summary", account.home))["SummaryMap"]
    stated = (says["Users"], says["Groups"], says["Roles"])
    read = (len(found.users), len(found.groups), len(found.roles) + len(found.own))
    if stated != read:
        msg = (
            f"AWS account {account.id}: get_account_summary states {stated} users, groups and roles, {read} were read. They "
            f"changed meanwhile: run the window again."
        )
        raise SourceUnavailable(msg)


def key_entries(account: Account, keys: Iterable[str], holders: Holders, times: Mapping[str, str]) -> Iterator[Row]:
    """Yield an entry for each principal that the policy of a KMS key allows something, and for each grant."""
    for key in keys:
        region = key.split(":")[3]
        policy = account.one(Call("kms", "get_key_policy", region, {"KeyId": key, "PolicyName": "default"}))["Policy"]
        yield from _of_policy(f"key:{key}", policy, holders, times)
        for grant in account.all(Call("kms", "list_grants", region, {"KeyId": key}), "Grants[]"):
            what = f"key:{key} grant {grant['GrantId']}: {', '.join(grant['Operations'])}"
            given = grant.get("CreationDate")
            yield row(
                grant["GranteePrincipal"], what, holders, times, privileged="CreateGrant" in grant["Operations"], granted_at=given
            )


def bucket_entries(account: Account, buckets: Iterable[str], holders: Holders, times: Mapping[str, str]) -> Iterator[Row]:
    """Yield an entry for each principal that the policy of a bucket allows something; one without a policy yields none."""
    for bucket in buckets:
        answer = account.one(Call("s3", "get_bucket_policy", account.home, {"Bucket": bucket}, absent=_NO_POLICY))
        if answer:
            yield from _of_policy(f"bucket:{bucket}", answer["Policy"], holders, times)


def _of_policy(what: str, policy: str, holders: Holders, times: Mapping[str, str]) -> Iterator[Row]:
    for principal, actions in allowed(policy):
        rules_it = any(action in _RULES_IT or action.endswith("but some") for action in actions)
        yield row(principal, f"{what}: {', '.join(actions)}", holders, times, privileged=rules_it)
