# SPDX-License-Identifier: Apache-2.0
"""Owners fill in forms on the pages of a running Airflow, and second persons look at them: each signed in as themselves.

They look at their tasks until something is there; what a returned form asks, its owner sees, and hands it in again.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from tests.simulators.confirmations.plan import CONFIRMATIONS, WINDOW, Confirmation
from tests.simulators.review.staff import mail

SECONDS = 900.0
_LOOK_SECONDS = 2.0
_TOKEN = re.compile(r'<input type="hidden" name="token" value="([^"]*)">')
_MORE = "cc6_1_encryption_at_rest"
"""What answers the question with which a form is returned."""


@dataclass
class Done:
    """What they did: forms handed in, looks, and who could not go on."""

    handed_in: int = 0
    looked: int = 0
    failed: str | None = None
    ended: list[str] = field(default_factory=list)

    def as_document(self) -> dict[str, Any]:
        """Return it as a file states it."""
        return asdict(self)


class Owners:
    """Everybody who fills in a form, or looks at one.

    Args:
        url: Of the api-server.
        passwords: File with the passwords of Airflow's users; it may appear later.
        told: Called with all that was done, whenever there is something new.
    """

    def __init__(self, url: str, passwords: Path, told: Callable[[Done], None] = lambda _: None) -> None:
        self.done = Done()
        self._url, self._passwords, self._told, self._lock = url, passwords, told, threading.Lock()

    def start(self) -> None:
        """Let them begin."""
        for each in CONFIRMATIONS:
            threading.Thread(target=self._play, args=(each,), daemon=True).start()

    def _play(self, each: Confirmation) -> None:
        try:
            with self._browser(each.owner) as owner, self._browser(each.looker) as looker:
                self._hand_in(owner, each, each.answers)
                if each.question:
                    self._look(looker, each, "return", each.question)
                    more = {**each.answers, "cuecs": f"{each.answers['cuecs']}\nUEC-CLOUD-2: {_MORE}"}
                    self._hand_in(owner, each, more, each.question)
                self._look(looker, each, "accept", "")
            self._tell(lambda: self.done.ended.append(each.control))
        except Exception as error:
            failed = f"{each.control}: {type(error).__name__}: {error}"
            self._tell(lambda: setattr(self.done, "failed", failed))

    def _tell(self, change: Callable[[], object]) -> None:
        with self._lock:
            change()
            self._told(self.done)

    def _browser(self, name: str) -> httpx.Client:
        """Return a browser in which somebody is signed in to Airflow."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                password = json.loads(self._passwords.read_text())[mail(name)]
                said = httpx.post(f"{self._url}/auth/token", json={"username": mail(name), "password": password}, timeout=30)
                token = said.json()["access_token"]
                break
            except (OSError, KeyError, ValueError, httpx.HTTPError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_SECONDS)
        headers = {"origin": self._url, "sec-fetch-site": "same-origin"}
        return httpx.Client(base_url=self._url, cookies={"_token": token}, headers=headers, timeout=60)

    def _page(self, browser: httpx.Client, kind: str, each: Confirmation, shows: str = "") -> tuple[str, str]:
        """Wait until something is asked, and return its path and page."""
        link = re.compile(rf'href="(/tieout/{kind}/{each.control}\.{WINDOW}/[^"]+)"')
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                found = link.search(browser.get("/tieout/").text)
                page = browser.get(unescape(found[1])) if found else None
            except httpx.HTTPError:
                found = page = None
            if found and page and page.status_code == 200 and shows in unescape(page.text):
                return unescape(found[1]), page.text
            time.sleep(_LOOK_SECONDS)
        msg = f"nothing asked for {kind} within {SECONDS:.0f} s"
        raise TimeoutError(msg)

    def _hand_in(self, browser: httpx.Client, each: Confirmation, answers: dict[str, str], question: str = "") -> None:
        path, page = self._page(browser, "confirmations", each, question)
        found = _TOKEN.search(page)
        assert found is not None
        fields = {"token": unescape(found[1]), **{f"f.{name}": said for name, said in answers.items()}}
        files = [(f"f.{name}", (title, data, "application/octet-stream")) for name, title, data in each.files]
        stored = browser.post(path, data=fields, files=files)
        assert "<h1>Stored</h1>" in stored.text, stored.text[:3000]
        self._tell(lambda: setattr(self.done, "handed_in", self.done.handed_in + 1))

    def _look(self, browser: httpx.Client, each: Confirmation, said: str, question: str) -> None:
        path, page = self._page(browser, "second-reviews", each)
        found = _TOKEN.search(page)
        assert found is not None
        stored = browser.post(path, data={"token": unescape(found[1]), "said": said, "reason": question})
        assert "<h1>Stored</h1>" in stored.text, stored.text[:3000]
        self._tell(lambda: setattr(self.done, "looked", self.done.looked + 1))
