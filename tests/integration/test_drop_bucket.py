# SPDX-License-Identifier: Apache-2.0
"""Objects dropped into a bucket of a real store: found by prefix and pattern, with version, ETag, owner and metadata."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.stack import Store
from tests.unit.change_csv import line, text
from tests.unit.collectors.findings import prowler
from tieout.collectors import object_drop, ocsf
from tieout.collectors.drop_files import find_drop
from tieout.collectors.frame import Frame
from tieout.collectors.reach import NoReach
from tieout.criteria.controls import SystemSource
from tieout.criteria.periods import WindowKind, window
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.local.installation import STAGING_BUCKET
from tieout.settings import Settings

pytestmark = pytest.mark.integration


class Connections(NoReach):
    """Hands out one client under the name ``drop``."""

    def __init__(self, client: Any) -> None:
        """Hand out this client."""
        self._client = client

    def aws(self, conn_id: str, service: str, region: str | None = None) -> Any:
        """Return the client."""
        assert (conn_id, service, region) == ("drop", "s3", None)
        return self._client


class Bucket:
    """A prefix of the staging bucket, for one test."""

    def __init__(self, store: Store, folder: Path) -> None:
        """Take a prefix that nobody else uses."""
        self._store, self._folder = store, folder
        self.client = store.client("admin")
        self.prefix = f"drop-{uuid.uuid4().hex}/"

    def put(self, name: str, content: str, **metadata: str) -> None:
        """Drop an object."""
        self.client.put_object(Bucket=STAGING_BUCKET, Key=f"{self.prefix}{name}", Body=content.encode(), Metadata=metadata)

    def frame(self, path: str | None = None, client: Any = None, **parameters: Any) -> Frame:
        """Return a frame that reads the prefix."""
        path = f"s3://{STAGING_BUCKET}/{self.prefix}" if path is None else path
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        source = SystemSource(
            system="shop", collector="object_drop", parameters={"path": path, "connection": "drop", **parameters}
        )
        settings = Settings(home=self._folder, environment="test")
        month = window(WindowKind.MONTHLY, "2026-03", ZoneInfo("UTC"))
        return Frame(settings, source, month, folder, Connections(client or self.client))


@pytest.fixture
def bucket(store: Store, tmp_path: Path) -> Bucket:
    """Return a prefix of its own."""
    return Bucket(store, tmp_path)


def test_objects_are_read_with_all_that_the_store_tells(bucket: Bucket) -> None:
    bucket.put("t-2026-03.csv", text(line(1), line(2)), uploader="nightly-export")
    bucket.put("t-2026-04.csv", text(line(3)))
    bucket.put("old/t-2026-03.csv", text(line(4)))
    frame = bucket.frame(pattern="t-{window}.csv")
    rows = [row for table in object_drop.collect(frame) for row in table.to_pylist()]
    assert [row["_position"] for row in rows] == [2, 3]
    assert frame.statement
    said = frame.statement.parameters[f"s3://{STAGING_BUCKET}/{bucket.prefix}t-2026-03.csv"]
    assert re.search(r"2 rows, \d+ bytes, SHA-256 [0-9a-f]{64}, version .+, ETag \"[0-9a-f]+\", \d+ bytes, modified 20\S+Z", said)
    assert re.search(r"owner \S+, x-amz-meta-uploader nightly-export$|owner not told by the store, x-amz-meta-uploader", said)
    assert frame.statement.credential == "Airflow connection drop"
    assert frame.statement.location == f"s3://{STAGING_BUCKET}/{bucket.prefix}t-2026-03.csv"
    assert [file.name for file in find_drop(bucket.frame(pattern="*/*.csv")).files] == [
        f"s3://{STAGING_BUCKET}/{bucket.prefix}old/t-2026-03.csv"
    ]


def test_one_key_is_one_object_and_a_control_total_stands_beside_it(bucket: Bucket) -> None:
    bucket.put("t.csv", text(line(1)))
    bucket.put("t.csv.count", "1\n")
    bucket.put("t.csv.old", "")
    frame = bucket.frame(f"s3://{STAGING_BUCKET}/{bucket.prefix}t.csv", control_total=True)
    assert sum(table.num_rows for table in object_drop.collect(frame)) == 1
    assert frame.second_count
    assert frame.second_count.independence == "other endpoint"


def test_findings_are_read_from_a_bucket(bucket: Bucket) -> None:
    bucket.put("prowler.ocsf.json", json.dumps([prowler(1), prowler(2)]))
    assert sum(table.num_rows for table in ocsf.collect(bucket.frame())) == 2


def test_what_is_not_there_or_may_not_be_read_is_said(bucket: Bucket, store: Store) -> None:
    bucket.put("a.csv", text(line(1)))
    with pytest.raises(SourceUnavailable, match=r"expected a file named 't-2026-03\.csv', there is a\.csv\. Drop the file there"):
        list(object_drop.collect(bucket.frame(pattern="t-{window}.csv")))
    with pytest.raises(ConfigurationError, match=r"s3://no-such-bucket/: the store refused \(NoSuchBucket\)"):
        list(object_drop.collect(bucket.frame("s3://no-such-bucket")))
    with pytest.raises(ConfigurationError, match=r"the store refused \(AccessDenied\)"):
        list(object_drop.collect(bucket.frame(client=store.client("digest"))))


def test_an_object_that_changed_after_it_was_listed_may_be_read_later(bucket: Bucket) -> None:
    bucket.put("a.csv", text(line(1)))
    (file,) = find_drop(bucket.frame()).files
    bucket.put("a.csv", text(line(2)))
    with pytest.raises(SourceUnavailable, match=r"a\.csv: the object changed after it was listed \(PreconditionFailed\)"):
        list(file.chunks())
