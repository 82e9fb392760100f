# SPDX-License-Identifier: Apache-2.0
"""Whose items are late, told to whom they report: one list for each, and not one message for each item.

Only in a campaign whose items are for nobody but whom they were given to (`Definition.personal`): they stay where they are.

1. There is a list at `Schedule.escalate_at`, and at each due time but the last. Where an assignment is due at another time than
   the campaign, it is listed so much earlier or later.
2. It goes to the first in order who can be told anything; where there is nobody, to the program's managers.
3. Each list is made once: whoever answers later is on it all the same, and who tells it says how many are open then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from tieout.campaigns.assignments import person_digits
from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.state import State


def lists(definition: Definition, state: State, now: datetime, gone: Collection[str]) -> Iterator[Notice]:
    """Return one notice for each person to whom something is listed now and was not before.

    Args:
        definition: The campaign's.
        state: All that has been said so far.
        now: UTC.
        gone: Who has left or can not be told anything.
    """
    schedule = definition.schedule
    times = sorted({*((schedule.due_at, *schedule.extensions)[:-1]), *([schedule.escalate_at] if schedule.escalate_at else [])})
    passed = [at for at in times if at <= now]
    if not definition.personal or not passed:
        return
    number, ahead = len(passed), schedule.due_at - passed[-1]
    found: dict[str, dict[str, list[str]]] = {}
    for item, standing in state.open_standings():
        given = definition.assignments[standing.assignment]
        if (given.due_at or schedule.due_at) - ahead <= now:
            for person in _told(definition, given.order_of(item), gone):
                found.setdefault(person, {}).setdefault(given.id, []).append(item)
    for person, items in sorted(found.items()):
        name = f"{NoticeKind.LISTED}-{number}-{person_digits(person)}"
        named = {assignment: tuple(listed) for assignment, listed in sorted(items.items())}
        yield Notice(name, NoticeKind.LISTED, person, number=number, open=sum(map(len, named.values())), items=named)


def _told(definition: Definition, order: tuple[str, ...], gone: Collection[str]) -> tuple[str, ...]:
    first = next((person for person in order if person not in gone), None)
    return (first,) if first else tuple(person for person in definition.managers_of_program if person not in gone)
