# SPDX-License-Identifier: Apache-2.0
"""What the listeners share: the desk, who acts, the way to Slack, and the way back to a person who has acted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tieout.desks.afterwards import Afterwards
from tieout.desks.desk import Decision, Desk, Member, Page, Posted, Refused, Stored, Task
from tieout.desks.pools import BoundedPool
from tieout.errors import TieoutError
from tieout.slack import metadata
from tieout.slack.blocks import messages
from tieout.slack.blocks import page as page_blocks
from tieout.slack.blocks.elements import Block
from tieout.slack.blocks.home import home_view
from tieout.slack.blocks.modals import receipt_view
from tieout.slack.guard import Request
from tieout.slack.identity import Members, claim_of
from tieout.slack.metadata import Metadata
from tieout.slack.sending import Sender, Unreachable, open_channel, post
from tieout.slack.signature import MAX_AGE_SECONDS
from tieout.slack.workspace import Workspace

log = logging.getLogger(__name__)

VIEW_SECONDS = 1.5
"""How long Slack may take to show a view that somebody waits for."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass
class Front:
    """What the listeners of one workspace share. Thread-safe.

    Attributes:
        workspace: The workspace.
        desk: Decides.
        members: Knows who acts.
        sender: Calls Slack.
        stores: Threads on which answers are stored: one that hangs holds no other.
        key: Of metadata (`tieout.slack.metadata.page_key`).
        now: UTC.
        receipts: Sends receipts and questions.
        updates: Brings summaries and App Homes up to date.
    """

    workspace: Workspace
    desk: Desk
    members: Members
    sender: Sender
    stores: BoundedPool
    key: bytes = field(repr=False)
    now: Callable[[], datetime] = utc_now
    receipts: Afterwards = field(default_factory=lambda: Afterwards("tieout-slack-receipts"))
    updates: Afterwards = field(default_factory=lambda: Afterwards("tieout-slack-updates"))

    def who(self, request: Request) -> Member | Refused:
        """Return who acts (`Members.resolve`)."""
        return self.members.resolve(claim_of(request.payload))

    def read_metadata(self, request: Request, who: Member) -> Metadata | None:
        """Return what the view of a request carries; ``None`` where we did not make it for this member."""
        return metadata.read(request.payload["view"].get("private_metadata", ""), self.key, who.team, who.user)

    def page_view(self, who: Member, page: Page, before: Metadata) -> Block:
        """Return a page as a modal for a member.

        Args:
            who: The member.
            page: What is on it.
            before: What the view before it carried, or one made for the first.
        """
        opened_ms = int(self.now().timestamp() * 1000)
        _, presented = page_blocks.presented(page, opened_ms)
        carried = replace(
            before, number=page.number, of=page.of, opened_ms=opened_ms, presented=presented, after=page.items[-1][1].id
        )
        names = self.desk.names({item.holder for _, item in page.items if item.holder})
        return page_blocks.page_view(page, names, self.carry(who, carried), opened_ms)

    def next_view(self, who: Member, before: Metadata, stored: Stored | None) -> Block | Refused:
        """Return what follows a page: the next one, or the end.

        Raises:
            TransientError: It can not be read.
        """
        found = self.desk.page(who, before.campaign, before.assignment, before.after or None)
        if isinstance(found, Refused):
            return found
        if isinstance(found, Task):
            return receipt_view(found, stored, self.carry(who, replace(before, after="")))
        return self.page_view(who, found, before)

    def carry(self, who: Member, carried: Metadata) -> str:
        """Return metadata as a view of this member carries it."""
        return metadata.write(carried, self.key, who.team, who.user)

    def opened(self, method: str, view: Block, **where: Any) -> bool:
        """Show a view; returns whether Slack did.

        Raises:
            ConfigurationError: Slack does not take our token.
            SourceUnavailable: Slack did not answer.
        """
        answered = self.sender.call(method, view=view, patience=0, timeout=VIEW_SECONDS, **where)
        if answered.error:
            log.warning("Slack %s: a view was not shown: %s", method, answered.error)
        return answered.error is None

    def publish_home(self, who: Member) -> bool:
        """Show a member's App Home as it stands; returns whether Slack did.

        Raises:
            TransientError: The desk or Slack did not answer.
        """
        return self.opened("views.publish", home_view(self.desk.tasks(who), self.desk.sign_offs(who)), user_id=who.user)

    def after_storing(self, who: Member, stored: Stored, decisions: Iterable[Decision], seen: Seen) -> None:
        """Have a receipt sent and the summary updated, once for each stored answer."""
        if stored.now:
            given = tuple(decisions)
            self.receipts.push(f"receipt {stored.response}", lambda: self._send_receipt(who, stored, given, seen))
        self.updates.push(f"summary {who.user} {seen.campaign}", lambda: self._update_summary(who, seen))

    def posted(self, who: Member, seen: Seen) -> Posted | None:
        """Return where a member's summary of a campaign stands, as the campaign knows it, or as the press of its button said."""
        summary = self.desk.summary(who, seen.campaign)
        return (summary.posted if summary else None) or seen.posted

    def _send_receipt(self, who: Member, stored: Stored, decisions: tuple[Decision, ...], seen: Seen) -> None:
        message = messages.receipt_message(stored, decisions, seen.title, dict(seen.labels))
        at = self.posted(who, seen)
        channel = at.channel if at else open_channel(self.sender, who.user)
        if isinstance(channel, Unreachable):
            log.warning("Slack: a receipt was not sent: %s", channel.reason)
            return
        said = post(self.sender, channel, message.text, message.blocks, at.ts if at else None)
        if isinstance(said, Unreachable):
            log.warning("Slack: a receipt was not sent: %s", said.reason)

    def _update_summary(self, who: Member, seen: Seen) -> None:
        summary, at = self.desk.summary(who, seen.campaign), self.posted(who, seen)
        if summary is not None and at is not None:
            message = messages.summary_message(summary)
            self.sender.call("chat.update", channel=at.channel, ts=at.ts, text=message.text, blocks=message.blocks)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a campaign from a page of it: its id and title, words of choices, where its summary may stand."""

    campaign: str
    title: str
    labels: Mapping[str, str]
    posted: Posted | None


def seen_on(page: Page, carried: Metadata) -> Seen:
    """Return what a page, and what its view carried, say of a campaign."""
    at = Posted(carried.channel, carried.ts) if carried.channel and carried.ts else None
    return Seen(carried.campaign, page.title, {choice.id: choice.label for choice in page.choices}, at)


def acted_at(request: Request) -> datetime:
    """Return when somebody acted: by the action's own time where it lies within five minutes of the signed one, else that."""
    actions = request.payload.get("actions") or [{}]
    text = actions[0].get("action_ts")
    seconds = float(request.timestamp)
    if isinstance(text, str) and text.isascii() and text.replace(".", "", 1).isdigit() and len(text) < 32:
        stated = float(text)
        seconds = stated if abs(stated - seconds) <= MAX_AGE_SECONDS else seconds
    return datetime.fromtimestamp(seconds, UTC)


def quietly(error: TieoutError, what: str) -> None:
    """Log that something failed, by its type: its text may hold what was sent."""
    log.warning("Slack: %s: %s", what, type(error).__name__)
