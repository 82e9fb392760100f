# SPDX-License-Identifier: Apache-2.0
"""Where one item stands: all that touched it, replayed in order. What touches one item changes no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Decided, Event, ItemDecision, Notice, Noticed, Order, Reassigned
from tieout.campaigns.facts import Facts, Refusal, Why, says_something
from tieout.campaigns.looking import Looked, judge_look
from tieout.campaigns.rights import Counted, How, Look, Standing, judge, judge_holder, place_in


class Touch(NamedTuple):
    """What touches an item: where among all events, in which assignment, and what of the event it is."""

    order: Order
    place: int
    """Within the event."""
    event: Event
    assignment: str
    part: ItemDecision | Notice | bool
    """What a decision says; the notice of an escalation; of a reassignment, whether it names the item; of a look, True."""


class Replayed(NamedTuple):
    """Where an item stands in each slot, by slot, and what was refused on the way."""

    standings: tuple[Standing, ...]
    refusals: tuple[Refusal, ...]


def untouched(definition: Definition, item: str) -> tuple[Standing, ...]:
    """Return where an item stands before anything has been said, by slot."""
    return tuple([_first(each.id, each.person) for each in definition.assignments_of_item[item]])


@lru_cache(4096)
def _first(assignment: str, person: str) -> Standing:
    return Standing(assignment, person)


def replay(facts: Facts, item: str, touches: Sequence[Touch]) -> Replayed:
    """Return where an item stands after all that touched it.

    Args:
        facts: What holds for the whole campaign.
        item: Its id.
        touches: In any order.
    """
    standings = untouched(facts.definition, item)
    refusals: list[Refusal] = []
    for touch in sorted(touches, key=itemgetter(0, 1)) if len(touches) > 1 else touches:
        place = place_in(standings, touch.assignment)
        found = _STEPS[type(touch.event)](facts, item, standings, standings[place], touch)
        if isinstance(found, Standing):
            standings = (*standings[:place], found, *standings[place + 1 :])
        elif found is not None:
            event = touch.event
            refusals.append(Refusal(event.id, event.at, event.by, found, touch.assignment, item))
    return Replayed(standings, tuple(refusals))


Found = Standing | Why | None
"""Where it stands then, or why it does not count; ``None`` where there is nothing to change."""


def _decided(facts: Facts, item: str, standings: tuple[Standing, ...], mine: Standing, touch: Touch) -> Found:
    event, said = touch.event, touch.part
    if not isinstance(said, ItemDecision):
        return None
    if why := misfit(facts.definition, said):
        return why
    why, _, instead_of = judge(facts, standings, mine.assignment, item, event.by, touch.order)
    if why:
        return why
    counted = Counted(event.id, event.at, event.by, said.decision, said.reason, instead_of)
    if not facts.definition.lookers:
        return mine._replace(decision=counted)
    return mine._replace(handed=counted, look=None, givers=tuple(dict.fromkeys((*mine.givers, event.by))))


def _looked(facts: Facts, _item: str, _standings: tuple[Standing, ...], mine: Standing, touch: Touch) -> Found:
    event = touch.event
    if not isinstance(event, Looked):
        return None
    if why := judge_look(facts, mine, event.by, event.about, touch.order):
        return why
    if not event.accepted and not says_something(event.question):
        return Why.NO_REASON
    look = Look(event.id, event.at, event.by, event.accepted, event.question)
    return mine._replace(decision=mine.handed if event.accepted else None, handed=None, look=look)


def misfit(definition: Definition, said: ItemDecision) -> Why | None:
    """Return why a decision can not count, whoever gave it: another row, no such choice, no reason."""
    if said.row_sha256 != definition.items[said.item].row_sha256:
        return Why.ROW_DIFFERS
    choice = definition.choices.get(said.decision)
    if choice is None or not choice.offered:
        return Why.UNKNOWN_CHOICE
    return Why.NO_REASON if choice.needs_reason and not says_something(said.reason) else None


def _reassigned(facts: Facts, item: str, standings: tuple[Standing, ...], mine: Standing, touch: Touch) -> Found:
    event, named = touch.event, touch.part
    if not isinstance(event, Reassigned):
        return None
    manages = event.by in facts.definition.managers_of_program
    if not manages and event.by != mine.holder:
        theirs = event.by in mine.before or event.by == _first_holder(facts, mine)
        return None if theirs and not named else Why.NOT_THEIRS  # all of his that are open: this one is his no more
    if mine.answer is not None:
        return Why.DECIDED if named else None
    if facts.definition.items[item].subject == event.by:
        return Why.OWN  # nobody chooses who answers about himself
    if event.to == mine.holder:
        return None
    why = judge_holder(facts, standings, mine.assignment, item, event.to, touch.order)
    moved = Standing(mine.assignment, event.to, How.REASSIGNED, (), event.id, event.at)
    return why or moved._replace(look=mine.look, givers=mine.givers)  # the question stays, and who may not look


def _first_holder(facts: Facts, mine: Standing) -> str:
    return facts.definition.assignments[mine.assignment].person


def _noticed(facts: Facts, item: str, standings: tuple[Standing, ...], mine: Standing, touch: Touch) -> Found:
    event, notice = touch.event, touch.part
    if not isinstance(notice, Notice) or mine.answer is not None or notice.person == mine.holder:
        return None
    why = judge_holder(facts, standings, mine.assignment, item, notice.person, touch.order)
    if why:
        return why
    before = tuple(each for each in (*mine.before, mine.holder) if each != notice.person)
    return mine._replace(holder=notice.person, how=How.ESCALATED, before=before, moved_by=event.id, since=event.at)


_STEPS: dict[type[Event], Callable[[Facts, str, tuple[Standing, ...], Standing, Touch], Found]] = {
    Decided: _decided,
    Reassigned: _reassigned,
    Noticed: _noticed,
    Looked: _looked,
}
