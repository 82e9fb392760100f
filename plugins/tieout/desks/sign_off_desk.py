# SPDX-License-Identifier: Apache-2.0
"""What a listener, a page, or Airflow's relay may ask of a campaign's sign-off. Values and a protocol, as `tieout.desks.desk`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tieout.desks.desk import Member, Refused

APPROVE, RETURN = "approve", "return"
"""What may be said; as forms carry it."""
REQUIRED_ACTION = ("airflow required action", False)
"""Channel of what was answered on Airflow's own page of required actions: that it was they is Airflow's word."""


@dataclass(frozen=True, slots=True)
class SignOffStanding:
    """The last that was said about what is asked: whether it was approved, when, and in which response."""

    approved: bool
    at: datetime
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffRequest:
    """What a person is asked to sign off.

    Attributes:
        campaign: Its campaign.
        title: Of the campaign: ``Access review 2026-Q1``.
        about_sha256: Hash of the document.
        lines: What the document says, with ids of people and no names; accounts are as systems name them.
        recorded_at: When it was recorded.
        standing: The last that was said about it; ``None`` where nothing was.
    """

    campaign: str
    title: str
    about_sha256: str
    lines: tuple[str, ...] = field(repr=False)
    recorded_at: datetime
    standing: SignOffStanding | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody has to say something: nobody has approved it."""
        return self.standing is None or not self.standing.approved


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """What a person said.

    Attributes:
        campaign: As the form said.
        about_sha256: Hash of the document that they were shown.
        approved: Whether they sign it off; else they return it.
        reason: Why; empty where they said nothing.
        interaction: Id of the submission, as `tieout.desks.desk.Answer.interaction`.
        acted_at: When; UTC.
        presented: What they were shown, with person ids instead of names, as JSON values.
        presented_sha256: Hash of its RFC 8785 bytes.
        channel: Through what, and whether a signature of the request was checked.
    """

    campaign: str
    about_sha256: str
    approved: bool
    reason: str = field(repr=False)
    interaction: str
    acted_at: datetime
    presented: dict[str, Any] = field(repr=False)
    presented_sha256: str
    channel: tuple[str, bool]


@dataclass(frozen=True, slots=True)
class SignOffStored:
    """A sign-off that stands in the bucket: its id, when it was stored, what it said, and whether it was stored now."""

    response: str
    at: datetime
    approved: bool
    now: bool = True


class SignOffDesk(Protocol):
    """What is asked of sign-offs. Raises and is called as `tieout.desks.desk.Desk`."""

    def sign_offs(self, who: Member) -> tuple[SignOffRequest, ...]:
        """Return what waits for a member's sign-off, the oldest first."""

    def sign_off_request(self, who: Member, campaign: str) -> SignOffRequest | Refused:
        """Return what a member is, or was, asked to sign off in a campaign; or why they do not sign it off."""

    def sign_off(self, who: Member, said: SignOff) -> SignOffStored | Refused:
        """Store what a member said, signed, before it returns; once, however often and at once it comes."""
