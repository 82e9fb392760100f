# SPDX-License-Identifier: Apache-2.0
"""Gives the frozen items of a review to the people who decide on them, as a campaign takes them.

Whoever reads the landings again gets the same items and assignments: the campaign's definition holds a hash over both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tieout.campaigns.assignments import Assigned, Assignment, Item, assign
from tieout.campaigns.items import row_sha256
from tieout.persons import normalised


def plain_rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield rows with instants and days as text: they have the same hashes as the rows themselves, in two thirds of the time."""
    for values in zip(*(column.to_pylist() for column in with_text(table).columns), strict=True):
        yield dict(zip(table.schema.names, values, strict=True))


def with_text(table: pa.Table) -> pa.Table:
    """Return a table with instants and days as text."""
    return pa.table([_text(column) for column in table.columns], names=table.schema.names)


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column.cast(pa.timestamp("us")), "%Y-%m-%dT%H:%M:%SZ")
    return column.cast(pa.string()) if pa.types.is_date(column.type) else column


def campaign_items(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Item], dict[str, Assignment]]:
    """Return items and assignments by id, each person's items in the order of the rows.

    Args:
        rows: Of ``review_item.v1``, all systems, in key order, for example from `plain_rows`; columns that start with ``_`` do
            not count.
    """
    items: dict[str, Item] = {}
    given: dict[int, list[Assigned]] = {1: [], 2: []}
    for row in rows:
        item = row["item"]
        items[item] = Item(item, row_sha256(row), normalised(row["holder"]) if row["holder"] else None)
        order = tuple((row["reviewer_order"] or "").split())
        given[1].append(Assigned(item, row["reviewer"], row["reviewer_authority"], order))
        if row["second_reviewer"] is not None:
            given[2].append(Assigned(item, row["second_reviewer"], row["second_authority"], order))
    return items, {**assign(1, given[1]), **assign(2, given[2])}
