# SPDX-License-Identifier: Apache-2.0
"""What tasks share: the time, who runs, and which window or period a run names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from tieout.errors import ExtractionRefused

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.collectors.ipe import AirflowRun
    from tieout.criteria.periods import ObservationPeriod
    from tieout.flows.status import Program

UNSIGNED_BECAUSE = "unsigned_because"
"""Parameter of a review's run that lands it although nobody has signed it off."""
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


def named_window(context: Context) -> str:
    """Return the key of the window that the run's partition key names.

    Raises:
        ExtractionRefused: The run has no partition key.
    """
    key: str | None = context["dag_run"].partition_key
    if not key:
        msg = (
            "this run names no window: it has no partition key. Trigger it with one, for example "
            '{"logical_date": null, "partition_key": "2026-03", "dag_run_id": "window__2026-03"}.'
        )
        raise ExtractionRefused(msg)
    return key


def unsigned_because(context: Context) -> str | None:
    """Return why the run lands a review that nobody has signed off; ``None`` where it must not."""
    return str(context["params"].get(UNSIGNED_BECAUSE) or "").strip() or None


def named_period(program: Program, context: Context) -> ObservationPeriod | None:
    """Return the period that the run's parameters name; ``None`` where they name none.

    Raises:
        ConfigurationError: There is no such period.
    """
    from tieout.flows.status import choose_period

    name = context["params"].get("period")
    return choose_period(program.scope.observation_periods, name, date.min) if name else None
