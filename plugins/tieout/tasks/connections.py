# SPDX-License-Identifier: Apache-2.0
"""Stores, signers and sources of a running task: credentials come from Airflow Connections and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tieout.collectors.reach import SourceConnection
from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner, load_signer
from tieout.evidence.store import S3Store
from tieout.settings import Settings

if TYPE_CHECKING:
    from tieout.evidence.doctor import Clients
    from tieout.flows.mailer import SmtpMailer
    from tieout.slack.workspace import Workspace


def stores(settings: Settings) -> tuple[S3Store, S3Store]:
    """Return the evidence and the staging bucket, both as the writer."""
    client = _client(settings.writer_conn_id)
    return S3Store(client, settings.evidence_bucket), S3Store(client, settings.staging_bucket)


def digest_store(settings: Settings) -> S3Store:
    """Return the evidence bucket as the digest principal, who writes no evidence."""
    return S3Store(_client(settings.digest_conn_id), settings.evidence_bucket)


def responder_store(settings: Settings) -> S3Store:
    """Return the evidence bucket as the responder, who puts what people answered and nothing else.

    Raises:
        ConfigurationError: Airflow holds no such connection.
    """
    _airflow_connection(settings.responder_conn_id)  # the hook would go on without, as whoever this machine is
    return S3Store(_client(settings.responder_conn_id), settings.evidence_bucket)


def _client(conn_id: str) -> Any:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    return S3Hook(aws_conn_id=conn_id).get_conn()


def doctor_clients(settings: Settings) -> Clients:
    """Return clients of the writer for what the doctor looks at."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    from tieout.evidence.doctor import Clients

    def client(service: str) -> Any:
        return AwsBaseHook(aws_conn_id=settings.writer_conn_id, client_type=service).get_conn()

    return Clients(s3=_client(settings.writer_conn_id), **{name: client(name) for name in ("kms", "iam", "cloudtrail", "sts")})


def slack_reach(settings: Settings) -> Callable[[str], str | None] | None:
    """Return what looks an address up in Slack: it returns what keeps the person from being reached, or nothing.

    ``None`` where the settings name no connection.
    """
    if not settings.slack_conn_id:
        return None
    from airflow.providers.slack.hooks.slack import SlackHook
    from slack_sdk.errors import SlackApiError

    client = SlackHook(slack_conn_id=settings.slack_conn_id).get_conn()

    def reach(address: str) -> str | None:
        try:
            user = client.users_lookupByEmail(email=address)["user"]
        except SlackApiError as error:
            return f"Slack: {error.response.get('error', 'no answer')}"
        return "Slack: the account is deactivated" if user.get("deleted") else None

    return reach


def slack_workspace(settings: Settings) -> Workspace:
    """Return the Slack workspace that people answer in.

    Raises:
        ConfigurationError: The settings name no connection, there is none of this name, or something is absent in it.
    """
    from tieout.slack.workspace import read_workspace

    if not settings.slack_conn_id:
        msg = "Slack: expected TIEOUT_SLACK_CONN_ID to name an Airflow Connection of type slack, got nothing."
        raise ConfigurationError(msg)
    found = _airflow_connection(settings.slack_conn_id)
    return read_workspace(found.password, found.extra_dejson)


def mailer(settings: Settings) -> SmtpMailer:
    """Return the mail server that personal links are sent with: a Connection of type ``smtp`` as Airflow's SMTP provider has it.

    Its extra says ``from_email``, and ``disable_ssl`` for STARTTLS in the place of TLS from the start; with ``disable_tls`` as
    well, nothing is encrypted, which is for a server on this machine.

    Raises:
        ConfigurationError: There is none of this name, or something is absent in it.
    """
    from tieout.flows.mailer import SmtpMailer

    found = _airflow_connection(settings.mail_conn_id)
    said = found.extra_dejson
    absent = [name for name, value in (("host", found.host), ("extra from_email", said.get("from_email"))) if not value]
    if absent:
        msg = f"connection {settings.mail_conn_id!r}: expected {' and '.join(absent)}, got nothing. Add it in Airflow."
        raise ConfigurationError(msg)
    starts = bool(said.get("disable_ssl"))
    return SmtpMailer(
        host=found.host,
        port=found.port or (587 if starts else 465),
        sender=str(said["from_email"]),
        login=found.login or "",
        password=found.password or "",
        implicit_tls=not starts,
        plain=starts and bool(said.get("disable_tls")),
    )


