# SPDX-License-Identifier: Apache-2.0
"""A CSV file is read whole or refused with the line that is wrong; all values stay text."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tieout.collectors.csv_text import MAX_FIELD_CHARACTERS, CsvFile, read_csv
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ContractError

Reader = Callable[..., CsvFile]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Return a function that reads bytes as a captured page."""

    def reader(data: bytes, name: str = "page-00000.csv") -> CsvFile:
        page = tmp_path / name
        page.write_bytes(data)
        return read_csv(page, "drop/in.csv")

    return reader


def rows(file: CsvFile) -> list[dict[str, Any]]:
    """Return all rows of a file."""
    found: list[dict[str, Any]] = pa.concat_tables(file.tables()).to_pylist()
    return found


def refusal(read: Reader, data: bytes, name: str = "page-00000.csv") -> str:
    """Return the message with which bytes are refused, be it before the rows or among them."""
    with pytest.raises(ContractError) as caught:
        rows(read(data, name))
    assert str(caught.value).startswith("drop/in.csv: ")
    return str(caught.value)


def test_every_value_is_text_and_knows_its_line(read: Reader) -> None:
    file = read(b"a,b\n007,NULL\n,true\n")
    assert (file.columns, file.records) == (("a", "b"), 2)
    assert rows(file) == [
        {"a": "007", "b": "NULL", POSITION_COLUMN: 2},
        {"a": "", "b": "true", POSITION_COLUMN: 3},
    ]


def test_a_header_alone_is_zero_rows_in_one_table(read: Reader) -> None:
    file = read(b"a,b\n")
    assert file.records == 0
    assert [table.column_names for table in file.tables()] == [["a", "b", POSITION_COLUMN]]
    assert rows(file) == []


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfa,b\n1,2\n", b"a,b\r\n1,2\r\n", b'"a","b"\n"1","2"\n'])
def test_byte_order_mark_line_ends_and_quotes_change_nothing(read: Reader, data: bytes) -> None:
    file = read(data)
    assert (file.columns, file.records, rows(file)) == (("a", "b"), 1, [{"a": "1", "b": "2", POSITION_COLUMN: 2}])


def test_line_breaks_in_quotes_stay_in_the_value_and_positions_count_records(read: Reader) -> None:
    file = read(b'a,b\n"1\nx","say ""hi"", no"\n3,4\n')
    assert (file.records, file.one_line_each) == (2, False)
    assert rows(file) == [
        {"a": "1\nx", "b": 'say "hi", no', POSITION_COLUMN: 1},
        {"a": "3", "b": "4", POSITION_COLUMN: 2},
    ]


def test_positions_go_on_from_batch_to_batch(read: Reader) -> None:
    wide = b"x" * 1000
    file = read(b"a,b\n" + b"".join(b"%d,%b\n" % (number, wide) for number in range(20_000)))
    tables = list(file.tables())
    assert len(tables) > 1
    positions = pa.concat_tables(tables)[POSITION_COLUMN].to_pylist()
    assert positions == list(range(2, 20_002))


def test_line_breaks_in_quotes_stay_where_a_block_of_the_reader_ends(read: Reader) -> None:
    value = "0123456789\n" * 50_000
    file = read(b"a,b\n" + b"".join(b'%d,"%b"\n' % (number, value.encode()) for number in range(40)))
    tables = list(file.tables())
    assert len(tables) > 1
    assert {text for table in tables for text in table["b"].to_pylist()} == {value}
    assert sum(table.num_rows for table in tables) == file.records == 40


