# SPDX-License-Identifier: Apache-2.0
"""The wait of a campaign for people's answers.

Between two looks a sensor holds no slot and no process. What keeps one look from the store, or from a source, keeps it from
nothing but that look: it says so in the log, and the next one goes on. So many weeks would use up any number of retries.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowSkipException

from tieout.errors import ExtractionRefused, TransientError
from tieout.settings import Settings, from_environment
from tieout.tasks.runs import by, named_window, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import Context

    from tieout.campaigns.ledger import Ledger
    from tieout.evidence.store import S3Store
    from tieout.flows.campaign_links import Links
    from tieout.flows.campaign_poke import Poked
    from tieout.flows.campaign_window import CampaignWindow
    from tieout.flows.campaigns import Campaigns, Loaded
    from tieout.flows.messenger import Messenger

log = logging.getLogger(__name__)

LONGEST = timedelta(days=366)
"""A wait that has not ended after so long fails; freshness has said long before that the review is late."""
LEAST_SECONDS = 10
"""Airflow 3.3 counts a look as failed that is queued again before its executor has told of the end of the one before: seconds."""
TRIES = 100
"""Looks of these weeks that may be lost, with their worker or as above; an error that is terminal fails the task at once."""


def between_looks(poll_seconds: int) -> timedelta:
    """Return the time between two looks of a task that waits, from the setting ``campaign_poll_seconds``."""
    return timedelta(seconds=max(poll_seconds, LEAST_SECONDS))


class Waiting(BaseSensorOperator):
    """Looks again and again, and holds nothing between two looks."""

    template_fields: tuple[str, ...] = ()

    def __init__(self, *, control_id: str, poll_seconds: int, **kwargs: Any) -> None:
        kwargs["retries"] = TRIES
        every = between_looks(poll_seconds)
        super().__init__(mode="reschedule", poke_interval=every, timeout=LONGEST, multiple_outputs=True, **kwargs)
        self.control_id = control_id

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        try:
            found = self.look(context)
        except TransientError as error:
            log.warning("Nothing was seen this time, the next look tries again: %s", error)
            found = None
        return PokeReturnValue(found is not None, found)

    def look(self, context: Context) -> dict[str, Any] | None:
        """Return what the wait came to; ``None`` where it goes on."""
        raise NotImplementedError


class AnswersSensor(Waiting):
    """Look after the campaign until it is closed: people are told, reminded, passed over where they do not answer.

    A campaign that was cancelled is recorded as such for each system, and all that would come after it is skipped.

    Returns:
        The campaign, and when it was closed: a reference.
    """

    def look(self, context: Context) -> dict[str, Any] | None:
        """Look after it once (`tieout.flows.campaign_poke`)."""
        from tieout.campaigns.state import Phase
        from tieout.flows.campaign_kinds import plan_campaign
        from tieout.flows.campaign_poke import poke
        from tieout.flows.campaigns import Campaigns
        from tieout.tasks.connections import stores

        settings = from_environment()
        evidence, staging = stores(settings)
        planned = plan_campaign(settings, self.control_id, named_window(context))
        campaigns = Campaigns(settings, evidence)
        found = poke(_task(settings, planned, campaigns, staging, by(context)))
        log.info("%s: %s", planned.campaign, in_words(found))
        if not found.done:
            return None
        if found.phase is Phase.CANCELLED:
            raise _cancelled(settings, planned, campaigns, by(context))
        if found.closed_at is None:
            raise AssertionError(found.phase)
        return self.came_to(planned, found.closed_at)

    def came_to(self, planned: CampaignWindow, closed_at: datetime) -> dict[str, Any]:
        """Return what goes on from a campaign that was closed at an instant."""
        from tieout.times import instant

        return {"campaign": planned.campaign, "closed_at": instant(closed_at)}


def in_words(found: Poked) -> str:
    """Return what a look came to, for the log; nobody is named."""
    recorded = ", ".join(f"{count} {kind}" for kind, count in found.recorded.items()) or "nothing"
    said = [
        f"{found.phase}: {found.awaited - found.open} of {found.awaited} decisions made",
        f"recorded {recorded}, sent {found.sent} messages and {found.mailed} mails, brought {found.updated} up to date",
    ]
    counts = {
        "people can not be told anything": found.unreachable, "messages may not have been sent": found.uncertain,
        "parts of answers do not count": found.refused, "documents can not be read": found.unread,
    }  # fmt: skip
    said += [f"{count} {what}" for what, count in counts.items() if count]
    said += [f"waits: {reason}" for reason in found.waiting]
    return "; ".join([*said, *(f"trouble: {each}" for each in found.trouble)])


def _task(settings: Settings, planned: CampaignWindow, campaigns: Campaigns, staging: Any, who: str) -> Any:
    from tieout.flows.campaign_poke import CampaignTask
    from tieout.tasks.connections import landing_signer

    opened = campaigns.of(planned.place)
    if opened is None:
        msg = f"campaign {planned.campaign}: it was not opened. Clear the task 'open'."
        raise ExtractionRefused(msg)
    return CampaignTask(
        campaigns=campaigns,
        loaded=campaigns.load(opened),
        staging=staging,
        signer=landing_signer(settings),
        clock=now,
        by=who,
        messenger=_messenger(settings, campaigns.store),
        links=_links(settings, campaigns.store),
    )


def _links(settings: Settings, store: S3Store) -> Callable[[Loaded], Links] | None:
    """Return how personal links are sent; ``None`` where the settings name no mail server."""
    if not settings.mail_conn_id:
        return None
    from tieout.criteria.scope import load_scope
    from tieout.desks.showing import showing
    from tieout.flows.campaign_links import Links
    from tieout.flows.campaign_people import People
    from tieout.tasks.connections import mailer

    scope, people, server = load_scope(settings.scope_file), People.beside(store, settings), mailer(settings)
    return lambda loaded: Links(
        mailer=server, url=f"{settings.pages_url}/tieout/link/", address=people.address,
        title=showing(loaded, scope).title, company=scope.system_name, zone=scope.zone,
    )  # fmt: skip


def _messenger(settings: Settings, store: S3Store) -> Callable[[Loaded, Ledger], Messenger] | None:
    """Return what tells people in Slack; ``None`` where the settings name no workspace."""
    if not settings.slack_conn_id:
        return None
    from tieout.flows.campaign_people import People
    from tieout.slack.messenger import slack_messenger
    from tieout.slack.sending import Sender
    from tieout.tasks.connections import slack_workspace

    return slack_messenger(settings, Sender(slack_workspace(settings)), People.beside(store, settings))


def _cancelled(settings: Settings, planned: CampaignWindow, campaigns: Campaigns, who: str) -> AirflowSkipException:
    from tieout.flows.campaign_cancelled import record_cancelled
    from tieout.tasks.connections import landing_signer

    keys = record_cancelled(planned, campaigns, landing_signer(settings), now, who)
    msg = f"Campaign {planned.campaign} was cancelled: nothing was performed, and nothing lands. Recorded in {', '.join(keys)}."
    return AirflowSkipException(msg)
