# SPDX-License-Identifier: Apache-2.0
"""The load, in a process of its own: ``python -m tests.bench.campaign.clicks PLAN RESULT``.

It is an open loop: each page has an instant at which it is submitted, whatever became of those before, and what it took counts
from that instant. Whoever was asked to try again submits the same page again when it is their turn the next time.

It shares the machine with what it measures, so that it works on text: an answer is not read as JSON where a look at it will do.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench.campaign.figures import AGAIN, STORED, shown
from tests.simulators.slack import SIGNING_SECRET, TEAM, payloads
from tests.simulators.slack.delivery import deliver, signed

_AT_A_TIME = 256
_TRIES = 20
_UPDATE = '{"response_action": "update", "view": '
_INPUT = re.compile(r'"block_id": "(decision|reason)\.([0-9a-f]+)\.([0-9]+)"')
_VIEW = '"view": '
_SPECIAL = "%&+=#\\\"'{}[]():;,/|<>?!*@$"
"""What a form escapes of ASCII: all that comes in an answer."""


class Clicker:
    """Somebody who decides page after page."""

    def __init__(self, user: str, view_id: str, given: str) -> None:
        self.user, self.view_id, self.given = user, view_id, given
        self._lock = threading.Lock()
        self.waiting = False
        """Whether the page that they see was submitted, and they were asked to submit it again."""
        self._show(given)

    def submit(self, url: str, due: float) -> dict[str, Any]:
        """Submit the page that they see, and return what became of it."""
        with self._lock:  # nobody submits twice at once: Slack holds the modal
            items, began = self.items, time.monotonic()
            answer = deliver(url, signed(self.body, SIGNING_SECRET))
            ended = time.monotonic()
            outcome = shown(answer.status, answer.body)
            self.waiting = outcome == AGAIN
            if outcome == STORED:
                self._show(answer.body.removeprefix(_UPDATE)[:-1])
        return {
            "user": self.user, "items": items, "due": due, "began": began, "ended": ended, "outcome": outcome,
            "status": answer.status, "said": answer.body[:300] if outcome not in (STORED, AGAIN) else "",
        }  # fmt: skip

    def _show(self, given: str) -> None:
        """Take in a view, and fill it in: the next submission is ready when it is due."""
        self.given, self.items = given, []
        values: dict[str, Any] = {}
        for kind, item, opened in _INPUT.findall(given):
            if kind == "decision":
                self.items.append(item)
            revoke = len(self.items) == 1
            if kind == "decision":
                text = {"type": "plain_text", "text": "Revoke" if revoke else "Keep", "emoji": False}
                said: Any = {"selected_option": {"text": text, "value": "revoke" if revoke else "keep"}, "type": "radio_buttons"}
            else:
                said = {"type": "plain_text_input", "value": "Is in another team since March." if revoke else None}
            values[f"{kind}.{item}.{opened}"] = {kind: said}
        self.items.sort()
        own = {"id": self.view_id, "team_id": TEAM, "root_view_id": self.view_id, "hash": "1.1", "state": {"values": values}}
        envelope = payloads.envelope("view_submission", TEAM, self.user, trigger_id="1.t", response_urls=[])
        view = f"{given[:-1]}, {json.dumps(own)[1:]}"
        self.body = b"payload=" + _quoted(f"{json.dumps(envelope)[:-1]}, {_VIEW}{view}}}")


def _quoted(text: str) -> bytes:
    """Return a text as a field of a form holds it."""
    for character in _SPECIAL:
        text = text.replace(character, f"%{ord(character):02X}")
    return text.replace(" ", "+").encode("ascii")


def click(plan: dict[str, Any]) -> dict[str, Any]:
    """Click as planned, and return what became of everything."""
    clickers = [Clicker(user, *view) for user, view in plan["views"].items()]
    start = time.monotonic() + 1
    submissions: list[dict[str, Any]] = []
    pages: list[dict[str, Any]] = []
    seconds, rate, url = plan["seconds"], plan["rate"], plan["url"]
    looking = [
        threading.Thread(target=_look, args=(name, page, start + place / len(plan["pages"]), seconds, pages))
        for place, (name, page) in enumerate(plan["pages"].items())
    ]
    for each in looking:
        each.start()
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for number in range(seconds * rate):
            due = start + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            pool.submit(_recorded, submissions, clickers[number % len(clickers)], url, due)
    for each in looking:
        each.join()
    waiting = [each.user for each in clickers if each.waiting]
    return {"submissions": submissions, "pages": pages, "views": _views(clickers), "waiting": waiting}


def again(plan: dict[str, Any]) -> dict[str, Any]:
    """Have everybody who was asked to try again do so until it is stored, one after the other."""
    clickers = {user: Clicker(user, *view) for user, view in plan["views"].items()}
    submissions = []
    for user in plan["again"]:
        for _ in range(_TRIES):
            submissions.append(clickers[user].submit(plan["url"], time.monotonic()))
            if submissions[-1]["outcome"] == STORED:
                break
    return {"submissions": submissions, "views": _views(clickers.values())}


def _views(clickers: Iterable[Clicker]) -> dict[str, tuple[str, str]]:
    return {each.user: (each.view_id, each.given) for each in clickers}


def _recorded(found: list[dict[str, Any]], clicker: Clicker, url: str, due: float) -> None:
    found.append(clicker.submit(url, due))


def _look(name: str, page: dict[str, Any], first: float, seconds: int, found: list[dict[str, Any]]) -> None:
    """Look at a page of Airflow once a second; one that takes longer than that holds up the next look, which counts as well."""
    for number in range(seconds):
        due = first + number
        time.sleep(max(0.0, due - time.monotonic()))
        request = urllib.request.Request(page["url"], headers=page["headers"])
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = 0
        found.append({"page": name, "seconds": time.monotonic() - due, "status": status})


if __name__ == "__main__":
    said = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(again(said) if "again" in said else click(said)))
