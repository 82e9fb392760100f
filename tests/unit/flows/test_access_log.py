# SPDX-License-Identifier: Apache-2.0
"""A folder of CloudTrail's log files: all of it is read, what can not be is named, and memory does not grow with a file."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.cloudtrail_records import BUCKET, KEY, by_link, event, write

from tieout.errors import ConfigurationError
from tieout.flows import access_log
from tieout.flows.access_log import LogFiles

FOLDER = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/10/01"


def read(folder: Path) -> tuple[LogFiles, list[str]]:
    """Read a folder, and return what was seen, and the times of the reads."""
    files = LogFiles(folder, BUCKET)
    return files, [f"{each.at:%d %H:%M}" for each in files.reads()]


def test_every_file_below_the_folder_is_read_in_order(tmp_path: Path) -> None:
    other = event(requestParameters={"bucketName": "another"}, at="2026-10-03T00:00:00Z")
    write(tmp_path, f"{FOLDER}/b.json.gz", [event(at="2026-10-02T10:00:00Z"), other])
    write(tmp_path, f"{FOLDER}/a.json.gz", [by_link(), event("ListObjects", at="2026-09-30T23:00:00Z")])
    write(tmp_path, "c.json", [event(at="2026-10-01T12:00:00Z")])
    write(tmp_path, "empty.json", [])
    (tmp_path / "readme.txt").write_text("not read")
    files, reads = read(tmp_path)
    assert reads == ["01 12:00", "01 10:00", "30 23:00", "02 10:00"]
    assert (files.files, files.records, files.unread_count) == (4, 5, 0)
    assert (files.first, files.last) == (datetime(2026, 9, 30, 23, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC))


def test_digest_files_are_passed_over_and_counted(tmp_path: Path) -> None:
    digest = tmp_path / "AWSLogs/1/CloudTrail-Digest/eu/2026/10/01/1_CloudTrail-Digest_eu_trail_20261001T100000Z.json.gz"
    digest.parent.mkdir(parents=True)
    digest.write_bytes(gzip.compress(b'{"digestStartTime":"2026-10-01T09:00:00Z","logFiles":[]}'))
    files, reads = read(tmp_path)
    assert (files.digests, files.files, files.unread_count, reads) == (1, 0, 0, [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "expected '{', got the end"),
        (b"no json", "expected '{'"),
        (b'{"Records":7}', "expected '['"),
        (b'{"Records":[7]}', "expected an object"),
        (b'{"Records":[]} more', "expected the end"),
        (b'{"digestStartTime":"x"}', "it holds no Records"),
        (b'{"Records":[{"a":1,"a":2}]}', "no JSON"),
        (b"\xff\xfe", "no UTF-8"),
    ],
)
def test_a_file_that_can_not_be_read_is_named_and_the_others_are_read(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(content))
    write(tmp_path, "c.json", [event()])
    files, reads = read(tmp_path)
    assert len(reads) == 1
    assert [name for name, _ in files.unread] == ["a.json", "b.json.gz"]
    assert all(reason in why for _, why in files.unread), files.unread
    assert not any("lands" in why for _, why in files.unread)


def test_of_a_file_that_breaks_off_what_came_before_is_listed(tmp_path: Path) -> None:
    whole = write(tmp_path, "a.json", [event() for _ in range(3)])
    whole.write_bytes(whole.read_bytes()[:-400])
    packed = write(tmp_path, "b.json.gz", [event(eventID=str(number)) for number in range(5000)])
    packed.write_bytes(packed.read_bytes()[:-2000])
    (tmp_path / "c.json.gz").write_bytes(b"not packed")
    files, reads = read(tmp_path)
    assert [name for name, _ in files.unread] == ["a.json", "b.json.gz", "c.json.gz"]
    assert 2 <= len(reads) < 5003
    assert "Compressed file ended" in files.unread[1][1]


def test_records_that_are_no_events_are_counted_and_their_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a.json", [event(), {"eventName": "GetObject"}, event(eventTime="never"), event()])
    files, reads = read(tmp_path)
    assert len(reads) == 2
    assert files.unread == [("a.json", "2 of its records are no events as AWS documents them")]


def test_a_file_that_unpacks_to_too_much_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "MAX_BYTES", 1000)
    write(tmp_path, "a.json.gz", [event() for _ in range(10)])
    files, _ = read(tmp_path)
    assert files.unread == [("a.json.gz", "more than 1000 bytes, unpacked")]


def test_more_files_than_are_named_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "MOST_NAMED", 2)
    for number in range(5):
        (tmp_path / f"{number}.json").write_text("x")
    files, _ = read(tmp_path)
    assert ([name for name, _ in files.unread], files.unread_count) == (["0.json", "1.json"], 5)


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="expected a folder of CloudTrail's log files"):
        read(tmp_path / "none")


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "outside/a.json", [event()])
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "link").symlink_to(tmp_path / "outside")
    assert read(tmp_path / "logs")[1] == []


def test_memory_does_not_grow_with_a_file(tmp_path: Path) -> None:
    one = json.dumps(event(), separators=(",", ":")).encode()
    with gzip.open(tmp_path / "large.json.gz", "wb", compresslevel=1) as file:
        file.write(b'{"Records":[' + one)
        for _ in range(15_000):
            file.write(b"," + one)
        file.write(b"]}")
    files = LogFiles(tmp_path, BUCKET)
    tracemalloc.start()
    try:
        count = sum(each.key == KEY for each in files.reads())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 15_001
    assert len(one) * count > 20_000_000
    assert peak < 12_000_000
