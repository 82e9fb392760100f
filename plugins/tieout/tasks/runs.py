# SPDX-License-Identifier: Apache-2.0
"""What tasks share: the time, who runs, and which period a run names."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.collectors.ipe import AirflowRun
    from tieout.criteria.periods import ObservationPeriod
    from tieout.flows.status import Program

LINGER = timedelta(days=92)
"""So long after its end, a period is still looked after by itself; later, runs name it."""
SHOWN = 50
"""So many lines of what is wrong stand in an error; the log has them all."""


def now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


def by(context: Context) -> str:
    """Return who runs, as records say it."""
    task = context["ti"]
    return f"{task.dag_id} {task.run_id} {task.task_id}"


def airflow_run(context: Context) -> AirflowRun:
    """Return who runs, as the IPE record says it."""
    from tieout.collectors.ipe import AirflowRun

    task = context["ti"]
    return AirflowRun(task.dag_id, task.run_id, task.task_id, task.try_number)


def named_period(program: Program, context: Context) -> ObservationPeriod | None:
    """Return the period that the run's parameters name; ``None`` where they name none.

    Raises:
        ConfigurationError: There is no such period.
    """
    from tieout.flows.status import choose_period

    name = context["params"].get("period")
    return choose_period(program.scope.observation_periods, name, date.min) if name else None
