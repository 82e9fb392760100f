# SPDX-License-Identifier: Apache-2.0
"""Taking events into a state, and keeping what is counted in it right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from tieout.campaigns.definition import Leftovers
from tieout.campaigns.events import (
    Cancelled,
    Closed,
    Covered,
    Event,
    Noticed,
    NoticeKind,
    SignedOff,
    Unread,
    Withdrawn,
)
from tieout.campaigns.facts import Refusal, Why
from tieout.campaigns.replay import Replayed, replay
from tieout.campaigns.rights import Counted, Standing, may_sign_off
from tieout.campaigns.state import Noted, State
from tieout.campaigns.touching import refusal, touches

_ABOUT_OTHERS = (NoticeKind.LISTED, NoticeKind.LOOK)
"""Who is told so has not been told of what is their own."""


def take(state: State, ordered: Iterable[Event]) -> None:
    """Take in events that come in order; closes are not among them. What they touch is replayed once all are in."""
    touched: set[str] = set()
    for event in ordered:
        if isinstance(event, SignedOff):
            continue
        state.heard.add(event.id)
        if isinstance(event, Unread):
            state.unread[event.id] = event
        elif isinstance(event, Noticed):
            _pass(state, event)
            touched |= _notice(state, event)
        elif why := state.facts.refuses(event):
            _refuse(state, event, refusal(event, why))
        else:
            _pass(state, event)
            touched |= _take(state, event)
    for item in touched:
        _settle(state, item, replay(state.facts, item, state.touches[item]))


def _pass(state: State, event: Event) -> None:
    state.latest = max(event.at, state.latest or event.at)


def _take(state: State, event: Event) -> set[str]:
    if isinstance(event, Cancelled):
        state.facts.cancelled = event
        return set()
    if isinstance(event, (Covered, Withdrawn)):
        why = state.facts.cover(event) if isinstance(event, Covered) else state.facts.withdraw(event)
        if why:
            _refuse(state, event, refusal(event, why))
        return set()
    return _touch(state, event)


def _touch(state: State, event: Event) -> set[str]:
    touched = set()
    refused = []
    for found in touches(state.definition, event):
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            state.touches.setdefault(found[0], []).append(found[1])
            touched.add(found[0])
    _refuse(state, event, *refused)
    return touched


def _notice(state: State, event: Noticed) -> set[str]:
    """Take in notices. One that is in the ledger is never due again, whether it counts or not; twice in it, the first counts."""
    fresh = tuple(each for each in event.notices if each.id not in state.noticed)
    state.noticed |= {each.id: Noted(each, event.at, event.id) for each in fresh}
    for each in fresh:
        if each.kind.is_message and each.kind not in _ABOUT_OTHERS:
            state.told[each.person] = max(event.at, state.told.get(each.person, event.at))
    if why := state.facts.refuses(event):
        _refuse(state, event, refusal(event, why))
        return set()
    for each in fresh:
        state.facts.find(each, event.order)
        if each.kind is NoticeKind.STUCK:
            for key in ((assignment, item) for assignment, items in each.items.items() for item in items):
                state.stuck[key] = max(event.at, state.stuck.get(key, event.at))
    return _touch(state, replace(event, notices=fresh))


def _refuse(state: State, event: Event, *refusals: Refusal) -> None:
    if refusals:
        state.event_refusals[event.id] = (*state.event_refusals.get(event.id, ()), *refusals)


def _settle(state: State, item: str, after: Replayed) -> None:
    """Put where an item stands now in the place of where it stood, and count again what that changes."""
    for old, new in zip(state.standings(item), after.standings, strict=True):
        if old != new:
            _count(state, item, old, -1)
            _count(state, item, new, 1)
    state.replayed[item] = after


def _count(state: State, item: str, standing: Standing, by: int) -> None:
    decision, person = standing.decision, state.definition.assignments[standing.assignment].person
    if decision is not None:
        state.decided[standing.assignment] += by
        if decision.by != person and not decision.by_rule:
            state.done_elsewhere[decision.by] += by
        return
    if standing.handed is not None:
        return
    for each in (standing.holder, *standing.before):
        if each != person:
            held = state.elsewhere.setdefault(each, set())
            (held.add if by > 0 else held.discard)((standing.assignment, item))


def close(state: State, closer: Closed) -> Why | None:
    """Close a state in which all that the close has heard is taken in, or return why it does not count.

    1. The campaign is not cancelled.
    2. What is open is what the close lists as left over.
    3. Where anything is, the rule decides it, and it was due.
    4. The decisions are as many as the close counts.
    """
    definition = state.definition
    if state.cancelled is not None:  # (1)
        return Why.CANCELLED
    left = {(assignment, item) for assignment, items in closer.leftovers.items() for item in items}
    awaited = {(standing.assignment, item) for item, standing in state.open_standings()}
    if awaited != left:  # (2)
        return Why.COUNTS_DIFFER if left else Why.OPEN_ITEMS
    if left and definition.leftovers is not Leftovers.DECIDE:  # (3)
        return Why.OPEN_ITEMS
    if left and closer.at < definition.schedule.ends_at:
        return Why.NOT_DUE
    for assignment, item in left:
        _leave(state, closer, assignment, item)
    if outcomes(state) != dict(closer.counts):  # (4)
        return Why.COUNTS_DIFFER
    state.closed = closer
    return None


def _leave(state: State, closer: Closed, assignment: str, item: str) -> None:
    choice = state.definition.leftover_choice or ""
    rule = Counted(closer.id, closer.at, closer.by, choice, None, by_rule=True)
    before = state.replayed.get(item) or Replayed(state.standings(item), ())
    after = tuple(each._replace(decision=rule) if each.assignment == assignment else each for each in before.standings)
    _settle(state, item, before._replace(standings=after))


def outcomes(state: State) -> dict[str, int]:
    """Return how many items have ended with which decision; those that are open are left out."""
    found = (state.outcome(item) for item in state.definition.items)
    return dict(Counter(each.decision for each in found if each is not None))


def sign_off(state: State, event: SignedOff) -> None:
    """Take in a sign-off, or keep why it does not count."""
    why = state.facts.refuses_person(event) or may_sign_off(state.definition, state, event.by, event.at)
    if why:
        _refuse(state, event, refusal(event, why))
    else:
        state.signed_off.append(event)
