# SPDX-License-Identifier: Apache-2.0
"""One campaign as the desk shows it: what its ledger says of a person's part of it, in words and numbers for people.

A person's part is what was given to them, what came to them from others, and what they have decided of it.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from tieout.campaigns.answers import OF_CAMPAIGN
from tieout.campaigns.definition import Definition, Pin
from tieout.campaigns.events import Covered, Decided, Event, Noticed, NoticeKind, Reassigned
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.responder import Responder
from tieout.campaigns.state import Phase
from tieout.desks.desk import AIRFLOW, LINK, PAGE_ITEMS, Member, Posted, Summary, Task
from tieout.desks.items import DECIDING, Choice, Item, Wording

FRESH_SECONDS = 2.0
"""How long what was read of an assignment is taken for so: what this process stores itself is known at once."""
GIVEN_SECONDS = 15.0
"""How long it is where a page comes back that this process gave out: what others decide of it may be missing then, and the fold
knows who was first. Who may answer (`OF_CAMPAIGN`) is never older than `FRESH_SECONDS`."""
WHOLE_SECONDS = 30.0
"""How long what was read of a whole campaign is: only who was given something of others' needs it (`Reading.has_others`)."""
_WHOLE = ""
_WAIT_SECONDS = 0.5


@dataclass(kw_only=True)
class Reading:
    """One campaign, read. Thread-safe.

    Attributes:
        ledger: What has been said.
        title: What the campaign is: ``Access review 2026-Q1``.
        unit: What is decided, in the plural: ``accounts``.
        labels: Words of the choices that are offered, by name, in order.
        introduction: What people are asked, in a sentence or two.
        item: An item as it is shown, by its id; the same for as long as the campaign is open.
        named: What an assignment is about, by its id; as stable.
        posted: Where a person's summary stands in Slack, where it was sent.
        words: What people do with the items.
        page_items: Most of them on one page.
        pages: Where the pages of forms are, up to the campaign's id; empty where nobody knows.
        clock: Monotonic seconds.
    """

    ledger: Ledger
    title: str
    unit: str
    labels: Mapping[str, str]
    introduction: str
    item: Callable[[str], Item]
    named: Callable[[str], str]
    posted: Callable[[str], Posted | None]
    words: Wording = DECIDING
    page_items: int = PAGE_ITEMS
    pages: str = ""
    clock: Callable[[], float] = time.monotonic
    _read_at: dict[str, float] = field(default_factory=dict, repr=False)
    _reading: dict[str, threading.Lock] = field(default_factory=dict, repr=False)
    _given: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    _with_others: set[str] = field(default_factory=set, repr=False)
    _fresh_until: dict[str, float] = field(default_factory=dict, repr=False)
    _answers: defaultdict[str, dict[str, Decided]] = field(default_factory=lambda: defaultdict(dict), repr=False)

    @property
    def definition(self) -> Definition:
        """The campaign's definition."""
        return self.ledger.definition

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What may be decided."""
        known = self.definition.choices
        return tuple(Choice(name, label, known[name].needs_reason) for name, label in self.labels.items())

    def knows(self, who: Member) -> bool:
        """Whether somebody is who the campaign pinned as this person; Airflow and links vouch for whom they stand for."""
        if who.team in (AIRFLOW, LINK):
            return who.person in self.definition.people
        return self.definition.pins.get(who.person) == Pin(who.team, who.user)

    def refresh(self, assignments: Iterable[str]) -> None:
        """Read what has come to assignments, and to the campaign as a whole, unless that was done just now.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        for each in dict.fromkeys([OF_CAMPAIGN, *assignments]):
            if self.is_due(each, FRESH_SECONDS):
                self._read(each)

    def give(self, assignment: str, items: Iterable[str]) -> None:
        """Note that this process gives out a page of an assignment."""
        self._given[assignment] = frozenset(items)

    def take_back(self, assignment: str, items: Iterable[str]) -> None:
        """Note that a page of an assignment comes back: what was read is taken for so longer where this process gave it out."""
        if self._given.get(assignment) == frozenset(items) and not self.is_due(assignment, GIVEN_SECONDS):
            self._fresh_until[assignment] = self.clock() + FRESH_SECONDS

    def _read(self, part: str) -> None:
        """Read what has come to an assignment, unless somebody else just does; nobody waits long for one whose store hangs."""
        lock = self._reading.setdefault(part, threading.Lock())
        held = lock.acquire(timeout=_WAIT_SECONDS)
        try:
            if self.is_due(part, FRESH_SECONDS):
                at = self.clock()
                self.note(self.ledger.refresh(part))
                self._read_at[part] = at
        finally:
            if held:
                lock.release()

    def add(self, key: str, event: Event) -> None:
        """Take in what this process has stored."""
        self.ledger.add(key, event)
        self.note([event])

    def assignments_of(self, person: str, now: datetime) -> tuple[str, ...]:
        """Return the assignments that a person has a part in: their own first, then those of others."""
        own = [each.id for each in self.definition.assignments_of_person.get(person, ())]
        with self.ledger.lock:
            came = [each.assignment for each in self.ledger.state.open_items(person, now)]
        answered = {each.assignment for each in list(self._answers[person].values())}
        return tuple(dict.fromkeys([*own, *came, *sorted(answered)]))

    def standing(self, said: Decided) -> Decided | None:
        """Return the answer that has been read and says the same in the same interaction; it was delivered before."""
        found = self._answers[said.by].get(said.interaction)
        same = found and (found.assignment, found.decisions) == (said.assignment, said.decisions)
        return found if same else None

    def open_of(self, person: str, assignment: str, now: datetime) -> list[str]:
        """Return the items of an assignment that a person may answer now, in its order."""
        with self.ledger.lock:
            return self.ledger.state.open_in(assignment, person, now)

    def task(self, person: str, assignment: str, now: datetime) -> Task:
        """Return how far a person is with their part of an assignment."""
        with self.ledger.lock:
            given, state = self.definition.assignments[assignment], self.ledger.state
            waiting = len(state.open_in(assignment, person, now))
            answered, done_at = state.decided[assignment], None
            if person != given.person or not waiting:
                decided = [state.standing(assignment, item).answer for item in given.items if item in state.replayed]
                mine = [each for each in decided if each is not None and person in (given.person, each.by)]
                answered, done_at = len(mine), max((each.at for each in mine), default=None)
        return Task(
            campaign=self.definition.campaign,
            assignment=assignment,
            title=self.named(assignment),
            total=answered + waiting,
            answered=answered,
            due_at=self.definition.due_of(assignment, now),
            done_at=done_at if not waiting else None,
            words=self.words,
            page=f"{self.pages}{self.definition.campaign}/{assignment}" if self.pages else "",
        )

    def summary(self, person: str, now: datetime) -> Summary:
        """Return what the campaign asks of a person."""
        tasks = [self.task(person, each, now) for each in self.assignments_of(person, now)]
        return Summary(
            campaign=self.definition.campaign,
            title=self.title,
            unit=self.unit,
            tasks=tuple(each for each in tasks if each.total),
            closed=self.closed(),
            posted=self.posted(person),
            words=self.words,
        )

    def closed(self) -> str | None:
        """Return why the campaign takes no more answers; ``None`` while it does."""
        with self.ledger.lock:
            state = self.ledger.state
            over = state.closed or state.cancelled
        if state.phase is Phase.OPEN or over is None:
            return None
        return f"It was {state.phase.value} on {over.at.day} {over.at:%B %Y}."

    def refresh_whole(self) -> None:
        """Read all that has come to the campaign, unless that was done a while ago only, or is being done.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        reading = self._reading.setdefault(_WHOLE, threading.Lock())
        if self.is_due(_WHOLE, WHOLE_SECONDS) and reading.acquire(blocking=False):
            try:
                self.note(self.ledger.refresh())
                self._read_at[_WHOLE] = self.clock()
            finally:
                reading.release()

    def prepare(self, now: datetime) -> None:
        """Work out what whoever comes first would wait for, and nobody after them: how items are found, and their standings."""
        for given in islice(self.definition.assignments.values(), 1):
            self.task(given.person, given.id, now)
            for item in given.items[:1]:
                self.item(item)

    def refresh_all(self, seconds: float) -> None:
        """Read all that has come to the campaign, over or not, unless that was done so many seconds ago; others wait for it.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        with self._reading.setdefault(_WHOLE, threading.Lock()):
            at = self._read_at.get(_WHOLE)
            if at is None or self.clock() - at >= seconds:
                self.note(self.ledger.refresh())
                self._read_at[_WHOLE] = self.clock()

    def is_due(self, what: str, seconds: float) -> bool:
        """Whether an assignment was read longer ago than this; what is closed changes no more."""
        at, now = self._read_at.get(what), self.clock()
        if at is None:
            return True
        return self.ledger.state.phase is Phase.OPEN and now - at >= seconds and now >= self._fresh_until.get(what, now)

    def note(self, events: Iterable[Event]) -> None:
        """Take in who has answered what, and who was given what was others', from events that the ledger has read."""
        for each in events:
            if isinstance(each, Decided):
                self._answers[each.by][each.interaction] = each
            elif isinstance(each, Reassigned):
                self._with_others.add(each.to)
            elif isinstance(each, Covered):
                self._with_others.add(each.stand_in)
            elif isinstance(each, Noticed):
                self._with_others.update(notice.person for notice in each.notices if notice.kind is NoticeKind.ESCALATION)

    def has_others(self, person: str) -> bool:
        """Whether a person was given something of others', as far as has been read."""
        return person in self._with_others


@dataclass(kw_only=True)
class Case(Reading):
    """One campaign in which people answer here. Thread-safe.

    Attributes:
        responder: Stores what is said.
        row: The frozen row of an item, by its id; of a campaign whose items are forms.
    """

    responder: Responder
    row: Callable[[str], Mapping[str, Any]] | None = None
