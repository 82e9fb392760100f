# SPDX-License-Identifier: Apache-2.0
"""A made-up company of any size, the same for the same arguments, with faults that are known: what stands behind every simulator.

Nothing is held in memory but the faults: each person, change and page is computed from its number. Numbers rise with time.
`Company.faults` lists everything in it that a control has to show, and nothing that it should not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b

DOMAIN = "shop.example"
ORGANIZATION, REPOSITORY, BRANCH, PROJECT = "shop", "storefront", "main", "SHOP"
PERIOD = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
"""Of the demo: 2026-H1."""
_FIRST = (
    "Ada",
    "Ben",
    "Chloé",
    "Dara",
    "Eiji",
    "Fatma",
    "Goran",
    "Hanna",
    "Iris",
    "João",
    "Kofi",
    "Lena",
    "Mei",
    "Noor",
    "Olga",
    "Pía",
)
_LAST = (
    "Adeyemi",
    "Brandt",
    "Costa",
    "Dietz",
    "Eriksen",
    "Fischer",
    "Grün",
    "Hansen",
    "Ito",
    "Jansen",
    "Kaya",
    "Li",
    "Møller",
    "Novák",
)
_DEPARTMENTS = ("Engineering", "Engineering", "Support", "Sales", "Finance", "People")
BRANCH_EVENTS = 19
"""Events of the protected branch's settings in the period: ``branch event`` of a number."""
POLICY_EVENTS = 13
"""Changes to sign-in policies in the period: event of a number."""
_LEAVES_OF_100 = 8
"""People of a hundred who leave in the period; as many join."""


