# SPDX-License-Identifier: Apache-2.0
"""Snapshots: when one is due, which files it holds, and the commit that it stands under."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.unit.criteria.axes import PERIOD, make_scope

from tieout.errors import ConfigurationError
from tieout.flows.snapshot import FOLDERS, commit_of, occasions_due, period_document, program_files

_WHO = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    """Run git."""
    command = ["git", "-C", str(folder), *_WHO, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a project folder with three files of a program, and one beside it."""
    for name in ("include/criteria/scope.yaml", "include/criteria/controls/cc6.yaml", "include/evidence_schemas/a.v1.odcs.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
    (tmp_path / "README.md").write_text("no part of it\n")
    return tmp_path


@pytest.mark.parametrize(
    ("now", "occasions"),
    [
        ("2025-12-31T22:59", []),
        ("2025-12-31T23:00", ["snapshot-start"]),  # midnight in Berlin
        ("2026-01-31T22:59", ["snapshot-start"]),
        ("2026-01-31T23:00", ["snapshot-start", "snapshot-2026-02"]),
        ("2026-03-15T00:00", ["snapshot-start", "snapshot-2026-02", "snapshot-2026-03"]),
        ("2027-01-01T00:00", ["snapshot-start", *(f"snapshot-2026-{month:02}" for month in range(2, 7))]),
    ],
)
def test_a_snapshot_is_due_at_the_start_and_as_each_month_of_the_period_begins(now: str, occasions: list[str]) -> None:
    scope = make_scope(time_zone="Europe/Berlin")
    assert occasions_due(PERIOD, scope, datetime.fromisoformat(f"{now}+00:00")) == occasions


def test_the_month_that_a_period_starts_in_has_no_snapshot_of_its_own() -> None:
    broken = PERIOD.model_copy(update={"first_day": date(2026, 1, 15), "end_day": date(2026, 3, 2)})
    after = datetime(2027, 1, 1, tzinfo=UTC)
    assert occasions_due(broken, make_scope(), after) == ["snapshot-start", "snapshot-2026-02", "snapshot-2026-03"]


def test_a_period_is_stated_by_its_days_and_its_zone() -> None:
    assert period_document(PERIOD, make_scope(time_zone="Europe/Berlin")) == {
        "id": "2026-H1",
        "type": 2,
        "first_day": "2026-01-01",
        "end_day": "2026-07-01",
        "time_zone": "Europe/Berlin",
    }


def test_a_program_is_its_criteria_and_contracts_by_their_path_under_include(home: Path) -> None:
    assert list(program_files(home)) == [
        ("criteria/controls/cc6.yaml", home / "include/criteria/controls/cc6.yaml"),
        ("criteria/scope.yaml", home / "include/criteria/scope.yaml"),
        ("evidence_schemas/a.v1.odcs.yaml", home / "include/evidence_schemas/a.v1.odcs.yaml"),
    ]


def test_licensed_wording_and_numbers_of_rehearsals_are_no_part_of_it(home: Path) -> None:
    (home / "include/criteria/dry_runs.yaml").write_text("source: ours\n")
    (home / "include/criteria/licensed").mkdir()
    (home / "include/criteria/licensed/wording.yaml").write_text("theirs\n")
    assert len(list(program_files(home))) == 3


@pytest.mark.parametrize("name", ["with blank.yaml", "ümlaut.yaml", "a+b.yaml"])
def test_a_file_whose_name_can_not_stand_in_an_object_key_is_refused(home: Path, name: str) -> None:
    (home / "include/criteria" / name).touch()
    with pytest.raises(ConfigurationError, match=r"becomes part of object keys\. Rename it\."):
        list(program_files(home))


def test_files_that_stand_at_a_commit_stand_under_it(home: Path) -> None:
    git(home, "init", "-q")
    git(home, "add", ".")
    git(home, "commit", "-qm", "one")
    (home / "README.md").write_text("changed, and no part of the program\n")
    assert commit_of(home, dict(program_files(home))) == git(home, "rev-parse", "HEAD")


@pytest.mark.parametrize("change", ["scope.yaml", "untracked.yaml"])
def test_files_that_differ_from_the_commit_stand_under_it_and_what_they_are(home: Path, change: str) -> None:
    git(home, "init", "-q")
    git(home, "add", ".")
    git(home, "commit", "-qm", "one")
    (home / "include/criteria" / change).write_text("changed\n")
    first = commit_of(home, dict(program_files(home)))
    sha, _, digest = first.partition("-")
    assert (sha, len(digest)) == (git(home, "rev-parse", "HEAD"), 16)
    assert commit_of(home, dict(program_files(home))) == first
    (home / "include/criteria" / change).write_text("changed again\n")
    assert commit_of(home, dict(program_files(home))) != first


def test_without_git_files_stand_under_what_they_are(home: Path) -> None:
    found = commit_of(home, dict(program_files(home)))
    assert found.startswith("no-commit-")
    (home / "include/criteria/scope.yaml").rename(home / "include/criteria/scope2.yaml")
    assert commit_of(home, dict(program_files(home))) != found


def test_the_folders_of_a_program_ship_with_the_project(repository: Path) -> None:
    assert all((repository / folder).is_dir() for folder in FOLDERS)
    names = [name for name, _ in program_files(repository)]
    assert len(names) == len(set(names))
    assert {"criteria/scope.yaml", "criteria/tsc_2017_rev2022.yaml"} <= set(names)
