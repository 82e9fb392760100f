# SPDX-License-Identifier: Apache-2.0
"""The Bolt app: which listener answers what. The guard, or Socket Mode, has let through what comes here.

Bolt checks no signature again and asks Slack nothing: the workspace is fixed, and so is its token. It logs whole bodies, so its
logger says nothing; what fails is logged here by the type of the error.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tieout.slack import actions, questions, sign_off, submissions
from tieout.slack.blocks.elements import ASK, NEXT, NOTE_VIEW, OPEN, PAGE_VIEW, QUESTION_VIEW, SIGN, SIGN_VIEW
from tieout.slack.front import Front
from tieout.slack.guard import Reply, Request
from tieout.slack.sending import silent_logger, web_client
from tieout.slack.submitted import again

if TYPE_CHECKING:
    from slack_bolt import App, BoltResponse

log = logging.getLogger(__name__)

ACTIONS: dict[str, Callable[[Front, Request], Any]] = {
    OPEN: actions.open_review,
    NEXT: actions.next_page,
    ASK: actions.ask_question,
    SIGN: sign_off.open_sign_off,
}
SUBMISSIONS: dict[str, Callable[[Front, Request], Any]] = {
    PAGE_VIEW: submissions.submit_page,
    QUESTION_VIEW: questions.submit_question,
    SIGN_VIEW: sign_off.submit_sign_off,
}
EVENTS: dict[str, Callable[[Front, Request], Any]] = {"app_home_opened": actions.home_opened}
"""What the manifest subscribes to, and who answers."""
_REQUEST = "tieout_request"
_NAME = "slack_bolt.app"
"""Bolt names a logger so, and silences it: it must be none of ours, nor above one."""


def build_app(front: Front) -> App:
    """Return the Bolt app with every listener."""
    from slack_bolt import App
    from slack_bolt.authorization import AuthorizeResult

    def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=front.workspace.team, bot_token=front.workspace.bot_token)

    client = web_client(front.workspace)
    client.token = None  # Bolt would call Slack with it at start
    app = App(
        name=_NAME, logger=silent_logger(), client=client, authorize=authorize, process_before_response=True,
        request_verification_enabled=False, ssl_check_enabled=False, attaching_function_token_enabled=False,
    )  # fmt: skip
    for action, work in ACTIONS.items():
        app.action(action)(_listener(front, work))
    for callback, work in SUBMISSIONS.items():
        app.view_submission(callback)(_listener(front, work))
    for callback in (PAGE_VIEW, NOTE_VIEW, QUESTION_VIEW, SIGN_VIEW):
        app.view_closed(callback)(_listener(front, actions.view_closed))
    for event, work in EVENTS.items():
        app.event(event)(_listener(front, work))
    app.error(_failed)
    return app


def handler(front: Front) -> Callable[[Request], Reply]:
    """Return what answers requests by the listeners; it raises nothing that a request can cause."""
    from slack_bolt import BoltRequest

    app = build_app(front)

    def handle(request: Request) -> Reply:
        try:
            # A dict, so that Bolt does not read the body another time and in its own way; HTTP mode would want text.
            asked = BoltRequest(body=request.payload, mode="socket_mode", context={_REQUEST: request})
        except Exception as error:
            log.warning("Slack: a request has another form than Bolt expects: %s", type(error).__name__)
            return Reply(400, '{"error": "payload"}')
        return _reply(app.dispatch(asked))

    return handle


def late(request: Request) -> Reply:
    """Return what is answered to a request that can not be handled in time: try again."""
    if request.payload["type"] != "view_submission":
        return Reply(503, '{"error": "try again"}')
    return Reply(200, json.dumps(again(request)))


def _listener(front: Front, work: Callable[[Front, Request], Any]) -> Callable[..., Any]:
    def listener(ack: Any, context: Any) -> Any:
        said = work(front, context[_REQUEST])
        return ack(said) if said else ack()

    return listener


def _failed(error: Exception, context: Any) -> BoltResponse:
    from slack_bolt import BoltResponse

    if not isinstance(error, actions.NotShown):
        log.error("Slack: a listener failed: %s", type(error).__name__)
    request: Request = context[_REQUEST]
    answer = late(request)
    return BoltResponse(status=answer.status, body=answer.body, headers={"content-type": [answer.content_type]})


def _reply(response: BoltResponse) -> Reply:
    content_type = (response.headers.get("content-type") or ["application/json"])[0]
    body = response.body if isinstance(response.body, str) else ""
    return Reply(int(response.status), body, content_type)
