# SPDX-License-Identifier: Apache-2.0
"""Files of a drop: which are read, what is stated of each, what is refused, and how they are counted."""

from __future__ import annotations

import gzip
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.change_csv import FIELDS, HEADER, line, sha, text
from tests.unit.collectors.frames import Extractor, FrameFactory
from tests.unit.collectors.test_drop_xlsx import workbook

from tieout.collectors.drop_files import FolderFile
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.object_drop import collect, from_pages
from tieout.collectors.redaction import Redactor
from tieout.errors import ConfigurationError, ContractError, SourceUnavailable
from tieout.persons import PersonKey

FACTS = {"committer_kind": "person", "committer_is_author": "false"}


def rows_of(*numbers: int, **values: str) -> list[dict[str, str]]:
    """Return change records, one per number."""
    return [{**FIELDS, **FACTS, "sha": sha(number), **values} for number in numbers]


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows in the format that the path's name states."""
    plain = path.name.removesuffix(".gz")
    if plain.endswith(".csv"):
        content = "".join(",".join(each) + "\n" for each in (list(rows[0]), *(list(row.values()) for row in rows))).encode()
    elif plain.endswith(".xlsx"):
        content = workbook({"Export": [list(rows[0]), *(list(row.values()) for row in rows)]})
    elif plain.endswith(".parquet"):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(rows), sink)
        content = sink.getvalue().to_pybytes()
    else:
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)


def shas(extractor: Extractor, frame: Frame) -> list[str]:
    """Return the commit ids of the rows that an extraction keeps."""
    return [row["sha"] for row in extractor.rows(frame)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("in.csv", "CSV file"),
        ("in.CSV.gz", "CSV file"),
        ("in.jsonl", "JSON lines file"),
        ("in.ndjson.gz", "JSON lines file"),
        ("in.xlsx", "XLSX file"),
        ("in.parquet", "Parquet file"),
    ],
)
def test_each_format_gives_the_same_rows_and_is_kept_as_it_came(
    home: Path, frame_of: FrameFactory, extractor: Extractor, name: str, kind: str
) -> None:
    path = home / name.lower()
    write(path, rows_of(1, 2) + rows_of(3, committed_at="2026-04-01T00:00:00Z"))
    path.rename(home / name)
    frame = frame_of("object_drop", path=name)
    extraction = extractor(frame)
    assert (extraction.ipe.source.kind, extraction.ipe.source.location) == (kind, name)
    assert (extraction.ipe.rows_read, extraction.ipe.rows_in_window) == (3, 2)
    typed = extractor.typed(frame_of("object_drop", path=name))
    assert typed.drop_columns(["system"]).to_pylist()[1]["sha"] == sha(2)
    (page,) = frame.pages
    stored = (frame.folder / page.name).read_bytes()
    if page.name.endswith(".zst"):
        with pa.input_stream(str(frame.folder / page.name), compression="zstd") as opened:
            stored = opened.read()
    assert stored == (home / name).read_bytes()


