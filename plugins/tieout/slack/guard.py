# SPDX-License-Identifier: Apache-2.0
"""The guard: an ASGI app that lets signed requests of Slack through to who answers them, and nothing else.

1. One path, and POST only; a form or JSON; not compressed; exactly one signature and one timestamp.
2. The timestamp is a plain number and within five minutes of now.
3. The body is at most 256 KiB, whatever the request says of its length; reading stops at once where it is more, or too slow.
4. The signature is that of the raw bytes. Only then is anything read in them (`tieout.slack.parsing`).
5. Whoever answers does so elsewhere, on threads or in another process; whatever they do, Slack is answered within
   `ANSWER_SECONDS`.

What is refused gets one line of JSON with a 4xx status, and one line in the log that holds neither body nor headers nor names.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from tieout.desks.pools import PoolFull
from tieout.slack.parsing import FORM, JSON, SSL_CHECK, Unreadable, parse
from tieout.slack.signature import is_current, is_signed, read_timestamp, signing_key

log = logging.getLogger(__name__)

MAX_BODY = 256 * 1024
"""Bytes. A page of a modal with every field filled comes back in fewer (a test holds it)."""
READ_SECONDS = 2.0
"""How long a body may take to arrive."""
ANSWER_SECONDS = 2.7
"""From the first byte read to the answer: Slack gives up after 3."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request that Slack sent us.

    Attributes:
        payload: What it says, checked by `tieout.slack.parsing`.
        timestamp: When it was signed; where it was not, when it came. Seconds since 1970.
        signed: Whether a signature of it was checked: Socket Mode has none.
        deadline: When it has to be answered, on the monotonic clock.
    """

    payload: dict[str, Any]
    timestamp: int
    signed: bool
    deadline: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to Slack: a status, and JSON, a text, or nothing."""

    status: int = 200
    body: str = ""
    content_type: str = "application/json"


