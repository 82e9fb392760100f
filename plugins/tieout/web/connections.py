# SPDX-License-Identifier: Apache-2.0
"""What the api-server takes from Airflow Connections: the bucket as the responder, and the Slack workspace."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from tieout.criteria.scope import time_zone_of
from tieout.desks import cases
from tieout.desks.access_desk import AccessDesk
from tieout.desks.campaign_desk import CampaignDesk
from tieout.errors import ConfigurationError
from tieout.evidence.keys import load_signer
from tieout.evidence.links import LinkSigner
from tieout.evidence.store import S3Store
from tieout.flows.campaign_people import person_of
from tieout.flows.campaigns import require_root, trusted_keys
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


def access_desk_of(settings: Settings) -> AccessDesk:
    """Return the desk of auditors' access, which records as the responder, and signs links as the identity for that.

    Raises:
        ConfigurationError: The settings name no root, or a connection that is not there.
    """
    require_root(settings)
    store = responder_store(settings)
    return AccessDesk(
        settings=settings,
        store=store,
        signer=lambda: load_signer(settings.response_key),
        links=LinkSigner(_links_client(settings), settings.evidence_bucket),
        raw=bool(settings.links_conn_id),
        keys=lambda: trusted_keys(settings, store),
        person_of=person_of(settings),
        zone=ZoneInfo(time_zone_of(settings.scope_file)),
        now=lambda: datetime.now(UTC),
    )


def _links_client(settings: Settings) -> Any:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from botocore.config import Config

    conn_id = settings.links_conn_id or settings.responder_conn_id
    _connection(conn_id)
    # At DEBUG it would log what a link is made of.
    logging.getLogger("botocore.auth").setLevel(logging.INFO)
    config = S3Hook(aws_conn_id=conn_id).config.merge(Config(**_WAITING, signature_version="s3v4"))
    return S3Hook(aws_conn_id=conn_id, config=config).get_conn()


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
