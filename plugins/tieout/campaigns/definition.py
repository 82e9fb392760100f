# SPDX-License-Identifier: Apache-2.0
"""What a campaign asks, of whom and until when. It is fixed when the campaign opens, and every answer names its hash.

1. The population is frozen and sealed: items are rows of landings that the definition names by their manifests' hashes.
2. Every item is given to one person, or to two in two slots who answer apart; never to the one whom it is about, never twice to
   the same one.
3. Each assignment says who comes next, in order, where its person does not answer.
4. The program's managers may give anything to somebody else. There is at least one, so that nothing is without anybody.
5. Where there are lookers, an answer is no decision before one of them, who has not given it, accepts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from tieout.campaigns.assignments import Assignment, Item


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision that an item may get.

    Attributes:
        needs_reason: Whether it takes a reason.
        overrules: Whether it wins over any that does not, where two people answer apart.
        offered: Whether people may choose it; False for one that only the rule for leftovers gives.
    """

    needs_reason: bool = False
    overrules: bool = False
    offered: bool = True


class Leftovers(StrEnum):
    """What becomes of items that are open when the campaign is due."""

    REFUSE = "refuse"
    """It does not close before all are decided."""
    DECIDE = "decide"
    """It closes at the last due time, and the rule decides them as `Definition.leftover_choice` says."""
    ESCALATE = "escalate"
    """They go to the next in order, until the next of `Schedule.extensions`; it does not close before all are decided."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When what is due, all UTC.

    Attributes:
        opened_at: From when answers count.
        due_at: By when all has to be decided.
        reminders: When those are reminded who have something open, ascending.
        escalate_at: When what is open goes to the next in order for the first time; ``None`` for never.
        extensions: Further due times after `due_at`, ascending. For `Leftovers.ESCALATE` what is open goes to the next in order
            at each due time but the last; for `Leftovers.DECIDE` the rule decides at the last one, and until then it is late.
    """

    opened_at: datetime
    due_at: datetime
    reminders: tuple[datetime, ...] = ()
    escalate_at: datetime | None = None
    extensions: tuple[datetime, ...] = ()

    @property
    def ends_at(self) -> datetime:
        """The last due time."""
        return (self.due_at, *self.extensions)[-1]

    def due(self, now: datetime) -> datetime:
        """Return the due time that holds now: the first that is to come, or the last."""
        return next((at for at in (self.due_at, *self.extensions) if at > now), self.ends_at)


@dataclass(frozen=True, slots=True)
class Population:
    """One landing that items come from, with the SHA-256 of its manifest's envelope."""

    system: str
    landing: str
    manifest_key: str
    manifest_sha256: str


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """The account of a person in the messenger, as it was when the population was frozen."""

    team: str
    user: str


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A campaign, before anybody has said anything.

    Attributes:
        campaign: Its id: a segment of object keys.
        control: The control that it performs.
        observation_period: Label that everything of it is stored under.
        window: Key of the window that it performs the control for; its records stand there.
        kind: What it is about, for whoever shows it: a segment.
        populations: Where its items come from.
        schedule: When what is due.
        choices: What may be decided, by name, the strongest first: where two people answer apart, the first listed of both wins.
        leftovers: What becomes of what is open when it is due.
        leftover_choice: What `Leftovers.DECIDE` decides.
        items: By id.
        assignments: By id.
        pins: Everybody whom items may be given to, with the account that is theirs; ``None`` for who has none.
        managers_of_program: Who may give anything to somebody else, and enter cover for anybody.
        signers: Who may sign off when it is closed; nobody who has been asked may.
        personal: Whether an item is for nobody but the one whom it was given to: nobody is asked in his place, and what is late
            is listed to the first in order (`NoticeKind.LISTED`) and stays where it is.
        lookers: Who may accept an answer or return it with a question, where each is looked at; else nobody, and an answer is a
            decision when it is given.

    Raises:
        ConfigurationError: Its parts do not fit together; the message names items by id, and no person.
    """

    campaign: str
    control: str
    observation_period: str
    window: str
    kind: str
    populations: tuple[Population, ...]
    schedule: Schedule
    choices: Mapping[str, Choice]
    leftovers: Leftovers
    leftover_choice: str | None = None
    items: Mapping[str, Item]
    assignments: Mapping[str, Assignment]
    pins: Mapping[str, Pin | None]
    managers_of_program: tuple[str, ...]
    signers: tuple[str, ...] = ()
    personal: bool = False
    lookers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        from tieout.campaigns.checks import check_definition

        check_definition(self)

    @cached_property
    def assignments_of_item(self) -> Mapping[str, tuple[Assignment, ...]]:
        """The assignments that an item stands in, one for each slot, by slot."""
        found: dict[str, tuple[Assignment, ...]] = {}
        for each in sorted(self.assignments.values(), key=lambda each: each.slot):
            for item in each.items:
                found[item] = (*found.get(item, ()), each)
        return found

    @cached_property
    def assignments_of_person(self) -> Mapping[str, tuple[Assignment, ...]]:
        """The assignments that were given to a person, by slot."""
        found: dict[str, tuple[Assignment, ...]] = {}
        for each in sorted(self.assignments.values(), key=lambda each: (each.slot, each.id)):
            found[each.person] = (*found.get(each.person, ()), each)
        return found

    def due_of(self, assignment: str, now: datetime) -> datetime:
        """Return by when an assignment is to be answered: its own due time, or the one of the campaign that holds now."""
        return self.assignments[assignment].due_at or self.schedule.due(now)

    @cached_property
    def people(self) -> frozenset[str]:
        """Everybody who has, or may be given, anything to do here."""
        found = {*self.pins, *self.managers_of_program, *self.signers, *self.lookers}
        for each in self.assignments.values():
            found.update((each.person,), each.order, *each.orders.values())
        return frozenset(found)

    @cached_property
    def awaited(self) -> int:
        """How many decisions are awaited in all: an item that two people answer for counts twice."""
        return sum(len(each.items) for each in self.assignments.values())

    @cached_property
    def rank(self) -> Mapping[str, int]:
        """Place of each choice in the order of strength; the lowest wins."""
        return {name: place for place, name in enumerate(self.choices)}

    @cached_property
    def _persons(self) -> Mapping[Pin, str]:
        return {pin: person for person, pin in self.pins.items() if pin is not None}

    def person_of(self, team: str, user: str) -> str | None:
        """Return whose account that was when the population was frozen; ``None`` where it was nobody's."""
        return self._persons.get(Pin(team, user))

    @cached_property
    def frozen_sha256(self) -> str:
        """Hash over items and assignments (`tieout.campaigns.sealed.frozen_sha256`)."""
        from tieout.campaigns.sealed import frozen_sha256

        return frozen_sha256(self.items, self.assignments)

    @cached_property
    def sha256(self) -> str:
        """Hash of the sealed document (`tieout.campaigns.sealed.as_document`): every answer names it."""
        from tieout.campaigns.sealed import document_sha256

        return document_sha256(self)
