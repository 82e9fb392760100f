# SPDX-License-Identifier: Apache-2.0
"""A campaign in a bucket with the desk over it: what its tests share."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulators.slack import TEAM
from tests.unit.campaigns.scene import ITEMS, Signers, Story, definition

from tieout.campaigns.definition import Definition, Pin, Schedule
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.responder import Responder
from tieout.campaigns.writer import Writer
from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.case import Case
from tieout.desks.desk import Answer, Decision, Member, Page, Posted, Refused, Stored
from tieout.desks.items import Item
from tieout.evidence.layout import Class, class_of
from tieout.evidence.store import Retention, S3Store
from tieout.slack.blocks.page import presented

NOW = datetime.now(UTC).replace(microsecond=0)
OPENED = NOW - timedelta(minutes=30)
USERS = {"a": "U0OWNER001", "b": "U0OTHER001", "c": "U0C0000001", "d": "U0D0000001", "e": "U0E0000001", "m": "U0MANAGER1"}
REVIEW = definition(
    schedule=Schedule(OPENED, OPENED + timedelta(days=20)),
    pins={each: Pin(TEAM, user) for each, user in USERS.items()} | {"s": None},
)


class Bench:
    """A campaign in a bucket, its task, and a desk over it."""

    def __init__(self, store: S3Store, signers: Signers, review: Definition) -> None:
        self.store, self.signers, self.review = store, signers, review
        retention = Retention("COMPLIANCE", NOW + timedelta(days=366), "AES256", "")
        self.writer = Writer(review, store, signers.landing, retention)
        self.writer.open("task", NOW)
        self.responder = Responder(review, store, signers.response, retention, lambda: datetime.now(UTC))
        self.posted: dict[str, Posted] = {}
        self.clock = 0.0
        self.case = Case(
            ledger=Ledger(review, store, signers.key_list),
            responder=self.responder,
            title="Access review 2026-Q2",
            unit="accounts",
            labels={"keep": "Keep", "revoke": "Revoke", "change": "Change"},
            introduction="Is it needed?",
            item=lambda item: Item(
                id=item, row_sha256=ITEMS[item].row_sha256, title=f"account of {item}", holder=ITEMS[item].subject
            ),
            named=lambda assignment: f"idp, {review.assignments[assignment].authority}",
            posted=self.posted.get,
            clock=lambda: self.clock,
        )
        cases = {review.campaign: self.case}
        self.desk = CampaignDesk(cases.copy, lambda persons: dict.fromkeys(persons, "Somebody"), lambda: NOW, lambda work: work())
        self.story = Story(review)
        self.story.now = OPENED

    def say(self, event: Any) -> None:
        """Have something said elsewhere, and let the desk's reading grow old."""
        self.responder.respond(replace(event, id=""))
        self.clock += 60

    def answer(self, person: str, assignment: str, given: Sequence[tuple[str, str]], /, **changes: Any) -> Stored | Refused:
        """Answer as somebody, of items by their digits."""
        lines = tuple(
            Decision(f"i{digit}", ITEMS[f"i{digit}"].row_sha256, choice, None if choice == "keep" else "no longer needed")
            for digit, choice in given
        )
        page = self.desk.shown(who(person), self.review.campaign, assignment, [each.item for each in lines])
        document, sha256 = presented(page, 1) if isinstance(page, Page) else ({}, "0" * 64)
        said: dict[str, Any] = {
            "campaign": self.review.campaign, "assignment": assignment, "decisions": lines, "acted_at": NOW, "dwell_ms": 1200,
            "interaction": f"{person}{given}", "presented": document, "presented_sha256": sha256, "channel": ("slack", True),
            "shown": 4,
        }  # fmt: skip
        return self.desk.answer(who(person), Answer(**(said | changes)))

    def responses(self) -> list[dict[str, Any]]:
        """Return the payloads of what was stored, as it stands in the bucket."""
        keys = [key for key in self.store.keys("responses/") if class_of(key) is Class.RESPONSE]
        return [json.loads(base64.b64decode(json.loads(self.store.read(key, None) or b"")["payload"])) for key in sorted(keys)]


def shown(item: str) -> Item:
    """Return an item as people see it."""
    return Item(id=item, row_sha256=ITEMS[item].row_sha256, title=f"account of {item}", holder=ITEMS[item].subject)


def who(person: str, user: str | None = None) -> Member:
    """Return somebody as Slack vouches for them."""
    return Member(TEAM, user or USERS[person], person)
