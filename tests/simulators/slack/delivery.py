# SPDX-License-Identifier: Apache-2.0
"""How Slack delivers: a signed POST of a form with ``payload``, or of JSON, over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlsplit

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass
class Sent:
    """One request as it is sent, whole, so that it can be sent again."""

    body: bytes
    headers: list[tuple[str, str]]


@dataclass
class Answer:
    """What came back; status 0 where the connection was cut, or nothing came in time."""

    status: int
    body: str = ""
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> dict[str, Any]:
        """The body as JSON; empty where it is none."""
        return json.loads(self.body) if self.body.startswith("{") else {}


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a body, as Slack's guide to verifying requests computes it."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def as_form(payload: dict[str, Any]) -> bytes:
    """Return a payload as the form that interactions come in."""
    return f"payload={quote_plus(json.dumps(payload, separators=(',', ':')))}".encode()


def signed(body: bytes, secret: str, content_type: str = FORM, timestamp: str | None = None, **more: str) -> Sent:
    """Return a signed request."""
    at = str(int(time.time())) if timestamp is None else timestamp
    headers = [
        ("Content-Type", content_type),
        ("X-Slack-Request-Timestamp", at),
        ("X-Slack-Signature", signature(secret, at, body)),
    ]
    return Sent(body, [*headers, *((name.replace("_", "-"), value) for name, value in more.items())])


def deliver(url: str, sent: Sent, timeout: float = 10.0) -> Answer:
    """Post a request and return what came back."""
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=timeout)
    began = time.monotonic()
    try:
        connection.connect()
        connection.putrequest("POST", split.path, skip_accept_encoding=True)
        for name, value in sent.headers:
            connection.putheader(name, value.encode("utf-8"))
        if not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in sent.headers):
            connection.putheader("Content-Length", str(len(sent.body)))
        with suppress(ConnectionError):  # it may have answered before all was sent, and read no more
            connection.endheaders(sent.body)
        response = connection.getresponse()
        body = response.read().decode()
        return Answer(response.status, body, time.monotonic() - began, dict(response.getheaders()))
    except (ConnectionError, TimeoutError, http.client.HTTPException):
        return Answer(0, seconds=time.monotonic() - began)
    finally:
        connection.close()


def deliver_in_chunks(url: str, sent: Sent, size: int = 8192) -> Answer:
    """Post a body in chunks, without saying how long it is; what comes back may come before all is sent."""
    with _connected(url, sent, "Transfer-Encoding: chunked") as connection:
        began = time.monotonic()
        with suppress(OSError):
            for start in range(0, len(sent.body), size):
                part = sent.body[start : start + size]
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            connection.sendall(b"0\r\n\r\n")
        return _answered(connection, began)


def deliver_partly(url: str, sent: Sent, size: int) -> Answer:
    """Post the beginning of a body, and wait for what comes back."""
    with _connected(url, sent, f"Content-Length: {len(sent.body)}") as connection:
        began = time.monotonic()
        connection.sendall(sent.body[:size])
        return _answered(connection, began)


def _connected(url: str, sent: Sent, header: str) -> socket.socket:
    split = urlsplit(url)
    lines = [
        f"POST {split.path} HTTP/1.1",
        f"Host: {split.netloc}",
        header,
        *(f"{name}: {value}" for name, value in sent.headers),
    ]
    connection = socket.create_connection((split.hostname or "", split.port or 0), timeout=10)
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return connection


def _answered(connection: socket.socket, began: float) -> Answer:
    """Read an answer that says how long it is."""
    data = b""
    with suppress(OSError):
        while more := connection.recv(65536):
            data += more
            head, separator, body = data.partition(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            if separator and len(body) >= length:
                break
    head, _, body = data.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]) if head else 0, body.decode(), time.monotonic() - began)
