# SPDX-License-Identifier: Apache-2.0
"""Where a campaign stands: what is open and whose it is, how far each assignment is, who may answer what, what was refused.

It is read here and built by `tieout.campaigns.folding` only. Nothing is kept for what nobody has touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tieout.campaigns.assignments import Assignment
from tieout.campaigns.definition import Definition
from tieout.campaigns.events import LAST_ID, Cancelled, Closed, Notice, Order, SignedOff, Unread
from tieout.campaigns.facts import Facts, Refusal, Why
from tieout.campaigns.replay import Replayed, Touch, untouched
from tieout.campaigns.rights import Counted, How, Standing, judge, place_in

_JUST = timedelta(microseconds=1)


class Phase(StrEnum):
    """What a campaign is in."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item that is open and that a person may answer: in which assignment, how it came to be, and in whose place."""

    assignment: str
    item: str
    how: How
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an assignment, or a person, is."""

    items: int
    decided: int

    @property
    def open(self) -> int:
        """How many are open."""
        return self.items - self.decided


@dataclass(frozen=True, slots=True)
class Noted:
    """A notice that is in the ledger, since when, and in which event."""

    notice: Notice
    at: datetime
    event: str


@dataclass(slots=True, eq=False)
class State:
    """Where a campaign stands. Whoever reads it changes nothing in it.

    Attributes:
        definition: The campaign's.
        facts: Who has left, who covers whom.
        closed: The close that counts.
        noticed: Notices that are in the ledger, by id.
        told: When each person was told something last.
        signed_off: Sign-offs that count, in order: the last one holds.
        unread: Documents that could not be read, by id.
        latest: The latest time of what the task recorded, and of what people said and was not refused as a whole.
        heard: Ids of all that has been said, refused or not, but for closes and sign-offs.
    """

    definition: Definition
    facts: Facts
    closed: Closed | None = None
    noticed: dict[str, Noted] = field(default_factory=dict)
    told: dict[str, datetime] = field(default_factory=dict)
    stuck: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """When the program's managers were told that nobody is left for an item, by assignment and item."""
    signed_off: list[SignedOff] = field(default_factory=list)
    unread: dict[str, Unread] = field(default_factory=dict)
    latest: datetime | None = None
    heard: set[str] = field(default_factory=set)
    touches: dict[str, list[Touch]] = field(default_factory=dict)
    """All that touched an item, by its id, in no order."""
    replayed: dict[str, Replayed] = field(default_factory=dict)
    event_refusals: dict[str, tuple[Refusal, ...]] = field(default_factory=dict)
    decided: Counter[str] = field(default_factory=Counter)
    """How many items of each assignment are decided."""
    done_elsewhere: Counter[str] = field(default_factory=Counter)
    """How many items of others' assignments each person has decided."""
    elsewhere: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """Open items of others' assignments that are, or were before an escalation, each person's, by assignment and item."""

    @property
    def cancelled(self) -> Cancelled | None:
        """The cancellation that counts."""
        return self.facts.cancelled

    @property
    def phase(self) -> Phase:
        """What the campaign is in."""
        return Phase.CLOSED if self.closed else Phase.CANCELLED if self.cancelled else Phase.OPEN

    def over_or_not_open(self, at: datetime) -> Why | None:
        """Return why nothing can be answered now; ``None`` where it can."""
        if self.phase is Phase.OPEN:
            return Why.NOT_OPEN_YET if at < self.definition.schedule.opened_at else None
        return Why.CLOSED if self.closed else Why.CANCELLED

    def not_before(self, now: datetime) -> datetime:
        """Return the time for what the task records now: now, or just after the latest event where its clock is behind.

        What is worked out from an event has to come after it, or it would be folded before it.
        """
        return now if self.latest is None or now > self.latest else self.latest + _JUST

    def standings(self, item: str) -> tuple[Standing, ...]:
        """Return where an item stands in each slot, by slot."""
        found = self.replayed.get(item)
        return found.standings if found else untouched(self.definition, item)

    def standing(self, assignment: str, item: str) -> Standing:
        """Return where an item of an assignment stands."""
        standings = self.standings(item)
        return standings[place_in(standings, assignment)]

    def outcome(self, item: str) -> Counted | None:
        """Return the decision that holds for an item: the strongest of its slots'; ``None`` while one of them is open."""
        decisions = [each.decision for each in self.standings(item)]
        given = [each for each in decisions if each is not None]
        return min(given, key=lambda each: self.definition.rank[each.decision]) if len(given) == len(decisions) else None

    @property
    def open(self) -> int:
        """How many decisions are awaited: an item that two people answer for counts twice."""
        return self.definition.awaited - self.decided.total()

    def progress(self, assignment: str) -> Progress:
        """Return how far an assignment is, whoever answered."""
        return Progress(len(self.definition.assignments[assignment].items), self.decided[assignment])

    def open_standings(self) -> Iterator[tuple[str, Standing]]:
        """Return each item that is open with where it stands, by assignment, in the order in which they are shown."""
        for each in self.definition.assignments.values():
            if self.decided[each.id] < len(each.items):
                for item in each.items:
                    standing = self.standing(each.id, item)
                    if standing.decision is None:
                        yield item, standing

    def open_items(self, person: str, at: datetime) -> tuple[OpenItem, ...]:
        """Return the open items that a person may answer now: his own, those that came to him, those he covers."""
        if self.over_or_not_open(at):
            return ()
        found = dict(self._open_to(person, person, (at, LAST_ID)))
        for cover in self.facts.covers_by(person):
            if cover.in_force((at, LAST_ID)):
                for key, each in self._open_to(cover.person, person, (at, LAST_ID)):
                    found.setdefault(key, each)
        return tuple(found.values())

    def open_in(self, assignment: str, person: str, at: datetime) -> list[str]:
        """Return the open items of an assignment that a person may answer now, in its order; quick where nobody touched them."""
        given, order = self.definition.assignments[assignment], (at, LAST_ID)
        theirs = given.person == person and not self.facts.has_left(person, order)

        def may(item: str) -> bool:
            if theirs and item not in self.replayed and len(self.definition.assignments_of_item[item]) == 1:
                return self.definition.items[item].subject != person  # what `judge` says then
            right = judge(self.facts, self.standings(item), assignment, item, person, order)
            return right.why is None and self.standing(assignment, item).answer is None

        return [] if self.over_or_not_open(at) else [item for item in given.items if may(item)]

    def person_progress(self, person: str, at: datetime) -> Progress:
        """Return how far a person is: what was his from the start or he decided, and what he may answer now."""
        own = sum(self.decided[each.id] for each in self.definition.assignments_of_person.get(person, ()))
        done = own + self.done_elsewhere[person]
        return Progress(done + len(self.open_items(person, at)), done)

    def _open_to(self, owner: str, person: str, order: Order) -> Iterator[tuple[tuple[str, str], OpenItem]]:
        """Return the open items of an owner that a person, the owner or a stand-in, may answer."""
        for key in self._held_by(owner):
            right = judge(self.facts, self.standings(key[1]), *key, person, order)
            if right.why is None and (person == owner) == (right.how is not How.COVERED):
                yield key, OpenItem(*key, right.how, right.instead_of)

    def _held_by(self, owner: str) -> Iterator[tuple[str, str]]:
        for each in self.definition.assignments_of_person.get(owner, ()):
            if self.decided[each.id] < len(each.items):
                yield from ((each.id, item) for item in each.items if self._is_open_to(owner, each, item))
        yield from sorted(self.elsewhere.get(owner, ()))

    def _is_open_to(self, owner: str, assignment: Assignment, item: str) -> bool:
        if item not in self.replayed:
            return True
        standing = self.standing(assignment.id, item)
        return standing.answer is None and owner in (standing.holder, *standing.before)

    def who_may_answer(self, item: str, at: datetime) -> tuple[tuple[str, str, How], ...]:
        """Return who may answer an item now, as assignment, person and how, by slot; whoever holds it comes first."""
        if self.over_or_not_open(at):
            return ()
        order, standings = (at, LAST_ID), self.standings(item)
        found = []
        for each in standings:
            owners = (each.holder, *each.before)
            stand_ins = sorted({cover.stand_in for cover in self.facts.covers.values() if cover.person in owners})
            for person in dict.fromkeys((*owners, *stand_ins)):
                right = judge(self.facts, standings, each.assignment, item, person, order)
                if right.why is None:
                    found.append((each.assignment, person, right.how))
        return tuple(found)

    @property
    def asked(self) -> set[str]:
        """Everybody who was asked about an item, or decided one."""
        found = set(self.definition.assignments_of_person)
        for each in (each for found in self.replayed.values() for each in found.standings):
            found.update((each.holder, *each.before, *each.givers))
            if each.decision is not None and not each.decision.by_rule:
                found.add(each.decision.by)
        return found

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """All that was said and does not count, in order: nothing is lost."""
        found = [each for listed in self.event_refusals.values() for each in listed]
        found += [each for replayed in self.replayed.values() for each in replayed.refusals]
        return tuple(sorted(found, key=lambda each: (each.at, each.event, each.assignment or "", each.item or "", each.why)))

    def refused_of(self, event: str, items: Sequence[str] = ()) -> tuple[Refusal, ...]:
        """Return what of one event does not count; quicker than `refused` where the items that it names are given."""
        found = list(self.event_refusals.get(event, ()))
        found += [each for item in items if item in self.replayed for each in self.replayed[item].refusals if each.event == event]
        return tuple(found)
