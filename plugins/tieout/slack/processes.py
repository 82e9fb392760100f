# SPDX-License-Identifier: Apache-2.0
"""Processes of their own beside the api-server, in which what Slack sends is answered: Airflow's pages wait for none of it.

1. What one member sends goes to the same process each time, so that what it has stored for them it need not read again.
2. A process that ends is started again, after `_FIRST_PAUSE` at first and at most `_LONGEST_PAUSE`; who waited for it is asked to
   try again.
3. It ends with this one, however that ends: its standard input is then closed.

A frame is four bytes of length, one line of JSON, and bytes: ``{"id", "content_type", "timestamp", "deadline"}`` and the body one
way, ``{"id", "status", "content_type"}`` and the answer the other. The first frame of a process has neither: it is ready.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import struct
import sys
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, BinaryIO

from tieout.desks.pools import PoolFull
from tieout.errors import TieoutError
from tieout.slack.endpoint import Threads
from tieout.slack.guard import MAX_BODY, Handle, Reply, Signed
from tieout.slack.parsing import Unreadable

log = logging.getLogger(__name__)

MOST_WAITING = 64
"""Requests of one process that are not yet answered; more are asked to try again."""
_MOST_UNREAD = 4 * 1024 * 1024
"""Bytes that a process has yet to read: beyond them it takes nothing more."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_END_SECONDS = 10.0
"""How long a process may take to end once it was told to."""
_LENGTH = struct.Struct(">I")
_LONGEST_FRAME = 2 * MAX_BODY
_QUOTE, _COLON = rb'(?:"|%22)', rb"(?::|%3[Aa])(?:\s|\+|%20)*"
_MEMBER = re.compile(
    _QUOTE + rb"user" + _QUOTE + _COLON + rb"(?:(?:\{|%7[Bb])" + _QUOTE + rb"id" + _QUOTE + _COLON + rb")?"
    + _QUOTE + rb"([A-Z0-9]{1,40})" + _QUOTE
)  # fmt: skip
"""As JSON has it, or a form that holds JSON: unescaping all of it took a third of the api-server's time."""


class NotReadable(TieoutError):
    """A frame is none: whoever sends it is not our process."""


class Processes:
    """Some processes that answer requests.

    Args:
        command: Starts one of them (`serve` is what it does).
        count: How many.
        environment: Their environment variables; ``None`` for those of this process.
    """

    def __init__(self, command: Sequence[str], count: int, environment: Mapping[str, str] | None = None) -> None:
        self._all = [_Process(command, environment) for _ in range(count)]

    async def ask(self, signed: Signed) -> Reply:
        """Return what the member's process answers.

        Raises:
            PoolFull: It is not there now, or has as much to do as it may.
            Unreadable: The request is nothing that Slack sends.
        """
        return await self._all[place_of(signed.body, len(self._all))].ask(signed)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run them for as long as the context lasts."""
        tasks = [asyncio.create_task(each.run(), name="tieout-slack-process") for each in self._all]
        try:
            yield
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def place_of(body: bytes, count: int) -> int:
    """Return which of some processes answers a request: the same for all that a member sends.

    It only looks for who that is: a body that has not been read proves nothing, and in another process they are answered as well.
    """
    if count == 1:
        return 0
    found = _MEMBER.search(body)
    return zlib.crc32(found[1]) % count if found else 0


class _Process:
    """One process, started again whenever it ends."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None) -> None:
        self._command, self._environment = command, environment
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._last = 0

    async def ask(self, signed: Signed) -> Reply:
        writer = self._writer
        if writer is None or len(self._waiting) >= MOST_WAITING or writer.transport.get_write_buffer_size() > _MOST_UNREAD:
            raise PoolFull
        self._last += 1
        number, future = self._last, asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            head = {"id": number, "content_type": signed.content_type, "timestamp": signed.timestamp, "deadline": signed.deadline}
            writer.write(_frame(head, signed.body))
            reply: Reply = await future
        finally:
            del self._waiting[number]
        if reply.status == _UNREADABLE:
            raise Unreadable(reply.body)
        return reply

    async def run(self) -> None:
        """Keep it running until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                if await self._once():
                    pause = _FIRST_PAUSE
            except OSError as error:
                log.error("Slack's requests can not be answered: no process starts: %s", type(error).__name__)
            log.error("Slack's requests are not answered for now: a process ended; the next one starts in %.0f s", pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _once(self) -> bool:
        """Run one until it ends; returns whether it had become ready."""
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LONGEST_FRAME,
            env=self._environment,
        )  # fmt: skip
        writer, reader = _pipes(process)
        ready = False
        try:
            while True:
                head, body = _parts(await reader.readexactly(_length(await reader.readexactly(_LENGTH.size))))
                if not ready:
                    ready, self._writer = True, writer
                    continue
                waiting = self._waiting.get(head["id"])
                if waiting is not None and not waiting.done():  # nobody waits for an answer that is late
                    waiting.set_result(Reply(head["status"], body.decode(), head["content_type"]))
        except NotReadable as error:
            log.error("Slack's requests: a process said something that is no answer: %s", error)
            return ready
        except (asyncio.IncompleteReadError, ConnectionError):
            return ready
        finally:
            self._writer = None
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(PoolFull())
            await _ended(process)


def _pipes(process: asyncio.subprocess.Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    if process.stdin is None or process.stdout is None:
        msg = "expected the pipes that were asked for, got none."
        raise NotReadable(msg)
    return process.stdin, process.stdout


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a process: it ends with its input; one that does not is killed."""
    _pipes(process)[0].close()
    try:
        # `asyncio.wait_for` can lose a cancellation that comes just then, and whoever asked for it would wait for ever.
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise


