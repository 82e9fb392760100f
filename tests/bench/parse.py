# SPDX-License-Identifier: Apache-2.0
"""Parsing the DAG files of all controls, against making as many bare DAGs with as many bare tasks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def _airflow(folder: Path) -> None:
    home = folder / "airflow"
    home.mkdir(exist_ok=True)
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__PLUGINS_FOLDER=str(REPOSITORY / "plugins"),
        AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
        TIEOUT_HOME=str(REPOSITORY),
    )
    import airflow.dag_processing.dagbag  # noqa: F401


def controls() -> int:
    """Return how many controls the library has."""
    return len(list((REPOSITORY / "include" / "criteria" / "controls").glob("*.yaml")))


def floor(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Make a DAG of three tasks for each control, and nothing else."""
    _airflow(folder)
    from airflow.sdk import DAG, BaseOperator

    def timed() -> None:
        for number in range(rows):
            dag = DAG(dag_id=f"bare_{number}", schedule=None)
            for task in ("collect", "validate", "land"):
                BaseOperator(task_id=task, dag=dag)

    return timed


def ours(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Parse every DAG file, as the DAG processor does after a start: our modules are imported within the time."""
    _airflow(folder)
    from airflow.dag_processing.dagbag import DagBag

    def timed() -> None:
        bag = DagBag(str(REPOSITORY / "dags"))
        assert bag.import_errors == {}
        assert len(bag.dags) > rows

    return timed
