# SPDX-License-Identifier: Apache-2.0
"""A review of a few accounts that people answer: frozen by the real SQL, answered in a campaign, closed, and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.unit.campaigns.scene import Story
from tests.unit.reviews.world import REVIEW_ID, World, company, contract, entry, mail

from tieout.campaigns.definition import Choice, Definition, Leftovers, Pin, Population, Schedule
from tieout.campaigns.events import Decided, Event, ItemDecision
from tieout.campaigns.folding import fold
from tieout.campaigns.leftovers import Closing, close
from tieout.campaigns.state import State
from tieout.reviews.assigning import campaign_items
from tieout.reviews.items import asked_flags
from tieout.reviews.proof import Proof, ProofState, SecondList
from tieout.reviews.quality import Relations
from tieout.reviews.rows import Aftermath, ReviewRows

Row = dict[str, Any]
REVIEWS = contract("account_review.v2")
OPENED = datetime(2026, 4, 2, 8, tzinfo=UTC)
DUE = datetime(2026, 4, 16, tzinfo=UTC)
REMOVAL_DUE = datetime(2026, 4, 24, tzinfo=UTC)
SECOND = SecondList(REMOVAL_DUE - timedelta(seconds=1), REMOVAL_DUE + timedelta(hours=6))
CHOICES = {"revoke": Choice(needs_reason=True, overrules=True), "change": Choice(needs_reason=True), "keep": Choice()}
IVO, MIA, CLEO, ROB = map(mail, ("ivo", "mia", "cleo", "rob"))


@dataclass
class Review:
    """A review, and what is said in it."""

    world: World
    folder: Path
    leftovers: Leftovers = Leftovers.REFUSE
    frozen: list[Row] = field(init=False)
    definition: Definition = field(init=False)
    story: Story = field(init=False)

    def __post_init__(self) -> None:
        with self.world.frozen(self.folder) as found:
            self.frozen = [row for system in sorted(self.world.systems) for row in found.rows(system).to_pylist()]
        items, assignments = campaign_items(self.frozen)
        people = {person for each in assignments.values() for person in (each.person, *each.order)} | {CLEO, ROB}
        self.definition = Definition(
            campaign=REVIEW_ID, control="cc6_2_user_access_review", observation_period="2026-H1", window="2026-Q1",
            kind="access_review",
            populations=tuple(Population(each, f"{each}-{'0' * 32}", f"m/{each}", "f" * 64) for each in self.world.systems),
            schedule=Schedule(OPENED, DUE), choices=CHOICES, leftovers=self.leftovers,
            leftover_choice="revoke" if self.leftovers is Leftovers.DECIDE else None, items=items, assignments=assignments,
            pins={each: Pin("T1", f"U{number}") for number, each in enumerate(sorted(people))},
            managers_of_program=(CLEO,), signers=(ROB, IVO),
        )  # fmt: skip
        self.story = Story(self.definition)
        self.story.now = OPENED

    def item(self, account: str) -> Row:
        """Return the only frozen item of an account."""
        [row] = [row for row in self.frozen if row["account"] == account]
        return row

    def assignment(self, account: str, slot: int = 1) -> str:
        """Return the assignment that an account's item is part of."""
        return self.definition.assignments_of_item[self.item(account)["item"]][slot - 1].id

    def decide(self, by: str, accounts: Iterable[str], decision: str = "keep", *, slot: int = 1, **said: Any) -> Event:
        """Decide accounts, all in one answer."""
        listed = list(accounts)
        items = [self.definition.items[self.item(account)["item"]] for account in listed]
        reason = said.pop("reason", None if decision == "keep" else "no longer needed")
        at = said.pop("at", None)
        lines = tuple(ItemDecision(each.id, each.row_sha256, decision, reason) for each in items)
        values = {"assignment": self.assignment(listed[0], slot), "decisions": lines, "batch": len(lines), **said}
        return self.story._add(Decided, by, at, values)

    def close(self, at: datetime | None = None) -> State:
        """Close the review, and return where it stands."""
        now = at or self.story.now + timedelta(hours=1)
        closing = close(self.definition, fold(self.definition, self.story.events), now)
        assert isinstance(closing, Closing)
        self.story.close(closing)
        return self.state

    @property
    def state(self) -> State:
        """Where it stands."""
        return fold(self.definition, self.story.events)

    @property
    def events(self) -> dict[str, Event]:
        """All that was said, by id."""
        return {event.id: event for event in self.story.events}

    def rows(self, system: str = "idp", **after: Any) -> dict[str, Row]:
        """Return the rows of a system, by account."""
        state = self.state
        flags = asked_flags({"toxic_combinations": self.world.combinations})
        maker = ReviewRows(state, self.events, Relations(self.world.people), flags)
        frozen = [row for row in self.frozen if row["system"] == system]
        given: dict[str, Any] = {"removal_due_at": REMOVAL_DUE, "tickets": {}, "revoked_before": None}
        given |= {"proofs": {(row["account"], row["entitlement"]): proof(row) for row in frozen}, **after}
        return {row["account"]: maker.row(row, Aftermath(**given)) for row in frozen}


def proof(row: Mapping[str, Any], **changed: Any) -> Proof:
    """Return the proof of an entitlement that is gone."""
    gone = Proof(row["system"], row["account"], row["entitlement"], ProofState.REMOVED, (), None, "b" * 64, None, SECOND)
    return replace(gone, **changed)


def small(folder: Path, leftovers: Leftovers = Leftovers.REFUSE, **review: Any) -> Review:
    """Return a review of three accounts at the identity provider: Ann's, Ivo's, who owns it, and one of nobody's."""
    world = company(entry("a1", "ann"), entry("a2", "ivo"), entry("a3", None), review=review, systems=("idp",))
    return Review(world, folder, leftovers)


def as_table(rows: Iterable[Row]) -> pa.Table:
    """Return rows in the contract's types; it refuses a required value that is absent."""
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=REVIEWS.schema)
    for column in REVIEWS.columns:
        assert not (column.required and table[column.name].null_count), column.name
    return table