def test_a_folder_is_read_in_name_order_each_file_its_own_page(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    (home / "drop").mkdir()
    write(home / "drop/b.jsonl", rows_of(3))
    write(home / "drop/a.csv", rows_of(1, 2))
    write(home / "drop/.hidden.csv", rows_of(9))
    frame = frame_of("object_drop", path="drop")
    ipe = extractor(frame).ipe
    assert ipe.source.kind == "2 CSV and JSON lines files"
    assert (ipe.source_total.rows, ipe.source_total.how) == (3, "line ends in the file")
    assert shas(extractor, frame_of("object_drop", path="drop")) == [sha(1), sha(2), sha(3)]
    first, second = (ipe.source.parameters[f"drop/{name}"] for name in ("a.csv", "b.jsonl"))
    assert re.fullmatch(r"2 rows, \d+ bytes, SHA-256 [0-9a-f]{64}, owner uid \d+ \(.+\), mode 644, modified 20.*Z", first)
    assert frame.pages[1].received_sha256 in second


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("tickets-{window}.csv", [1]),
        ("tickets-*.csv", [1, 2]),
        ("*/tickets-{window}.csv", [3]),
        ("tickets-2026-0[24].csv", [2]),
    ],
)
def test_a_pattern_says_which_files_are_the_windows(
    home: Path, frame_of: FrameFactory, extractor: Extractor, pattern: str, found: list[int]
) -> None:
    (home / "drop/old").mkdir(parents=True)
    write(home / "drop/tickets-2026-03.csv", rows_of(1))
    write(home / "drop/tickets-2026-04.csv", rows_of(2))
    write(home / "drop/old/tickets-2026-03.csv", rows_of(3))
    (home / "drop/README.txt").write_text("no table")
    assert shas(extractor, frame_of("object_drop", path="drop", pattern=pattern)) == [sha(number) for number in found]


