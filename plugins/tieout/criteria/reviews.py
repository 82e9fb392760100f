# SPDX-License-Identifier: Apache-2.0
"""Access reviews that people answer: what a control's file says of who decides, by when, and what becomes of the rest.

For a window the entitlements of each system are frozen as they stood at its end, each with flags and with the person who decides.
Days count from the freeze; business days are those of the program's calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from tieout.criteria.calendar import Allowance, BusinessCalendar
from tieout.criteria.periods import Stem
from tieout.criteria.systems import SystemSource
from tieout.documents import Document

ACCESS_TYPE, ROSTER_TYPE, ROLE_TYPE = "access_entry.v1", "roster_entry.v1", "role_holder.v1"
"""Evidence types of what a review is made of: entitlements, people, holders of roles."""
ITEM_TYPE, REVIEW_TYPE = "review_item.v1", "account_review.v2"
"""Evidence types of what is frozen, and of what the review comes to."""
ROLES_SYSTEM = "scope"
"""Name under which the holders of roles land: they are read from the scope file."""
HANDOVERS = 5
"""So many times what is open goes to the next person: as many kinds of people there are who may be asked."""
DecidedBy = Literal["owner", "manager"]
SecondReviewer = Literal["none", "owner", "manager", "control_owner", "control_reviewer"]
Connection = Annotated[str, Field(min_length=1)]


class Jira(Document):
    """Where remediation tickets are opened."""

    connection: Connection
    """Airflow Connection of the site."""
    project: str = Field(min_length=1)
    issue_type: str = "Task"


class Webhook(Document):
    """An address that takes remediation tickets."""

    connection: Connection
    """Airflow Connection of the address."""


class Tickets(Document):
    """What is told of every access that is revoked or changed."""

    jira: Jira | None = None
    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Tickets:
        if (self.jira is None) == (self.webhook is None):
            msg = "expected one of jira and webhook"
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True)
class ReviewDays:
    """The days of one review, local to the program.

    Attributes:
        due: Last day on which a decision is in time.
        reminders: Days on which whoever has something open is reminded, in order; all after the freeze.
        escalation: Day on which what is open goes to the next person; ``None`` where nothing does.
        extensions: Further due days, where what is open when it is due goes to the next person; empty where it does not.
    """

    due: date
    reminders: tuple[date, ...]
    escalation: date | None
    extensions: tuple[date, ...]


class Review(Document):
    """How a control reviews access."""

    roster: SystemSource
    """Where the people are listed, as of the window's end; for example with collector ``hr_roster``."""
    reviewers: dict[Stem, DecidedBy] = Field(default_factory=dict)
    """By system: ``owner``, who holds the role that owns it (by default), or ``manager``, that of the account's holder."""
    second_reviewer: SecondReviewer = "none"
    """Who decides on each item as well; revoke then comes before change, and change before keep."""
    due: Allowance
    """Days after the freeze within which everything is to be decided."""
    reminders: tuple[Annotated[int, Field(ge=0, le=92)], ...] = ()
    """So many business days before it is due, whoever has something open is reminded."""
    escalate_days_before_due: int | None = Field(default=None, ge=0, le=92)
    """So many business days before it is due, what is open goes to the next person in order; without it, nothing does."""
    leftovers: Literal["refuse", "revoke", "escalate"] = "refuse"
    """What becomes of items that nobody has decided when it is due: the review can not be closed, they are revoked by this
    rule, or they go to the next person."""
    extension: Allowance | None = None
    """Days that each next person gets; with leftovers that escalate, and only there."""
    removal: Allowance
    """Days after the close within which what was decided is carried out; then the entitlements are collected again."""
    dormant_days: int = Field(default=90, ge=1, le=1000)
    """An account that was not used for more than so many days before the window's end is dormant."""
    toxic_combinations: str | None = Field(default=None, min_length=1)
    """File with the entitlements that nobody should have together (`tieout.criteria.toxic_combinations`); a relative path starts
    at the project's folder."""
    sign_off: str | None = Field(default=None, min_length=1)
    """Role that signs the review off; by default the control's reviewer."""
    tickets: Tickets | None = None
    """Where a ticket is opened for each access that is revoked or changed."""
    active_words: dict[Stem, tuple[str, ...]] = Field(default_factory=dict)
    """By system: the account statuses with which somebody can sign in, upper and lower case alike. An account of a system that is
    not named here counts as one with which somebody can."""

    @field_validator("reminders")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != len(value):
            msg = "two reminders are on the same day"
            raise ValueError(msg)
        return tuple(sorted(value, reverse=True))

    @field_validator("active_words")
    @classmethod
    def _name_some(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        empty = [system for system, words in value.items() if not words]
        if empty:
            msg = f"expected at least one status for {', '.join(empty)}: without any, no account would count as active"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _extends_what_escalates(self) -> Review:
        if (self.extension is not None) != (self.leftovers == "escalate"):
            msg = "extension: expected with leftovers: escalate, and only there"
            raise ValueError(msg)
        return self

    def lists(self, systems: Iterable[str]) -> list[str]:
        """Return under what system each list lands that a review of some systems is frozen from."""
        return [*systems, self.roster.system, ROLES_SYSTEM]

    def decided_by(self, system: str) -> DecidedBy:
        """Return who decides on the items of a system."""
        return self.reviewers.get(system, "owner")

    def days(self, frozen_on: date, business: BusinessCalendar) -> ReviewDays:
        """Return the days of a review that was frozen on a day.

        A reminder or an escalation that would come on the day of the freeze, or before it, is left out.
        """
        due = business.after(frozen_on, self.due)
        reminders = (business_days_before(due, count, business) for count in self.reminders)
        escalation = None
        if self.escalate_days_before_due is not None:
            escalation = business_days_before(due, self.escalate_days_before_due, business)
        return ReviewDays(
            due,
            tuple(dict.fromkeys(day for day in reminders if day > frozen_on)),
            escalation if escalation is not None and escalation > frozen_on else None,
            tuple(self._extensions(due, business)),
        )

    def _extensions(self, due: date, business: BusinessCalendar) -> Iterator[date]:
        for _ in range(HANDOVERS if self.extension else 0):
            later = business.after(due, self.extension) if self.extension else due
            if later > due:
                yield later
            due = later


def business_days_before(day: date, count: int, business: BusinessCalendar) -> date:
    """Return the business day that lies so many business days before a day; zero is the day itself, or the last one before it."""
    while count > 0 or not business.is_business_day(day):
        day -= timedelta(days=1)
        count -= business.is_business_day(day) and count > 0
    return day
