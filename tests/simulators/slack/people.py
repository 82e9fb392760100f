# SPDX-License-Identifier: Apache-2.0
"""People in a simulated workspace: they read what they got, press buttons, fill in pages, submit, submit again, and come late."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.slack import payloads
from tests.simulators.slack.delivery import JSON, Answer, Sent, as_form, deliver, signed
from tests.simulators.slack.members import dm_of
from tests.simulators.slack.views import View
from tests.simulators.slack.workspace import SIGNING_SECRET, Posted, Slack

Decide = Callable[[str, str], tuple[str, str | None]]
"""From an item's id and its text: choice, and reason where one is given."""


@dataclass
class Person:
    """A member who acts through Slack's own requests to the app.

    Attributes:
        slack: The workspace.
        url: Where the app is.
        user: Their id.
        secret: What Slack signs with.
        last: The request that was delivered last.
        answers: What was answered to each delivery.
        clock: Seconds since 1970, as Slack's clock has them.
    """

    slack: Slack
    url: str
    user: str
    secret: str = SIGNING_SECRET
    last: Sent | None = None
    answers: list[Answer] = field(default_factory=list)
    clock: Callable[[], float] = time.time

    @property
    def messages(self) -> list[Posted]:
        """Messages to them, not those in threads."""
        return [each for each in self.slack.messages if each.channel == dm_of(self.user) and each.thread is None]

    def thread(self, message: Posted) -> list[Posted]:
        """Return the replies to a message."""
        return [each for each in self.slack.messages if each.thread == message.ts]

    @property
    def view(self) -> View:
        """The modal that they see."""
        return self.slack.views.open[self.user]

    def open_home(self) -> dict[str, Any]:
        """Open App Home, and return what is shown."""
        self.look_home()
        return self.slack.views.homes[self.user]

    def look_home(self) -> Answer:
        """Open App Home, whether or not anything is shown."""
        event = payloads.home_opened(self.slack.team, self.user, dm_of(self.user))
        return self._deliver(self._signed(json.dumps(event).encode(), content_type=JSON))

    def press_in_message(self, message: Posted, action_id: str, number: int = 0) -> Answer:
        """Press a button in a message: the ``number``-th with this id."""
        block, element = buttons(message.blocks, action_id)[number]
        container = payloads.message_container(message.channel, message.ts)
        return self._press(element, block, container=container, channel={"id": message.channel, "name": "directmessage"})

    def press_in_view(self, action_id: str) -> Answer:
        """Press a button in the modal."""
        block, element = buttons(self.view.given["blocks"], action_id)[0]
        return self._press(element, block, container=payloads.view_container(self.view.id), view=self.view.sent(self.slack.team))

    def press_in_home(self, action_id: str, number: int = 0) -> Answer:
        """Press a button in App Home."""
        home = self.slack.views.homes[self.user]
        block, element = buttons(home["blocks"], action_id)[number]
        view = {"id": "V0HOME", "private_metadata": "", "callback_id": "", "hash": "1", **home}
        return self._press(element, block, container=payloads.view_container("V0HOME"), view=view)

    def fill(self, decide: Decide, answer: str | None = None) -> list[str]:
        """Fill in the page, and return the ids of its items.

        Args:
            decide: From an item's id and all that the page says of it: choice and reason.
            answer: Text of the option that is chosen where an item asks something.
        """
        items, texts, fresh = [], [""], True
        for block in self.view.given["blocks"]:
            if block["type"] == "section":
                texts, fresh = [*([] if fresh else texts), block["text"]["text"]], False
            if block["type"] != "input":
                continue
            kind, item, _ = block["block_id"].split(".")
            fresh = True
            choice, reason = decide(item, "\n".join(texts))
            inputs = self.view.values[block["block_id"]]
            if kind == "decision":
                items.append(item)
                options = block["element"]["options"]
                inputs["decision"]["selected_option"] = next((each for each in options if each["value"] == choice), None)
            elif kind == "answer":
                options = block["element"]["options"]
                inputs["answer"]["selected_option"] = next((each for each in options if each["text"]["text"] == answer), None)
            else:
                inputs["reason"]["value"] = reason
        return items

    def fill_text(self, block_id: str, action_id: str, text: str) -> None:
        """Fill in a text."""
        self.view.values[block_id][action_id]["value"] = text

    def submission(self) -> dict[str, Any]:
        """Return the payload of submitting the modal as it is."""
        view = self.view.sent(self.slack.team)
        return payloads.envelope(
            "view_submission", self.slack.team, self.user, view=view, trigger_id=self.slack.trigger(self.user), response_urls=[]
        )

    def submit(self, **how: Any) -> Answer:
        """Submit the modal, and show what is answered."""
        return self._show(self._deliver(self._signed(as_form(self.submission()), **how)))

    def submit_again(self) -> Answer:
        """Deliver the last request once more, to the byte: Slack, or a network, said it twice."""
        assert self.last is not None
        return deliver(self.url, self.last)

    def close(self) -> Answer | None:
        """Close the modal; the app hears of it where it asked to."""
        view = self.slack.views.open.pop(self.user)
        if not view.given.get("notify_on_close"):
            return None
        sent = view.sent(self.slack.team)
        del sent["state"]
        payload = payloads.envelope("view_closed", self.slack.team, self.user, view=sent, is_cleared=False)
        return self._deliver(self._signed(as_form(payload)))

    def review(self, message: Posted, decide: Decide, number: int = 0) -> int:
        """Open a review from its message, decide page after page to the end, and return how many pages were submitted."""
        self.press_in_message(message, "open_review", number)
        pages = 0
        while self.view.given["callback_id"] == "tieout_page":
            self.fill(decide)
            answer = self.submit()
            assert answer.said.get("response_action") == "update", answer.body
            pages += 1
        return pages

    def _press(self, element: dict[str, Any], block_id: str, **where: Any) -> Answer:
        payload = payloads.envelope("block_actions", self.slack.team, self.user, **where)
        payload |= {"actions": [payloads.action(element, block_id, self.clock())], "trigger_id": self.slack.trigger(self.user)}
        return self._deliver(self._signed(as_form(payload)))

    def _signed(self, body: bytes, **how: Any) -> Sent:
        return signed(body, self.secret, **{"timestamp": str(int(self.clock())), **how})

    def _deliver(self, sent: Sent) -> Answer:
        self.last = sent
        answer = deliver(self.url, sent)
        self.answers.append(answer)
        return answer

    def _show(self, answer: Answer) -> Answer:
        """Do to the modal what was answered, as Slack does."""
        view = self.view
        said = answer.said
        if answer.status != 200:
            view.errors = {"": "We had some trouble connecting. Try again?"}
        elif said.get("response_action") == "errors":
            inputs = {block["block_id"] for block in view.given["blocks"] if block["type"] == "input"}
            self.slack.wrong += [f"an error at {block!r}, which is no input" for block in said["errors"] if block not in inputs]
            view.errors = said["errors"]
        elif said.get("response_action") == "update":
            if self.slack.views.fit(said["view"]):
                view.replace(said["view"], self.slack.views.new_hash())
        elif not answer.body or said.get("response_action") == "clear":
            del self.slack.views.open[self.user]
        else:
            self.slack.wrong.append("an answer to a submission that Slack does not know")
        return answer


def buttons(blocks: Iterable[dict[str, Any]], action_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the buttons with an action id, each with its block's id; Slack makes up ids for blocks without."""
    found = []
    for number, block in enumerate(blocks):
        elements = [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else ())]
        found += [(block.get("block_id", f"b{number}"), each) for each in elements if each.get("action_id") == action_id]
    return found
