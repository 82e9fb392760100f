# SPDX-License-Identifier: Apache-2.0
"""The rim: an S3 bucket, spoken to in single puts, with lock, checksum and condition on each.

pyarrow's and s3fs's filesystems write multipart and drop lock and condition silently, so nothing is written through them.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from tieout.errors import CannotCheck, ConfigurationError, LandingConflict, StoreUnavailable
from tieout.evidence.dsse import MAX_DOCUMENT_BYTES

MAX_PUT_BYTES = 1024**3
"""One object is one put of at most 1 GiB: a multipart upload has only a composite SHA-256."""
_BLOCK = 1024 * 1024
_ABSENT = {"NoSuchKey", "NoSuchVersion", "404", "NotFound", "MethodNotAllowed"}
_REFUSED = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "Forbidden"}


@dataclass(frozen=True, slots=True)
class Retention:
    """How long an object stays locked, and how it is encrypted. ``until`` is cut to whole seconds: stores keep no more."""

    mode: str
    until: datetime
    sse: str
    sse_key_id: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "until", self.until.replace(microsecond=0))


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of a key, or one delete marker, as the store lists it."""

    key: str
    version_id: str
    last_modified: datetime
    is_latest: bool
    is_delete_marker: bool
    size: int


def oldest(versions: Sequence[ObjectVersion]) -> ObjectVersion | None:
    """Return the oldest version among those of one key, in the order in which the store lists them: the one that landed."""
    stored = [version for version in versions if not version.is_delete_marker]
    # A store's clock has seconds; among equals the listing gives the newest first.
    found = min(enumerate(stored), key=lambda item: (item[1].last_modified, -item[0]), default=None)
    return found[1] if found else None


def first_version(versions: Sequence[ObjectVersion]) -> str | None:
    """Return the id of the oldest version among those of one key."""
    version = oldest(versions)
    return version.version_id if version else None


@dataclass(frozen=True, slots=True)
class LockState:
    """Lock of one version, as the store tells it; ``None`` where it has none."""

    mode: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Description:
    """What the store says of one version without sending it: size, the SHA-256 it keeps, and the lock that may be seen."""

    size: int
    sha256: str | None
    """Of the whole object; ``None`` where the store keeps none, or only one over the parts of a multipart upload."""
    lock: LockState


