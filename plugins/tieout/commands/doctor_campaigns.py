# SPDX-License-Identifier: Apache-2.0
"""What ``tieout doctor --campaigns`` adds: keys, connections, Slack, and Airflow's navigation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tieout.errors import TieoutError
from tieout.settings import Settings

if TYPE_CHECKING:
    from tieout.evidence.doctor import Check
    from tieout.evidence.store import S3Store


def campaign_checks(settings: Settings, store: S3Store, now: datetime) -> tuple[Check, ...]:
    """Check what people who answer in campaigns need, with Airflow's connections, as the api-server sees them.

    Args:
        settings: The installation's.
        store: The evidence bucket, as whoever may read it.
        now: UTC.
    """
    from tieout.flows.campaign_doctor import attempted, check_keys
    from tieout.tasks.connections import command_line_reach, responder_store

    command_line_reach()

    def responder() -> str:
        responder_store(settings)
        return f"connection {settings.responder_conn_id!r}"

    checks = [*check_keys(settings, store, now)]
    checks.append(attempted("campaigns: responder", "an Airflow Connection that puts responses", responder))
    return (*checks, *_slack(settings), *_navigation(settings))


def _slack(settings: Settings) -> list[Check]:
    from tieout.evidence.doctor.report import judge
    from tieout.slack.doctor import check_workspace
    from tieout.tasks.connections import slack_workspace

    name, expected = "slack: connection", "a workspace, or none: then people answer on the pages"
    if not settings.slack_conn_id:
        return [judge(name, expected, "TIEOUT_SLACK_CONN_ID names none", holds=True)]
    try:
        workspace = slack_workspace(settings)
    except TieoutError as error:
        return [judge(name, expected, str(error), holds=False)]
    return [judge(name, expected, f"connection {settings.slack_conn_id!r}", holds=True), *check_workspace(workspace)]


def _navigation(settings: Settings) -> list[Check]:
    from tieout.criteria.scope import load_scope
    from tieout.web.doctor import check_navigation

    return [check_navigation([(owner.role, owner.email) for owner in load_scope(settings.scope_file).owners])]
