# SPDX-License-Identifier: Apache-2.0
"""A second person looks at what was handed in: who may, about what, and what waits for it.

1. A look is about one answer, named by its id: about a later one it says nothing.
2. Nobody looks at what he has handed in himself, in whatever version.
3. What is accepted is decided. What is returned is open again for whoever holds it, with a question.
4. What nobody has looked at when the campaign ends is left over, as what nobody has answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tieout.campaigns.events import LAST_ID, Order, Said
from tieout.campaigns.facts import Facts, Why
from tieout.campaigns.rights import Standing

if TYPE_CHECKING:
    from tieout.campaigns.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked(Said):
    """A second person looked at an answer: it is accepted, or returned with a question to whoever holds the item.

    Attributes:
        assignment: The assignment that the item stands in.
        item: Its id.
        about: Id of the answer that the person looked at: about a later one it says nothing.
        accepted: Whether it is accepted; else it is returned, and the item is open again.
        question: What is asked; a note where it is accepted.
    """

    assignment: str
    item: str
    about: str
    accepted: bool
    question: str


def judge_look(facts: Facts, standing: Standing, person: str, about: str, order: Order) -> Why | None:
    """Return why a person may not accept or return an answer, at a place among all events; ``None`` where he may.

    Args:
        facts: What holds for the whole campaign.
        standing: Where the item stands.
        person: Who wants to.
        about: Id of the answer.
        order: When: only what comes before counts.
    """
    if person not in facts.definition.lookers:
        return Why.MAY_NOT_LOOK
    if facts.has_left(person, order):
        return Why.LEFT
    if standing.handed is None or standing.handed.event != about:
        return Why.OTHER_ANSWER
    return Why.OWN_ANSWER if person in standing.givers else None


def waiting(state: State, person: str, at: datetime) -> tuple[tuple[str, Standing], ...]:
    """Return the items whose answer a person may accept or return now, each with where it stands."""
    if state.over_or_not_open(at) or person not in state.definition.lookers:
        return ()
    return tuple(
        (item, each)
        for item, each in state.open_standings()
        if each.handed and judge_look(state.facts, each, person, each.handed.event, (at, LAST_ID)) is None
    )
