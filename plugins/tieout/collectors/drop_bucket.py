# SPDX-License-Identifier: Apache-2.0
"""Objects that somebody, or something, dropped into a bucket: those of a prefix, or one key, and what the store tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tieout.collectors.drop_files import Drop, chosen
from tieout.collectors.frame import Frame
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.times import instant

_BLOCK = 1024 * 1024
_REFUSED = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "Forbidden"}
_CHANGED = {"PreconditionFailed", "412", "NoSuchKey", "404"}


@dataclass(slots=True)
class BucketFile:
    """One object, read at the version that was listed."""

    client: Any
    bucket: str
    key: str
    etag: str | None
    owner: str | None
    _answer: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the record and errors call it."""
        return f"s3://{self.bucket}/{self.key}"

    def chunks(self) -> Iterator[bytes]:
        """Read it piece by piece.

        Raises:
            ConfigurationError: The connection may not read it.
            SourceUnavailable: The store did not answer, or the object has changed since it was listed.
        """
        condition = {} if self.etag is None else {"IfMatch": self.etag}
        with _explained(self.name):
            self._answer = self.client.get_object(Bucket=self.bucket, Key=self.key, **condition)
            yield from self._answer["Body"].iter_chunks(_BLOCK)

    def facts(self) -> str:
        """Return version, ETag, size, time, owner and the metadata that its uploader gave."""
        answer = self._answer
        said = [
            f"version {answer.get('VersionId', 'none: the bucket keeps no versions')}",
            f"ETag {answer['ETag']}",
            f"{answer['ContentLength']} bytes",
            f"modified {instant(answer['LastModified'])}",
            f"owner {self.owner or 'not told by the store'}",
        ]
        return ", ".join([*said, *(f"x-amz-meta-{name} {value}" for name, value in sorted(answer["Metadata"].items()))])

    def beside(self, suffix: str) -> BucketFile:
        """Return the object of the same name with a further suffix."""
        return BucketFile(self.client, self.bucket, f"{self.key}{suffix}", None, None)


def find_in_bucket(frame: Frame, path: str) -> Drop:
    """Return the objects that a window reads: those of the prefix that fit, or the one whose key the path is.

    Raises:
        ConfigurationError: Path or connection is wrong, or the connection may not list the bucket.
        SourceUnavailable: The store did not answer, or no object fits.
    """
    bucket, _, prefix = path.removeprefix("s3://").partition("/")
    if not bucket:
        msg = f"system {frame.source.system!r}: parameter 'path': expected s3://bucket/prefix/, got {path!r}."
        raise ConfigurationError(msg)
    connection = frame.parameter("connection", str)
    client = frame.reach.aws(connection, "s3")
    listed = _list(client, bucket, prefix)
    files = tuple(
        BucketFile(client, bucket, key, listed[key].get("ETag"), _owner(listed[key]))
        for key in ([prefix] if prefix in listed else _chosen(frame, listed, prefix, path))
    )
    return Drop(
        location=files[0].name if len(files) == 1 else path,
        files=files,
        credential=f"Airflow connection {connection}",
        read_only_proof="none: only ListObjectsV2 and GetObject were called; what else the connection may do was not asked",
    )


def _chosen(frame: Frame, listed: dict[str, dict[str, Any]], prefix: str, path: str) -> list[str]:
    if prefix and not prefix.endswith("/"):
        prefix = f"{prefix}/"
    there = [key.removeprefix(prefix) for key in listed if key.startswith(prefix) and not key.endswith("/")]
    return [f"{prefix}{name}" for name in chosen(frame, there, path)]


def _list(client: Any, bucket: str, prefix: str) -> dict[str, dict[str, Any]]:
    with _explained(f"s3://{bucket}/{prefix}"):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, FetchOwner=True)
        return {entry["Key"]: entry for page in pages for entry in page.get("Contents", ())}


def _owner(entry: dict[str, Any]) -> str | None:
    owner = entry.get("Owner", {})
    return owner.get("DisplayName") or owner.get("ID") or None


@contextmanager
def _explained(name: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _REFUSED:
            msg = f"{name}: the store refused ({code}). Correct the path, or let the connection list and read there."
            raise ConfigurationError(msg) from error
        if code in _CHANGED:
            msg = f"{name}: the object changed after it was listed ({code}). Run the window again."
            raise SourceUnavailable(msg) from error
        msg = f"{name}: the store did not answer: {code}. Run the window again."
        raise SourceUnavailable(msg) from error
    except BotoCoreError as error:  # also a body that ends before its stated length
        msg = f"{name}: the store did not answer, or not completely: {type(error).__name__}. Run the window again."
        raise SourceUnavailable(msg) from error
