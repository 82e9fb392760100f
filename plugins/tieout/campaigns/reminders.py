# SPDX-License-Identifier: Apache-2.0
"""What to tell whom now. Everything is recorded before it is sent, and what is recorded is never due again.

1. Who was found not to be reachable is recorded. That somebody has left is said by the program's managers.
2. What has to go to somebody else goes (`tieout.campaigns.escalation`), or is listed to whom people report
   (`tieout.campaigns.lists`).
3. Who has something open and has never been told is invited.
4. To whom something was reassigned or returned, or who began to cover somebody, since he was told last, is told so.
5. Who has something open and was told last before the latest reminder time is reminded: after a standstill once, and nobody
   who came in later. Where a person's part is due at a time of its own, reminders come so much earlier or later.

6. Who may accept or return an answer is told so once.

In one go a person gets at most one message, apart from what a manager of the program is told where nobody is left, and from a
list of others. Nobody is invited or reminded who has nothing open, has left, or can not be reached.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from tieout.campaigns.assignments import person_digits
from tieout.campaigns.definition import Definition
from tieout.campaigns.escalation import LEFT, UNREACHABLE, escalations
from tieout.campaigns.events import LAST_ID, Notice, NoticeKind
from tieout.campaigns.lists import lists
from tieout.campaigns.looking import waiting
from tieout.campaigns.rights import How
from tieout.campaigns.state import State

_NOBODY: Mapping[str, str] = {}


def due_notices(
    definition: Definition,
    state: State,
    now: datetime,
    unreachable: Mapping[str, str] = _NOBODY,
) -> tuple[Notice, ...]:
    """Return what is due now and not in the ledger, by kind and person; the same for the same state and time.

    Args:
        definition: The campaign's.
        state: All that has been said so far.
        now: UTC, from `State.not_before`: what is recorded of it comes after all that it was worked out from.
        unreachable: Persons who were found since not to be reachable, with what was found.
    """
    if state.over_or_not_open(now):
        return ()
    found = list(_findings(definition, state, unreachable))
    gone = dict.fromkeys((*state.facts.unreachable, *unreachable), UNREACHABLE) | dict.fromkeys(state.facts.left, LEFT)
    found += escalations(definition, state, now, gone)
    found += lists(definition, state, now, gone)
    found += _looks(definition, state, now, gone)
    told = {each.person for each in found if each.kind in (NoticeKind.ESCALATION, NoticeKind.LOOK)}
    found += _messages(definition, state, now, gone.keys() | told)
    fresh = {each.id: each for each in found if each.id not in state.noticed}
    places = {kind: place for place, kind in enumerate(NoticeKind)}
    return tuple(sorted(fresh.values(), key=lambda each: (places[each.kind], each.person, each.id)))


def left_notice(person: str, why: str) -> Notice:
    """Return what is recorded of one who has left since the campaign opened: nothing they say counts from then on."""
    return Notice(f"{NoticeKind.LEFT}-{person_digits(person)}", NoticeKind.LEFT, person, why)


def _findings(definition: Definition, state: State, unreachable: Mapping[str, str]) -> Iterator[Notice]:
    for person, why in unreachable.items():
        if person in definition.people and person not in state.facts.unreachable:
            yield Notice(f"{NoticeKind.UNREACHABLE}-{person_digits(person)}", NoticeKind.UNREACHABLE, person, why)


def _looks(definition: Definition, state: State, now: datetime, without: Collection[str]) -> Iterator[Notice]:
    for person in definition.lookers:
        for item, standing in waiting(state, person, now) if person not in without else ():
            if standing.handed is not None:
                name = f"{NoticeKind.LOOK}-{person_digits(person)}-{standing.handed.event}"
                if name not in state.noticed:
                    yield Notice(name, NoticeKind.LOOK, person, open=1, items={standing.assignment: (item,)})


def _messages(definition: Definition, state: State, now: datetime, without: set[str]) -> Iterator[Notice]:
    for person, handed in _concerned(state, now).items():
        if person in without:
            continue
        count = len(state.open_items(person, now))
        if not count:
            continue
        digits, told = person_digits(person), state.told.get(person)
        if told is None:
            yield Notice(f"{NoticeKind.INVITATION}-{digits}", NoticeKind.INVITATION, person, open=count)
            continue
        names = sorted(f"{NoticeKind.HANDOVER}-{digits}-{event}" for event, at in handed.items() if at > told)
        if news := [name for name in names if name not in state.noticed]:
            yield Notice(news[-1], NoticeKind.HANDOVER, person, open=count)
        elif (passed := _passed(definition, person, now)) and told < passed[-1]:
            number = len(passed)
            yield Notice(f"{NoticeKind.REMINDER}-{number}-{digits}", NoticeKind.REMINDER, person, number=number, open=count)


def reminded_at(definition: Definition, person: str, now: datetime) -> datetime | None:
    """Return the latest reminder time of a person that has passed; ``None`` where none has."""
    return next(iter(_passed(definition, person, now)[-1:]), None)


def _passed(definition: Definition, person: str, now: datetime) -> list[datetime]:
    """Return the reminder times of a person that have passed."""
    own = min((each.due_at for each in definition.assignments_of_person.get(person, ()) if each.due_at), default=None)
    later = own - definition.schedule.due_at if own else timedelta(0)
    return [at + later for at in definition.schedule.reminders if at + later <= now]


def _concerned(state: State, now: datetime) -> dict[str, dict[str, datetime]]:
    """Return everybody who may have something open, with the events that gave it to him and when each did."""
    found: dict[str, dict[str, datetime]] = {}
    for _, standing in state.open_standings():
        handed = found.setdefault(standing.holder, {})
        if standing.how is How.REASSIGNED and standing.since is not None:
            handed[standing.moved_by] = standing.since
        if standing.look is not None and standing.handed is None:
            handed[standing.look.event] = standing.look.at
        for person in standing.before:
            found.setdefault(person, {})
    for cover in sorted(state.facts.covers.values(), key=lambda each: each.entered):
        if cover.person in found and cover.in_force((now, LAST_ID)):
            found.setdefault(cover.stand_in, {})[cover.id] = max(cover.from_, cover.entered[0])
    return found
