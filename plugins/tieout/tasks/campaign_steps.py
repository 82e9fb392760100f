# SPDX-License-Identifier: Apache-2.0
"""What the operators of campaigns share: a control that people perform, and the window that the run's partition key names."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from tieout.settings import Settings
from tieout.tasks.runs import named_window

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.evidence.landing import LandingReference
    from tieout.evidence.store import S3Store
    from tieout.flows.campaign_opening import Find, Opening
    from tieout.flows.campaign_window import CampaignWindow
    from tieout.flows.campaigns import Campaigns

log = logging.getLogger(__name__)


class CampaignOperator(BaseOperator):
    """A step of a campaign. Each reads the bucket anew and takes nothing from the task before but references.

    Args:
        control_id: The control.
    """

    def __init__(self, *, control_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.control_id = control_id

    def planned(self, settings: Settings, context: Context) -> tuple[CampaignWindow, Campaigns]:
        """Return the campaign of this run, and the campaigns of the bucket, whose store is the writer's.

        Raises:
            ExtractionRefused: The run has no partition key.
        """
        from tieout.flows.campaign_kinds import plan_campaign
        from tieout.flows.campaigns import Campaigns
        from tieout.tasks.connections import stores

        evidence, _ = stores(settings)
        return plan_campaign(settings, self.control_id, named_window(context)), Campaigns(settings, evidence)

    def frozen_already(self, planned: CampaignWindow, campaigns: Campaigns) -> dict[str, Any] | None:
        """Return what an open campaign asks about, which stays as it is; ``None`` where none was opened."""
        opened = campaigns.of(planned.place)
        if opened is None:
            return None
        log.info("Campaign %s was opened already: its items stay as they are", planned.campaign)
        return {each["system"]: each for each in opened.document["populations"]}

    def landed(self, reference: LandingReference, campaigns: Campaigns, context: Context) -> None:
        """Say what has landed: in the log, and to the assets of the task where it landed now."""
        done = "Landed" if reference.landed_now else "Had landed already, nothing written"
        log.info("%s: s3://%s/%s (%s rows)", done, campaigns.store.bucket, reference.manifest_key, reference.rows)
        for outlet in self.outlets if reference.landed_now else ():
            extra = {"manifest_key": reference.manifest_key, "manifest_sha256": reference.manifest_sha256}
            context["outlet_events"][outlet].extra = extra


def opened(opening: Opening) -> dict[str, Any]:
    """Say that a campaign is open, and return the reference of it."""
    from tieout.times import instant

    definition = opening.loaded.definition
    log.info(
        "%s %s: %s items, %s decisions of %s people, due %s",
        "Opened" if opening.opened_now else "Had been opened:", definition.campaign, len(definition.items),
        definition.awaited, len({each.person for each in definition.assignments.values()}), definition.schedule.due_at,
    )  # fmt: skip
    due = instant(definition.schedule.due_at)
    return {"campaign": definition.campaign, "definition_sha256": definition.sha256, "due_at": due}


def finder(settings: Settings, store: S3Store) -> Find | None:
    """Return what looks people up in Slack; ``None`` where the settings name no workspace: people answer on the pages."""
    if not settings.slack_conn_id:
        return None
    from tieout.flows.campaign_people import People
    from tieout.slack.messenger import SlackFinder
    from tieout.slack.sending import Sender
    from tieout.tasks.connections import slack_workspace

    return SlackFinder(settings, Sender(slack_workspace(settings)), People.beside(store, settings))
