# SPDX-License-Identifier: Apache-2.0
"""People who answer a review in Slack, and insist where they are not told that something is stored."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.faults.campaign_project import MEMBERS, REVOKED, accounts
from tests.simulators.slack import Person, Slack
from tests.simulators.slack.members import dm_of
from tests.simulators.slack.people import buttons
from tests.simulators.slack.workspace import Posted
from tieout.desks.desk import LATER
from tieout.slack.blocks.elements import NEXT, PAGE_VIEW

_TRIES, _PAUSE_SECONDS = 40, 1.0
"""What answers in Slack is there some seconds after an api-server that was started again."""


@dataclass
class Crowd:
    """The people of a review.

    Attributes:
        slack: Where they are.
        url: Where what they do is posted to.
        told: Choices by account that somebody was told are stored.
    """

    slack: Slack
    url: str
    told: dict[str, str] = field(default_factory=dict)
    _people: dict[str, Person] = field(default_factory=dict)

    def who(self, name: str) -> Person:
        return self._people.setdefault(name, Person(self.slack, self.url, MEMBERS[name]))

    def open_page(self, name: str, message: Posted, action: str = "open_review", number: int = 0) -> Person:
        """Press a button until something opens: an api-server that has just started is late at first, and says so."""
        who = self.who(name)
        self.slack.views.open.pop(who.user, None)
        for _ in range(_TRIES):
            with suppress(TimeoutError):
                who.press_in_message(message, action, number)
            if who.user in self.slack.views.open:
                return who
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(who.answers[-1])

    def submit(self, name: str, later: str = "") -> bool:
        """Fill in the page that somebody sees but for one account; whether they were told that it is stored."""
        who, page = self.who(name), dict[str, str]()

        def choose(_: str, text: str) -> tuple[str, str | None]:
            account = next(row["account"] for row in accounts() if f"{row['account']} has" in text)
            if account == later:
                return LATER, None
            page[account] = "revoke" if account in REVOKED else "keep"
            return page[account], REVOKED.get(account)

        who.fill(choose)
        try:
            shown = who.submit().said.get("view", {})
        except TimeoutError:  # SQLite can hold up an api-server that has just started for longer than anybody waits
            return False
        if shown.get("callback_id") != PAGE_VIEW and shown.get("title", {}).get("text") != "Stored":
            return False
        self.told |= page
        return True

    def insist(self, name: str, later: str = "") -> None:
        """Submit the page that somebody sees, and again as long as they are told to try again."""
        for _ in range(_TRIES):
            if self.submit(name, later):
                return
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(self.who(name).answers[-1])

    def decide(self, name: str) -> None:
        """Decide all that somebody has still open."""
        message = self.who(name).messages[0]
        for number in reversed(range(len(buttons(message.blocks, "open_review")))):
            who = self.open_page(name, message, number=number)
            while (is_page := who.view.given["callback_id"] == PAGE_VIEW) or buttons(who.view.given["blocks"], NEXT):
                if is_page:
                    self.insist(name)
                else:  # it was stored, and the next page came too late
                    who.press_in_view(NEXT)

    def sign_off(self, name: str) -> None:
        """Read what the review came to, and sign it off."""
        who = self.open_page(name, self.who(name).messages[0], "open_sign_off")
        [said] = [each for each in who.view.given["blocks"] if each.get("block_id", "").startswith("said.")]
        chosen = next(each for each in said["element"]["options"] if each["value"] == "approve")
        who.view.values[said["block_id"]]["said"]["selected_option"] = chosen
        answer = who.submit()
        assert answer.status == 200, answer

    def messages(self) -> Counter[tuple[str, str]]:
        """Return how many messages of which kind each person got, those in threads not counted."""
        names = {dm_of(user): name for name, user in MEMBERS.items()}
        sent = [said for method, said in self.slack.calls if method == "chat.postMessage" and not said.get("thread_ts")]
        return Counter((names[said["channel"]], kind_of(said["blocks"])) for said in sent)


def kind_of(blocks: list[dict[str, Any]]) -> str:
    """Return what kind of message was sent."""
    said = json.dumps(blocks)
    kinds = {"Reminder 1.": "reminder", "Your sign-off is asked for": "sign-off", "This came to you because": "escalation"}
    return next((kind for words, kind in kinds.items() if words in said), "invitation")
