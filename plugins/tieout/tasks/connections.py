# SPDX-License-Identifier: Apache-2.0
"""Stores and signers of a running task: credentials come from Airflow Connections and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tieout.evidence.keys import DocumentSigner, load_signer
from tieout.evidence.store import S3Store
from tieout.settings import Settings

if TYPE_CHECKING:
    from tieout.evidence.doctor import Clients


def stores(settings: Settings) -> tuple[S3Store, S3Store]:
    """Return the evidence and the staging bucket, both as the writer."""
    client = _client(settings.writer_conn_id)
    return S3Store(client, settings.evidence_bucket), S3Store(client, settings.staging_bucket)


def digest_store(settings: Settings) -> S3Store:
    """Return the evidence bucket as the digest principal, who writes no evidence."""
    return S3Store(_client(settings.digest_conn_id), settings.evidence_bucket)


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


def landing_signer(settings: Settings) -> DocumentSigner:
    """Return the key that signs landings and records.

    Raises:
        ConfigurationError: There is none, or it can not be used.
    """
    return load_signer(settings.landing_key)


def digest_signer(settings: Settings) -> DocumentSigner:
    """Return the key that signs digests.

    Raises:
        ConfigurationError: There is none, or it can not be used.
    """
    return load_signer(settings.digest_key)
