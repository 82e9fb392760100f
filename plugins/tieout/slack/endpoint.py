# SPDX-License-Identifier: Apache-2.0
"""The whole of Slack's side, put together: what answers signed requests, and what Socket Mode runs. Same listeners in both."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieout.desks.desk import Desk
from tieout.desks.pools import BoundedPool, PoolFull
from tieout.errors import ConfigurationError
from tieout.slack.app import late
from tieout.slack.front import Front, utc_now
from tieout.slack.guard import ANSWER_SECONDS, Handle, Reply, Request, Signed
from tieout.slack.identity import Members
from tieout.slack.metadata import page_key
from tieout.slack.pacing import Pace
from tieout.slack.parsing import EVENTS, INTERACTIONS, Unreadable, checked
from tieout.slack.sending import Sender
from tieout.slack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much happens at a time in one process.

    Attributes:
        threads: Clicks that are handled at once.
        waiting: Clicks that wait for a thread. Few: one that waits for longer than Slack does is work for nobody, and whoever is
            asked to try again at once is served sooner.
        stores: Answers that are stored at once: more than threads, as a store that hangs keeps its place and lets its click go.
    """

    threads: int = 6
    waiting: int = 10
    stores: int = 12


DEFAULT = Sizes()


def build_front(
    workspace: Workspace,
    desk: Desk,
    person_of: Callable[[str], str],
    now: Callable[[], datetime] = utc_now,
    sizes: Sizes = DEFAULT,
    processes: int = 1,
) -> Front:
    """Return what the listeners of a workspace share.

    Args:
        workspace: The workspace.
        desk: Decides.
        person_of: The person that an e-mail address stands for.
        now: UTC.
        sizes: How much happens at a time.
        processes: How many share the pace at which Slack may be called.

    Raises:
        ConfigurationError: The workspace has neither a signing secret nor an app token.
    """
    secret = workspace.signing_secret or workspace.app_token
    if not secret:
        msg = "Slack connection: expected extra field 'signing_secret' (endpoint) or 'app_token' (Socket Mode), got neither."
        raise ConfigurationError(msg)
    sender = Sender(workspace, Pace(processes=processes))
    return Front(
        workspace=workspace,
        desk=desk,
        members=Members(sender, person_of),
        sender=sender,
        stores=BoundedPool("tieout-slack-store", sizes.stores),
        key=page_key(secret),
        now=now,
    )


class Threads:
    """Answer signed requests on threads of this process.

    Args:
        handle: Answers a request.
        sizes: How much happens at a time.
    """

    def __init__(self, handle: Handle, sizes: Sizes = DEFAULT) -> None:
        self._handle, self._pool = handle, BoundedPool("tieout-slack", sizes.threads, sizes.waiting)

    def start(self, signed: Signed) -> Future[Reply]:
        """Have a request answered; raises `PoolFull` where there is no room, and the future what `Signed.answered` raises."""
        return self._pool.submit(lambda: signed.answered(self._handle))

    async def ask(self, signed: Signed) -> Reply:
        """Return the answer to a request; raises as `start`."""
        return await asyncio.wrap_future(self.start(signed))

    def close(self) -> None:
        """Take nothing more; what has begun is answered."""
        self._pool.close()


class Socket:
    """Answers what comes through Socket Mode: nothing of it is signed, as the connection itself is Slack's.

    Args:
        handle: Answers a request.
        sizes: How much happens at a time.
        clock: Seconds since 1970.
    """

    def __init__(self, handle: Handle, sizes: Sizes = DEFAULT, clock: Callable[[], float] = time.time) -> None:
        self._handle, self._clock = handle, clock
        self._pool = BoundedPool("tieout-slack", sizes.threads, sizes.waiting)

    def answer(self, payload: Any) -> dict[str, Any] | None:
        """Return what is answered to a payload; ``None`` where nothing may be, and Slack tells the person that it failed."""
        if not isinstance(payload, dict):
            return None
        try:
            known = checked(payload, INTERACTIONS | EVENTS)
        except Unreadable:
            return None
        request = Request(known, int(self._clock()), signed=False, deadline=time.monotonic() + ANSWER_SECONDS)
        try:
            reply = self._pool.submit(lambda: self._handle(request)).result(ANSWER_SECONDS)
        except (PoolFull, TimeoutError):
            reply = late(request)
        if reply.status != 200:
            return None
        said: dict[str, Any] = json.loads(reply.body) if reply.body.startswith("{") else {}
        return said

    def close(self) -> None:
        """Take nothing more."""
        self._pool.close()
