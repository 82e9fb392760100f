# SPDX-License-Identifier: Apache-2.0
"""What Slack posts to an app, in the shapes of its reference of interaction payloads and events."""

from __future__ import annotations

import time
from typing import Any

_TOKEN = "verification-token-of-long-ago"


def envelope(kind: str, team: str, user: str, **more: Any) -> dict[str, Any]:
    """Return what every interaction has."""
    return {
        "type": kind,
        "team": {"id": team, "domain": "tieout"},
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": team},
        "api_app_id": "A0TIEOUT01",
        "token": _TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
        **more,
    }


def action(element: dict[str, Any], block_id: str, at: float | None = None) -> dict[str, Any]:
    """Return a pressed button."""
    said = {"type": element["type"], "action_id": element["action_id"], "block_id": block_id, "text": element["text"]}
    return {**said, "value": element.get("value", ""), "action_ts": f"{time.time() if at is None else at:.6f}"}


def message_container(channel: str, ts: str) -> dict[str, Any]:
    """Return where a button of a message was pressed."""
    return {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False}


def view_container(view_id: str) -> dict[str, Any]:
    """Return where a button of a view was pressed."""
    return {"type": "view", "view_id": view_id}


def home_opened(team: str, user: str, channel: str, tab: str = "home") -> dict[str, Any]:
    """Return the event that somebody opened App Home."""
    event = {"type": "app_home_opened", "user": user, "channel": channel, "tab": tab, "event_ts": f"{time.time():.6f}"}
    granted = {"enterprise_id": None, "team_id": team, "user_id": "U0TIEOUT01", "is_bot": True, "is_enterprise_install": False}
    return {
        "token": _TOKEN, "team_id": team, "api_app_id": "A0TIEOUT01", "event": event, "type": "event_callback",
        "event_id": "Ev0TIEOUT01", "event_time": int(time.time()), "authorizations": [granted], "is_ext_shared_channel": False,
    }  # fmt: skip
