# SPDX-License-Identifier: Apache-2.0
"""Whether the parts of a campaign's definition fit together, before anybody is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from tieout.campaigns.assignments import SLOTS
from tieout.campaigns.definition import Definition, Leftovers
from tieout.errors import ConfigurationError

_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_MOST_NAMED = 5


def check_definition(definition: Definition) -> None:
    """Check a definition.

    1. Names can stand in object keys, and times are UTC and in order.
    2. Choices that overrule stand first; the rule for leftovers has what it needs.
    3. There is a manager of the program, and no account belongs to two people.
    4. Where answers are looked at, somebody else than who is asked can.
    5. Assignments and items fit: every item is given to somebody in slot 1, once in each slot, never to whom it is about, and
       never to the same person in both.

    Raises:
        ConfigurationError: The first thing that does not fit.
    """
    problem = next(
        (found for check in (_names, _times, _choices, _people, _lookers, _items) for found in check(definition)),
        None,
    )
    if problem is not None:
        msg = f"campaign {definition.campaign!r}: {problem}"
        raise ConfigurationError(msg)


def _names(definition: Definition) -> Iterator[str]:
    for name in ("campaign", "control", "observation_period", "window", "kind"):
        if not _SEGMENT.fullmatch(getattr(definition, name)):
            yield f"{name}: expected letters, digits, '.', '_' and '-': it becomes part of object keys."


def _times(definition: Definition) -> Iterator[str]:
    schedule = definition.schedule
    listed = [("opened_at", schedule.opened_at), ("due_at", schedule.due_at)]
    listed += [("reminders", at) for at in schedule.reminders] + [("extensions", at) for at in schedule.extensions]
    listed += [("escalate_at", schedule.escalate_at)] if schedule.escalate_at else []
    for name, at in listed:
        if at.utcoffset() != timedelta(0):
            yield f"{name}: expected a time in UTC, got {at.isoformat()}."
            return
    if not schedule.opened_at < schedule.due_at:
        yield f"due_at: expected a time after it opens, got {schedule.due_at.isoformat()}."
    if not _ascending((schedule.opened_at, *schedule.reminders)):
        yield "reminders: expected ascending times after it opens."
    if not _ascending((schedule.due_at, *schedule.extensions)):
        yield "extensions: expected ascending times after due_at."
    if schedule.escalate_at is not None and not schedule.opened_at < schedule.escalate_at <= schedule.due_at:
        yield "escalate_at: expected a time after it opens and not after due_at."


def _ascending(times: tuple[datetime, ...]) -> bool:
    return all(before < after for before, after in pairwise(times))


def _choices(definition: Definition) -> Iterator[str]:
    choices = definition.choices
    if not any(choice.offered for choice in choices.values()):
        yield "choices: expected at least one that people may choose."
    overruling = [choice.overrules for choice in choices.values()]
    if overruling != sorted(overruling, reverse=True):
        yield "choices: expected those that overrule others first: the first listed is the strongest."
    if definition.leftovers is Leftovers.DECIDE and definition.leftover_choice not in choices:
        yield f"leftover_choice: expected one of {', '.join(choices)}, got {definition.leftover_choice!r}."
    if definition.leftovers is not Leftovers.DECIDE and definition.leftover_choice is not None:
        yield f"leftover_choice: expected none where leftovers is {definition.leftovers}."
    if definition.schedule.extensions and definition.leftovers is Leftovers.REFUSE:
        yield f"extensions: expected none where leftovers is {definition.leftovers}."


def _people(definition: Definition) -> Iterator[str]:
    if definition.personal and definition.leftovers is Leftovers.ESCALATE:
        yield "leftovers: expected refuse or decide where only the person may answer: nobody comes next."
    if not definition.managers_of_program:
        yield "managers_of_program: expected at least one: somebody has to be able to give items to somebody else."
    pinned = [pin for pin in definition.pins.values() if pin is not None]
    if len(set(pinned)) != len(pinned):
        yield f"pins: {len(pinned) - len(set(pinned))} account(s) belong to two people."


def _lookers(definition: Definition) -> Iterator[str]:
    if not definition.lookers:
        return
    if definition.personal or any(each.slot != 1 for each in definition.assignments.values()):
        yield "lookers: expected one slot, and nothing personal, where answers are looked at."
    alone = [key for key, each in definition.assignments.items() if set(definition.lookers) <= {each.person}]
    yield from _named("nobody but who is asked could look at the answers of these assignments", alone)


def _items(definition: Definition) -> Iterator[str]:
    given: dict[int, dict[str, str]] = {slot: {} for slot in SLOTS}
    for key, each in definition.assignments.items():
        if key != each.id or each.slot not in given or not each.items:
            yield f"assignment {key}: expected it under its own id {each.id}, slot 1 or 2, with an item."
            return
        slot = given[each.slot]
        yield from _named(f"slot {each.slot} names items twice", (item for item in each.items if item in slot))
        slot.update(dict.fromkeys(each.items, each.person))
        if len(set(each.items)) != len(each.items):
            yield f"assignment {key}: it names an item twice."
        yield from _named(f"assignment {key} orders items that it does not have", each.orders.keys() - set(each.items))
    first, second, items = given[1], given[2], definition.items
    yield from _named("assignments name items that are not there", (first.keys() | second.keys()) - items.keys())
    yield from _named("nobody has these items in slot 1", items.keys() - first.keys())
    yield from _named("items are under another id than theirs", (key for key, item in items.items() if item.id != key))
    for number, people in given.items():
        own = (item for item, holder in people.items() if holder == items[item].subject)
        yield from _named(f"slot {number} gives items to whom they are about", own)
    if definition.personal and second:
        yield "assignments: expected one slot where only the person may answer: two people do not answer apart then."
    yield from _named("the same person has items in both slots", (item for item in second if second[item] == first.get(item)))


def _named(what: str, items: Iterable[str]) -> Iterator[str]:
    found = sorted(items)
    if found:
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        yield f"{what}: {', '.join(found[:_MOST_NAMED])}{more}."
