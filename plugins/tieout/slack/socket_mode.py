# SPDX-License-Identifier: Apache-2.0
"""Socket Mode: Slack's requests over a connection that we open, for installations without a public address."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.slack.app import handler
from tieout.slack.endpoint import Socket
from tieout.slack.front import Front
from tieout.slack.sending import silent_logger, web_client

if TYPE_CHECKING:
    from slack_sdk.socket_mode.builtin import SocketModeClient
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

log = logging.getLogger(__name__)


def connect(front: Front) -> SocketModeClient:
    """Connect, and answer whatever comes until the client is closed. It connects again on its own.

    Raises:
        ConfigurationError: There is no app token.
        SourceUnavailable: Slack does not let us connect.
    """
    from slack_sdk.socket_mode.builtin import SocketModeClient

    if not front.workspace.app_token.startswith("xapp-"):
        msg = "Slack connection: expected an app-level token, which starts with xapp-, as extra field 'app_token'."
        raise ConfigurationError(msg)
    client = SocketModeClient(
        app_token=front.workspace.app_token,
        logger=silent_logger(),
        web_client=web_client(front.workspace),
        proxy=front.workspace.proxy,
    )
    socket = Socket(handler(front))
    client.socket_mode_request_listeners.append(lambda connected, request: _answer(socket, connected, request))
    try:
        client.connect()
    except Exception as error:  # its text may hold the address, which is a secret
        msg = f"Slack Socket Mode: expected a connection, got none: {type(error).__name__}. Is it on in the app's settings?"
        raise SourceUnavailable(msg) from None
    return client


def _answer(socket: Socket, connected: BaseSocketModeClient, request: SocketModeRequest) -> None:
    from slack_sdk.socket_mode.response import SocketModeResponse

    said = socket.answer(request.payload)
    if said is None:
        log.warning("Slack: a request through Socket Mode was not answered")
        return
    connected.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=said or None))
