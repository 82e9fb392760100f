# SPDX-License-Identifier: Apache-2.0
"""Which performance that landed rows show fills which interval."""

from __future__ import annotations

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
    """Return which performance fills which interval: each, in order of its day, the oldest that is open to it and not filled.

    Args:
        expected: Intervals in order, with those before the first one that is asked about: what is late for one of them is not
            early for the next.
        shown: Performances in order of their day.
        told: Keys of the intervals whose evidence has all landed. Of another one nobody knows that it was not performed in time,
            so nothing is late for it.
    """
    filled: dict[str, Shown] = {}
    for each in shown:
        for due in expected:
            last = due.last_late if due.key in told else due.due
            if due.key not in filled and due.opens <= each.day <= last:
                filled[due.key] = each
                break
    return filled
