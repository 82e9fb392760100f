# SPDX-License-Identifier: Apache-2.0
"""The row: what people get who answer a campaign in Slack, fifty pages a second, in a running Airflow; and with the store down.

Api-server, scheduler, object store, workspace and load run on this machine, each a process of its own: what is measured is all of
them together.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.campaign import telling
from tests.bench.campaign.figures import STORED, Page, compare
from tests.bench.campaign.floor import pages_per_second
from tests.bench.campaign.scene import Scene, accounts, managers, project
from tests.conftest import REPOSITORY
from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN
from tests.stack import with_migrated_database
from tests.unit.reviews.world import mail
from tieout.campaigns.events import Decided
from tieout.campaigns.ledger import Ledger
from tieout.local import airflow, object_store
from tieout.local.stack import Stack

SECONDS, RATE, DOWN_SECONDS = 60, 50, 20
PROCESSES = 1
"""`TIEOUT_SLACK_PROCESSES`, its default: on two cores a second one stores a third more, and Airflow's pages wait for it."""
_FLOOR_SECONDS = 10.0
Say = Callable[[str], None]


@dataclass
class Running:
    """Everything that runs."""

    stack: Stack
    scene: Scene
    folder: Path
    workspace: subprocess.Popen[str]
    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    views: dict[str, Any] = field(default_factory=dict)
    accepted: list[Page] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.stack.installation.airflow_port}"

    @property
    def endpoint(self) -> str:
        return f"{self.address}/tieout/slack/events"

    def everybody_opens(self) -> dict[str, Any]:
        """Have everybody open their review by the button of their message."""
        found = _asked(self.workspace, self.folder / "views.json", self.endpoint)
        self.views = found["views"]
        return found

    def run(self, name: str, **plan: Any) -> dict[str, Any]:
        """Have the load do as planned, from what everybody sees now."""
        made, done = self.folder / f"{name}.json", self.folder / f"{name}-done.json"
        made.write_text(json.dumps({"url": self.endpoint, "views": self.views, "pages": self.pages, **plan}))
        subprocess.run([sys.executable, "-m", "tests.bench.campaign.clicks", str(made), str(done)], cwd=REPOSITORY, check=True)
        found: dict[str, Any] = json.loads(done.read_text())
        self.views = found["views"]
        stored = [each for each in found["submissions"] if each["outcome"] == STORED]
        self.accepted += [(each["user"], tuple(each["items"])) for each in stored]
        return found


