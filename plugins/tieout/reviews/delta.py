# SPDX-License-Identifier: Apache-2.0
"""What is another than in the review before: what is new, changed or gone, and what was revoked then and is there again.

An entitlement that was revoked then and stands now was either never taken away or granted again; the two are not told apart here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tieout.contracts.odcs import Contract
from tieout.reviews.landed import opened, run, statements


@dataclass(frozen=True, slots=True)
class Delta:
    """The differences of two reviews.

    Attributes:
        counts: By system, how many entitlements are new, changed, unchanged and gone, and how many were revoked and stand again.
        rows: Every entitlement that is not unchanged, or was revoked and stands again: system, account, entitlement, difference,
            changed (columns, separated by blanks), decided_before; by key.
    """

    counts: dict[str, dict[str, int]]
    rows: pa.Table


_KINDS = ("new", "changed", "unchanged", "gone")
_AGAIN = "difference <> 'gone' AND decided_before IS NOT DISTINCT FROM 'revoke'"


def compare_reviews(
    now: Sequence[Path],
    before: Sequence[Path],
    decided: Sequence[Path],
    contracts: tuple[Contract, Contract],
    reviewed_before: Collection[str],
    folder: Path,
) -> Delta:
    """Hold the items of a review against those of the one before.

    Args:
        now: Landed files of the items.
        before: Landed files of the items of the review before.
        decided: Landed files of what that review came to; empty where it has not.
        contracts: Of items, and of what a review comes to.
        reviewed_before: Systems that the review before was about.
        folder: Work folder for what does not fit in memory.
    """
    items, reviews = contracts
    views = {"now_rows": (items, now), "before_rows": (items, before), "decided_rows": (reviews, decided)}
    counted = ", ".join(f"count(*) FILTER (difference = '{kind}')" for kind in _KINDS)
    with opened(views, folder) as connection:
        run(connection, statements("delta.sql"), {"reviewed_before": json.dumps(sorted(reviewed_before))})
        asked = f"SELECT system, {counted}, count(*) FILTER ({_AGAIN}) FROM differing GROUP BY system ORDER BY system"  # noqa: S608
        counts = {
            system: dict(zip((*_KINDS, "revoked_and_there"), numbers, strict=True))
            for system, *numbers in connection.execute(asked).fetchall()
        }
        listed = f"FROM differing WHERE difference <> 'unchanged' OR ({_AGAIN}) ORDER BY system, account, entitlement"
        return Delta(
            counts,
            connection.sql(f"SELECT system, account, entitlement, difference, changed, decided_before {listed}").to_arrow_table(),
        )
