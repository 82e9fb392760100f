# SPDX-License-Identifier: Apache-2.0
"""What a campaign task sends: the summary, reminders, what came to somebody else, and summaries brought up to date.

The task records a notice, and takes its place in the staging bucket, before it calls anything here: nothing is remembered here,
and each call of a ``send_`` function sends a message.
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
    reminder_message,
    stuck_message,
    summary_message,
)
from tieout.slack.identity import unfit
from tieout.slack.sending import Sender, Unreachable, open_channel, post

__all__ = [
    "Pin", "To", "find_member", "repair_summary", "send_escalation", "send_list", "send_reminder", "send_stuck", "send_summary",
    "still_there",
]  # fmt: skip
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


def send_summary(sender: Sender, to: To, summary: Summary) -> Posted | Unreachable:
    """Send the one message that stands for a campaign; its place is to be kept as `Summary.posted`.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: As `Sender.call`; it may have been sent.
    """
    return _send(sender, to, summary_message(summary))


def send_reminder(sender: Sender, to: To, summary: Summary, number: int) -> Posted | Unreachable:
    """Send a reminder of what is open; raises as `send_summary`."""
    return _send(sender, to, reminder_message(summary, number))


def send_escalation(sender: Sender, to: To, summary: Summary, because: str) -> Posted | Unreachable:
    """Send what came to somebody as the next in order; it is their summary. Raises as `send_summary`.

    Args:
        sender: Calls Slack.
        to: Who gets it.
        summary: What is now theirs.
        because: Why, in our words and without names.
    """
    return _send(sender, to, escalation_message(summary, because))


def send_stuck(sender: Sender, to: To, title: str, count: int, unit: str, campaign: str) -> Posted | Unreachable:
    """Send to a manager of the program that nobody is left who could decide. Raises as `send_summary`.

    Args:
        sender: Calls Slack.
        to: Who gets it.
        title: Of the campaign.
        count: How many items it is about.
        unit: What they are, in the plural.
        campaign: Its id, for the command that gives them to somebody.
    """
    return _send(sender, to, stuck_message(title, count, unit, campaign))


def send_list(sender: Sender, to: To, title: str, names: Sequence[str], unit: str, due_at: datetime) -> Posted | Unreachable:
    """Send to whom people report which of them have something open. Raises as `send_summary`.

    Args:
        sender: Calls Slack.
        to: Who gets it.
        title: Of the campaign.
        names: Of the people, in order.
        unit: What they have open, in the plural.
        due_at: Until when, UTC.
    """
    return _send(sender, to, list_message(title, names, unit, due_at))


def repair_summary(sender: Sender, posted: Posted, summary: Summary) -> Unreachable | None:
    """Bring a summary up to date from the campaign's state; returns why it could not be.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: As `Sender.call`; run it again.
    """
    message = summary_message(summary)
    answered = sender.call("chat.update", channel=posted.channel, ts=posted.ts, text=message.text, blocks=message.blocks)
    return Unreachable(answered.error) if answered.error else None


def _send(sender: Sender, to: To, message: Message) -> Posted | Unreachable:
    channel = open_channel(sender, to.user) if isinstance(to, Pin) else to
    return channel if isinstance(channel, Unreachable) else post(sender, channel, message.text, message.blocks)
