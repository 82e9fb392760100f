# SPDX-License-Identifier: Apache-2.0
"""A desk in memory: campaigns with assignments, what was answered, and a store that can be slow, down or hanging."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tieout.desks.desk import PAGE_ITEMS, Answer, Decision, Member, Page, Posted, Refused, Stored, Summary, Task, Tasks
from tieout.desks.items import Choice, Item
from tieout.desks.sign_off_desk import SignOff, SignOffRequest, SignOffStanding, SignOffStored
from tieout.errors import StoreUnavailable

CHOICES = (Choice("keep", "Keep"), Choice("revoke", "Revoke", needs_reason=True), Choice("change", "Change", needs_reason=True))
DUE = datetime(2026, 4, 10, 17, tzinfo=UTC)


@dataclass
class Given:
    """An assignment: whose it is, and its items in order."""

    person: str
    title: str
    items: list[Item]


@dataclass
class Campaign:
    """A campaign: its assignments by id, the pins of its persons, and how it stands."""

    id: str
    title: str
    assignments: dict[str, Given]
    pins: dict[str, tuple[str, str]]
    closed: str | None = None
    left: set[str] = field(default_factory=set)
    posted: dict[str, Posted] = field(default_factory=dict)
    managers: tuple[str, ...] = ()


@dataclass
class MemoryDesk:
    """A desk over campaigns in memory.

    Attributes:
        campaigns: By id.
        persons: Names.
        stored: What was stored, in order: response id, person and answer.
        slow: Seconds that storing takes.
        down: Whether the store refuses at once.
        hold: While it is set, whoever stores waits for it.
        asked: How often storing was asked for.
        to_sign: What persons are asked to sign off, by person and campaign.
        signed: What was said of it, in order: person and what.
    """

    campaigns: dict[str, Campaign]
    persons: dict[str, str] = field(default_factory=dict)
    stored: list[tuple[str, str, Answer]] = field(default_factory=list)
    slow: float = 0.0
    down: bool = False
    hold: threading.Event | None = None
    asked: int = 0
    to_sign: dict[tuple[str, str], SignOffRequest] = field(default_factory=dict)
    signed: list[tuple[str, SignOff]] = field(default_factory=list)
    forms: None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def decided(self, campaign: str, assignment: str) -> dict[str, Decision]:
        """Return the last decision of each item of an assignment."""
        found = {}
        for _, _, answer in self.stored:
            if (answer.campaign, answer.assignment) == (campaign, assignment):
                found |= {each.item: each for each in answer.decisions}
        return found

    def tasks(self, who: Member) -> Tasks:
        """As `Desk.tasks`."""
        self._read()
        found = [self.summary(who, each) for each in self.campaigns]
        known = [each for each in found if each is not None]
        waiting = [each for each in known if each.closed is None and any(task.open for task in each.tasks)]
        return Tasks(tuple(waiting), tuple(task for each in known for task in each.tasks if not task.open))

    def summary(self, who: Member, campaign: str) -> Summary | None:
        """As `Desk.summary`."""
        self._read()
        found = self.campaigns.get(campaign)
        if found is None or found.pins.get(who.person) != (who.team, who.user):
            return None
        tasks = tuple(self._task(found, each) for each, given in found.assignments.items() if given.person == who.person)
        return Summary(
            campaign=campaign,
            title=found.title,
            unit="accounts",
            tasks=tasks,
            closed=found.closed,
            posted=found.posted.get(who.person),
        )

    def page(self, who: Member, campaign: str, assignment: str, after: str | None) -> Page | Task | Refused:
        """As `Desk.page`."""
        self._read()
        if (why := self._why_not(who, campaign, assignment)) is not None:
            return Refused(why)
        found = self.campaigns[campaign]
        items = found.assignments[assignment].items
        done = self.decided(campaign, assignment)
        places = {item.id: place for place, item in enumerate(items)}
        start = places[after] + 1 if after in places else 0
        waiting = [(place + 1, item) for place, item in enumerate(items) if place >= start and item.id not in done]
        if not waiting:
            return self._task(found, assignment)
        shown = waiting[:PAGE_ITEMS]
        before = sum(1 for place, item in enumerate(items) if place < start and item.id not in done)
        of = -(-(len(waiting) + before) // PAGE_ITEMS)
        number = min(of, before // PAGE_ITEMS + 1)
        return self._page(found, assignment, number, of, shown)

    def shown(self, who: Member, campaign: str, assignment: str, items: Sequence[str]) -> Page | Refused:
        """As `Desk.shown`."""
        self._read()
        if (why := self._why_not(who, campaign, assignment)) is not None:
            return Refused(why)
        found = self.campaigns[campaign]
        known = list(enumerate(found.assignments[assignment].items, start=1))
        wanted = set(items)
        if not wanted <= {item.id for _, item in known} or not items:
            return Refused("An item is not part of what was given to you.")
        return self._page(found, assignment, 1, 1, [each for each in known if each[1].id in wanted])

    def answer(self, who: Member, answer: Answer) -> Stored | Refused:
        """As `Desk.answer`."""
        with self._lock:
            self.asked += 1
        if self.hold is not None:
            self.hold.wait()
        time.sleep(self.slow)
        if self.down:
            raise StoreUnavailable("the store does not answer")
        with self._lock:
            if (why := self._why_not(who, answer.campaign, answer.assignment)) is not None:
                return Refused(why)
            response = f"{answer.assignment}-{answer.interaction}"
            now = all(each != response for each, _, _ in self.stored)
            if now:
                self.stored.append((response, who.person, answer))
            return Stored(response, answer.acted_at, self._task(self.campaigns[answer.campaign], answer.assignment), now)

    def sign_offs(self, who: Member) -> tuple[SignOffRequest, ...]:
        """As `SignOffDesk.sign_offs`."""
        self._read()
        return tuple(each for (person, _), each in self.to_sign.items() if person == who.person and each.waits)

    def sign_off_request(self, who: Member, campaign: str) -> SignOffRequest | Refused:
        """As `SignOffDesk.sign_off_request`."""
        self._read()
        return self.to_sign.get((who.person, campaign), Refused("Nothing here waits for your sign-off."))

    def sign_off(self, who: Member, said: SignOff) -> SignOffStored | Refused:
        """As `SignOffDesk.sign_off`."""
        if self.hold is not None:
            self.hold.wait()
        asked = self.sign_off_request(who, said.campaign)
        if isinstance(asked, Refused):
            return asked
        with self._lock:
            response, now = f"sign-off-{said.interaction}", all(said.interaction != each.interaction for _, each in self.signed)
            if now:
                self.signed.append((who.person, said))
                standing = SignOffStanding(said.approved, said.acted_at, response)
                self.to_sign[who.person, said.campaign] = replace(asked, standing=standing)
            return SignOffStored(response, said.acted_at, said.approved, now)

    def names(self, persons: Iterable[str]) -> Mapping[str, str]:
        """As `Desk.names`."""
        return {each: self.persons[each] for each in persons if each in self.persons}

    def contacts(self, _who: Member, campaign: str) -> tuple[Member, ...]:
        """As `Desk.contacts`."""
        found = self.campaigns.get(campaign)
        return tuple(Member(*found.pins[each], each) for each in found.managers) if found else ()

    def _read(self) -> None:
        if self.down:
            raise StoreUnavailable("the store does not answer")

    def _why_not(self, who: Member, campaign: str, assignment: str) -> str | None:
        found = self.campaigns.get(campaign)
        if found is None or found.pins.get(who.person) != (who.team, who.user):
            return "This review does not know you."
        if found.closed is not None:
            return found.closed
        if who.person in found.left:
            return "You have left the company since the review began."
        given = found.assignments.get(assignment)
        return None if given is not None and given.person == who.person else "This was not given to you."

    def _task(self, campaign: Campaign, assignment: str) -> Task:
        given = campaign.assignments[assignment]
        answered = len(self.decided(campaign.id, assignment))
        done_at = DUE - timedelta(days=2) if answered == len(given.items) else None
        return Task(
            campaign=campaign.id,
            assignment=assignment,
            title=given.title,
            total=len(given.items),
            answered=answered,
            due_at=DUE,
            done_at=done_at,
        )

    def _page(self, campaign: Campaign, assignment: str, number: int, of: int, items: Sequence[tuple[int, Item]]) -> Page:
        return Page(
            task=self._task(campaign, assignment),
            title=campaign.title,
            number=number,
            of=of,
            items=tuple(items),
            choices=CHOICES,
            introduction="Does this person still need this access for their work?",
        )


def items(count: int, prefix: str = "a") -> list[Item]:
    """Return items with different things known of them."""
    made = []
    for number in range(1, count + 1):
        item = Item(
            id=f"{prefix}{number:019x}",
            row_sha256=f"{number:064x}",
            title=f"user{number} · admin",
            holder=f"person-{number:020x}",
            facts=(("System", "GitHub"), ("Last used", "not known" if number % 3 else "2026-03-01")),
        )
        made.append(replace(item, flags=("privileged", "no second factor")) if number % 2 else item)
    return made
