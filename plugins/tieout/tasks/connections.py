# SPDX-License-Identifier: Apache-2.0
"""Stores and signers of a running task: credentials come from Airflow Connections and nowhere else."""

from __future__ import annotations

from typing import Any

from tieout.evidence.keys import DocumentSigner, load_signer
from tieout.evidence.store import S3Store
from tieout.settings import Settings


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
