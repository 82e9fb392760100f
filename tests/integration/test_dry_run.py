# SPDX-License-Identifier: Apache-2.0
"""``tieout collect CONTROL --dry-run`` shows the IPE record and five rows of each generic source, and lands nothing."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tests.faults.scene import ALERTS
from tests.simulators import pagerduty
from tests.unit.collectors.git_repo import GitRepo
from tieout.cli import main

pytestmark = pytest.mark.integration

ALERT_CONTROL, BASELINE, CHANGES = "cc7_2_alert_monitoring", "cc6_1_encryption_at_rest", "cc8_1_change_management"
QUERY = "SELECT * FROM alerts WHERE raised_at >= :from AND raised_at < :until"


@pytest.fixture
def home(repository: Path, tmp_path: Path) -> Path:
    """Return a project whose alerts come from an API, a database and a drop, and whose changes come from git."""
    shutil.copytree(repository / "include", tmp_path / "include")
    database = {"connection": "alerts", "query": QUERY, "window_format": "iso"}
    systems = [
        {"system": "api", "collector": "rest", "parameters": ALERTS},
        {
            "system": "database",
            "collector": "sql",
            "parameters": database,
        },
        {"system": "drop", "collector": "object_drop", "parameters": {"path": "alerts.csv"}},
    ]
    repository_systems = [
        {
            "system": "repository",
            "collector": "git_merges",
            "parameters": {"repository": "shop.git", "branch": "main", "platform_committers": ["web-merge"]},
        }
    ]
    for control, sources in ((ALERT_CONTROL, systems), (CHANGES, repository_systems)):
        path = tmp_path / "include" / "criteria" / "controls" / f"{control}.yaml"
        said = yaml.safe_load(path.read_text()) | {"systems": sources}
        said.pop("reconciliations", None)
        path.write_text(yaml.safe_dump(said, sort_keys=False))
    shop = GitRepo(tmp_path / "shop.git")
    for day in range(1, 8):
        shop.commit(f"Change (#{day})", at=f"2026-03-0{day}T00:00:00+00:00", files={"a": b"%d\n" % day})
    shop.write()
    _fill(tmp_path)
    return tmp_path


def _fill(home: Path) -> None:
    """Write the same twenty alerts to a file and to a database."""
    names = list(ALERTS["columns"])
    alerts = [
        (f"A-{day}", "rule", "high", f"2026-03-{day:02}T10:00:00Z", "false", f"2026-03-{day:02}T18:00:00Z", "", "", "", "")
        for day in range(1, 21)
    ]
    with (home / "alerts.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([names, *alerts])
    with closing(sqlite3.connect(home / "alerts.db")) as connection, connection:
        connection.execute(f"CREATE TABLE alerts ({', '.join(f'{name} TEXT' for name in names)})")
        connection.executemany(f"INSERT INTO alerts VALUES ({', '.join('?' * len(names))})", alerts)


def run(home: Path, control: str, **connections: dict[str, Any]) -> str:
    """Run the command as a user does, with connections of Airflow in the environment."""
    named = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()}
    environment = {**os.environ, **named, "TIEOUT_HOME": str(home), "AIRFLOW_HOME": str(home / "airflow")}
    command = [str(Path(sys.executable).with_name("tieout")), "collect", control, "--window", "2026-03", "--dry-run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180, cwd=home)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(output: str) -> dict[str, tuple[dict[str, Any], int]]:
    """Return, by system, the IPE record that was printed and how many rows."""
    found = {}
    for part in output.split(", system ")[1:]:
        system, _, rest = part.partition(",")
        record = rest[rest.index("{") :]
        ipe, end = json.JSONDecoder().raw_decode(record)
        rows = [line for line in record[end:].splitlines() if line.startswith("  {")]
        found[system] = (ipe, len(rows))
    return found


def test_an_api_a_database_and_a_drop(home: Path) -> None:
    with pagerduty.running(pagerduty.incidents(50, datetime(2026, 3, 1, tzinfo=UTC))) as service:
        output = run(
            home,
            ALERT_CONTROL,
            pagerduty={"conn_type": "http", "host": service.server.url, "password": pagerduty.TOKEN},
            alerts={"conn_type": "sqlite", "host": str(home / "alerts.db")},
        )
    found = shown(output)
    kinds = {system: ipe["source"]["kind"] for system, (ipe, _) in found.items()}
    assert kinds == {"api": "REST API", "database": "sqlite database", "drop": "CSV file"}
    assert {system: rows for system, (_, rows) in found.items()} == {"api": 5, "database": 5, "drop": 5}
    assert found["database"][0]["rows_in_window"] == found["drop"][0]["rows_in_window"] == 20
    assert pagerduty.TOKEN not in output
    assert output.endswith("Nothing was landed.\n")


@pytest.mark.parametrize(
    ("control", "system", "kind"), [(BASELINE, "cloud", "6 OCSF files"), (CHANGES, "repository", "git repository")]
)
def test_findings_and_a_repository(home: Path, control: str, system: str, kind: str) -> None:
    done = CliRunner().invoke(main, ["collect", control, "--window", "2026-03", "--dry-run"], env={"TIEOUT_HOME": str(home)})
    assert done.exit_code == 0, done.output
    ipe, rows = shown(done.stdout)[system]
    assert ipe["source"]["kind"] == kind
    assert rows == min(5, ipe["rows_in_window"]) > 0
    assert {"sequence_gaps", "clock_offset", "second_count", "source_rules", "blind_spots", "attempts"} <= ipe.keys()


def test_the_shipped_control_reads_its_sample_before_anything_was_started(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "include", tmp_path / "include")
    done = CliRunner().invoke(main, ["collect", CHANGES, "--window", "2026-03", "--dry-run"], env={"TIEOUT_HOME": str(tmp_path)})
    assert done.exit_code == 0, done.output
    assert "Rebuilding a git repository from the sample's merges" in done.stderr
    counts = {system: (ipe["rows_in_window"], rows) for system, (ipe, rows) in shown(done.stdout).items()}
    assert counts == {"shop_csv": (172, 5), "shop_git": (172, 5)}


def test_the_people_of_a_policy_campaign_are_collected_and_a_form_says_that_nothing_is(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "include", tmp_path / "include")
    env = {"TIEOUT_HOME": str(tmp_path)}
    done = CliRunner().invoke(main, ["collect", "cc5_3_policy_campaign", "--window", "2026-W13", "--dry-run"], env=env)
    assert done.exit_code == 0, done.output
    assert shown(done.stdout)["hris"][1] == 5
    refused = CliRunner().invoke(main, ["collect", "a1_3_restore_confirmation", "--dry-run"], env=env)
    assert refused.exit_code == 1
    assert "owners fill in its form, and nothing is collected" in refused.stderr
