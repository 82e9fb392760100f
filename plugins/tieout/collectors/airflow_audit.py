# SPDX-License-Identifier: Apache-2.0
"""Changes to the Airflow that collects the evidence, from its audit log: connections, variables, DAGs paused or cleared.

The credential needs a role that may read audit logs, of every DAG: Airflow leaves out those of DAGs that it may not read.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tieout.collectors import rest
from tieout.collectors.frame import Frame
from tieout.collectors.rest_parameters import Auth, Paging, RestParameters
from tieout.documents import Document

LIFECYCLE = ("queued", "running", "success", "failed", "skipped", "deferred", "restarting", "up_for_retry", "up_for_reschedule",
             "upstream_failed", "removed", "scheduled", "awaiting_input", "auth_token")  # fmt: skip
"""Events in which nothing is changed: a task's states."""
BLIND_SPOTS = (
    "Airflow writes down who did what, not who approved it.",
    "airflow db clean removes old entries, and whoever can write to the metadata database can change them.",
    "Changes of DAG files, of settings in files or in the environment, and of the machines are not in it.",
    "Airflow leaves out entries of DAGs that the credential may not read.",
)


class Parameters(Document):
    """Parameters of the system's YAML."""

    connection: str = "airflow"
    leave_out: tuple[str, ...] = LIFECYCLE
    """Events that are asked not to be listed."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the window's entries. Raises as `tieout.collectors.rest.collect`."""
    given = frame.parameters(Parameters)
    yield from rest.read(
        frame,
        RestParameters(
            connection=given.connection,
            path="/api/v2/eventLogs",
            query={
                # Both bounds are exclusive; entries before the window are dropped.
                "after": "{before}",
                "before": "{until}",
                "order_by": "event_log_id",
                "excluded_events": list(given.leave_out),
            },
            auth=Auth(kind="login", token_path="/auth/token"),  # noqa: S106  # a path
            paging=Paging(kind="offset", parameter="offset", size_parameter="limit", size=100),
            records="event_logs",
            total="total_entries",
            columns={
                "event_id": "event_log_id",
                "occurred_at": "when",
                "actor": "owner || 'unknown'",
                "action": "event",
                "target": "dag_id || 'airflow'",
                "change": "extra",
                "weakens": "`null`",
                "approver": "`null`",
                "approved_at": "`null`",
                "self_approved": "`null`",
                "reference": "run_id",
            },
            blind_spots=(*BLIND_SPOTS, f"Not listed, because nothing is changed by them: {', '.join(given.leave_out)}."),
        ),
    )
