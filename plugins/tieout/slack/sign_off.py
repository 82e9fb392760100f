# SPDX-License-Identifier: Apache-2.0
"""What happens when somebody opens what waits for their sign-off in Slack, and submits it.

1. Who acts is who they say, now, and one of those who may sign off (`tieout.desks.case_sign_off`).
2. What they saw on the modal can be said again word for word: it is about the document that is asked about now.
3. They approve, or return it and say why.
4. It is stored before anything is shown as accepted.
5. Afterwards they get a receipt, and the message that asked them is brought up to date.
"""

from __future__ import annotations

import hashlib
import logging

from tieout.campaigns.facts import says_something
from tieout.campaigns.items import canonical
from tieout.desks.desk import LONGEST_REASON, Member, Refused
from tieout.desks.sign_off_desk import APPROVE, RETURN, SignOff, SignOffRequest, SignOffStored
from tieout.errors import TransientError
from tieout.slack.actions import STALE, message_of, open_view
from tieout.slack.blocks.elements import Block
from tieout.slack.blocks.messages import read_value
from tieout.slack.blocks.sign_off import (
    REASON,
    SAID,
    done_view,
    input_id,
    presented,
    sign_off_message,
    sign_off_view,
    signed_message,
    signed_view,
)
from tieout.slack.front import Front, acted_at, quietly
from tieout.slack.guard import Request
from tieout.slack.metadata import Metadata
from tieout.slack.sending import Unreachable, open_channel, post
from tieout.slack.storing import stored_in_time
from tieout.slack.submitted import Instead, Said, again, made_for, refused, update, value_of
from tieout.texts import units

log = logging.getLogger(__name__)


def open_sign_off(front: Front, request: Request) -> None:
    """Show what waits for somebody's sign-off."""
    open_view(front, request, lambda who: _asked_view(front, request, who))


def submit_sign_off(front: Front, request: Request) -> Said:
    """Store what somebody says, and return what was stored."""
    try:
        who, carried = made_for(front, request)  # (1)
        said, reason = _given(request, carried)
        problems = _problems(said, reason, carried)  # (3)
        if problems:
            return {"response_action": "errors", "errors": problems}
        found = _sign_off(front, request, who, carried, said, reason)  # (2)
        return _store(front, request, who, carried, found)
    except Instead as instead:
        return instead.said
    except TransientError as error:
        quietly(error, "a sign-off was not stored")
        return again(request)


def _asked_view(front: Front, request: Request, who: Member) -> Block | Refused:
    wanted = read_value(request.payload["actions"][0].get("value"))
    if wanted is None:
        return Refused(STALE)
    asked = front.desk.sign_off_request(who, wanted[0])
    if isinstance(asked, Refused):
        return asked
    if not asked.waits:
        return done_view(asked)
    channel, ts = message_of(request.payload)
    opened_ms = int(front.now().timestamp() * 1000)
    _, sha256 = presented(asked, opened_ms)
    carried = Metadata(campaign=asked.campaign, opened_ms=opened_ms, presented=sha256, channel=channel, ts=ts)
    return sign_off_view(asked, front.carry(who, carried), opened_ms)


def _given(request: Request, carried: Metadata) -> tuple[str | None, str]:
    values = request.payload["view"]["state"]["values"]
    said, reason = (value_of(values.get(input_id(kind, carried.opened_ms)), kind) for kind in (SAID, REASON))
    return said, (reason or "").strip()


def _problems(said: str | None, reason: str, carried: Metadata) -> dict[str, str]:
    if said not in (APPROVE, RETURN):
        return {input_id(SAID, carried.opened_ms): "Choose one."}
    if said == RETURN and not says_something(reason):
        return {input_id(REASON, carried.opened_ms): "Please say why you return it."}
    if units(reason) > LONGEST_REASON:
        return {input_id(REASON, carried.opened_ms): f"At most {LONGEST_REASON} characters, please."}
    return {}


def _sign_off(front: Front, request: Request, who: Member, carried: Metadata, said: str | None, reason: str) -> SignOff:
    """Return what is to be stored (2)."""
    asked = front.desk.sign_off_request(who, carried.campaign)
    if isinstance(asked, Refused):
        raise Instead(refused(front, asked))
    document, sha256 = presented(asked, carried.opened_ms)
    if sha256 != carried.presented:
        raise Instead(refused(front, Refused(STALE)))
    interaction = hashlib.sha256(canonical([request.payload["view"]["id"], said, reason])).hexdigest()[:32]
    return SignOff(
        campaign=carried.campaign,
        about_sha256=asked.about_sha256,
        approved=said == APPROVE,
        reason=reason,
        interaction=interaction,
        acted_at=acted_at(request),
        presented=document,
        presented_sha256=sha256,
        channel=("slack", request.signed),
    )


def _store(front: Front, request: Request, who: Member, carried: Metadata, said: SignOff) -> Said:
    def late(found: SignOffStored | Refused) -> None:
        if isinstance(found, SignOffStored):
            _afterwards(front, who, carried, found)

    stored = stored_in_time(front, request, lambda: front.desk.sign_off(who, said), late)  # (4)
    if stored is None:
        return again(request)
    if isinstance(stored, Refused):
        return refused(front, stored)
    _afterwards(front, who, carried, stored)
    return update(signed_view(stored))


def _afterwards(front: Front, who: Member, carried: Metadata, stored: SignOffStored) -> None:
    """Have a receipt sent once, and what they see brought up to date (5)."""
    if stored.now:
        front.receipts.push(f"receipt {stored.response}", lambda: _send_receipt(front, who, carried, stored))
    front.updates.push(f"sign-off {who.user} {carried.campaign}", lambda: _update(front, who, carried))


def _send_receipt(front: Front, who: Member, carried: Metadata, stored: SignOffStored) -> None:
    asked = front.desk.sign_off_request(who, carried.campaign)
    title = asked.title if isinstance(asked, SignOffRequest) else carried.campaign
    message = signed_message(stored, title)
    sent: object = carried.channel or open_channel(front.sender, who.user)
    if isinstance(sent, str):
        sent = post(front.sender, sent, message.text, message.blocks, carried.ts or None)
    if isinstance(sent, Unreachable):
        log.warning("Slack: a receipt was not sent: %s", sent.reason)


def _update(front: Front, who: Member, carried: Metadata) -> None:
    asked = front.desk.sign_off_request(who, carried.campaign)
    if carried.channel and carried.ts and isinstance(asked, SignOffRequest):
        message = sign_off_message(asked)
        front.sender.call("chat.update", channel=carried.channel, ts=carried.ts, text=message.text, blocks=message.blocks)
    front.publish_home(who)
