# SPDX-License-Identifier: Apache-2.0
"""What a campaign task sends: the summary, reminders, what came to somebody else, and summaries brought up to date.

The task records a notice, and takes its place in the staging bucket, before it calls anything here: nothing is remembered here,
and each call of a ``send_`` function sends a message. The id of the notice goes with it, by which it is found again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tieout.campaigns.definition import Pin
from tieout.desks.desk import Posted, Refused, Summary
from tieout.slack.blocks.messages import (
    Message,
    escalation_message,
    list_message,
    look_message,
    reminder_message,
    stuck_message,
    summary_message,
)
from tieout.slack.identity import unfit
from tieout.slack.sending import Sender, Unreachable, open_channel, post

__all__ = [
    "Pin", "To", "find_member", "find_message", "repair_summary", "send_escalation", "send_list", "send_look", "send_reminder",
    "send_stuck", "send_summary", "still_there",
]  # fmt: skip
LOOKED_AT = 100
"""Messages of a person that are looked through for one."""
_NOTICE = "notice."
To = Pin | str
"""Who gets a message: a user, or the channel of direct messages with them that was opened."""


def find_member(sender: Sender, address: str, person_of: Callable[[str], str]) -> Pin | Unreachable:
    """Return the user with an e-mail address, for the pins of a campaign; or why nobody of that address can answer in Slack.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: As `Sender.call`; run it again.
    """
    answered = sender.call("users.lookupByEmail", email=address)
    said = answered.data.get("user")
    if answered.error or not isinstance(said, dict):
        return Unreachable(answered.error or "no answer")
    why = unfit(said, sender.workspace.team)
    if why is not None:
        return Unreachable(why)
    profile = said.get("profile")
    stated = profile.get("email") if isinstance(profile, dict) else None
    if not isinstance(stated, str) or person_of(stated) != person_of(address):
        return Unreachable("Slack gives another address than the one asked for")
    return Pin(sender.workspace.team, str(said["id"]))


def still_there(sender: Sender, pin: Pin) -> Refused | None:
    """Return why a pinned user can not answer any more; ``None`` where they can.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: As `Sender.call`; run it again.
    """
    answered = sender.call("users.info", user=pin.user)
    said = answered.data.get("user")
    if answered.error or not isinstance(said, dict):
        return Refused(f"Slack: {answered.error or 'no answer'}")
    why = unfit(said, sender.workspace.team)
    return Refused(why) if why else None


def send_summary(sender: Sender, to: To, summary: Summary, notice: str = "") -> Posted | Unreachable:
    """Send the one message that stands for a campaign; its place is to be kept as `Summary.posted`.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: As `Sender.call`; it may have been sent.
    """
    return _send(sender, to, summary_message(summary), notice)


def send_reminder(sender: Sender, to: To, summary: Summary, number: int, notice: str = "") -> Posted | Unreachable:
    """Send a reminder of what is open; raises as `send_summary`."""
    return _send(sender, to, reminder_message(summary, number), notice)


def send_escalation(sender: Sender, to: To, summary: Summary, because: str, notice: str = "") -> Posted | Unreachable:
    """Send what came to somebody as the next in order; it is their summary. Raises as `send_summary`.

    Args:
        sender: Calls Slack.
        to: Who gets it.
        summary: What is now theirs.
        because: Why, in our words and without names.
        notice: Id of the notice.
    """
    return _send(sender, to, escalation_message(summary, because), notice)


def send_stuck(
    sender: Sender, to: To, title: str, count: int, unit: str, campaign: str, notice: str = ""
) -> Posted | Unreachable:
    """Send to a manager of the program that nobody is left who could decide. Raises as `send_summary`.

    Args:
        sender: Calls Slack.
        to: Who gets it.
        title: Of the campaign.
        count: How many items it is about.
        unit: What they are, in the plural.
        campaign: Its id, for the command that gives them to somebody.
        notice: Id of the notice.
    """
    return _send(sender, to, stuck_message(title, count, unit, campaign), notice)


def send_look(sender: Sender, to: To, title: str, page: str, notice: str = "") -> Posted | Unreachable:
    """Send to who may accept it that something was handed in; raises as `send_summary`.

    Args:
        sender: Calls Slack.
        to: Whom.
        title: Of the campaign.
        page: Address of its page; empty where nobody knows.
        notice: Id of what it says, for the message's metadata.
    """
    return _send(sender, to, look_message(title, page), notice)


def send_list(
    sender: Sender, to: To, title: str, names: Sequence[str], unit: str, due_at: datetime, notice: str = ""
) -> Posted | Unreachable:
    """Send to whom people report which of them have something open. Raises as `send_summary`.

    Args:
        sender: Calls Slack.
        to: Who gets it.
        title: Of the campaign.
        names: Of the people, in order.
        unit: What they have open, in the plural.
        due_at: Until when, UTC.
        notice: Id of the notice.
    """
    return _send(sender, to, list_message(title, names, unit, due_at), notice)


def repair_summary(sender: Sender, posted: Posted, summary: Summary) -> Unreachable | None:
    """Bring a summary up to date from the campaign's state; returns why it could not be.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: As `Sender.call`; run it again.
    """
    message = summary_message(summary)
    answered = sender.call("chat.update", channel=posted.channel, ts=posted.ts, text=message.text, blocks=message.blocks)
    return Unreachable(answered.error) if answered.error else None


def find_message(sender: Sender, channel: str, notice: str) -> Posted | Unreachable | None:
    """Return where the message of a notice stands in a channel of direct messages; ``None`` where it was not sent.

    Only our own last `LOOKED_AT` messages to that person are looked at: one that was given up is among them.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: As `Sender.call`; run it again.
    """
    answered = sender.call("conversations.history", channel=channel, limit=LOOKED_AT)
    listed = answered.data.get("messages")
    if answered.error or not isinstance(listed, list):
        return Unreachable(answered.error or "no list of messages")
    for each in listed:
        blocks = each.get("blocks") if isinstance(each, dict) else None
        first = blocks[0] if isinstance(blocks, list) and blocks else {}
        if isinstance(first, dict) and first.get("block_id") == f"{_NOTICE}{notice}":
            return Posted(channel, str(each.get("ts")))
    return None


def _send(sender: Sender, to: To, message: Message, notice: str) -> Posted | Unreachable:
    """Send a message; its first block is named after its notice, by which it is known again."""
    channel = open_channel(sender, to.user) if isinstance(to, Pin) else to
    if isinstance(channel, Unreachable):
        return channel
    named = [{**message.blocks[0], "block_id": f"{_NOTICE}{notice}"}, *message.blocks[1:]] if notice else message.blocks
    return post(sender, channel, message.text, named)
