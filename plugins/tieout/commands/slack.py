# SPDX-License-Identifier: Apache-2.0
"""``tieout slack``: answers people in Slack through Socket Mode, for installations that Slack can not reach."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import click

from tieout.settings import Settings, from_environment

if TYPE_CHECKING:
    from tieout.desks.campaign_desk import CampaignDesk
    from tieout.slack.front import Front


@click.command()
def slack() -> None:
    """Answer people in Slack through Socket Mode until it is told to stop.

    The app's settings have Socket Mode on, and the Airflow Connection that TIEOUT_SLACK_CONN_ID names has 'app_token'. The same
    listeners answer as at the endpoint; what is stored says that no signature of Slack's was checked, as there is none.
    """
    from tieout.desks.warming import warm_up
    from tieout.flows.campaign_people import person_of
    from tieout.slack.endpoint import build_front
    from tieout.tasks.connections import command_line_reach, slack_workspace

    settings = from_environment()
    command_line_reach()
    workspace = slack_workspace(settings)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    desk = open_desk(settings)
    warm_up(lambda: desk)
    run(build_front(workspace, desk, person_of(settings)), stop)


def run(front: Front, stop: threading.Event) -> None:
    """Answer until told to stop, then send what is waiting to be sent.

    Raises:
        ConfigurationError: The connection has no app token.
        SourceUnavailable: Slack does not let us connect; run it again.
    """
    from tieout.slack.socket_mode import connect

    client = connect(front)
    click.echo("Connected to Slack; press Ctrl+C to stop.", err=True)
    stop.wait()
    client.close()
    for lane in (front.receipts, front.updates):
        lane.drain(10)
        lane.close()


def open_desk(settings: Settings) -> CampaignDesk:
    """Return the desk over the campaigns' ledgers, which stores answers as the responder.

    Raises:
        ConfigurationError: The settings name no root, no key of responses, or a connection that is not there.
    """
    from tieout.desks.cases import open_desk as opened
    from tieout.tasks.connections import responder_store, response_signer

    return opened(settings, responder_store(settings), response_signer(settings))
