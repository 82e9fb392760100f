# SPDX-License-Identifier: Apache-2.0
"""Controls: one file each, its stem the id; the statement in force; a system and its source."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tieout.criteria.controls import Control, control_files, load_control
from tieout.criteria.periods import WindowKind
from tieout.errors import ConfigurationError

CONTROL = """\
kind: population_export
title: Changes are reviewed
owner: Head of Engineering
statements:
  - version: 1
    effective_from: 2025-01-01
    text: Each change is reviewed.
  - version: 2
    effective_from: 2026-04-01
    text: Each change is reviewed by a second person.
criteria:
  - criterion: CC8.1
    points_of_focus: [CC8.1-POF5]
    rationale: It keeps developing and releasing apart.
    mapping: proposed
nature: it_dependent
operation: preventive
performer: Developers
reviewer: Head of Engineering
risk_ids: [R-CHG-01]
control_frequency: {every: per_event}
extraction_schedule:
  window: monthly
evidence_type: change_record.v1
population:
  unit: one commit
  inclusion_date_field: committed_at
  exclusions: none
systems:
  - system: shop_csv
    collector: csv_merges
    parameters: {path: drop/merges.csv}
  - system: shop_git
    collector: git_merges
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a control."""
    path = tmp_path / "cc8_1_change_management.yaml"
    path.write_text(CONTROL)
    return path


@pytest.fixture
def control(file: Path) -> Control:
    """Return a control with two statements and two systems."""
    return load_control(file)


def test_a_control_gives_its_schedule_and_its_defaults(control: Control) -> None:
    schedule = control.extraction_schedule
    assert (schedule.window, schedule.time, schedule.grace_days) == (WindowKind.MONTHLY, "06:00", 7)
    assert control.thresholds == ()


@pytest.mark.parametrize(
    ("day", "version"), [(date(2025, 1, 1), 1), (date(2026, 3, 31), 1), (date(2026, 4, 1), 2), (date(2030, 1, 1), 2)]
)
def test_the_statement_in_force_is_the_last_that_has_taken_effect(control: Control, day: date, version: int) -> None:
    assert control.statement_on(day).version == version


def test_before_the_first_statement_none_is_in_force(control: Control) -> None:
    with pytest.raises(ConfigurationError, match=r"in force on 2024-12-31: the first takes effect on 2025-01-01\."):
        control.statement_on(date(2024, 12, 31))


def test_a_source_is_found_by_its_system(control: Control) -> None:
    assert control.source("shop_csv").parameters == {"path": "drop/merges.csv"}
    assert control.source("shop_git").collector == "git_merges"


def test_an_unknown_system_is_refused_with_those_there_are(control: Control) -> None:
    with pytest.raises(ConfigurationError, match=r"no system 'shop' in this control. Its systems: shop_csv, shop_git\."):
        control.source("shop")


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("version: 2", "version: 3", 4, "expected versions 1, 2, 3 ... with rising effective_from dates"),
        ("effective_from: 2026-04-01", "effective_from: 2025-01-01", 4, "with rising effective_from dates"),
        ("system: shop_git", "system: shop_csv", 29, "two systems share a name"),
        ("collector: git_merges", "collecter: git_merges", 34, "unknown key. Did you mean 'collector'?"),
        ("  window: monthly", "  window: hourly", 23, "got 'hourly'"),
        ("  window: monthly", "  window: monthly\n  time: 12:30", 24, "got 750"),  # YAML 1.1 reads base 60
        ("  window: monthly", '  window: monthly\n  time: "24:00"', 24, "got '24:00'"),
        ("  window: monthly", "  window: monthly\n  grace_days: 91", 24, "less than or equal to 90, got 91"),
        ("criterion: CC8.1", "criterion: CC81", 12, "got 'CC81'"),
        ("[CC8.1-POF5]", "[CC8.1-POF5, POF6]", 13, "got 'POF6'"),
        ("change_record.v1", "change_record", 24, "got 'change_record'"),
        ("change_record.v1", "change_record.v0", 24, "got 'change_record.v0'"),
        ("system: shop_csv", "system: Shop-CSV", 30, "it becomes part of object keys, got 'Shop-CSV'"),
        ("kind: population_export", "kind: report", 1, "got 'report'"),
    ],
)
def test_a_mistake_is_named_with_its_line(file: Path, old: str, new: str, line: int, problem: str) -> None:
    file.write_text(CONTROL.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_control(file)
    assert any(f"{file}:{line}: " in entry and problem in entry for entry in str(caught.value).splitlines())


@pytest.mark.parametrize("stem", ["CC8_1", "8_1", "cc8.1", "cc8-1", "_cc8", "c" * 64])
def test_a_file_name_that_can_be_no_id_is_refused(tmp_path: Path, stem: str) -> None:
    path = tmp_path / f"{stem}.yaml"
    path.write_text(CONTROL)
    with pytest.raises(ConfigurationError, match=r"file name: expected lower-case letters.*part of object keys"):
        load_control(path)


def test_control_files_are_listed_by_id_in_order(tmp_path: Path) -> None:
    for name in ("cc8_1.yaml", "cc6_1.yaml", "README.md", "cc7_1.yml"):
        (tmp_path / name).touch()
    assert list(control_files(tmp_path).items()) == [
        ("cc6_1", tmp_path / "cc6_1.yaml"),
        ("cc8_1", tmp_path / "cc8_1.yaml"),
    ]
