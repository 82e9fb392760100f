# SPDX-License-Identifier: Apache-2.0
"""A scene: a workspace with people, a desk in memory, and the app between them, over real HTTP with uvicorn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Account, Person, Slack
from tests.unit.slack.memory_desk import Campaign, Given, MemoryDesk, items

from tieout.desks.desk import Posted
from tieout.slack.app import handler, late
from tieout.slack.endpoint import DEFAULT, Sizes, Threads, build_front
from tieout.slack.front import Front
from tieout.slack.guard import Guard
from tieout.slack.notices import Pin, send_summary
from tieout.slack.sending import Unreachable
from tieout.slack.workspace import Workspace

CAMPAIGN = "access_review.2026-Q1"
SECRET_WORDS = ("Zerberus", "quetzal-reason", "U0OWNER001", "owner@acme.example")
"""What stands in bodies and must be in no log: a name, a reason, a user and an address."""


def person_of(address: str) -> str:
    """Return the person id of an address."""
    return f"person-{address.partition('@')[0]}"


def accounts() -> list[Account]:
    """Return the members of the workspace."""
    return [
        Account("owner@acme.example", "U0OWNER001", "Zerberus Öwner"),
        Account("other@acme.example", "U0OTHER001", "Another One"),
        Account("manager@acme.example", "U0MANAGER1", "A Manager"),
        Account("guest@acme.example", "U0GUEST001", "A Guest", guest=True),
        Account("bot@acme.example", "U0BOT00001", "A Bot", bot=True),
        Account("gone@acme.example", "U0GONE0001", "Gone", deleted=True),
        Account("left@acme.example", "U0LEFT0001", "Left"),
        Account("stranger@acme.example", "U0STRANGE1", "A Stranger", stranger=True),
        Account("org@acme.example", "U0ORG00001", "Of an Organisation", in_organisation=True),
        Account("changed@acme.example", "U0CHANGED1", "Changed"),
    ]


def campaign(count: int = 20) -> Campaign:
    """Return a review in which every member has been pinned and given something."""
    given = {
        f"1-{each.email.partition('@')[0]}": Given(
            person_of(each.email), f"GitHub for {each.user}", items(count, prefix=f"{place:x}")
        )
        for place, each in enumerate(accounts())
    }
    pins = {person_of(each.email): (each.team, each.user) for each in accounts()}
    return Campaign(CAMPAIGN, "Access review 2026-Q1", given, pins, left={"person-left"}, managers=("person-manager",))


@dataclass
class Scene:
    """What runs."""

    slack: Slack
    desk: MemoryDesk
    front: Front
    url: str
    guard: Any = None
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, user: str) -> Person:
        """Return a person by their user id."""
        return self.people.setdefault(user, Person(self.slack, self.url, user))

    def owner(self) -> Person:
        """Return the owner, with the summary of the review in their messages."""
        return self.invited("U0OWNER001", "person-owner")

    def invited(self, user: str, person: str) -> Person:
        """Return somebody with the summary of the review in their messages."""
        from tieout.desks.desk import Member

        summary = self.desk.summary(Member(TEAM, user, person), CAMPAIGN)
        assert summary is not None
        sent = send_summary(self.front.sender, Pin(TEAM, user), summary)
        assert not isinstance(sent, Unreachable), sent
        self.desk.campaigns[CAMPAIGN].posted[person] = Posted(sent.channel, sent.ts)
        return self.person(user)

    def settle(self) -> None:
        """Wait until receipts and updates have been sent."""
        assert self.front.receipts.drain(20)
        assert self.front.updates.drain(20)


def endpoint(front: Front, sizes: Sizes = DEFAULT, clock: Callable[[], float] = time.time) -> Guard:
    """Return the ASGI app that Slack posts to, whose listeners run on threads of this process."""
    return Guard(front.workspace.signing_secret, Threads(handler(front), sizes).ask, late, "/events", clock)


@contextmanager
def running(
    desk: MemoryDesk | None = None,
    sizes: Sizes = DEFAULT,
    members: list[Account] | None = None,
    person_of: Callable[[str], str] = person_of,
) -> Iterator[Scene]:
    """Run a scene."""
    desk = desk or MemoryDesk({CAMPAIGN: campaign()})
    with Slack(accounts() if members is None else members) as slack:
        workspace = Workspace(
            team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=slack.base_url, ask="the security team"
        )
        front = build_front(workspace, desk, person_of, sizes=sizes)
        front.sender.sleep = lambda _: None  # nobody waits for a pace here; `test_sending` does
        guard = endpoint(front, sizes)
        with serving(guard) as url:
            yield Scene(slack, desk, front, f"{url}/events", guard)
        front.receipts.close()
        front.updates.close()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an ASGI app with uvicorn on a free port of loopback."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=True, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < until, "uvicorn did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True  # it looks ten times a second; nobody waits for that


class Logged(logging.Handler):
    """Keeps everything that any logger says, at DEBUG, with the traces of errors."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def everything_logged() -> Iterator[Logged]:
    """Capture all logging in the process: every logger there is, or is made, at DEBUG."""
    handler, root = Logged(), logging.getLogger()
    before = {logger: logger.level for logger in _loggers()}
    for logger in before:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        for logger, level in before.items():
            logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    known = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    named = [logging.getLogger(name) for name in ("slack_bolt", "slack_sdk", "tieout", "uvicorn", "asyncio")]
    return [logging.getLogger(), *known, *named]