Handle = Callable[[Request], Reply]


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose signature was checked, and nothing else read.

    Attributes:
        content_type: `tieout.slack.parsing.FORM` or `JSON`.
        timestamp: When it was signed; seconds since 1970.
        deadline: When it has to be answered, on the machine's monotonic clock.
        body: Its bytes.
    """

    content_type: str
    timestamp: int
    deadline: float
    body: bytes = field(repr=False)

    def answered(self, handle: Handle) -> Reply:
        """Read it, and return what a handler answers; Slack's check of a certificate needs none.

        Raises:
            Unreadable: It is nothing that Slack sends.
        """
        payload = parse(self.content_type, self.body)
        if payload["type"] == SSL_CHECK:
            return Reply()
        return handle(Request(payload, self.timestamp, signed=True, deadline=self.deadline))


Ask = Callable[[Signed], Awaitable[Reply]]
"""Answers elsewhere; raises `PoolFull` where there is no room now, and `Unreadable`."""


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class _Gone(Exception):
    """The client went away."""


class Guard:
    """Lets signed requests through.

    Args:
        secret: The app's signing secret.
        ask: Answers a request, on threads or in another process.
        late: Answers one that can not be handled in time; pure, runs on the event loop.
        path: Where Slack posts, below where this app is mounted.
        clock: Seconds since 1970.

    Raises:
        ConfigurationError: The secret is too short to be one.
    """

    def __init__(
        self,
        secret: str,
        ask: Ask,
        late: Handle,
        path: str = "/events",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = signing_key(secret)
        self._ask, self._late, self._path, self._clock = ask, late, path, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            reply = await self._answer(scope, receive)
        except _Gone:
            return
        except _Refused as refused:
            log.warning("Slack's endpoint refused a request: %s (HTTP %s)", refused.reason, refused.status)
            reply = Reply(refused.status, json.dumps({"error": refused.reason}))
        await _send(reply, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        deadline = time.monotonic() + ANSWER_SECONDS
        headers = _headers(scope, self._path)  # (1)
        timestamp = read_timestamp(headers.timestamp)
        if timestamp is None or not is_current(timestamp, self._clock()):  # (2)
            raise _Refused(401, "timestamp")
        body = await _body(receive, headers.length)  # (3)
        if not is_signed(self._key, timestamp, body, headers.signature):  # (4)
            raise _Refused(401, "signature")

        try:
            return await self._dispatch(Signed(headers.content_type, timestamp, deadline, body))
        except Unreadable as unreadable:
            raise _Refused(400, str(unreadable)) from None

    async def _dispatch(self, signed: Signed) -> Reply:
        """Have a request answered in time, or answer that it could not be (5); raises `Unreadable`."""
        try:
            return await asyncio.wait_for(self._ask(signed), signed.deadline - time.monotonic())
        except Unreadable:
            raise
        except PoolFull:
            log.warning("Slack's endpoint is busy: a request was answered with 'try again'")
        except TimeoutError:
            log.warning("Slack's endpoint is late: a request was answered with 'try again'")
        except Exception as error:  # its text may quote the request
            log.error("Slack's endpoint failed: %s", type(error).__name__)
        return signed.answered(self._late)


@dataclass(frozen=True, slots=True)
class _Headers:
    content_type: str
    timestamp: bytes
    signature: bytes
    length: int | None


def _headers(scope: Scope, path: str) -> _Headers:
    """Check all that a request says before its body."""
    if _route(scope) != path:
        raise _Refused(404, "path")
    if scope["method"] != "POST":
        raise _Refused(405, "method")
    content_type, _, parameters = _one(scope, b"content-type", 415).decode("latin-1").lower().partition(";")
    content_type = content_type.strip()
    if content_type not in (FORM, JSON) or parameters.replace('"', "").replace(" ", "") not in ("", "charset=utf-8"):
        raise _Refused(415, "content type")
    if _all(scope, b"content-encoding"):
        raise _Refused(415, "content encoding")
    lengths = _all(scope, b"content-length")
    if lengths and (len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > 12):
        raise _Refused(400, "content length")
    length = int(lengths[0]) if lengths else None
    if length is not None and length > MAX_BODY:
        raise _Refused(413, "body too large")
    signature, timestamp = (_one(scope, name, 401) for name in (b"x-slack-signature", b"x-slack-request-timestamp"))
    return _Headers(content_type, timestamp, signature, length)


def _route(scope: Scope) -> str:
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _all(scope: Scope, name: bytes) -> list[bytes]:
    return [bytes(value) for key, value in scope["headers"] if key.lower() == name]


def _one(scope: Scope, name: bytes, status: int) -> bytes:
    found = _all(scope, name)
    if len(found) != 1:
        raise _Refused(status, f"expected one header {name.decode()}")
    return found[0]


async def _body(receive: Receive, length: int | None) -> bytes:
    """Read a body, at most `MAX_BODY` bytes and for at most `READ_SECONDS`."""
    parts, size, more = [], 0, True
    try:
        async with asyncio.timeout(READ_SECONDS):
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    raise _Gone
                part = message.get("body", b"")
                size += len(part)
                if size > MAX_BODY:
                    raise _Refused(413, "body too large")
                parts.append(part)
                more = message.get("more_body", False)
    except TimeoutError:
        raise _Refused(408, "body too slow") from None
    if length is not None and length != size:
        raise _Refused(400, "content length")
    return b"".join(parts)


async def _send(reply: Reply, send: Send) -> None:
    data = reply.body.encode()
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", b"%d" % len(data)),
        (b"cache-control", b"no-store"),
    ]
    if reply.status in (408, 413):
        headers.append((b"connection", b"close"))  # the rest of the body is not read
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def _lifespan(receive: Receive, send: Send) -> None:
    """Answer a server that runs this app alone."""
    for said in ("startup", "shutdown"):
        while (await receive())["type"] != f"lifespan.{said}":
            pass
        await send({"type": f"lifespan.{said}.complete"})
