# SPDX-License-Identifier: Apache-2.0
"""The objects of the made-up company's Okta, each computed from its number, as they stand at one time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.simulators.company import Company, Kind

GROUPS = (
    ("Everyone", "BUILT_IN"),
    ("Engineering", "OKTA_GROUP"),
    ("Support", "OKTA_GROUP"),
    ("Sales", "OKTA_GROUP"),
    ("Finance", "OKTA_GROUP"),
    ("People", "OKTA_GROUP"),
    ("Administrators", "OKTA_GROUP"),
)
APPS = (("storefront-admin", 0.3), ("github", 0.4), ("pagerduty", 0.2), ("payroll", 0.1), ("chat", 1.0))
"""Names, and how many of a hundred percent of the people have them."""
_USER = re.compile(r"00u([0-9a-z]{8})shop00000")


def user_id(number: int) -> str:
    """Return the id of a person's user: 20 characters, as Okta's are."""
    return f"00u{number:08}shop00000"


def number_of(key: str) -> int | None:
    """Return whose id it is."""
    found = _USER.fullmatch(key)
    return int(found.group(1)) if found else None


def stamp(value: datetime) -> str:
    """Return a time as Okta writes it."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"


def changes_factor(company: Company, number: int) -> datetime | None:
    """Return when somebody replaces a push factor by a security key; ``None`` for those who do not."""
    if number % 30 != 9 or number not in company.staff:
        return None
    return company.at("factor", number, company.people)


def department(company: Company, number: int, now: datetime) -> str:
    """Return where somebody works."""
    own = company.person(number).department
    if number not in company.movers or now < company.access_moved_at(number):
        return own
    names = [name for name, kind in GROUPS[1:6]]
    return names[(names.index(own) + 1) % len(names)]


