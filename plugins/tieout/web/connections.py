# SPDX-License-Identifier: Apache-2.0
"""What the api-server takes from Airflow Connections: the bucket as the responder, and the Slack workspace."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from tieout.errors import ConfigurationError
from tieout.evidence.store import S3Store
from tieout.settings import Settings
from tieout.slack.workspace import Workspace, read_workspace


def responder_store(settings: Settings) -> S3Store:
    """Return the evidence bucket as the responder, who puts what people answered and nothing else.

    Raises:
        ConfigurationError: Airflow holds no such connection.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    _connection(settings.responder_conn_id)  # the hook would go on without, as whoever this machine is
    return S3Store(S3Hook(aws_conn_id=settings.responder_conn_id).get_conn(), settings.evidence_bucket)


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
