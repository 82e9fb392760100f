# SPDX-License-Identifier: Apache-2.0
"""An api-server of Airflow's with our pages, alone: no scheduler, no object store, a desk in memory (`tests.browser.plugin`)."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.stack import with_migrated_database
from tieout.local.airflow import environment
from tieout.local.stack import Stack

PASSWORD = "correct-horse-battery-staple"
USERS = {"ada@shop.example": "viewer", "grace@shop.example": "viewer", "admin": "admin"}
_READY_SECONDS = 120


@dataclass
class Pages:
    """A running api-server."""

    url: str
    folder: Path
    log: Path

    def answers(self) -> list[dict[str, Any]]:
        """Return what was stored."""
        file = self.folder / "answers.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def forget(self) -> None:
        """Have the desk forget all answers before it answers next."""
        (self.folder / "answers.jsonl").unlink(missing_ok=True)
        (self.folder / "forget").touch()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Have the desk answer nothing for a while."""
        flag = self.folder / "down"
        flag.touch()
        try:
            yield
        finally:
            flag.unlink()

    def token(self, user: str) -> str:
        """Return a token of a user's, as Airflow's login gives it."""
        body = json.dumps({"username": user, "password": PASSWORD}).encode()
        request = urllib.request.Request(f"{self.url}/auth/token", data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(json.load(answer)["access_token"])


@contextmanager
def running_pages(folder: Path, repository: Path) -> Iterator[Pages]:
    """Start an api-server under the simple auth manager, and stop it.

    Args:
        folder: Where.
        repository: The repository's folder.
    """
    stack = Stack(folder)
    stack.installation.create(datetime.now(UTC))
    (folder / "plugins").mkdir()
    (folder / "plugins" / "pages_plugin.py").write_text("from tests.browser.plugin import PagesPlugin  # noqa: F401\n")
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(USERS, PASSWORD)))
    variables = {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
        "PAGES_FOLDER": str(folder),
        "PYTHONPATH": str(repository),
    }
    with_migrated_database(stack)
    try:
        command = [sys.executable, "-m", "airflow", "api-server"]
        stack.processes.start("api-server", command, environment(stack.installation, variables), folder)
        pages = Pages(f"http://127.0.0.1:{stack.installation.airflow_port}", folder, stack.processes.log("api-server"))
        _wait(pages)
        yield pages
    finally:
        stack.processes.kill("api-server")
        stack.processes.stop()


def _wait(pages: Pages) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{pages.url}/api/v2/version", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    msg = f"the api-server was not ready within {_READY_SECONDS} s: {pages.log.read_text()[-3000:]}"
    raise AssertionError(msg)
