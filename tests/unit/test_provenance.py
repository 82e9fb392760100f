# SPDX-License-Identifier: Apache-2.0
"""Which code ran: read from git where there is git, and not guessed where there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tieout import __version__
from tieout.provenance import FolderCommit, code_version, commit_of_folders

_WHO = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *_WHO, *arguments], capture_output=True, text=True, check=True).stdout


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    assert code_version(tmp_path).as_document() == {"version": __version__, "commit": None, "modified": None}


def test_a_work_tree_has_its_commit_and_says_whether_tracked_files_differ(tmp_path: Path) -> None:
    file = tmp_path / "control.yaml"
    file.write_text("title: one\n")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", "control.yaml")
    _git(tmp_path, "commit", "-qm", "one")
    (tmp_path / "untracked").touch()
    clean = code_version(tmp_path)
    assert (clean.commit, clean.modified) == (_git(tmp_path, "rev-parse", "HEAD").strip(), False)
    file.write_text("title: two\n")
    assert code_version(tmp_path).modified is True


def test_folders_stand_at_a_commit_while_nothing_in_them_differs_from_it(tmp_path: Path) -> None:
    for folder in ("include", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("one\n")
    assert commit_of_folders(tmp_path, ["include"]) == FolderCommit(None, False)
    _git(tmp_path, "init", "-q")
    assert commit_of_folders(tmp_path, ["include"]) == FolderCommit(None, False), "no commit yet"
    _git(tmp_path, "add", "include", "other")
    _git(tmp_path, "commit", "-qm", "one")
    sha = _git(tmp_path, "rev-parse", "HEAD").strip()
    (tmp_path / "other" / "file").write_text("two\n")
    assert commit_of_folders(tmp_path, ["include"]) == FolderCommit(sha, True)
    assert commit_of_folders(tmp_path, ["include", "other"]) == FolderCommit(sha, False)
    untracked = tmp_path / "include" / "untracked"
    untracked.touch()
    assert commit_of_folders(tmp_path, ["include"]) == FolderCommit(sha, False)
    untracked.unlink()
    (tmp_path / "include" / "file").unlink()
    assert commit_of_folders(tmp_path, ["include"]) == FolderCommit(sha, False)
