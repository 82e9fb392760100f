# SPDX-License-Identifier: Apache-2.0
"""DAGs of the controls: per system, collect >> validate >> land."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, BaseOperator, Param, TaskGroup, get_parsing_context
from airflow.sdk.exceptions import AirflowFailException

from tieout.criteria.controls import Control, Kind, control_files, kind_of, load_control
from tieout.criteria.scope import time_zone_of
from tieout.errors import ConfigurationError
from tieout.settings import Settings, from_environment
from tieout.tasks.deadlines import alert
from tieout.tasks.operators import CollectOperator, LandOperator, ValidateOperator
from tieout.tasks.retries import retry_arguments
from tieout.tasks.timetable import WindowTimetable

if TYPE_CHECKING:
    from airflow.sdk import Context


def build_dag(control_id: str, control: Control, time_zone: str, settings: Settings) -> DAG:
    """Return the DAG of one control; its id is the control's."""
    schedule = control.extraction_schedule
    dag = DAG(
        dag_id=control_id,
        description=control.title,
        schedule=WindowTimetable(schedule.window.value, time=schedule.time, timezone=time_zone),
        catchup=False,
        max_active_runs=4,
        tags=["tieout", control.kind, *(mapping.criterion for mapping in control.criteria)],
        params={
            "supersede_reason": Param(
                None, type=["null", "string"], description="Why this extraction supersedes the one that has landed"
            )
        },
        deadline=alert(control_id, schedule.window.value, time_zone),
        default_args={"owner": control.owner, **retry_arguments(settings)},
    )
    # A name and no URI: a scheme would make Airflow import every provider that handles one, at parse time.
    landings = Asset(name=f"tieout/landings/{control_id}", group="tieout")
    for source in control.systems:
        with TaskGroup(group_id=source.system, dag=dag):
            common = {"control_id": control_id, "system": source.system, "dag": dag}
            collected = CollectOperator(task_id="collect", **common)
            validated = ValidateOperator(task_id="validate", reference=collected.output, **common)
            LandOperator(task_id="land", reference=validated.output, outlets=[landings], **common)
    return dag


class _BrokenFile(BaseOperator):
    """Fails with what is wrong with a file, so that a broken file is seen and hides no other."""

    def __init__(self, *, problem: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.problem = problem

    def execute(self, context: Context) -> None:  # noqa: ARG002
        raise AirflowFailException(self.problem)


def placeholder(control_id: str, problem: str) -> DAG:
    """Return a DAG that stands for a control file that can not be read, and fails with the reason."""
    dag = DAG(dag_id=control_id, description=problem[:250], schedule=None, tags=["tieout", "broken file"], doc_md=problem)
    _BrokenFile(task_id="correct_the_file", problem=problem, dag=dag)
    return dag


def dags(kind: Kind, read_settings: Callable[[], Settings] = from_environment) -> dict[str, DAG]:
    """Return one DAG per control file of a kind, by id; a broken file gives a failing placeholder.

    In the process of a task, which Airflow tells which DAG it is for, only that one: building all would cost each task a second.

    A file whose kind can not be read counts as a population export, so that exactly one DAG file shows it.

    Raises:
        ConfigurationError: The settings or the scope file are wrong: no control can run then.
    """
    settings = read_settings()
    time_zone = time_zone_of(settings.scope_file)
    built = {}
    only = get_parsing_context().dag_id
    for control_id, path in control_files(settings.controls_folder).items():
        if only not in (None, control_id) or kind_of(path) != kind:
            continue
        try:
            control = load_control(path)
        except ConfigurationError as error:
            built[control_id] = placeholder(control_id, str(error))
            continue
        built[control_id] = build_dag(control_id, control, time_zone, settings)
    return built
