# SPDX-License-Identifier: Apache-2.0
"""Lint: each broken file of tests/fixtures/broken, laid over a small valid project, gives exactly the problem it states."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from tieout.cli import main
from tieout.criteria.overlay import import_texts
from tieout.flows.lint import Linted, lint
from tieout.settings import Settings

FIXTURES = Path(__file__).parents[2] / "fixtures"
BROKEN = sorted((FIXTURES / "broken").iterdir())
TODAY = date(2026, 6, 1)
SCOPE, CATALOGUE = "criteria/scope.yaml", "criteria/tsc_2017_rev2022.yaml"
CHANGES, ACCESS = "criteria/controls/cc8_1_changes.yaml", "criteria/controls/cc6_1_access.yaml"


class Expected(NamedTuple):
    """What a broken project states about itself: ``# expect: <file>:<line>: <text>``, the first line of one of its files."""

    file: str
    line: int
    text: str


def expected(folder: Path) -> Expected:
    """Return what a broken project states."""
    stated = []
    for path in folder.rglob("*"):
        first = path.read_text().partition("\n")[0] if path.is_file() else ""
        stated += [found for found in [re.fullmatch(r"# expect: (\S+?):(\d+): (.+)", first)] if found]
    (only,) = stated
    return Expected(only[1], int(only[2]), only[3])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a valid project of its own."""
    shutil.copytree(FIXTURES / "small_project", tmp_path / "project")
    return tmp_path / "project"


def run(home: Path, today: date = TODAY) -> Linted:
    """Lint a project as of a day."""
    return lint(Settings(home=home), today)


def change(home: Path, file: str, *pairs: tuple[str, str]) -> None:
    """Replace texts in a file of include/; each stands there once."""
    path = home / "include" / file
    text = path.read_text()
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)


def test_the_small_project_has_no_problems_and_no_notes(home: Path) -> None:
    assert run(home) == Linted(files=8, problems=(), notes=())


def test_there_are_enough_broken_projects() -> None:
    assert len(BROKEN) >= 34


@pytest.mark.parametrize("folder", BROKEN, ids=lambda folder: folder.name)
def test_a_broken_file_gives_exactly_the_problem_it_states(home: Path, folder: Path) -> None:
    shutil.copytree(folder / "include", home / "include", dirs_exist_ok=True)
    found = run(home)
    assert len(found.problems) == 1, "\n".join(map(str, found.problems))
    (problem,) = found.problems
    stated = expected(folder)
    assert (str(problem.path.relative_to(home)), problem.line) == stated[:2]
    assert stated.text in str(problem)
    assert str(problem).startswith(f"{problem.path}:{problem.line}: ")
    assert found.notes == ()


def test_one_run_names_every_problem_in_order(home: Path) -> None:
    change(home, SCOPE, ("Europe/Berlin", "Europe/Berlyn"))
    change(
        home,
        CHANGES,
        ("change.v1", "chang.v1"),
        ("collector: object_drop", "collector: csv_rows"),
        ("[CC8.1-POF1", "[CC8.1-POF7"),
    )
    change(home, ACCESS, ("owner:", "ownr:"))
    change(home, "criteria/assessments/cc8.yaml", ("cc8_1_changes", "cc8_1_change"), ("[change.v1", "[change.v3"))
    change(home, "evidence_schemas/change.v1.odcs.yaml", ("kwargs: {column: approver}", "kwargs: {column: nobody, mostly: 0.9}"))
    found = [(problem.path.name, problem.line) for problem in run(home).problems]
    assert found == [
        ("cc8.yaml", 5),
        ("cc8.yaml", 6),
        ("cc6_1_access.yaml", 1),
        ("cc6_1_access.yaml", 3),
        ("cc8_1_changes.yaml", 8),
        ("cc8_1_changes.yaml", 20),
        ("cc8_1_changes.yaml", 29),
        ("scope.yaml", 3),
        ("change.v1.odcs.yaml", 21),
        ("change.v1.odcs.yaml", 21),
    ]


def test_what_rests_on_a_file_that_can_not_be_read_is_not_judged(home: Path) -> None:
    for file in (CATALOGUE, ACCESS, "criteria/assessments/cc6.yaml", "evidence_schemas/change.v1.odcs.yaml"):
        (home / "include" / file).write_text("[")
    assert [problem.path.name for problem in run(home).problems] == [
        "cc6.yaml",
        "cc6_1_access.yaml",
        "tsc_2017_rev2022.yaml",
        "change.v1.odcs.yaml",
    ]


def test_an_empty_folder_is_a_problem_and_no_trace(tmp_path: Path) -> None:
    (problem,) = run(tmp_path).problems
    assert str(problem).startswith(f"{tmp_path}/include/criteria/scope.yaml:1: cannot be read: ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"kind,item\n\xff,x\n", "cannot be read: 'utf-8'"),
        (b"kind,item\nrepository\n", "got 1 fields."),
        (b"", "got an empty line."),
    ],
)
def test_a_list_that_is_no_table_is_a_problem(home: Path, content: bytes, problem: str) -> None:
    (home / "include/lists/items.csv").write_bytes(content)
    assert any(problem in str(each) for each in run(home).problems)


def test_a_list_that_breaks_off_is_not_held_against_the_map(home: Path) -> None:
    (home / "include/lists/items.csv").write_text('kind,item\nrepository,"shop\n')
    (problem,) = run(home).problems
    assert (problem.path.name, problem.line, problem.message) == ("items.csv", 2, "no CSV: unexpected end of data.")


def test_a_series_without_a_file_is_one_problem(home: Path) -> None:
    (home / "include/criteria/assessments/cc8.yaml").unlink()
    (problem,) = run(home).problems
    assert problem.message == "expected this file with the 3 points of focus of CC8, and there is none."


def test_an_absolute_path_belongs_to_another_machine_and_zero_days_to_the_source(home: Path) -> None:
    change(home, CHANGES, ("path: include/drop/changes.csv", "path: /mnt/exports/changes.csv"), ("days: 3,", "days: 0,"))
    assert run(home).problems == ()


def test_days_that_no_period_and_no_report_covers_are_notes(home: Path) -> None:
    change(home, SCOPE, ("first_day: 2026-07-01", "first_day: 2026-07-15"), ("end_day: 2026-10-01", "end_day: 2026-06-01"))
    change(home, SCOPE, (", bridge_letter_to: 2027-01-01", ""), ("name: Cloud\n", "name: Cloud\n    effective_to: 2026-09-01\n"))
    found = run(home)
    assert found.problems == ()
    assert [(note.line, note.message) for note in found.notes] == [
        (6, "[2026-07-01, 2026-07-15) lie between 2026-H1 and 2026-H2: no Type 2 period covers them."),
        (17, "Cloud: neither a report nor a bridge letter covers [2026-06-01, 2026-07-01) of 2026-H1."),
        (17, "Cloud: neither a report nor a bridge letter covers [2026-07-15, 2026-09-01) of 2026-H2."),
    ]


def test_imported_wording_is_read_too(home: Path, tmp_path: Path) -> None:
    (tmp_path / "wording.csv").write_text("id,text\nCC6.1,Official.\n")
    path = import_texts(Settings(home=home), tmp_path / "wording.csv").path
    assert path
    assert run(home) == Linted(files=9, problems=(), notes=())
    path.write_text(path.read_text().replace("CC6.1", "CC61"))
    (problem,) = run(home).problems
    assert (problem.path, problem.line) == (path, 6)


def test_a_vendor_that_is_examined_with_us_needs_no_report(home: Path) -> None:
    change(home, SCOPE, ("method: carve-out", "method: inclusive"), ("end_day: 2026-10-01", "end_day: 2026-06-01"))
    assert run(home).notes == ()


@pytest.mark.parametrize(("today", "notes"), [(date(2027, 1, 5), 0), (date(2027, 1, 6), 1)])
def test_a_review_that_is_overdue_is_a_note(home: Path, today: date, notes: int) -> None:
    found = run(home, today)
    assert found.problems == ()
    assert [(note.line, note.message) for note in found.notes] == [
        (10, "CC8.1-POF1: management's review was due on 2027-01-05.")
    ] * notes


@pytest.mark.parametrize("broken", [False, True])
def test_the_command_prints_what_it_found_and_exits_with_one_for_problems(
    home: Path, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    monkeypatch.setenv("TIEOUT_HOME", str(home))
    monkeypatch.chdir(home)
    change(home, SCOPE, ("first_day: 2026-07-01", "first_day: 2026-07-02"))
    change(home, "criteria/assessments/cc8.yaml", ("review_due: 2027-01-05", "review_due: 2999-01-05"))
    if broken:
        change(home, ACCESS, ("kind: access_review", "kind: acces_review"))
    result = CliRunner().invoke(main, ["lint"])
    problem = (
        "include/criteria/controls/cc6_1_access.yaml:1: kind: Input should be 'population_export', 'access_review', "
        "'policy_acknowledgment' or 'owner_confirmation', got 'acces_review'. Did you mean 'access_review'?\n"
    )
    days = "[2026-07-01, 2026-07-02) lie between 2026-H1 and 2026-H2"
    note = f"include/criteria/scope.yaml:6: note: {days}: no Type 2 period covers them.\n"
    last = "8 files, 1 problem (1 note)\n" if broken else "8 files, no problems (1 note)\n"
    assert result.output == (problem if broken else "") + note + last
    assert result.exit_code == int(broken)


def test_of_access_a_whole_file_is_fine_and_an_ended_grant_is_a_note(home: Path) -> None:
    shutil.copytree(FIXTURES / "auditor_access" / "include", home / "include", dirs_exist_ok=True)
    (home / "include/criteria/nda.txt").write_text("What is read here stays here.\n")
    assert run(home) == Linted(files=9, problems=(), notes=())
    notes = [str(note) for note in run(home, date(2027, 1, 1)).notes]
    assert any("auditor_access.yaml:8: grant examination_2026 ended on 2026-12-31" in note for note in notes)
    assert not [each for each in run(home, date(2026, 12, 31)).notes if "ended on" in str(each)]
    (home / "include/criteria/nda.txt").write_bytes(b"\xff\xfe")
    assert ["expected a text file in UTF-8" in str(each) for each in run(home).problems] == [True]


def test_an_owner_that_the_auditor_names_and_the_program_does_not_is_a_note_once(home: Path) -> None:
    change(home, "criteria/pbc/soc2.yaml", ("owner: Head\n", "owner: Jane D.\n"), ("criteria: [CC6.1]", "owner: Jane D."))
    found = run(home)
    assert found.problems == ()
    [note] = found.notes
    assert (note.path.name, note.line) == ("soc2.yaml", 13)
    assert note.message == "owner 'Jane D.' of request '1.01' is no role of scope.yaml or of a control."
