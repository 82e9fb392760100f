# SPDX-License-Identifier: Apache-2.0
"""What the api-server takes from Airflow Connections: the bucket as the responder, and the Slack workspace."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from tieout.desks import cases
from tieout.desks.campaign_desk import CampaignDesk
from tieout.errors import ConfigurationError
from tieout.evidence.keys import load_signer
from tieout.evidence.store import S3Store
from tieout.settings import Settings
from tieout.slack.workspace import Workspace, read_workspace

_WAITING: dict[str, Any] = {
    "connect_timeout": 2,
    "read_timeout": 10,
    "retries": {"mode": "standard", "total_max_attempts": 2},
    "max_pool_connections": 64,
    "user_agent": "tieout",
}
"""Somebody waits for each call, and is asked to try again after two seconds: a call that goes on for long holds up others."""


def responder_store(settings: Settings) -> S3Store:
    """Return the evidence bucket as the responder, who puts what people answered and nothing else.

    Raises:
        ConfigurationError: Airflow holds no such connection.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from botocore.config import Config

    _connection(settings.responder_conn_id)  # the hook would go on without, as whoever this machine is
    config = S3Hook(aws_conn_id=settings.responder_conn_id).config.merge(Config(**_WAITING))
    return S3Store(S3Hook(aws_conn_id=settings.responder_conn_id, config=config).get_conn(), settings.evidence_bucket)


def desk_of(settings: Settings) -> CampaignDesk:
    """Return the desk over the campaigns' ledgers, which stores answers as the responder.

    Raises:
        ConfigurationError: The settings name no root, no key of responses, or a connection that is not there.
    """
    return cases.open_desk(settings, responder_store(settings), load_signer(settings.response_key))


def slack_workspace(settings: Settings) -> Workspace:
    """Return the Slack workspace that people answer in.

    Raises:
        ConfigurationError: Airflow holds no such connection, or something is absent in it.
    """
    found = _connection(settings.slack_conn_id)
    return read_workspace(found.password, found.extra_dejson)


def _connection(conn_id: str) -> Any:
    try:
        return Connection.get(conn_id)
    except AirflowNotFoundException:
        msg = (
            f"connection {conn_id!r}: Airflow holds none of this name, or can not read it. Add it in Airflow, or set "
            f"AIRFLOW_CONN_{conn_id.upper()}."
        )
        raise ConfigurationError(msg) from None
