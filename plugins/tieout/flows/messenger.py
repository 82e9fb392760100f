# SPDX-License-Identifier: Apache-2.0
"""What a campaign's task asks of whatever tells people: a protocol. `tieout.slack.messenger` speaks to Slack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tieout.campaigns.events import Notice


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why a person can not be told anything, in words that may be recorded: nothing of theirs is in them."""

    reason: str


class Messenger(Protocol):
    """Tells the people of one campaign. It remembers nothing: what was sent stands in the campaign's outbox.

    Every method may raise `SourceUnavailable` where the messenger does not answer, and `ConfigurationError` where it does not
    take our credentials.
    """

    def reach(self, person: str) -> str | Unreachable:
        """Open the way to a person, and return it; nothing is sent, so that it may be done again."""

    def send(self, way: str, notice: Notice, now: datetime) -> Mapping[str, Any] | Unreachable:
        """Send what a notice says, once for each call, and return where the message stands; where it raises, it may be sent."""

    def find(self, person: str, notice: Notice) -> Mapping[str, Any] | Unreachable | None:
        """Return where a message stands that may have been sent; ``None`` where it was not, and why where nobody can tell."""

    def is_there(self, person: str) -> Unreachable | None:
        """Return why the account that was a person's when the campaign opened is no more; ``None`` where it still is."""

    def picture(self, person: str, now: datetime) -> str:
        """Return a hash of what a person's summary says now."""

    def update(self, person: str, reference: Mapping[str, Any], now: datetime) -> Unreachable | None:
        """Bring a message up to date; returns why that can not be done any more."""
