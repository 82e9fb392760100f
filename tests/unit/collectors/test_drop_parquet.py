# SPDX-License-Identifier: Apache-2.0
"""Parquet as text: typed columns exactly, times in UTC, and a clear error for what text can not state."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tieout.collectors import drop_parquet
from tieout.collectors.drop_parquet import read_parquet
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ContractError

NAIVE = datetime.fromisoformat("2026-07-05T14:30")


def texts(folder: Path, array: pa.Array, zone: str | None = None) -> list[str | None]:
    """Return the texts of a column."""
    pq.write_table(pa.table({"value": array}), folder / "page.parquet")
    drop = read_parquet(folder / "page.parquet", "in.parquet", None, zone)
    return [text for table in drop.tables() for text in table["value"].to_pylist()]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array(["a", "", None]), ["a", "", None]),
        (pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (pa.array(["a"], pa.large_string()), ["a"]),
        (pa.array([b"a"], pa.binary()), ["a"]),
        (pa.array([2**53 + 1, -(2**63), None]), ["9007199254740993", "-9223372036854775808", None]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([5.0, -0.25, 1e15, None]), ["5", "-0.25", "1000000000000000", None]),
        (pa.array([1.1], pa.float32()), ["1.1"]),
        (pa.array([Decimal("1.50")]), ["1.50"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([date(2026, 3, 5)]), ["2026-03-05"]),
        (
            pa.array([datetime(2026, 3, 5, 14, 30, tzinfo=UTC)], pa.timestamp("us", "Europe/Berlin")),
            ["2026-03-05T14:30:00.000000Z"],
        ),
        (pa.array([1_000_000_000], pa.timestamp("ns", "UTC")), ["1970-01-01T00:00:01.000000Z"]),
        (pa.array([None], pa.null()), [None]),
    ],
)
def test_a_column_becomes_text_exactly(tmp_path: Path, array: pa.Array, expected: list[str | None]) -> None:
    assert texts(tmp_path, array) == expected


def test_times_without_a_zone_are_those_of_the_zone_that_is_named(tmp_path: Path) -> None:
    assert texts(tmp_path, pa.array([NAIVE, None]), "Europe/Berlin") == ["2026-07-05T12:30:00.000000Z", None]


@pytest.mark.parametrize(
    ("array", "zone", "problem"),
    [
        (pa.array([NAIVE]), None, "its times state no zone: name it in the parameter 'time_zone'"),
        (pa.array([datetime.fromisoformat("2026-10-25T02:30")]), "Europe/Berlin", "a value can not be stated as text exactly"),
        (pa.array([1_000_000_001], pa.timestamp("ns", "UTC")), None, "a value can not be stated as text exactly"),
        (pa.array([2.0**53]), None, "a whole number of 9007199254740992 or more, whose last digits a floating number loses"),
        (pa.array([b"\xff"], pa.binary()), None, "a value can not be stated as text exactly"),
        (pa.array([[1]]), None, "no text of it is agreed"),
        (pa.array([{"a": 1}]), None, "no text of it is agreed"),
        (pa.array([timedelta(1)]), None, "no text of it is agreed"),
    ],
)
def test_what_text_can_not_state_is_refused(tmp_path: Path, array: Any, zone: str | None, problem: str) -> None:
    with pytest.raises(ContractError, match=r"in\.parquet: rows 1 to 1: column 'value' of type .*" + re.escape(problem)):
        texts(tmp_path, array, zone)


def test_rows_are_counted_in_the_metadata_and_numbered_over_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.parquet"
    pq.write_table(pa.table({"id": list(range(10)), "nested": [[1]] * 10}), page, row_group_size=4)
    drop = read_parquet(page, "in.parquet", ["id"], None)
    assert (drop.records, drop.columns) == (10, ("id",))
    tables = list(drop.tables())
    assert [row[POSITION_COLUMN] for table in tables for row in table.to_pylist()] == list(range(1, 11))
    monkeypatch.setattr(drop_parquet, "MAX_ROW_GROUP_BYTES", 10)
    with pytest.raises(ContractError, match="expected row groups that unpack to at most 10 bytes, got one of"):
        read_parquet(page, "in.parquet", None, None)


@pytest.mark.parametrize("cut", [4, 50])
def test_a_cut_file_is_refused(tmp_path: Path, cut: int) -> None:
    page = tmp_path / "page.parquet"
    pq.write_table(pa.table({"id": ["a"] * 100}), page)
    page.write_bytes(page.read_bytes()[:-cut])
    with pytest.raises(ContractError, match="expected a Parquet file, and its metadata can not be read"):
        read_parquet(page, "in.parquet", None, None)


def test_a_damaged_page_inside_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.parquet"
    pq.write_table(pa.table({"id": [str(number) for number in range(1000)]}), page, compression="zstd", use_dictionary=False)
    content = bytearray(page.read_bytes())
    content[60:160] = b"\xff" * 100
    page.write_bytes(content)
    drop = read_parquet(page, "in.parquet", None, None)
    with pytest.raises(ContractError, match=r"in\.parquet: near row 1: the file can not be read .*damaged"):
        list(drop.tables())


def test_a_schema_names_each_column_once(tmp_path: Path) -> None:
    page = tmp_path / "page.parquet"
    pq.write_table(pa.table([pa.array(["a"]), pa.array(["b"])], names=["id", "id"]), page)
    with pytest.raises(ContractError, match="the schema names a column twice: id, id"):
        read_parquet(page, "in.parquet", None, None)
