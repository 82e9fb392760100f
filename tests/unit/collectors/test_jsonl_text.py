# SPDX-License-Identifier: Apache-2.0
"""JSON lines as text: each value as it is written, and one clear error for the line that is none."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tieout.collectors import jsonl_text
from tieout.collectors.jsonl_text import count_lines, read_jsonl
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ContractError


def rows(page: Path, wanted: list[str] | None = None) -> list[dict[str, object]]:
    """Return the rows of a file."""
    found = read_jsonl(page, "in.jsonl", wanted)
    read = [row for table in found.tables() for row in table.to_pylist()]
    assert found.records == len(read)
    return read


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return where the file stands."""
    return tmp_path / "page-00000.jsonl"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"text"', "text"),
        ('""', ""),
        ("null", None),
        ("true", "true"),
        ("false", "false"),
        ("9007199254740993", "9007199254740993"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1.10", "1.10"),
        ("-1E5", "-1E5"),
        (r'"J\u00fcrgen \ud83d\ude00"', "Jürgen 😀"),
    ],
)
def test_a_value_is_kept_as_it_is_written(page: Path, value: str, expected: str | None) -> None:
    page.write_text(f'{{"id": "a", "value": {value}}}\n')
    assert rows(page) == [{"id": "a", "value": expected, POSITION_COLUMN: 1}]


def test_keys_may_come_in_any_order_and_be_left_out(page: Path) -> None:
    page.write_text('\ufeff{"id": "a"}\n{"late": 1, "id": "b"}\r\n{"id": "c"}', encoding="utf-8")
    assert [(row["id"], row["late"], row[POSITION_COLUMN]) for row in rows(page)] == [
        ("a", None, 1),
        ("b", "1", 2),
        ("c", None, 3),
    ]
    assert rows(page, ["id"])[1] == {"id": "b", POSITION_COLUMN: 2}
    with pytest.raises(ContractError, match=r"in\.jsonl: no line has the key 'gone'"):
        rows(page, ["id", "gone"])


def test_rows_come_in_batches_that_all_have_the_same_columns(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl_text, "_ROWS", 2)
    page.write_text("".join(f'{{"id": {number}}}\n' for number in range(4)) + '{"id": 4, "late": "x"}\n')
    tables = list(read_jsonl(page, "in.jsonl", None).tables())
    assert [table.num_rows for table in tables] == [2, 2, 1]
    assert {tuple(table.column_names) for table in tables} == {("id", "late", POSITION_COLUMN)}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "expected one JSON object on the line, Expecting property name"),
        (b'{"id": 1} {"id": 2}', "expected one JSON object on the line, Extra data at column 11"),
        (b"", "expected one JSON object on the line, Expecting value"),
        (b"[1]", "expected one JSON object on the line, got a list"),
        (b"7", "expected one JSON object on the line, got a number or text"),
        (b'{"id": 1, "id": 2}', "key 'id' is named twice"),
        (b'{"id": NaN}', "NaN is no JSON number"),
        (b'{"id": "\xff"}', "no UTF-8: byte 0xff"),
        (b'{"id": {"a": 1}}', "column 'id': expected a text, number, true, false or null, got an object"),
        (b'{"id": []}', "column 'id': expected a text, number, true, false or null, got a list"),
        (b'{"id": "\\ud800"}', "a text holds half a character"),
        (b"[" * 100_000, "expected one JSON object on the line"),
    ],
)
def test_one_bad_line_among_many_is_named(page: Path, line: bytes, problem: str) -> None:
    page.write_bytes(b'{"id": 1}\n' * 3000 + line + b"\n" + b'{"id": 1}\n' * 3000)
    where = "lines 1 to 6001" if "half" in problem else "line 3001"
    for wanted in (None, ["id"]):
        with pytest.raises(ContractError, match=re.escape(f"in.jsonl: {where}: ") + ".*" + re.escape(problem)):
            rows(page, wanted)


def test_an_error_shows_no_value(page: Path) -> None:
    page.write_text('{"id": "ann@example.com"\n')
    with pytest.raises(ContractError) as caught:
        rows(page)
    assert "ann" not in str(caught.value)


def test_a_line_has_to_fit_into_memory(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl_text, "MAX_LINE_BYTES", 20)
    page.write_text('{"id": 1}\n{"id": "' + "x" * 40 + '"}\n')
    with pytest.raises(ContractError, match=r"in\.jsonl: line 2: expected at most 20 bytes"):
        rows(page)


@pytest.mark.parametrize(("content", "lines"), [(b"", 0), (b"{}", 1), (b"{}\n", 1), (b"{}\n{}", 2), (b"{}\n{}\n", 2)])
def test_lines_are_counted_without_a_parser(tmp_path: Path, content: bytes, lines: int) -> None:
    packed = tmp_path / "page-00000.jsonl.gz"
    packed.write_bytes(gzip.compress(content))
    assert count_lines(packed, "in.jsonl.gz") == lines
    packed.write_bytes(gzip.compress(b"{}\n" * 1000)[:-6])
    with pytest.raises(ContractError, match=r"in\.jsonl\.gz: the file's compression ends early or is broken"):
        count_lines(packed, "in.jsonl.gz")
