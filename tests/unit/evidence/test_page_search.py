# SPDX-License-Identifier: Apache-2.0
"""The record of a raw page that holds a row's key, in the forms that sources give pages in."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest

from tieout.errors import CannotCheck
from tieout.evidence.page_search import FoundRecord, find_record, plain_bytes


def found(page: bytes, *values: str, media_type: str = "text/csv") -> FoundRecord | None:
    return find_record(io.BytesIO(page), media_type, values, "page-00000")


def test_a_line_is_found_by_its_number() -> None:
    page = b'id,title\n1,one\n2,"say ""two"""\n'
    assert found(page, "2") == FoundRecord("line 3", '2,"say ""two"""')
    assert found(page, 'say "two"', "2") == FoundRecord("line 3", '2,"say ""two"""')
    assert found(page, "1", "say") is None  # on two lines
    assert found(b"", "1") is None
    assert found(b"last line without an end", "end") == FoundRecord("line 1", "last line without an end")


def test_lines_are_counted_over_all_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieout.evidence.page_search._BLOCK", 7)
    page = b"".join(b"row-%d\n" % number for number in range(100))
    assert found(page, "row-77") == FoundRecord("line 78", "row-77")


def test_the_smallest_object_of_a_json_document_is_shown() -> None:
    document = {"total": 2, "items": [{"id": 17, "tags": ["a"]}, {"id": 18, "person": {"login": "ann"}, "url": "https://x/17"}]}
    page = json.dumps(document, indent=1).encode()
    assert found(page, "17", media_type="application/json") == FoundRecord("$.items[0]", '{"id": 17, "tags": ["a"]}')
    both = found(page, "18", "ann", media_type="application/json")
    assert both is not None
    assert both.where == "$.items[1]"
    part = found(page, "https://x", media_type="application/json")  # a part of a value is taken where no whole one is
    assert part is not None
    assert part.where == "$.items[1]"
    assert found(page, "19", media_type="application/json") is None


def test_json_lines_are_searched_line_by_line() -> None:
    page = b'{"id": "a\\u00e9"}\n{"id": "b"}\n'
    assert found(page, "b", media_type="application/x-ndjson") == FoundRecord("line 2", '{"id": "b"}')
    assert found(page, "aé", media_type="application/json") == FoundRecord("line 1", '{"id": "a\\u00e9"}')


def test_a_long_record_is_shortened_around_the_value() -> None:
    shown = found(b"x" * 5000 + b"needle" + b"y" * 5000, "needle")
    assert shown is not None
    assert "needle" in shown.text
    assert len(shown.text) < 700


def test_compressed_pages_are_searched_plain(tmp_path: Path) -> None:
    page = b"".join(b"row-%d\n" % number for number in range(50_000))
    for name, data in (("page.csv.gz", gzip.compress(page)), ("page.csv.zst", pa.compress(page, "zstd", asbytes=True))):
        (tmp_path / name).write_bytes(data)
        with (tmp_path / name).open("rb") as file:
            shown = find_record(plain_bytes(file, name), "text/csv", ["row-49999"], name)
        assert shown == FoundRecord("line 50000", "row-49999")


def test_what_can_not_be_read_is_said() -> None:
    with pytest.raises(CannotCheck, match=r"page-00000: it can not be uncompressed"):
        find_record(plain_bytes(io.BytesIO(b"no zstd"), "page.csv.zst"), "text/csv", ["x"], "page-00000")


def test_a_line_without_end_is_not_searched_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieout.evidence.page_search._BLOCK", 100)
    monkeypatch.setattr("tieout.evidence.page_search._LONGEST_LINE", 250)
    with pytest.raises(CannotCheck, match="a line is longer than 250 bytes"):
        found(b"x" * 1000, "x")
