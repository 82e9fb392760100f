# SPDX-License-Identifier: Apache-2.0
"""What an event of CloudTrail says of a read, and whose link it fits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.cloudtrail_records import BUCKET, KEY, ROLE, by_link, event

from tieout.audit.access_log import NotAnEvent, RecordedLinks, read_in
from tieout.audit.accesses import Use
from tieout.times import instant

AT = datetime(2026, 10, 1, 10, 0, 0, 400_000, tzinfo=UTC)


def use(**changes: Any) -> Use:
    """Return what was recorded of a link at `AT`."""
    values = {
        "grant": "examination", "firm": "Firm", "role": "auditor", "key": KEY, "version_id": "v1",
        "valid_until": instant(AT + timedelta(seconds=300)), "access_key_id": "ASIALINKS", "nda_sha256": None,
    }  # fmt: skip
    return Use.model_validate(values | changes)


def test_who_read_what_and_when() -> None:
    read = read_in(event(), BUCKET)
    assert read is not None
    assert (read.at, read.event, read.who) == (datetime(2026, 10, 1, 10, 0, 30, tzinfo=UTC), "GetObject", ROLE["arn"])
    assert (read.key, read.version_id, read.by_link, read.refused) == (KEY, "v1", False, None)
    assert (read.bytes_out, read.source, read.access_key_id) == (7759, "192.0.2.7", "ASIALINKS")


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/ann", "userName": "ann"}, "arn:aws:iam::1:user/ann"),
        ({"type": "AWSAccount", "accountId": "222", "principalId": "AIDA:ann"}, "AWSAccount 222 AIDA:ann"),
        ({"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL", "principalId": ""}, "AWSAccount ANONYMOUS_PRINCIPAL"),
        ({"type": "AWSService", "invokedBy": "athena.amazonaws.com"}, "athena.amazonaws.com"),
        ({}, "not stated"),
        (..., "not stated"),
        (None, "not stated"),
    ],
)
def test_each_kind_of_identity_is_named(identity: Any, who: str) -> None:
    read = read_in(event(userIdentity=identity), BUCKET)
    assert read is not None
    assert read.who == who


def test_a_refusal_is_one() -> None:
    read = read_in(event(errorCode="AccessDenied", errorMessage="Access Denied"), BUCKET)
    assert read is not None
    assert read.refused == "AccessDenied"


@pytest.mark.parametrize("name", ["ListObjects", "ListObjectVersions"])
def test_a_listing_says_its_prefix(name: str) -> None:
    for asked, key in (({"prefix": "manifests/"}, "manifests/"), ({}, None)):
        read = read_in(event(name, requestParameters={"bucketName": BUCKET, "list-type": "2", **asked}), BUCKET)
        assert read is not None
        assert (read.event, read.key, read.version_id) == (name, key, None)


@pytest.mark.parametrize("source", [f"/{BUCKET}/{KEY}?versionId=v1", f"{BUCKET}/{KEY.replace('=', '%3D')}?versionId=v1"])
def test_a_copy_to_elsewhere_reads_what_it_copies(source: str) -> None:
    asked = {"bucketName": "elsewhere", "key": "mine", "x-amz-copy-source": source}
    read = read_in(event("CopyObject", requestParameters=asked, readOnly=False), BUCKET)
    assert read is not None
    assert (read.key, read.version_id) == (KEY, "v1")


@pytest.mark.parametrize(
    "record",
    [
        event("PutObject", readOnly=False),
        event("GetBucketPolicy", eventCategory="Management", managementEvent=True),
        event(requestParameters={"bucketName": f"{BUCKET}-2", "key": KEY}),
        event(requestParameters=None),
        event(eventSource="kms.amazonaws.com"),
        event("CopyObject", readOnly=False),
        event("CopyObject", requestParameters={"x-amz-copy-source": f"/{BUCKET}-2/{KEY}"}, readOnly=False),
    ],
)
def test_what_is_no_read_in_the_bucket_is_left_out(record: dict[str, Any]) -> None:
    assert read_in(record, BUCKET) is None


def test_a_read_of_a_later_kind_and_one_of_an_older_release_are_reads() -> None:
    assert read_in(event("GetObjectAnnotations"), BUCKET) is not None
    assert read_in(event(eventCategory=..., managementEvent=..., readOnly=...), BUCKET) is not None


@pytest.mark.parametrize(
    "record", [{}, event(eventTime=...), event(eventTime="yesterday"), event(eventName=7), event(eventTime=5)]
)
def test_what_is_no_event_is_told_apart(record: dict[str, Any]) -> None:
    with pytest.raises(NotAnEvent):
        read_in(record, BUCKET)


def test_a_field_of_another_kind_is_told_apart() -> None:
    for name in ("requestParameters", "additionalEventData", "userIdentity"):
        with pytest.raises(NotAnEvent, match=f"{name} is no object"):
            read_in(event(**{name: ["x"]}), BUCKET)


@pytest.mark.parametrize(
    ("at", "fits"),
    [
        ("2026-10-01T09:59:59Z", False), ("2026-10-01T10:00:00Z", True), ("2026-10-01T10:05:00Z", True),
        ("2026-10-01T10:05:01Z", False),
    ],
)  # fmt: skip
def test_a_read_by_a_link_fits_what_was_recorded_while_it_was_good(at: str, fits: bool) -> None:
    links = RecordedLinks()
    links.add(use(), "person-1", AT)
    read = read_in(by_link(at), BUCKET)
    assert read is not None
    assert read.by_link
    assert links.persons(read) == (["person-1"] if fits else [])


def test_two_who_asked_for_the_same_are_both_named() -> None:
    links = RecordedLinks()
    for person in ("person-2", "person-1", "person-2"):
        links.add(use(), person, AT)
    read = read_in(by_link(), BUCKET)
    assert read is not None
    assert links.persons(read) == ["person-1", "person-2"]


@pytest.mark.parametrize("other", [{"key": KEY + "x"}, {"version_id": "v2"}, {"access_key_id": "ASIAOTHER"}])
def test_another_object_version_or_identity_fits_nothing(other: dict[str, Any]) -> None:
    links = RecordedLinks()
    links.add(use(**other), "person-1", AT)
    read = read_in(by_link(), BUCKET)
    header = read_in(event(), BUCKET)
    assert read is not None
    assert header is not None
    assert links.persons(read) == []
    links.add(use(), "person-1", AT)
    assert links.persons(header) == [], "it was no read by a link"
