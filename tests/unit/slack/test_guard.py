# SPDX-License-Identifier: Apache-2.0
"""The guard as an ASGI app: where it is mounted, what it takes, and that it answers in time whatever the handler does."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.simulators.slack import SIGNING_SECRET, payloads
from tests.simulators.slack.delivery import FORM, as_form, signature

from tieout.desks.pools import BoundedPool
from tieout.errors import ConfigurationError
from tieout.slack import guard as module
from tieout.slack.guard import Ask, Guard, Handle, Reply, Request, Signed

NOW = 1_790_000_000
BODY = as_form(
    payloads.envelope(
        "block_actions", "T0TIEOUT01", "U0OWNER001", actions=[{"type": "button", "action_id": "x", "block_id": "b", "value": "v"}]
    )
)


def headers(body: bytes = BODY, at: int = NOW) -> dict[str, str]:
    """Return the headers of a signed request."""
    return {
        "Content-Type": FORM,
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": signature(SIGNING_SECRET, str(at), body),
    }


@pytest.fixture
def pool() -> Iterator[BoundedPool]:
    """Return a pool of two threads, with room for one more to wait."""
    made = BoundedPool("test", 2, 1)
    yield made
    made.close()


def on(pool: BoundedPool, handle: Handle) -> Ask:
    """Return what answers on a pool."""

    async def ask(signed: Signed) -> Reply:
        return await asyncio.wrap_future(pool.submit(lambda: signed.answered(handle)))

    return ask


class Client:
    """Sends requests to a guard that is mounted as Airflow mounts it."""

    def __init__(self, handle: Callable[[Request], Reply], pool: BoundedPool) -> None:
        self.app = FastAPI()
        guard = Guard(SIGNING_SECRET, on(pool, handle), lambda _: Reply(503, '{"error": "try again"}'), "/events", lambda: NOW)
        self.app.mount("/tieout/slack", guard)

    def request(self, method: str, path: str, **what: Any) -> httpx.Response:
        """Send one request."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://airflow.example") as client:
                return await client.request(method, path, **what)

        return asyncio.run(send())

    def post(self, **what: Any) -> httpx.Response:
        """Send one request to where Slack posts."""
        return self.request("POST", "/tieout/slack/events", content=BODY, **what)


def client(handle: Callable[[Request], Reply], pool: BoundedPool) -> Client:
    """Return a client of a guard."""
    return Client(handle, pool)


def test_it_hands_on_what_was_signed_and_when(pool: BoundedPool) -> None:
    got: list[Request] = []

    def handle(request: Request) -> Reply:
        got.append(request)
        return Reply(200, '{"text": "✓"}')

    answer = client(handle, pool).post(headers=headers())
    assert (answer.status_code, answer.json()) == (200, {"text": "✓"})
    assert answer.headers["cache-control"] == "no-store"
    [request] = got
    assert (request.timestamp, request.signed, request.payload["type"]) == (NOW, True, "block_actions")
    assert 2 < request.deadline - time.monotonic() < 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/tieout/slack/events", 405),
        ("PUT", "/tieout/slack/events", 405),
        ("POST", "/tieout/slack/events/", 404),
        ("POST", "/tieout/slack/", 404),
        ("POST", "/tieout/slack/other", 404),
        ("GET", "/tieout/slack/docs", 404),
    ],
)
def test_there_is_one_path_and_one_method(method: str, path: str, status: int, pool: BoundedPool) -> None:
    answer = client(lambda _: pytest.fail("handled"), pool).request(method, path, content=BODY, headers=headers())
    assert answer.status_code == status
    assert "\n" not in answer.text
    assert set(answer.json()) == {"error"}


def test_a_websocket_is_closed(pool: BoundedPool) -> None:
    guard = Guard(SIGNING_SECRET, on(pool, lambda _: Reply()), lambda _: Reply(503), "/", lambda: NOW)
    assert asyncio.run(_said(guard, {**_scope(), "type": "websocket"}, [])) == ["websocket.close"]


def test_whoever_runs_it_alone_may_start_and_stop_it(pool: BoundedPool) -> None:
    guard = Guard(SIGNING_SECRET, on(pool, lambda _: Reply()), lambda _: Reply(503), "/", lambda: NOW)
    said = asyncio.run(_said(guard, {"type": "lifespan"}, ["lifespan.startup", "lifespan.shutdown"]))
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_handler_that_fails_is_answered_for_and_says_nothing_of_the_request(
    pool: BoundedPool, caplog: pytest.LogCaptureFixture
) -> None:
    def handle(request: Request) -> Reply:
        raise ValueError(str(request.payload))

    answer = client(handle, pool).post(headers=headers())
    assert (answer.status_code, answer.json()) == (503, {"error": "try again"})
    # A server of another test, which ends just now, may say something as well.
    said = [each.getMessage() for each in caplog.records if each.name == "tieout.slack.guard"]
    assert said == ["Slack's endpoint failed: ValueError"]
    assert "U0OWNER001" not in caplog.text


def test_a_full_pool_answers_at_once(pool: BoundedPool) -> None:
    held = threading.Event()

    def handle(_: Request) -> Reply:
        held.wait()
        return Reply(200, "{}")

    guard = Guard(SIGNING_SECRET, on(pool, handle), lambda _: Reply(503, "{}"), "/", lambda: NOW)
    statuses = asyncio.run(_four_at_once(guard, held))
    assert sorted(statuses[:1]) == [503]
    assert sorted(statuses) == [200, 200, 200, 503]


def test_a_slow_handler_is_answered_for_in_time(pool: BoundedPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.1)
    held = threading.Event()
    answer = client(lambda _: Reply(200 + held.wait(5)), pool)
    began = time.monotonic()
    assert answer.post(headers=headers()).status_code == 503
    assert time.monotonic() - began < 2
    held.set()


def test_a_secret_that_is_none_is_refused(pool: BoundedPool) -> None:
    with pytest.raises(ConfigurationError, match="signing secret"):
        Guard("", on(pool, lambda _: Reply()), lambda _: Reply(503))


def test_a_client_that_goes_away_is_answered_nothing(pool: BoundedPool) -> None:
    guard = Guard(SIGNING_SECRET, on(pool, lambda _: pytest.fail("handled")), lambda _: Reply(503), "/", lambda: NOW)
    assert asyncio.run(_said(guard, _scope(), ["http.disconnect"])) == []


async def _said(guard: Guard, scope: dict[str, Any], coming: list[str]) -> list[str]:
    """Return what kinds of messages a guard sends on a connection."""
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": coming.pop(0)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await guard(scope, receive, send)
    return sent


async def _four_at_once(guard: Guard, held: threading.Event) -> list[int]:
    """Send four requests to a guard with room for three, in the order in which they are answered."""
    statuses: list[int] = []

    async def one() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": BODY, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await guard(_scope(), receive, send)

    waiting = [asyncio.create_task(one()) for _ in range(4)]
    while not statuses:
        await asyncio.sleep(0.01)
    held.set()
    await asyncio.gather(*waiting)
    return statuses


def _scope() -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers().items()],
    }


def test_what_it_refuses_is_one_line_of_json(pool: BoundedPool) -> None:
    answer = client(lambda _: Reply(), pool).post(headers=headers(at=NOW - 301))
    assert (answer.status_code, json.loads(answer.text)) == (401, {"error": "timestamp"})
