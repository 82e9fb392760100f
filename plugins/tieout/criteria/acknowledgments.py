# SPDX-License-Identifier: Apache-2.0
"""Acknowledgment campaigns: what a control's file says of which policies people acknowledge, by when, and when again.

For a window, everybody whom the control's systems list at its end is held against the policies in force on the day of the freeze;
who has no standing acknowledgment is asked. Days count from the freeze, those of a joiner from the first day of work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field, field_validator

from tieout.criteria.calendar import Allowance, BusinessCalendar
from tieout.criteria.form_fields import refuse_twice
from tieout.criteria.periods import Stem
from tieout.documents import Document

PEOPLE_TYPE, ASSIGNMENT_TYPE, ACKNOWLEDGMENT_TYPE = "roster_entry.v2", "policy_assignment.v1", "acknowledgment.v2"
"""Evidence types of the people that a campaign is made of, of what is frozen, and of what it comes to."""
Days = Annotated[int, Field(ge=0, le=92)]


@dataclass(frozen=True, slots=True)
class AcknowledgmentDays:
    """The days of one campaign, local to the program.

    Attributes:
        due: Last day on which an acknowledgment is in time, for whom no other day holds.
        reminders: Days on which whoever has something open is reminded, in order: before it is due, and the day after.
        listed: Day on which what is open is listed to whom people report, before it is due; ``None`` for not before.
        last: Last day on which an acknowledgment is taken, late or not.
    """

    due: date
    reminders: tuple[date, ...]
    listed: date | None
    last: date


class Acknowledgment(Document):
    """How a control has policies acknowledged. Its systems list the people (for example with collector ``hr_roster``)."""

    policies: Annotated[tuple[Stem, ...], Field(min_length=1, max_length=10)]
    """Stems of files in ``include/criteria/policies``."""
    repeat_after_months: Annotated[int, Field(ge=1, le=36)] | None = None
    """So long an acknowledgment of a version stands; then a new cycle asks for it again. Without it only new versions do."""
    due: Allowance
    """Days after the freeze within which whoever is asked acknowledges."""
    joiners_due: Allowance | None = None
    """Days after their first day of work within which joiners do; without it, those of everybody."""
    reminders: tuple[Days, ...] = (14, 7, 1)
    """So many calendar days before it is due, whoever has something open is reminded; and once more on the day after."""
    list_days_before_due: Days | None = None
    """So many calendar days before it is due, what is open is listed to whom people report; when it is due, it always is."""
    grace: Allowance
    """Days after the last due day within which a late acknowledgment is still taken; then the campaign closes."""

    @field_validator("reminders")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        refuse_twice("two reminders are on the same day", [str(each) for each in value])
        return tuple(sorted(value, reverse=True))

    @field_validator("policies")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        refuse_twice("a policy is named twice", list(value))
        return value

    def due_day(self, frozen_on: date, business: BusinessCalendar) -> date:
        """Return the last day in time for whoever is asked on the day of the freeze and is no joiner."""
        return business.after(frozen_on, self.due)

    def joiner_due_day(self, started_on: date, business: BusinessCalendar) -> date | None:
        """Return the last day in time for who started on a day; ``None`` where joiners have no days of their own."""
        return business.after(started_on, self.joiners_due) if self.joiners_due else None

    def days(self, frozen_on: date, latest_due: date, business: BusinessCalendar) -> AcknowledgmentDays:
        """Return the days of a campaign.

        Args:
            frozen_on: Day of the freeze.
            latest_due: The latest due day of anybody who is asked.
            business: Which days the company works.
        """
        due = self.due_day(frozen_on, business)
        ahead = (due - timedelta(days=count) for count in self.reminders)
        listed = None if self.list_days_before_due is None else due - timedelta(days=self.list_days_before_due)
        return AcknowledgmentDays(
            due,
            (*(day for day in ahead if day > frozen_on), due + timedelta(days=1)),
            listed if listed is not None and listed > frozen_on else None,
            max(business.after(max(due, latest_due), self.grace), due + timedelta(days=1)),
        )
