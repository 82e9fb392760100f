# SPDX-License-Identifier: Apache-2.0
"""What Airflow's api-server mounts, and what the pages take from it: its users, its secret key, its address.

Only the plugin's property reaches this, and only the api-server asks for that (trap T4).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.tokens import get_signing_key
from airflow.api_fastapi.core_api.security import get_user, requires_authenticated
from airflow.configuration import conf

from tieout.criteria.scope import time_zone_of
from tieout.errors import TieoutError
from tieout.evidence.keys import load_signer
from tieout.flows.campaign_people import person_of
from tieout.settings import Settings, from_environment
from tieout.slack import cases
from tieout.slack.desk import Desk
from tieout.web.app import create_app
from tieout.web.connections import responder_store, slack_workspace
from tieout.web.navigation import PREFIX
from tieout.web.site import Site
from tieout.web.stamps import stamp_key

log = logging.getLogger(__name__)


@cache
def fastapi_apps() -> list[dict[str, Any]]:
    """Return what is mounted, in order: a mount takes all that lies below its prefix.

    Airflow itself has to start, whatever is wrong with ours.
    """
    return [
        *mounted("Tieout in Slack", f"{PREFIX}/slack", lambda: slack_endpoint(from_environment())),
        *mounted("Tieout", PREFIX, lambda: pages(from_environment(), open_desk)),
    ]


def slack_endpoint(settings: Settings) -> Any | None:
    """Return the ASGI app that Slack posts to, under ``/events``; ``None`` where the settings name no workspace.

    Nobody signs in to Airflow for it: Slack signs what it posts.

    Raises:
        ConfigurationError: The connection of the workspace, or what `open_desk` needs, is absent.
    """
    if not settings.slack_conn_id:
        return None
    from tieout.slack.endpoint import build_front, endpoint

    return endpoint(build_front(slack_workspace(settings), open_desk(), person_of(settings)))


def pages(settings: Settings, desk: Callable[[], Desk]) -> Any:
    """Return the pages of an installation, with Airflow's users.

    Args:
        settings: The installation.
        desk: Opens the desk, or returns it.

    Raises:
        ConfigurationError: The scope or the key of person ids can not be read.
    """
    site = Site(
        desk=desk,
        person_of=person_of(settings),
        zone=ZoneInfo(time_zone_of(settings.scope_file)),
        key=stamp_key(get_signing_key("api", "secret_key")),
        origins=tuple(url for url in [conf.get("api", "base_url", fallback="")] if url),
        login=lambda path: str(get_auth_manager().get_url_login(next_url=path)),
    )
    return create_app(site, requires_authenticated(), get_user)


@cache
def open_desk() -> Desk:
    """Return the desk over the campaigns' ledgers, which stores answers as the responder; one for pages and Slack.

    Raises:
        ConfigurationError: The settings name no root, no key of responses, or a connection that is not there.
    """
    settings = from_environment()
    return cases.open_desk(settings, responder_store(settings), load_signer(settings.response_key))


def mounted(name: str, prefix: str, make: Callable[[], Any]) -> list[dict[str, Any]]:
    """Return an app as Airflow mounts it; nothing where there is none, or, with a line in the log, where it can not be made."""
    try:
        app = make()
    except TieoutError as error:
        log.error("%s is not served under %s: %s", name, prefix, error)
        return []
    return [] if app is None else [{"name": name, "app": app, "url_prefix": prefix}]
