# SPDX-License-Identifier: Apache-2.0
"""The operators of an access review that do something and end: freeze, open, open tickets, prepare, land.

Each reads the bucket anew and takes nothing from the task before but references. Each may be cleared: it finds what stands.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tieout.settings import Settings, from_environment
from tieout.tasks.campaign_steps import CampaignOperator, finder, opened
from tieout.tasks.runs import airflow_run, by, now, unsigned_because

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.flows.campaigns import Campaigns
    from tieout.flows.review_inputs import ReviewWindow

log = logging.getLogger(__name__)


class ReviewOperator(CampaignOperator):
    """What these tasks share: a control with a review, and the window that the run's partition key names."""

    def review(self, settings: Settings, context: Context) -> tuple[ReviewWindow, Campaigns]:
        """Return the review of this run, and the campaigns of the bucket, whose store is the writer's.

        Raises:
            ExtractionRefused: The run has no partition key.
        """
        from tieout.flows.review_inputs import ReviewWindow

        planned, campaigns = self.planned(settings, context)
        if not isinstance(planned, ReviewWindow):
            raise AssertionError(planned.campaign)
        return planned, campaigns


class FreezeOperator(ReviewOperator):
    """Freeze: work out the items of every system from what has landed, and land them.

    Returns:
        By system, landing and manifest of its items: references.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Freeze; where the campaign was opened already, what it asks about stays."""
        from tieout.flows.review_freeze import freeze
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.review(settings, context)
        if (there := self.frozen_already(planned, campaigns)) is not None:
            return there
        reason, signer = context["params"].get("supersede_reason"), landing_signer(settings)
        with TemporaryDirectory(prefix="tieout-") as work:
            found = freeze(planned, campaigns.store, signer, now, Path(work), airflow_run(context), reason)
        for system, reference in found.items():
            log.info("%s: %s items, s3://%s/%s", system, reference.rows, campaigns.store.bucket, reference.manifest_key)
        return {system: asdict(reference) for system, reference in found.items()}


class OpenOperator(ReviewOperator):
    """Open: seal whom the campaign asks about what, until when, and under which account of theirs.

    Returns:
        The campaign, and when it is due: a reference.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Open the campaign, or find it open."""
        from tieout.flows.review_campaign import open_review
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.review(settings, context)
        find = finder(settings, campaigns.store)
        return opened(open_review(planned, campaigns, landing_signer(settings), find, now, by(context)))


class TicketsOperator(ReviewOperator):
    """Open a ticket for each access that is revoked or changed, and record it.

    Returns:
        How many tickets were recorded, now and before; or why there is none.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Open the tickets that are not recorded yet."""
        from tieout.flows.remediation import open_tickets
        from tieout.tasks.connections import AirflowReach, landing_signer

        settings = from_environment()
        planned, campaigns = self.review(settings, context)
        done = open_tickets(planned, campaigns, landing_signer(settings), AirflowReach(), now, by(context))
        log.info("Tickets: %s recorded now, %s before. %s", done.recorded_now, done.recorded_before, done.none_because or "")
        return asdict(done)


class PrepareOperator(ReviewOperator):
    """Prepare: one document that says what the review came to, recorded before anybody is asked to sign it off.

    Returns:
        SHA-256 of the document, and the record that holds it: a reference.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Make the document; from the same answers, tickets and lists it is the same."""
        from tieout.flows.review_sign_off import prepare_sign_off
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.review(settings, context)
        with TemporaryDirectory(prefix="tieout-") as work:
            made = prepare_sign_off(planned, campaigns, landing_signer(settings), now, Path(work), by(context))
        log.info("%s: document %s in %s", "Recorded" if made.recorded_now else "Stands", made.document_sha256, made.record)
        return asdict(made)


class LandReviewOperator(ReviewOperator):
    """Land what the review came to for one system, once the document is signed off, or with the run's reason why it is not.

    Args:
        system: The system.
        about_sha256: SHA-256 of the document.

    Returns:
        Landing, manifest key and hash, rows, potential deviations: a reference, never evidence.
    """

    template_fields = ("about_sha256",)

    def __init__(self, *, system: str, about_sha256: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.system = system
        self.about_sha256 = about_sha256

    def execute(self, context: Context) -> dict[str, Any]:
        """Land it, or find that it has landed."""
        from tieout.flows.review_landing import land_review
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.review(settings, context)
        reason, signer = context["params"].get("supersede_reason"), landing_signer(settings)
        with TemporaryDirectory(prefix="tieout-") as work:
            reference = land_review(
                planned, campaigns, self.system, self.about_sha256, signer, now, Path(work), airflow_run(context),
                reason=reason, unsigned_because=unsigned_because(context),
            )  # fmt: skip
        self.landed(reference, campaigns, context)
        return asdict(reference)
