# SPDX-License-Identifier: Apache-2.0
"""Tricks with a ZIP archive of a copy, against the single-file verifier, which reads archives in place."""

from __future__ import annotations

import stat
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.tamper.attack import CANNOT_CHECK, TAMPERED, Attack, Verdict, judge_archive
from tests.tamper.stage import Copied, Stage
from tieout.evidence import verify_package
from tieout.evidence.layout import KEY_LIST
from tieout.evidence.verify import Outcome

ATTACKS: list[Attack] = []
Do = Callable[[Path], object]


def packed(scene: Copied) -> Path:
    """Pack a copy into an archive."""
    target = Path(tempfile.mkdtemp(dir=scene.folder.parent)) / "package.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in scene.folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(scene.folder).as_posix())
    return target


def judged(stage: Stage, change: Do, before: Callable[[Copied], object] = lambda _scene: None) -> Verdict:
    """Pack a copy, change the archive, and verify it."""
    scene = stage.copied()
    before(scene)
    path = packed(scene)
    change(path)
    return judge_archive(verify_package.verify(path, scene.ask.root, datetime.now(UTC)))


def attack(title: str, words: str, change: Do, outcome: Outcome = CANNOT_CHECK) -> None:
    """Register a trick."""
    ATTACKS.append(Attack("archive", title, "ZIP", outcome, words, lambda stage: judged(stage, change)))


def adds(name: str, data: bytes = b"x", mode: int | None = None) -> Do:
    """Return what adds a member."""

    def add(path: Path) -> None:
        with warnings.catch_warnings(), zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            warnings.simplefilter("ignore", UserWarning)  # zipfile says that a name is there twice
            info = zipfile.ZipInfo(name)
            if mode is not None:
                info.external_attr = mode << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)

    return add


def encrypted(path: Path) -> None:
    """Mark the first member as encrypted, in both of its headers."""
    data = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.index(magic) + offset] |= 1
    path.write_bytes(data)


def commented(path: Path) -> None:
    """Hide something in the archive's comment."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\5\6"


attack("a name twice: which one counts?", "a name twice", adds(KEY_LIST))
attack("a name twice, in other letters", "differ only in case", adds(KEY_LIST.upper()))
attack("a name that climbs out", "not one of an object", adds("../outside"))
attack("an absolute name", "not one of an object", adds("/etc/passwd"))
attack("a backslash in a name", "not one of an object", adds("manifests\\x"))
attack("a member that is a link", "a link or a device", adds("link", b"/etc/passwd", stat.S_IFLNK | 0o777))
attack("a bomb", "unpacks to more than", adds("bomb", b"\0" * (64 * 2**20)))
attack("an encrypted member", "encrypted", encrypted)
attack("a comment with a directory's end in it", "comment", commented)
attack("bytes before the archive", "the archive is refused", lambda path: path.write_bytes(b"#!/bin/sh\n" + path.read_bytes()))
attack("a file that nobody names", "the layout has no such object", adds("x.txt"), TAMPERED)
