# SPDX-License-Identifier: Apache-2.0
"""Where the pages stand in Airflow's UI. Pure, and light: the plugin file reads it in every process."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

PREFIX = "/tieout"
"""Where the pages are mounted."""


def external_views(base_url: str) -> list[dict[str, Any]]:
    """Return the one view that the UI shows, in its navigation.

    Args:
        base_url: Airflow's own address (``[api] base_url``). The UI does not put its path before a view's, so we do.
    """
    root = urlsplit(base_url).path.rstrip("/") + PREFIX
    return [
        {
            "name": "My reviews",
            "href": f"{root}/",
            "destination": "nav",
            "url_route": "tieout",
            "icon": f"{root}/static/icon.svg",
            "icon_dark_mode": f"{root}/static/icon_dark.svg",
        }
    ]
