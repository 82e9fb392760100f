# SPDX-License-Identifier: Apache-2.0
"""What the ledger of a campaign says: each event is one stored document, and is never changed.

People's events (`Said`) are responses: signed with the response key before anybody hears that they were stored. The others are
records of the campaign's task, signed with the landing key. The order is that of `at`, then of the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tieout.evidence.responses import FileVersion

Order = tuple[datetime, str]
"""Place of an event among all others."""
LAST_ID = "\U0010ffff"
"""Comes after every id: ``(now, LAST_ID)`` is after all that has happened by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event.

    Attributes:
        at: When it happened: when the person acted, or the task recorded it. UTC.
        by: The person, or the task.
        id: Of the stored document; empty before it is stored.
    """

    at: datetime
    by: str
    id: str = ""

    @property
    def order(self) -> Order:
        """Its place among all others."""
        return self.at, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Event):
    """What a person said.

    Attributes:
        definition_sha256: Hash of the definition that it was said to (`Definition.sha256`).
        interaction: What tells this from the same said again: the id that the messenger or the page gave the form. The same
            interaction delivered twice is stored once.
        channel: Through what, and whether a signature of it was checked.
        presented_sha256: Hash of what the person was shown, where that is kept.
        stored_at: When it was stored; ``None`` where that is `at`.
    """

    definition_sha256: str
    interaction: str
    channel: tuple[str, bool]
    presented_sha256: str | None = None
    stored_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ItemDecision:
    """What was decided of one item, as the person saw it (`row_sha256`); and the answer to the question that it asks, if any."""

    item: str
    row_sha256: str
    decision: str
    reason: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(Said):
    """Decisions on items of one assignment: each counts, or is refused, for itself.

    Attributes:
        assignment: Its id.
        decisions: One for each item.
        dwell_ms: Milliseconds from when the items were shown to the answer; ``None`` where nobody can tell.
        batch: How many items were shown together.
        files: Files that it rests on; each is locked before it.
    """

    assignment: str
    decisions: tuple[ItemDecision, ...]
    dwell_ms: int | None = None
    batch: int
    files: tuple[FileVersion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned(Said):
    """Items that are open are somebody else's from now on.

    Attributes:
        assignment: The assignment that they stand in.
        to: Whose they are.
        items: Which; ``None`` for all of the assignment that are open and, unless a manager of the program says so, his own.
        reason: Why.
    """

    assignment: str
    to: str
    items: tuple[str, ...] | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered(Said):
    """Somebody answers beside, and in the place of, somebody else, for a time.

    Attributes:
        person: Who is covered.
        stand_in: Who answers in his place.
        assignments: Ids of the assignments in which; ``None`` for all.
        from_: From when.
        until: Until before when.
        reason: Why.
    """

    person: str
    stand_in: str
    assignments: tuple[str, ...] | None
    from_: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Said):
    """A cover is over from now on.

    Attributes:
        cover: Id of the event that it withdraws.
        reason: Why.
    """

    cover: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOff(Said):
    """A second person looked at what came of it.

    Attributes:
        approved: Whether it is approved; else it is returned.
        reason: Why, or what is asked.
        about_sha256: Hash of what the person looked at.
    """

    approved: bool
    reason: str
    about_sha256: str


class NoticeKind(StrEnum):
    """What somebody is told, or what was found of somebody."""

    LEFT = "left"
    """The person has left. Nobody is told."""
    UNREACHABLE = "unreachable"
    """The person can not be told anything. Nobody is told."""
    ESCALATION = "escalation"
    """The items are the person's now."""
    STUCK = "stuck"
    """Nobody is left in order for the items: the person, a manager of the program, has to give them to somebody."""
    INVITATION = "invitation"
    """The person has something open, and has not been told before."""
    HANDOVER = "handover"
    """Items were reassigned to the person or returned with a question, or the person covers somebody."""
    LOOK = "look"
    """Somebody has handed in what the person may accept or return."""
    REMINDER = "reminder"
    LISTED = "listed"
    """Of a personal campaign: the person, to whom others report, is told once whose items are late; they stay theirs."""
    LINK = "link"
    """Of a personal campaign: the person, who can not be told anything in the messenger, is sent a personal link by mail."""

    @property
    def is_message(self) -> bool:
        """Whether the person is told in the messenger."""
        return self not in (NoticeKind.LEFT, NoticeKind.UNREACHABLE, NoticeKind.LINK)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one person. It is recorded before it is sent.

    Attributes:
        id: The same for the same thing, however often it is worked out.
        kind: What it is.
        person: Who is told, or whom it is about.
        why: For an escalation, or what was found of a person: why.
        number: Of a reminder or a list: the how manieth, from 1.
        open: How many items it is about: those that the person may answer, or those that it lists.
        items: Of an escalation, a list, or where nobody is left: ids of the items, by assignment.
        token_sha256: Of a link: the hash of its token, which is nowhere else than in the mail.
        expires_at: Of a link: until when it is good, UTC.
    """

    id: str
    kind: NoticeKind
    person: str
    why: str = ""
    number: int = 0
    open: int = 0
    items: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    token_sha256: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed(Event):
    """Notices that were recorded together."""

    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Event):
    """The campaign was cancelled: nothing counts from now on."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    """The campaign was closed.

    Attributes:
        counts: How many items ended with which decision.
        leftovers: Items that the rule decided, by assignment.
        heard: Ids of all that had been said by then. What is not among them came too late, whatever time it states.
    """

    counts: Mapping[str, int]
    leftovers: Mapping[str, tuple[str, ...]]
    heard: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread(Event):
    """A document of the campaign that can not be read: malformed, of a later version, or not signed by who may.

    Attributes:
        key: Where it stands.
        reason: Tampered, missing, cannot check, or what else is wrong, without anything of its content.
    """

    key: str
    reason: str
