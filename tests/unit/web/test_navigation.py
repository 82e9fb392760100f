# SPDX-License-Identifier: Apache-2.0
"""The one view that Airflow's UI shows."""

from __future__ import annotations

import pytest

from tieout.web.navigation import external_views
from tieout.web.rendering import static_files


@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        ("", ""),
        ("http://127.0.0.1:8080", ""),
        ("https://example.com/", ""),
        ("https://example.com/airflow", "/airflow"),
        ("https://example.com/deep/airflow/", "/deep/airflow"),
    ],
)
def test_the_view_is_in_the_navigation_below_airflows_own_path(base_url: str, root: str) -> None:
    [view] = external_views(base_url)
    assert view["destination"] == "nav"
    assert view["href"] == f"{root}/tieout/"
    assert view["url_route"] == "tieout"
    for icon in ("icon", "icon_dark_mode"):
        assert view[icon].removeprefix(f"{root}/tieout/static/") in static_files()
