# SPDX-License-Identifier: Apache-2.0
"""The DAG of an owner confirmation: its tasks and their order, and times that a run may set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CONTROL = "a1_3_restore_confirmation"
PROBE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
bag = DagBag(sys.argv[1])
dag = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags[sys.argv[2]]))
tasks = bag.dags[sys.argv[2]].tasks
print(json.dumps({
    "upstream": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
    "params": sorted(dag.params),
    "deadline": bool(dag.deadline),
    "sensors": {task.task_id: [task.mode, task.poke_interval] for task in tasks if hasattr(task, "mode")},
    "outlets": [task.task_id for task in tasks if task.outlets],
    "exports": sorted(task.task_id for task in bag.dags["a1_3_restore_test"].tasks),
    "slow": [name for name in ("boto3", "duckdb", "slack_sdk", "great_expectations", "requests") if name in sys.modules],
}, default=str))
"""


@pytest.fixture(scope="module")
def dag(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a process of its own says of the shipped confirmation's DAG."""
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
    command = [sys.executable, "-c", PROBE, str(repository / "dags" / "owner_confirmations.py"), CONTROL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_a_form_is_frozen_asked_answered_and_landed(dag: dict[str, Any]) -> None:
    assert dag["upstream"] == {"freeze": [], "open": ["freeze"], "answers": ["open"], "land": ["answers"]}
    assert dag["outlets"] == ["land"]
    assert dag["sensors"] == {"answers": ["reschedule", 77.0]}


def test_a_run_may_set_its_days_and_nothing_slow_is_imported(dag: dict[str, Any]) -> None:
    assert dag["params"] == ["closes_at", "due_at", "supersede_reason"]
    assert (dag["deadline"], dag["slow"]) == (False, [])


def test_controls_without_a_form_stay_population_exports(dag: dict[str, Any]) -> None:
    assert dag["exports"] == ["confirmations.collect", "confirmations.land", "confirmations.validate"]