@dataclass(frozen=True)
class Objects:
    """What there is at a time."""

    company: Company
    now: datetime

    def is_there(self, number: int) -> bool:
        """Whether somebody has a user by now."""
        return self.company.has_account(number) and self.company.account_created_at(number) <= self.now

    def status(self, number: int) -> str:
        """Return the status of a user."""
        ended = self.company.account_ended_at(number)
        return "DEPROVISIONED" if ended is not None and ended <= self.now else "ACTIVE"

    def user(self, number: int, base: str) -> dict[str, Any]:
        """Return a user."""
        person, created = self.company.person(number), self.company.account_created_at(number)
        status, ended = self.status(number), self.company.account_ended_at(number)
        changed = ended if ended is not None and status == "DEPROVISIONED" else created
        last = changed if status == "DEPROVISIONED" else self.now - timedelta(hours=1 + number % 60)
        profile = {
            "firstName": person.first,
            "lastName": person.last,
            "email": person.email,
            "login": person.email,
            "mobilePhone": None,
            "secondEmail": None,
            "employeeNumber": person.employee_id,
            "department": department(self.company, number, self.now),
            "userType": "Employee",
        }
        if number != 0:
            profile["manager"] = self.company.person(person.manager).email
        return self._user(user_id(number), status, (created, changed, max(created, last)), profile, base)

    def service_user(self, key: str, base: str) -> dict[str, Any]:
        """Return the user of the token."""
        made = self.company.start - timedelta(days=900)
        address = "evidence@shop.example"
        profile = {"firstName": "Evidence", "lastName": "Reader", "email": address, "login": address}
        return self._user(key, "ACTIVE", (made, made, made), profile, base)

    def _user(
        self, key: str, status: str, times: tuple[datetime, datetime, datetime], profile: dict[str, Any], base: str
    ) -> dict[str, Any]:
        created, changed, last = map(stamp, times)
        return {
            "id": key,
            "status": status,
            "created": created,
            "activated": created,
            "statusChanged": changed,
            "lastLogin": last,
            "lastUpdated": changed,
            "passwordChanged": created,
            "realmId": "guo1bfiNtSnZYILxO0g4",
            "type": {"id": "otyfnjfba4ye7pgjB0g4"},
            "profile": profile,
            "credentials": {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}},
            "_links": {"self": {"href": f"{base}/api/v1/users/{key}"}},
        }

    def factors(self, number: int, base: str) -> list[dict[str, Any]]:
        """Return the factors of a user: none once it is deactivated."""
        fault = self.company.fault_of("person", number)
        if self.status(number) == "DEPROVISIONED" or fault is Kind.NO_FACTOR:
            return []
        created = self.company.account_created_at(number)
        replaced = changes_factor(self.company, number)
        found = []
        if replaced is None or replaced > self.now:
            found.append(self._factor("push", number, created, base))
        else:
            found.append(self._factor("webauthn", number, replaced, base))
        if self.company.person(number).is_admin and fault is not Kind.WEAK_FACTOR:
            found.append(self._factor("webauthn", number + 500_000, created, base, of=number))
        return found

    def _factor(self, kind: str, number: int, created: datetime, base: str, of: int | None = None) -> dict[str, Any]:
        whose = user_id(number if of is None else of)
        key = f"{'opf' if kind == 'push' else 'fwf'}{number:08}shop00000"
        provider = "OKTA" if kind == "push" else "FIDO"
        email = self.company.person(number if of is None else of).email
        push = {"credentialId": email, "deviceType": "SmartPhone_IPhone", "name": "Phone", "platform": "IOS", "version": "17.0"}
        webauthn = {"credentialId": "l3Br0n-7H3g047NqESqJynFtIgf3Ix9OfaRoNwLoloso99Xl2zS", "authenticatorName": "Security key"}
        return {
            "id": key,
            "factorType": kind,
            "provider": provider,
            "vendorName": provider,
            "status": "ACTIVE",
            "created": stamp(created),
            "lastUpdated": stamp(created),
            "profile": push if kind == "push" else webauthn,
            "_links": {"self": {"href": f"{base}/api/v1/users/{whose}/factors/{key}", "hints": {"allow": ["GET", "DELETE"]}}},
        }

    def roles(self, number: int, base: str) -> list[dict[str, Any]]:
        """Return the administrator roles of a user."""
        person = self.company.person(number)
        if not person.is_admin or self.status(number) == "DEPROVISIONED":
            return []
        return [self.role("ORG_ADMIN", user_id(number), self.company.account_created_at(number), base)]

    def role(self, kind: str, user: str, since: datetime, base: str) -> dict[str, Any]:
        """Return one assignment of a role."""
        return {
            "id": f"ra1{user[3:]}",
            "label": kind.replace("_", " ").title(),
            "type": kind,
            "status": "ACTIVE",
            "created": stamp(since),
            "lastUpdated": stamp(since),
            "assignmentType": "USER",
            "_links": {"assignee": {"href": f"{base}/api/v1/users/{user}"}},
        }

    def group_id(self, place: int) -> str:
        """Return the id of a group."""
        return f"00g{place:08}shop00000"

    def group(self, place: int, base: str) -> dict[str, Any]:
        """Return a group."""
        name, kind = GROUPS[place]
        key, made = self.group_id(place), stamp(self.company.start - timedelta(days=800))
        return {
            "id": key,
            "created": made,
            "lastUpdated": made,
            "lastMembershipUpdated": made,
            "objectClass": ["okta:user_group"],
            "type": kind,
            "profile": {"name": name, "description": f"Everybody in {name}"},
            "_links": {name: {"href": f"{base}/api/v1/groups/{key}/{name}"} for name in ("users", "apps")},
        }

    def is_member(self, place: int, number: int) -> bool:
        """Whether a user is in a group."""
        if not self.is_there(number) or self.status(number) == "DEPROVISIONED":
            return False
        name = GROUPS[place][0]
        if name == "Administrators":
            return self.company.person(number).is_admin
        return name in ("Everyone", department(self.company, number, self.now))

    def app_id(self, place: int) -> str:
        """Return the id of an application."""
        return f"0oa{place:08}shop00000"

    def app(self, place: int, base: str) -> dict[str, Any]:
        """Return an application."""
        name, _ = APPS[place]
        key, made = self.app_id(place), stamp(self.company.start - timedelta(days=700))
        return {
            "id": key,
            "orn": f"orn:okta:idp:00o1shop:apps:{name}:{key}",
            "name": f"shop_{name.replace('-', '')}_1",
            "label": name,
            "status": "ACTIVE",
            "created": made,
            "lastUpdated": made,
            "signOnMode": "SAML_2_0",
            "accessibility": {"selfService": False},
            "visibility": {"autoSubmitToolbar": False, "hide": {"iOS": False, "web": False}, "appLinks": {"login": True}},
            "features": [],
            "credentials": {
                "userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"},
                "signing": {"kid": "wRejFXWxlRKgvK8tYXTDtF6vCRC4bmUoYQ7Ot9Wt5Sw"},
            },
            "settings": {"app": {}, "notifications": {"vpn": {"network": {"connection": "DISABLED"}}}},
            "_links": {"users": {"href": f"{base}/api/v1/apps/{key}/users"}},
        }

    def is_assigned(self, place: int, number: int) -> bool:
        """Whether a user has an application."""
        name, share = APPS[place]
        there = self.is_there(number) and self.status(number) != "DEPROVISIONED"
        return there and self.company.chance("app", name, number) < share

    def app_user(self, place: int, number: int, base: str) -> dict[str, Any]:
        """Return a user's assignment to an application."""
        person, key, app = self.company.person(number), user_id(number), self.app_id(place)
        made = stamp(self.company.account_created_at(number))
        return {
            "id": key,
            "externalId": f"{app}-{number}",
            "created": made,
            "lastUpdated": made,
            "scope": "USER",
            "status": "PROVISIONED",
            "statusChanged": made,
            "passwordChanged": None,
            "syncState": "SYNCHRONIZED",
            "lastSync": made,
            "credentials": {"userName": person.email},
            "profile": {"email": person.email, "firstName": person.first, "lastName": person.last},
            "_links": {"app": {"href": f"{base}/api/v1/apps/{app}"}, "user": {"href": f"{base}/api/v1/users/{key}"}},
        }
