# SPDX-License-Identifier: Apache-2.0
"""The applications and groups of an Okta organization, and the rows of who has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from tieout.collectors.okta import Account, Okta

Entitlement = Literal["app", "group"]


class Named(NamedTuple):
    """One application or group, and where its people are listed."""

    text: str
    path: str
    limit: int
    privileged: bool | None


class Holder(NamedTuple):
    """What is to be known of an account."""

    address: str | None
    kind: str
    status: str | None
    last_login: str | None


class Holders:
    """Every account.

    Args:
        accounts: All of them.
        service_types: Types of users that are programs.
        shared_types: Types of users that are several people.
    """

    def __init__(self, accounts: Iterable[Account], service_types: Collection[str], shared_types: Collection[str]) -> None:
        self._found: dict[str, Holder] = {}
        for each in accounts:
            if each.user_type in service_types or each.user_type in shared_types:
                kind = "service" if each.user_type in service_types else "shared"
                self._found[each.id] = Holder(each.manager, kind, each.status, each.last_login)
            else:
                kind = "person" if each.number else "unknown"
                self._found[each.id] = Holder(each.address, kind, each.status, each.last_login)

    def of(self, account: str) -> Holder:
        """Return who answers for an account; nobody for one that is not in the list of users."""
        return self._found.get(account, Holder(None, "unknown", None, None))


def entitlements(okta: Okta, kinds: Collection[str], group_types: Sequence[str], privileged: Collection[str]) -> Iterator[Named]:
    """Read the applications and groups; ``privileged`` are the names of those that are."""
    of_privilege = {True: True, False: False if privileged else None}
    if "app" in kinds:
        for _, page in okta.listing([("applications", "/apps", {"limit": 200})]):
            for app in page:
                text, label = f"app:{app['id']}", app["label"]
                yield Named(f"{text} {label}", f"/apps/{app['id']}/users", 500, of_privilege[label in privileged])
    if "group" in kinds:
        wanted = " or ".join(f'type eq "{each}"' for each in group_types)
        for _, page in okta.listing([("groups", "/groups", {"filter": wanted, "limit": 200})]):
            for group in page:
                text, name = f"group:{group['id']}", group["profile"]["name"]
                yield Named(f"{text} {name}", f"/groups/{group['id']}/users", 200, of_privilege[name in privileged])


def entry_of(named: Named, user: dict[str, Any], holders: Holders, as_of: str, read_at: str) -> dict[str, str | None]:
    """Return the row of one account that has an application or is in a group."""
    holder = holders.of(user["id"])
    return {
        "account": user["id"],
        "entitlement": named.text,
        "as_of": as_of,
        "read_at": read_at,
        "holder": holder.address,
        "account_kind": holder.kind,
        "account_status": holder.status,
        "privileged": None if named.privileged is None else str(named.privileged).lower(),
        "granted_at": user.get("created") if named.text.startswith("app:") else None,
        "last_used_at": holder.last_login,
        "mfa": None,
    }
