# SPDX-License-Identifier: Apache-2.0
"""The ledger of a campaign in the evidence bucket, read: responses and records, each checked, folded as they come.

1. Each key is read once, in its oldest version: what landed there.
2. A document counts if it is signed by who may sign it, for its place, and about when the store received it; what is malformed,
   of a later version, or signed by nobody who may, is kept and counted as unread.
3. Nothing is taken in while a read fails: the next refresh reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import Any

from tieout.campaigns import answers, statements
from tieout.campaigns.answers import OF_CAMPAIGN
from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Event, Unread
from tieout.campaigns.folding import Folding
from tieout.campaigns.state import State
from tieout.errors import CannotCheck, LandingConflict, Missing, Tampered, VerificationError
from tieout.evidence.key_list import KeyList
from tieout.evidence.layout import MANIFEST_SUFFIX, RECORD_SUFFIX, Class, Place, class_of
from tieout.evidence.records import Record, RecordKind, check_record
from tieout.evidence.responses import check_response
from tieout.evidence.signed import Received
from tieout.evidence.store import ObjectVersion, S3Store, oldest

_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Opened:
    """That a campaign was opened: when, by whom, and the sealed definition (`tieout.campaigns.sealed.from_document`)."""

    campaign: str
    at: datetime
    by: str
    key: str
    document: Mapping[str, Any]


def opened_campaign(store: S3Store, key_list: KeyList, place: Place, campaign: str) -> Opened | None:
    """Return a campaign of a slot, in two requests; ``None`` where it has not been opened.

    Raises:
        VerificationError: Its record is not as it was signed, or can not be read: nothing may be asked in its name.
        StoreUnavailable: The store did not answer; run it again.
    """
    key = statements.opening_key(place, campaign)
    first = oldest([version for version in store.versions(key) if version.key == key])
    if first is None:
        return None
    found = _opened(_record(store, key_list, first))
    if found is None or found.campaign != campaign:
        msg = f"{key}: expected the record of the opening of campaign {campaign}, got another one. Run tieout verify."
        raise CannotCheck(msg)
    return found


def _opened(record: Record) -> Opened | None:
    facts = record.facts
    if record.kind is not RecordKind.CAMPAIGN_OPENED or not isinstance(facts.get("definition"), dict):
        return None
    return Opened(str(facts.get("campaign")), record.at, record.by, record.key, facts["definition"])


class Ledger:
    """What the bucket says of one campaign, as of the last refresh.

    Several threads may share one: whoever asks `state` more than one thing holds `lock` meanwhile.

    Args:
        definition: The campaign's.
        store: The evidence bucket, as an identity that may read it.
        key_list: A checked key list.
    """

    def __init__(self, definition: Definition, store: S3Store, key_list: KeyList) -> None:
        self.definition = definition
        self.lock = RLock()
        self.opened = False
        """Whether the record of the campaign's opening has been read."""
        self.results: dict[str, Record] = {}
        """What was put before whoever signs off, as it was recorded, by the records' ids; it is no part of the state."""
        self._store = store
        self._key_list = key_list
        self._place = statements.place_of(definition)
        self._folding = Folding(definition)
        self._keys: dict[str, str] = {}

    @property
    def events(self) -> Mapping[str, Event]:
        """All that has been read, by id, whether it counts or not."""
        return self._folding.events

    def key_of(self, event: str) -> str | None:
        """Return where the document of an event stands; ``None`` where it has not been read."""
        return self._keys.get(event)

    @property
    def state(self) -> State:
        """Where the campaign stands, as of the last refresh."""
        return self._folding.state

    def refresh(self, assignment: str | None = None) -> tuple[Event, ...]:
        """Read what has come since the last time, and return it.

        Args:
            assignment: Read only the responses to this one: one listing, however many responses there are to others. With
                `OF_CAMPAIGN`, those that are about the whole campaign, and the records.

        Raises:
            LandingConflict: The campaign was opened with another definition.
            StoreUnavailable: The store did not answer; nothing was taken in; run it again.
        """
        prefix = self._place.responses_of(self.definition.campaign, assignment or "")
        listed = _firsts(self._store, prefix, Class.RESPONSE)
        if assignment in (None, OF_CAMPAIGN):
            listed |= _firsts(self._store, self._place.manifests_of(statements.SYSTEM), Class.RECORD)
        with self.lock:
            fresh = [version for key, version in listed.items() if self._keys.get(_name(key)) != key]
        if not fresh:
            return ()
        with ThreadPoolExecutor(min(_WORKERS, len(fresh))) as pool:
            events = [event for event in pool.map(self._read, fresh) if event is not None]
        with self.lock:
            self._see(version.key for version in fresh)
            self._folding.add(events)
        return tuple(events)

    def add(self, key: str, event: Event) -> None:
        """Take in an event that this process has stored itself, so that it need not be read."""
        with self.lock:
            self._see([key])
            self._folding.add([event])

    def _see(self, keys: Iterable[str]) -> None:
        self._keys.update((_name(key), key) for key in keys)

    def _read(self, version: ObjectVersion) -> Event | None:
        read: Callable[[ObjectVersion], Event | None]
        read = self._response if class_of(version.key) is Class.RESPONSE else self._statement
        try:
            return read(version)
        except VerificationError as error:
            reason = next(word for kind, word in _OUTCOMES if isinstance(error, kind))
            return Unread(id=_name(version.key), at=version.last_modified, by="unknown", key=version.key, reason=reason)

    def _response(self, version: ObjectVersion) -> Event:
        data = _data(self._store, version)
        received = Received(version.last_modified)
        response, _, _ = check_response(data, version.key, self._key_list, self._store.bucket, received)
        if response.id != _name(version.key):
            msg = f"{version.key}: expected the id that its content has, {response.id}."
            raise Tampered(msg)
        return answers.event_of(response)

    def _statement(self, version: ObjectVersion) -> Event | None:
        record = _record(self._store, self._key_list, version)
        campaign = self.definition.campaign
        if record.kind is RecordKind.CAMPAIGN_OPENED and record.facts.get("campaign") == campaign:
            self._check_opening(record)
        if record.kind is RecordKind.RESULT and record.facts.get("campaign") == campaign:
            self.results[record.id] = record
        return statements.event_of(record, campaign)

    def _check_opening(self, record: Record) -> None:
        if record.facts.get("definition_sha256") != self.definition.sha256:
            msg = (
                f"{record.key}: campaign {self.definition.campaign} was opened with another definition. "
                "Read it from this record and from the landings that it names, or open a campaign of another name."
            )
            raise LandingConflict(msg)
        self.opened = True


_OUTCOMES = ((Tampered, "tampered"), (Missing, "missing"), (CannotCheck, "cannot check"), (VerificationError, "cannot check"))


def _firsts(store: S3Store, prefix: str, kind: Class) -> dict[str, ObjectVersion]:
    """Return the oldest version of each key of a kind under a prefix."""
    versions: dict[str, list[ObjectVersion]] = {}
    for version in store.versions(prefix):
        if class_of(version.key) is kind:
            versions.setdefault(version.key, []).append(version)
    return {key: first for key, found in versions.items() if (first := oldest(found))}


def _record(store: S3Store, key_list: KeyList, version: ObjectVersion) -> Record:
    received = Received(version.last_modified)
    return check_record(_data(store, version), version.key, key_list, store.bucket, received)[0]


def _data(store: S3Store, version: ObjectVersion) -> bytes:
    data = store.read(version.key, version.version_id)
    if data is None:
        msg = f"{version.key}: listed and not there."
        raise Missing(msg)
    return data


def _name(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(RECORD_SUFFIX).removesuffix(MANIFEST_SUFFIX)
