# SPDX-License-Identifier: Apache-2.0
"""What holds for a whole campaign, and from when: who has left, who covers whom, whether it is over.

And why something that was said does not count: it is kept with one of these reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Cancelled, Closed, Covered, Event, Notice, NoticeKind, Order, Said, Withdrawn
from tieout.evidence.signed import CLOCK_TOLERANCE


class Why(StrEnum):
    """Why something does not count."""

    NOT_OPEN_YET = "the campaign had not opened"
    CANCELLED = "the campaign was cancelled"
    CLOSED = "the campaign was closed"
    OTHER_DEFINITION = "it was said to another definition of the campaign"
    ODD_TIMES = "it was stored more than an hour before or after it was said"
    LEFT = "the person has left"
    UNKNOWN_PERSON = "the campaign knows no such person"
    UNKNOWN_ASSIGNMENT = "there is no such assignment"
    UNKNOWN_ITEM = "the assignment has no such item"
    ROW_DIFFERS = "it was said of another row than the frozen one"
    UNKNOWN_CHOICE = "it can not be decided so"
    NO_REASON = "it needs a reason"
    OWN = "the item is about the person"
    PERSONAL = "nobody answers in the place of whom it was given to"
    OTHER_SLOT = "the person answers for the item in the other slot"
    NOT_THEIRS = "the item is not the person's to answer"
    COVER_NOT_IN_FORCE = "the person's cover had not begun, or was over"
    DECIDED = "the item is decided"
    MAY_NOT_LOOK = "the person may not accept or return it"
    OWN_ANSWER = "who has handed it in does not accept or return it"
    OTHER_ANSWER = "it is about another answer than the one that waits"
    MAY_NOT_COVER = "only the person, or a manager of the program, enters or withdraws cover"
    ODD_COVER = "a cover needs two people, and an end after its beginning"
    NO_SUCH_COVER = "there is no such cover, or it is withdrawn"
    MAY_NOT_SIGN = "the person may not sign off"
    REVIEWED = "who was asked does not sign off"
    NOT_CLOSED = "the campaign is not closed"
    OPEN_ITEMS = "items were open, and no rule let it close with them"
    NOT_DUE = "items were open, and it was not due"
    COUNTS_DIFFER = "it counts otherwise than what had been said"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was said and does not count."""

    event: str
    at: datetime
    by: str
    why: Why
    assignment: str | None = None
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """Who answers for whom, from when to when."""

    id: str
    by: str
    person: str
    stand_in: str
    assignments: tuple[str, ...] | None
    from_: datetime
    until: datetime
    entered: Order
    withdrawn: Order | None = None

    def in_force(self, order: Order) -> bool:
        """Whether it holds for what has this place among all events."""
        ended = self.withdrawn is not None and self.withdrawn <= order
        return self.entered < order and not ended and self.from_ <= order[0] < self.until

    def includes(self, assignment: str) -> bool:
        """Whether an assignment is within its scope."""
        return self.assignments is None or assignment in self.assignments


@dataclass(slots=True)
class Facts:
    """What holds for the whole campaign, as far as it has been said."""

    definition: Definition
    closer: Closed | None = None
    """The close that everything is judged under; whether it is valid shows at the end."""
    cancelled: Cancelled | None = None
    left: dict[str, Order] = field(default_factory=dict)
    """Who has left, and since what."""
    unreachable: dict[str, Order] = field(default_factory=dict)
    covers: dict[str, Cover] = field(default_factory=dict)
    """By id, those that are over among them."""
    by_stand_in: dict[str, list[str]] = field(default_factory=dict)

    def refuses(self, event: Event) -> Why | None:
        """Return why nothing of an event counts, whatever it says; ``None`` where it may."""
        if self.closer is not None and event.id not in self.closer.heard:
            return Why.CLOSED
        if self.cancelled is not None and self.cancelled.order < event.order:
            return Why.CANCELLED
        return self.refuses_person(event) if isinstance(event, Said) else None

    def refuses_person(self, event: Said) -> Why | None:
        """Return why nothing of what a person said counts, whatever it is and whether the campaign is over; ``None`` likewise."""
        if event.at < self.definition.schedule.opened_at:
            return Why.NOT_OPEN_YET
        if event.stored_at is not None and abs(event.stored_at - event.at) > CLOCK_TOLERANCE:
            return Why.ODD_TIMES
        if event.definition_sha256 != self.definition.sha256:
            return Why.OTHER_DEFINITION
        return Why.LEFT if self.has_left(event.by, event.order) else None

    def has_left(self, person: str, order: Order) -> bool:
        """Whether a person had left by then."""
        left = self.left.get(person)
        return left is not None and left <= order

    def find(self, notice: Notice, order: Order) -> None:
        """Take in what was found of a person; the first time counts."""
        held = {NoticeKind.LEFT: self.left, NoticeKind.UNREACHABLE: self.unreachable}.get(notice.kind)
        if held is not None:
            held[notice.person] = min(order, held.get(notice.person, order))

    def cover(self, event: Covered) -> Why | None:
        """Take in a cover, or return why it does not count."""
        if why := may_cover(self.definition, event):
            return why
        self.covers[event.id] = Cover(
            event.id, event.by, event.person, event.stand_in, event.assignments, event.from_, event.until, event.order
        )
        self.by_stand_in.setdefault(event.stand_in, []).append(event.id)
        return None

    def withdraw(self, event: Withdrawn) -> Why | None:
        """End a cover, or return why it does not end."""
        if why := self.may_withdraw(event):
            return why
        self.covers[event.cover] = replace(self.covers[event.cover], withdrawn=event.order)
        return None

    def may_withdraw(self, event: Withdrawn) -> Why | None:
        """Return why a cover can not be withdrawn so; ``None`` where it can."""
        cover = self.covers.get(event.cover)
        if cover is None or cover.withdrawn is not None:
            return Why.NO_SUCH_COVER
        if event.by not in (cover.person, cover.stand_in, *self.definition.managers_of_program):
            return Why.MAY_NOT_COVER
        return None if says_something(event.reason) else Why.NO_REASON

    def covers_by(self, stand_in: str) -> tuple[Cover, ...]:
        """Return the covers of a stand-in, those that are over among them."""
        return tuple(self.covers[each] for each in self.by_stand_in.get(stand_in, ()))


def may_cover(definition: Definition, event: Covered) -> Why | None:
    """Return why a cover can not be entered so; ``None`` where it can."""
    if definition.personal:
        return Why.PERSONAL
    if event.by not in (event.person, *definition.managers_of_program):
        return Why.MAY_NOT_COVER
    if not {event.person, event.stand_in} <= definition.people:
        return Why.UNKNOWN_PERSON
    if event.person == event.stand_in or event.until <= event.from_:
        return Why.ODD_COVER
    if event.assignments is not None and not set(event.assignments) <= definition.assignments.keys():
        return Why.UNKNOWN_ASSIGNMENT
    return None if says_something(event.reason) else Why.NO_REASON


def says_something(reason: str | None) -> bool:
    """Whether a reason has a letter or a digit in it: spaces, and what looks like them, say nothing."""
    return reason is not None and any(each.isalnum() for each in reason)
