# SPDX-License-Identifier: Apache-2.0
"""The Web API of a simulated workspace: it answers as Slack's description says, and keeps what it is told."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tests.blockkit import message_problems
from tests.simulators.cuts import Cuts
from tests.simulators.slack.members import TEAM, Account, dm_of
from tests.simulators.slack.parameters import problem
from tests.simulators.slack.server import Call, serve
from tests.simulators.slack.views import Views

TOKEN = "xoxb-simulated"
APP_TOKEN = "xapp-simulated"
SIGNING_SECRET = "simulated-signing-secret"
TRIGGER_SECONDS = 3.0


@dataclass
class Posted:
    """A message that stands."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread: str | None = None
    updates: int = 0


Replied = tuple[int, dict[str, Any], dict[str, str]]


class Slack:
    """A workspace.

    Args:
        members: Accounts; or whether the account is deactivated, by address.

    Attributes:
        members: Accounts by address.
        calls: Method and arguments of each call.
        asked: Each call with its answer.
        wrong: What no Slack would have taken: parameters that are not documented, views and messages beyond the limits.
        limits: Calls a minute that a method takes; others take any number.
        down: While it is set, nothing is answered but HTTP 503.
        delay: Seconds that each call takes.
        cuts: Of lines, at what is called as ``method channel text``.
        readable: Whether the app may read its own direct messages.
        clock: Monotonic seconds that limits are counted by.
        keeps: Whether calls and messages are kept; else they are only counted, in ``told``.
        told: How many messages each channel got that are no replies.
    """

    def __init__(self, members: Mapping[str, bool] | Iterable[Account] = ()) -> None:
        accounts = _accounts(members)
        self.members = {each.email: each for each in accounts}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[Call] = []
        self.wrong: list[str] = []
        self.limits: dict[str, int] = {}
        self.down = False
        self.delay = 0.0
        self.cuts = Cuts()
        self.clock: Callable[[], float] = time.monotonic
        self.keeps = True
        self.readable = True
        self.told: Counter[str] = Counter()
        self.called: Counter[str] = Counter()
        self.team = TEAM
        self.messages: list[Posted] = []
        self.views = Views()
        self.socket_url = ""
        self._triggers: dict[str, tuple[str, float]] = {}
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._past: dict[str, deque[float]] = {}
        self._by_user = {each.user: each for each in accounts}
        self._server = serve(self)

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/"

    def account(self, user: str) -> Account | None:
        """Return an account by its id."""
        known = self._by_user.get(user)
        if known is not None and self.members.get(known.email) is known and known.user == user:
            return known
        return next((each for each in self.members.values() if each.user == user), None)

    def trigger(self, user: str) -> str:
        """Return a trigger id, with which a view may be opened once within three seconds."""
        with self._lock:
            made = f"{next(self._numbers)}.trigger"
            self._triggers[made] = (user, time.monotonic() + TRIGGER_SECONDS)
            return made

    def counts(self) -> Counter[str]:
        """Return how often each method was called."""
        return Counter(method for method, _ in self.calls)

    def answer(
        self, method: str, said: dict[str, Any], body: str, authorization: str
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Answer a call with status, reply and headers."""
        time.sleep(self.delay)
        if self.down:
            return 503, {"ok": False, "error": "service_unavailable"}, {}
        token = APP_TOKEN if method == "apps.connections.open" else TOKEN
        if authorization != f"Bearer {token}":
            return 200, {"ok": False, "error": "invalid_auth"}, {}
        with self._lock:
            if wait := self._limited(method):
                return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(wait)}
            if found := problem(method, said, body):
                self.wrong.append(found)
                return 200, {"ok": False, "error": "invalid_arguments"}, {}
            work = getattr(self, "_" + method.replace(".", "_"), None)
            return 200, work(said) if work else {"ok": False, "error": "unknown_method"}, {}

    def _limited(self, method: str) -> int:
        if method not in self.limits:
            return 0
        past, now = self._past.setdefault(method, deque()), self.clock()
        while past and past[0] < now - 60:
            past.popleft()
        if len(past) >= self.limits[method]:
            return max(1, int(past[0] + 60 - now) + 1)
        past.append(now)
        return 0

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        url = "https://tieout.slack.example/"
        ids = {"team_id": self.team, "user_id": "U0TIEOUT01", "bot_id": "B0TIEOUT01"}
        return {"ok": True, "url": url, "team": "Tieout", "user": "tieout", **ids, "is_enterprise_install": False}

    def _users_lookupByEmail(self, said: dict[str, Any]) -> dict[str, Any]:
        found = self.members.get(said["email"])
        return {"ok": True, "user": found.described()} if found else {"ok": False, "error": "users_not_found"}

    def _users_list(self, said: dict[str, Any]) -> dict[str, Any]:
        limit, start = int(said.get("limit", 0)), int(said.get("cursor") or 0)
        if not 0 < limit < 1000:
            return {"ok": False, "error": "limit_required"}
        listed, following = list(self.members.values()), start + limit
        cursor = str(following) if following < len(listed) else ""
        page = [each.described() for each in listed[start:following]]
        return {"ok": True, "members": page, "cache_ts": 1_760_000_000, "response_metadata": {"next_cursor": cursor}}

    def _users_info(self, said: dict[str, Any]) -> dict[str, Any]:
        found = self.account(said["user"])
        return {"ok": True, "user": found.described()} if found else {"ok": False, "error": "user_not_found"}

    def _conversations_open(self, said: dict[str, Any]) -> dict[str, Any]:
        found = self.account(str(said.get("users")))
        if found is None:
            return {"ok": False, "error": "user_not_found"}
        if found.deleted:
            return {"ok": False, "error": "user_disabled"}
        return {"ok": True, "channel": {"id": dm_of(found.user)}}

    def _conversations_history(self, said: dict[str, Any]) -> dict[str, Any]:
        if not self.readable:
            return {"ok": False, "error": "missing_scope", "needed": "im:history", "provided": "chat:write"}
        there = [each for each in self.messages if each.channel == said["channel"] and each.thread is None]
        limit = int(said.get("limit", 100))
        listed = [{"type": "message", "ts": each.ts, "text": each.text, "blocks": each.blocks} for each in reversed(there)][
            :limit
        ]
        return {"ok": True, "messages": listed, "has_more": len(there) > limit, "pin_count": 0}

    def _chat_postMessage(self, said: dict[str, Any]) -> dict[str, Any]:
        to = self.account(said["channel"])  # a member's id stands for the direct messages with them
        channel = dm_of(to.user) if to and not to.deleted else said["channel"]
        known = to is not None or any(dm_of(each.user) == channel for each in self.members.values())
        if not known:
            return {"ok": False, "error": "channel_not_found"}
        if found := message_problems(said.get("text"), said.get("blocks")):
            self.wrong += found
            return {"ok": False, "error": "invalid_form_data"}
        ts = f"{int(time.time())}.{next(self._numbers):06}"
        posted = Posted(channel, ts, said["text"], said["blocks"], said.get("thread_ts"))
        self.told[channel] += posted.thread is None
        if self.keeps:
            self.messages.append(posted)
        message = {"type": "message", "text": posted.text, "ts": ts, "user": "U0TIEOUT01"}
        return {"ok": True, "channel": posted.channel, "ts": ts, "message": message}

    def _chat_update(self, said: dict[str, Any]) -> dict[str, Any]:
        found = next((each for each in self.messages if (each.channel, each.ts) == (said["channel"], said["ts"])), None)
        if found is None:
            return {"ok": False, "error": "message_not_found"}
        if wrong := message_problems(said.get("text"), said.get("blocks")):
            self.wrong += wrong
            return {"ok": False, "error": "invalid_form_data"}
        found.text, found.blocks, found.updates = said["text"], said["blocks"], found.updates + 1
        return {"ok": True, "channel": found.channel, "ts": found.ts, "text": found.text, "message": {"text": found.text}}

    def _views_open(self, said: dict[str, Any]) -> dict[str, Any]:
        user, until = self._triggers.pop(said["trigger_id"], ("", 0.0))
        if not user or time.monotonic() > until:
            return {"ok": False, "error": "expired_trigger_id"}
        view = self.views.show(user, said["view"])
        return {"ok": True, "view": view.sent(self.team)} if view else {"ok": False, "error": "invalid_arguments"}

    def _views_update(self, said: dict[str, Any]) -> dict[str, Any]:
        view = self.views.by_id(str(said.get("view_id")))
        if view is None or not self.views.fit(said["view"]):
            return {"ok": False, "error": "not_found" if view is None else "invalid_arguments"}
        if said.get("hash") not in (None, view.hash):
            return {"ok": False, "error": "hash_conflict"}
        view.replace(said["view"], self.views.new_hash())
        return {"ok": True, "view": view.sent(self.team)}

    def _views_publish(self, said: dict[str, Any]) -> dict[str, Any]:
        if not self.views.fit(said["view"]):
            return {"ok": False, "error": "invalid_arguments"}
        self.views.homes[said["user_id"]] = said["view"]
        return {"ok": True, "view": {"type": "home"}}

    def _apps_connections_open(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "url": self.socket_url}

    def __enter__(self) -> Slack:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def _accounts(members: Mapping[str, bool] | Iterable[Account]) -> list[Account]:
    if isinstance(members, Mapping):
        return [Account(email, f"U{number:04}", deleted=gone) for number, (email, gone) in enumerate(members.items(), start=1)]
    return list(members)
