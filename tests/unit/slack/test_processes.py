# SPDX-License-Identifier: Apache-2.0
"""Requests are answered in processes of their own: by the member's process, started again when it ends, and gone with us."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from tests.simulators.slack import TEAM, payloads
from tests.simulators.slack.delivery import FORM, as_form

from tieout.desks.pools import PoolFull
from tieout.slack import processes as module
from tieout.slack.endpoint import Sizes, Threads
from tieout.slack.guard import Reply, Request, Signed
from tieout.slack.parsing import JSON, Unreadable
from tieout.slack.processes import Processes, place_of, serve

CHILD = """
import json, os, sys, time
from tieout.slack.endpoint import Sizes, Threads
from tieout.slack.guard import Reply
from tieout.slack.processes import own_output, serve

def handle(request):
    user = request.payload["user"]["id"]
    if user == "USLOW":
        time.sleep(3)
    said = {"pid": os.getpid(), "user": user, "at": request.timestamp, "left": request.deadline - time.monotonic()}
    return Reply(201, json.dumps(said), "text/plain")

answers = own_output()
print("what is printed is no answer")
serve(Threads(handle, Sizes(2, 2, 2)), lambda request: Reply(503, "late"), sys.stdin.buffer, answers)
"""
SLOW = "USLOW"
MEMBERS = [f"U{number:09}" for number in range(40)]


def signed(user: str = MEMBERS[0], content_type: str = FORM) -> Signed:
    """Return a request of a member."""
    envelope = payloads.envelope(
        "block_actions", TEAM, user, actions=[{"type": "button", "action_id": "x", "block_id": "b", "value": "é"}]
    )
    body = as_form(envelope) if content_type == FORM else json.dumps(envelope).encode()
    return Signed(content_type, 1_790_000_000, time.monotonic() + 2, body)


def with_processes(work: Callable[[Processes], Awaitable[Any]], count: int = 1) -> Any:
    """Return what something comes to while processes run."""

    async def run() -> Any:
        running = Processes([sys.executable, "-c", CHILD], count)
        async with running.running():
            return await work(running)

    return asyncio.run(run())


async def asked(running: Processes, request: Signed) -> Reply:
    """Ask until the process is there."""
    until = time.monotonic() + 20
    while True:
        try:
            return await running.ask(request)
        except PoolFull:
            assert time.monotonic() < until, "no process became ready"
            await asyncio.sleep(0.02)


def test_what_was_signed_is_answered_elsewhere() -> None:
    reply = with_processes(lambda running: asked(running, signed()))
    said = json.loads(reply.body)
    assert (reply.status, reply.content_type) == (201, "text/plain")
    assert said["pid"] != os.getpid()
    assert (said["user"], said["at"]) == (MEMBERS[0], 1_790_000_000)
    assert said["left"] <= 2


def test_a_member_has_one_process_and_all_have_work() -> None:
    async def work(running: Processes) -> list[tuple[str, int]]:
        replies = [await asked(running, signed(user)) for user in MEMBERS + MEMBERS]
        return [(said["user"], said["pid"]) for said in (json.loads(each.body) for each in replies)]

    found = with_processes(work, 2)
    assert len(dict(found)) == len(set(found)) == len(MEMBERS)
    assert len({pid for _, pid in found}) == 2


@pytest.mark.parametrize("content_type", [FORM, JSON])
def test_where_somebody_belongs_is_the_same_however_it_was_said(content_type: str) -> None:
    found = [place_of(signed(user, content_type).body, 4) for user in MEMBERS]
    assert found == [place_of(signed(user).body, 4) for user in MEMBERS]
    assert set(found) == {0, 1, 2, 3}


def test_an_event_goes_where_the_buttons_of_its_member_go() -> None:
    event = {"type": "event_callback", "team_id": TEAM, "event": {"type": "app_home_opened", "user": MEMBERS[7], "tab": "home"}}
    assert place_of(json.dumps(event, separators=(",", ":")).encode(), 5) == place_of(signed(MEMBERS[7]).body, 5)


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "view_submission", "user": {"id": "U000000007", "team_id": "T1"}}',
        b'{"user":{"id":"U000000007"}}',
        b"payload=%7B%22user%22%3A%7B%22id%22%3A%22U000000007%22%7D%7D",
        b"payload=%7b%22user%22%3a+%7b%22id%22%3a+%22U000000007%22%7d%7d",
        b"payload=%7B%22user%22:%20%7B%22id%22:%20%22U000000007%22%7D%7D",
        b"payload=%7B%22text%22%3A%22%5C%22user%5C%22%3A%5C%22UOTHER%5C%22%22%2C%22user%22%3A%22U000000007%22%7D",
    ],
)
def test_who_sends_it_is_seen_through_escapes_and_not_in_what_somebody_wrote(body: bytes) -> None:
    assert [place_of(body, count) for count in (7, 11)] == [place_of(signed(MEMBERS[7]).body, count) for count in (7, 11)]


@pytest.mark.parametrize("body", [b"", b"payload=%7B%7D", b"\xff%ff", b"ssl_check=1"])
def test_who_is_nobody_goes_to_the_first(body: bytes) -> None:
    assert place_of(body, 3) == 0


def test_nothing_that_slack_sends_is_said_to_be_so() -> None:
    request = Signed(FORM, 1_790_000_000, time.monotonic() + 2, b"payload=%7B%7D")
    with pytest.raises(Unreadable, match="a payload of another type"):
        with_processes(lambda running: asked(running, request))


def test_a_process_that_was_killed_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.1)

    async def work(running: Processes) -> tuple[int, int]:
        first = json.loads((await asked(running, signed())).body)["pid"]
        os.kill(first, signal.SIGKILL)
        while True:
            reply = await asked(running, signed())
            if (second := json.loads(reply.body)["pid"]) != first:
                return first, second

    first, second = with_processes(work)
    assert first != second


def test_who_waits_for_a_process_that_is_killed_hears_so_at_once() -> None:
    async def work(running: Processes) -> float:
        pid = json.loads((await asked(running, signed())).body)["pid"]
        waiting = asyncio.create_task(running.ask(signed(SLOW)))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(PoolFull):
            await waiting
        return time.monotonic() - began

    assert with_processes(work) < 5


def test_there_is_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)

    async def work(running: Processes) -> None:
        await asked(running, signed())
        tasks = [asyncio.create_task(running.ask(signed(SLOW))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(PoolFull):
            await running.ask(signed())
        tasks.pop().cancel()  # whoever is answered in another way makes room
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(running.ask(signed(SLOW)), 0.1)
        for each in tasks:
            each.cancel()

    with_processes(work)


@pytest.mark.parametrize("said", ["not JSON", "a" * 2000])
def test_a_process_that_prints_something_else_is_ended_and_said_so(said: str, caplog: pytest.LogCaptureFixture) -> None:
    command = (
        f"import struct, sys; sys.stdout.buffer.write(struct.pack('>I', 8) + {said.encode()!r}); sys.stdout.flush(); input()"
    )

    async def run() -> None:
        running = Processes([sys.executable, "-c", command], 1)
        async with running.running():
            while "said something that is no answer" not in caplog.text:
                await asyncio.sleep(0.02)
            with pytest.raises(PoolFull):
                await running.ask(signed())

    asyncio.run(asyncio.wait_for(run(), 20))
    assert "said something that is no answer: expected a frame that begins with a line of JSON" in caplog.text


def test_nobody_is_left_behind() -> None:
    async def work(running: Processes) -> int:
        return int(json.loads((await asked(running, signed())).body)["pid"])

    pid = with_processes(work)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("turns", range(4))
def test_an_end_that_comes_while_a_process_ends_is_not_lost(turns: int) -> None:
    class Ending:
        """A process that has ended just now; `turns` later its keeper is cancelled."""

        def __init__(self) -> None:
            self.stdin, self.stdout, self.ended = io.BytesIO(), io.BytesIO(), asyncio.get_running_loop().create_future()

        async def wait(self) -> int:
            return int(await self.ended)

        def kill(self) -> None:
            raise ProcessLookupError

    async def run() -> bool:
        process = Ending()
        keeper = asyncio.create_task(module._ended(cast("asyncio.subprocess.Process", process)))
        await asyncio.sleep(0.01)
        process.ended.set_result(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        ended = keeper.done()
        keeper.cancel()
        await asyncio.wait([keeper])
        return ended or keeper.cancelled()

    assert asyncio.run(run())


def test_each_request_has_an_answer_and_the_end_is_the_end() -> None:
    def handle(request: Request) -> Reply:
        if request.timestamp == 2:
            raise ValueError(str(request.payload))
        return Reply(200, request.payload["user"]["id"])

    reading, writing = os.pipe()
    answers = io.BytesIO()
    with os.fdopen(reading, "rb") as requests, os.fdopen(writing, "wb") as asking:
        work = threading.Thread(
            target=serve, args=(Threads(handle, Sizes(1, 8, 1)), lambda _: Reply(503, "late"), requests, answers)
        )
        work.start()
        for number, body in ((1, signed().body), (2, signed().body), (3, b"payload=no")):
            head = {"id": number, "content_type": FORM, "timestamp": number, "deadline": time.monotonic() + 2}
            asking.write(module._frame(head, body))
        asking.flush()
        until = time.monotonic() + 10
        while answers.getvalue().count(b'"id"') < 3 and time.monotonic() < until:
            time.sleep(0.01)
        asking.close()
        work.join(10)
        assert not work.is_alive()
    found, data = {}, answers.getvalue()
    while data:
        length = module._length(data[:4])
        head, body = module._parts(data[4 : 4 + length])
        data = data[4 + length :]
        found[head.get("id")] = (head.get("status"), body.decode())
    assert found == {None: (None, ""), 1: (200, MEMBERS[0]), 2: (503, "late"), 3: (0, "not JSON")}
