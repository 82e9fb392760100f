# SPDX-License-Identifier: Apache-2.0
"""Folders, archives and prefixes that a package is written to: whole or not at all, and the same for the same files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from tests.simulators.memory_s3 import memory_s3

from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.store import client_from_environment
from tieout.evidence.verify_package import Archive, Several
from tieout.package.targets import FolderTarget, PrefixTarget, Target, ZipTarget, writing

FILES = {"index.html": b"<p>one</p>" * 50, "bucket/evidence/part.parquet": bytes(range(256)) * 4, "empty.csv": b""}


def fill(target: Target) -> list[str]:
    with writing(target):
        for name, data in FILES.items():
            added = target.add(name, (data[start : start + 100] for start in range(0, len(data), 100)), len(data))
            assert (added.name, added.bytes, added.sha256) == (name, len(data), hashlib.sha256(data).hexdigest())
        return target.finish()


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    assert fill(FolderTarget(tmp_path / "package")) == [str(tmp_path / "package")]
    assert {name: (tmp_path / "package" / name).read_bytes() for name in FILES} == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ConfigurationError, match="not there yet"):
        FolderTarget(tmp_path)
    with pytest.raises(ConfigurationError, match="not there yet"):
        FolderTarget(tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"


def test_the_same_files_make_the_same_archive(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        assert fill(ZipTarget(tmp_path / name, 2**30)) == [str(tmp_path / name)]
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with ZipFile(tmp_path / "one.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        packed = {each.filename: each.compress_type for each in archive.infolist()}
    assert packed["index.html"] == ZIP_DEFLATED
    assert packed["bucket/evidence/part.parquet"] == ZIP_STORED, "Parquet is packed already"
    assert sorted(Archive(tmp_path / "one.zip").keys) == sorted(FILES), "the verifier refuses nothing of it"


def test_more_than_one_archive_holds_goes_into_a_further_one(tmp_path: Path) -> None:
    fill(ZipTarget(tmp_path / "old.zip", 1))
    paths = fill(ZipTarget(tmp_path / "package.zip", 500))
    assert [Path(path).name for path in paths] == ["package.zip", "package.2.zip"]
    whole = Several([Archive(Path(path)) for path in paths])
    assert whole.keys == sorted(FILES)
    assert {name: whole.read(name) for name in FILES} == FILES
    assert len(list(tmp_path.glob("old*.zip"))) == 2, "an empty file needs no archive of its own"
    fill(ZipTarget(tmp_path / "old.zip", 2**30))
    assert [path.name for path in tmp_path.glob("old*.zip")] == ["old.zip"], "what an earlier one had more of is gone"


@pytest.mark.parametrize("make", [FolderTarget, lambda path: ZipTarget(path, 100)])
def test_whatever_goes_wrong_nothing_half_written_is_left(tmp_path: Path, make: Callable[[Path], Target]) -> None:
    def broken() -> Iterator[bytes]:
        yield b"some"
        raise StoreUnavailable("the store did not answer")

    target = make(tmp_path / "package.zip")
    target.add("index.html", [b"<p>"], 3)
    with pytest.raises(StoreUnavailable), writing(target):
        target.add("more", broken(), 4)
    assert list(tmp_path.iterdir()) == []


def test_a_prefix_takes_what_has_changed_alone(tmp_path: Path) -> None:
    with memory_s3():
        client = client_from_environment(None)
        client.create_bucket(Bucket="packages")
        put: list[str] = []
        client.meta.events.register("before-call.s3.PutObject", lambda params, **_: put.append(params["url_path"]))
        assert fill(PrefixTarget(client, "packages", "/2026-H1/", tmp_path)) == ["s3://packages/2026-H1"]
        assert len(put) == len(FILES)
        fill(PrefixTarget(client, "packages", "2026-H1", tmp_path))
        assert len(put) == len(FILES)
        target = PrefixTarget(client, "packages", "2026-H1", tmp_path)
        target.add("index.html", [b"other"], 5)
        assert len(put) == len(FILES) + 1
        assert client.get_object(Bucket="packages", Key="2026-H1/index.html")["Body"].read() == b"other"
        with pytest.raises(StoreUnavailable, match="Run it again"):
            PrefixTarget(client, "nowhere", "", tmp_path).add("index.html", [b"x"], 1)