class S3Store:
    """One bucket. Every method raises `StoreUnavailable` when the store does not answer, and `ConfigurationError` when it
    refuses the identity."""  # noqa: D205, D209

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def put_locked(self, key: str, source: Path | bytes, sha256: str, retention: Retention) -> str:
        """Store a file, or bytes, as a new, locked object, and return its VersionId.

        Running it again with the same bytes stores nothing and returns the VersionId that stands.

        Raises:
            LandingConflict: The key holds other bytes, or the file is larger than `MAX_PUT_BYTES`.
        """
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > MAX_PUT_BYTES:
            msg = f"{key}: expected at most {MAX_PUT_BYTES} bytes in one put, got {size}. Lower TIEOUT_PART_ROWS."
            raise LandingConflict(msg)
        arguments = {
            "Bucket": self.bucket,
            "Key": key,
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": base64.b64encode(bytes.fromhex(sha256)).decode(),
            "IfNoneMatch": "*",
            "ObjectLockMode": retention.mode,
            "ObjectLockRetainUntilDate": retention.until,
            "ServerSideEncryption": retention.sse,
        }
        if retention.sse_key_id:
            arguments["SSEKMSKeyId"] = retention.sse_key_id
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            # What is in memory is sent at once; of a file, botocore asks the store first whether it would take it.
            body = file.read() if size <= _BLOCK else file
            try:
                answer = self._client.put_object(Body=body, **arguments)
            except Exception as error:
                if _code(error) in ("PreconditionFailed", "412"):
                    return self._adopt(key, sha256)
                self._raise(error, key)
        version = answer.get("VersionId")
        if not version:
            msg = f"bucket {self.bucket!r}: it gave no VersionId. Evidence needs a bucket with versioning and Object Lock."
            raise ConfigurationError(msg)
        return str(version)

    def _adopt(self, key: str, sha256: str) -> str:
        """Return the version of a key that already holds the bytes: what a killed task left, or its twin wrote."""
        for version in sorted(self.versions(key), key=lambda version: version.last_modified):
            if version.key == key and not version.is_delete_marker and self.sha256(key, version.version_id)[0] == sha256:
                return version.version_id
        msg = f"s3://{self.bucket}/{key}: it holds other bytes than these (SHA-256 {sha256}). Nothing was written over it."
        raise LandingConflict(msg)

    def put(self, key: str, source: Path) -> None:
        """Store a file without a lock; only the staging bucket takes such."""
        with source.open("rb") as body:
            try:
                self._client.put_object(Bucket=self.bucket, Key=key, Body=body)
            except Exception as error:
                self._raise(error, key)

    def chunks(self, key: str, version_id: str | None = None) -> Iterator[bytes] | None:
        """Return an object's bytes piece by piece, or ``None`` if there is no such object or version."""
        pinned = {"VersionId": version_id} if version_id else {}
        try:
            body = self._client.get_object(Bucket=self.bucket, Key=key, **pinned)["Body"]
        except Exception as error:
            if _code(error) in _ABSENT:
                return None
            self._raise(error, key)
        return self._pieces(key, body)

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Return a document's bytes, or ``None`` if it is not there.

        Raises:
            CannotCheck: It is larger than any signed document may be.
        """
        chunks = self.chunks(key, version_id)
        if chunks is None:
            return None
        data = bytearray()
        for chunk in chunks:
            data += chunk
            if len(data) > MAX_DOCUMENT_BYTES:
                msg = f"{key}: expected a document of at most {MAX_DOCUMENT_BYTES} bytes."
                raise CannotCheck(msg)
        return bytes(data)

    def _pieces(self, key: str, body: Any) -> Iterator[bytes]:
        try:
            yield from body.iter_chunks(_BLOCK)
        except Exception as error:
            self._raise(error, key)

    def piece(self, key: str, version_id: str | None, start: int, length: int) -> bytes:
        """Return some bytes of an object: at most ``length`` from ``start``.

        Raises:
            StoreUnavailable: There is no such object or version any more.
        """
        pinned = {"VersionId": version_id} if version_id else {}
        try:
            body = self._client.get_object(Bucket=self.bucket, Key=key, Range=f"bytes={start}-{start + length - 1}", **pinned)[
                "Body"
            ]
            data: bytes = body.read()
        except Exception as error:
            self._raise(error, key)
        return data

    def download(self, key: str, target: Path, sha256: str) -> None:
        """Fetch an object into a file, and check that it is what was announced.

        Raises:
            StoreUnavailable: There is no such object.
            LandingConflict: It holds other bytes.
        """
        chunks = self.chunks(key)
        if chunks is None:
            msg = f"s3://{self.bucket}/{key}: expected it from the task before; it is not there. Clear that task to run it again."
            raise StoreUnavailable(msg)
        digest = hashlib.sha256()
        with target.open("wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != sha256:
            msg = f"s3://{self.bucket}/{key}: expected SHA-256 {sha256}, got {digest.hexdigest()}: changed since."
            raise LandingConflict(msg)

    def sha256(self, key: str, version_id: str | None) -> tuple[str | None, int]:
        """Return the SHA-256 of an object's bytes, read in full, and their number; ``None`` if it is not there."""
        chunks = self.chunks(key, version_id)
        if chunks is None:
            return None, 0
        digest, size = hashlib.sha256(), 0
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
        return digest.hexdigest(), size

    def versions(self, prefix: str) -> list[ObjectVersion]:
        """List every version and delete marker under a prefix."""
        found = []
        try:
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix):
                found += [_version(entry, marker=False) for entry in page.get("Versions", [])]
                found += [_version(entry, marker=True) for entry in page.get("DeleteMarkers", [])]
        except Exception as error:
            self._raise(error, prefix)
        return found

    def keys(self, prefix: str) -> list[str]:
        """List the current keys under a prefix."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        except Exception as error:
            self._raise(error, prefix)

    def describe(self, key: str, version_id: str | None) -> Description | None:
        """Return what the store says of a version, in one request; ``None`` if it is not there."""
        pinned = {"VersionId": version_id} if version_id else {}
        try:
            answer = self._client.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED", **pinned)
        except Exception as error:
            if _code(error) in _ABSENT:
                return None
            self._raise(error, key)
        checksum = answer.get("ChecksumSHA256")
        whole = checksum if checksum and "-" not in checksum and answer.get("ChecksumType") != "COMPOSITE" else None
        return Description(
            size=answer["ContentLength"],
            sha256=base64.b64decode(whole).hex() if whole else None,
            lock=LockState(answer.get("ObjectLockMode"), answer.get("ObjectLockRetainUntilDate")),
        )

    def lock(self, key: str, version_id: str) -> LockState | None:
        """Return the lock of a version, or ``None`` if this identity may not see it."""
        try:
            answer = self._client.get_object_retention(Bucket=self.bucket, Key=key, VersionId=version_id)
        except Exception as error:
            if _code(error) in ("NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"):
                return LockState(None, None)
            if _code(error) in _REFUSED:
                return None
            self._raise(error, key)
        return LockState(answer["Retention"].get("Mode"), answer["Retention"].get("RetainUntilDate"))

    def legal_hold(self, key: str, version_id: str) -> bool | None:
        """Return whether a version is on legal hold, or ``None`` if this identity may not see it."""
        try:
            answer = self._client.get_object_legal_hold(Bucket=self.bucket, Key=key, VersionId=version_id)
        except Exception as error:
            if _code(error) in ("NoSuchObjectLegalHold", "NoSuchObjectLockConfiguration"):
                return False
            if _code(error) in _REFUSED:
                return None
            self._raise(error, key)
        return bool(answer["LegalHold"].get("Status") == "ON")

    def set_legal_hold(self, key: str, version_id: str, *, on: bool) -> None:
        """Hold a version, which nobody can then delete however long its retention is, or release it; its retention stays."""
        status = {"Status": "ON" if on else "OFF"}
        try:
            self._client.put_object_legal_hold(Bucket=self.bucket, Key=key, VersionId=version_id, LegalHold=status)
        except Exception as error:
            self._raise(error, key)

    def _raise(self, error: Exception, key: str) -> NoReturn:
        code = _code(error)
        if code in _REFUSED:
            msg = (
                f"s3://{self.bucket}/{key}: the store refused this identity ({code}). Check the connection and the role's policy."
            )
            raise ConfigurationError(msg) from error
        if code is None and not type(error).__module__.startswith(("botocore", "urllib3")):
            raise error
        msg = f"s3://{self.bucket}/{key}: the store did not answer as expected ({code or type(error).__name__})."
        raise StoreUnavailable(msg) from error


def _code(error: Exception) -> str | None:
    response = getattr(error, "response", None)
    return str(response["Error"].get("Code")) if isinstance(response, dict) and "Error" in response else None


def _version(entry: dict[str, Any], *, marker: bool) -> ObjectVersion:
    return ObjectVersion(
        key=entry["Key"],
        version_id=entry["VersionId"],
        last_modified=entry["LastModified"],
        is_latest=entry["IsLatest"],
        is_delete_marker=marker,
        size=entry.get("Size", 0),
    )


def client_from_environment(endpoint_url: str | None = None) -> Any:
    """Return an S3 client from the AWS credential chain, with path addressing, bounded time-outs and five tries."""
    import boto3
    from botocore.config import Config

    config = Config(
        s3={"addressing_style": "path" if endpoint_url else "auto"},
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 5},
        max_pool_connections=16,
    )
    # A session of its own: the default one would keep the credentials of whoever asked first.
    return boto3.session.Session().client("s3", endpoint_url=endpoint_url, config=config)