@pytest.mark.parametrize("suffix", [".csv.gz", ".csv.zst"])
def test_compressed_pages_are_read(read: Reader, suffix: str) -> None:
    data = b"a,b\n1,2\n"
    packed = gzip.compress(data) if suffix == ".csv.gz" else pa.compress(data, "zstd", asbytes=True)
    assert rows(read(packed, f"page-00000{suffix}")) == [{"a": "1", "b": "2", POSITION_COLUMN: 2}]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "expected a header line, got an empty file. Nothing lands: a population of zero has a header."),
        (b"\n", "line 1: expected a header line, got an empty one."),
        (b"\n1,2\n", "line 1: expected a header line, got an empty one."),
        (b"\xef\xbb\xbf", "line 1: expected a header line, got an empty one."),
        (b"a,b,a\n1,2,3\n", "line 1: the header names a column twice: a, b, a."),
        (b"a,b\n1,2\n3\n", "line 3: expected 2 fields, got 1. Nothing lands for this window."),
        (b"a,b\n1,2\n3,4,5\n", "line 3: expected 2 fields, got 3. Nothing lands for this window."),
        (b'a,b\n"1\n",2\n3\n', "record 3: expected 2 fields, got 1. Nothing lands for this window."),
        (b"a,b\n1,2\n3", "the last record (3) has 1 of 2 fields and no line break: the file is truncated."),
        (b"a,b\n1,2\n3,4", "the last record (3) has all 2 fields and no line break, so it can not be told from a"),
        (b"a,b", "the last record (1) has all 2 fields and no line break"),
        (b'a,b\n1,2\n"3', "line 3: no CSV: unexpected end of data."),
        (b'a,b\n"1,2\n3,4\n', "line 3: no CSV: unexpected end of data."),
        (b'a,b\n"1"x,2\n', "line 2: no CSV: ',' expected after '\"'."),
        (b"a,b\n1,2\n3,\xff\n", "line 3: expected UTF-8, got byte 0xff. Nothing lands for this window."),
        (b'a,b\n"1",2\n3,\xe9\n', "line 3: expected UTF-8, got byte 0xe9. Nothing lands for this window."),
        (b"a,\xff\n1,2\n", "line 1: expected UTF-8, got byte 0xff. Nothing lands for this window."),
        ("a,b\n1,2\n".encode("utf-16"), "line 1: expected UTF-8, got byte 0xff."),
    ],
)
def test_a_file_that_is_not_whole_is_refused_with_its_line(read: Reader, data: bytes, problem: str) -> None:
    assert refusal(read, data).startswith(f"drop/in.csv: {problem}")


def test_the_line_that_is_no_utf_8_is_found_far_down_and_in_a_compressed_page(read: Reader) -> None:
    data = b"a,b\n" + b"1,2\n" * 5000 + b"3,\xff\n"
    packed = pa.compress(data, "zstd", asbytes=True)
    assert "line 5002: expected UTF-8, got byte 0xff." in refusal(read, data)
    assert "line 5002: expected UTF-8, got byte 0xff." in refusal(read, packed, "page-00000.csv.zst")


@pytest.mark.parametrize("data", [b"a,b\n1,2\n\n3,4\n", b"a,b\n1,2\n3,4\n\n"])
def test_a_blank_line_is_a_record_without_values_and_not_dropped(read: Reader, data: bytes) -> None:
    file = read(data)
    blank = next(row for row in rows(file) if row["a"] == "")
    assert file.records == 3
    assert blank == {"a": "", "b": "", POSITION_COLUMN: data.split(b"\n").index(b"") + 1}


def test_a_quote_that_swallows_the_file_is_refused(read: Reader) -> None:
    data = b'a,b\n"' + b"1,2\n" * (MAX_FIELD_CHARACTERS // 4 + 1)
    assert "no CSV: field larger than field limit" in refusal(read, data)


PACKED = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (number, number**3) for number in range(1000)), mtime=0)


@pytest.mark.parametrize(
    "data",
    [
        PACKED[:-20],
        PACKED[:-6] + bytes([PACKED[-6] ^ 1]) + PACKED[-5:],
        PACKED[:200] + bytes([PACKED[200] ^ 255]) + PACKED[201:],
        PACKED + b"more",
        b"a,b\n1,2\n",
    ],
    ids=["cut", "checksum", "bit", "trailing", "not compressed"],
)
def test_broken_compression_is_refused(read: Reader, data: bytes) -> None:
    message = refusal(read, data, "page-00000.csv.gz")
    assert "compression ends early or is broken" in message
    assert message.endswith("export it again.")


def test_an_empty_compressed_file_is_an_empty_file(read: Reader) -> None:
    assert "got an empty file" in refusal(read, gzip.compress(b""), "page-00000.csv.gz")
