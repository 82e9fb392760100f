# SPDX-License-Identifier: Apache-2.0
"""What may import what: the direction of imports, and the auditor's path without Airflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def test_the_direction_of_imports_is_kept(repository: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "tieout.cli",
        "tieout.evidence.verify",
        "tieout.evidence.sources",
        "tieout.settings",
        "tieout.flows.trace",
        "tieout.flows.population",
    ],
)
def test_the_auditors_path_imports_no_airflow(module: str) -> None:
    probe = (
        f"import sys, {module}; "
        "print([name for name in ('airflow', 'great_expectations', 'pandas', 'psutil') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_only_tasks_and_web_know_airflow(repository: Path) -> None:
    library = repository / "plugins" / "tieout"
    with_airflow = {
        path.relative_to(library).parts[0]
        for path in library.rglob("*.py")
        if any(line.lstrip().startswith(("import airflow", "from airflow")) for line in path.read_text().splitlines())
    }
    assert with_airflow == {"tasks", "web"}
