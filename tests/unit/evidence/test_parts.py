# SPDX-License-Identifier: Apache-2.0
"""Parts: equal rows give equal bytes, and a file says which contract and landing it belongs to."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.evidence.signed_copy import CONTRACT, things

from tieout.evidence.parts import Part, write_parts
from tieout.evidence.rowhash import rows_sha256

LANDING = f"github-{'0' * 32}"


def write(rows: pa.Table, folder: Path, part_rows: int = 1000) -> tuple[list[Part], str]:
    folder.mkdir()
    return write_parts(rows, CONTRACT, LANDING, folder, part_rows)


def read(part: Part) -> pa.Table:
    return pq.read_table(part.path, partitioning=None)


def shuffled(rows: pa.Table, seed: int) -> pa.Table:
    order = list(range(rows.num_rows))
    random.Random(seed).shuffle(order)
    return rows.take(pa.array(order, pa.int64()))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("chunk", [1, 7, 300])
def test_equal_rows_in_any_order_and_chunks_give_equal_bytes(tmp_path: Path, seed: int, chunk: int) -> None:
    mixed = shuffled(things(300), seed)
    chunked = pa.concat_tables([mixed.slice(start, chunk) for start in range(0, 300, chunk)])
    parts, rows_hash = write(things(300), tmp_path / "one", 110)
    others, other_hash = write(chunked, tmp_path / "other", 110)
    assert [part.path.read_bytes() for part in parts] == [part.path.read_bytes() for part in others]
    assert rows_hash == other_hash


def test_a_changed_row_gives_other_bytes_and_another_hash(tmp_path: Path) -> None:
    rows = things(10)
    changed = rows.set_column(1, rows.schema.field(1), pa.array([99, *rows["number"].to_pylist()[1:]], pa.int64()))
    (part,), rows_hash = write(rows, tmp_path / "one")
    (other,), other_hash = write(changed, tmp_path / "other")
    assert part.sha256 != other.sha256
    assert rows_hash != other_hash


def test_a_part_states_its_file(tmp_path: Path) -> None:
    (part,), rows_hash = write(things(10), tmp_path / "parts")
    data = part.path.read_bytes()
    assert (part.evidence_type, part.table, part.number, part.rows) == ("thing.v1", "thing", 0, 10)
    assert (part.sha256, part.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert part.rows_sha256 == rows_hash


def test_the_rows_hash_can_be_had_from_the_file(tmp_path: Path) -> None:
    parts, rows_hash = write(shuffled(things(50), 1), tmp_path / "parts", 20)
    assert [rows_sha256(read(part)) for part in parts] == [part.rows_sha256 for part in parts]
    whole = pa.concat_tables([read(part) for part in parts])
    assert rows_sha256(whole) == rows_hash == rows_sha256(things(50))


def test_types_and_nullability_are_the_contracts_and_landing_comes_last(tmp_path: Path) -> None:
    (part,), _ = write(things(3), tmp_path / "parts")
    schema = pq.read_schema(part.path)
    assert schema.remove(len(schema) - 1).equals(CONTRACT.schema)
    assert schema.field(len(schema) - 1).equals(pa.field("_landing", pa.string(), nullable=False))
    assert [column.max_definition_level for column in pq.ParquetFile(part.path).schema] == [0, 1, 1, 1, 1, 1, 1, 0]


def test_every_row_carries_its_landing_and_keeps_its_values(tmp_path: Path) -> None:
    (part,), _ = write(things(9), tmp_path / "parts")
    rows = read(part)
    assert rows["_landing"].to_pylist() == [LANDING] * 9
    assert rows.drop_columns("_landing").to_pydict() == things(9).to_pydict()


def test_metadata_names_contract_hash_and_landing(tmp_path: Path) -> None:
    (part,), _ = write(things(1), tmp_path / "parts")
    metadata = pq.read_schema(part.path).metadata
    assert metadata[b"tieout.contract"] == b"urn:tieout:contract:thing:1.0.0"
    assert metadata[b"tieout.contract_sha256"] == b"c" * 64
    assert metadata[b"tieout.landing"] == LANDING.encode()


def test_zero_rows_are_one_part_with_the_whole_schema(tmp_path: Path) -> None:
    (part,), rows_hash = write(things(0), tmp_path / "parts")
    assert (part.number, part.rows, part.rows_sha256) == (0, 0, rows_hash)
    rows = read(part)
    assert rows.num_rows == 0
    assert rows.column_names == [*things(0).column_names, "_landing"]


@pytest.mark.parametrize(
    ("rows", "part_rows", "expected"),
    [(6, 3, [3, 3]), (7, 3, [3, 3, 1]), (3, 3, [3]), (2, 3, [2]), (0, 3, [0]), (3, 1, [1, 1, 1])],
)
def test_part_rows_splits(tmp_path: Path, rows: int, part_rows: int, expected: list[int]) -> None:
    parts, _ = write(things(rows), tmp_path / "parts", part_rows)
    assert [part.rows for part in parts] == expected
    assert [part.number for part in parts] == list(range(len(expected)))
    assert [part.path.name for part in parts] == [f"thing-{number:05}.parquet" for number in range(len(expected))]
    ids = [name for part in parts for name in read(part)["id"].to_pylist()]
    assert ids == things(rows)["id"].to_pylist()


def test_the_split_changes_the_files_and_not_the_hash_of_the_rows(tmp_path: Path) -> None:
    (_, together), (_, apart) = write(things(9), tmp_path / "one", 9), write(things(9), tmp_path / "three", 3)
    assert together == apart


def test_columns_of_the_stores_own_do_not_land(tmp_path: Path) -> None:
    staged = things(4).append_column("_position", pa.array([4, 3, 2, 1]))
    (part,), _ = write(staged, tmp_path / "staged")
    (other,), _ = write(things(4), tmp_path / "plain")
    assert part.path.read_bytes() == other.path.read_bytes()


def test_every_column_is_compressed_with_zstd(tmp_path: Path) -> None:
    (part,), _ = write(things(4), tmp_path / "parts")
    group = pq.ParquetFile(part.path).metadata.row_group(0)
    assert {group.column(at).compression for at in range(group.num_columns)} == {"ZSTD"}
