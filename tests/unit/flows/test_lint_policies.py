# SPDX-License-Identifier: Apache-2.0
"""Lint of policies: a whole campaign has no problem, and each thing that is not as it has to be is one, with its cure."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from tieout.flows.lint import lint
from tieout.settings import Settings

FIXTURES = Path(__file__).parents[2] / "fixtures"
CONTROL, SCOPE, POLICY = "controls/cc6_1_access.yaml", "scope.yaml", "policies/conduct.yaml"
TEXT = "Be kind.\n"
TYPES = ("roster_entry.v2", "policy_assignment.v1", "acknowledgment.v2")
SECTION = """\
acknowledgment:
  policies: [conduct]
  due: {days: 30, count: calendar}
  joiners_due: {days: 14, count: calendar}
  grace: {days: 5, count: business}
thresholds:
  - {name: days, value: 30, unit: days, policy: P, section: "1", policy_version: "1"}
  - {name: joiners, value: 14, unit: days, policy: P, section: "2", policy_version: "1"}
"""
A_POLICY = f"""\
title: Conduct
owner: IT Lead
versions:
  - version: "1.0"
    effective_from: 2026-01-01
    approver: IT Lead
    approved_on: 2025-12-01
    link: https://intranet.example.com/conduct
    path: include/conduct.md
    sha256: {hashlib.sha256(TEXT.encode()).hexdigest()}
    statement: I have read it.
"""


@pytest.fixture
def home(tmp_path: Path, repository: Path) -> Path:
    """Return the small project, in which one control has a policy acknowledged."""
    folder = tmp_path / "project"
    shutil.copytree(FIXTURES / "small_project", folder)
    for name in TYPES:
        shutil.copy(repository / f"include/evidence_schemas/{name}.odcs.yaml", folder / "include/evidence_schemas")
    criteria = folder / "include/criteria"
    (criteria / "policies").mkdir()
    (criteria / POLICY).write_text(A_POLICY)
    (folder / "include/conduct.md").write_text(TEXT)
    (folder / "include/people.csv").write_text("")
    said = (criteria / CONTROL).read_text()
    said = said[: said.index("systems:")]
    said = re.sub(r"(?m)^kind: .*", "kind: policy_acknowledgment", said)
    said = re.sub(r"(?m)^evidence_type: .*", "evidence_type: acknowledgment.v2", said)
    for name, column in (("inclusion_date_field", "as_of"), ("performance_field", "campaign_id")):
        said = re.sub(rf"{name}: .*", f"{name}: {column}", said)
    said = re.sub(r"control_frequency:.*?\n(?=\w)", "control_frequency:\n  every: per_event\n", said, flags=re.DOTALL)
    said = re.sub(r"thresholds:.*?\n(?=\w)", "", said, flags=re.DOTALL)
    systems = (
        "systems:\n  - {system: directory, collector: hr_roster, parameters: {leave: true, drop: {path: include/people.csv}}}\n"
    )
    (criteria / CONTROL).write_text(said + SECTION + systems)
    scope = (criteria / SCOPE).read_text()
    owner = re.search(r"(?m)^owner: (.*)", said)
    assert owner is not None
    (criteria / SCOPE).write_text(scope + f"owners:\n  - {{role: {owner[1]}, email: it@example.com}}\n")
    return folder


def problems(home: Path) -> list[str]:
    return [f"{each.path.name}:{each.line}: {each.message} {each.cure}" for each in lint(Settings(home=home)).problems]


def change(home: Path, file: str, old: str, new: str) -> None:
    path = home / "include/criteria" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_whole_campaign_has_no_problem(home: Path) -> None:
    assert problems(home) == []


def test_a_document_that_is_another_one_says_what_it_is(home: Path) -> None:
    (home / "include/conduct.md").write_text("Be unkind.\n")
    [problem] = problems(home)
    assert problem.startswith("conduct.yaml:9:")
    assert hashlib.sha256(b"Be unkind.\n").hexdigest() in problem
    assert "Another text is another version" in problem
    (home / "include/conduct.md").unlink()
    [problem] = problems(home)
    assert "there is no file include/conduct.md" in problem


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (CONTROL, "policies: [conduct]", "policies: [conduckt]", "there is no policy 'conduckt' in include/criteria/policies"),
        (CONTROL, "evidence_type: acknowledgment.v2", "evidence_type: roster_entry.v2", "lands acknowledgment.v2, got"),
        (CONTROL, "days: 14,", "days: 13,", "acknowledgment.joiners_due: no threshold has the value 13"),
        (CONTROL, "days: 30,", "days: 31,", "acknowledgment.due: no threshold has the value 31"),
        (CONTROL, "leave: true", "leave: false", "gives no roster_entry.v2"),
        (SCOPE, "owners:\n", "owners:\n  - {role: Nobody, email: x@example.com}\n#", "name nobody who is"),
        (POLICY, "approved_on: 2025-12-01", "approved_on: 2026-02-01", "approved before it takes effect"),
        (POLICY, "link: https://", "link: http://", "expected an https address"),
    ],
)  # fmt: skip
def test_each_thing_that_does_not_fit_is_a_problem(home: Path, file: str, old: str, new: str, said: str) -> None:
    change(home, file, old, new)
    found = problems(home)
    assert [each for each in found if said in each], found


def test_a_policy_in_the_wrong_folder_is_read_by_nobody_and_that_is_said(home: Path) -> None:
    (home / "include/criteria/policies/more").mkdir()
    (home / "include/criteria" / POLICY).rename(home / "include/criteria/policies/more/conduct.yaml")
    assert any("nothing reads this file" in each for each in problems(home))


def test_a_section_belongs_to_its_kind(home: Path) -> None:
    change(home, CONTROL, "kind: policy_acknowledgment", "kind: population_export")
    [problem] = problems(home)
    assert "acknowledgment: expected with kind policy_acknowledgment alone, got it with kind population_export" in problem
