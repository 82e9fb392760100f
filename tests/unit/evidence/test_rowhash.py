# SPDX-License-Identifier: Apache-2.0
"""``tieout-rows-1``, written a second time, row by row and with nothing but struct and hashlib, gives the same hash."""

from __future__ import annotations

import hashlib
import json
import struct
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tieout.evidence.rowhash import RowsHash, key_order, rows_sha256

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPES = {
    "int64": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp[us, tz=UTC]": pa.timestamp("us", tz="UTC"),
    "date32[day]": pa.date32(),
    "string": pa.string(),
}
VALUES: dict[str, list[Any]] = {
    "int64": [0, -1, 2**63 - 1, -(2**63)],
    "double": [0.0, -0.0, 1 / 3, float("inf"), float("nan"), 5e-324],
    "bool": [True, False],
    "timestamp[us, tz=UTC]": [EPOCH, EPOCH - timedelta(microseconds=1), datetime(2026, 3, 5, 14, 30, 0, 123456, UTC)],
    "date32[day]": [date(1970, 1, 1), date(1969, 12, 31), date(2026, 3, 5)],
    "string": ["", "a", "ab", "é", "日本語", "😀", "line\nfeed", "nul\0", "x" * 300],
}


def sort_rows(rows: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Put rows in key order."""
    order = key_order(rows, key)
    return rows if order is None else rows.take(order)


def test_texts_are_ordered_by_their_bytes_whatever_their_length() -> None:
    texts = [
        "",
        "a",
        "a\0",
        "a\0b",
        "ab",
        "é",
        "z",
        "\U0001f600",
        "12345678",
        "123456789",
        "12345678\0",
        "1234567",
        "12345679",
        "é" * 9,
    ]
    rows = pa.table({"s": pa.chunked_array([texts[:5], texts[5:], texts]), "n": pa.array(range(3 * len(texts) - len(texts)))})
    ordered = sort_rows(rows, ("s", "n")).to_pydict()
    expected = sorted(zip(rows["s"].to_pylist(), rows["n"].to_pylist(), strict=True), key=lambda row: (row[0].encode(), row[1]))
    assert list(zip(ordered["s"], ordered["n"], strict=True)) == expected


def test_how_rows_are_fed_makes_no_difference() -> None:
    rows = pa.table({"s": pa.array([f"{number}" for number in range(150_000)])})
    for cut in (1, 65_536, 70_000, 149_999):
        digest = RowsHash(rows.schema, rows.num_rows)
        digest.update(rows.slice(0, cut))
        digest.update(rows.slice(cut))
        assert digest.hexdigest() == rows_sha256(rows)


def second_hash(columns: list[tuple[str, str]], rows: list[tuple[Any, ...]]) -> str:
    """Encode rows as the docstring of `tieout.evidence.rowhash` says; shares no code with it."""
    header = {"columns": [list(column) for column in columns], "encoding": "tieout-rows-1", "rows": str(len(rows))}
    line = json.dumps(header, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    digest = hashlib.sha256(line.encode())
    fixed = {"int64": "<q", "double": "<d", "bool": "<?", "timestamp[us, tz=UTC]": "<q", "date32[day]": "<i"}
    for start in range(0, len(rows), 65_536):
        for at, (_, kind) in enumerate(columns):
            values = [row[at] for row in rows[start : start + 65_536]]
            digest.update(b"".join(b"\0" if value is None else b"\1" for value in values))
            if kind == "string":
                texts = [(value or "").encode() for value in values]
                digest.update(b"".join(struct.pack("<I", len(text)) for text in texts) + b"".join(texts))
                continue
            for value in values:
                number = value or 0 if not isinstance(value, float) else value
                if isinstance(number, datetime):
                    number = (number - EPOCH) // timedelta(microseconds=1)
                elif isinstance(number, date):
                    number = (number - date(1970, 1, 1)).days
                digest.update(struct.pack(fixed[kind], number))
    return digest.hexdigest()


def table(columns: list[tuple[str, str]], rows: list[tuple[Any, ...]]) -> pa.Table:
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns])
    arrays = [pa.array([row[at] for row in rows], TYPES[kind]) for at, (_, kind) in enumerate(columns)]
    return pa.table(arrays, schema=schema)


ALL_COLUMNS = [(f"c{at}é", kind) for at, kind in enumerate(TYPES)]


def all_types(count: int) -> list[tuple[Any, ...]]:
    """Return rows of every type; each value comes up next to nulls, which fall at another place in each column."""
    columns = [
        [None if (at + number) % 3 == 0 else VALUES[kind][at % len(VALUES[kind])] for at in range(count)]
        for number, kind in enumerate(TYPES)
    ]
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("nulls", ["none", "some", "all"])
def test_each_type_alone(kind: str, nulls: str) -> None:
    values = {"none": VALUES[kind], "some": [None, *VALUES[kind], None], "all": [None, None]}[nulls]
    rows = [(value,) for value in values]
    assert rows_sha256(table([("c", kind)], rows)) == second_hash([("c", kind)], rows)


def test_all_types_with_nulls_side_by_side() -> None:
    rows = all_types(200)
    assert rows_sha256(table(ALL_COLUMNS, rows)) == second_hash(ALL_COLUMNS, rows)


def test_zero_rows_have_a_hash_of_their_columns() -> None:
    assert rows_sha256(table(ALL_COLUMNS, [])) == second_hash(ALL_COLUMNS, [])
    assert rows_sha256(table(ALL_COLUMNS[:1], [])) != rows_sha256(table(ALL_COLUMNS[1:2], []))
    assert rows_sha256(pa.table({"n": pa.chunked_array([], pa.int64())})) == second_hash([("n", "int64")], [])


@pytest.mark.parametrize(("start", "length"), [(0, 7), (1, 50), (13, 100), (199, 1), (57, 0)])
def test_a_slice_hashes_as_its_rows_and_not_as_the_buffers_behind_it(start: int, length: int) -> None:
    rows = all_types(200)
    expected = second_hash(ALL_COLUMNS, rows[start : start + length])
    assert rows_sha256(table(ALL_COLUMNS, rows).slice(start, length)) == expected


def test_a_slice_without_nulls_hashes_as_its_rows() -> None:
    texts = [("a",), ("",), ("é😀",), ("ccc",), ("d",)]
    whole = table([("s", "string")], texts)
    sliced = pa.Table.from_batches([pa.record_batch([whole["s"].chunk(0).slice(1, 3)], names=["s"])])
    assert rows_sha256(sliced) == rows_sha256(whole.slice(1, 3)) == second_hash([("s", "string")], texts[1:4])


@pytest.mark.parametrize("size", [1, 7, 64, 199])
def test_chunks_do_not_count(size: int) -> None:
    whole = table(ALL_COLUMNS, all_types(200))
    chunked = pa.concat_tables([whole.slice(start, size) for start in range(0, 200, size)])
    assert chunked.column(0).num_chunks > 1
    assert rows_sha256(chunked) == rows_sha256(whole)


@pytest.mark.parametrize("count", [65_536, 65_537, 131_073])
def test_more_rows_than_a_block(count: int) -> None:
    columns = [("n", "int64"), ("s", "string")]
    rows = [(at, None if at % 5 == 0 else f"é{at}") for at in range(count)]
    whole = table(columns, rows)
    expected = second_hash(columns, rows)
    assert rows_sha256(whole) == expected
    assert rows_sha256(pa.concat_tables([whole.slice(0, 65_530), whole.slice(65_530)])) == expected


def test_the_encoding_never_changes() -> None:
    columns = [("id", "string"), ("n", "int64"), ("at", "timestamp[us, tz=UTC]")]
    rows = [("a", 1, EPOCH), ("b", None, None), ("ü", -1, datetime(2026, 10, 31, 23, 59, 59, 999999, UTC))]
    expected = "c4508687170891ef423dd44551bd171efd915f5a905eaaddb1677fe96211e5b1"
    assert rows_sha256(table(columns, rows)) == second_hash(columns, rows) == expected


BASE = [("a", 1), ("b", None), ("c", 0)]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param([("a", 1), ("b", 0), ("c", 0)], id="a zero for a null"),
        pytest.param([("a", 1), ("b", None)], id="a row less"),
        pytest.param([("a", 1), ("b", None), ("c", 0), ("c", 0)], id="a row twice"),
        pytest.param([("a", 1), ("c", 0), ("b", None)], id="another order"),
        pytest.param([("ab", 1), ("", None), ("c", 0)], id="text moved to the row before"),
        pytest.param([("a", 1), (None, None), ("c", 0)], id="a null for a text"),
        pytest.param([("a", 1), ("b", None), ("c", 2)], id="another number"),
    ],
)
def test_any_change_of_the_rows_changes_the_hash(changed: list[tuple[Any, ...]]) -> None:
    columns = [("s", "string"), ("n", "int64")]
    assert rows_sha256(table(columns, changed)) != rows_sha256(table(columns, BASE))


def test_an_empty_text_is_not_a_null() -> None:
    assert rows_sha256(table([("s", "string")], [("",)])) != rows_sha256(table([("s", "string")], [(None,)]))


def test_what_a_buffer_holds_behind_a_null_does_not_count() -> None:
    first_is_null = pa.py_buffer(b"\2")
    numbers = pa.Array.from_buffers(pa.int64(), 2, [first_is_null, pa.py_buffer(struct.pack("<qq", 5, 6))])
    offsets = pa.py_buffer(struct.pack("<iii", 0, 6, 7))
    texts = pa.Array.from_buffers(pa.string(), 2, [first_is_null, offsets, pa.py_buffer(b"hiddenb")])
    columns = [("n", "int64"), ("s", "string")]
    assert rows_sha256(pa.table({"n": numbers, "s": texts})) == second_hash(columns, [(None, None), (6, "b")])


def test_names_types_and_order_of_the_columns_count() -> None:
    rows = pa.table({"a": pa.array([1]), "b": pa.array([1])})
    others = [rows.rename_columns(["a", "c"]), rows.select(["b", "a"]), rows.select(["a"])]
    typed = rows.set_column(1, "b", pa.array([1], pa.date32()))
    assert len({rows_sha256(other) for other in [rows, typed, *others]}) == 5


def test_columns_of_the_stores_own_do_not_count() -> None:
    rows = pa.table({"a": pa.array([1, 2])})
    assert rows_sha256(rows.append_column("_landing", pa.array(["x", "y"]))) == rows_sha256(rows)


def test_rows_are_sorted_by_utf8_bytes_and_then_by_the_next_key_column() -> None:
    texts = ["\uffff", "😀", "é", "a", "Z", "", "a"]
    rows = pa.table({"s": texts, "n": [0, 0, 0, 2, 0, 0, 1]})
    ordered = sort_rows(rows, ("s", "n")).to_pydict()
    assert ordered["s"] == sorted(texts, key=str.encode)
    assert ordered["n"] == [0, 0, 1, 2, 0, 0, 0]
    assert sort_rows(rows, ("n", "s")).to_pydict()["n"] == [0, 0, 0, 0, 0, 1, 2]
