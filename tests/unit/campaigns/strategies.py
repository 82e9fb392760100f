# SPDX-License-Identifier: Apache-2.0
"""Anything that people and the task may say in the small campaign, sensible or not, at few instants so that many collide."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from tests.unit.campaigns.scene import A1, B1, C2, DAY, HOUR, ITEMS, START

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import (
    Cancelled,
    Closed,
    Covered,
    Decided,
    Event,
    ItemDecision,
    Notice,
    Noticed,
    NoticeKind,
    Reassigned,
    SignedOff,
    Unread,
    Withdrawn,
)

PEOPLE = st.sampled_from([*"abcdems", "x"])
TIMES = st.sampled_from([START + hours * HOUR for hours in (-1, 1, 2, 3, 4, 5, 600)])
ASSIGNMENTS = st.sampled_from([A1, B1, C2, "1-x"])
NAMES = st.sampled_from([*ITEMS, "i9"])
REASONS = st.sampled_from([None, "", "because"])
IDS = st.integers(0, 40).map(lambda number: f"{number:032x}")


@st.composite
def decisions(draw: st.DrawFn) -> ItemDecision:
    """Return a decision, mostly one that may count."""
    item = draw(NAMES)
    row = ITEMS[item].row_sha256 if item in ITEMS and draw(st.integers(0, 9)) else "0" * 64
    return ItemDecision(item, row, draw(st.sampled_from(["keep", "revoke", "change", "x"])), draw(REASONS))


@st.composite
def notices(draw: st.DrawFn) -> Notice:
    """Return a notice, as no task of ours would write it."""
    kind = draw(st.sampled_from(NoticeKind))
    items = draw(st.dictionaries(ASSIGNMENTS, st.lists(NAMES, max_size=4, unique=True).map(tuple), max_size=2))
    person = draw(PEOPLE)
    return Notice(f"{kind.value}-{draw(st.integers(0, 3))}", kind, person, "x", items=items)


PARTS: dict[type[Event], dict[str, st.SearchStrategy[Any]]] = {
    Decided: {
        "assignment": ASSIGNMENTS,
        "decisions": st.lists(decisions(), min_size=1, max_size=4, unique_by=lambda each: each.item).map(tuple),
        "batch": st.just(1),
    },
    Reassigned: {
        "assignment": ASSIGNMENTS,
        "to": PEOPLE,
        "items": st.none() | st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
        "reason": REASONS.map(str),
    },
    Covered: {
        "person": PEOPLE,
        "stand_in": PEOPLE,
        "assignments": st.none() | st.lists(ASSIGNMENTS, min_size=1, max_size=2).map(tuple),
        "from_": TIMES,
        "until": TIMES.map(lambda at: at + DAY),
        "reason": st.just("leave"),
    },
    Withdrawn: {"cover": IDS, "reason": st.just("back")},
    SignedOff: {"approved": st.booleans(), "reason": st.just(""), "about_sha256": st.just("a" * 64)},
    Noticed: {"notices": st.lists(notices(), min_size=1, max_size=3, unique_by=lambda each: each.id).map(tuple)},
    Cancelled: {"reason": st.just("x")},
    Closed: {
        "counts": st.dictionaries(st.sampled_from(["keep", "revoke"]), st.integers(1, 6), max_size=2),
        "leftovers": st.dictionaries(ASSIGNMENTS, st.lists(st.sampled_from(list(ITEMS)), max_size=3, unique=True).map(tuple)),
        "heard": st.frozensets(IDS),
    },
    Unread: {"key": st.just("k"), "reason": st.just("tampered")},
}
OFTEN = (Decided,) * 8 + (Reassigned,) * 2 + (Noticed,) * 2


@st.composite
def event(draw: st.DrawFn, campaign: Definition, name: str) -> Event:
    """Return any event under an id."""
    kind = draw(st.sampled_from([*OFTEN, *PARTS]))
    common: dict[str, Any] = {"id": name, "at": draw(TIMES), "by": draw(PEOPLE)}
    if kind in (Decided, Reassigned, Covered, Withdrawn, SignedOff):
        sha256 = campaign.sha256 if draw(st.integers(0, 19)) else "0" * 64
        common |= {"definition_sha256": sha256, "interaction": name, "channel": ("web", False)}
    return kind(**common, **{name: draw(part) for name, part in PARTS[kind].items()})


@st.composite
def histories(draw: st.DrawFn, campaign: Definition, most: int = 16) -> list[Event]:
    """Return events with ids of their own, in no order."""
    return [draw(event(campaign, f"{number:032x}")) for number in range(draw(st.integers(0, most)))]
