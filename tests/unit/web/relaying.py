# SPDX-License-Identifier: Apache-2.0
"""An Airflow made up, in which a task waits for a sign-off, beside a review that is closed: what tests of the relay share."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.unit.flows.campaign_bench import Bench, now
from tests.unit.reviews.world import mail

from tieout.campaigns.events import SignedOff
from tieout.campaigns.ledger import Ledger
from tieout.desks.cases import Cases
from tieout.flows.signing import asked_about, required_action
from tieout.web.airflow_users import SimpleUsers
from tieout.web.reconciling import SETTLED, Reconciler
from tieout.web.relay import Relay
from tieout.web.required_actions import Answered, Place, Waiting

PLACE = Place("review", "window__2026-Q1", "sign_off", -1)
HOUR = timedelta(hours=1)
NUMBERS = count(200)
"""Of documents: each test asks about one of its own."""


@dataclass(frozen=True)
class User:
    """An Airflow user."""

    username: str

    def get_id(self) -> str:
        return self.username

    def get_name(self) -> str:
        return self.username.partition("@")[0]


@dataclass
class FakeAirflow:
    """Required actions, and the statuses that answers to them get."""

    waits: list[Waiting] = field(default_factory=list)
    given: list[Answered] = field(default_factory=list)
    assigned: list[tuple[Any, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    answers: list[tuple[Waiting, str, bool]] = field(default_factory=list)
    status: int = 200

    def waiting(self) -> list[Waiting]:
        return self.waits

    def answered(self, since: datetime) -> list[Answered]:
        return [each for each in self.given if each.at >= since]

    def assign(self, waiting: Waiting, users: tuple[tuple[str, str], ...]) -> None:
        self.assigned.append((waiting.id, users))
        self.waits = [replace(each, assigned=users) if each.id == waiting.id else each for each in self.waits]

    async def answer(self, waiting: Waiting, user: User, *, approved: bool) -> int:
        self.answers.append((waiting, user.username, approved))
        return self.status


@dataclass
class World:
    """A closed review, a document that is asked about, and an Airflow in which a task waits for its sign-off."""

    bench: Bench
    cases: Cases
    stranger: Ledger
    sha256: str
    airflow: FakeAirflow = field(default_factory=FakeAirflow)
    users: list[User] = field(
        default_factory=lambda: [User("Rob@Example.com"), User(mail("ivo")), User(mail("eva")), User("admin")]
    )
    moved: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.stranger.refresh()
        found = asked_about(self.stranger)
        assert found is not None
        self.shown = required_action(found)
        self.started = now() - timedelta(minutes=1)
        self.reconciler = self.another()

    def another(self) -> Reconciler:
        """Return what another api-server has, which knows nothing yet."""
        users = SimpleUsers(lambda: self.users, str.lower)
        return Reconciler(cases=lambda: self.cases, actions=self.airflow, users=lambda: users, now=lambda: now() + self.moved)

    def wait(self, **changed: Any) -> Waiting:
        """Have a task wait that has parked a while ago."""
        values: dict[str, Any] = {
            "id": len(self.airflow.waits), "place": PLACE, "subject": self.shown.subject, "body": self.shown.body,
            "assigned": ((mail("rob"), mail("rob")),), "asked_at": self.started, "parked_at": now() - 2 * SETTLED,
        }  # fmt: skip
        self.airflow.waits.append(Waiting(**(values | changed)))
        return self.airflow.waits[-1]

    def answer(self, person: str, *, approved: bool = True, **changed: Any) -> Answered:
        """Have a person answer in Airflow."""
        values: dict[str, Any] = {
            "place": PLACE, "subject": self.shown.subject, "body": self.shown.body, "asked_at": self.started,
            "user_id": person, "at": now(), "approved": approved, "reason": "",
        }  # fmt: skip
        self.airflow.given.append(Answered(**(values | changed)))
        return self.airflow.given[-1]

    def look(self, reconciler: Reconciler | None = None) -> None:
        """Look once, as the api-server does."""
        relay = Relay(reconciler=reconciler or self.reconciler, seconds=1)
        with ThreadPoolExecutor(1) as pool:
            asyncio.run(relay.look(pool))

    @property
    def said(self) -> list[SignedOff]:
        """What was said of the document and counts, as a stranger reads it."""
        self.stranger.refresh()
        return [each for each in self.stranger.state.signed_off if each.about_sha256 == self.sha256]
