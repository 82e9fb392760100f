# SPDX-License-Identifier: Apache-2.0
"""Stores and signers of a running task: credentials come from Airflow Connections and nowhere else."""

from __future__ import annotations

from tieout.evidence.keys import DocumentSigner, load_signer
from tieout.evidence.store import S3Store
from tieout.settings import Settings


def stores(settings: Settings) -> tuple[S3Store, S3Store]:
    """Return the evidence and the staging bucket, both as the writer."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    client = S3Hook(aws_conn_id=settings.writer_conn_id).get_conn()
    return S3Store(client, settings.evidence_bucket), S3Store(client, settings.staging_bucket)


def landing_signer(settings: Settings) -> DocumentSigner:
    """Return the key that signs landings.

    Raises:
        ConfigurationError: There is none, or it can not be used.
    """
    return load_signer(settings.landing_key)
