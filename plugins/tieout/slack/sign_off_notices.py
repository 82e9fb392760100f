# SPDX-License-Identifier: Apache-2.0
"""What the task of a sign-off sends: the message that asks for it, to each who may sign, and that it is signed off.

A message is claimed in the staging bucket before it is sent, as those of the campaign are: nobody is asked twice by one asking,
also where a task is killed or runs twice. It is a convenience: what waits stands on the pages and in App Home all the same.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from datetime import date

from tieout.campaigns.definition import Definition
from tieout.campaigns.outbox import Outbox
from tieout.desks.cases import posted_of
from tieout.desks.sign_off_desk import SignOffRequest
from tieout.errors import SourceUnavailable
from tieout.slack.blocks.sign_off import sign_off_message
from tieout.slack.sending import Sender, Unreachable, open_channel, post

log = logging.getLogger(__name__)


def ask_signers(
    sender: Sender,
    outbox: Outbox,
    definition: Definition,
    asked: SignOffRequest,
    signers: Iterable[str],
    reminder: date | None = None,
) -> int:
    """Ask each who has an account, once for what is asked and what has been said of it; returns how many were asked now.

    Args:
        sender: Calls Slack.
        outbox: Marks of the campaign's messages.
        definition: The campaign's.
        asked: What is asked.
        signers: Who may sign it off.
        reminder: Day for which they are reminded, each once; ``None`` where they are asked for the first time.

    Raises:
        ConfigurationError: Slack does not take our token.
        StoreUnavailable: The store did not answer; run it again.
    """
    sent, message, marks = 0, sign_off_message(asked, reminded=reminder is not None), outbox.marks()
    for person in signers:
        pin, notice = definition.pins.get(person), _notice(asked, person, reminder)
        if pin is None or notice in marks:
            continue
        try:
            channel = open_channel(sender, pin.user)
            if isinstance(channel, Unreachable):
                log.warning("Slack: one of those who may sign off was not asked: %s", channel.reason)
            elif outbox.claim(notice):
                posted = post(sender, channel, message.text, message.blocks)
                if isinstance(posted, Unreachable):
                    log.warning("Slack: one of those who may sign off was not asked: %s", posted.reason)
                else:
                    outbox.sent(notice, {"channel": posted.channel, "ts": posted.ts})
                    sent += 1
        except SourceUnavailable as error:
            log.warning("Slack did not answer: those who may sign off find it on the pages: %s", type(error).__name__)
            break
    return sent


def settle_messages(sender: Sender, outbox: Outbox, asked: SignOffRequest) -> int:
    """Have the messages that asked for it say what holds now; returns how many were brought up to date.

    Raises:
        ConfigurationError: Slack does not take our token.
        StoreUnavailable: The store did not answer; run it again.
    """
    updated, message = 0, sign_off_message(asked)
    for notice in sorted(name for name, sent in outbox.marks().items() if sent and name.startswith(_about(asked))):
        reference = outbox.reference(notice)
        if reference is None:
            continue
        at = posted_of(reference)
        try:
            answered = sender.call("chat.update", channel=at.channel, ts=at.ts, text=message.text, blocks=message.blocks)
        except SourceUnavailable as error:
            log.warning("Slack did not answer: messages still ask for a sign-off: %s", type(error).__name__)
            break
        updated += answered.error is None
    return updated


def _about(asked: SignOffRequest) -> str:
    return f"sign-off-{asked.about_sha256[:16]}-"


def _notice(asked: SignOffRequest, person: str, reminder: date | None) -> str:
    """Return the id of a message: another one for each time that it was returned, and for each reminder."""
    again = asked.standing.response[:8] if asked.standing else "first"
    reminded = f"{reminder}-" if reminder else ""
    return f"{_about(asked)}{again}-{reminded}{hashlib.sha256(person.encode()).hexdigest()[:16]}"
