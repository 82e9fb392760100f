# SPDX-License-Identifier: Apache-2.0
"""The one Slack workspace that an installation works with, and the credentials of its app there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tieout.errors import ConfigurationError

_TEAM = re.compile(r"T[A-Z0-9]{8,20}")
_NEXT = "Open the app's pages at api.slack.com/apps, and put it into the Airflow Connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace, and our app in it. Its secrets show themselves nowhere.

    Attributes:
        team: Its id. Requests that come from another one are refused.
        bot_token: What the app calls Slack with.
        signing_secret: What Slack signs its requests with; empty where only Socket Mode is used.
        app_token: What Socket Mode connects with; empty where it is not used.
        base_url: Of the Web API.
        proxy: Address of an HTTP proxy that Slack is reached through.
        ask: Whom somebody asks who is refused: a name, an address or a channel.
    """

    team: str
    bot_token: str = field(repr=False)
    signing_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    base_url: str = "https://slack.com/api/"
    proxy: str | None = field(default=None, repr=False)
    ask: str = "the people who run Tieout in your company"


def read_workspace(password: str | None, extra: Mapping[str, Any]) -> Workspace:
    """Return the workspace of an Airflow Connection of type ``slack``.

    Args:
        password: The bot token.
        extra: ``team`` (the workspace's id), ``signing_secret`` (for the endpoint), ``app_token`` (for Socket Mode), and where
            needed ``ask``, ``base_url`` and ``proxy``. Others are the hook's own.

    Raises:
        ConfigurationError: Something is absent or of another form. The message never holds a value.
    """
    team = extra.get("team")
    if not isinstance(team, str) or not _TEAM.fullmatch(team):
        msg = f"Slack connection: expected the workspace's id, like T0123ABCD, as extra field 'team'. {_NEXT}."
        raise ConfigurationError(msg)
    if not password or not password.startswith("xoxb-"):
        msg = f"Slack connection: expected a bot token, which starts with xoxb-, as password. {_NEXT}."
        raise ConfigurationError(msg)
    said = {name: extra[name] for name in ("signing_secret", "app_token", "base_url", "proxy", "ask") if extra.get(name)}
    wrong = sorted(name for name, value in said.items() if not isinstance(value, str))
    if wrong:
        msg = f"Slack connection: expected text as extra field {wrong[0]!r}. {_NEXT}."
        raise ConfigurationError(msg)
    return Workspace(team=team, bot_token=password, **said)
