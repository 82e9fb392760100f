# SPDX-License-Identifier: Apache-2.0
"""Slack's side of Socket Mode: one connection, requests in envelopes, and what the app acknowledges them with."""

from __future__ import annotations

import json
import queue
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.simulators.slack.workspace import Slack

_TYPES = {"event_callback": "events_api"}


class SocketMode:
    """The connection of an app."""

    def __init__(self) -> None:
        self._connection: ServerConnection | None = None
        self._connected = threading.Event()
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()

    def deliver(self, payload: dict[str, Any], seconds: float = 10.0) -> dict[str, Any] | None:
        """Deliver a payload, and return what it is acknowledged with; ``None`` where it is not within the time."""
        assert self._connected.wait(10)
        assert self._connection is not None
        envelope = str(uuid.uuid4())
        said = {"envelope_id": envelope, "type": _TYPES.get(str(payload.get("type")), "interactive"), "payload": payload}
        self._connection.send(json.dumps({**said, "accepts_response_payload": True}))
        try:
            answer = self._said.get(timeout=seconds)
        except queue.Empty:
            return None
        assert answer["envelope_id"] == envelope
        return dict(answer.get("payload") or {})

    def serve_one(self, connection: ServerConnection) -> None:
        """Serve the app while it is connected."""
        connection.send(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0TIEOUT01"}}))
        self._connection = connection
        self._connected.set()
        try:
            for message in connection:
                self._said.put(json.loads(message))
        except ConnectionClosed:
            pass


@contextmanager
def socket_mode(slack: Slack) -> Iterator[SocketMode]:
    """Let an app of a workspace connect."""
    side = SocketMode()
    with serve(side.serve_one, "127.0.0.1", 0) as server:
        slack.socket_url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/link"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield side
        finally:
            server.shutdown()
            thread.join(10)
