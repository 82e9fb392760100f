# SPDX-License-Identifier: Apache-2.0
"""An object store with Object Lock and one without, as campaigns use them, and the keys that sign in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3
import pytest
from tests.simulators.memory_s3 import memory_s3
from tests.unit.campaigns.scene import Signers
from tests.unit.evidence.signed_copy import key_list_of, listed

from tieout.evidence.identities import UnlockedStore
from tieout.evidence.keys import Scope, generate_key
from tieout.evidence.store import Retention, S3Store

LOCKED, STAGING = "evidence", "staging"


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Signers:
    """Return keys that have been valid for some days."""
    folder = tmp_path_factory.mktemp("keys")
    made = {name: generate_key(folder / f"{name}.pem") for name in ("landing", "response", "stranger")}
    since = datetime.now(UTC) - timedelta(days=90)
    entries = [listed(made[name], Scope(name), valid_from=since) for name in ("landing", "response")]
    return Signers(**made, key_list=key_list_of("0" * 64, *entries))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a client of a store without buckets; making one takes a third of a second."""
    with memory_s3():
        yield boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client("s3")


_NUMBERS = count()


@pytest.fixture
def store(client: Any) -> S3Store:
    """Return an evidence bucket of the test's own."""
    bucket = f"{LOCKED}-{next(_NUMBERS)}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    return S3Store(client, bucket)


@pytest.fixture
def staging(client: Any) -> UnlockedStore:
    """Return a staging bucket of the test's own."""
    bucket = f"{STAGING}-{next(_NUMBERS)}"
    client.create_bucket(Bucket=bucket)
    return UnlockedStore(client, bucket)


@pytest.fixture
def retention() -> Retention:
    """Return a lock of a year."""
    return Retention("COMPLIANCE", datetime.now(UTC) + timedelta(days=366), "AES256", "")
