# SPDX-License-Identifier: Apache-2.0
"""Which open items go to the next in order now, and for which nobody is left.

1. What belongs to somebody who has left goes on at once; so does what belongs to one who can not be told anything, unless
   somebody who can be covers him.
2. What is open at `Schedule.escalate_at`, and, where the rule for leftovers escalates, at each due time but the last, goes on
   once; what has changed hands since then stays where it is.
3. It goes to the first, of the one to whom it was assigned and those in order, who has not had it and may hold it.
4. Where there is nobody, the program's managers are told, once: one of them has to reassign it. It does not go away by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from tieout.campaigns.assignments import person_digits
from tieout.campaigns.definition import Definition, Leftovers
from tieout.campaigns.events import LAST_ID, Notice, NoticeKind
from tieout.campaigns.items import canonical
from tieout.campaigns.rights import Standing, judge_holder
from tieout.campaigns.state import State

LEFT, UNREACHABLE, LATE = "left", "unreachable", "not answered in time"
"""Why an item goes on."""
_Moves = dict[str, dict[str, list[tuple[str, Standing]]]]
"""Items with where they stand, by person and assignment."""


def escalations(definition: Definition, state: State, now: datetime, gone: Mapping[str, str]) -> Iterator[Notice]:
    """Return one notice for each person to whom items go now, and one for each manager where nobody is left.

    Args:
        definition: The campaign's.
        state: All that has been said so far.
        now: UTC.
        gone: Who has left or can not be told anything, with which of both.
    """
    if definition.personal:  # what is late is listed instead (`tieout.campaigns.lists`)
        return
    moves: _Moves = {}
    stuck: dict[str, list[tuple[str, Standing]]] = {}
    reasons: dict[str, set[str]] = {}
    taken: dict[str, set[str]] = {}
    for item, standing in state.open_standings():
        if standing.handed is not None:  # a second person is to look at it
            continue
        why = _why(definition, state, standing, now, gone)
        if why is None:
            continue
        person = next_in_order(definition, state, item, standing, now, {*gone, *taken.get(item, ())})
        if person is not None:
            taken.setdefault(item, set()).add(person)  # not in its other slot as well
            moves.setdefault(person, {}).setdefault(standing.assignment, []).append((item, standing))
            reasons.setdefault(person, set()).add(why)
        elif _is_news(state, item, standing):
            stuck.setdefault(standing.assignment, []).append((item, standing))
    for person, items in moves.items():
        yield _notice(NoticeKind.ESCALATION, person, items, "; ".join(sorted(reasons[person])))
    if stuck:
        for manager in definition.managers_of_program:
            yield _notice(NoticeKind.STUCK, manager, stuck, "nobody is left in order")


def next_in_order(
    definition: Definition, state: State, item: str, standing: Standing, now: datetime, without: Collection[str]
) -> str | None:
    """Return to whom an open item goes next; ``None`` where nobody is left."""
    assignment = definition.assignments[standing.assignment]
    had = (standing.holder, *standing.before)
    for person in (assignment.person, *assignment.order_of(item)):
        if person in had or person in without:
            continue
        if judge_holder(state.facts, state.standings(item), assignment.id, item, person, (now, LAST_ID)) is None:
            return person
    return None


def _why(definition: Definition, state: State, standing: Standing, now: datetime, gone: Mapping[str, str]) -> str | None:
    found = gone.get(standing.holder)
    if found == LEFT or (found and not _covered(state, standing, now, gone)):
        return found
    schedule = definition.schedule
    times = [schedule.escalate_at] if schedule.escalate_at else []
    if definition.leftovers is Leftovers.ESCALATE:
        times += (schedule.due_at, *schedule.extensions)[:-1]
    passed = max((at for at in times if at <= now), default=None)
    return LATE if passed and (standing.since is None or standing.since < passed) else None


def _covered(state: State, standing: Standing, now: datetime, gone: Mapping[str, str]) -> bool:
    return any(
        cover.person == standing.holder
        and cover.stand_in not in gone
        and cover.includes(standing.assignment)
        and cover.in_force((now, LAST_ID))
        for cover in state.facts.covers.values()
    )


def _is_news(state: State, item: str, standing: Standing) -> bool:
    told = state.stuck.get((standing.assignment, item))
    return told is None or (standing.since is not None and told < standing.since)


def _notice(kind: NoticeKind, person: str, items: Mapping[str, list[tuple[str, Standing]]], why: str) -> Notice:
    about = [[key, item, standing.moved_by] for key, listed in sorted(items.items()) for item, standing in listed]
    name = f"{kind}-{person_digits(person)}-{hashlib.sha256(canonical(about)).hexdigest()[:16]}"
    named = {key: tuple(item for item, _ in listed) for key, listed in sorted(items.items())}
    return Notice(name, kind, person, why, open=len(about), items=named)
