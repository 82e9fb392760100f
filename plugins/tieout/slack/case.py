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

from tieout.campaigns.definition import Definition, Pin
from tieout.campaigns.events import Decided, Event
from tieout.campaigns.facts import Why
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.responder import Responder
from tieout.campaigns.state import Phase
from tieout.slack.desk import AIRFLOW, Choice, Item, Member, Posted, Summary, Task

FRESH_SECONDS = 2.0
"""How long what was read of an assignment is taken for so: what this process stores itself is known at once."""
WHOLE_SECONDS = 30.0
"""How long what was read of a whole campaign is: only who was given something of others' needs it, and it may be large."""
_WHOLE = ""


@dataclass(kw_only=True)
class Case:
    """One campaign. Thread-safe.

    Attributes:
        ledger: What has been said.
        responder: Stores what is said.
        title: What the campaign is: ``Access review 2026-Q1``.
        unit: What is decided, in the plural: ``accounts``.
        labels: Words of the choices that are offered, by name, in the order in which they are shown.
        introduction: What people are asked, in a sentence or two.
        item: An item as it is shown, by its id; the same for as long as the campaign is open.
        named: What an assignment is about, by its id; the same for as long as the campaign is open.
        posted: Where a person's summary stands in Slack, where it was sent.
        clock: Monotonic seconds.
    """

    ledger: Ledger
    responder: Responder
    title: str
    unit: str
    labels: Mapping[str, str]
    introduction: str
    item: Callable[[str], Item]
    named: Callable[[str], str]
    posted: Callable[[str], Posted | None]
    clock: Callable[[], float] = time.monotonic
    _read_at: dict[str, float] = field(default_factory=dict, repr=False)
    _reading: dict[str, threading.Lock] = field(default_factory=dict, repr=False)
    _answered: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set), repr=False)

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
        """Whether somebody is who the campaign pinned as this person; Airflow's word is taken for its own users."""
        if who.team == AIRFLOW:
            return who.person in self.definition.people
        return self.definition.pins.get(who.person) == Pin(who.team, who.user)

    def refresh(self, assignments: Iterable[str]) -> None:
        """Read what has come to assignments, unless that was done just now.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        for each in assignments:
            if self.is_due(each, FRESH_SECONDS):
                with self._reading.setdefault(each, threading.Lock()):
                    if self.is_due(each, FRESH_SECONDS):  # nobody else has read it meanwhile
                        self._note(self.ledger.refresh(each))
                        self._read_at[each] = self.clock()

    def add(self, key: str, event: Event) -> None:
        """Take in what this process has stored."""
        self.ledger.add(key, event)
        self._note([event])

    def assignments_of(self, person: str, now: datetime) -> tuple[str, ...]:
        """Return the assignments that a person has a part in: their own first, then those of others."""
        own = [each.id for each in self.definition.assignments_of_person.get(person, ())]
        with self.ledger.lock:
            came = [each.assignment for each in self.ledger.state.open_items(person, now)]
        return tuple(dict.fromkeys([*own, *came, *sorted(self._answered[person])]))

    def open_of(self, person: str, assignment: str, now: datetime) -> list[str]:
        """Return the items of an assignment that a person may answer now, in its order."""
        with self.ledger.lock:
            mine = {each.item for each in self.ledger.state.open_items(person, now) if each.assignment == assignment}
        return [item for item in self.definition.assignments[assignment].items if item in mine] if mine else []

    def task(self, person: str, assignment: str, now: datetime) -> Task:
        """Return how far a person is with their part of an assignment."""
        with self.ledger.lock:
            given = self.definition.assignments[assignment]
            decided = [(self.ledger.state.standing(assignment, item).decision, item) for item in given.items]
            mine = [each for each, _ in decided if each is not None and person in (given.person, each.by)]
            waiting = len(self.open_of(person, assignment, now))
        return Task(
            campaign=self.definition.campaign,
            assignment=assignment,
            title=self.named(assignment),
            total=len(mine) + waiting,
            answered=len(mine),
            due_at=self.definition.schedule.due(now),
            done_at=max((each.at for each in mine), default=None) if not waiting else None,
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
                self._note(self.ledger.refresh())
                self._read_at[_WHOLE] = self.clock()
            finally:
                reading.release()

    def is_due(self, what: str, seconds: float) -> bool:
        """Whether an assignment was read longer ago than this; what is closed changes no more."""
        at = self._read_at.get(what)
        return at is None or (self.ledger.state.phase is Phase.OPEN and self.clock() - at >= seconds)

    def _note(self, events: Iterable[Event]) -> None:
        for each in events:
            if isinstance(each, Decided):
                self._answered[each.by].add(each.assignment)


_WORDS = {
    Why.OWN: "This is about yourself: somebody else has to decide it.",
    Why.LEFT: "You have left the company since this began.",
    Why.OTHER_SLOT: "Two people decide this apart, and you are the other one.",
    Why.DECIDED: "Somebody else has decided this.",
    Why.COVER_NOT_IN_FORCE: "Your cover has not begun, or is over.",
    Why.NOT_OPEN_YET: "This has not been opened yet.",
    Why.NO_REASON: "A reason is missing.",
    Why.ROW_DIFFERS: "This is not what was frozen. Open it again.",
}
NOT_GIVEN = "This was not given to you, or is somebody else's now."


def in_words(why: Why, closed: str | None) -> str:
    """Return why somebody may not answer, for them to read."""
    if why in (Why.CLOSED, Why.CANCELLED):
        return closed or "It takes no more answers."
    return _WORDS.get(why, NOT_GIVEN)
