# SPDX-License-Identifier: Apache-2.0
"""The desk: what a listener may ask of campaigns, and what a person is shown of them. Values and a protocol, nothing else.

A desk decides; a listener asks and shows. Whatever came back from Slack (ids of campaigns, assignments and items) is a wish: the
desk holds it against the campaign's own state each time. A desk's methods are called from several threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from tieout.desks.items import DECIDING, Choice, Item, Wording
from tieout.desks.sign_off_desk import SignOffDesk

if TYPE_CHECKING:
    from tieout.desks.forms import FormDesk

LATER = "later"
"""Value of "Not now"."""
LONGEST_REASON = 500
"""Characters of a reason."""
PAGE_ITEMS = 12
"""Most items on one page: with every text as long as we let it be, Slack's payload of it stays under `guard.MAX_BODY`."""
AIRFLOW = "airflow"
"""Stands where a member has a workspace, for who is signed in to Airflow: that it is they is Airflow's word, not Slack's."""
LINK = "personal link"
"""Stands there for who holds a personal link: all that is known is that they hold it."""


@dataclass(frozen=True, slots=True)
class Member:
    """Who acts: a member of the workspace whom Slack vouches for now, or of `AIRFLOW`, and whose person id that is."""

    team: str
    user: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One assignment of one person, as it stands.

    Attributes:
        campaign: Its campaign.
        assignment: Its id there.
        title: What it is about: ``GitHub, as owner of the system``.
        total: How many items.
        answered: How many of them are decided.
        due_at: Until when, UTC.
        done_at: When the last of them was decided; ``None`` while one is open.
        words: What people do with it.
        page: Address of its page, where it is answered on a page alone and the address is known.
    """

    campaign: str
    assignment: str
    title: str
    total: int
    answered: int
    due_at: datetime
    done_at: datetime | None = None
    words: Wording = DECIDING
    page: str = ""

    @property
    def open(self) -> int:
        """How many are open."""
        return self.total - self.answered


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands: its channel, and the timestamp that Slack names it by."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything that one campaign asks of one person: what the one message to them says.

    Attributes:
        campaign: Its id.
        title: What it is: ``Access review 2026-Q1``.
        unit: What is decided, in the plural: ``accounts``.
        tasks: Their assignments, those that are done among them.
        closed: Whether the campaign takes no more answers, and why.
        posted: Where the message stands, where it was sent.
        words: What people do with it.
    """

    campaign: str
    title: str
    unit: str
    tasks: tuple[Task, ...]
    closed: str | None = None
    posted: Posted | None = None
    words: Wording = DECIDING


@dataclass(frozen=True, slots=True)
class Tasks:
    """What a person has open, and what they have done, over all campaigns; the latest first."""

    open: tuple[Summary, ...] = ()
    history: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Items of an assignment that are shown together.

    Attributes:
        task: The assignment.
        title: Of the campaign.
        number: Which page of those that are open, from 1.
        of: How many.
        items: At most `PAGE_ITEMS`, each with its position in the assignment, from 1.
        choices: What may be decided of each, at most nine.
        introduction: What the reviewer is asked, in a sentence or two.
        words: What people do with the items.
    """

    task: Task
    title: str
    number: int
    of: int
    items: tuple[tuple[int, Item], ...]
    choices: tuple[Choice, ...]
    introduction: str = ""
    words: Wording = DECIDING


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of one item, and what they answered where it asks something."""

    item: str
    row_sha256: str
    choice: str
    reason: str | None = None
    answer: str | None = None

    @property
    def content(self) -> list[str | None]:
        """What it says, for the id of a submission: the same page submitted with the same content has the same one."""
        return [self.item, self.choice, self.reason, *([] if self.answer is None else [self.answer])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person decided on one page.

    Attributes:
        campaign: As the page said.
        assignment: As the page said.
        decisions: Of items that are on the page, each once.
        interaction: Id of the submission: the same view submitted with the same content gives the same one.
        acted_at: When, by the signed request; UTC.
        dwell_ms: From when the page was opened to the submission.
        presented: What they were shown, with person ids instead of names, as JSON values.
        presented_sha256: Hash of its RFC 8785 bytes.
        channel: ``slack``, and whether a signature of the request was checked.
        shown: How many items were on the page; 0 where nobody counted.
    """

    campaign: str
    assignment: str
    decisions: tuple[Decision, ...]
    interaction: str
    acted_at: datetime
    dwell_ms: int
    presented: dict[str, Any] = field(repr=False)
    presented_sha256: str
    channel: tuple[str, bool]
    shown: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer that stands in the bucket: its id, when it was stored, the assignment after it, and whether it was stored now.

    Of several deliveries of one submission, one alone has it stored now.
    """

    response: str
    at: datetime
    task: Task
    now: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something is not done, in words for the person, as a whole sentence."""

    reason: str


class Desk(SignOffDesk, Protocol):
    """What listeners ask of campaigns.

    Every method may raise `TransientError` where the store does not answer in time: nothing is then shown as accepted. A member
    counts for a campaign only where its pin of that person is this team and user, or Airflow vouches for them.
    """

    @property
    def forms(self) -> FormDesk | None:
        """The desk of forms that owners fill in; ``None`` where there is none."""

    def tasks(self, who: Member) -> Tasks:
        """Return what is open for a member, and what they did."""

    def summary(self, who: Member, campaign: str) -> Summary | None:
        """Return what a campaign asks of a member; ``None`` where it asks nothing of them."""

    def page(self, who: Member, campaign: str, assignment: str, after: str | None) -> Page | Task | Refused:
        """Return the next page of open items, in the assignment's order; the task where none is left; or why they may not see it.

        Args:
            who: The member.
            campaign: Its id, as Slack said.
            assignment: Its id, as Slack said.
            after: Item after which it starts; ``None`` for the first that is open.
        """

    def shown(self, who: Member, campaign: str, assignment: str, items: Sequence[str]) -> Page | Refused:
        """Return the page that showed these items, in the assignment's order, whether or not they are still open: as `page` gave
        it, but for its number and count, which are the caller's to set."""  # noqa: D205, D209

    def answer(self, who: Member, answer: Answer) -> Stored | Refused:
        """Store an answer, signed, before it returns. The same interaction is stored once, however often and at once it comes.

        What was shown is stored before it.
        """

    def names(self, persons: Iterable[str]) -> Mapping[str, str]:
        """Return the names of persons; one that has none here is absent."""

    def contacts(self, who: Member, campaign: str) -> tuple[Member, ...]:
        """Return who answers questions about a campaign."""
