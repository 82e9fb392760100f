# SPDX-License-Identifier: Apache-2.0
"""The DAG of an acknowledgment campaign: its tasks and their order, one task waits for everybody, times that a run may set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CONTROL = "cc5_3_policy_campaign"
PROBE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from tieout.errors import ExtractionRefused
from tieout.tasks.run_times import param_time
bag = DagBag(sys.argv[1])
tasks = bag.dags[sys.argv[2]].tasks
dag = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags[sys.argv[2]]))
dag.task_group.hierarchical_alphabetical_sort(), dag.task_group.topological_sort()  # what the UI does
try:
    param_time({"params": {"due_at": "2026-04-30T18:00:00"}}, "due_at")
    refused = None
except ExtractionRefused as error:
    refused = str(error)
print(json.dumps({
    "upstream": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
    "params": {name: dag.params.get_param(name).dump() for name in dag.params},
    "deadline": bool(dag.deadline),
    "tags": sorted(dag.tags),
    "sensors": {
        task.task_id: [task.mode, task.poke_interval, task.timeout, task.retries] for task in tasks if hasattr(task, "mode")
    },
    "outlets": sorted(task.task_id for task in tasks if task.outlets),
    "slots": {task.task_id: str(task.slot) for task in tasks if hasattr(task, "slot")},
    "time": [param_time({"params": {"due_at": said}}, "due_at") for said in ("2026-04-30T18:00:00+02:00", None)],
    "refused": refused,
    "slow": [name for name in ("boto3", "duckdb", "slack_sdk", "slack_bolt", "great_expectations", "requests")
             if name in sys.modules],
}, default=str))
"""


@pytest.fixture(scope="module")
def dag(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a process of its own says of the shipped campaign's DAG."""
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


def test_its_tasks_are_the_steps_of_a_campaign_in_their_order(dag: dict[str, Any]) -> None:
    assert dag["upstream"] == {
        "hris.collect": [], "hris.validate": ["hris.collect"], "hris.land": ["hris.validate"],
        "freeze": ["hris.land"], "open": ["freeze"], "answers": ["open"],
        "again.hris.collect": ["answers"], "again.hris.validate": ["again.hris.collect", "answers"],
        "again.hris.land": ["again.hris.validate", "answers"],
        "land_acknowledgments.hris": ["again.hris.land"],
    }  # fmt: skip
    assert dag["slots"] == {
        **{f"hris.{verb}": "input" for verb in ("collect", "validate", "land")},
        **{f"again.hris.{verb}": "again" for verb in ("collect", "validate", "land")},
    }
    assert dag["outlets"] == ["land_acknowledgments.hris"]
    assert {"tieout", "policy_acknowledgment", "CC5.3"} <= set(dag["tags"])


def test_one_task_waits_for_everybody_and_holds_no_slot(dag: dict[str, Any]) -> None:
    assert dag["sensors"] == {"answers": ["reschedule", 77.0, 366 * 86_400.0, 100]}
    assert not dag["deadline"]


def test_a_run_may_say_when_it_is_due_and_closes_with_a_zone(dag: dict[str, Any]) -> None:
    for name in ("due_at", "closes_at"):
        said = dag["params"][name]
        assert (said["value"], said["schema"]["format"]) == (None, "date-time")
    assert dag["time"] == ["2026-04-30 16:00:00+00:00", None]
    assert "expected a time with its zone" in dag["refused"]
    assert "supersede_reason" in dag["params"]


def test_nothing_slow_is_imported_to_parse_it(dag: dict[str, Any]) -> None:
    assert dag["slow"] == []
