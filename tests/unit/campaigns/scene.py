# SPDX-License-Identifier: Apache-2.0
"""A small campaign for tests: six items, two slots, people by one letter each; and ways to say things in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tieout.campaigns.assignments import Assigned, Assignment, Item, assign
from tieout.campaigns.definition import Choice, Definition, Leftovers, Pin, Population, Schedule
from tieout.campaigns.events import (
    Cancelled,
    Closed,
    Covered,
    Decided,
    Event,
    ItemDecision,
    Notice,
    Noticed,
    Reassigned,
    SignedOff,
    Withdrawn,
)
from tieout.campaigns.facts import Why
from tieout.campaigns.folding import fold
from tieout.campaigns.leftovers import Closing
from tieout.campaigns.state import State
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import DocumentSigner

START = datetime(2026, 7, 1, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SCHEDULE = Schedule(START, START + 20 * DAY, (START + 7 * DAY, START + 14 * DAY), START + 17 * DAY)
CHOICES = {"revoke": Choice(True, True), "change": Choice(True), "keep": Choice()}
SUBJECTS = {"i1": "d", "i2": None, "i3": "b", "i4": "c", "i5": "e", "i6": None}
ITEMS = {name: Item(name, f"{number:064x}", subject) for number, (name, subject) in enumerate(SUBJECTS.items(), 1)}
FIRST = {"i1": "a", "i2": "a", "i3": "a", "i4": "b", "i5": "b", "i6": "b"}
SECOND = {"i5": "c", "i6": "c"}
"""Items 5 and 6 are answered by two people."""
NEXT = ("c", "d", "m")
MANAGER, SIGNER = "m", "s"
A1, B1, C2 = (next(iter(assign(slot, [Assigned("i1", person, "")]))) for slot, person in ((1, "a"), (1, "b"), (2, "c")))
"""Ids of the three assignments: of a and b in the first slot, and of c in the second."""
POPULATION = Population("idp", "idp-" + "0" * 32, "manifests/idp.dsse.json", "f" * 64)


def assignments() -> dict[str, Assignment]:
    """Return the assignments: for item 1 nobody comes after d, whom it is about."""
    order = {item: ("d",) if item == "i1" else NEXT for item in ITEMS}
    first = assign(1, [Assigned(item, person, "owner of idp", order[item]) for item, person in FIRST.items()])
    return first | assign(2, [Assigned(item, person, "manager", ("d", "e", "m")) for item, person in SECOND.items()])


def definition(**changes: Any) -> Definition:
    """Return the campaign, with changes."""
    values: dict[str, Any] = {
        "campaign": "cc6_2_review.2026-Q2",
        "control": "cc6_2_review",
        "observation_period": "2026-H1",
        "window": "2026-Q2",
        "kind": "review",
        "populations": (POPULATION,),
        "schedule": SCHEDULE,
        "choices": CHOICES,
        "leftovers": Leftovers.REFUSE,
        "items": ITEMS,
        "assignments": assignments(),
        "pins": {person: Pin("T1", f"U{person.upper()}") for person in "abcdem"} | {SIGNER: None},
        "managers_of_program": (MANAGER,),
        "signers": (SIGNER, "a", "d"),
    }
    return Definition(**(values | changes))


REVIEW = definition()
BY_RULE = definition(leftovers=Leftovers.DECIDE, leftover_choice="revoke")


@dataclass(frozen=True)
class Signers:
    """A key of each scope that campaigns use, one that nobody knows, and the list of the former."""

    landing: DocumentSigner
    response: DocumentSigner
    stranger: DocumentSigner
    key_list: KeyList


class Story:
    """Events as people and the task say them, each an hour after the one before unless it says when."""

    def __init__(self, campaign: Definition = REVIEW) -> None:
        self.campaign = campaign
        self.events: list[Event] = []
        self.now = START

    def _add(self, kind: type[Event], by: str, at: datetime | None, said: Mapping[str, Any]) -> Event:
        self.now = at or self.now + HOUR
        name = f"{len(self.events):032x}"
        common: dict[str, Any] = {"id": name, "at": self.now, "by": by}
        if kind not in (Noticed, Cancelled, Closed):
            common |= {"definition_sha256": self.campaign.sha256, "interaction": name, "channel": ("web", False)}
        event = kind(**(common | said))
        self.events.append(event)
        return event

    def decide(
        self, by: str, items: str, decision: str = "keep", assignment: str | None = None, at: datetime | None = None, **said: Any
    ) -> Event:
        """Decide items, given by their digits."""
        reason = said.pop("reason", None if decision == "keep" else "no longer needed")
        rows = said.pop("rows", {})
        names = [f"i{digit}" for digit in items]
        lines = tuple(
            ItemDecision(name, rows.get(name, ITEMS[name].row_sha256 if name in ITEMS else "0" * 64), decision, reason)
            for name in names
        )
        found = assignment or (A1 if FIRST.get(names[0]) == "a" else B1)
        return self._add(Decided, by, at, {"assignment": found, "decisions": lines, "batch": len(lines), **said})

    def reassign(
        self, by: str, assignment: str, to: str, items: str | None = None, at: datetime | None = None, **said: Any
    ) -> Event:
        """Give items, or all, to somebody else."""
        named = None if items is None else tuple(f"i{digit}" for digit in items)
        return self._add(Reassigned, by, at, {"assignment": assignment, "to": to, "items": named, "reason": "away", **said})

    def cover(self, by: str, person: str, stand_in: str, days: float = 5, at: datetime | None = None, **said: Any) -> Event:
        """Enter a cover from now on for some days."""
        start = at or self.now + HOUR
        scope = {"assignments": None, "from_": start, "until": start + days * DAY, "reason": "on leave"}
        return self._add(Covered, by, at, {"person": person, "stand_in": stand_in, **scope, **said})

    def withdraw(self, by: str, cover: Event, at: datetime | None = None, **said: Any) -> Event:
        """Withdraw a cover."""
        return self._add(Withdrawn, by, at, {"cover": cover.id, "reason": "back", **said})

    def sign_off(self, by: str, *, approved: bool = True, at: datetime | None = None) -> Event:
        """Sign off."""
        return self._add(SignedOff, by, at, {"approved": approved, "reason": "", "about_sha256": "a" * 64})

    def notice(self, notices: Iterable[Notice], at: datetime | None = None) -> Event:
        """Record notices."""
        return self._add(Noticed, "task", at, {"notices": tuple(notices)})

    def cancel(self, at: datetime | None = None) -> Event:
        """Cancel the campaign."""
        return self._add(Cancelled, "m", at, {"reason": "wrong population"})

    def close(self, closing: Closing | None = None, at: datetime | None = None, **said: Any) -> Event:
        """Close the campaign, as was said that it can be, or as the test makes it up."""
        values: dict[str, Any] = {"counts": {}, "leftovers": {}, "heard": frozenset(event.id for event in self.events)}
        if closing is not None:
            values |= {"counts": closing.counts, "leftovers": closing.leftovers, "heard": closing.heard}
        return self._add(Closed, "task", at or (closing.at if closing else None), values | said)

    def decide_all(self, at: datetime | None = None) -> Story:
        """Decide every item in every slot."""
        self.decide("a", "123", at=at)
        self.decide("b", "456")
        self.decide("c", "56", assignment=C2)
        return self


def snapshot(state: State) -> dict[str, Any]:
    """Return all that a state says, to compare."""
    campaign, now = state.definition, START + 10 * DAY
    return {
        "phase": state.phase,
        "closed": state.closed and state.closed.id,
        "cancelled": state.cancelled and state.cancelled.id,
        "standings": {item: state.standings(item) for item in campaign.items},
        "outcomes": {item: state.outcome(item) for item in campaign.items},
        "progress": {each: state.progress(each) for each in campaign.assignments},
        "open": state.open,
        "people": {person: (state.open_items(person, now), state.person_progress(person, now)) for person in campaign.people},
        "answering": {item: state.who_may_answer(item, now) for item in campaign.items},
        "elsewhere": {person: held for person, held in state.elsewhere.items() if held},
        "done": {person: done for person, done in state.done_elsewhere.items() if done},
        "refused": state.refused,
        "facts": (state.facts.left, state.facts.unreachable, state.facts.covers),
        "notices": (state.noticed, state.told, state.stuck),
        "signed_off": state.signed_off,
        "unread": state.unread,
        "heard": (state.heard, state.latest),
        "asked": state.asked,
    }


def renamed(event: Event, name: str) -> Event:
    """Return an event under another id."""
    return replace(event, id=name)


def told(story: Story) -> State:
    """Return the state that follows from all that a story says."""
    return fold(story.campaign, story.events)


def whys(state: State) -> list[tuple[str | None, Why]]:
    """Return what was refused and why, in order."""
    return [(each.item, each.why) for each in state.refused]
