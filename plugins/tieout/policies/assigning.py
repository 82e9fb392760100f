# SPDX-License-Identifier: Apache-2.0
"""Gives frozen rows of ``policy_assignment.v1`` to the people whom they name, as a campaign takes them.

Whoever reads the landings again gets the same items and assignments: the campaign's definition holds a hash over both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tieout.campaigns.assignments import Assigned, Assignment, Item, assign
from tieout.campaigns.items import row_sha256
from tieout.persons import normalised
from tieout.policies.obligations import ASSIGNED
from tieout.times import parse_instant


def campaign_items(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Item], dict[str, Assignment]]:
    """Return items and assignments by id: of rows that are assigned, one assignment for each person, listed to the manager.

    Args:
        rows: All systems, in key order, instants and days as text (`tieout.reviews.assigning.plain_rows`).
    """
    items: dict[str, Item] = {}
    given: list[Assigned] = []
    for row in rows:
        if row["status"] != ASSIGNED:
            continue
        items[row["item"]] = Item(row["item"], row_sha256(row))
        manager = normalised(row["manager"]) if row["manager"] else None
        order = (manager,) if manager and manager != row["person"] else ()
        given.append(Assigned(row["item"], row["person"], f"listed by {row['system']}", order, parse_instant(row["due_at"])))
    return items, assign(1, given)
