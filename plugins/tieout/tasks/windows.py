# SPDX-License-Identifier: Apache-2.0
"""What collect, validate and land share: a control, a system, a window, and the slot of that window that they fill.

An export of a population and the lists of a campaign go through the same three tasks.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from tieout.errors import ExtractionRefused
from tieout.settings import Settings
from tieout.tasks.runs import named_window

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.evidence.landing import LandingReference
    from tieout.evidence.store import S3Store
    from tieout.flows.population_export import Job

log = logging.getLogger(__name__)

Reference = dict[str, str]
"""Key and SHA-256 of a document in the staging bucket; of a list that stands already, those of its manifest."""


class Slot(StrEnum):
    """What the three tasks land, each under a key of its own that the run's window gives."""

    POPULATION = "population"
    """What the control is about."""
    INPUT = "input"
    """What a campaign is frozen from: entitlements of a system, people, or holders of roles."""
    AGAIN = "again"
    """The same list once more, after the campaign is closed."""


class WindowOperator(BaseOperator):
    """What the three tasks share: a control, a system, and the window that the run's partition key names.

    Args:
        control_id: The control.
        system: The system that it lands under.
        reference: What the task before has staged.
        slot: What is landed.
        until: Of a list that lands again: the instant that it is collected as of, as text.
    """

    template_fields = ("reference", "until")

    def __init__(
        self,
        *,
        control_id: str,
        system: str,
        reference: Any = None,
        slot: Slot = Slot.POPULATION,
        until: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.control_id = control_id
        self.system = system
        self.reference = reference
        self.slot = slot
        self.until = until

    def job(self, settings: Settings, context: Context) -> Job:
        """Return the job of this run.

        Raises:
            ExtractionRefused: The run has no partition key, or nothing says as of when it is listed again.
        """
        from tieout.flows.campaign_kinds import first_list, plan_campaign, second_list
        from tieout.flows.population_export import plan
        from tieout.tasks.connections import AirflowReach
        from tieout.times import parse_instant

        key, reach = named_window(context), AirflowReach()
        if self.slot is Slot.POPULATION:
            return plan(settings, self.control_id, self.system, key, reach)
        planned = plan_campaign(settings, self.control_id, key)
        if self.slot is Slot.INPUT:
            return first_list(planned, self.system, reach)
        if not self.until:
            msg = f"campaign {planned.campaign}: nothing says as of when it is listed again. Clear the task before this one."
            raise ExtractionRefused(msg)
        return second_list(planned, self.system, parse_instant(self.until), reach)

    def standing(self, job: Job, evidence: S3Store, context: Context) -> LandingReference | None:
        """Return the list that a campaign has already; ``None`` where there is none, or the run says why it is collected anew.

        What stands now is other than what stood then, in the time of its reading at least: a campaign keeps its first list.

        Raises:
            StoreUnavailable: The store did not answer; run it again.
        """
        from tieout.flows.campaign_window import standing_list

        if self.slot is not Slot.INPUT or context["params"].get("supersede_reason"):
            return None
        found = standing_list(evidence, job)
        if found is not None:
            log.info("Has landed already, and is not collected again: s3://%s/%s", evidence.bucket, found.manifest_key)
        return found
