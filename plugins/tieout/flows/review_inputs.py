# SPDX-License-Identifier: Apache-2.0
"""What a review of access is made of: entitlements, people and holders of roles, each planned as a job that lands like any other.

They land as reports that are used in the control, under windows that no schedule extracts: ``access-2026-Q1`` for what stood at
the window's end, ``removal-2026-Q1`` for the entitlements that are collected again when what was decided has to be carried out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from tieout.collectors.reach import Reach
from tieout.criteria.periods import ACCESS, REMOVAL
from tieout.criteria.reviews import ACCESS_TYPE, ROLE_TYPE, ROLES_SYSTEM, ROSTER_TYPE, Review
from tieout.criteria.systems import SystemSource
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.flows import population_export as flow
from tieout.flows.campaign_window import CampaignWindow, list_job, plan_window
from tieout.settings import Settings
from tieout.times import instant

_ENTITLEMENT = "one entitlement of one account"


@dataclass(frozen=True, slots=True)
class ReviewWindow(CampaignWindow):
    """The review of one window.

    Attributes:
        review: What the control's file says of it.
    """

    review: Review

    def removal_day(self, closed_on: date) -> date:
        """Return the last day on which what was decided is carried out in time, where the review was closed on a day."""
        return self.scope.business_calendar.after(closed_on, self.review.removal)

    def removal_due_at(self, closed_at: datetime) -> datetime:
        """Return until when what was decided is carried out in time, UTC, where the review was closed at an instant."""
        calendar = self.scope.calendar
        return calendar.midnight(self.removal_day(calendar.day_of(closed_at)) + timedelta(days=1))


def plan_review(settings: Settings, control_id: str, window_key: str) -> ReviewWindow:
    """Plan the review of one window.

    Raises:
        ConfigurationError: A file is wrong, the control has no review, or two of its lists would land under one name.
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    control, scope = flow.read_control(settings, control_id)
    if control.review is None:
        msg = f"control {control_id!r}: its file has no section 'review', which says who decides on access. Add it."
        raise ConfigurationError(msg)
    names = control.review.lists(source.system for source in control.systems)
    if len(set(names)) != len(names):
        msg = f"control {control_id!r}: reviewed systems, people and {ROLES_SYSTEM!r} need names of their own. Run tieout lint."
        raise ConfigurationError(msg)
    found = plan_window(settings, control_id, control, scope, window_key)
    return ReviewWindow(settings, control_id, control, scope, found.period, found.window, control.review)


def access_job(planned: ReviewWindow, system: str, reach: Reach | None = None) -> flow.Job:
    """Plan the entitlements of a system as of the window's end.

    Raises:
        ConfigurationError: A contract is wrong, or the control has no such system.
    """
    key = f"{ACCESS}{planned.window.key}"
    return list_job(
        planned, planned.control.source(system), ACCESS_TYPE, "one entitlement of one account", key, planned.days, reach
    )


def removal_job(planned: ReviewWindow, system: str, closed_on: date, reach: Reach | None = None) -> flow.Job:
    """Plan the entitlements of a system as of the end of the day by which what was decided has to be carried out.

    Args:
        planned: From `plan_review`.
        system: One of its systems.
        closed_on: Local day on which the review was closed.
        reach: Hands its collector the connections that it names.

    Raises:
        ConfigurationError: A contract is wrong, or the control has no such system.
    """
    key, days = f"{REMOVAL}{planned.window.key}", (planned.days[1], planned.removal_day(closed_on) + timedelta(days=1))
    return list_job(planned, planned.control.source(system), ACCESS_TYPE, _ENTITLEMENT, key, days, reach)


def removal_job_until(planned: ReviewWindow, system: str, until: datetime, reach: Reach | None = None) -> flow.Job:
    """Plan the entitlements of a system as of an instant after the window: the end of the agreed days, or an earlier one.

    Args:
        planned: From `plan_review`.
        system: One of its systems.
        until: They are collected as of this instant, UTC.
        reach: Hands its collector the connections that it names.

    Raises:
        ConfigurationError: A contract is wrong, or the control has no such system.
        ExtractionRefused: The instant is not after the window.
    """
    if until <= planned.window.end:
        msg = f"review {planned.campaign}: expected an instant after {instant(planned.window.end)}, got {instant(until)}."
        raise ExtractionRefused(msg)
    job = removal_job(planned, system, planned.scope.calendar.day_of(until), reach)
    return replace(job, window=replace(job.window, end=until))


def roster_job(planned: ReviewWindow, reach: Reach | None = None) -> flow.Job:
    """Plan the list of people as of the window's end.

    Raises:
        ConfigurationError: A contract is wrong.
    """
    key = f"{ACCESS}{planned.window.key}"
    return list_job(planned, planned.review.roster, ROSTER_TYPE, "one person", key, planned.days, reach)


def roles_job(planned: ReviewWindow) -> flow.Job:
    """Plan the holders of roles as of the window's end: owners of the systems, and who owns, reviews and signs off the control.

    Raises:
        ConfigurationError: A contract is wrong.
    """
    control = {
        "owner": planned.control.owner,
        "reviewer": planned.control.reviewer,
        "sign_off": planned.review.sign_off or planned.control.reviewer,
    }
    parameters: dict[str, Any] = {"systems": list(planned.systems), "control": control}
    source = SystemSource(system=ROLES_SYSTEM, collector="scope_roles", parameters=parameters)
    key = f"{ACCESS}{planned.window.key}"
    return list_job(planned, source, ROLE_TYPE, "one holder of one role", key, planned.days, None)


def input_jobs(planned: ReviewWindow, reach: Reach | None = None) -> dict[str, flow.Job]:
    """Return the job of everything that has to land before the review is frozen, by the system that it lands under.

    Raises:
        ConfigurationError: A contract is wrong.
    """
    return {name: input_job(planned, name, reach) for name in planned.review.lists(planned.systems)}


def input_job(planned: ReviewWindow, system: str, reach: Reach | None = None) -> flow.Job:
    """Return the job of one thing that has to land before the review is frozen, by the system that it lands under.

    Raises:
        ConfigurationError: A contract is wrong, or the review has no such system.
    """
    if system == planned.review.roster.system:
        return roster_job(planned, reach)
    return roles_job(planned) if system == ROLES_SYSTEM else access_job(planned, system, reach)
