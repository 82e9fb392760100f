# SPDX-License-Identifier: Apache-2.0
"""What several commands share: which bucket, as whom, and text that can not steer a terminal."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.evidence.sources import Evidence
    from tieout.evidence.store import S3Store

F = TypeVar("F", bound=Callable[..., Any])


def bucket_options(command: F) -> F:
    """Add ``--bucket`` and ``--endpoint-url`` to a command."""
    endpoint = click.option("--endpoint-url", help="S3 endpoint, where it is not AWS; default: AWS_ENDPOINT_URL_S3.")
    bucket = click.option(
        "--bucket", help="Evidence bucket; default: TIEOUT_EVIDENCE_BUCKET. Credentials come from the AWS chain."
    )
    return bucket(endpoint(command))


def open_store(bucket: str | None, endpoint_url: str | None) -> S3Store:
    """Return the evidence bucket, as whoever the AWS credential chain says."""
    from tieout.evidence.store import S3Store, client_from_environment

    endpoint = endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3")
    return S3Store(client_from_environment(endpoint), bucket or from_environment().evidence_bucket)


def evidence_options(command: F) -> F:
    """Add ``--bucket``, ``--endpoint-url``, ``--copy`` and ``--root`` to a command that reads evidence from either."""
    return where_options(click.option("--root", help="The root key's fingerprint, as received outside the bucket.")(command))


def where_options(command: F) -> F:
    """Add ``--bucket``, ``--endpoint-url`` and ``--copy`` to a command that reads evidence from either and checks nothing."""
    copy = click.option(
        "--copy", "copy_folder", type=click.Path(path_type=Path), help="A copied folder instead of a bucket; offline."
    )
    return bucket_options(copy(command))


def open_evidence(bucket: str | None, endpoint_url: str | None, copy_folder: Path | None) -> Evidence:
    """Return the evidence that the options of `evidence_options` name.

    Raises:
        UsageError: Both are named, or there is no such folder.
    """
    from tieout.evidence.sources import Bucket, Copy

    if copy_folder is None:
        return Bucket(open_store(bucket, endpoint_url))
    if bucket:
        raise click.UsageError("--copy and --bucket exclude each other.")
    if not copy_folder.is_dir():
        raise click.UsageError(f"--copy {copy_folder}: there is no such folder.")
    return Copy(copy_folder)


def printable(text: str) -> str:
    """Return a text with every control character written out: names in a hostile copy must not steer a terminal."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
