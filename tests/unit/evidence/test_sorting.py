# SPDX-License-Identifier: Apache-2.0
"""Rows come back in key order, and as the same bytes, whether they stayed in memory or went through runs."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest
from tests.unit.evidence.signed_copy import CONTRACT, things

from tieout.errors import ContractError
from tieout.evidence.parts import PartsWriter, write_parts
from tieout.evidence.sorting import KeyOrdered, Memory

LANDING = f"github-{'0' * 32}"
ALL = Memory(rows=2**30, piece=2**30)
TINY = Memory(rows=2_000, piece=1_000)
TEXTS = ["", "a", "a\0", "ab", "Z", "z", "é", "é\0", "ü", "日本語", "\uffff", "\U0001f600", "x" * 40, "x" * 40 + "y"]


def ordered(rows: pa.Table, key: tuple[str, ...], folder: Path, memory: Memory, cut: int) -> list[pa.Table]:
    """Return the ranges of rows that came cut into pieces."""
    sorter = KeyOrdered(rows.schema, key, folder, "rows", memory)
    for start in range(0, rows.num_rows, cut):
        sorter.add(rows.slice(start, cut))
    return list(sorter.ranges())


def mixed(seed: int, count: int) -> pa.Table:
    """Return rows whose two-column key repeats now and then, numbered in the order in which they come."""
    chosen = random.Random(seed)
    return pa.table(
        {
            "text": pa.array([chosen.choice(TEXTS) for _ in range(count)], pa.string()),
            "number": pa.array([chosen.randrange(-5, 5) for _ in range(count)], pa.int64()),
            "came": pa.array(range(count), pa.int64()),
        }
    )


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("cut", [7, 1000])
def test_runs_give_the_order_that_memory_gives_and_that_of_utf8_bytes(tmp_path: Path, seed: int, cut: int) -> None:
    rows = mixed(seed, 300)
    expected = sorted(rows.to_pylist(), key=lambda row: (row["text"].encode(), row["number"], row["came"]))
    for memory in (ALL, Memory(rows=10**9, piece=1_000), TINY):
        ranges = ordered(rows, ("text", "number"), tmp_path, memory, cut)
        assert pa.concat_tables(ranges).to_pylist() == expected
        assert (len(ranges) > 3) is (memory != ALL)
        ends = [(each["text"][-1].as_py(), each["number"][-1].as_py()) for each in ranges]
        assert len(set(ends)) == len(ends)  # no key comes in two ranges


def test_a_range_is_about_as_large_as_a_piece(tmp_path: Path) -> None:
    rows = things(1_000)
    order = list(range(1_000))
    random.Random(1).shuffle(order)
    memory = Memory(rows=10_000, piece=5_000)
    ranges = ordered(rows.take(pa.array(order, pa.int64())), ("id",), tmp_path, memory, 100)
    assert max(each.nbytes for each in ranges) < 3 * memory.piece
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("memory", [ALL, TINY])
def test_no_rows_are_one_empty_range(tmp_path: Path, memory: Memory) -> None:
    (only,) = ordered(things(0), ("id",), tmp_path, memory, 5)
    assert only.schema == things(0).schema


def test_more_rows_of_one_key_than_memory_is_meant_to_hold_are_refused(tmp_path: Path) -> None:
    rows = pa.table({"id": pa.array(["same"] * 1_000), "n": pa.array(range(1_000))})
    with pytest.raises(ContractError, match=r"^rows: expected rows of different id; those of one do not fit in memory"):
        ordered(rows, ("id",), tmp_path, TINY, 100)


@pytest.mark.parametrize("part_rows", [300, 130, 20])
def test_parts_are_the_same_bytes_on_either_way(tmp_path: Path, part_rows: int) -> None:
    count = 300
    order = list(range(count))
    random.Random(2).shuffle(order)
    rows = things(count).take(pa.array(order, pa.int64()))
    (tmp_path / "one").mkdir()
    parts, rows_hash = write_parts(rows, CONTRACT, LANDING, tmp_path / "one", part_rows)
    for name, memory in (("two", TINY), ("three", ALL)):
        (tmp_path / name).mkdir()
        with PartsWriter(CONTRACT, LANDING, tmp_path / name, part_rows, count) as writer:
            for piece in ordered(rows, CONTRACT.key, tmp_path, memory, 17):
                writer.add(piece)
        assert [part.path.read_bytes() for part in writer.parts] == [part.path.read_bytes() for part in parts]
        assert [part.rows_sha256 for part in writer.parts] == [part.rows_sha256 for part in parts]
        assert writer.rows_hash == rows_hash
