# SPDX-License-Identifier: Apache-2.0
"""What Airflow's api-server mounts, and what the pages take from it: its users, its secret key, its address.

Only the plugin's property reaches this, and only the api-server asks for that (trap T4).
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.tokens import get_signing_key
from airflow.api_fastapi.core_api.security import get_user, requires_authenticated
from airflow.configuration import conf
from fastapi import FastAPI

import tieout
from tieout.criteria.scope import time_zone_of
from tieout.desks.access_desk import AccessDesk
from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.desk import Desk
from tieout.desks.warming import warm_up
from tieout.errors import TieoutError
from tieout.flows.campaign_people import People, person_of
from tieout.settings import Settings, from_environment
from tieout.slack.processes import Processes
from tieout.web.airflow_users import Users, airflow_users
from tieout.web.app import Lifespan, create_app
from tieout.web.connections import access_desk_of, desk_of, responder_store, slack_workspace
from tieout.web.navigation import PREFIX
from tieout.web.reconciling import Reconciler
from tieout.web.relay import Relay
from tieout.web.required_actions import RequiredActions
from tieout.web.site import Site, utc_now
from tieout.web.stamps import stamp_key

log = logging.getLogger(__name__)


@cache
def fastapi_apps() -> list[dict[str, Any]]:
    """Return what is mounted, in order: a mount takes all that lies below its prefix.

    Airflow itself has to start, whatever is wrong with ours.
    """
    slack = mounted("Tieout in Slack", f"{PREFIX}/slack", lambda: slack_endpoint(from_environment(), slack_processes()))
    beside = slack_processes() if slack else None
    return [
        *slack,
        *mounted("Personal links of Tieout", f"{PREFIX}/link", lambda: links(from_environment(), open_desk)),
        *mounted("Tieout", PREFIX, lambda: pages(from_environment(), open_desk, relaying(from_environment(), open_desk, beside))),
    ]


def slack_endpoint(settings: Settings, processes: Processes) -> Any | None:
    """Return the ASGI app that Slack posts to, under ``/events``; ``None`` where the settings name no workspace.

    Nobody signs in to Airflow for it: Slack signs what it posts.

    Args:
        settings: The installation.
        processes: Answer what was signed; they run beside the pages (`relaying`).

    Raises:
        ConfigurationError: The connection of the workspace, or what `open_desk` needs, is absent.
    """
    if not settings.slack_conn_id:
        return None
    from tieout.slack.app import late
    from tieout.slack.guard import Guard

    workspace = slack_workspace(settings)
    open_desk()  # what the processes will need, said now
    return Guard(workspace.signing_secret, processes.ask, late)


@cache
def slack_processes() -> Processes:
    """Return the processes that answer what Slack sends (`tieout.web.slack_process`)."""
    # Airflow finds this package in its plugins folder: they have to be told where that is.
    places = [str(Path(tieout.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    return Processes([sys.executable, "-m", "tieout.web.slack_process"], from_environment().slack_processes, environment)


def pages(settings: Settings, desk: Callable[[], Desk], lifespan: Lifespan | None = None) -> Any:
    """Return the pages of an installation, with Airflow's users.

    Args:
        settings: The installation.
        desk: Opens the desk, or returns it.
        lifespan: What runs beside them.

    Raises:
        ConfigurationError: The scope or the key of person ids can not be read.
    """
    return create_app(_site(settings, desk), requires_authenticated(), get_user, lifespan)


def _site(settings: Settings, desk: Callable[[], Desk]) -> Site:
    return Site(
        desk=desk,
        person_of=person_of(settings),
        zone=ZoneInfo(time_zone_of(settings.scope_file)),
        key=stamp_key(get_signing_key("api", "secret_key")),
        access=open_access,
        origins=tuple(url for url in [conf.get("api", "base_url", fallback=""), settings.pages_url] if url),
        login=lambda path: str(get_auth_manager().get_url_login(next_url=path)),
    )


def links(settings: Settings, desk: Callable[[], CampaignDesk]) -> Any | None:
    """Return the page of personal links; ``None`` where the settings name no mail server, so that nobody has one.

    Args:
        settings: The installation.
        desk: Opens the desk, or returns it.

    Raises:
        ConfigurationError: The scope can not be read.
    """
    if not settings.mail_conn_id:
        return None
    from tieout.desks.link_desk import LinkDesk
    from tieout.web.link_app import LinkSite, create_link_app

    made: list[LinkDesk] = []

    def opened() -> LinkDesk:
        if not made:
            made.append(LinkDesk(desk(), utc_now))
        return made[0]

    return create_link_app(LinkSite(site=_site(settings, desk), links=opened))


def relaying(settings: Settings, desk: Callable[[], CampaignDesk], processes: Processes | None) -> Lifespan:
    """Return what runs beside the pages: campaigns are read at the start, sign-offs kept in step with required actions, and what
    Slack sends is answered.

    Args:
        settings: The installation.
        desk: Opens the desk, or returns it.
        processes: Answer Slack's requests; ``None`` where nothing is mounted for those.
    """  # noqa: D205

    def users() -> Users:
        people = People.beside(responder_store(settings), settings)
        return airflow_users(get_auth_manager(), person_of(settings), people.address)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        warm_up(desk)
        reconciler = Reconciler(cases=lambda: desk().cases(), actions=RequiredActions(), users=users)
        task = asyncio.create_task(Relay(reconciler=reconciler, seconds=settings.relay_seconds).run(), name="tieout-relay")
        try:
            async with processes.running() if processes else nullcontext():
                yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return lifespan


@cache
def open_desk() -> CampaignDesk:
    """Return the desk of the pages (`desk_of`); one for all of them."""
    return desk_of(from_environment())


@cache
def open_access() -> AccessDesk:
    """Return the desk of auditors' access (`access_desk_of`); one for all pages."""
    return access_desk_of(from_environment())


def mounted(name: str, prefix: str, make: Callable[[], Any]) -> list[dict[str, Any]]:
    """Return an app as Airflow mounts it; nothing where there is none, or, with a line in the log, where it can not be made."""
    try:
        app = make()
    except TieoutError as error:
        log.error("%s is not served under %s: %s", name, prefix, error)
        return []
    return [] if app is None else [{"name": name, "app": app, "url_prefix": prefix}]
