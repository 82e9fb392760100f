# SPDX-License-Identifier: Apache-2.0
"""Times that a run of a campaign may set, where they are not as the control's file says; both are sealed when it opens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import Param

from tieout.errors import ExtractionRefused

if TYPE_CHECKING:
    from airflow.sdk import Context

DUE_AT, CLOSES_AT = "due_at", "closes_at"


def time_param(title: str, description: str) -> Param:
    """Return a parameter that takes a time, or nothing."""
    return Param(None, type=["null", "string"], format="date-time", title=title, description=description)


def param_time(context: Context, name: str) -> datetime | None:
    """Return the time that a parameter of the run says, UTC; ``None`` where it says none.

    Raises:
        ExtractionRefused: It has no zone.
    """
    said = context["params"].get(name)
    if not said:
        return None
    found = datetime.fromisoformat(said)
    if found.tzinfo is None:
        msg = f"parameter {name}: expected a time with its zone, such as 2026-04-30T18:00:00Z, got {said!r}."
        raise ExtractionRefused(msg)
    return found.astimezone(UTC)
