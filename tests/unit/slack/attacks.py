# SPDX-License-Identifier: Apache-2.0
"""What attacks on the endpoint have in common: a page that is about to be submitted, requests that are not as they should be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.slack import SIGNING_SECRET, TEAM, Person, payloads
from tests.simulators.slack.delivery import FORM, Answer, Sent, as_form, deliver, signature, signed
from tests.unit.slack.memory_desk import MemoryDesk
from tests.unit.slack.scene import CAMPAIGN, Scene, campaign, person_of

from tieout.desks.desk import Member
from tieout.slack.metadata import Metadata

MARK = "quetzal-reason"
"""Stands in every body that says anything, and must stand in no log."""
OWNER, OTHER = "U0OWNER001", "U0OTHER001"


@dataclass
class Try:
    """One attack while it runs.

    Attributes:
        scene: What is attacked.
        bodies: Everything that was sent.
    """

    scene: Scene
    bodies: list[bytes] = field(default_factory=list)

    def reset(self) -> None:
        """Begin with a review in which nothing has been said."""
        self.scene.settle()
        fresh = MemoryDesk({CAMPAIGN: campaign()})
        self.scene.desk.__dict__.update(fresh.__dict__)
        self.scene.slack.views.open.clear()
        self.bodies.clear()

    def person(self, user: str = OWNER) -> Person:
        """Return somebody with the first page of their review open and filled in, as if it had been opened before the attack."""
        address = next(each.email for each in self.scene.slack.members.values() if each.user == user)
        who = Member(TEAM, user, person_of(address))
        assignment = f"1-{address.partition('@')[0]}"
        left = self.scene.desk.campaigns[CAMPAIGN].left
        known, self.scene.desk.campaigns[CAMPAIGN].left = left, set()
        view = self.scene.front.next_view(who, Metadata(campaign=CAMPAIGN, assignment=assignment), None)
        self.scene.desk.campaigns[CAMPAIGN].left = known
        assert isinstance(view, dict)
        assert self.scene.slack.views.show(user, view) is not None
        person = self.scene.person(user)
        person.fill(lambda _, __: ("revoke", MARK))
        return person

    def submission(self, user: str = OWNER) -> dict[str, Any]:
        """Return the payload of submitting a page, to be meddled with."""
        payload: dict[str, Any] = json.loads(json.dumps(self.person(user).submission()))
        payload["user"]["name"] = "Zerberus Öwner"
        return payload

    def press(self, user: str, value: str, action_id: str = "open_review") -> dict[str, Any]:
        """Return the payload of pressing a button that says something."""
        element = {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": MARK}, "value": value}
        container = payloads.message_container("D0OWNER001", "1760000000.000001")
        payload = payloads.envelope("block_actions", TEAM, user, container=container, trigger_id=self.scene.slack.trigger(user))
        return payload | {"actions": [payloads.action(element, "summary.0")]}

    def send(self, payload: dict[str, Any], **how: Any) -> Answer:
        """Send a payload, signed."""
        return self.deliver(signed(as_form(payload), SIGNING_SECRET, **how))

    def body(self, body: bytes, content_type: str = FORM) -> Answer:
        """Send bytes, signed."""
        return self.deliver(signed(body, SIGNING_SECRET, content_type))

    def headers(self, *headers: tuple[str, str], body: bytes | None = None) -> Answer:
        """Send a good page under these headers, and no others."""
        return self.deliver(Sent(as_form(self.submission()) if body is None else body, list(headers)))

    def timestamp(self, text: str) -> Answer:
        """Send a good page, signed for a timestamp that is written so."""
        body = as_form(self.submission())
        return self.deliver(Sent(body, [("Content-Type", FORM), *signature_headers(body, text)]))

    def deliver(self, sent: Sent) -> Answer:
        """Send a request."""
        self.bodies.append(sent.body)
        return deliver(self.scene.url, sent)

    def shown(self, user: str = OWNER) -> str:
        """Return what a person sees in their modal."""
        view = self.scene.slack.views.open.get(user)
        return "nothing is shown" if view is None else title_and_text(view.given)


def signature_headers(body: bytes, timestamp: str | None = None) -> list[tuple[str, str]]:
    """Return the two headers of a signature."""
    at = now() if timestamp is None else timestamp
    return [("X-Slack-Request-Timestamp", at), ("X-Slack-Signature", signature(SIGNING_SECRET, at, body))]


def now(later: int = 0) -> str:
    """Return the time as Slack writes it."""
    return str(int(time.time()) + later)


def title_and_text(view: dict[str, Any]) -> str:
    """Return a view's title and first text."""
    title = view.get("title", {}).get("text", view["type"])
    text = next((block["text"]["text"] for block in view["blocks"] if "text" in block), "")
    return f"'{title}': {text}"


def came_back(answer: Answer) -> str:
    """Return what came back, on one line."""
    if answer.status == 0:
        return "connection cut"
    said = answer.said
    if said.get("response_action") == "update":
        return f"{answer.status} {title_and_text(said['view'])}"
    if said.get("response_action") == "errors":
        return f"{answer.status} at an input: {next(iter(said['errors'].values()))}"
    return f"{answer.status} {said.get('error', answer.body[:60] or 'empty')}"


@dataclass(frozen=True)
class Attack:
    """One line of the table.

    Attributes:
        name: What is tried.
        run: Tries it, and returns what came back.
        expected: Expression for what came back, from its beginning.
        stored: How many answers are stored.
    """

    name: str
    run: Callable[[Try], str | Answer]
    expected: str
    stored: int = 0
