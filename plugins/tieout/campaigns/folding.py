# SPDX-License-Identifier: Apache-2.0
"""A campaign's state, folded from its definition and all that has been said: the same in whatever order it arrives.

1. Events are taken in the order of `at`, then of their ids; each id counts once.
2. A close counts if it fits what it has heard. Then nothing counts that it has not heard, whatever time it states; the first
   that counts is the one. One that does not is kept, and the campaign is open.
3. What touches one item changes no other, so that what comes late is replayed for its own items only, unless it is about the
   whole campaign.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from tieout.campaigns.building import close, sign_off, take
from tieout.campaigns.bulk import without_collecting
from tieout.campaigns.definition import Definition
from tieout.campaigns.events import (
    LAST_ID,
    Cancelled,
    Closed,
    Covered,
    Event,
    Noticed,
    NoticeKind,
    Order,
    Said,
    SignedOff,
    Withdrawn,
)
from tieout.campaigns.facts import Facts, Refusal, Why, may_cover
from tieout.campaigns.replay import Touch, replay
from tieout.campaigns.rights import may_sign_off
from tieout.campaigns.state import State
from tieout.campaigns.touching import refusal, touches
from tieout.errors import ConfigurationError

_ORDER = attrgetter("at", "id")
"""As `Event.order`."""


def fold(definition: Definition, events: Iterable[Event]) -> State:
    """Return the state that follows from all that has been said.

    Raises:
        ConfigurationError: An event has no id: it is not stored.
    """
    return Folding(definition, events).state


class Folding:
    """A state that takes in events as they come. `state` may be another object after each `add`."""

    def __init__(self, definition: Definition, events: Iterable[Event] = ()) -> None:
        self._definition = definition
        self._events: dict[str, Event] = {}
        self._last: Order | None = None
        self._closing = False
        self.state = State(definition, Facts(definition))
        self.add(events)

    @property
    def events(self) -> Mapping[str, Event]:
        """All that has been taken in, by id."""
        return self._events

    def add(self, events: Iterable[Event]) -> None:
        """Take in events in any order; those that are in already change nothing.

        Raises:
            ConfigurationError: An event has no id: it is not stored.
        """
        fresh: dict[str, Event] = {}
        for event in events:
            if not event.id:
                msg = "expected events as they are stored, got one without an id."
                raise ConfigurationError(msg)
            if event.id not in self._events:
                fresh.setdefault(event.id, event)
        if not fresh:
            return
        ordered = sorted(fresh.values(), key=_ORDER)
        self._closing = self._closing or any(isinstance(event, Closed) for event in ordered)
        simple = not self._closing and all(self._fits(event) for event in ordered)
        self._events |= fresh
        self._last = max(ordered[-1].order, self._last or ordered[-1].order)
        with without_collecting():
            if simple:
                _extend(self.state, ordered)
            else:
                self.state = _fold(self._definition, sorted(self._events.values(), key=_ORDER))

    def _fits(self, event: Event) -> bool:
        """Whether an event can be taken in where it comes: it is the last one, or about its own items only."""
        if isinstance(event, Noticed):
            about_all = any(each.kind is NoticeKind.LEFT or each.id in self.state.noticed for each in event.notices)
        else:
            about_all = isinstance(event, (Covered, Withdrawn, Cancelled))
        return not about_all or self._last is None or event.order > self._last


def _extend(state: State, ordered: Sequence[Event]) -> None:
    take(state, ordered)
    for event in ordered:
        if isinstance(event, SignedOff):
            sign_off(state, event)


def _fold(definition: Definition, ordered: Sequence[Event]) -> State:
    closers = [event for event in ordered if isinstance(event, Closed)]
    others = [event for event in ordered if not isinstance(event, Closed)]
    why: dict[str, Why] = {}
    for closer in (*closers, None):
        state = State(definition, Facts(definition, closer))
        take(state, others)
        if closer is None:
            break
        problem = close(state, closer)
        if problem is None:
            break
        why[closer.id] = problem
    for each in closers:
        if each is not state.closed:
            state.event_refusals[each.id] = (refusal(each, why.get(each.id, Why.CLOSED)),)
    for event in others:
        if isinstance(event, SignedOff):
            sign_off(state, event)
    return state


def refusals(state: State, event: Said, now: datetime) -> tuple[Refusal, ...]:
    """Return what of an event would not count if it were stored now; nothing is stored or changed.

    Args:
        state: All that has been said so far.
        event: What a person says; it need have no id yet.
        now: UTC.
    """
    said = event if event.stored_at else replace(event, stored_at=now)
    if isinstance(said, SignedOff):
        why = state.facts.refuses_person(said) or may_sign_off(state.definition, state, said.by, now)
        return (refusal(said, why),) if why else ()
    why = state.over_or_not_open(now) or state.facts.refuses(said)
    if why is None and isinstance(said, Covered):
        why = may_cover(state.definition, said)
    if why is None and isinstance(said, Withdrawn):
        why = state.facts.may_withdraw(said)
    return (refusal(said, why),) if why else tuple(_refused_parts(state, said))


def _refused_parts(state: State, event: Said) -> Iterable[Refusal]:
    added: dict[str, list[Touch]] = {}
    for found in touches(state.definition, event, (event.at, LAST_ID)):
        if isinstance(found, Refusal):
            yield found
        else:
            added.setdefault(found[0], []).append(found[1])
    for item, listed in added.items():
        replayed = replay(state.facts, item, (*state.touches.get(item, ()), *listed))
        yield from (each for each in replayed.refusals if each.event == event.id)
