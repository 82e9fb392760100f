# SPDX-License-Identifier: Apache-2.0
"""Rows are found in a Parquet part, and only the row groups that may hold them are read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tieout.errors import CannotCheck, ConfigurationError
from tieout.evidence.part_search import FoundRow, open_part, search_part

ROWS = 1000


@pytest.fixture
def part(tmp_path: Path) -> Iterator[pq.ParquetFile]:
    at = pa.array([datetime(2026, 3, 5, tzinfo=UTC)] * ROWS, pa.timestamp("us", tz="UTC"))
    table = pa.table(
        {
            "id": [f"row-{number:04}" for number in range(ROWS)],
            "number": range(ROWS),
            "at": at,
            "day": [date(2026, 3, 5)] * ROWS,
            "done": [number == 7 for number in range(ROWS)],
            "nothing": pa.nulls(ROWS, pa.string()),
        }
    )
    pq.write_table(table, tmp_path / "part.parquet", row_group_size=100)
    with (tmp_path / "part.parquet").open("rb") as file:
        yield open_part(file, "part.parquet")


def search(part: pq.ParquetFile, *prefixes: str, most: int = 5, **wanted: str) -> list[FoundRow]:
    return list(search_part(part, wanted, prefixes, most))


def test_a_row_is_found_with_its_number(part: pq.ParquetFile) -> None:
    (found,) = search(part, id="row-0567")
    assert (found.number, found.values["number"]) == (567, 567)
    assert search(part, id="row-05") == []
    assert [row.number for row in search(part, "id", id="row-056")] == [560, 561, 562, 563, 564]  # no more than most
    assert search(part, nothing="x") == []


def test_only_row_groups_that_may_hold_it_are_read(part: pq.ParquetFile, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plain = pq.ParquetFile.read_row_group

    def watched(self: pq.ParquetFile, group: int, **arguments: Any) -> pa.Table:
        read.append(group)
        return plain(self, group, **arguments)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", watched)
    assert len(search(part, id="row-0567")) == 1
    assert set(read) == {5}


def test_values_are_those_of_the_columns_type(part: pq.ParquetFile) -> None:
    assert [row.number for row in search(part, number="7", at="2026-03-05T00:00:00Z", day="2026-03-05", done="true")] == [7]
    assert search(part, number="7", done="false") == []
    with pytest.raises(ConfigurationError, match=r"at=yesterday: expected a value of type timestamp"):
        search(part, at="yesterday")
    with pytest.raises(ConfigurationError, match=r"column 'ident': not in this evidence type"):
        search(part, ident="x")


def test_what_is_no_parquet_file_can_not_be_checked() -> None:
    with pytest.raises(CannotCheck, match="part: expected a Parquet file: malformed"):
        open_part(io.BytesIO(b"PAR1 and nothing else"), "part")
