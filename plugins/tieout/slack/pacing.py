# SPDX-License-Identifier: Apache-2.0
"""How fast Slack's methods may be called, and what is called at all: each method, its parameters, its pace.

Slack limits a method per minute and workspace, in tiers, and posting to one message a second and channel. Whoever can wait is
paced; a person who has clicked is not, but nobody calls while Slack has asked to wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API as we call it.

    Attributes:
        parameters: Those that we use.
        per_minute: Calls that Slack lets through a minute, by its tier.
        form: Whether it takes a form only, and no JSON.
        per_channel_seconds: Least seconds between two calls to one channel.
    """

    parameters: frozenset[str]
    per_minute: int
    form: bool = False
    per_channel_seconds: float = 0.0


METHODS = {
    "auth.test": Method(frozenset(), 100),
    "chat.postMessage": Method(
        frozenset({"channel", "text", "blocks", "thread_ts", "unfurl_links", "unfurl_media"}), 200, False, 1.0
    ),
    "chat.update": Method(frozenset({"channel", "ts", "text", "blocks"}), 50),
    "conversations.history": Method(frozenset({"channel", "limit"}), 50, form=True),
    "conversations.open": Method(frozenset({"users"}), 50),
    "users.info": Method(frozenset({"user"}), 100, form=True),
    "users.list": Method(frozenset({"cursor", "limit"}), 20, form=True),
    "users.lookupByEmail": Method(frozenset({"email"}), 50, form=True),
    "views.open": Method(frozenset({"trigger_id", "view"}), 100),
    "views.publish": Method(frozenset({"user_id", "view"}), 100),
    "views.update": Method(frozenset({"view_id", "hash", "view"}), 100),
}
"""Everything that we ask of Slack."""


@dataclass
class _Lane:
    free_at: float = 0.0
    """When the next call is due, if calls come evenly."""


@dataclass
class Pace:
    """Says how long a call has to wait. Thread-safe.

    Attributes:
        clock: Monotonic seconds.
        burst_seconds: So much of a method's minute may be used at once.
        processes: How many share a method's minute, each with a pace of its own.
    """

    clock: Callable[[], float] = time.monotonic
    burst_seconds: float = 6.0
    processes: int = 1
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _lanes: dict[tuple[str, str], _Lane] = field(default_factory=dict, repr=False)
    _held: dict[str, float] = field(default_factory=dict, repr=False)

    def held(self, method: str) -> float:
        """Return for how many seconds Slack has asked to leave a method alone."""
        with self._lock:
            return max(0.0, self._held.get(method, 0.0) - self.clock())

    def hold(self, method: str, seconds: float) -> None:
        """Leave a method alone for so long."""
        with self._lock:
            self._held[method] = max(self._held.get(method, 0.0), self.clock() + seconds)

    def reserve(self, method: str, channel: str = "") -> float:
        """Take the next place for a call, and return how many seconds it is away."""
        known = METHODS[method]
        with self._lock:
            now = self.clock()
            gap = self.processes * 60 / known.per_minute
            wait = max(
                self._held.get(method, 0.0) - now,
                self._place((method, ""), gap, self.burst_seconds, now),
            )
            if known.per_channel_seconds and channel:
                wait = max(wait, self._place((method, channel), known.per_channel_seconds, 0.0, now))
            return max(0.0, wait)

    def _place(self, lane: tuple[str, str], gap: float, burst: float, now: float) -> float:
        if len(self._lanes) > 10_000:  # channels long silent
            self._lanes = {key: each for key, each in self._lanes.items() if each.free_at > now - 60}
        found = self._lanes.setdefault(lane, _Lane())
        at = max(found.free_at, now - burst)
        found.free_at = at + gap
        return at - now
