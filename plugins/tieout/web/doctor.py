# SPDX-License-Identifier: Apache-2.0
"""Do those who are asked see the pages in Airflow's navigation? Under FAB that takes ``can_read`` on Plugins."""

from __future__ import annotations

from collections.abc import Iterable

from tieout.evidence.doctor.report import Check, Refusal, judge, listed, unread
from tieout.web.airflow_users import is_fab, users_by_address

_NAME, _EXPECTED = "campaigns: navigation", "owners who have a user in Airflow have can_read on Plugins"


def check_navigation(holders: Iterable[tuple[str, str]]) -> Check:
    """Check that owners see the pages in the navigation; nobody is named but by their role.

    Args:
        holders: Each holder of a role: what the role is called, and the holder's e-mail address.
    """
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    manager = init_auth_manager()
    if isinstance(manager, SimpleAuthManager):
        return judge(_NAME, _EXPECTED, "the simple auth manager shows it to everybody", holds=True)
    if not is_fab(manager):
        return unread(_NAME, _EXPECTED, Refusal(f"users of {type(manager).__name__} can not be looked up"))
    users = [(role, user) for role, address in holders for user in users_by_address(address.lower())]
    without = {role for role, user in users if not manager.is_authorized_view(access_view=AccessView.PLUGINS, user=user)}
    text = f"holders without it: {listed(without)}" if without else f"{len(users)} have a user, each with it"
    return judge(_NAME, _EXPECTED, text, holds=not without)
