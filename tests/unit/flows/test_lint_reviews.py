# SPDX-License-Identifier: Apache-2.0
"""Lint of reviews of access: a whole review has no problem, and each thing that it names and that is not there is one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tieout.flows.lint import lint
from tieout.settings import Settings

FIXTURES = Path(__file__).parents[2] / "fixtures"
CONTROL, SCOPE, TOXIC = "controls/cc6_1_access.yaml", "scope.yaml", "toxic_combinations.yaml"
TYPES = ("access_entry.v1", "roster_entry.v1", "role_holder.v1", "review_item.v1", "account_review.v2")
REVIEW = """\
review:
  roster: {system: people, collector: hr_roster, parameters: {drop: {path: include/people.csv}}}
  reviewers: {directory: manager}
  due: {days: 10, count: business}
  removal: {days: 5, count: business}
  dormant_days: 60
  toxic_combinations: include/criteria/toxic_combinations.yaml
  active_words: {directory: [ACTIVE]}
deviations_against: {access_ended_with_employment: cc8_1_changes}
"""
COMBINATIONS = """\
combinations:
  - id: pay
    risk: Somebody could pay themselves.
    sides:
      - {system: directory, entitlement: "app:erp.*"}
      - {system: directory, entitlement: "app:bank"}
"""


@pytest.fixture
def home(tmp_path: Path, repository: Path) -> Path:
    """Return the small project, with a review in its control of access, and all that this needs."""
    folder = tmp_path / "project"
    shutil.copytree(FIXTURES / "small_project", folder)
    for name in TYPES:
        shutil.copy(repository / f"include/evidence_schemas/{name}.odcs.yaml", folder / "include/evidence_schemas")
    criteria = folder / "include/criteria"
    (criteria / TOXIC).write_text(COMBINATIONS)
    control = (criteria / CONTROL).read_text()
    control = re.sub(r"evidence_type: .*", "evidence_type: account_review.v2", control)
    for name, column in (
        ("inclusion_date_field", "as_of"),
        ("performance_field", "review_id"),
        ("performed_field", "signed_off_at}"),
    ):
        control = re.sub(rf"{name}: .*", f"{name}: {column}", control)
    (criteria / CONTROL).write_text(control + THRESHOLD + REVIEW)
    people = "systems:\n  - {system: people, name: People system, owner: IT Lead}\n"
    (criteria / SCOPE).write_text((criteria / SCOPE).read_text().replace("systems:\n", people, 1) + OWNERS)
    return folder


THRESHOLD = """\
thresholds:
  - {name: removal_days, value: 5, unit: business days, policy: Access Control Policy, section: "5.4", policy_version: "1.0"}
"""
OWNERS = """\
owners:
  - {role: IT Lead, email: it@example.com}
  - {role: Head, email: head@example.com}
