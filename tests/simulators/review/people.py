# SPDX-License-Identifier: Apache-2.0
"""The people of Shop in Slack: each reads the message, presses its button and decides page after page, all at the same time.

1. The Lead of Orders delivers a page twice, as Slack does where it did not hear the answer.
2. The Platform Lead tries to decide on an account of their own: three times, by ever stronger means.
3. The Lead of Storefront is the last, and answers once more when the review is closed.
4. The Security Lead signs off.

Where no message comes, as one of an earlier run was lost with its workspace, they look into App Home.
"""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.simulators.review.clicking import came, open_modal, refused, submit, wait_for
from tests.simulators.review.lists import entries
from tests.simulators.review.plan import CONTROL, OWN, SIGNER, decide, reviewer
from tests.simulators.review.staff import CTO, ORDERS, PLATFORM, STOREFRONT, user_of
from tests.simulators.slack import SIGNING_SECRET, TEAM, Person, Slack
from tests.simulators.slack.delivery import Answer
from tests.simulators.slack.people import buttons
from tests.simulators.slack.views import View
from tieout.slack.metadata import page_key, read, write

FRESH_SECONDS = 5.0
"""How long one takes to think better of it: what Tieout's endpoint has read of a review may be seconds old."""
OPEN, PAGE = "open_review", "tieout_page"
PATIENCE = 240.0
"""Seconds that one waits for another; where that one has done his part in an earlier run, nothing comes."""


@dataclass
class Done:
    """What they did, and what they were told.

    Attributes:
        pages: Submitted pages that were accepted.
        repeated: What the two deliveries of one page were answered with.
        own_access: What was shown after each attempt to decide on an account of their own.
        last: Who had decided everything when the last one began.
        late: What was shown to whoever answered after the close.
        signed_off: Whether the review was signed off.
        failed: Who could not go on, and why; ``None`` for nobody.
    """

    pages: int = 0
    repeated: list[int] = field(default_factory=list)
    own_access: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    late: str | None = None
    signed_off: bool = False
    failed: str | None = None

    def as_document(self) -> dict[str, Any]:
        """Return it as a file states it."""
        return asdict(self)


