# SPDX-License-Identifier: Apache-2.0
"""Where person ids are on, no address reaches a page or a row, and the record says what was done."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.change_csv import line, text
from tests.unit.collectors.frames import Extractor, FrameFactory
from tests.unit.collectors.git_repo import GitRepo

from tieout.collectors.frame import Frame
from tieout.collectors.ipe_document import ipe_document
from tieout.collectors.redaction import HOW, WHAT
from tieout.errors import ConfigurationError, ContractError
from tieout.persons import PersonKey

KEY = PersonKey(b"k" * 32)
ANN, BEN = KEY.person("ann@example.com"), KEY.person("ben@example.com")


@pytest.fixture
def named(frame_of: FrameFactory, tmp_path: Path) -> FrameFactory:
    """Return a function that makes a frame with person ids on."""
    path = tmp_path / "identity.key"
    path.write_bytes(b"k" * 32)
    path.chmod(0o600)

    def make(*arguments: Any, **parameters: Any) -> Frame:
        frame = frame_of(*arguments, **parameters)
        settings = replace(frame.settings, identity_bucket="ids", identity_key=f"file:{path}")
        return replace(frame, settings=settings)

    return make


def stored(page: Path) -> bytes:
    with pa.input_stream(str(page), compression="zstd") as content:
        return bytes(content.read())


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def test_without_a_key_nothing_is_replaced(frame_of: FrameFactory) -> None:
    frame = frame_of()
    assert stored(frame.capture(iter([b"ann@example.com\n"]), ".csv", "text/csv")) == b"ann@example.com\n"
    assert (frame.redactor, frame.pages[0].redactions, frame.as_captured("ann@example.com")) == (None, (), "ann@example.com")


@pytest.mark.parametrize("size", [1, 5, 4096, 10**6])
def test_a_page_holds_ids_and_both_hashes_tell_which_bytes_they_are_of(named: FrameFactory, size: int) -> None:
    content = b"ann@example.com,x\nBen@Example.com,y\nann@example.com,z\n" * 60
    frame = named()
    page = frame.capture(pieces(content, size), ".csv", "text/csv")
    assert stored(page) == f"{ANN},x\n{BEN},y\n{ANN},z\n".encode() * 60
    (record,) = frame.pages
    assert (record.received_sha256, record.received_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (record.stored_sha256, record.stored_bytes) == (hashlib.sha256(page.read_bytes()).hexdigest(), page.stat().st_size)
    assert [(each.what, each.how, each.count) for each in record.redactions] == [(WHAT, HOW, 180)]
    assert frame.redactor is not None
    assert frame.redactor.seen == {ANN: "ann@example.com", BEN: "Ben@Example.com"}


def test_a_page_without_addresses_says_that_it_was_searched(named: FrameFactory) -> None:
    frame = named()
    frame.capture(iter([b"nobody\n"]), ".csv", "text/csv")
    assert [each.count for each in frame.pages[0].redactions] == [0]


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("size", [1, 100, 10**6])
def test_a_gzip_page_is_unpacked_and_stored_as_zstd(named: FrameFactory, members: int, size: int) -> None:
    packed = gzip.compress(b"ann@example.com\n" * 20_000) * members + b"\0" * 10
    frame = named()
    page = frame.capture(pieces(packed, size), ".csv.gz", "text/csv", compress=False)
    assert (page.name, frame.pages[0].name) == ("page-00000.csv.zst", "page-00000.csv.zst")
    assert stored(page) == f"{ANN}\n".encode() * 20_000 * members
    assert (frame.pages[0].received_sha256, frame.pages[0].received_bytes) == (hashlib.sha256(packed).hexdigest(), len(packed))


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (lambda packed: packed[:-1], "all"),
        (lambda packed: packed[:-8] + b"\0" * 8, "all"),
        (lambda packed: packed[: len(packed) // 2], "some"),
        (lambda packed: packed + b"more", "all"),
        (lambda _: b"ann@example.com\n", "none"),
    ],
    ids=["no end mark", "wrong sum", "half", "something behind it", "no gzip"],
)
def test_of_a_broken_gzip_page_is_kept_what_could_be_read(named: FrameFactory, damage: Any, kept: str) -> None:
    whole = b"".join(b"%d,ann@example.com\n" % number for number in range(5000))
    packed = damage(gzip.compress(whole))
    frame = named()
    with pytest.raises(ContractError, match=r"system 'shop': the page's compression ends early or is broken .*export it again"):
        frame.capture(pieces(packed, 64), ".csv.gz", "text/csv", compress=False)
    (page,) = frame.pages
    content = stored(frame.folder / page.name)
    assert page.received_sha256 == hashlib.sha256(packed).hexdigest()
    assert whole.replace(b"ann@example.com", ANN.encode()).startswith(content)
    assert {"all": len(content) > 100_000, "some": 0 < len(content) < 150_000, "none": content == b""}[kept]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(b"ann@example.com", mtime=0), "gzip"),
        (b"PK\x03\x04....", "zip"),
        ("ann@example.com".encode("utf-16"), "UTF-16"),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_page_that_can_not_be_searched_is_not_kept(named: FrameFactory, content: bytes, kind: str, size: int) -> None:
    frame = named()
    with pytest.raises(ContractError, match=f"expected UTF-8 text, got {kind}: .* it is not kept.*Export it as UTF-8 text"):
        frame.capture(pieces(content, size), ".csv", "text/csv")
    assert frame.pages == []


def test_a_compression_that_can_not_be_undone_is_refused(named: FrameFactory) -> None:
    with pytest.raises(ConfigurationError, match=r"type '\.xlsx': person ids are on"):
        named().capture(iter([b""]), ".xlsx", "application/zip", compress=False)


def test_json_pages_stay_json(named: FrameFactory) -> None:
    document = json.dumps([{"by": "Ann\nann@example.com", "name": "J\u00fcrgen", "mail": "\u201cben@example.com\u201d"}])
    page = named().capture(pieces(document.encode(), 3), ".json", "application/json; charset=utf-8")
    assert json.loads(stored(page)) == [{"by": f"Ann\n{ANN}", "name": "J\u00fcrgen", "mail": f"\u201c{BEN}\u201d"}]


@pytest.mark.parametrize("packed", [False, True])
def test_rows_of_a_csv_file_carry_ids_and_facts_still_hold(
    named: FrameFactory, home: Path, extractor: Extractor, *, packed: bool
) -> None:
    ann, ben, robot = "ann@example.com", "ben@example.com", "Robot@example.com"
    content = text(
        line(1, author=ann, committer=ann),
        line(2, author=ann, committer="ANN@example.com"),
        line(3, author=ann, committer=ben),
        line(4, author=ann, committer="robot@example.com"),
        line(5, author=ann, committer="web-merge"),
    ).encode()
    name = "in.csv.gz" if packed else "in.csv"
    (home / name).write_bytes(gzip.compress(content) if packed else content)
    frame = named(path=name, platform_committers=[robot, "web-merge"])
    rows = extractor.rows(frame)
    facts = [(row["author"], row["committer"], row["committer_kind"], row["committer_is_author"]) for row in rows]
    assert facts == [
        (ANN, ANN, "person", "true"),
        (ANN, ANN, "person", "true"),
        (ANN, BEN, "person", "false"),
        (ANN, KEY.person(robot), "platform", None),
        (ANN, "web-merge", "platform", None),
    ]
    assert [row["_position"] for row in rows] == [2, 3, 4, 5, 6]


def test_rows_of_a_git_repository_carry_the_same_ids(named: FrameFactory, home: Path, extractor: Extractor) -> None:
    repo = GitRepo(home / "shop.git")
    repo.commit("Begin", at="2026-03-05T10:00:00+00:00", files={"a": b"1\n", "mail-ann@example.com": b"1\n2\n"})
    repo.commit("fix: with ben@example.com (#8)", at="2026-03-06T10:00:00+00:00", author="ben@example.com", files={"b": b"1\n"})
    repo.write()
    frame = named("git_merges", repository="shop.git", branch="main", platform_committers=["ben@example.com"])
    extraction = extractor(frame)
    rows = extractor.rows(replace(frame, folder=frame.folder.parent, pages=[]))
    facts = {(row["author"], row["committer"], row["committer_kind"], row["files_changed"], row["insertions"]) for row in rows}
    assert facts == {(ANN, BEN, "platform", "2", "3"), (BEN, BEN, "platform", "1", "1")}
    assert {row["pull_request"] for row in rows} == {"", "8"}
    for page in frame.pages:
        assert b"@example.com" not in stored(frame.folder / page.name)
    assert "@example.com" not in json.dumps(ipe_document(extraction.ipe))
    assert [page["redactions"][0]["count"] for page in ipe_document(extraction.ipe)["pages"]] == [0, 6]


def test_what_broke_shows_no_address(named: FrameFactory, home: Path, extractor: Extractor) -> None:
    (home / "in.csv").write_text(text(line(1), "ann@example.com,2"))
    frame = named(path="in.csv")
    with pytest.raises(ContractError, match="line 3: expected 11 fields, got 2") as refused:
        extractor(frame)
    assert "@" not in str(refused.value)
    assert b"@" not in stored(frame.folder / frame.pages[0].name)