"""


def problems(home: Path) -> list[str]:
    """Lint, and return file name, line and message of each problem."""
    found = lint(Settings(home=home))
    return [f"{problem.path.name}:{problem.line}: {problem.message} {problem.cure}" for problem in found.problems]


def change(path: Path, old: str, new: str) -> Path:
    """Replace a text that stands in a file once; returns the file."""
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))
    return path


def line_of(path: Path, text: str) -> int:
    """Return the line of the file that a text stands in."""
    return 1 + next(number for number, line in enumerate(path.read_text().splitlines()) if text in line)


def test_a_whole_review_has_no_problem(home: Path) -> None:
    assert problems(home) == []


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("account_review.v2", "change.v1", "evidence_type:", "a control with a review lands account_review.v2, got"),
        ("reviewers: {directory", "reviewers: {directori", "reviewers:", "no system 'directori'. Did you mean 'directory'?"),
        ("words: {directory", "words: {elsewhere", "active_words:", "no system 'elsewhere'. Its systems: directory."),
        ("roster: {system: people", "roster: {system: directory", "roster:", "the people land under the name"),
        ("roster: {system: people", "roster: {system: persons", "roster:", "'persons' is not among the systems"),
        ("collector: hr_roster", "collector: hr_rooster", "roster:", "hr_rooster.py. Did you mean 'hr_roster'?"),
        ("{drop: {path: include/people.csv}}", "{}", "roster:", "parameters: expected one of rest and drop"),
        ("drop: {path: include/people.csv}", "drop: {columns: {person: y}}", "roster:", "columns: expected person,"),
        ("  removal: {days: 5", "  removal: {days: 6", "removal:", "no threshold has the value 6, so that"),
        ("dormant_days: 60", "sign_off: Hed", "sign_off:", "Did you mean 'Head'?"),
        ("reviewers: {directory: manager}", "reviewers: {}", "{system: directory, col", "role 'IT Chief' has something"),
        ("criteria/toxic_combinations.yaml", "criteria/toxic.yaml", "toxic_combinations:", "there is no such"),
        ("access_ended_with_employment:", "access_ended:", "_against:", "no control rule 'access_ended'. Did you"),
        ("access_ended_with_employment:", "row_count:", "_against:", "no control rule 'row_count'. Its control"),
        ("employment: cc8_1_changes}", "employment: cc8_1_change}", "_against:", "no control 'cc8_1_change' in"),
        ("employment: cc8_1_changes}", "employment: cc6_1_access}", "_against:", "counts against this control anyway"),
    ],
)
def test_what_does_not_fit_in_a_review_is_one_problem_with_its_line(
    home: Path, old: str, new: str, where: str, message: str
) -> None:
    if "IT Chief" in message:
        change(home / "include/criteria" / SCOPE, "name: Directory, owner: IT Lead", "name: Directory, owner: IT Chief")
    path = change(home / "include/criteria" / CONTROL, old, new)
    found = [problem for problem in problems(home) if message in problem]
    assert len(found) == 1, problems(home)
    assert found[0].startswith(f"{path.name}:{line_of(path, where)}: ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('system: directory, entitlement: "app:bank"', "system: bank, entitlement: x", "no control that names this file"),
        ("app:bank", "app:(?=bank)", "no expression that RE2 takes"),
        ("app:bank", "app:(bank", "no regular expression"),
    ],
)
def test_a_side_that_can_match_nothing_is_a_problem_with_its_line(home: Path, old: str, new: str, message: str) -> None:
    path = change(home / "include/criteria" / TOXIC, old, new)
    [problem] = problems(home)
    assert message in problem
    assert problem.startswith(f"{path.name}:6: ")


@pytest.mark.parametrize("name", TYPES[:4])
def test_a_contract_that_a_review_needs_and_is_not_there_is_a_problem(home: Path, name: str) -> None:
    (home / f"include/evidence_schemas/{name}.odcs.yaml").unlink()
    [problem] = problems(home)
    assert f"review: needs the contract include/evidence_schemas/{name}.odcs.yaml, which is not there." in problem


def test_a_source_of_a_reviewed_system_fills_the_columns_of_entitlements(home: Path) -> None:
    path = home / "include/criteria" / CONTROL
    columns = ", ".join(f"{name}: x" for name in ("account", "entitlement", "as_of", "read_at", "holder", "account_kind"))
    rest = f"collector: rest, parameters: {{connection: idp, path: /x, columns: {{{columns}}}}}"
    path.write_text(path.read_text().replace("collector: object_drop, parameters: {path: include/drop/changes.csv}", rest))
    [problem] = problems(home)
    assert "expected an expression for each column, got none for account_status, privileged" in problem


def test_a_system_of_the_name_of_the_scope_file_is_refused(home: Path) -> None:
    for file in (CONTROL, SCOPE, TOXIC):
        path = home / "include/criteria" / file
        path.write_text(re.sub(r"system: directory\b", "system: scope", path.read_text()).replace("{directory: ", "{scope: "))
    assert any("holders of roles land under the name 'scope'" in problem for problem in problems(home))


def test_combinations_that_no_control_names_are_read_all_the_same(home: Path) -> None:
    path = home / "include/criteria" / CONTROL
    path.write_text(path.read_text().replace("  toxic_combinations: include/criteria/toxic_combinations.yaml\n", ""))
    assert problems(home) == []
    (home / "include/criteria" / TOXIC).write_text("combinations: []\n")
    [problem] = problems(home)
    assert problem.startswith(f"{TOXIC}:1: combinations: ")
