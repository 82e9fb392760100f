# SPDX-License-Identifier: Apache-2.0
"""Who works for Shop in the campaign's week, 400 people in all, and what each of them does when they are asked.

Ten lead somebody and are those of the review of access; the others are made here, so many of each part.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tests.simulators.review.staff import LEADS, digits, mail, user_of
from tests.simulators.slack.members import Account

PARTS = {
    "left": 10, "not started": 4, "on leave": 7, "back from leave": 2, "contractor": 20, "joiner": 12, "by link": 6,
    "without slack": 3,
    "silent": 15, "one of two": 3, "late": 2, "leaves": 3, "leaves afterwards": 1, "wrong answer": 1,
}  # fmt: skip
"""Parts of people who are no usual ones, and how many have each.

- ``left``, ``not started``: by the first list. ``on leave``: without an end. ``back from leave``: it is over.
- ``contractor``: asked for one policy alone. ``joiner``: started in the campaign's week.
- ``by link``, ``without slack``: nobody of their address is in the workspace; some answer by the link in their mail.
- ``silent``: never answers.
- ``one of two``: leaves the second policy open. ``late``: answers when it is due already.
- ``leaves``: never answers, and has left by the second list. ``leaves afterwards``: answers, and has left by then.
- ``wrong answer``: to the question of the code of conduct.
"""
WITHOUT_ACCOUNT = ("by link", "without slack")
PEOPLE = 400
MONDAY = date(2026, 3, 23)
"""First day of the campaign's week."""
_DEPARTMENTS = ("Engineering", "Support", "Sales", "People", "Platform")


@dataclass(frozen=True)
class Member:
    """One person of the list.

    Attributes:
        name: Before the ``@`` of the address.
        number: Employee number.
        part: One of `PARTS`, or ``usual``.
        manager: Name of the manager; empty for whoever has none.
        department: Where.
    """

    name: str
    number: str
    part: str
    manager: str
    department: str

    @property
    def address(self) -> str:
        """Their e-mail address."""
        return mail(self.name)

    @property
    def kind(self) -> str:
        """Kind of employment."""
        return "contractor" if self.part == "contractor" else "employee"

    @property
    def started_on(self) -> date:
        """First day of work."""
        place = digits("started", self.name)
        if self.part == "joiner":
            return MONDAY + timedelta(days=place % 5)
        return MONDAY + timedelta(days=21) if self.part == "not started" else date(2020, 1, 6) + timedelta(days=place % 1900)

    @property
    def leave(self) -> tuple[str, str]:
        """First and last day of a leave."""
        if self.part == "on leave":
            return "2026-02-02", ""
        return ("2026-01-12", "2026-03-20") if self.part == "back from leave" else ("", "")


def members() -> list[Member]:
    """Return the list."""
    found = [
        Member(name, f"E-{place:03}", "usual", said[0], said[1]) for place, (name, said) in enumerate(LEADS.items(), start=1)
    ]
    parts = [part for part, count in PARTS.items() for _ in range(count)]
    parts += ["usual"] * (PEOPLE - len(found) - len(parts))
    leads = list(LEADS)
    for place, part in enumerate(parts):
        lead = leads[digits("lead", place) % len(leads)]
        department = _DEPARTMENTS[digits("department", place) % len(_DEPARTMENTS)]
        found.append(Member(f"member-{digits('member', place):010x}", f"E-{500 + place:03}", part, lead, department))
    return found


def user(member: Member) -> str:
    """Return somebody's id in Slack."""
    return user_of(member.name) if member.name in LEADS else f"U1{digits('user', member.name):010X}"[:11]


def accounts_in_slack() -> list[Account]:
    """Return the members of the workspace who lead nobody: `tests.simulators.review.staff` has the others."""
    return [
        Account(each.address, user(each), f"Member {each.number}")
        for each in members()
        if each.part not in WITHOUT_ACCOUNT and each.name not in LEADS
    ]
