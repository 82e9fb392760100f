# SPDX-License-Identifier: Apache-2.0
"""Which items an event touches, and what of it is about nothing that the campaign has."""

from __future__ import annotations

from collections.abc import Iterator

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Decided, Event, Noticed, NoticeKind, Order, Reassigned
from tieout.campaigns.facts import Refusal, Why, says_something
from tieout.campaigns.looking import Looked
from tieout.campaigns.replay import Touch


def touches(definition: Definition, event: Event, order: Order | None = None) -> Iterator[tuple[str, Touch] | Refusal]:
    """Return each item that an event touches with how it does, and a refusal for what it can not touch.

    Args:
        definition: The campaign's.
        event: Any event; those that touch no item give nothing.
        order: Its place among all others, where it has none yet.
    """
    place = order or event.order
    if isinstance(event, Decided):
        yield from _decided(definition, event, place)
    elif isinstance(event, Reassigned):
        yield from _reassigned(definition, event, place)
    elif isinstance(event, Noticed):
        yield from _noticed(definition, event, place)
    elif isinstance(event, Looked):
        yield _looked(definition, event, place)


def refusal(event: Event, why: Why, assignment: str | None = None, item: str | None = None) -> Refusal:
    """Return why an event, or a part of it, does not count."""
    return Refusal(event.id, event.at, event.by, why, assignment, item)


def _decided(definition: Definition, event: Decided, order: Order) -> Iterator[tuple[str, Touch] | Refusal]:
    if event.assignment not in definition.assignments:
        yield refusal(event, Why.UNKNOWN_ASSIGNMENT, event.assignment)
        return
    for place, said in enumerate(event.decisions):
        if _has(definition, event.assignment, said.item):
            yield said.item, Touch(order, place, event, event.assignment, said)
        else:
            yield refusal(event, Why.UNKNOWN_ITEM, event.assignment, said.item)


def _reassigned(definition: Definition, event: Reassigned, order: Order) -> Iterator[tuple[str, Touch] | Refusal]:
    assignment = definition.assignments.get(event.assignment)
    if assignment is None:
        yield refusal(event, Why.UNKNOWN_ASSIGNMENT, event.assignment)
        return
    if event.to not in definition.people:
        yield refusal(event, Why.UNKNOWN_PERSON, event.assignment)
        return
    if not says_something(event.reason):
        yield refusal(event, Why.NO_REASON, event.assignment)
        return
    for place, item in enumerate(assignment.items if event.items is None else event.items):
        if _has(definition, event.assignment, item):
            yield item, Touch(order, place, event, event.assignment, event.items is not None)
        else:
            yield refusal(event, Why.UNKNOWN_ITEM, event.assignment, item)


def _noticed(definition: Definition, event: Noticed, order: Order) -> Iterator[tuple[str, Touch] | Refusal]:
    for place, notice in enumerate(event.notices):
        if notice.kind is not NoticeKind.ESCALATION:
            continue
        for assignment, items in notice.items.items():
            for item in items:
                if _has(definition, assignment, item):
                    yield item, Touch(order, place, event, assignment, notice)
                else:
                    yield refusal(event, Why.UNKNOWN_ITEM, assignment, item)


def _looked(definition: Definition, event: Looked, order: Order) -> tuple[str, Touch] | Refusal:
    if event.assignment not in definition.assignments:
        return refusal(event, Why.UNKNOWN_ASSIGNMENT, event.assignment)
    if not _has(definition, event.assignment, event.item):
        return refusal(event, Why.UNKNOWN_ITEM, event.assignment, event.item)
    return event.item, Touch(order, 0, event, event.assignment, True)


def _has(definition: Definition, assignment: str, item: str) -> bool:
    assignments = definition.assignments_of_item.get(item, ())
    return any([each.id == assignment for each in assignments])
