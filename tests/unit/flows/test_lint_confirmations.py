# SPDX-License-Identifier: Apache-2.0
"""Lint of forms that owners fill in: the shipped one has no problem, and what keeps one from being asked is one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tieout.flows.lint import lint
from tieout.settings import Settings

CONTROL = "a1_3_restore_confirmation"
FULL = [{"type": "date", "id": "restored_on", "label": "Day"}] + [
    {"type": "text", "id": f"text_{number}", "label": f"Text {number}"} for number in range(35)
]


@pytest.fixture
def home(tmp_path: Path, repository: Path) -> Path:
    """Return a project with one control, whose owner fills in a form."""
    folder, criteria = tmp_path / "project", tmp_path / "project/include/criteria"
    (criteria / "controls").mkdir(parents=True)
    shutil.copytree(repository / "include/evidence_schemas", folder / "include/evidence_schemas")
    for name in ("scope.yaml", "tsc_2017_rev2022.yaml"):
        shutil.copy(repository / "include/criteria" / name, criteria / name)
    shutil.copy(repository / f"include/criteria/controls/{CONTROL}.yaml", criteria / "controls")
    return folder


def problems(home: Path, **changes: Any) -> list[str]:
    """Return what is wrong with the control once it is changed."""
    path = home / f"include/criteria/controls/{CONTROL}.yaml"
    said = yaml.safe_load(path.read_text())
    form = changes.pop("confirmation", {})
    said |= changes
    said["confirmation"] |= form
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    return [each.message for each in lint(Settings(home=home)).problems if each.path == path]


def test_the_shipped_form_has_no_problem(home: Path) -> None:
    assert problems(home) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"owner": "Nobody"}, "role 'Nobody' is asked"),
        ({"reviewer": "Nobody"}, "role 'Nobody' looks"),
        ({"reviewer": "Platform Lead"}, "nobody looks at what is their own"),
        ({"evidence_type": "owner_confirmation.v1"}, "a control with a form lands owner_confirmation.v2"),
        ({"systems": [{"system": "confirmations", "collector": "object_drop", "parameters": {"path": "x"}}]}, "collector 'form'"),
        (
            {"systems": [{"system": name, "collector": "form"} for name in ("confirmations", "airflow")]},
            "lands under one system, got 2",
        ),
        ({"confirmation": {"due": {"days": 11}}}, "no threshold has the value 11"),
        (
            {"confirmation": {"asks_about": "deviations", "fields": FULL}},
            "room for the 5 fields of one question about deviations beside its own: it has 36 fields of its own",
        ),
        ({"confirmation": {"asked_in": ["Q4", "Q4"]}}, "asked_in names a quarter twice: Q4"),
        (
            {"confirmation": {"asked_in": ["Q4"]}, "extraction_schedule": {"window": "monthly"}},
            "confirmation.asked_in: expected with a quarterly window alone, got it with one that is monthly",
        ),
    ],
)
def test_what_would_keep_it_from_being_asked_is_a_problem(home: Path, changes: dict[str, Any], words: str) -> None:
    assert any(words in each for each in problems(home, **changes))


def test_a_form_belongs_to_its_kind_and_the_collector_to_a_form(home: Path) -> None:
    assert any("confirmation: expected with kind owner_confirmation" in each for each in problems(home, kind="population_export"))
    path = home / f"include/criteria/controls/{CONTROL}.yaml"
    said = yaml.safe_load(path.read_text()) | {"kind": "owner_confirmation", "evidence_type": "owner_confirmation.v1"}
    del said["confirmation"]
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    assert any("collector 'form'" in each.message for each in lint(Settings(home=home)).problems)
