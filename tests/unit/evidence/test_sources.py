# SPDX-License-Identifier: Apache-2.0
"""A copied folder as a source: it lists and reads what stands in it, and nothing outside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tieout.errors import CannotCheck
from tieout.evidence.dsse import MAX_DOCUMENT_BYTES
from tieout.evidence.sources import Copy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    for key in ("manifests/p=1/a", "manifests/p=10/b", "evidence/t/c", "evidence/t/empty/"):
        path = folder / key
        (path if key.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not key.endswith("/"):
            path.write_text(key)
    (tmp_path / "outside").write_text("secret")
    return folder


Read = Callable[[Copy, str], object]
READS: list[Read] = [lambda copy, key: copy.read(key, None), lambda copy, key: copy.sha256(key, None)]
both = pytest.mark.parametrize("read", READS, ids=["read", "sha256"])


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("manifests/", {"manifests/p=1/a", "manifests/p=10/b"}),
        ("manifests/p=1/", {"manifests/p=1/a"}),
        ("manifests/p=1", {"manifests/p=1/a", "manifests/p=10/b"}),
        ("evidence/", {"evidence/t/c"}),
        ("raw/", set()),
    ],
)
def test_keys_are_listed_by_prefix_as_a_bucket_lists_them(folder: Path, prefix: str, keys: set[str]) -> None:
    listed = Copy(folder).keys(prefix)
    assert set(listed) == keys
    assert len(listed) == len(keys)


def test_a_file_is_read_and_hashed(folder: Path) -> None:
    data = b"evidence/t/c"
    assert Copy(folder).read("evidence/t/c", "any version") == data
    assert Copy(folder).sha256("evidence/t/c", None) == hashlib.sha256(data).hexdigest()


def test_a_copy_knows_no_bucket_versions_or_locks(folder: Path) -> None:
    copy = Copy(folder)
    assert (copy.profile, copy.bucket) == ("copy", None)
    assert copy.first_version("evidence/t/c") is None
    assert copy.versions("evidence/t/c") is None
    assert copy.lock("evidence/t/c", "v") is None


@both
@pytest.mark.parametrize("key", ["evidence/t/absent", "evidence/t", "evidence/t/empty", "evidence/t/c/d", "raw/x"])
def test_what_is_no_file_is_not_there(folder: Path, read: Read, key: str) -> None:
    assert read(Copy(folder), key) is None


@both
@pytest.mark.parametrize("key", ["../outside", "evidence/../../outside", "{absolute}"])
def test_no_key_leads_out_of_the_copy(folder: Path, read: Read, key: str) -> None:
    assert (folder / "../outside").read_text() == "secret"
    assert read(Copy(folder), key.format(absolute=folder.parent / "outside")) is None


@both
def test_no_link_leads_out_of_the_copy(folder: Path, read: Read) -> None:
    (folder / "evidence/link").symlink_to(folder.parent / "outside")
    (folder / "evidence/up").symlink_to(folder.parent)
    assert read(Copy(folder), "evidence/link") is None
    assert read(Copy(folder), "evidence/up/outside") is None


@both
def test_a_link_to_nothing_or_to_itself_is_not_there(folder: Path, read: Read) -> None:
    (folder / "evidence/nothing").symlink_to("absent")
    (folder / "evidence/self").symlink_to("self")
    (folder / "evidence/one").symlink_to("two")
    (folder / "evidence/two").symlink_to("one")
    for name in ("nothing", "self", "one"):
        assert read(Copy(folder), f"evidence/{name}") is None
    assert Copy(folder).keys("evidence/") == ["evidence/t/c"]


@both
def test_a_copy_may_itself_be_reached_through_a_link(folder: Path, read: Read) -> None:
    (folder.parent / "shortcut").symlink_to(folder)
    assert read(Copy(folder.parent / "shortcut"), "evidence/t/c") == read(Copy(folder), "evidence/t/c")


@both
def test_a_name_that_the_file_system_refuses_can_not_be_checked(folder: Path, read: Read) -> None:
    with pytest.raises(CannotCheck, match="does not let it be read"):
        read(Copy(folder), f"evidence/{'x' * 1000}")


def test_a_document_may_be_16_mib_and_no_byte_more(folder: Path) -> None:
    with (folder / "manifests/large").open("wb") as file:
        file.truncate(MAX_DOCUMENT_BYTES)
    read = Copy(folder).read("manifests/large", None)
    assert read is not None
    assert len(read) == MAX_DOCUMENT_BYTES
    with (folder / "manifests/large").open("ab") as file:
        file.write(b"x")
    with pytest.raises(CannotCheck, match=f"at most {MAX_DOCUMENT_BYTES} bytes"):
        Copy(folder).read("manifests/large", None)
    assert Copy(folder).sha256("manifests/large", None) is not None
