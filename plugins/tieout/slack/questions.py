# SPDX-License-Identifier: Apache-2.0
"""What happens when somebody submits a question: it goes to those who answer, and into the thread of the asker's summary."""

from __future__ import annotations

import logging

from tieout.desks.desk import Member, Posted, Refused
from tieout.errors import TransientError
from tieout.slack.actions import STALE
from tieout.slack.blocks.messages import LONGEST_QUESTION, question_message
from tieout.slack.blocks.modals import QUESTION, QUESTION_BLOCK, asked_view
from tieout.slack.front import Front, Seen, quietly
from tieout.slack.guard import Request
from tieout.slack.sending import Unreachable, open_channel, post
from tieout.slack.submitted import Instead, Said, again, made_for, refused, update, value_of
from tieout.texts import units

log = logging.getLogger(__name__)


def submit_question(front: Front, request: Request) -> Said:
    """Send a question on its way, to those who answer and into the asker's thread."""
    try:
        who, carried = made_for(front, request)
        summary, answering = front.desk.summary(who, carried.campaign), front.desk.contacts(who, carried.campaign)
    except Instead as instead:
        return instead.said
    except TransientError as error:
        quietly(error, "a question was not taken")
        return again(request)
    if summary is None:
        return refused(front, Refused(STALE))
    text = value_of(request.payload["view"]["state"]["values"].get(QUESTION_BLOCK), QUESTION) or ""
    if not text.strip() or units(text) > LONGEST_QUESTION:
        return {"response_action": "errors", "errors": {QUESTION_BLOCK: f"Please write 1 to {LONGEST_QUESTION:,} characters."}}
    seen = Seen(carried.campaign, summary.title, {}, Posted(carried.channel, carried.ts) if carried.ts else None)
    key = f"question {request.payload['view']['id']}"
    taken = front.receipts.push(key, lambda: _send_question(front, who, seen, text, answering))
    return update(asked_view()) if taken else again(request)


def _send_question(front: Front, who: Member, seen: Seen, text: str, answering: tuple[Member, ...]) -> None:
    message = question_message(text, who.user, seen.title)
    at = front.posted(who, seen)
    if at is not None:
        post(front.sender, at.channel, message.text, message.blocks, at.ts)
    for each in answering:
        channel = open_channel(front.sender, each.user)
        sent = channel if isinstance(channel, Unreachable) else post(front.sender, channel, message.text, message.blocks)
        if isinstance(sent, Unreachable):
            log.warning("Slack: a question was not sent to one of those who answer: %s", sent.reason)