class Kind(StrEnum):
    """The kinds of faults."""

    DIRECT_PUSH = "a commit on the protected branch that came through no pull request"
    UNREVIEWED = "a pull request merged without an approval by another person"
    STALE_APPROVAL = "an approval of an earlier commit than the one that was merged"
    FAILED_CHECK = "a pull request merged although a check had failed"
    NO_TICKET = "a pull request that names no ticket"
    LOST_TICKET = "a pull request that names a ticket that does not exist"
    EMERGENCY_UNREVIEWED = "an emergency change that nobody reviewed afterwards"
    TICKET_UNAPPROVED = "a ticket that was done without approval"
    TICKET_SELF_APPROVED = "a ticket that its reporter approved"
    PAGE_LATE = "an alert that was acknowledged too late"
    PAGE_IGNORED = "an alert that nobody acknowledged"
    LEAVER_ACTIVE = "a leaver whose account is still active"
    LEAVER_LATE = "a leaver whose account was deactivated too late"
    LEAVER_UNMATCHED = "a leaver without an account, so that nothing can be said"
    JOINER_LATE = "a joiner whose account was set up too late"
    JOINER_EARLY = "a joiner whose account was active before the first day"
    NO_FACTOR = "a person without a second factor"
    WEAK_FACTOR = "an administrator whose only factors can be phished"
    INCIDENT_OPEN = "an incident without a recorded cause"
    PROTECTION_WEAKENED = "a change that took protection away from the branch"
    POLICY_WEAKENED = "a change that took protection away from a sign-in policy"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and the number of what has it: a change, a page, a person."""

    kind: Kind
    number: int


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the people system knows them; ``number`` 0 leads everybody."""

    number: int
    employee_id: str
    first: str
    last: str
    email: str
    login: str
    department: str
    manager: int
    hired_at: datetime
    leaves_at: datetime | None
    """End of the last working day, for people who leave in the period."""
    is_admin: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One commit on the protected branch, and the pull request that it came through."""

    number: int
    sha: str
    head_sha: str
    """Last commit of the pull request."""
    earlier_sha: str
    """The commit before that one."""
    pull_request: int | None
    author: int
    reviewer: int
    merger: int
    opened_at: datetime
    approved_at: datetime
    merged_at: datetime
    ticket: str | None
    is_emergency: bool
    fault: Kind | None


@dataclass(frozen=True, slots=True)
class Page:
    """One alert that paged the person on call, and the incident that some become."""

    number: int
    raised_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    responder: int
    urgency: str
    is_major: bool
    """Whether it was declared an incident: it has a priority, notes and a cause."""
    fault: Kind | None


class Company:
    """The company over one period.

    Args:
        start: Of the period, UTC.
        end: Of the period, UTC, exclusive.
        people: How many, those who leave and join among them; at least 40.
        changes: Commits on the protected branch.
        pages: Alerts that paged somebody.
        seed: Another one makes another company.
        faults: Whether it has any.
    """

    def __init__(
        self,
        start: datetime,
        end: datetime,
        *,
        people: int = 240,
        changes: int = 600,
        pages: int = 400,
        seed: str = "shop",
        faults: bool = True,
    ) -> None:
        self.start, self.end, self.people, self.changes, self.pages = start, end, people, changes, pages
        self.seed, self.has_faults = seed, faults

    def chance(self, *about: object) -> float:
        """Return a number in [0, 1) that depends on the seed and on what it is about alone."""
        text = f"{self.seed}/{'/'.join(map(str, about))}".encode()
        return int.from_bytes(blake2b(text, digest_size=6).digest()) / 2**48

    def at(self, kind: str, number: int, count: int) -> datetime:
        """Return when the thing of a number happened: whole seconds, rising with the number."""
        place = (number + 0.8 * self.chance(kind, "at", number)) / count
        return self.start + timedelta(seconds=int((self.end - self.start).total_seconds() * place))

    def numbers(self, kind: str, count: int, since: datetime, until: datetime) -> range:
        """Return the numbers of the things that happened in ``[since, until)``."""
        times = _Times(self, kind, count)
        return range(bisect_left(times, since), bisect_left(times, until))

    # -- people

    @cached_property
    def _turnover(self) -> int:
        return max(4, self.people * _LEAVES_OF_100 // 100)

    @property
    def leavers(self) -> range:
        """Numbers of the people who leave in the period, by day of leaving."""
        return range(self.people - 2 * self._turnover, self.people - self._turnover)

    @property
    def joiners(self) -> range:
        """Numbers of the people who join in the period, by day of joining."""
        return range(self.people - self._turnover, self.people)

    @property
    def staff(self) -> range:
        """Numbers of the people who are there the whole period."""
        return range(self.people - 2 * self._turnover)

    def person(self, number: int) -> Person:
        """Return a person."""
        first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
        short = "".join(letter for letter in f"{first}.{last}".lower() if letter.isascii())
        hired = self.start - timedelta(days=30 + int(2000 * self.chance("hired", number)))
        leaves = None
        if number in self.joiners:
            hired = self._day("join", number - self.joiners.start) + timedelta(hours=9)
        if number in self.leavers:
            leaves = self._day("leave", number - self.leavers.start) + timedelta(hours=17)
        return Person(
            number=number,
            employee_id=f"E{number:06}",
            first=first,
            last=last,
            email=f"{short}.{number}@{DOMAIN}",
            login=f"{short.replace('.', '-')}-{number}",
            department=_DEPARTMENTS[int(self.chance("department", number) * len(_DEPARTMENTS))],
            manager=0 if number < 20 else int(self.chance("manager", number) * 20),
            hired_at=hired,
            leaves_at=leaves,
            is_admin=number % 40 == 1,
        )

    def _day(self, kind: str, number: int) -> datetime:
        return self.at(kind, number, self._turnover).replace(hour=0, minute=0, second=0)

    def account_created_at(self, number: int) -> datetime:
        """Return when a person's account was set up: the first day, in time."""
        person, fault = self.person(number), self.fault_of("person", number)
        if fault is Kind.JOINER_LATE:
            return person.hired_at + timedelta(days=9)
        if fault is Kind.JOINER_EARLY:
            return person.hired_at - timedelta(days=3)
        return person.hired_at + timedelta(minutes=int(45 * self.chance("account", number)))

    def account_ended_at(self, number: int) -> datetime | None:
        """Return when a leaver's account was deactivated; ``None`` where it was not."""
        person, fault = self.person(number), self.fault_of("person", number)
        if person.leaves_at is None or fault is Kind.LEAVER_ACTIVE:
            return None
        if fault is Kind.LEAVER_LATE:
            return person.leaves_at + timedelta(days=6)
        return person.leaves_at + timedelta(minutes=5 + int(300 * self.chance("ended", number)))

    @property
    def movers(self) -> range:
        """Numbers of the people who change to another department in the period, by day of moving."""
        return range(7, len(self.staff), 25)

    def moved_at(self, number: int) -> datetime:
        """Return when somebody who moves starts in the other department."""
        movers = self.movers
        day = self.at("move", movers.index(number), len(movers)).replace(hour=0, minute=0, second=0)
        return day + timedelta(hours=9)

    def access_moved_at(self, number: int) -> datetime:
        """Return when the access of somebody who moves was changed: in time."""
        return self.moved_at(number) + timedelta(minutes=int(300 * self.chance("access moved", number)))

    def has_account(self, number: int) -> bool:
        """Whether the identity provider has an account of a person's."""
        return self.fault_of("person", number) is not Kind.LEAVER_UNMATCHED

    # -- changes

    def change(self, number: int) -> Change:
        """Return a change."""
        fault = self.fault_of("change", number)
        merged = self.at("change", number, self.changes)
        author = self.engineer("author", number)
        reviewer = self.engineer("reviewer", number, author)
        is_emergency = fault is Kind.EMERGENCY_UNREVIEWED or (fault is None and self.chance("emergency", number) < 0.02)
        approved = merged - timedelta(minutes=5 + int(600 * self.chance("approved", number)))
        if is_emergency:  # reviewed the day after
            approved = merged + timedelta(hours=20)
        ticket: str | None = f"{PROJECT}-{number + 1}"
        if fault in (Kind.NO_TICKET, Kind.DIRECT_PUSH):
            ticket = None
        elif fault is Kind.LOST_TICKET:
            ticket = f"{PROJECT}-{9_000_000 + number}"
        return Change(
            number=number,
            sha=self.sha("merge", number),
            head_sha=self.sha("head", number),
            earlier_sha=self.sha("earlier", number),
            pull_request=None if fault is Kind.DIRECT_PUSH else number + 1,
            author=author,
            reviewer=reviewer,
            merger=reviewer,
            opened_at=merged - timedelta(hours=12),
            approved_at=approved,
            merged_at=merged,
            ticket=ticket,
            is_emergency=is_emergency,
            fault=fault,
        )

    def engineer(self, role: str, number: int, other: int = -1) -> int:
        """Return somebody who is there the whole period, and is not another."""
        place = int(self.chance(role, number) * min(len(self.staff), 400))
        return place if place != other else (place + 1) % len(self.staff)

    def sha(self, kind: str, number: int) -> str:
        """Return the id of a commit, which ends in the number of its change."""
        return blake2b(f"{self.seed}/{kind}/{number}".encode(), digest_size=16).hexdigest() + f"{number:08x}"

    # -- pages

    def page(self, number: int) -> Page:
        """Return an alert that paged somebody."""
        fault = self.fault_of("page", number)
        raised = self.at("page", number, self.pages)
        took = timedelta(seconds=30 + int(800 * self.chance("ack", number)))
        if fault is Kind.PAGE_LATE:
            took = timedelta(hours=3)
        acknowledged = None if fault is Kind.PAGE_IGNORED else raised + took
        return Page(
            number=number,
            raised_at=raised,
            acknowledged_at=acknowledged,
            resolved_at=None
            if acknowledged is None
            else acknowledged + timedelta(minutes=5 + int(200 * self.chance("fix", number))),
            responder=self.engineer("responder", number),
            urgency=("high", "low")[number % 2],
            is_major=fault is Kind.INCIDENT_OPEN or (fault is None and self.chance("major", number) < 0.02),
            fault=fault,
        )

    # -- faults

    @cached_property
    def _by_thing(self) -> dict[tuple[str, int], Kind]:
        if not self.has_faults:
            return {}
        found: dict[tuple[str, int], Kind] = {}
        for place, kind in enumerate(_OF_CHANGES):
            found[("change", int(self.changes * (place + 0.5) / len(_OF_CHANGES)))] = kind
        for place, kind in enumerate(_OF_PAGES):
            found[("page", int(self.pages * (place + 0.5) / len(_OF_PAGES)))] = kind
        leavers, joiners = self.leavers, self.joiners
        for place, kind in enumerate((Kind.LEAVER_ACTIVE, Kind.LEAVER_LATE, Kind.LEAVER_UNMATCHED)):
            found[("person", leavers[place * len(leavers) // 4])] = kind
        for place, kind in enumerate((Kind.JOINER_LATE, Kind.JOINER_EARLY)):
            found[("person", joiners[place * len(joiners) // 3])] = kind
        found[("event", POLICY_EVENTS // 2)] = Kind.POLICY_WEAKENED
        found[("branch event", BRANCH_EVENTS // 2)] = Kind.PROTECTION_WEAKENED
        found[("person", 5)] = Kind.NO_FACTOR
        found[("person", 1)] = Kind.WEAK_FACTOR  # an administrator
        return found

    def fault_of(self, thing: str, number: int) -> Kind | None:
        """Return the fault of a ``change``, ``page``, ``person``, ``event`` (of a sign-in policy) or ``branch event``."""
        return self._by_thing.get((thing, number))

    def faults(self, *kinds: Kind) -> Iterator[Fault]:
        """Return the faults of these kinds; of all, where none is named."""
        for (_, number), kind in self._by_thing.items():
            if not kinds or kind in kinds:
                yield Fault(kind, number)


_OF_CHANGES = (
    Kind.DIRECT_PUSH,
    Kind.UNREVIEWED,
    Kind.STALE_APPROVAL,
    Kind.FAILED_CHECK,
    Kind.NO_TICKET,
    Kind.LOST_TICKET,
    Kind.EMERGENCY_UNREVIEWED,
    Kind.TICKET_UNAPPROVED,
    Kind.TICKET_SELF_APPROVED,
)
_OF_PAGES = (Kind.PAGE_LATE, Kind.PAGE_IGNORED, Kind.INCIDENT_OPEN)


@dataclass(frozen=True)
class _Times:
    """The times of all things of a kind, as a sequence that can be bisected."""

    company: Company
    kind: str
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> datetime:
        return self.company.at(self.kind, number, self.count)
