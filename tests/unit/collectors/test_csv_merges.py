# SPDX-License-Identifier: Apache-2.0
"""Change records from a CSV file in a folder."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from tests.unit.change_csv import HEADER, line, sha, text
from tests.unit.collectors.frames import Extractor, FrameFactory

from tieout.collectors.ipe import SecondCountClass
from tieout.errors import ConfigurationError, ContractError, SourceUnavailable

PLATFORM = {"platform_committers": ["web-merge"]}


@pytest.fixture
def export(home: Path) -> Path:
    """Return the path of the export, under home as ``in.csv``."""
    return home / "in.csv"


def test_rows_of_the_window_come_with_the_committers_facts(export: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    ann = "ann@example.com"
    export.write_text(
        text(
            line(1, committed_at="2026-02-01T00:00:00Z"),
            line(2, author=ann, committer=ann),
            line(3, author=ann, committer="ben@example.com"),
            line(4, author=ann, committer="web-merge"),
            line(5, author="web-merge", committer="web-merge"),
        )
    )
    rows = extractor.rows(frame_of(path="in.csv", **PLATFORM))
    facts = [(row["_position"], row["sha"], row["committer_kind"], row["committer_is_author"]) for row in rows]
    assert facts == [
        (3, sha(2), "person", "true"),
        (4, sha(3), "person", "false"),
        (5, sha(4), "platform", None),
        (6, sha(5), "platform", None),
    ]
    assert {row["system"] for row in rows} == {"shop"}


def test_without_platform_committers_every_committer_is_a_person(
    export: Path, frame_of: FrameFactory, extractor: Extractor
) -> None:
    export.write_text(text(line(committer="web-merge")))
    assert [row["committer_kind"] for row in extractor.rows(frame_of(path="in.csv"))] == ["person"]


@pytest.mark.parametrize("platform", ["web-merge", [12345], [True]])
def test_platform_committers_are_a_list_of_texts(
    export: Path, frame_of: FrameFactory, extractor: Extractor, platform: object
) -> None:
    export.write_text(text(line()))
    with pytest.raises(ConfigurationError, match="parameter 'platform_committers': expected "):
        extractor(frame_of(path="in.csv", platform_committers=platform))


def test_the_export_is_kept_as_it_is(export: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    export.write_text("\ufeff" + text(line()))
    frame = frame_of(path="in.csv")
    extractor(frame)
    with pa.input_stream(str(frame.folder / "page-00000.csv.zst"), compression="zstd") as page:
        assert page.read() == export.read_bytes()
    packed = export.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(export.read_bytes()))
    frame = frame_of(path="in.csv.gz")
    assert len(extractor.rows(frame)) == 1
    assert (frame.folder / "page-00000.csv.gz").read_bytes() == packed.read_bytes()


def test_the_record_says_how_rows_were_counted(export: Path, frame_of: FrameFactory, extractor: Extractor) -> None:
    export.write_text(text(line(1), line(2, change_type='"two\nlines"')))
    ipe = extractor(frame_of(path="in.csv")).ipe
    assert (ipe.source.kind, ipe.source.location, ipe.source.query) == ("CSV file", "in.csv", "whole file")
    assert (ipe.source_total.rows, ipe.source_total.how) == (2, "records that Python's csv module reads")
    assert ipe.second_count.independence is SecondCountClass.SAME_ENDPOINT
    export.write_text(text(line(1), line(2)))
    assert extractor(frame_of(path="in.csv")).ipe.source_total.how == "line ends in the file"


@pytest.mark.parametrize("content", [f"{HEADER}\n", f"\ufeff{HEADER}\n", text(line(committed_at="2026-04-01T00:00:00Z"))])
def test_a_header_alone_and_a_window_without_rows_are_zero_rows(
    export: Path, frame_of: FrameFactory, extractor: Extractor, content: str
) -> None:
    export.write_text(content)
    frame = frame_of(path="in.csv")
    ipe = extractor(frame).ipe
    assert (ipe.rows_in_window, ipe.expected_rows) == (0, 0)
    assert len(frame.pages) == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "in.csv: expected a header line, got an empty file."),
        ("\ufeff", "in.csv: line 1: expected a header line, got an empty one."),
        (
            text(line(1), "", line(2)),
            "in.csv: column 'committed_at': expected a value in each row, got something else in 1: row 3",
        ),
        (text(line(1), line(2) + ",x"), "in.csv: line 3: expected 11 fields, got 12."),
        (text(line(1))[:-1], "in.csv: the last record (2) has all 11 fields and no line break"),
        (
            text(line(1))[:-6],
            "in.csv: the last record (2) has 9 of 11 fields and no line break: the file is truncated.",
        ),
        (text(line(1, change_type="a\rb")), "in.csv: line 2: expected 11 fields, got 8."),
        (text(line(1) + "\r" + line(2)), "in.csv: the source holds 1 rows (line ends in the file), 2 were read."),
        (text(line(committed_at="5.3.2026")), "in.csv: column 'committed_at': expected an ISO 8601 time with its zone"),
        (
            text().replace("author,", "writer,"),
            "missing: author, committer_kind, committer_is_author; not in the contract: writer.",
        ),
        (
            f"committer_kind,{HEADER}\nperson,{line()}\n",
            "given by the source, though Tieout adds them itself: committer_kind.",
        ),
        (f"system,{HEADER}\nshop,{line()}\n", "given by the source, though Tieout adds them itself: system."),
        (f"_position,{HEADER}\n1,{line()}\n", "given by the source, though Tieout adds them itself: _position."),
    ],
)
def test_a_file_that_is_not_whole_or_not_the_contracts_is_refused(
    export: Path, frame_of: FrameFactory, extractor: Extractor, content: str, problem: str
) -> None:
    export.write_text(content)
    frame = frame_of(path="in.csv")
    with pytest.raises(ContractError) as caught:
        extractor(frame)
    assert str(caught.value).startswith("in.csv: ")
    assert problem in str(caught.value)
    assert len(frame.pages) == 1  # what was refused is kept, so that it can be looked at


def test_a_file_that_is_not_there_may_come_later(frame_of: FrameFactory, extractor: Extractor, home: Path) -> None:
    with pytest.raises(SourceUnavailable, match=f"{home}/in.csv: cannot be read: No such file or directory"):
        extractor(frame_of(path="in.csv"))


def test_the_path_is_required(frame_of: FrameFactory, extractor: Extractor) -> None:
    with pytest.raises(ConfigurationError, match="system 'shop': parameter 'path': expected str, got None"):
        extractor(frame_of())
