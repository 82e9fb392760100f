# SPDX-License-Identifier: Apache-2.0
"""A review whose people have answered, read from the bucket: its campaign, and until when what was decided is carried out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tieout.flows.campaign_answered import CampaignAnswered, Row, read_campaign
from tieout.flows.campaigns import Campaigns
from tieout.flows.review_inputs import ReviewWindow
from tieout.reviews.capacity import KEPT, holding


@dataclass(frozen=True)
class Answered(CampaignAnswered):
    """A review, as of when it was read; see `CampaignAnswered`."""

    planned: ReviewWindow

    @property
    def removal_due_at(self) -> datetime:
        """Until when what was decided is to be carried out, UTC; raises as `closed_at`."""
        return self.planned.removal_due_at(self.closed_at)

    def not_kept(self, system: str) -> Iterator[Row]:
        """Yield the frozen items of a system that are revoked or changed, in key order; raises as `closed_at`."""
        if self.closed_at:
            yield from (row for row in self.items_of(system) if holding(self.state, row["item"]).decision != KEPT)


def read_answered(planned: ReviewWindow, campaigns: Campaigns) -> Answered:
    """Read a review's campaign, with all that has been said in it by now; raises as `read_campaign`.

    Args:
        planned: From `tieout.flows.review_inputs.plan_review`.
        campaigns: The installation's.
    """
    found = read_campaign(planned, campaigns)
    return Answered(planned, campaigns, found.opened, found.rows, found.ledger, found.noting)