def test_a_window_of_no_schedule_reads_the_files_of_all_windows(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    (home / "drop").mkdir()
    write(home / "drop/t-2026-03.csv", rows_of(1))
    write(home / "drop/t-2026-04.csv", rows_of(2))
    frame = frame_of("object_drop", path="drop", pattern="t-{window}.csv")
    frame.window = replace(frame.window, key="true-up-2026-07-01")
    assert shas(extractor, frame) == [sha(1), sha(2)]


@pytest.mark.parametrize("key", ["access-2026-03", "removal-2026-03"])
def test_what_a_review_is_made_of_has_files_of_its_own(
    home: Path, frame_of: FrameFactory, extractor: Extractor, key: str
) -> None:
    (home / "drop").mkdir()
    for number, name in enumerate(("2026-03", "access-2026-03", "removal-2026-03", "access-2026-04"), start=1):
        write(home / f"drop/t-{name}.csv", rows_of(number))
    frame = frame_of("object_drop", path="drop", pattern="t-{window}.csv")
    frame.window = replace(frame.window, key=key)
    assert shas(extractor, frame) == [sha(2 if key.startswith("access") else 3)]


def test_no_file_that_fits_says_what_was_looked_for_and_what_is_there(
    home: Path, frame_of: FrameFactory, extractor: Extractor
) -> None:
    (home / "drop").mkdir()
    for number in range(25):
        (home / f"drop/other-{number:02}.csv").touch()
    expected = r"drop: expected a file named 't-2026-03\.csv', there is other-00\.csv, .*other-19\.csv and 5 more\. Drop the file"
    with pytest.raises(SourceUnavailable, match=expected):
        extractor(frame_of("object_drop", path="drop", pattern="t-{window}.csv"))
    with pytest.raises(SourceUnavailable, match=r"nowhere: parameter 'pattern' goes with a folder, and there is none"):
        extractor(frame_of("object_drop", path="nowhere", pattern="*"))


def test_columns_are_renamed_and_others_are_left_to_the_page(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    own = {name: f"Own {name}" for name in (*FIELDS, *FACTS)}
    for name in ("in.csv", "in.jsonl", "in.xlsx", "in.parquet"):
        write(home / name, [{"Unused": "x", **{own[key]: value for key, value in row.items()}} for row in rows_of(1)])
        frame = frame_of("object_drop", path=name, columns=own)
        assert shas(extractor, frame) == [sha(1)]
        assert any("does not name stand in the raw pages only" in spot for spot in extractor(frame).ipe.source.blind_spots)
        with pytest.raises(ContractError, match=rf"in\.{name[3:]}: .*'?Own nothing'?.*Correct the parameter"):
            extractor(frame_of("object_drop", path=name, columns={**own, "sha": "Own nothing"}))


@pytest.mark.parametrize("columns", [{"sha": 1}, {"sha": "a", "author": "a"}])
def test_columns_name_each_column_once(home: Path, frame_of: FrameFactory, extractor: Extractor, columns: Any) -> None:
    (home / "in.csv").write_text(text(line()))
    with pytest.raises(ConfigurationError, match="parameter 'columns': expected texts, contract column: column of the source"):
        extractor(frame_of("object_drop", path="in.csv", columns=columns))


def test_a_time_zone_has_to_be_one(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    (home / "in.csv").write_text(text(line()))
    for zone in ("Mars/Olympus", "../etc"):
        with pytest.raises(ConfigurationError, match="parameter 'time_zone': expected an IANA zone such as Europe/Berlin"):
            extractor(frame_of("object_drop", path="in.csv", time_zone=zone))


def test_a_control_total_is_a_second_count_from_elsewhere(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    (home / "drop").mkdir()
    write(home / "drop/a.csv", rows_of(1, 2))
    write(home / "drop/b.csv", rows_of(3))
    (home / "drop/a.csv.count").write_text("2\n")
    with pytest.raises(SourceUnavailable, match=r"b\.csv\.count: cannot be read"):
        extractor(frame_of("object_drop", path="drop", control_total=True))
    (home / "drop/b.csv.count").write_text("1")
    frame = frame_of("object_drop", path="drop", control_total=True)
    second = extractor(frame).ipe.second_count
    assert (second.rows, second.independence) == (3, SecondCountClass.OTHER_ENDPOINT)
    assert [page.name for page in frame.pages] == [
        "page-00000.csv.zst",
        "page-00001.csv.zst",
        "page-00002.count.zst",
        "page-00003.count.zst",
    ]
    (home / "drop/b.csv.count").write_text("4")
    with pytest.raises(ContractError, match=r"drop/b\.csv: has 1 rows, and its control total drop/b\.csv\.count says 4"):
        extractor(frame_of("object_drop", path="drop", control_total=True))
    (home / "drop/b.csv.count").write_text("one")
    with pytest.raises(ContractError, match=r"b\.csv\.count: expected the number of rows and nothing else, got 'one'"):
        extractor(frame_of("object_drop", path="drop", control_total=True))


def test_files_of_one_window_have_the_same_columns(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    (home / "drop").mkdir()
    write(home / "drop/a.csv", rows_of(1))
    write(home / "drop/b.csv", [{key: value for key, value in row.items() if key != "parents"} for row in rows_of(2)])
    with pytest.raises(ContractError, match=r"drop/b\.csv: expected the columns of drop/a\.csv, they differ in parents"):
        extractor(frame_of("object_drop", path="drop"))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("in.csv", workbook({"A": [["x"]]}), "expected CSV, as its name says, got an XLSX workbook or another zip file"),
        ("in.csv", gzip.compress(b"a\n", mtime=0), "expected CSV, as its name says, got a gzip file"),
        ("in.csv", "\ufeffa\n".encode("utf-16"), "expected CSV, as its name says, got UTF-16 text"),
        ("in.xlsx", b"a,b\n1,2\n", "expected XLSX, as its name says, got something else"),
        ("in.xlsx", b"\xd0\xcf\x11\xe0....", "got an old or password-protected Office file"),
        ("in.xlsx", b"", "expected XLSX, as its name says, got an empty file"),
        ("in.parquet", b"a,b\n", "expected Parquet, as its name says"),
        ("in.parquet", b"PAR1" + b"x" * 20, "its metadata can not be read"),
        ("in.jsonl", b"PAR1", "expected JSON lines, as its name says, got a Parquet file"),
        ("in.jsonl.gz", b"{}", "the file's compression ends early or is broken"),
        ("in.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-4], "the file's compression ends early or is broken"),
        ("in.txt", b"", "expected a name that ends in .csv, .csv.gz, "),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    home: Path, frame_of: FrameFactory, extractor: Extractor, name: str, content: bytes, problem: str
) -> None:
    (home / name).write_bytes(content)
    frame = frame_of("object_drop", path=name)
    with pytest.raises(ContractError, match=re.escape(problem)):
        extractor(frame)
    assert len(frame.pages) == (name != "in.txt")  # what was refused is kept


def test_a_workbook_is_not_kept_where_person_ids_are_on(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    write(home / "in.xlsx", rows_of(1))
    frame = frame_of("object_drop", path="in.xlsx")
    frame.redactor = Redactor(PersonKey(b"k" * 32))
    with pytest.raises(ConfigurationError, match="person ids are on, and e-mail addresses are not found in XLSX files"):
        extractor(frame)
    assert frame.pages == []


def test_a_file_that_is_written_to_while_it_is_read_may_be_read_later(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"x" * 2_000_000)
    chunks = FolderFile("in.csv", path).chunks()
    next(chunks)
    with path.open("ab") as file:
        file.write(b"more")
    os.utime(path, ns=(1, 1))
    with pytest.raises(SourceUnavailable, match=r"in\.csv: the file changed while it was read"):
        list(chunks)


def test_captured_pages_give_the_rows_again(home: Path, frame_of: FrameFactory, extractor: Extractor, tmp_path: Path) -> None:
    (home / "drop").mkdir()
    write(home / "drop/a.csv", rows_of(1))
    write(home / "drop/b.jsonl.gz", rows_of(2))
    for name in ("a.csv", "b.jsonl.gz"):
        (home / f"drop/{name}.count").write_text("1")
    pages = [tmp_path / name for name in ("page-00000.csv", "page-00001.jsonl.gz", "page-00002.count", "page-00003.count")]
    for page, name in zip(pages, ("a.csv", "b.jsonl.gz", "a.csv.count", "b.jsonl.gz.count"), strict=True):
        page.write_bytes((home / "drop" / name).read_bytes())
    parameters = {"path": "drop", "control_total": True}
    first, again = frame_of("object_drop", **parameters), frame_of("object_drop", **from_pages(parameters, pages))
    assert shas(extractor, first) == [sha(1), sha(2)] == shas(extractor, again)
    assert [page.received_sha256 for page in first.pages] == [page.received_sha256 for page in again.pages]
    assert again.statement
    assert (again.statement.location, "captured" in again.statement.parameters) == ("drop", False)


def test_a_connection_goes_with_a_bucket(frame_of: FrameFactory) -> None:
    with pytest.raises(ConfigurationError, match="'connection' goes with a path s3://bucket/prefix/, got path 'drop'"):
        list(collect(frame_of("object_drop", path="drop", connection="aws_drop")))
    with pytest.raises(ConfigurationError, match="parameter 'connection': expected str, got None"):
        list(collect(frame_of("object_drop", path="s3://shop-exports/tickets/")))
    with pytest.raises(ConfigurationError, match="expected s3://bucket/prefix/, got 's3://'"):
        list(collect(frame_of("object_drop", path="s3://", connection="aws_drop")))


def test_a_header_alone_is_zero_rows(home: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    names = [*FIELDS, *FACTS]
    (home / "in.csv").write_text(",".join(names) + "\n")
    (home / "in.xlsx").write_bytes(workbook({"A": [names]}))
    (home / "in.jsonl").touch()
    pq.write_table(pa.table({name: pa.array([], pa.string()) for name in names}), home / "in.parquet")
    assert HEADER in (home / "in.csv").read_text()
    for name in ("in.csv", "in.xlsx", "in.parquet", "in.jsonl"):
        columns = {each: each for each in names} if name == "in.jsonl" else {}
        ipe = extractor(frame_of("object_drop", path=name, columns=columns)).ipe
        assert (ipe.rows_read, ipe.expected_rows) == (0, 0)
    with pytest.raises(ContractError, match=r"in\.jsonl: expected a line, got an empty file, which has no columns"):
        extractor(frame_of("object_drop", path="in.jsonl"))
