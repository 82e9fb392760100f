# SPDX-License-Identifier: Apache-2.0
"""Rows come as tables of a few thousand, numbered through; no rows come as one empty table."""

from __future__ import annotations

import pytest

from tieout.collectors import row_tables as module
from tieout.collectors.row_tables import row_tables, text
from tieout.contracts.cast import POSITION_COLUMN


@pytest.mark.parametrize(("rows", "sizes"), [(0, [0]), (1, [1]), (3, [3]), (7, [3, 3, 1])])
def test_rows_are_numbered_through(rows: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 3)
    tables = list(row_tables(({"key": str(number), "more": None} for number in range(rows)), ("key", "more")))
    assert [table.num_rows for table in tables] == sizes
    assert all(table.column_names == ["key", "more", POSITION_COLUMN] for table in tables)
    assert [place for table in tables for place in table[POSITION_COLUMN].to_pylist()] == list(range(1, rows + 1))


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (False, "false"), (None, None), (0, "0"), (17, "17")])
def test_values_as_text(value: bool | int | None, expected: str | None) -> None:
    assert text(value) == expected
