# SPDX-License-Identifier: Apache-2.0
"""Deadline Alerts: they speed up notice of a run that hangs. Whether anything is late is worked out by freshness.

A run that was never created has no deadline, and a run that carries a partition key has no logical date: hence a reference of our
own, which knows when the run's window was over.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import REFERENCE_TYPE_FIELD, BaseDeadlineReference, DeadlineAlert

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)
HANGS_AFTER = timedelta(days=1)
"""A run that has not ended so long after it could begin hangs."""


@dataclass
class PartitionDue(BaseDeadlineReference):
    """When a run's extraction could begin: when its window was over, or the run was made, whichever is later."""

    kind: str = "monthly"
    time_zone: str = "UTC"
    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    def serialize_reference(self) -> dict[str, Any]:
        """Return what `deserialize_reference` needs."""
        return {REFERENCE_TYPE_FIELD: self.reference_name, "kind": self.kind, "time_zone": self.time_zone}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> PartitionDue:
        """Return the reference that was serialized."""
        return cls(reference_data["kind"], reference_data["time_zone"])

    def _evaluate_with(self, *, session: Session, dag_id: str, run_id: str) -> datetime | None:
        """Return the instant; ``None`` for a run that names no window of this kind."""
        from zoneinfo import ZoneInfo

        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        from tieout.criteria.periods import WindowKind, window
        from tieout.errors import ExtractionRefused

        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if run is None or not run.partition_key:
            return None
        try:
            end = window(WindowKind(self.kind), run.partition_key, ZoneInfo(self.time_zone)).end
        except ExtractionRefused:  # its first task says so
            return None
        begins: datetime = max(end, run.run_after)
        return begins


def hanging(control: str) -> None:
    """Say that a run hangs. Called by Airflow, in a worker; the log is what Airflow keeps of it."""
    log.warning("A run of %s has not ended within %s of when it could begin: see its tasks in the UI.", control, HANGS_AFTER)


def alert(control_id: str, kind: str, time_zone: str) -> DeadlineAlert:
    """Return the alert of one control's DAG."""
    return DeadlineAlert(
        reference=PartitionDue(kind, time_zone),
        interval=HANGS_AFTER,
        callback=SyncCallback("tieout.tasks.deadlines.hanging", kwargs={"control": control_id}),
        name="its extraction hangs",
    )