def landing_signer(settings: Settings) -> DocumentSigner:
    """Return the key that signs landings and records.

    Raises:
        ConfigurationError: There is none, or it can not be used.
    """
    return load_signer(settings.landing_key)


def response_signer(settings: Settings) -> DocumentSigner:
    """Return the key that signs what people answered.

    Raises:
        ConfigurationError: There is none, or it can not be used.
    """
    return load_signer(settings.response_key)


def digest_signer(settings: Settings) -> DocumentSigner:
    """Return the key that signs digests.

    Raises:
        ConfigurationError: There is none, or it can not be used.
    """
    return load_signer(settings.digest_key)


class AirflowReach:
    """Hands collectors their connections out of Airflow (`tieout.collectors.reach.Reach`)."""

    def connection(self, conn_id: str) -> SourceConnection:
        """Return a connection.

        Raises:
            ConfigurationError: There is none of this name, or Airflow can not read it.
        """
        found = _airflow_connection(conn_id)
        return SourceConnection(
            id=conn_id,
            kind=found.conn_type or "",
            host=found.host or "",
            port=found.port,
            schema=found.schema or "",
            login=found.login or "",
            password=found.password or "",
            extra=found.extra_dejson,
        )

    def database(self, conn_id: str) -> Any:
        """Return a SQLAlchemy engine for a connection; it connects when it is used.

        Raises:
            ConfigurationError: There is none of this name, its type's provider is not installed, or that reaches no database.
        """
        found = _airflow_connection(conn_id)
        hook = _hook(found, conn_id)
        if not hasattr(hook, "get_sqlalchemy_engine"):
            msg = f"connection {conn_id!r}: expected one to a database, got type {found.conn_type!r}."
            raise ConfigurationError(msg)
        try:
            return hook.get_sqlalchemy_engine()
        except Exception as error:
            # Their texts may hold the address with the password.
            msg = (
                f"connection {conn_id!r}: its provider makes no SQLAlchemy engine of it ({type(error).__name__}). Check its "
                f"host, schema and extra, and that the driver of type {found.conn_type!r} is installed."
            )
            raise ConfigurationError(msg) from None

    def aws(self, conn_id: str, service: str, region: str | None = None) -> Any:
        """Return a boto3 client of an AWS service for a connection of type ``aws``.

        Raises:
            ConfigurationError: There is none of this name, or it is of another type.
        """
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        found = _airflow_connection(conn_id)
        if found.conn_type != "aws":
            msg = f"connection {conn_id!r}: expected type 'aws', got {found.conn_type!r}."
            raise ConfigurationError(msg)
        return AwsBaseHook(aws_conn_id=conn_id, client_type=service, region_name=region).get_conn()


def command_line_reach() -> AirflowReach:
    """Return the reach of a command: as Airflow's own commands do, it also asks the metadata database for connections."""
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    return AirflowReach()


def _airflow_connection(conn_id: str) -> Any:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(conn_id)
    except AirflowNotFoundException:
        msg = (
            f"connection {conn_id!r}: Airflow holds none of this name, or can not read it. Add it in Airflow, or set "
            f"AIRFLOW_CONN_{conn_id.upper()}."
        )
        raise ConfigurationError(msg) from None


def _hook(connection: Any, conn_id: str) -> Any:
    """Return the hook of a connection's type.

    Raises:
        ConfigurationError: No installed provider has one.
    """
    from airflow.sdk.exceptions import AirflowException

    try:
        return connection.get_hook()
    except (AirflowException, ImportError):
        kind = connection.conn_type
        package = f"apache-airflow-providers-{str(kind).replace('_', '-')}"
        msg = (
            f"connection {conn_id!r}: no installed Airflow provider knows type {kind!r}. Install it (for most types it is "
            f"{package}), or correct the type."
        )
        raise ConfigurationError(msg) from None
