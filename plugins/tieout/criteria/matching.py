# SPDX-License-Identifier: Apache-2.0
"""Which performance that landed rows show fills which interval."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from tieout.criteria.extractions import LandedExtraction
from tieout.criteria.frequency import Due


@dataclass(frozen=True, slots=True)
class Shown:
    """A performance that landed rows show."""

    name: str
    day: date
    document: str


def shown_by(landed: Iterable[LandedExtraction], system: str) -> list[Shown]:
    """Return the performances that the landings of a system show, by day.

    One whose rows lie in several windows was performed on the last of its days.
    """
    found: dict[str, Shown] = {}
    for landing in landed:
        if landing.system != system:
            continue
        for name, day in landing.performances:
            if name not in found or found[name].day < day:
                found[name] = Shown(name, day, landing.manifest_key)
    return sorted(found.values(), key=lambda shown: (shown.day, shown.name))


def match(expected: Sequence[Due], shown: Sequence[Shown], told: Container[str]) -> dict[str, Shown]:
    """Return which performance fills which interval, each at most once.

    1. A performance whose name states an interval, such as ``UAR-2026-Q1``, fills that one or none.
    2. Of the others each, in order of its day, fills the oldest interval that is open to it. That is the reading that says most
       against the control: who misses one and names none is late from then on.

    Args:
        expected: Intervals in order, with those before the first one that is asked about: what is late for one of them is not
            early for the next.
        shown: Performances in order of their day.
        told: Keys of the intervals whose evidence has all landed. Of another one nobody knows that it was not performed in time,
            so that nothing which does not state it is late for it.
    """
    by_key = {due.key: due for due in expected}
    filled: dict[str, Shown] = {}
    others = []
    for each in shown:
        key = stated_interval(each, by_key)
        if key is None:
            others.append(each)
        elif key not in filled and each.day <= by_key[key].last_late:
            filled[key] = each
    for each in others:
        for due in expected:
            last = due.last_late if due.key in told else due.due
            if due.key not in filled and due.opens <= each.day <= last:
                filled[due.key] = each
                break
    return filled


_KEYS = re.compile(
    r"(?<![0-9A-Za-z])((?:FY)?\d{4}(?:-(?:\d{2}-\d{2}|\d{2}|W\d{2}|Q[1-4]|S[12]))?)(?![0-9A-Za-z]|-[0-9QSW])", re.ASCII
)


def stated_interval(shown: Shown, keys: Container[str]) -> str | None:
    """Return the key of the one interval that a performance's name states; ``None`` where it states none, or several.

    Rows of one day that have no name are called after the day, which states nothing about an interval.
    """
    if shown.name == shown.day.isoformat():
        return None
    found = {key for key in _KEYS.findall(shown.name) if key in keys}
    return found.pop() if len(found) == 1 else None
