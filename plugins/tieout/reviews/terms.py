# SPDX-License-Identifier: Apache-2.0
"""The terms of one review: everything but landed rows that its items depend on, as parameters of the SQL that works them out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tieout.criteria.reviews import Review
from tieout.criteria.toxic_combinations import ToxicCombinations


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed, and the days that it is applied to; local to the program.

    Attributes:
        review_id: Id of the review, which is its campaign's.
        review: What the control's file says.
        combinations: Entitlements that nobody should have together; ``None`` where the control names none.
        systems: Those that are reviewed.
        reviewed_before: Those that the review before was about.
        last_day: Last day of the window.
        frozen_on: Day of the freeze: who has left by then is not asked.
    """

    review_id: str
    review: Review
    combinations: ToxicCombinations | None
    systems: Sequence[str]
    reviewed_before: Iterable[str]
    last_day: date
    frozen_on: date

    def parameters(self) -> dict[str, Any]:
        """Return them as ``items.sql`` takes them, and as the manifest states them: numbers, texts, and lists as JSON text."""
        return {
            "review_id": self.review_id,
            "last_day": self.last_day.isoformat(),
            "frozen_on": self.frozen_on.isoformat(),
            "dormant_days": self.review.dormant_days,
            "second_reviewer": self.review.second_reviewer,
            "reviewers": json.dumps([{"system": each, "decided_by": self.review.decided_by(each)} for each in self.systems]),
            "active_words": json.dumps(active_words(self.review.active_words)),
            "sides": json.dumps(list(self._sides())),
            "reviewed_before": json.dumps(sorted(self.reviewed_before)),
        }

    def _sides(self) -> Iterable[dict[str, Any]]:
        for combination in self.combinations.combinations if self.combinations else ():
            for number, side in enumerate(combination.sides, start=1):
                yield {
                    "combination": combination.id,
                    "side": number,
                    "sides": len(combination.sides),
                    "system": side.system,
                    "entitlement": side.entitlement,
                }


def active_words(words: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return statuses of accounts that can be used as the SQL takes them: lower case, a row for each."""
    return [{"system": system, "word": word.strip().lower()} for system, listed in sorted(words.items()) for word in listed]
