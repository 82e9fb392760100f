# SPDX-License-Identifier: Apache-2.0
"""Everything that was said in a campaign, a line for each stored document: what counts, what does not and why.

Who folds these documents again, over the frozen items, gets the decisions that the rows state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from tieout.campaigns.events import (
    Cancelled,
    Closed,
    Covered,
    Decided,
    Event,
    Noticed,
    Reassigned,
    Said,
    SignedOff,
    Unread,
    Withdrawn,
)
from tieout.campaigns.facts import Refusal
from tieout.campaigns.looking import Looked
from tieout.campaigns.state import State

_TIME = pa.timestamp("us", tz="UTC")
COLUMNS = pa.schema(
    [
        ("document", pa.string()),
        ("sha256", pa.string()),
        ("kind", pa.string()),
        ("at", _TIME),
        ("stored_at", _TIME),
        ("by", pa.string()),
        ("assignment", pa.string()),
        ("items", pa.int64()),
        ("holding", pa.int64()),
        ("refused", pa.int64()),
        ("why", pa.string()),
        ("refused_items", pa.string()),
        ("channel", pa.string()),
        ("signature_checked", pa.bool_()),
        ("presented_sha256", pa.string()),
    ]
)
"""``items`` counts what it is about, ``holding`` what it decides in the end, ``refused`` the parts that do not count."""
_KINDS: tuple[tuple[type[Event], str], ...] = (
    (Decided, "decisions"),
    (Looked, "second review"),
    (Reassigned, "reassignment"),
    (Covered, "cover"),
    (Withdrawn, "cover withdrawn"),
    (SignedOff, "sign-off"),
    (Noticed, "campaign notice"),
    (Cancelled, "cancelled"),
    (Closed, "campaign closed"),
    (Unread, "could not be read"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a campaign's ledger says besides the decisions, for people to read.

    Attributes:
        refused: What was said and does not count, in order.
        why: How many parts of it, by why.
        unread: Documents that could not be read.
        moves: How many items each reassignment and escalation gave to whom: time, kind, by, to, items.
        covers: Who answered for whom: from, until, person, stand-in, whether it was withdrawn.
    """

    refused: tuple[Refusal, ...]
    why: Mapping[str, int]
    unread: tuple[Unread, ...]
    moves: list[dict[str, Any]] = field(default_factory=list)
    covers: list[dict[str, Any]] = field(default_factory=list)


def told(state: State, events: Mapping[str, Event], heard: Iterable[str] | None = None) -> Told:
    """Return what was refused, moved and covered.

    Args:
        state: Where the campaign stands.
        events: All that has been said, by id.
        heard: Ids of what is meant; ``None`` for all of it.
    """
    meant = set(events) if heard is None else set(heard)
    refused = tuple(each for each in state.refused if each.event in meant)
    why = Counter(each.why.value for each in refused)
    unread = tuple(each for _, each in sorted(state.unread.items()) if each.id in meant)
    covers = [
        {
            "from": each.from_,
            "until": each.until,
            "person": each.person,
            "stand_in": each.stand_in,
            "entered_by": each.by,
            "withdrawn_at": each.withdrawn and each.withdrawn[0],
        }
        for _, each in sorted(state.facts.covers.items(), key=lambda each: each[1].entered)
    ]
    return Told(refused, dict(sorted(why.items())), unread, list(_moves(state, events)), covers)


def _moves(state: State, events: Mapping[str, Event]) -> Iterator[dict[str, Any]]:
    """Yield what gave items that are decided to somebody else, in order, and how many."""
    moved: Counter[tuple[str, str, str]] = Counter()
    for item in state.replayed:
        for each in state.standings(item):
            if each.moved_by:
                moved[each.moved_by, each.how.value, each.holder] += 1
    for (event, how, holder), count in sorted(moved.items(), key=lambda each: (*events[each[0][0]].order, each[0])):
        said = events[event]
        yield {"at": said.at, "how": how, "by": said.by, "to": holder, "items": count}


def document_rows(
    state: State, events: Mapping[str, Event], documents: Mapping[str, tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    """Yield a row of `COLUMNS` for each document, by time and id.

    Args:
        state: Where the campaign stands.
        events: All that has been said, by id.
        documents: Key and SHA-256 of each event's document, by its id; of one that could not be fetched there is none.
    """
    holding = Counter(
        each.decision.event for item in state.definition.items for each in state.standings(item) if each.decision is not None
    )
    refused: dict[str, list[Refusal]] = {}
    for each in state.refused:
        refused.setdefault(each.event, []).append(each)
    for event in sorted(events.values(), key=lambda each: each.order):
        key, sha256 = documents.get(event.id, (getattr(event, "key", ""), ""))
        yield {**_said(event), "document": key, "sha256": sha256 or None, **_counted(event, holding, refused.get(event.id, []))}


def _counted(event: Event, holding: Mapping[str, int], refused: list[Refusal]) -> dict[str, Any]:
    why = Counter(each.why.value for each in refused)
    words = "; ".join(f"{text} ({count})" for text, count in sorted(why.items()))
    items = " ".join(sorted({each.item for each in refused if each.item}))
    reason = event.reason if isinstance(event, Unread) else words
    return {
        "holding": holding.get(event.id, 0) if isinstance(event, (Decided, Closed)) else None,
        "refused": len(refused),
        "why": reason or None,
        "refused_items": items or None,
    }


def _said(event: Event) -> dict[str, Any]:
    said = event if isinstance(event, Said) else None
    return {
        "kind": next(name for kind, name in _KINDS if isinstance(event, kind)),
        "at": event.at,
        "stored_at": said and (said.stored_at or said.at),
        "by": event.by,
        "assignment": getattr(event, "assignment", None),
        "items": _items(event),
        "channel": said and said.channel[0],
        "signature_checked": said and said.channel[1],
        "presented_sha256": said and said.presented_sha256,
    }


def _items(event: Event) -> int | None:
    if isinstance(event, Decided):
        return len(event.decisions)
    if isinstance(event, Reassigned):
        return None if event.items is None else len(event.items)
    if isinstance(event, Closed):
        return sum(len(items) for items in event.leftovers.values())
    if isinstance(event, Looked):
        return 1
    return len(event.notices) if isinstance(event, Noticed) else None


def record_row(kind: str, key: str, sha256: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a record that is no event of the campaign: its opening, a ticket, what it came to."""
    return {**dict.fromkeys(COLUMNS.names), "kind": kind, "document": key, "sha256": sha256, **said}
