# SPDX-License-Identifier: Apache-2.0
"""``tieout slack``: answers people in Slack through Socket Mode, for installations that Slack can not reach."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import click

from tieout.errors import ConfigurationError
from tieout.persons import load_person_key, normalised
from tieout.settings import Settings, from_environment

if TYPE_CHECKING:
    from tieout.slack.desk import Desk
    from tieout.slack.front import Front


@click.command()
def slack() -> None:
    """Answer people in Slack through Socket Mode until it is told to stop.

    The app's settings have Socket Mode on, and the Airflow Connection that TIEOUT_SLACK_CONN_ID names has 'app_token'. The same
    listeners answer as at the endpoint; what is stored says that no signature of Slack's was checked, as there is none.
    """
    from tieout.slack.endpoint import build_front
    from tieout.tasks.connections import command_line_reach, slack_workspace

    settings = from_environment()
    command_line_reach()
    workspace = slack_workspace(settings)
    person_of = load_person_key(settings.identity_key).person if settings.identity_key else normalised
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    run(build_front(workspace, open_desk(settings), person_of), stop)


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


def open_desk(settings: Settings) -> Desk:
    """Return the desk over the campaigns' ledgers.

    Raises:
        ConfigurationError: Nothing says yet what they are.
    """
    del settings
    msg = "Slack: expected a desk over the campaigns' ledgers; none is made yet. Return it from tieout.commands.slack.open_desk."
    raise ConfigurationError(msg)
