# SPDX-License-Identifier: Apache-2.0
"""What the task of a sign-off has sent in Slack: who may sign off is asked, reminded, and told that it is done.

What keeps it from that keeps nobody from signing off: it stands on the pages and in App Home all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from tieout.errors import TieoutError
from tieout.settings import Settings

if TYPE_CHECKING:
    from tieout.campaigns.outbox import Outbox
    from tieout.desks.sign_off_desk import SignOffRequest
    from tieout.flows.signing import Signing
    from tieout.slack.sending import Sender

log = logging.getLogger(__name__)


def ask(settings: Settings, signing: Signing, signers: tuple[str, ...]) -> None:
    """Ask who may sign off, once for what is asked and what has been said of it."""
    from tieout.slack.sign_off_notices import ask_signers

    _tell(settings, signing, lambda sender, outbox, asked: ask_signers(sender, outbox, signing.definition, asked, signers))


def remind(settings: Settings, signing: Signing, now: datetime) -> None:
    """Remind who may sign off, once for each time of the control's reminders that has come."""
    from tieout.slack.sign_off_notices import ask_signers

    day = signing.reminder(now)
    if day is None:
        return
    _tell(
        settings,
        signing,
        lambda sender, outbox, asked: ask_signers(sender, outbox, signing.definition, asked, signing.signers(now), day),
    )


def settle(settings: Settings, signing: Signing) -> None:
    """Have the messages that asked for it say that it is signed off."""
    from tieout.slack.sign_off_notices import settle_messages

    _tell(settings, signing, settle_messages)


def _tell(settings: Settings, signing: Signing, tell: Callable[[Sender, Outbox, SignOffRequest], int]) -> None:
    """Have messages sent, where there is Slack."""
    from tieout.campaigns.outbox import Outbox
    from tieout.evidence.identities import UnlockedStore
    from tieout.flows.campaign_work import staging_key
    from tieout.slack.sending import Sender
    from tieout.tasks.connections import slack_workspace, stores

    if not settings.slack_conn_id:
        return
    _, staging = stores(settings)
    marks = UnlockedStore.beside(staging, staging.bucket)
    outbox = Outbox(signing.definition.campaign, marks, staging_key(settings))
    try:
        log.info("Slack: %s messages", tell(Sender(slack_workspace(settings)), outbox, _asked(settings, signing)))
    except TieoutError as error:
        log.warning("Slack: nobody was told: %s", error)


def _asked(settings: Settings, signing: Signing) -> SignOffRequest:
    """Return what is asked, as people in Slack see it."""
    from tieout.criteria.scope import load_scope
    from tieout.desks.case_sign_off import asked_of
    from tieout.desks.showing import showing

    title = showing(signing.loaded, load_scope(settings.scope_file)).title
    return asked_of(signing.definition.campaign, title, signing.prepared, signing.holding)