class Cast:
    """Everybody who is asked anything, in threads of their own.

    Args:
        slack: The workspace.
        url: Where Slack posts what they do.
        told: Called with all that was done, whenever there is something new.

    Attributes:
        done: What was done.
        people: Everybody by name.
    """

    def __init__(self, slack: Slack, url: str, told: Callable[[Done], None] = lambda _: None) -> None:
        self.slack, self.done = slack, Done()
        self.reviewers = sorted({reviewer(each) for each in entries()})
        self._told, self._lock = told, threading.Lock()
        self._finished: list[str] = []
        self._page_of_cto: View | None = None
        self.people = {name: Person(slack, url, user_of(name)) for name in (*self.reviewers, SIGNER)}

    def start(self) -> None:
        """Let them begin."""
        parts = {name: self._review for name in self.reviewers}
        parts |= {CTO: self._show_own, PLATFORM: self._try_own, ORDERS: self._deliver_twice, STOREFRONT: self._come_late}
        parts[SIGNER] = self._sign_off
        for name, part in parts.items():
            threading.Thread(target=self._play, args=(name, part), daemon=True).start()

    def is_done(self, name: str) -> bool:
        """Whether somebody has nothing left to do in the review."""
        return name in self._finished or name not in self.people

    def _play(self, name: str, part: Callable[[str], None]) -> None:
        try:
            part(name)
            with self._lock:
                self._finished.append(name)
        except Exception as error:
            self._tell(failed=f"{name}: {type(error).__name__}: {error}")

    def _tell(self, **said: Any) -> None:
        with self._lock:
            for name, value in said.items():
                setattr(self.done, name, value)
            self._told(self.done)

    def _review(self, name: str) -> None:
        self._open(name, OPEN, PAGE)
        self._go_through(name)

    def _show_own(self, name: str) -> None:
        """Decide as everybody; the Platform Lead looks over the shoulder of who decides on the Platform Lead's account."""
        person = self._open(name, OPEN, PAGE)
        if _inputs_of(person.view, OWN):
            self._page_of_cto = copy.deepcopy(person.view)
        self._go_through(name)

    def _deliver_twice(self, name: str) -> None:
        person = self._open(name, OPEN, PAGE)
        person.fill(lambda _, text: decide(text))
        first = self._submit(person)
        self._tell(repeated=[first.status, person.submit_again().status])
        self._go_through(name)

    def _come_late(self, name: str) -> None:
        person = self._open(name, OPEN, PAGE)
        opened = copy.deepcopy(person.view)  # on another device, where it stays open
        came(lambda: len(self._finished) == len(self.reviewers) - 1, PATIENCE)
        self._tell(last=sorted(self._finished))
        self._go_through(name)
        came(lambda: any("It takes no more answers" in each.text for each in person.messages), PATIENCE)
        time.sleep(FRESH_SECONDS)
        self.slack.views.open[person.user] = opened
        person.fill(lambda *_: ("revoke", "thought better of it"))
        self._tell(late=refused(person))

    def _try_own(self, name: str) -> None:
        """Try to decide on an account of one's own.

        By an answer with one item more; by the page of who decides on it; and by that page as if it had been made for oneself,
        which takes the secret that Slack signs with.
        """
        person = self._open(name, OPEN, PAGE)
        if came(lambda: self._page_of_cto is not None, PATIENCE):
            self._tell(own_access=self._attempts(person))
        self._go_through(name)

    def _attempts(self, person: Person) -> list[str]:
        """Return what was shown after each attempt."""
        mine, theirs = copy.deepcopy(person.view), self._page_of_cto
        assert theirs is not None
        carried, key = theirs.given["private_metadata"], page_key(SIGNING_SECRET)
        known = read(carried, key, TEAM, user_of(CTO))
        assert known is not None
        [item] = {each["block_id"].split(".")[1] for each in _inputs_of(theirs, OWN)}
        opened_ms = json.loads(mine.given["private_metadata"])["opened_ms"]
        person.fill(lambda *_: ("keep", None))
        shown = [self._attempt(person, mine, mine.given["private_metadata"], person.view.values | _kept(item, opened_ms))]
        for said in (carried, write(known, key, TEAM, person.user)):
            shown.append(self._attempt(person, mine, said, _kept(item, known.opened_ms)))
        return shown

    def _attempt(self, person: Person, page: View, carried: str, values: dict[str, Any]) -> str:
        """Submit a page that is not as it was shown, and return what is shown then; the page is open again afterwards."""
        self.slack.views.open[person.user] = View(
            page.id, page.user, {**page.given, "private_metadata": carried}, page.hash, values
        )
        shown = refused(person)
        self.slack.views.open[person.user] = copy.deepcopy(page)
        return shown

    def _sign_off(self, name: str) -> None:
        person = self._open(name, "open_sign_off", "tieout_sign_off")
        came(lambda: self.done.late is not None, PATIENCE)
        [block] = [each for each in person.view.given["blocks"] if each.get("block_id", "").startswith("said.")]
        chosen = next(each for each in block["element"]["options"] if each["value"] == "approve")
        person.view.values[block["block_id"]]["said"]["selected_option"] = chosen
        self._submit(person)
        self._tell(signed_off=True)

    def _open(self, name: str, action: str, callback: str) -> Person:
        """Wait until somebody is asked, and open the modal."""
        person = self.people[name]
        open_modal(person, wait_for(person, action, CONTROL), callback)
        return person

    def _go_through(self, name: str) -> None:
        """Decide page after page, to the end."""
        person = self.people[name]
        while True:
            if person.view.given["callback_id"] == PAGE:
                person.fill(lambda _, text: decide(text))
                self._submit(person)
            elif buttons(person.view.given["blocks"], "next_page"):  # it was stored, and what follows could not be read
                person.press_in_view("next_page")
            else:
                return

    def _submit(self, person: Person) -> Answer:
        answer = submit(person)
        with self._lock:
            self.done.pages += 1
        return answer


def _inputs_of(view: View, row: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Return the inputs of one item of a page."""
    found, text = [], ""
    for block in view.given["blocks"]:
        text = block["text"]["text"] if block["type"] == "section" else text
        if block["type"] == "input" and f": {row[1]} has {row[2]}" in text:
            found.append(block)
    return found


def _kept(item: str, opened_ms: int) -> dict[str, dict[str, Any]]:
    """Return what a page says of an item that is kept."""
    option = {"type": "radio_buttons", "selected_option": {"text": {"type": "plain_text", "text": "Keep"}, "value": "keep"}}
    reason = {"type": "plain_text_input", "value": None}
    return {f"decision.{item}.{opened_ms}": {"decision": option}, f"reason.{item}.{opened_ms}": {"reason": reason}}
