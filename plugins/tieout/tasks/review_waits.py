# SPDX-License-Identifier: Apache-2.0
"""The two waits of an access review: for people's answers, and for the day by which what they decided is carried out."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from tieout.tasks.campaign_waits import AnswersSensor, Waiting
from tieout.tasks.runs import now

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.flows.campaign_window import CampaignWindow

log = logging.getLogger(__name__)

COLLECT_AGAIN = "collect_again"
DUE, AT_ONCE = "due", "now"


class ReviewAnswersSensor(AnswersSensor):
    """Look after a review until it is closed, as `AnswersSensor`.

    Returns:
        When it was closed, and until when what was decided is to be carried out: a reference.
    """

    def came_to(self, planned: CampaignWindow, closed_at: datetime) -> dict[str, Any]:
        """Return what goes on from a review that was closed at an instant."""
        from tieout.flows.review_inputs import ReviewWindow
        from tieout.times import instant

        if not isinstance(planned, ReviewWindow):
            raise AssertionError(planned.campaign)
        times = {"closed_at": closed_at, "removal_due_at": planned.removal_due_at(closed_at)}
        return {"campaign": planned.campaign, **{name: instant(at) for name, at in times.items()}}


class RemovalDueSensor(Waiting):
    """Wait until the agreed days are over; where the run's parameter says ``now``, not at all.

    Args:
        removal_due_at: Until when what was decided is to be carried out, as text.

    Returns:
        The instant that the entitlements are collected again as of.
    """

    template_fields = ("removal_due_at",)

    def __init__(self, *, removal_due_at: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.removal_due_at = removal_due_at

    def look(self, context: Context) -> dict[str, Any] | None:
        """Look at the clock."""
        from tieout.times import instant, parse_instant

        due = parse_instant(self.removal_due_at)
        until = collected_until(due, now(), context["params"].get(COLLECT_AGAIN) or DUE)
        if until is None:
            log.info("What was decided is to be carried out by %s: the entitlements are collected again then", instant(due))
            return None
        if until < due:
            log.warning("Collected again before %s: what still stands then proves nothing about that day", instant(due))
        return {"until": instant(until)}


def collected_until(due: datetime, at: datetime, when: Literal["due", "now"] | str) -> datetime | None:
    """Return the instant that the entitlements are collected again as of; ``None`` where it is too early."""
    if at >= due:
        return due
    return at.replace(microsecond=0) if when == AT_ONCE else None
