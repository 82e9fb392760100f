# SPDX-License-Identifier: Apache-2.0
"""The DAG of an access review: its tasks and their order, what waits holds nothing, and it survives serialization."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dags.test_dags import parse

CONTROL = "cc6_3_code_and_cloud_review"
SYSTEMS = ("github", "aws", "okta")
INPUTS = (*SYSTEMS, "hris", "scope")
VERBS = ("collect", "validate", "land")
PROBE = """
import json, sys
from datetime import UTC, datetime, timedelta
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from tieout.tasks.campaign_waits import between_looks
from tieout.tasks.review_waits import collected_until
due = datetime(2026, 4, 22, tzinfo=UTC)
bag = DagBag(sys.argv[1])
tasks = bag.dags[sys.argv[2]].tasks
dag = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags[sys.argv[2]]))
dag.task_group.hierarchical_alphabetical_sort(), dag.task_group.topological_sort()  # what the UI does
print(json.dumps({
    "upstream": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
    "params": {name: dag.params.get_param(name).dump() for name in dag.params},
    "deadline": bool(dag.deadline),
    "sensors": {
        task.task_id: [task.mode, task.poke_interval, task.timeout, task.retries] for task in tasks if hasattr(task, "mode")
    },
    "outlets": sorted(task.task_id for task in tasks if task.outlets),
    "slots": {task.task_id: str(task.slot) for task in tasks if hasattr(task, "slot")},
    "until": [collected_until(due, due + timedelta(seconds=after), when) for after, when in
              [(-0.5, "due"), (0, "due"), (90, "due"), (90, "now"), (-3600.25, "now")]],
    "sign_off": bag.dags[sys.argv[2]].get_task("sign_off").response_timeout.total_seconds(),
    "between": [between_looks(seconds).total_seconds() for seconds in (5, 900)],
    "slow": [name for name in ("boto3", "duckdb", "slack_sdk", "slack_bolt", "great_expectations") if name in sys.modules],
}, default=str))
"""


@pytest.fixture(scope="module")
def dag(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a process of its own says of the shipped review's DAG."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "TIEOUT"))}
    environment = {
        **kept,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(repository / "plugins"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "TIEOUT_CAMPAIGN_POLL_SECONDS": "77",
        "TIEOUT_HOME": str(repository),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE, str(repository / "dags"), CONTROL],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_its_tasks_are_the_steps_of_a_review_in_their_order(dag: dict[str, Any]) -> None:
    expected: dict[str, list[str]] = {}
    for prefix, names, before in (("", INPUTS, []), ("again.", SYSTEMS, ["removal_due"])):
        for name in names:
            group = f"{prefix}{name}"
            expected |= {f"{group}.collect": before, f"{group}.validate": [f"{group}.collect"]}
            expected |= {f"{group}.land": [f"{group}.validate"]}
    expected |= {
        "freeze": sorted(f"{name}.land" for name in INPUTS),
        "open": ["freeze"],
        "answers": ["open"],
        "tickets": ["answers"],
        "removal_due": ["answers", "tickets"],
        "prepare": sorted(f"again.{name}.land" for name in SYSTEMS),
        "sign_off": ["prepare"],
        **{f"land_review.{name}": ["prepare", "sign_off"] for name in SYSTEMS},
    }
    # A removal's three tasks read until when it is collected: each stands behind the task that says so.
    for name in SYSTEMS:
        for verb in ("validate", "land"):
            expected[f"again.{name}.{verb}"] = sorted([*expected[f"again.{name}.{verb}"], "removal_due"])
    assert dag["upstream"] == expected


def test_each_extraction_lands_in_its_slot_and_only_the_review_is_a_landing_of_the_control(dag: dict[str, Any]) -> None:
    inputs = {f"{name}.{verb}": "input" for name in INPUTS for verb in VERBS}
    assert dag["slots"] == inputs | {f"again.{name}.{verb}": "again" for name in SYSTEMS for verb in VERBS}
    assert dag["outlets"] == [f"land_review.{name}" for name in sorted(SYSTEMS)]


def test_waiting_holds_no_slot_and_is_given_up_after_a_year(dag: dict[str, Any]) -> None:
    a_year = 366 * 86_400.0
    assert dag["sensors"] == {name: ["reschedule", 77.0, a_year, 100] for name in ("answers", "removal_due")}
    assert dag["sign_off"] == 77.0
    assert dag["between"] == [10.0, 900.0]


def test_the_entitlements_are_collected_again_as_of_the_agreed_day_or_at_once_where_the_run_says_so(dag: dict[str, Any]) -> None:
    day = "2026-04-22 00:00:00+00:00"
    assert dag["until"] == [None, day, day, day, "2026-04-21 22:59:59+00:00"]


def test_a_run_says_when_the_entitlements_are_collected_again(dag: dict[str, Any]) -> None:
    again = dag["params"]["collect_again"]
    assert (again["value"], again["schema"]["enum"]) == ("due", ["due", "now"])
    assert "supersede_reason" in dag["params"]
    assert dag["deadline"] is False


def test_a_run_says_why_a_review_lands_that_nobody_has_signed_off(dag: dict[str, Any]) -> None:
    because = dag["params"]["unsigned_because"]
    assert because["value"] is None
    assert because["schema"]["type"] == ["null", "string"]
    assert "what was returned does not land" in because["description"]


def test_parsing_it_imports_nothing_slow(dag: dict[str, Any]) -> None:
    assert dag["slow"] == []


@pytest.mark.parametrize("name", ["freeze", "hris", "scope"])
def test_a_system_with_a_name_that_is_taken_becomes_a_failing_placeholder(repository: Path, tmp_path: Path, name: str) -> None:
    home = tmp_path / "project"
    shutil.copytree(repository / "include", home / "include")
    for folder in ("dags", "plugins"):
        (home / folder).symlink_to(repository / folder)
    controls = home / "include/criteria/controls"
    for path in controls.glob("*.yaml"):
        if path.stem not in (CONTROL, "cc6_2_user_access_review"):
            path.unlink()
    said = yaml.safe_load((controls / f"{CONTROL}.yaml").read_text())
    said["systems"][0]["system"] = name
    (controls / f"{CONTROL}.yaml").write_text(yaml.safe_dump(said, sort_keys=False))
    found = parse(home, tmp_path / "airflow")
    assert found["errors"] == {}
    assert found["dags"][CONTROL]["tasks"] == ["correct_the_file"]
    assert f"got {name}" in found["dags"][CONTROL]["doc"]
    assert len(found["dags"]["cc6_2_user_access_review"]["tasks"]) == 6
