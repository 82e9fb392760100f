# SPDX-License-Identifier: Apache-2.0
"""A desk in memory: campaigns of a few people, with the rules that the pages have to hold to. Thread-safe."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tieout.desks.desk import Answer, Member, Page, Refused, Stored, Summary, Task, Tasks
from tieout.desks.items import Choice, Item
from tieout.desks.sign_off_desk import SignOff, SignOffRequest, SignOffStanding, SignOffStored
from tieout.errors import StoreUnavailable

NOW = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
DUE = datetime(2026, 4, 14, 22, 30, tzinfo=UTC)
CHOICES = (Choice("keep", "Keep"), Choice("revoke", "Revoke", needs_reason=True), Choice("change", "Change", needs_reason=True))
CAMPAIGN = "cc6_3_access_review.2026-Q1"


def item(number: int, **changes: object) -> Item:
    """Return an item like those of an access review."""
    made = {
        "id": hashlib.sha256(f"item {number}".encode()).hexdigest()[:20],
        "row_sha256": hashlib.sha256(f"row {number}".encode()).hexdigest(),
        "title": f"user-{number:03} has repository write",
        "holder": f"person-{number:020x}",
        "facts": (("Granted", "2025-11-03"), ("Last used", "not known")),
        "flags": ("dormant", "no MFA") if number % 3 == 0 else (),
        **changes,
    }
    return Item(**made)  # type: ignore[arg-type]


@dataclass
class Given:
    """One assignment."""

    person: str
    title: str
    items: tuple[Item, ...]
    decided: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    last: datetime | None = None


@dataclass
class Memory:
    """The desk.

    Attributes:
        given: Assignments by id, all of one campaign.
        known: Names of persons.
        answers: What was stored, in order.
        closed: Why the campaign takes nothing more.
        down: Names of methods that fail as if the store did not answer.
        before: Called with a method's name before it answers.
        size: Items on a page.
        signer: Who is asked to sign off.
        to_sign: What they are asked; ``None`` where nothing waits.
        signed: What was said of it, in order.
    """

    given: dict[str, Given]
    known: dict[str, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    closed: str | None = None
    down: set[str] = field(default_factory=set)
    before: Callable[[str], object] = len
    title: str = "Access review 2026-Q1"
    introduction: str = "Does each person still need this for their work?"
    size: int = 15
    now: datetime = NOW
    signer: str = "grace@shop.example"
    forms: None = None
    to_sign: SignOffRequest | None = None
    signed: list[SignOff] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _stored: dict[str, Stored] = field(default_factory=dict)

    def tasks(self, who: Member) -> Tasks:
        self._begin("tasks")
        summary = self._summary(who)
        if summary is None:
            return Tasks()
        return Tasks(
            (summary,) if any(each.open for each in summary.tasks) else (), tuple(each for each in summary.tasks if not each.open)
        )

    def summary(self, who: Member, campaign: str) -> Summary | None:
        self._begin("summary")
        return self._summary(who) if campaign == CAMPAIGN else None

    def page(self, who: Member, campaign: str, assignment: str, after: str | None) -> Page | Task | Refused:
        self._begin("page")
        mine = self._mine(who, campaign, assignment)
        if isinstance(mine, Refused):
            return mine
        ids = [each.id for each in mine.items]
        start = ids.index(after) + 1 if after in ids else 0
        still_open = [each for each in mine.items if each.id not in mine.decided]
        rest = [each for each in mine.items[start:] if each.id not in mine.decided]
        if not rest:
            return self._task(assignment)
        of = -(-len(still_open) // self.size)
        number = of - -(-len(rest) // self.size) + 1
        return self._page(assignment, rest[: self.size], number, of)

    def shown(self, who: Member, campaign: str, assignment: str, items: Sequence[str]) -> Page | Refused:
        self._begin("shown")
        mine = self._mine(who, campaign, assignment)
        if isinstance(mine, Refused):
            return mine
        by_id = {each.id: each for each in mine.items}
        if not items or any(each not in by_id for each in items):
            return Refused("An item is not part of this review.")
        return self._page(assignment, [each for each in mine.items if each.id in items], 1, 1)

    def answer(self, who: Member, answer: Answer) -> Stored | Refused:
        self._begin("answer")
        with self.lock:
            if answer.interaction in self._stored:
                return self._stored[answer.interaction]
            mine = self._mine(who, answer.campaign, answer.assignment)
            if isinstance(mine, Refused):
                return mine
            if self.closed:
                return Refused(self.closed)
            rows = {each.id: each.row_sha256 for each in mine.items}
            assert all(rows[each.item] == each.row_sha256 for each in answer.decisions)
            mine.decided |= {each.item: (each.choice, each.reason) for each in answer.decisions}
            mine.last = self.now
            self.answers.append(answer)
            stored = Stored(f"response-{len(self.answers):04}", self.now, self._task(answer.assignment))
            self._stored[answer.interaction] = stored
            return stored

    def sign_offs(self, who: Member) -> tuple[SignOffRequest, ...]:
        self._begin("sign_offs")
        return (self.to_sign,) if self.to_sign and self.to_sign.waits and who.person == self.signer else ()

    def sign_off_request(self, who: Member, campaign: str) -> SignOffRequest | Refused:
        self._begin("sign_off_request")
        mine = self.to_sign and who.person == self.signer and campaign == self.to_sign.campaign
        return self.to_sign if self.to_sign and mine else Refused("Nothing here waits for your sign-off.")

    def sign_off(self, who: Member, said: SignOff) -> SignOffStored | Refused:
        self._begin("sign_off")
        with self.lock:
            asked = self.sign_off_request(who, said.campaign)
            if isinstance(asked, Refused):
                return asked
            response = f"sign-off-{said.interaction}"
            known = any(each.interaction == said.interaction for each in self.signed)
            if not known and not asked.waits:
                return Refused("It is signed off already.")
            if not known:
                self.signed.append(said)
                self.to_sign = replace(asked, standing=SignOffStanding(said.approved, self.now, response))
            return SignOffStored(response, self.now, said.approved, not known)

    def names(self, persons: Iterable[str]) -> Mapping[str, str]:
        self._begin("names")
        return {each: self.known[each] for each in persons if each in self.known}

    def contacts(self, who: Member, campaign: str) -> tuple[Member, ...]:
        del who, campaign
        return ()

    def change(self, assignment: str, number: int, **changes: object) -> None:
        """Have an item be another one than it was."""
        mine = self.given[assignment]
        mine.items = tuple(replace(each, **changes) if place == number else each for place, each in enumerate(mine.items, 1))  # type: ignore[arg-type]

    def forget(self) -> None:
        """Be as if nobody had answered."""
        with self.lock:
            self.answers.clear()
            self._stored.clear()
            for each in self.given.values():
                each.decided.clear()

    def _begin(self, method: str) -> None:
        self.before(method)
        if method in self.down:
            raise StoreUnavailable("the store did not answer")

    def _mine(self, who: Member, campaign: str, assignment: str) -> Given | Refused:
        found = self.given.get(assignment) if campaign == CAMPAIGN else None
        return found if found is not None and found.person == who.person else Refused("This is not yours to answer.")

    def _summary(self, who: Member) -> Summary | None:
        tasks = tuple(self._task(name) for name, each in self.given.items() if each.person == who.person)
        return Summary(campaign=CAMPAIGN, title=self.title, unit="accounts", tasks=tasks, closed=self.closed) if tasks else None

    def _task(self, assignment: str) -> Task:
        mine = self.given[assignment]
        done = mine.last if len(mine.decided) == len(mine.items) else None
        return Task(
            campaign=CAMPAIGN,
            assignment=assignment,
            title=mine.title,
            total=len(mine.items),
            answered=len(mine.decided),
            due_at=DUE,
            done_at=done,
        )

    def _page(self, assignment: str, items: Sequence[Item], number: int, of: int) -> Page:
        places = {each.id: place for place, each in enumerate(self.given[assignment].items, 1)}
        return Page(
            task=self._task(assignment),
            title=self.title,
            number=number,
            of=of,
            items=tuple((places[each.id], each) for each in items),
            choices=CHOICES,
            introduction=self.introduction,
        )


def to_sign(**changes: object) -> SignOffRequest:
    """Return what waits for a sign-off."""
    lines = (
        "Review of access.", "What you sign off is this.", "", "idp: 34 items: 30 keep, 4 revoke, 0 change.",
        "- Not proven: 1.", "  - user-007, admin: <b>It</b> was revoked.",
    )  # fmt: skip
    made = {"campaign": CAMPAIGN, "title": "Access review 2026-Q1", "about_sha256": "d" * 64, "lines": lines, "recorded_at": NOW}
    return SignOffRequest(**(made | changes))  # type: ignore[arg-type]


def memory(**changes: object) -> Memory:
    """Return a desk where Ada has 20 items to decide, and Grace has 3."""
    given = {
        "1-ada": Given("ada@shop.example", "GitHub, as owner of the system", tuple(item(number) for number in range(1, 21))),
        "1-grace": Given("grace@shop.example", "Okta, as manager", tuple(item(number) for number in range(101, 104))),
    }
    names = {f"person-{number:020x}": f"Person {number}" for number in range(1, 200)}
    return Memory(given=given, known=names, **changes)  # type: ignore[arg-type]
