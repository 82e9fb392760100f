# SPDX-License-Identifier: Apache-2.0
"""README.md is true: what it shows is run as written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.simulators import pagerduty
from tests.stack import Store
from tieout.criteria.controls import load_control
from tieout.local.installation import EVIDENCE_BUCKET

pytestmark = pytest.mark.integration


def block(repository: Path, language: str, number: int = 0) -> str:
    text = (repository / "README.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)[number]


def test_the_auditors_snippet_reads_what_it_says(own_store: Store, repository: Path) -> None:
    own_store.stack.build_samples(lambda _: None)
    for system in ("shop_csv", "shop_git"):
        for window in ("2026-02", "2026-03"):
            own_store.land(system, window)
    snippet = block(repository, "python")
    promised = re.findall(r"^# (\{.*\})$", snippet, flags=re.MULTILINE)[0]
    credentials = (own_store.stack.installation.folder / "auditor.env").read_text()
    exported = dict(line.removeprefix("export ").split("=", 1) for line in credentials.splitlines())
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TIEOUT_"))}
    done = subprocess.run(
        [sys.executable, "-c", snippet], env={**kept, **exported}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == promised, done.stderr
    assert EVIDENCE_BUCKET in snippet


def test_the_control_of_your_own_loads(repository: Path, tmp_path: Path) -> None:
    shipped = repository / "include" / "criteria" / "controls" / "cc8_1_change_management.yaml"
    control = yaml.safe_load(shipped.read_text())
    control |= yaml.safe_load(block(repository, "yaml"))
    path = tmp_path / "cc8_1_website_changes.yaml"
    path.write_text(yaml.safe_dump(control))
    assert [source.system for source in load_control(path).systems] == ["website"]


def test_the_saas_source_is_read_as_written(repository: Path, tmp_path: Path) -> None:
    text = block(repository, "yaml", 1)
    assert len(text.splitlines()) < 30
    readme = (repository / "README.md").read_text()
    command = re.search(r"^ {4}\.venv/bin/tieout (collect cc7_2_\S+ --system pagerduty .*)$", readme, re.MULTILINE)
    assert command
    shutil.copytree(repository / "include", tmp_path / "include")
    path = tmp_path / "include" / "criteria" / "controls" / "cc7_2_alert_monitoring.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | yaml.safe_load(text), sort_keys=False))
    first = datetime(2026, 2, 27, tzinfo=UTC)  # some before the window
    with pagerduty.running(pagerduty.incidents(500, first)) as service:
        held = {"conn_type": "http", "host": service.server.url, "password": pagerduty.TOKEN}
        environment = {**os.environ, "TIEOUT_HOME": str(tmp_path), "AIRFLOW_CONN_PAGERDUTY": json.dumps(held)}
        done = subprocess.run(
            [str(Path(sys.executable).with_name("tieout")), *command[1].split(), "--json"],
            env=environment, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ipe = json.loads(done.stdout)["ipe"]
    assert (ipe["rows_in_window"], ipe["source_total"]["rows"]) == (372, 372)
    assert "An alert that was suppressed opens no incident." in ipe["blind_spots"]
    assert pagerduty.TOKEN not in done.stdout + done.stderr


def test_every_make_verb_that_is_named_exists(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text()
    for document in ("README.md", "CONTRIBUTING.md"):
        for verb in set(re.findall(r"(?:`|^ {4})make ([a-z]+)", (repository / document).read_text(), flags=re.MULTILINE)):
            assert re.search(rf"^{verb}:", makefile, flags=re.MULTILINE), verb


def test_ci_runs_the_test_command_of_the_readme(repository: Path) -> None:
    assert "`make test` runs everything that CI runs" in (repository / "README.md").read_text()
    commands = [line for line in (repository / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert commands[-1] == "exec make test"
