# SPDX-License-Identifier: Apache-2.0
"""What every submission of a view has in common: who submits, what their view carries, and what they can be answered with."""

from __future__ import annotations

from typing import Any

from tieout.desks.desk import Member, Refused
from tieout.slack.actions import STALE
from tieout.slack.blocks.elements import Block
from tieout.slack.blocks.modals import QUESTION_BLOCK, TRY_AGAIN, busy_view, refused_view
from tieout.slack.blocks.page import DECISION
from tieout.slack.blocks.sign_off import SAID
from tieout.slack.front import Front
from tieout.slack.guard import Request
from tieout.slack.metadata import Metadata

Said = dict[str, Any]
"""What is answered to Slack."""


class Instead(Exception):
    """What is answered instead of going on."""

    def __init__(self, said: Said) -> None:
        super().__init__()
        self.said = said


def made_for(front: Front, request: Request) -> tuple[Member, Metadata]:
    """Return who submits, and what their view carries; both are checked.

    Raises:
        Instead: They may not, or we did not make the view for them.
        TransientError: Slack could not be asked who they are.
    """
    who = front.who(request)
    if isinstance(who, Refused):
        raise Instead(refused(front, who))
    carried = front.read_metadata(request, who)
    if carried is None:
        raise Instead(refused(front, Refused(STALE)))
    return who, carried


def again(request: Request) -> Said:
    """Return what asks somebody to submit again, keeping what they filled in: never an answer that closes the modal."""
    blocks = list(request.payload["view"]["state"]["values"])
    first = next((each for each in blocks if each.startswith((f"{DECISION}.", f"{SAID}.")) or each == QUESTION_BLOCK), None)
    return {"response_action": "errors", "errors": {first: TRY_AGAIN}} if first else update(busy_view())


def value_of(inputs: Any, action: str) -> str | None:
    """Return what an input says: the value of its option, or its text."""
    said = inputs.get(action) if isinstance(inputs, dict) else None
    if not isinstance(said, dict):
        return None
    option = said.get("selected_option")
    value = option.get("value") if isinstance(option, dict) else said.get("value")
    return value if isinstance(value, str) else None


def update(view: Block) -> Said:
    """Return what shows another view in the modal."""
    return {"response_action": "update", "view": view}


def refused(front: Front, why: Refused) -> Said:
    """Return what shows why something is not done."""
    return update(refused_view(why.reason, front.workspace.ask))
