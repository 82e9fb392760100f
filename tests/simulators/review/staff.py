# SPDX-License-Identifier: Apache-2.0
"""Who works for Shop as of the quarter's end, and for whom; and under which account of Slack those are known who are asked."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from tests.simulators.slack.members import Account

HEAD, PLATFORM, IT, SECURITY, CTO = "head-of-engineering", "platform-lead", "it-lead", "security-lead", "cto"
STOREFRONT, ORDERS, SUPPORT, SALES, PEOPLE = "storefront-lead", "orders-lead", "support-lead", "sales-lead", "people-lead"
LEADS: dict[str, tuple[str, str, str, str]] = {
    CTO: ("", "Management", "CTO", "Noor Haddad"),
    HEAD: (CTO, "Engineering", "Head of Engineering", "Kofi Brandt"),
    PLATFORM: (CTO, "Platform", "Platform Lead", "Mei Eriksen"),
    SECURITY: (CTO, "Security", "Security Lead", "Chloé Novák"),
    IT: (CTO, "IT", "IT Lead", "Goran Ito"),
    STOREFRONT: (HEAD, "Engineering", "Lead of Storefront", "Pía Møller"),
    ORDERS: (HEAD, "Engineering", "Lead of Orders", "Eiji Kaya"),
    SUPPORT: (CTO, "Support", "Support Lead", "Olga Fischer"),
    SALES: (CTO, "Sales", "Sales Lead", "João Li"),
    PEOPLE: (CTO, "People", "People Lead", "Fatma Jansen"),
}
"""Manager, department, job title and name in Slack of those who lead somebody, or hold a role."""
TEAMS = {STOREFRONT: 22, ORDERS: 22, SUPPORT: 20, SALES: 18, PEOPLE: 12, PLATFORM: 5}
"""How many people each of them leads, who have an account everywhere that their team needs one."""
CONTRACTORS = 6
"""Of Engineering, for the Head of Engineering: in the source code platform alone."""


@dataclass(frozen=True)
class Worker:
    """One person of the roster.

    Attributes:
        name: Before the ``@`` of the address.
        number: Employee number.
        manager: Name of the manager; empty for whoever has none.
        department: Where.
        title: As what.
        kind: ``employee`` or ``contractor``.
        left_on: Last day, of somebody who has left.
    """

    name: str
    number: str
    manager: str
    department: str
    title: str
    kind: str = "employee"
    left_on: str = ""

    @property
    def address(self) -> str:
        """Their e-mail address."""
        return mail(self.name)


def mail(name: str) -> str:
    """Return the address of a name; of nobody, nothing."""
    return f"{name}@example.com" if name else ""


def digits(*about: object) -> int:
    """Return a number that depends on what it is about alone."""
    return int.from_bytes(blake2b("/".join(map(str, about)).encode(), digest_size=5).digest())


def member(team: str, place: int) -> str:
    """Return the name of somebody in a team."""
    return f"person-{digits(team, place):010x}"


LEAVER = Worker(member("left", 0), "E-900", HEAD, "Engineering", "Engineer", left_on="2026-02-27")
"""Has left, and one account was forgotten."""


def workers() -> list[Worker]:
    """Return the roster."""
    found = [Worker(name, f"E-{place:03}", *said[:3]) for place, (name, said) in enumerate(LEADS.items(), start=1)]
    for lead, count in TEAMS.items():
        department, title = LEADS[lead][1], "Engineer" if lead in (STOREFRONT, ORDERS, PLATFORM) else "Associate"
        for place in range(count):
            found.append(Worker(member(lead, place), f"E-{100 + len(found):03}", lead, department, title))
    for place in range(CONTRACTORS):
        name = member("contractor", place)
        found.append(Worker(name, f"C-{place + 1:03}", HEAD, "Engineering", "Engineer", kind="contractor"))
    return [*found, LEAVER]


def accounts_in_slack() -> list[Account]:
    """Return the members of the workspace: everybody who leads somebody, or holds a role."""
    return [Account(mail(name), user_of(name), said[3]) for name, said in LEADS.items()]


def user_of(name: str) -> str:
    """Return somebody's id in Slack."""
    return f"U0{name.replace('-', '').upper()[:8]:0<8}"
