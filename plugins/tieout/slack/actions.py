# SPDX-License-Identifier: Apache-2.0
"""What happens when somebody presses a button, opens App Home, or closes a modal. Nothing here stores anything.

Each function takes a request that the guard let through. Slack is answered with nothing: what people see is shown by a call of
ours. `NotShown` says that it could not be; Slack then shows an error of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tieout.desks.desk import Member, Refused
from tieout.errors import TransientError
from tieout.slack.blocks.elements import Block
from tieout.slack.blocks.home import refused_home
from tieout.slack.blocks.messages import SUMMARY, read_value
from tieout.slack.blocks.modals import busy_view, question_view, refused_view
from tieout.slack.front import Front, quietly
from tieout.slack.guard import Request
from tieout.slack.metadata import Metadata

STALE = "This was not made for you, or is too old. Open it again from its message or from App Home."


class NotShown(Exception):
    """What was asked for could not be shown."""


def open_review(front: Front, request: Request) -> None:
    """Show the first open page of an assignment."""
    open_view(front, request, lambda who: _first_page(front, request, who))


def ask_question(front: Front, request: Request) -> None:
    """Show where a question goes, and take it."""
    open_view(front, request, lambda who: _question(front, request, who))


def next_page(front: Front, request: Request) -> None:
    """Show the next open page in the modal that is open."""
    payload = request.payload
    view = payload.get("view")
    if not isinstance(view, dict) or not isinstance(view.get("id"), str):
        raise NotShown
    made = _view(front, request, lambda who: _following(front, request, who))
    known = view.get("hash")
    _show(front, "views.update", made, view_id=view["id"], hash=known if isinstance(known, str) and known else None)


def home_opened(front: Front, request: Request) -> None:
    """Show App Home: what is open, and what was done."""
    if request.payload["event"].get("tab") != "home":
        return
    who = front.who(request)
    if isinstance(who, Refused):
        view = refused_home(who.reason, front.workspace.ask)
        _show(front, "views.publish", view, user_id=request.payload["event"]["user"])
        return
    try:
        front.publish_home(who)
    except TransientError as error:
        quietly(error, "App Home was not shown")
        raise NotShown from error


def view_closed(front: Front, request: Request) -> None:
    """Bring App Home up to date: pages may have been stored since it was opened. What was not submitted is nowhere."""
    who = front.who(request)
    if isinstance(who, Member):
        front.updates.push(f"home {who.user}", lambda: front.publish_home(who))


def _first_page(front: Front, request: Request, who: Member) -> Block | Refused:
    wanted = read_value(request.payload["actions"][0].get("value"))
    if wanted is None:
        return Refused(STALE)
    channel, ts = message_of(request.payload, SUMMARY)
    return front.next_view(who, Metadata(campaign=wanted[0], assignment=wanted[1], channel=channel, ts=ts), None)


def _following(front: Front, request: Request, who: Member) -> Block | Refused:
    carried = front.read_metadata(request, who)
    return front.next_view(who, carried, None) if carried is not None and carried.assignment else Refused(STALE)


def _question(front: Front, request: Request, who: Member) -> Block | Refused:
    wanted = read_value(request.payload["actions"][0].get("value"))
    summary = front.desk.summary(who, wanted[0]) if wanted else None
    if wanted is None or summary is None:
        return Refused(STALE)
    answering = [each.user for each in front.desk.contacts(who, wanted[0])]
    if not answering:
        return Refused(f"Nobody in Slack answers questions about this. Ask {front.workspace.ask}.")
    channel, ts = message_of(request.payload)
    carried = Metadata(campaign=wanted[0], channel=channel, ts=ts)
    return question_view(summary.title, answering, front.carry(who, carried))


def open_view(front: Front, request: Request, build: Callable[[Member], Block | Refused]) -> None:
    """Open a modal for whoever pressed a button: what is built for them, or why not.

    Raises:
        NotShown: It could not be shown.
    """
    trigger = request.payload.get("trigger_id")
    if not isinstance(trigger, str):
        raise NotShown
    _show(front, "views.open", _view(front, request, build), trigger_id=trigger)


def _view(front: Front, request: Request, build: Any) -> Block:
    """Return what is shown to whoever acts: what was built, why not, or that it can not be read now."""
    try:
        who = front.who(request)
        made: Block | Refused = build(who) if isinstance(who, Member) else who
    except TransientError as error:
        quietly(error, "something could not be read")
        return busy_view()
    return refused_view(made.reason, front.workspace.ask) if isinstance(made, Refused) else made


def _show(front: Front, method: str, view: Block, **where: Any) -> None:
    try:
        shown = front.opened(method, view, **where)
    except TransientError as error:
        quietly(error, "a view was not shown")
        raise NotShown from error
    if not shown:
        raise NotShown


def message_of(payload: dict[str, Any], pressed_in: str | None = None) -> tuple[str, str]:
    """Return channel and timestamp of the message whose button was pressed; empty where it was none.

    Args:
        payload: The request's.
        pressed_in: What the block ids start with of the message that is meant; ``None`` for any.
    """
    container = payload.get("container") or {}
    channel, ts = container.get("channel_id"), container.get("message_ts")
    pressed = payload["actions"][0]["block_id"]
    fits = pressed_in is None or pressed.startswith(f"{pressed_in}.")
    if not fits or container.get("type") != "message" or not isinstance(channel, str) or not isinstance(ts, str):
        return "", ""
    return channel, ts
