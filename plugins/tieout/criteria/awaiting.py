# SPDX-License-Identifier: Apache-2.0
"""How long a window is waited for before it counts as not extracted.

A campaign that performs the control for a window takes weeks by design: nothing of that window is absent while people answer in
time, and then carry out what they decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from tieout.criteria.calendar import Calendar
from tieout.criteria.controls import Control
from tieout.criteria.periods import Window
from tieout.times import parse_instant

if TYPE_CHECKING:
    from tieout.criteria.extractions import Noted

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RunningCampaign:
    """A campaign that was opened, and not cancelled. Days are local to the program.

    Attributes:
        campaign: Its id.
        window: Key of its window.
        opened_on: Day on which it was opened.
        due: Last day on which a decision is in time, with all that the rule for leftovers adds.
        closed_on: Day on which it was closed; ``None`` while people answer.
        carried_out_by: Last day on which what they decided is carried out in time.
        until: The instant at which that day is over. What it comes to lands after that, within the schedule's grace.
    """

    campaign: str
    window: str
    opened_on: date
    due: date
    closed_on: date | None
    carried_out_by: date
    until: datetime

    def as_document(self) -> dict[str, str | None]:
        """Return it as ``--json`` prints it."""
        days = {name: getattr(self, name) for name in ("opened_on", "due", "closed_on", "carried_out_by")}
        return {"campaign": self.campaign, "window": self.window, **{name: day and day.isoformat() for name, day in days.items()}}

    def as_text(self) -> str:
        """Return where it stands, for a person to read."""
        if self.closed_on is None:
            return f"campaign {self.campaign} is open, due {self.due}"
        return f"campaign {self.campaign} closed {self.closed_on}, to be carried out by {self.carried_out_by}, has not landed"


NO_CAMPAIGNS: Mapping[str, RunningCampaign] = {}


def due_at(
    control: Control, target: Window, established: datetime | None, running: Mapping[str, RunningCampaign] = NO_CAMPAIGNS
) -> datetime:
    """Return when a window that has not been extracted becomes *not extracted*.

    That is the control's grace after the window's end; or after the bucket's first digest where that is later: a company's first
    period is extracted after the fact; or after what the window's campaign decides is to be carried out.
    """
    campaign = running.get(target.key)
    ends = (target.end, established or target.end, campaign.until if campaign else target.end)
    return max(ends) + timedelta(days=control.extraction_schedule.grace_days)


def why_absent(target: Window, running: Mapping[str, RunningCampaign]) -> str:
    """Return why nothing of a window that is due stands, for a person to read."""
    campaign = running.get(target.key)
    return f"{campaign.as_text()}." if campaign else "Nothing of it has landed, or was recorded."


def running_campaigns(control: Control, calendar: Calendar, noted: Iterable[Noted]) -> dict[str, RunningCampaign]:
    """Return the campaigns of a control by window, from its records; one whose opening is malformed is left out.

    Args:
        control: The control.
        calendar: The program's.
        noted: Its records.
    """
    of: dict[str, list[Noted]] = {}
    for note in noted:
        of.setdefault(note.kind, []).append(note)
    found = {}
    for opened in of.get("campaign opened", ()):
        try:
            campaign, schedule = str(opened.facts["campaign"]), opened.facts["definition"]["schedule"]
            over_at = parse_instant([schedule["due_at"], *schedule["extensions"]][-1])
        except (KeyError, TypeError, ValueError):
            continue  # verification names it
        closed_at, cancelled_at = (_first(of.get(kind, ()), campaign) for kind in ("campaign closed", "cancelled"))
        if cancelled_at is None or (closed_at is not None and closed_at < cancelled_at):
            due = calendar.day_of(over_at - _MOMENT)
            closed_on = calendar.day_of(closed_at) if closed_at else None
            last = _carried_out_by(control, calendar, closed_on or due)
            until = calendar.midnight(last + timedelta(days=1))
            opened_on = calendar.day_of(opened.at)
            found[opened.window] = RunningCampaign(campaign, opened.window, opened_on, due, closed_on, last, until)
    return found


def _first(noted: Iterable[Noted], campaign: str) -> datetime | None:
    return min((note.at for note in noted if note.facts.get("campaign") == campaign), default=None)


def _carried_out_by(control: Control, calendar: Calendar, decided_on: date) -> date:
    return decided_on if control.review is None else calendar.business.after(decided_on, control.review.removal)
