# SPDX-License-Identifier: Apache-2.0
"""The events of a campaign's task as signed records beside the manifests of its window, and back.

campaign opened    the sealed definition; once
campaign notice    up to `AT_ONCE` notices, before the first of them is sent
cancelled          who cancelled it, and why
campaign closed    what it came to, and all that it has heard
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Cancelled, Closed, Event, Notice, Noticed, NoticeKind
from tieout.campaigns.items import canonical
from tieout.campaigns.leftovers import Closing
from tieout.campaigns.sealed import as_document
from tieout.errors import CannotCheck
from tieout.evidence.layout import Place
from tieout.evidence.records import Record, RecordKind
from tieout.times import instant, parse_instant

VERSION = 1
SYSTEM = "all"
"""System that records of a campaign are under."""
AT_ONCE = 100
"""Notices of one record."""
_OPENED = "opened"
_ITEMS_AT_ONCE = 200_000
"""Items that the notices of one record name: a signed document is bounded."""


def place_of(definition: Definition) -> Place:
    """Return the slot that a campaign's records stand in."""
    return Place(definition.observation_period, definition.control, definition.window)


def opening_key(place: Place, campaign: str) -> str:
    """Return where the record of a campaign's opening stands, or will stand."""
    once = {"once": _once(campaign, _OPENED)}
    at = datetime.fromtimestamp(0, UTC)  # no part of its id
    return Record(place=place, kind=RecordKind.CAMPAIGN_OPENED, system=SYSTEM, reason="", by="", at=at, facts=once).key


def opened(definition: Definition, by: str, at: datetime) -> Record:
    """Return the record of a campaign's opening: another definition of the same campaign has the same id."""
    schedule = definition.schedule
    reason = (
        f"Campaign {definition.campaign}: {len(definition.items)} items in {len(definition.assignments)} assignments, "
        f"due {instant(schedule.due_at)}."
    )
    facts = {"definition": as_document(definition), "definition_sha256": definition.sha256}
    return _record(definition, RecordKind.CAMPAIGN_OPENED, reason, by, at, _OPENED, facts)


def noticed(definition: Definition, notices: Sequence[Notice], by: str, at: datetime) -> Record:
    """Return the record of some notices."""
    kinds = Counter(each.kind.value for each in notices)
    reason = f"Notices: {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}."
    once = hashlib.sha256(canonical(sorted(each.id for each in notices))).hexdigest()
    return _record(definition, RecordKind.NOTICE, reason, by, at, once, {"notices": [_of_notice(each) for each in notices]})


def batches(notices: Sequence[Notice]) -> Iterator[tuple[Notice, ...]]:
    """Cut notices into those that one record holds."""
    batch: list[Notice] = []
    items = 0
    for each in notices:
        named = sum(len(listed) for listed in each.items.values())
        if batch and (len(batch) == AT_ONCE or items + named > _ITEMS_AT_ONCE):
            yield tuple(batch)
            batch, items = [], 0
        batch.append(each)
        items += named
    if batch:
        yield tuple(batch)


def cancelled(definition: Definition, by: str, reason: str, at: datetime) -> Record:
    """Return the record of a cancellation."""
    return _record(definition, RecordKind.CANCELLED, reason, by, at, "cancelled", {})


def closed(definition: Definition, closing: Closing, by: str) -> Record:
    """Return the record of a close; another close of the same campaign, at another time, is another record."""
    ruled = sum(len(items) for items in closing.leftovers.values())
    ended = ", ".join(f"{count} {decision}" for decision, count in sorted(closing.counts.items()))
    reason = f"Campaign {definition.campaign} ended with {ended}; the rule for leftovers gave {ruled} decisions."
    facts = {
        "counts": dict(closing.counts),
        "leftovers": {assignment: list(items) for assignment, items in closing.leftovers.items()},
        "heard": sorted(closing.heard),
        "refused": closing.refused,
        "unread": closing.unread,
    }
    return _record(definition, RecordKind.CAMPAIGN_CLOSED, reason, by, closing.at, f"closed {instant(closing.at)}", facts)


def _record(
    definition: Definition, kind: RecordKind, reason: str, by: str, at: datetime, once: str, facts: dict[str, Any]
) -> Record:
    said = {"once": _once(definition.campaign, once), "campaign": definition.campaign, "version": VERSION, **facts}
    return Record(place=place_of(definition), kind=kind, system=SYSTEM, reason=reason, by=by, at=at, facts=said)


def _once(campaign: str, what: str) -> str:
    return f"{campaign} {what}"


def event_of(record: Record, campaign: str) -> Event | None:
    """Return what a record says of a campaign; ``None`` where it says nothing that changes its state, or is about another.

    Raises:
        CannotCheck: It is malformed, or of a later version.
    """
    read = _READING.get(record.kind)
    if read is None or record.facts.get("campaign") != campaign:
        return None
    if record.facts.get("version") != VERSION:
        msg = f"{record.key}: expected a record of version {VERSION}: malformed, or written by a later release."
        raise CannotCheck(msg)
    try:
        return read(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{record.key}: expected what a campaign's task says: malformed ({type(error).__name__})."
        raise CannotCheck(msg) from None


def _of_notice(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "kind": notice.kind.value,
        "person": notice.person,
        "why": notice.why,
        "number": notice.number,
        "open": notice.open,
        "items": {assignment: list(items) for assignment, items in notice.items.items()},
        **_of_link(notice),
    }


def _of_link(notice: Notice) -> dict[str, str]:
    if notice.kind is not NoticeKind.LINK or notice.expires_at is None:
        return {}
    return {"token_sha256": notice.token_sha256, "expires_at": instant(notice.expires_at)}


def _read_noticed(record: Record) -> Noticed:
    notices = tuple(
        Notice(
            id=_text(each["id"]),
            kind=NoticeKind(each["kind"]),
            person=_text(each["person"]),
            why=_text(each["why"]),
            number=int(each["number"]),
            open=int(each["open"]),
            items={assignment: tuple(map(_text, items)) for assignment, items in each["items"].items()},
            token_sha256=_text(each.get("token_sha256", "")),
            expires_at=parse_instant(each["expires_at"]) if "expires_at" in each else None,
        )
        for each in record.facts["notices"]
    )
    return Noticed(id=record.id, at=record.at, by=record.by, notices=notices)


def _read_cancelled(record: Record) -> Cancelled:
    return Cancelled(id=record.id, at=record.at, by=record.by, reason=record.reason)


def _read_closed(record: Record) -> Closed:
    facts = record.facts
    return Closed(
        id=record.id,
        at=record.at,
        by=record.by,
        counts={_text(name): int(count) for name, count in facts["counts"].items()},
        leftovers={assignment: tuple(map(_text, items)) for assignment, items in facts["leftovers"].items()},
        heard=frozenset(map(_text, facts["heard"])),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


_READING = {
    RecordKind.NOTICE: _read_noticed,
    RecordKind.CANCELLED: _read_cancelled,
    RecordKind.CAMPAIGN_CLOSED: _read_closed,
}
