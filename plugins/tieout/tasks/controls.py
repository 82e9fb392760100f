# SPDX-License-Identifier: Apache-2.0
"""DAGs of the controls: per system, collect >> validate >> land; of a campaign that people answer, see
`tieout.tasks.reviews`, `tieout.tasks.policies` and `tieout.tasks.confirmations`.
"""  # noqa: D205

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from tieout.tasks.timetable import window_timetable

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.definitions.deadline import DeadlineAlert

_NO_MORE: Mapping[str, Any] = {}


def build_dag(control_id: str, control: Control, time_zone: str, settings: Settings) -> DAG:
    """Return the DAG of one control; its id is the control's.

    Raises:
        ConfigurationError: Of a campaign: a system has the name of a task, or of another list.
    """
    if control.review is not None:
        from tieout.tasks.reviews import PARAMS, add_tasks

        dag = _dag(control_id, control, time_zone, settings, params=PARAMS)
        add_tasks(dag, control_id, control, _landings(control_id), settings)
        return dag
    if control.acknowledgment is not None:
        from tieout.tasks import policies

        dag = _dag(control_id, control, time_zone, settings, params=policies.PARAMS)
        policies.add_tasks(dag, control_id, control, _landings(control_id), settings)
        return dag
    if control.confirmation is not None:
        from tieout.tasks import confirmations

        dag = _dag(control_id, control, time_zone, settings, params=confirmations.PARAMS)
        confirmations.add_tasks(dag, control_id, control, _landings(control_id), settings)
        return dag
    window = control.extraction_schedule.window.value
    dag = _dag(control_id, control, time_zone, settings, deadline=alert(control_id, window, time_zone))
    for source in control.systems:
        with TaskGroup(group_id=source.system, dag=dag):
            common = {"control_id": control_id, "system": source.system, "dag": dag}
            collected = CollectOperator(task_id="collect", **common)
            validated = ValidateOperator(task_id="validate", reference=collected.output, **common)
            LandOperator(task_id="land", reference=validated.output, outlets=[_landings(control_id)], **common)
    return dag


def _dag(
    control_id: str,
    control: Control,
    time_zone: str,
    settings: Settings,
    *,
    deadline: DeadlineAlert | None = None,
    params: Mapping[str, Any] = _NO_MORE,
) -> DAG:
    """Return what the DAGs of all controls have."""
    schedule = control.extraction_schedule
    reason = Param(None, type=["null", "string"], description="Why this extraction supersedes the one that has landed")
    return DAG(
        dag_id=control_id,
        description=control.title,
        schedule=window_timetable(schedule.window.value, schedule.time, time_zone),
        catchup=False,
        max_active_runs=4,
        tags=["tieout", control.kind, *(mapping.criterion for mapping in control.criteria)],
        params={"supersede_reason": reason, **params},
        deadline=deadline,
        default_args={"owner": control.owner, **retry_arguments(settings)},
    )


def _landings(control_id: str) -> Asset:
    # A name and no URI: a scheme would make Airflow import every provider that handles one, at parse time.
    return Asset(name=f"tieout/landings/{control_id}", group="tieout")


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
            built[control_id] = build_dag(control_id, load_control(path), time_zone, settings)
        except ConfigurationError as error:
            built[control_id] = placeholder(control_id, str(error))
    return built
