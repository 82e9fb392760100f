# SPDX-License-Identifier: Apache-2.0
"""DAG files: found by Airflow, thin, quick to parse, and one broken YAML file hides no other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

PROGRAM = {
    "evidence_digest",
    "evidence_readiness",
    "evidence_freshness",
    "evidence_deviations",
    "evidence_reconciliation",
    "evidence_true_up",
    "evidence_period_close",
    "evidence_post_period",
}
PROBE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
bag = DagBag(sys.argv[1])
heavy = ("boto3", "great_expectations", "requests", "pandas", "duckdb", "dlt", "sqlglot", "openpyxl")
slow = [name for name in heavy if name in sys.modules]
restored = {dag_id: DagSerialization.from_dict(DagSerialization.to_dict(dag)) for dag_id, dag in bag.dags.items()}
print(json.dumps({
    "slow": slow,
    "errors": {str(file): text for file, text in bag.import_errors.items()},
    "dags": {
        dag_id: {
            "tasks": sorted(dag.task_ids),
            "tags": sorted(dag.tags),
            "doc": dag.doc_md,
            "timetable": restored[dag_id].timetable.summary,
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
        }
        for dag_id, dag in bag.dags.items()
    },
}))
"""


def parse(home: Path, airflow_home: Path) -> dict[str, Any]:
    """Parse a project's DAG folder in a process of its own, as the DAG processor does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "TIEOUT"))}
    environment = {
        **kept,
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "TIEOUT_HOME": str(home),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE, str(home / "dags")],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    parsed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return parsed


@pytest.fixture(scope="module")
def parsed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return parse(repository, tmp_path_factory.mktemp("airflow"))


def test_each_control_is_a_dag_of_the_same_name(parsed: dict[str, Any], repository: Path) -> None:
    controls = {path.stem for path in (repository / "include" / "criteria" / "controls").glob("*.yaml")}
    assert parsed["errors"] == {}
    assert set(parsed["dags"]) == controls | PROGRAM
    assert "cc8_1_change_management" in controls


def test_tasks_are_the_verbs_per_system(parsed: dict[str, Any]) -> None:
    expected = sorted(f"{system}.{verb}" for system in ("shop_csv", "shop_git") for verb in ("collect", "validate", "land"))
    assert parsed["dags"]["cc8_1_change_management"]["tasks"] == expected


def test_one_digest_is_made_at_a_time_after_what_silence_hides_is_recorded(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["evidence_digest"]
    assert dag["tasks"] == ["anchor", "record", "seal"]
    assert (dag["max_active_runs"], dag["catchup"]) == (1, False)


def test_the_timetable_survives_serialization(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["cc8_1_change_management"]
    assert dag["timetable"] == "monthly, 06:00 UTC after each window"
    assert dag["catchup"] is False
    assert {"CC8.1", "population_export", "tieout"} <= set(dag["tags"])


def test_parsing_imports_nothing_slow(parsed: dict[str, Any]) -> None:
    assert parsed["slow"] == []


def test_dag_files_are_thin_and_found_by_airflow(repository: Path) -> None:
    files = list((repository / "dags").glob("*.py"))
    assert files
    for file in files:
        text = file.read_text().lower()
        assert "airflow" in text, "without both words Airflow skips the file silently"
        assert "dag" in text
        assert len(text.splitlines()) <= 15


def test_the_library_is_hidden_from_the_plugin_loader(repository: Path) -> None:
    assert (repository / "plugins" / ".airflowignore").read_text() == "tieout/\n"


def test_a_broken_control_file_becomes_a_failing_placeholder_and_hides_no_other(repository: Path, tmp_path: Path) -> None:
    home = tmp_path / "project"
    shutil.copytree(repository / "include", home / "include")
    for name in ("dags", "plugins"):
        (home / name).symlink_to(repository / name)
    control = home / "include" / "criteria" / "controls" / "cc8_1_change_management.yaml"
    broken = control.with_name("cc8_2_broken.yaml")
    broken.write_text(control.read_text().replace("owner: Head", "ownr: Head"))
    parsed = parse(home, tmp_path / "airflow")
    others = {path.stem for path in control.parent.glob("*.yaml")} - {broken.stem}
    assert set(parsed["dags"]) == {*others, broken.stem} | PROGRAM
    assert parsed["errors"] == {}
    placeholder = parsed["dags"]["cc8_2_broken"]
    assert placeholder["tasks"] == ["correct_the_file"]
    assert "broken file" in placeholder["tags"]
    line = control.read_text().splitlines().index("owner: Head of Engineering") + 1
    assert f"cc8_2_broken.yaml:{line}: ownr: unknown key. Did you mean 'owner'?" in placeholder["doc"]


def test_the_celery_commands_load(tmp_path: Path) -> None:
    """A celery that the provider can not import fails every one of them (DECISIONS.md, D-007)."""
    command = [sys.executable, "-W", "ignore", "-m", "airflow", "celery", "worker", "--help"]
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "--queues" in done.stdout
    probe = "import airflow.providers.celery.executors.celery_executor, airflow.providers.celery.executors.default_celery"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", probe], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


BACKFILL = """
import datetime, json
from tieout.tasks.timetable import WindowTimetable
from airflow.exceptions import InvalidPartitionKeyError
utc = datetime.timezone.utc
answers = {}
for kind in ("daily", "weekly", "monthly", "quarterly"):
    table = WindowTimetable(kind, time="06:30", timezone="Europe/Berlin")
    infos = table.iter_partition_dagrun_infos(
        earliest=datetime.datetime(2026, 1, 1, tzinfo=utc), latest=datetime.datetime(2026, 12, 31, 23, tzinfo=utc))
    runs = [(info.partition_key, info.partition_date.isoformat(), table.resolve_partition_date(info.partition_key).isoformat())
            for info in infos]
    try:
        table.resolve_partition_date("nonsense")
        refused = False
    except InvalidPartitionKeyError:
        refused = True
    answers[kind] = {"runs": runs, "refused": refused}
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def backfilled() -> dict[str, Any]:
    """Return the runs of a year's backfill, by kind of window; one process imports Airflow for all of them."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BACKFILL],
        env={**os.environ, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize(
    ("kind", "count", "first", "last"),
    [
        ("daily", 365, "2026-01-01", "2026-12-31"),
        ("weekly", 52, "2026-W02", "2026-W53"),
        ("monthly", 12, "2026-01", "2026-12"),
        ("quarterly", 4, "2026-Q1", "2026-Q4"),
    ],
)
def test_a_key_decodes_to_the_tick_that_a_run_carries(
    backfilled: dict[str, Any], kind: str, count: int, first: str, last: str
) -> None:
    answer = backfilled[kind]
    runs = answer["runs"]
    assert answer["refused"]
    assert len(runs) == count
    assert len({key for key, _, _ in runs}) == count
    assert (runs[0][0], runs[-1][0]) == (first, last)
    for _, tick, decoded in runs:
        assert datetime.fromisoformat(tick) == datetime.fromisoformat(decoded)
