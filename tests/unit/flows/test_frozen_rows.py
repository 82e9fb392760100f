# SPDX-License-Identifier: Apache-2.0
"""Rows as people are shown them: those that were asked for, in that order, with instants and days as text."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.flows.frozen_rows import FrozenRows
from tieout.reviews.assigning import plain_rows

ITEMS = [f"i{number}" for number in range(9)]
TABLE = pa.table(
    {
        "item": ITEMS,
        "at": pa.array([datetime(2026, 3, day, 23, 59, tzinfo=UTC) for day in range(1, 9)] + [None], pa.timestamp("us", "UTC")),
        "left_on": pa.array([None, *(date(2026, 3, day) for day in range(1, 9))], pa.date32()),
        "privileged": [True, False, None] * 3,
    }
)


@given(st.lists(st.sampled_from(ITEMS), max_size=12))
def test_rows_come_in_the_order_in_which_they_are_asked_for(asked: list[str]) -> None:
    chunks = pa.concat_tables([TABLE.slice(0, 4), TABLE.slice(4)])
    found = FrozenRows(chunks, ()).shown(asked)
    by_item = {row["item"]: row for row in plain_rows(TABLE)}
    assert found == [by_item[item] for item in asked]
    assert all((row["at"] or "2026-03-09")[:10] == f"2026-03-{ITEMS.index(row['item']) + 1:02}" for row in found)


def test_an_item_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        FrozenRows(TABLE, ()).shown(["i1", "x"])
