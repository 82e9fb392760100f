# SPDX-License-Identifier: Apache-2.0
"""The DAG of an acknowledgment campaign: people are listed and frozen with the policies in force, answer, and it lands.

    <system>.collect >> validate >> land      the list of people of each system
      >> freeze >> open >> answers            the campaign; one task waits for everybody
      >> again.<system>.collect >> validate >> land
      >> land_acknowledgments.<system>

It has no Deadline Alert: a run takes weeks by design, and what is late the campaign and freshness say.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, TaskGroup

from tieout.criteria.controls import Control
from tieout.settings import Settings, from_environment
from tieout.tasks.campaign_lists import distinct, extraction
from tieout.tasks.campaign_steps import CampaignOperator, finder, opened
from tieout.tasks.campaign_waits import AnswersSensor
from tieout.tasks.run_times import CLOSES_AT, DUE_AT, param_time, time_param
from tieout.tasks.runs import airflow_run, by, now
from tieout.tasks.windows import Slot

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.flows.campaigns import Campaigns
    from tieout.flows.policy_inputs import PolicyWindow

log = logging.getLogger(__name__)

_NAMED = frozenset({"again", "answers", "freeze", "land_acknowledgments", "open"})
PARAMS: dict[str, Any] = {
    DUE_AT: time_param(
        "Due at", "By when everybody is to acknowledge, where that is not as the control's file says: a time with its zone."
    ),
    CLOSES_AT: time_param(
        "Closes at", "When the campaign closes, where that is not as the control's file says; after it is due. Both are sealed."
    ),
}


class PolicyOperator(CampaignOperator):
    """What these tasks share: a control whose policies people acknowledge, and the window that the run's partition key names."""

    def policies(self, settings: Settings, context: Context) -> tuple[PolicyWindow, Campaigns]:
        """Return the campaign of this run, and the campaigns of the bucket, whose store is the writer's.

        Raises:
            ExtractionRefused: The run has no partition key.
        """
        from tieout.flows.policy_inputs import PolicyWindow

        planned, campaigns = self.planned(settings, context)
        if not isinstance(planned, PolicyWindow):
            raise AssertionError(planned.campaign)
        return planned, campaigns


class FreezePoliciesOperator(PolicyOperator):
    """Freeze: everybody who is listed is held against every policy in force, and lands.

    Returns:
        By system, landing and manifest: references.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Freeze; where the campaign was opened already, what it asks about stays."""
        from tieout.flows.policy_freeze import freeze_policies
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.policies(settings, context)
        if (there := self.frozen_already(planned, campaigns)) is not None:
            return there
        reason, due_at = context["params"].get("supersede_reason"), param_time(context, DUE_AT)
        with TemporaryDirectory(prefix="tieout-") as work:
            found = freeze_policies(
                planned, campaigns, landing_signer(settings), now, Path(work), airflow_run(context), reason, due_at
            )  # fmt: skip
        for system, reference in found.items():
            log.info("%s: %s rows, s3://%s/%s", system, reference.rows, campaigns.store.bucket, reference.manifest_key)
        return {system: asdict(reference) for system, reference in found.items()}


class OpenPoliciesOperator(PolicyOperator):
    """Open: seal whom the campaign asks for what, until when, and under which account of theirs.

    Returns:
        The campaign, and when it is due: a reference.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Open the campaign, or find it open."""
        from tieout.flows.policy_campaign import open_policies
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.policies(settings, context)
        find, closes_at = finder(settings, campaigns.store), param_time(context, CLOSES_AT)
        return opened(open_policies(planned, campaigns, landing_signer(settings), find, now, by(context), closes_at))


class LandPoliciesOperator(PolicyOperator):
    """Land what the campaign came to for one system.

    Args:
        system: The system.

    Returns:
        Landing, manifest key and hash, rows, potential deviations: a reference, never evidence.
    """

    def __init__(self, *, system: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.system = system

    def execute(self, context: Context) -> dict[str, Any]:
        """Land it, or find that it has landed."""
        from tieout.flows.policy_landing import land_policies
        from tieout.tasks.connections import landing_signer

        settings = from_environment()
        planned, campaigns = self.policies(settings, context)
        reason, signer = context["params"].get("supersede_reason"), landing_signer(settings)
        with TemporaryDirectory(prefix="tieout-") as work:
            reference = land_policies(
                planned, campaigns, self.system, signer, now, Path(work), airflow_run(context), reason
            )  # fmt: skip
        self.landed(reference, campaigns, context)
        return asdict(reference)


def add_tasks(dag: DAG, control_id: str, control: Control, landings: Asset, settings: Settings) -> None:
    """Add the tasks of a control whose policies people acknowledge to its DAG.

    Raises:
        ConfigurationError: A system has the name of a task.
    """
    systems = distinct(control_id, [source.system for source in control.systems], "systems", _NAMED)
    common: dict[str, Any] = {"control_id": control_id, "dag": dag}
    landed = [extraction(name, Slot.INPUT, common) for name in systems]
    freeze = FreezePoliciesOperator(task_id="freeze", **common)
    opened = OpenPoliciesOperator(task_id="open", **common)
    answers = AnswersSensor(task_id="answers", poll_seconds=settings.campaign_poll_seconds, **common)
    landed >> freeze >> opened >> answers
    with TaskGroup(group_id="again", dag=dag):
        again = [extraction(name, Slot.AGAIN, common, answers.output["closed_at"]) for name in systems]
    with TaskGroup(group_id="land_acknowledgments", dag=dag):
        for name in systems:
            landing = LandPoliciesOperator(task_id=name, system=name, outlets=[landings], **common)
            again >> landing
