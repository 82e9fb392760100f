# SPDX-License-Identifier: Apache-2.0
"""The DAG of an owner confirmation: a form is frozen and asked, filled in and looked at by people, and lands.

    freeze >> open >> answers >> land

It has no Deadline Alert: a run takes weeks by design, and what is late the campaign and freshness say.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset

from tieout.criteria.controls import Control
from tieout.settings import Settings, from_environment
from tieout.tasks.campaign_steps import CampaignOperator, finder, opened
from tieout.tasks.campaign_waits import AnswersSensor
from tieout.tasks.run_times import CLOSES_AT, DUE_AT, param_time, time_param
from tieout.tasks.runs import airflow_run, by, now

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.flows.campaigns import Campaigns
    from tieout.flows.confirmation_inputs import ConfirmationWindow

log = logging.getLogger(__name__)

PARAMS: dict[str, Any] = {
    DUE_AT: time_param("Due at", "By when the form is to be handed in, where that is not as it says: a time with its zone."),
    CLOSES_AT: time_param("Closes at", "When the campaign ends, where that is not as the form says; not before it is due."),
}


class ConfirmationOperator(CampaignOperator):
    """What these tasks share: a control with a form, and the window that the run's partition key names."""

    def confirmation(self, settings: Settings, context: Context) -> tuple[ConfirmationWindow, Campaigns]:
        """Return the confirmation of this run, and the campaigns of the bucket, whose store is the writer's.

        Raises:
            ExtractionRefused: The run has no partition key.
        """
        from tieout.flows.confirmation_inputs import ConfirmationWindow

        planned, campaigns = self.planned(settings, context)
        if not isinstance(planned, ConfirmationWindow):
            raise AssertionError(planned.campaign)
        return planned, campaigns


class FreezeFormOperator(ConfirmationOperator):
    """Freeze: the form as the control's file has it, and who is asked, land.

    Returns:
        By system, landing and manifest: references.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Freeze; where the campaign was opened already, what it asks stays."""
        from tieout.flows.confirmation_freeze import freeze_confirmation
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.confirmation(settings, context)
        if (there := self.frozen_already(planned, campaigns)) is not None:
            return there
        reason, signer = context["params"].get("supersede_reason"), landing_signer(settings)
        with TemporaryDirectory(prefix="tieout-") as work:
            found = freeze_confirmation(planned, campaigns, signer, now, Path(work), airflow_run(context), reason)
        log.info("%s: s3://%s/%s", planned.system, campaigns.store.bucket, found.manifest_key)
        return {planned.system: asdict(found)}


class OpenFormOperator(ConfirmationOperator):
    """Open: seal who is asked, until when, who looks at it, and under which account of theirs.

    Returns:
        The campaign, and when it is due: a reference.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Open the campaign, or find it open."""
        from tieout.flows.confirmation_campaign import open_confirmation
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.confirmation(settings, context)
        find, times = finder(settings, campaigns.store), (param_time(context, DUE_AT), param_time(context, CLOSES_AT))
        return opened(open_confirmation(planned, campaigns, landing_signer(settings), find, now, by(context), *times))


class LandFormOperator(ConfirmationOperator):
    """Land what the confirmation came to.

    Returns:
        Landing, manifest key and hash, rows, potential deviations: a reference, never evidence.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Land it, or find that it has landed."""
        from tieout.flows.confirmation_landing import land_confirmation
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.confirmation(settings, context)
        reason, signer = context["params"].get("supersede_reason"), landing_signer(settings)
        with TemporaryDirectory(prefix="tieout-") as work:
            reference = land_confirmation(planned, campaigns, signer, now, Path(work), airflow_run(context), reason)
        self.landed(reference, campaigns, context)
        return asdict(reference)


def add_tasks(dag: DAG, control_id: str, control: Control, landings: Asset, settings: Settings) -> None:  # noqa: ARG001
    """Add the tasks of a control with a form to its DAG."""
    common: dict[str, Any] = {"control_id": control_id, "dag": dag}
    freeze = FreezeFormOperator(task_id="freeze", **common)
    asked = OpenFormOperator(task_id="open", **common)
    answers = AnswersSensor(task_id="answers", poll_seconds=settings.campaign_poll_seconds, **common)
    freeze >> asked >> answers >> LandFormOperator(task_id="land", outlets=[landings], **common)
