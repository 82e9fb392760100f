# SPDX-License-Identifier: Apache-2.0
"""`verify_package.py`, written apart, says what `tieout verify` says; and it refuses archives that can be read in two ways."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from tests.unit.evidence.signed_copy import NOW, SignedCopy
from tests.unit.evidence.test_verify_tampering import CASES, Tamper

from tieout.evidence import verify_package
from tieout.evidence.layout import KEY_LIST, digest_key

Names = list[tuple[str, str]]


def both(copy: SignedCopy, root: str | None = "", **arguments: object) -> tuple[tuple[str, Names], tuple[str, Names]]:
    """Return what each of the two programs says: the whole outcome, and that of every thing that is not intact."""
    root = copy.root if root == "" else root
    ours = copy.verify(root, digest=False, **arguments)
    theirs = verify_package.verify(copy.folder, root, NOW, arguments.get("head"))  # type: ignore[arg-type]

    def named(report: object) -> Names:
        return sorted((item.key, str(item.outcome)) for item in (*report.landings, *report.others) if item.findings)  # type: ignore[attr-defined]

    return (str(ours.outcome), named(ours)), (theirs.outcome, named(theirs))


def test_the_schemas_in_the_file_are_the_published_ones() -> None:
    inside = json.loads(verify_package.SCHEMAS)
    for name in inside:
        published = json.loads(files("tieout.evidence.schemas").joinpath(f"{name}.schema.json").read_bytes())
        assert inside[name] == published, f"put schemas/{name}.schema.json into SCHEMAS of verify_package.py"
    assert set(inside) == {"digest.v1", "key_list.v1", "landing_manifest.v1", "record.v1", "response.v1"}


def test_both_find_an_untouched_copy_intact(template: SignedCopy) -> None:
    assert both(template) == (("intact", []), ("intact", []))


@pytest.mark.parametrize("tamper", [tamper for _, _, tamper in CASES], ids=[tamper.__name__ for _, _, tamper in CASES])
@pytest.mark.parametrize("digested", [False, True], ids=["after the digest", "before the digest"])
def test_both_say_the_same_of_every_way_to_tamper(copy: SignedCopy, tamper: Tamper, *, digested: bool) -> None:
    tamper(copy)
    if digested:
        copy.digest()
    ours, theirs = both(copy)
    assert ours == theirs
    assert ours[0] != "intact"


def _unlink(key: str) -> Callable[[SignedCopy], object]:
    return lambda copy: copy.path(key).unlink()


OTHERS: list[Callable[[SignedCopy], object]] = [
    _unlink(KEY_LIST),
    _unlink(digest_key(0)),
    _unlink(digest_key(1)),
    lambda copy: copy.write(KEY_LIST, b"{}"),
    lambda copy: copy.write(digest_key(1), copy.path(digest_key(0)).read_bytes()),
    lambda copy: copy.write(digest_key(2), copy.path(digest_key(1)).read_bytes()),
    lambda copy: copy.write("evidence/odd", b"x"),
    lambda copy: copy.write("odd", b"x"),
    lambda copy: copy.write("manifests/odd.dsse.json", b"x"),
    lambda copy: copy.path(copy.manifests[1]).unlink(),
]


@pytest.mark.parametrize("tamper", OTHERS, ids=range(len(OTHERS)))
def test_both_say_the_same_of_chain_and_strangers(copy: SignedCopy, tamper: Callable[[SignedCopy], object]) -> None:
    tamper(copy)
    ours, theirs = both(copy)
    assert ours == theirs
    assert ours[0] != "intact"


@pytest.mark.parametrize("root", [None, "0" * 64])
def test_both_can_not_check_without_the_root(template: SignedCopy, root: str | None) -> None:
    ours, theirs = both(template, root)
    assert ours[0] == theirs[0] == "cannot check"


def test_both_miss_a_head_that_was_announced(template: SignedCopy) -> None:
    ours, theirs = both(template, head="0" * 64)
    assert ours == theirs == ("missing", [])


def packed(copy: SignedCopy, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in copy.folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(copy.folder).as_posix())
    return target


def test_an_archive_is_read_as_the_folder_is(template: SignedCopy, tmp_path: Path) -> None:
    report = verify_package.verify(packed(template, tmp_path / "copy.zip"), template.root, NOW)
    assert (report.outcome, report.intact) == ("intact", 3)


def _add(name: str, data: bytes = b"x", mode: int | None = None) -> Callable[[Path], object]:
    def add(path: Path) -> None:
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            info = zipfile.ZipInfo(name)
            if mode is not None:
                info.external_attr = mode << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)

    return add


def _encrypted(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.index(magic) + offset] |= 1
    path.write_bytes(data)


ARCHIVES: dict[str, Callable[[Path], object]] = {
    "a name twice": _add(KEY_LIST),
    "a name in other letters": _add(KEY_LIST.upper()),
    "a name that climbs": _add("../outside"),
    "an absolute name": _add("/etc/passwd"),
    "a backslash": _add("manifests\\x"),
    "a file inside a file": _add(f"{KEY_LIST}/inside"),
    "a link": _add("link", b"/etc/passwd", stat.S_IFLNK | 0o777),
    "a bomb": _add("bomb", b"\0" * (64 * 2**20)),
    "an encrypted member": _encrypted,
    "bytes before it": lambda path: path.write_bytes(b"#!/bin/sh\n" + path.read_bytes()),
    "bytes behind it": lambda path: path.write_bytes(path.read_bytes() + b"PK\5\6" + b"\0" * 18),
    "no archive": lambda path: path.write_bytes(b"x" * 100),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-30]),
}


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("change", ARCHIVES.values(), ids=list(ARCHIVES))
def test_an_archive_that_can_be_read_in_two_ways_is_refused(
    template: SignedCopy, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    path = packed(template, tmp_path / "copy.zip")
    change(path)
    report = verify_package.verify(path, template.root, NOW)
    assert (report.outcome, report.intact) == ("cannot check", 0)
    assert report.finding is not None
    assert "the archive" in report.finding.reason


def test_the_command_prints_a_line_per_landing_and_says_by_its_exit_code(
    copy: SignedCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(copy.folder), "--root", copy.root, "--now", "2026-11-02T08:00:00Z"]
    assert verify_package.main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "intact 3/3"
    copy.path(copy.subjects("raw")[0]).write_bytes(b"other")
    assert verify_package.main([*arguments, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["outcome"], document["intact"], document["total"]) == ("tampered", 2, 3)
    with pytest.raises(SystemExit) as wrong:
        verify_package.main([str(copy.folder / "nowhere")])
    assert wrong.value.code == 2