def measure(folder: Path, say: Say, seconds: int = SECONDS) -> bool:
    """Measure, print, and return whether everything is within its bound.

    Args:
        folder: To work in.
        say: Is told how far it is.
        seconds: How long people click; the store is down for a third of that in the second run.
    """
    with _running(folder, say) as running:
        print(f"\n{telling.about(seconds, RATE, PROCESSES)}")
        found = running.everybody_opens()
        print(telling.opening(found), flush=True)
        ledger = running.scene.ledger()
        say("campaign: clicking")
        quiet = running.run("quiet", seconds=seconds, rate=RATE)
        say("campaign: reading what is stored")
        compared = compare(running.accepted, _stored(running, ledger))
        say("campaign: the floor")
        floor = pages_per_second(running.stack.installation.home, PROCESSES, _FLOOR_SECONDS)
        fits = telling.quiet(quiet, compared, seconds, floor)
        down = min(DOWN_SECONDS, seconds // 3)
        say(f"campaign: clicking, with the object store down for {down} s")
        times = telling.Times()
        with _outage(running.stack, seconds / 3, down, times):
            outage = running.run("outage", seconds=seconds, rate=RATE)
        before = compare(running.accepted, _stored(running, ledger))
        again = running.run("again", again=outage["waiting"])["submissions"]
        after = compare(running.accepted, _stored(running, ledger))
        return telling.outage(outage, times, before, again, after) and fits


def _stored(running: Running, ledger: Ledger) -> list[Page]:
    """Return the page of every response that is stored, as an auditor reads and checks it; all of them count."""
    ledger.refresh()
    users = {person: user for user, person in running.scene.persons().items()}
    with ledger.lock:
        if ledger.state.unread or ledger.state.refused:
            msg = f"of the responses, {len(ledger.state.unread)} can not be read, and {len(ledger.state.refused)} do not count"
            raise SystemExit(msg)
        said = [each for each in ledger.events.values() if isinstance(each, Decided)]
    return [(users[each.by], tuple(sorted(line.item for line in each.decisions))) for each in said]


@contextmanager
def _outage(stack: Stack, after: float, seconds: float, times: telling.Times) -> Iterator[None]:
    """Kill the store a while from now, and start it again so many seconds later."""

    def kill_and_start() -> None:
        time.sleep(1 + after)
        times.killed = time.monotonic()
        stack.processes.kill("object_store")
        time.sleep(max(0.0, times.killed + seconds - time.monotonic()))
        object_store.start(stack.installation, stack.processes)
        times.back = time.monotonic()

    thread = threading.Thread(target=kill_and_start)
    thread.start()
    yield
    thread.join()


@contextmanager
def _running(folder: Path, say: Say) -> Iterator[Running]:
    """Start everything, with a campaign that is open and whose people are invited."""
    work = folder / "campaign"
    work.mkdir()
    project(work / "project", REPOSITORY)
    stack = Stack(work / "project")
    with stack.stopped_at_the_end(), _workspace(work) as (process, slack_url):
        say("campaign: landing and freezing what is reviewed")
        stack.start_store(lambda _: None)
        running = Running(stack, Scene.over(stack, slack_url), work, process)
        running.scene.land()
        say("campaign: opening it, and inviting its people")
        invited = running.scene.open()
        if invited != len(managers()):
            msg = f"expected {len(managers())} people to be invited, got {invited}"
            raise SystemExit(msg)
        say("campaign: starting Airflow")
        with_migrated_database(stack)
        stack.start_airflow(lambda _: None, dag_processor=False, overrides=_variables(slack_url))
        running.pages = _pages(running)
        yield running


@contextmanager
def _workspace(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    file = folder / "workspace.json"
    command = [sys.executable, "-m", "tests.bench.campaign.workspace", str(file)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        yield process, str(_awaited(process, file)["url"])
    finally:
        process.communicate("", 30)


def _asked(process: subprocess.Popen[str], file: Path, url: str) -> dict[str, Any]:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"file": str(file), "url": url}) + "\n")
    process.stdin.flush()
    return _awaited(process, file)


def _awaited(process: subprocess.Popen[str], file: Path) -> dict[str, Any]:
    while not file.exists():
        if process.poll() is not None:
            sys.exit("the workspace ended")
        time.sleep(0.05)
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def _variables(slack_url: str) -> dict[str, str]:
    extra = {"team": TEAM, "signing_secret": SIGNING_SECRET, "base_url": slack_url}
    return {
        "AIRFLOW_CONN_SLACK_PEOPLE": json.dumps({"conn_type": "slack", "password": TOKEN, "extra": extra}),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{airflow.USER}:admin,{accounts()[0].email}:admin",
        "TIEOUT_SLACK_CONN_ID": "slack_people",
        "TIEOUT_SLACK_PROCESSES": str(PROCESSES),
    }


def _pages(running: Running) -> dict[str, dict[str, Any]]:
    """Return the other pages that are looked at, as the first of the managers."""
    passwords = json.loads((running.stack.installation.folder / "airflow" / "passwords.json").read_text())
    user = mail(managers()[0])
    body = json.dumps({"username": user, "password": passwords[user]}).encode()
    request = urllib.request.Request(f"{running.address}/auth/token", data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        token = json.load(answer)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    paths = ("/", "/api/v2/dags", "/api/v2/dags/~/dagRuns", "/tieout/")
    return {path: {"url": f"{running.address}{path}", "headers": headers} for path in paths}
