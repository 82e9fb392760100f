# SPDX-License-Identifier: Apache-2.0
"""What an event of AWS CloudTrail says of a read in the evidence bucket. Pure.

Data events of S3, as AWS documents them (CloudTrail User Guide, "CloudTrail record contents"; Amazon S3 User Guide, "CloudTrail
log file entries"): who, when, from where, which object in which version, whether by a presigned address, and what S3 answered.
A request by such an address is one of the identity that signed it: whoever had the address is not in the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from tieout.audit.accesses import Use
from tieout.times import parse_instant

READS = frozenset(
    {
        "GetObject", "GetObjectAcl", "GetObjectAttributes", "GetObjectLegalHold", "GetObjectRetention", "GetObjectTagging",
        "GetObjectTorrent", "HeadObject", "HeadBucket", "ListMultipartUploads", "ListObjects", "ListObjectsV2",
        "ListObjectVersions", "ListParts", "SelectObjectContent",
    }
)  # fmt: skip
"""Reads by name, for events that do not say themselves that they only read."""
COPIES = frozenset({"CopyObject", "UploadPartCopy"})
"""They write somewhere, and read what they copy."""
MOST_USES = 200_000
"""Recorded links that reads are matched with; further ones are left out, and it is said."""


class NotAnEvent(ValueError):
    """A record has not the fields that AWS documents."""


@dataclass(frozen=True, slots=True)
class Read:
    """One read.

    Attributes:
        at: When, by AWS; whole seconds, UTC.
        event: Its name, like ``GetObject``.
        who: ARN of the identity, or what else the event says of it.
        access_key_id: Key id that the request was signed with.
        key: The object's key; of a listing, its prefix. ``None`` where there is none.
        version_id: The version, where the request named one.
        by_link: Whether it came by a presigned address.
        refused: What S3 said instead of answering, like ``AccessDenied``; ``None`` where it answered.
        bytes_out: Bytes that S3 sent, where the event says so.
        source: Network address, or the service of AWS that asked.
        id: The event's id: an event that was delivered twice has it twice.
    """

    at: datetime
    event: str
    who: str
    access_key_id: str | None
    key: str | None
    version_id: str | None
    by_link: bool
    refused: str | None
    bytes_out: int | None
    source: str | None
    id: str | None


def event_time(record: Mapping[str, Any]) -> datetime:
    """Return when an event was.

    Raises:
        NotAnEvent: It says no time.
    """
    try:
        return parse_instant(record["eventTime"])
    except (KeyError, TypeError, ValueError):
        raise NotAnEvent("no eventTime") from None


def read_in(record: Mapping[str, Any], bucket: str) -> Read | None:
    """Return the read in a bucket that an event tells of; ``None`` where it tells of something else.

    Raises:
        NotAnEvent: It has not the fields that AWS documents.
    """
    at, name = event_time(record), record.get("eventName")
    if not isinstance(name, str):
        raise NotAnEvent("no eventName")
    if record.get("eventSource") != "s3.amazonaws.com":
        return None
    said, more = _mapping(record, "requestParameters"), _mapping(record, "additionalEventData")
    place = _copied(said, bucket) if name in COPIES else _asked(record, said, name, bucket)
    if place is None:
        return None
    size = more.get("bytesTransferredOut")
    return Read(
        at=at, event=name, who=_who(_mapping(record, "userIdentity")),
        access_key_id=_text(_mapping(record, "userIdentity").get("accessKeyId")), key=place[0], version_id=place[1],
        by_link=more.get("AuthenticationMethod") == "QueryString", refused=_text(record.get("errorCode")),
        bytes_out=int(size) if isinstance(size, (int, float)) else None, source=_text(record.get("sourceIPAddress")),
        id=_text(record.get("eventID")),
    )  # fmt: skip


def _asked(record: Mapping[str, Any], said: Mapping[str, Any], name: str, bucket: str) -> tuple[str | None, str | None] | None:
    data = record.get("eventCategory") == "Data" or record.get("managementEvent") is False
    if said.get("bucketName") != bucket or not (name in READS or (data and record.get("readOnly") is True)):
        return None
    return _text(said.get("key")) or _text(said.get("prefix")), _text(said.get("versionId"))


def _copied(said: Mapping[str, Any], bucket: str) -> tuple[str | None, str | None] | None:
    source, _, query = unquote(_text(said.get("x-amz-copy-source")) or "").lstrip("/").partition("?versionId=")
    name, _, key = source.partition("/")
    return (key, query or None) if name == bucket and key else None


def _who(identity: Mapping[str, Any]) -> str:
    for name in ("arn", "invokedBy"):
        if said := _text(identity.get(name)):
            return said
    return " ".join(filter(None, (_text(identity.get(name)) for name in ("type", "accountId", "principalId")))) or "not stated"


def _mapping(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    said = record.get(name)
    if said is not None and not isinstance(said, Mapping):
        raise NotAnEvent(f"{name} is no object")
    return said or {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


@dataclass
class RecordedLinks:
    """Links that are recorded in the bucket, by what a read by one of them shows."""

    _by_object: dict[tuple[str, str, str], list[tuple[datetime, datetime, str]]] = field(default_factory=dict)
    count: int = 0

    def add(self, use: Use, person: str, at: datetime) -> None:
        """Remember a recorded link; no more than `MOST_USES` are."""
        self.count += 1
        if self.count <= MOST_USES:
            known = self._by_object.setdefault((use.access_key_id, use.key, use.version_id), [])
            known.append((at, parse_instant(use.valid_until), person))

    def persons(self, read: Read) -> list[str]:
        """Return who had asked for a link that a read fits: identity, object, version, and time, to the event's whole second."""
        if not read.by_link or read.key is None or read.version_id is None or read.access_key_id is None:
            return []
        known: Iterable[tuple[datetime, datetime, str]] = self._by_object.get((read.access_key_id, read.key, read.version_id), ())
        return sorted({person for begins, ends, person in known if begins.replace(microsecond=0) <= read.at <= ends})
