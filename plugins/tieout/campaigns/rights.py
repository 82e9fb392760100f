# SPDX-License-Identifier: Apache-2.0
"""Who may answer an item, and who may hold it.

1. Nobody answers what is about himself, and nobody who has left answers anything.
2. Nobody answers for an item in both slots.
3. Whose item it is may answer, and may change the answer for as long as the campaign is open.
4. Those from whom it was escalated may answer while nobody has, and may change their own answer.
5. Where answers are looked at (`tieout.campaigns.looking`), nobody changes one that was accepted.
6. Who covers one of these may answer in his place while the cover is in force: not for a cover of a cover, not for one who has
   left, and not where the one whom the item is about entered the cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import LAST_ID, Order
from tieout.campaigns.facts import Facts, Why

if TYPE_CHECKING:
    from tieout.campaigns.state import State


class How(StrEnum):
    """How an item came to whom it is, or how somebody may answer it."""

    OWN = "own"
    REASSIGNED = "reassigned"
    ESCALATED = "escalated"
    PASSED_ON = "passed on"
    """It was escalated to somebody else, who has not answered yet."""
    COVERED = "covered"


class Counted(NamedTuple):
    """A decision that counts.

    Attributes:
        event: Id of the event that gave it.
        at: When.
        by: Who gave it; for a leftover, who closed the campaign.
        decision: What.
        reason: Why.
        instead_of: Whom the person covered.
        by_rule: Whether the rule for leftovers gave it.
    """

    event: str
    at: datetime
    by: str
    decision: str
    reason: str | None
    instead_of: str | None = None
    by_rule: bool = False


class Look(NamedTuple):
    """What a second person said of an answer: the event, when, who, whether it is accepted, and what is asked or noted."""

    event: str
    at: datetime
    by: str
    accepted: bool
    question: str


class Standing(NamedTuple):
    """Where an item stands in one slot.

    Attributes:
        assignment: Id of the assignment that it is part of.
        holder: Whose it is now.
        how: How it came to him.
        before: From whom it was escalated, in order.
        moved_by: Id of the event that gave it to the holder; empty where the definition did.
        since: When that was; ``None`` likewise.
        decision: The last that counts; ``None`` while it is open.
        handed: An answer that waits for a second person to look at it.
        look: What the last one to look said of the last answer that was looked at; ``None`` again once there is another.
        givers: Everybody who has handed in an answer that is looked at.
    """

    assignment: str
    holder: str
    how: How = How.OWN
    before: tuple[str, ...] = ()
    moved_by: str = ""
    since: datetime | None = None
    decision: Counted | None = None
    handed: Counted | None = None
    look: Look | None = None
    givers: tuple[str, ...] = ()

    @property
    def answer(self) -> Counted | None:
        """The decision, or the answer that waits to become one; ``None`` while somebody is to answer."""
        return self.decision or self.handed


class Right(NamedTuple):
    """Whether somebody may answer: why not, or how, and in whose place."""

    why: Why | None
    how: How = How.OWN
    instead_of: str | None = None


def judge(facts: Facts, standings: Sequence[Standing], assignment: str, item: str, person: str, order: Order) -> Right:
    """Return whether a person may answer an item of an assignment, at a place among all events.

    Args:
        facts: What holds for the whole campaign.
        standings: Where the item stands, in every slot.
        assignment: Id of an assignment that has the item.
        item: Its id.
        person: Who wants to answer.
        order: When: only what comes before counts.
    """
    if facts.definition.items[item].subject == person:
        return Right(Why.OWN)
    if facts.has_left(person, order):
        return Right(Why.LEFT)
    mine = standings[place_in(standings, assignment)]
    if why := _over(facts, standings, mine, person):
        return Right(why)
    if person == mine.holder:
        return Right(None, mine.how)
    if person in mine.before:
        return Right(None if _still_open_to(mine, person) else Why.DECIDED, How.PASSED_ON)
    return _as_stand_in(facts, mine, item, person, order)


def _over(facts: Facts, standings: Sequence[Standing], mine: Standing, person: str) -> Why | None:
    if facts.definition.lookers and mine.decision is not None:
        return Why.DECIDED
    other = len(standings) > 1 and any(each is not mine and person in _answering(each) for each in standings)
    return Why.OTHER_SLOT if other else None


def place_in(standings: Sequence[Standing], assignment: str) -> int:
    """Return which of an item's standings is that of an assignment that has the item."""
    for place, each in enumerate(standings):
        if each.assignment == assignment:
            return place
    raise KeyError(assignment)


def _answering(standing: Standing) -> tuple[str, ...]:
    return (standing.holder, standing.decision.by) if standing.decision else (standing.holder,)


def _still_open_to(standing: Standing, person: str) -> bool:
    return standing.answer is None or standing.answer.by == person


def _as_stand_in(facts: Facts, mine: Standing, item: str, person: str, order: Order) -> Right:
    subject = facts.definition.items[item].subject
    late = False
    for cover in facts.covers_by(person):
        if cover.person not in (mine.holder, *mine.before) or not cover.includes(mine.assignment):
            continue
        if subject is not None and cover.by == subject:
            continue
        if not cover.in_force(order) or facts.has_left(cover.person, order):
            late = True
        elif cover.person == mine.holder or _still_open_to(mine, person):
            return Right(None, How.COVERED, cover.person)
        else:
            return Right(Why.DECIDED)
    return Right(Why.COVER_NOT_IN_FORCE if late else Why.NOT_THEIRS)


def judge_holder(
    facts: Facts, standings: Sequence[Standing], assignment: str, item: str, person: str, order: Order
) -> Why | None:
    """Return why an item can not become a person's; ``None`` where it can."""
    if facts.definition.personal and person != facts.definition.assignments[assignment].person:
        return Why.PERSONAL
    if person not in facts.definition.people:
        return Why.UNKNOWN_PERSON
    if facts.definition.items[item].subject == person:
        return Why.OWN
    if facts.has_left(person, order):
        return Why.LEFT
    if any(each.assignment != assignment and person in _answering(each) for each in standings):
        return Why.OTHER_SLOT
    return None


def may_answer(definition: Definition, state: State, person: str, assignment: str, item: str, at: datetime) -> Why | None:
    """Return why a person may not answer an item now; ``None`` where he may.

    Args:
        definition: The campaign's.
        state: All that has been said so far.
        person: Who wants to answer.
        assignment: Id of the assignment, as the person gave it.
        item: Id of the item, likewise.
        at: Now, UTC.
    """
    if why := state.over_or_not_open(at):
        return why
    if assignment not in definition.assignments:
        return Why.UNKNOWN_ASSIGNMENT
    if all(each.id != assignment for each in definition.assignments_of_item.get(item, ())):
        return Why.UNKNOWN_ITEM
    return judge(state.facts, state.standings(item), assignment, item, person, (at, LAST_ID)).why


def may_sign_off(definition: Definition, state: State, person: str, at: datetime) -> Why | None:
    """Return why a person may not sign off what the campaign came to; ``None`` where he may.

    Whoever was asked about an item, or has decided one, does not sign off.
    """
    if state.closed is None:
        return Why.NOT_CLOSED
    if person not in definition.signers:
        return Why.MAY_NOT_SIGN
    if state.facts.has_left(person, (at, LAST_ID)):
        return Why.LEFT
    return Why.REVIEWED if person in state.asked else None
