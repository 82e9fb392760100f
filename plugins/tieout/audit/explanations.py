# SPDX-License-Identifier: Apache-2.0
"""Which differences of a comparison somebody has explained: of a true-up, or of a window that was reconciled.

An explanation is bound to what it is about: to one row as it differed then, or to all rows of one landing that differ alike.
Neither covers a later change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """What management recorded about differences: of one row as it differed then, or of all of one landing that differ alike.

    Attributes:
        reason: Why.
        content: `content_of` of the one row; ``None`` for all that differ alike.
        landing: Landing whose rows are meant; ``None`` for one row.
        difference: Their kind of difference.
        columns: The columns they differ in, or hold no reference in, separated by blanks, exactly as the rows have them.
    """

    reason: str
    content: str | None = None
    landing: str | None = None
    difference: str | None = None
    columns: str | None = None

    @classmethod
    def stated(cls, reason: str, facts: Mapping[str, Any]) -> Explanation:
        """Return the explanation that a record states."""
        columns = facts.get("changed_columns", facts.get("differing_columns"))
        return cls(reason, facts.get("content"), facts.get("landing"), facts.get("difference"), columns)

    def covers(self, row: Mapping[str, Any], landing: str) -> bool:
        """Whether it is about a row of a landing."""
        if self.content is not None:
            return self.content == content_of(row)
        return (self.difference, self.columns) == alike(row) and self.landing == landing


def content_of(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a difference says: an explanation of one row does not cover another change of it."""
    if "content_sha256" in row:  # of a reconciliation, whose rows state it
        return str(row["content_sha256"])
    names = ("system", "row_key", "difference", "changed_columns", "before", "after")
    return hashlib.sha256(json.dumps([row[name] for name in names]).encode()).hexdigest()


def alike(row: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return how a row differs: the kind of difference, and the columns."""
    return row["difference"], row.get("changed_columns", row.get("differing_columns"))


def explain(
    rows: Iterable[Mapping[str, Any]], landing: str, explanations: Sequence[Explanation]
) -> list[tuple[Mapping[str, Any], str | None]]:
    """Return each difference of a landing with its explanation: the last of the row itself before that of its kind, if any."""
    ordered = sorted(reversed(explanations), key=lambda each: each.content is None)
    return [(row, next((each.reason for each in ordered if each.covers(row, landing)), None)) for row in rows]
