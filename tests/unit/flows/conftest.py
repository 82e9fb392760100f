# SPDX-License-Identifier: Apache-2.0
"""A project to export populations in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.unit.change_csv import line
from tests.unit.flows.project import CONTROL, CONTROL_FILE, Project

from tieout.settings import Settings


def _all_but_one_control(folder: str, names: list[str]) -> list[str]:
    """Leave out what these tests do not read: they copy the project hundreds of times."""
    if Path(folder).name == "controls":
        return [name for name in names if not name.startswith(CONTROL)]
    return [name for name in names if name in ("assessments", "schemas")]


@pytest.fixture
def project(tmp_path: Path, repository: Path) -> Project:
    """Return a project whose export holds one row of the window, which a second person committed."""
    folder = tmp_path / "project"
    shutil.copytree(repository / "include", folder / "include", ignore=_all_but_one_control)
    made = Project(folder, Settings(home=folder, environment="test"))
    made.change(CONTROL_FILE, "include/samples/protected_branch_merges.csv.gz", "drop/in.csv")
    made.export(line(1))
    return made