_UNREADABLE = 0
"""Status of an answer that says why a request was nothing that Slack sends."""


def serve(threads: Threads, late: Handle, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests, in the process, until there are no more; what has begun by then is done to its end.

    Args:
        threads: Answer them.
        late: Answers one for which there is no room; pure.
        requests: Frames come from here.
        answers: Frames go there.
    """
    writing = threading.Lock()

    def send(head: dict[str, Any], body: bytes = b"") -> None:
        with writing, suppress(BrokenPipeError):  # nobody is left to answer
            answers.write(_frame(head, body))
            answers.flush()

    def answer(number: int, make: Callable[[], Reply]) -> None:
        try:
            reply = make()
        except Unreadable as unreadable:
            reply = Reply(_UNREADABLE, str(unreadable))
        send({"id": number, "status": reply.status, "content_type": reply.content_type}, reply.body.encode())

    def done(number: int, signed: Signed, future: Future[Reply]) -> None:
        if future.cancelled():  # the end came first: nobody waits for it
            return
        failed = future.exception()
        if failed is None or isinstance(failed, Unreadable):
            answer(number, future.result)
        else:  # its text may quote the request
            log.error("Slack's endpoint failed: %s", type(failed).__name__)
            answer(number, lambda: signed.answered(late))

    send({})
    while len(length := requests.read(_LENGTH.size)) == _LENGTH.size:
        head, body = _parts(requests.read(_length(length)))
        signed = Signed(head["content_type"], head["timestamp"], head["deadline"], body)
        try:
            future = threads.start(signed)
        except PoolFull:
            answer(head["id"], partial(signed.answered, late))
        else:
            future.add_done_callback(partial(done, head["id"], signed))
    threads.close()


def own_output() -> BinaryIO:
    """Return this process's standard output for frames alone; whatever else is printed goes to standard error from now on."""
    kept = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return kept


def _frame(head: dict[str, Any], body: bytes) -> bytes:
    line = json.dumps(head).encode() + b"\n"
    return b"".join((_LENGTH.pack(len(line) + len(body)), line, body))


def _length(data: bytes) -> int:
    length: int = _LENGTH.unpack(data)[0]
    if length > _LONGEST_FRAME:
        msg = f"expected a frame of at most {_LONGEST_FRAME} bytes, got one of {length}."
        raise NotReadable(msg)
    return length


def _parts(frame: bytes) -> tuple[dict[str, Any], bytes]:
    line, _, body = frame.partition(b"\n")
    try:
        head: dict[str, Any] = json.loads(line)
    except ValueError:
        msg = "expected a frame that begins with a line of JSON, got something else."
        raise NotReadable(msg) from None
    return head, body
