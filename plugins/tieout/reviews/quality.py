# SPDX-License-Identifier: Apache-2.0
"""Facts about how a review was answered: time per decision, how many at once, share kept, what the reviewer is to the holder.

They are facts for whoever judges the review, and nothing is concluded from them here: a fast reviewer may know every account, and
a slow one may have looked away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Any

from tieout.persons import normalised
from tieout.times import instant


class Relation(StrEnum):
    """What a reviewer is to the holder of an account, by the roster."""

    HOLDER = "the holder"
    MANAGER = "manager of the holder"
    REPORT = "reports to the holder"
    SAME_MANAGER = "same manager"
    SAME_DEPARTMENT = "same department"
    NONE = "no relation in the roster"


class Relations:
    """What people are to each other.

    Args:
        roster: Rows of ``roster_entry.v1``; of two of one person the last counts.
    """

    def __init__(self, roster: Iterable[Mapping[str, Any]]) -> None:
        self._people: dict[str, tuple[str | None, str | None]] = {}
        for row in roster:
            manager = normalised(row["manager"]) if row["manager"] else None
            self._people[normalised(row["person"])] = manager, row["department"]

    def between(self, reviewer: str | None, holder: str | None) -> Relation | None:
        """Return what a reviewer is to a holder, the closest; ``None`` where there is none of them, or one is not listed."""
        if not reviewer or not holder:
            return None
        one, other = normalised(reviewer), normalised(holder)
        if one == other:
            return Relation.HOLDER
        if one not in self._people or other not in self._people:
            return None
        (manager, department), (their_manager, their_department) = self._people[one], self._people[other]
        holds = {
            Relation.MANAGER: their_manager == one,
            Relation.REPORT: manager == other,
            Relation.SAME_MANAGER: manager is not None and manager == their_manager,
            Relation.SAME_DEPARTMENT: department is not None and department == their_department,
        }
        return next((relation for relation, true in holds.items() if true), Relation.NONE)


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision that counts.

    Attributes:
        person: Who decided.
        decision: keep, revoke or change.
        at: When, UTC.
        batch: How many were decided at once.
        dwell_ms: Milliseconds for all of them together; ``None`` where that was not measured.
        relation: Of the person to the holder.
    """

    person: str
    decision: str
    at: datetime
    batch: int
    dwell_ms: int | None
    relation: Relation | None


@dataclass(slots=True)
class Facts:
    """How one person decided, or all together.

    Attributes:
        decisions: How many, by what was decided.
        relations: How many, by what the person is to the holder; ``None`` counts where that is not told.
        batches: How many of each size of what was decided at once; each decision counts once.
        first_at: When the first was made.
        last_at: When the last was made.
    """

    decisions: Counter[str] = field(default_factory=Counter)
    relations: Counter[str | None] = field(default_factory=Counter)
    batches: Counter[int] = field(default_factory=Counter)
    first_at: datetime | None = None
    last_at: datetime | None = None
    _each_ms: list[float] = field(default_factory=list)

    def add(self, decided: Decided) -> None:
        """Take a decision in."""
        self.decisions[decided.decision] += 1
        self.relations[decided.relation.value if decided.relation else None] += 1
        self.batches[decided.batch] += 1
        self.first_at = min(self.first_at or decided.at, decided.at)
        self.last_at = max(self.last_at or decided.at, decided.at)
        if decided.dwell_ms is not None and decided.batch > 0:
            self._each_ms.append(decided.dwell_ms / decided.batch)

    @property
    def share_kept(self) -> float | None:
        """Share of the decisions that keep; ``None`` without any."""
        total = self.decisions.total()
        return self.decisions["keep"] / total if total else None

    def as_document(self) -> dict[str, Any]:
        """Return them as JSON values, without floats: times in whole milliseconds for one decision, the share in per mille."""
        share, measured = self.share_kept, self._each_ms
        return {
            "decisions": self.decisions.total(),
            **{name: self.decisions[name] for name in ("keep", "revoke", "change")},
            "kept_per_mille": None if share is None else round(1000 * share),
            "measured": len(measured),
            "median_ms": round(median(measured)) if measured else None,
            "shortest_ms": round(min(measured)) if measured else None,
            "largest_batch": max(self.batches, default=None),
            "relations": {
                name or "not told": count for name, count in sorted(self.relations.items(), key=lambda each: each[0] or "~")
            },
            "first_at": instant(self.first_at) if self.first_at else None,
            "last_at": instant(self.last_at) if self.last_at else None,
        }


def facts_of(decided: Iterable[Decided]) -> tuple[Facts, dict[str, Facts]]:
    """Return the facts of all decisions together, and of each person's, by person."""
    together = Facts()
    persons: dict[str, Facts] = {}
    for each in decided:
        together.add(each)
        persons.setdefault(each.person, Facts()).add(each)
    return together, dict(sorted(persons.items()))
