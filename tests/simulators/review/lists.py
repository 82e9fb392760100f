# SPDX-License-Identifier: Apache-2.0
"""What the people of Shop have in three systems at the end of the first quarter: 240 accounts, the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.simulators.review.staff import (
    CONTRACTORS,
    CTO,
    HEAD,
    IT,
    LEADS,
    LEAVER,
    ORDERS,
    PEOPLE,
    PLATFORM,
    SALES,
    SECURITY,
    STOREFRONT,
    SUPPORT,
    TEAMS,
    digits,
    member,
)

SOMEBODY = member("nobody", 0)
"""Holds an account, and is in no list of people."""
TOXIC = member(STOREFRONT, 1)
"""Writes code, and deploys it."""
_GROUPS = {STOREFRONT: "engineering", ORDERS: "engineering", PLATFORM: "platform", SUPPORT: "support", SALES: "sales",
           PEOPLE: "people"}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One entitlement of one account.

    Attributes:
        system: Where.
        account: Its id there.
        entitlement: What it has.
        holder: Name of who answers for it; empty where nobody does.
        kind: Of account.
        status: As the system words it.
        privileged: Whether it lets change the system.
        mfa: Whether it has a second factor; ``None`` where it has none to have.
        unused: Whether nobody has used it for half a year.
    """

    system: str
    account: str
    entitlement: str
    holder: str
    kind: str = "person"
    status: str = "active"
    privileged: bool = False
    mfa: bool | None = True
    unused: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """System, account and entitlement."""
        return self.system, self.account, self.entitlement


def entries() -> list[Entry]:
    """Return everything, as of the end of the first quarter."""
    return [*_github(), *_aws(), *_okta()]


def _github() -> Iterator[Entry]:
    def entry(account: str, entitlement: str, holder: str, **more: object) -> Entry:
        return Entry("github", f"gh-{account}", entitlement, holder, **more)  # type: ignore[arg-type]

    yield entry("cto", "organization:shop admin", CTO, privileged=True)
    yield entry("head", "repository:shop/storefront admin", HEAD, privileged=True)
    yield entry("platform-lead", "repository:shop/storefront read", PLATFORM)
    yield entry("security-lead", "repository:shop/storefront read", SECURITY)
    for lead, name in ((STOREFRONT, "storefront"), (ORDERS, "orders")):
        yield entry(lead, f"repository:shop/{name} maintain", lead, privileged=True)
        for place in range(TEAMS[lead]):
            yield entry(f"{name}-{place + 1:02}", f"repository:shop/{name} write", member(lead, place))
            if place % 5 == 0:
                yield entry(f"{name}-{place + 1:02}", "repository:shop/website triage", member(lead, place))
    for place in range(TEAMS[PLATFORM]):
        yield entry(f"platform-{place + 1:02}", "repository:shop/storefront read", member(PLATFORM, place))
    for place in range(15):
        unused = place in (UNUSED, UNUSED + 1)
        yield entry(f"support-{place + 1:02}", "repository:shop/website read", member(SUPPORT, place), unused=unused)
    for place in range(CONTRACTORS):
        yield entry(f"contractor-{place + 1}", "repository:shop/website write", member("contractor", place), mfa=place != 2)
    yield entry("left", "repository:shop/storefront write", LEAVER.name)
    for bot in ("release", "labels", "docs", "changelog"):
        yield entry(f"{bot}-bot", "repository:shop/storefront write", HEAD, kind="service", mfa=None)
    yield entry("mirror-bot", "repository:shop/orders read", IT, kind="service", mfa=None)


UNUSED = 3
"""Which of the support's accounts nobody has used for long, and the one after it."""


def _aws() -> Iterator[Entry]:
    def entry(account: str, entitlement: str, holder: str, **more: object) -> Entry:
        return Entry("aws", account, f"policy:{entitlement}", holder, **more)  # type: ignore[arg-type]

    yield entry("AIDA-platform", "AdministratorAccess", PLATFORM, privileged=True)
    yield entry("AIDA-head", "ReadOnlyAccess", HEAD)
    yield entry("AIDA-security", "SecurityAudit", SECURITY)
    for place in range(TEAMS[PLATFORM]):
        account, holder = f"AIDA-ops{place + 1}", member(PLATFORM, place)
        yield entry(account, "DeployProduction", holder, privileged=True)
        yield entry(account, "CloudWatchReadOnly", holder)
    for lead in (STOREFRONT, ORDERS):
        for place in range(14):
            yield entry(f"AIDA-{lead.partition('-')[0]}{place + 1:02}", "S3ReadOnly", member(lead, place))
    yield entry("AIDA-storefront02", "DeployProduction", TOXIC, privileged=True)
    for place in range(6):
        yield entry(f"AIDA-support{place + 1}", "SupportReadOnly", member(SUPPORT, place))
    for service in ("deploy", "metrics", "invoices"):
        yield entry(f"role-{service}", f"Service-{service}", PLATFORM, kind="service", mfa=None)
    yield entry("role-search", "Service-search", HEAD, kind="service", mfa=None)
    yield entry("role-backup", "BackupOperator", "", kind="service", mfa=None)
    yield entry("AIDA-breakglass", "AdministratorAccess", CTO, kind="shared", privileged=True, unused=True)


def _okta() -> Iterator[Entry]:
    def entry(name: str, entitlement: str, **more: object) -> Entry:
        return Entry("okta", f"00u{digits('okta', name):010x}", entitlement, name, status="ACTIVE", **more)  # type: ignore[arg-type]

    for name in LEADS:
        yield entry(name, "group:everyone Everyone")
    yield entry(IT, "role:SUPER_ADMIN", privileged=True)
    yield entry(SECURITY, "role:READ_ONLY_ADMIN", privileged=True)
    for lead, count in TEAMS.items():
        for place in range(count):
            yield entry(member(lead, place), f"group:{_GROUPS[lead]} {_GROUPS[lead].title()}")
    yield entry(member(PLATFORM, 0), "role:GROUP_MEMBERSHIP_ADMIN", privileged=True)
    yield entry(SOMEBODY, "group:sales Sales")
