# SPDX-License-Identifier: Apache-2.0
"""What landed rows say about a control's performances, worked out once, when they land, and signed in the manifest."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tieout.criteria.calendar import Allowance, Calendar
from tieout.criteria.controls import Control
from tieout.criteria.frequency import Every
from tieout.errors import ContractError

MAX_PERFORMANCES = 5_000
"""Performances of a periodic control in one landing; more means that ``performance_field`` tells rows apart, not performances."""
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Days = npt.NDArray[np.datetime64]


def performed(control: Control, rows: pa.Table, calendar: Calendar, collected_at: datetime) -> dict[str, Any]:
    """Return what rows say, as the manifest states it.

    A periodic control: ``shown``, each performance with the local day on which its last row was performed; one without such a
    day is none. A control per event: ``events``, its rows counted by how they were performed, as of when they were collected.

    Args:
        control: The control.
        rows: Its rows, in the contract's types.
        calendar: The program's.
        collected_at: When they were collected, UTC.

    Raises:
        ContractError: There are more than `MAX_PERFORMANCES`.
    """
    if control.control_frequency.every is Every.PER_EVENT:
        return {"shown": None, "events": _events(control, rows, calendar, collected_at)}
    return {"shown": _shown(control, rows, calendar), "events": None}


def _shown(control: Control, rows: pa.Table, calendar: Calendar) -> list[dict[str, str]]:
    column = control.control_frequency.performed_field or control.population.inclusion_date_field
    done = rows.filter(pc.is_valid(rows[column]))
    days = pa.array(local_days(done[column], calendar))
    name = control.population.performance_field
    names = done[name].cast(pa.string()) if name else days.cast(pa.string())
    grouped = pa.table({"name": names, "day": days}).group_by("name").aggregate([("day", "max")]).sort_by("name")
    if grouped.num_rows > MAX_PERFORMANCES:
        msg = (
            f"population.performance_field: expected at most {MAX_PERFORMANCES} performances in one window, got "
            f"{grouped.num_rows}: column {name!r} tells rows apart, not performances. Name the column of the review or the run."
        )
        raise ContractError(msg)
    return [{"name": row["name"], "on": row["day_max"].isoformat()} for row in grouped.to_pylist()]


def _events(control: Control, rows: pa.Table, calendar: Calendar, collected_at: datetime) -> dict[str, Any]:
    frequency = control.control_frequency
    if frequency.within is None or frequency.performed_field is None:
        return _counts(on_time=rows.num_rows)
    event = frequency.event_field or control.population.inclusion_date_field
    known = rows.filter(pc.is_valid(rows[event]))
    due = due_days(local_days(known[event], calendar), frequency.within, calendar)
    performed_on = local_days(known[frequency.performed_field], calendar)
    today = np.datetime64(calendar.day_of(collected_at), "D")
    done = ~np.isnat(performed_on)
    pending = due[~done & (due >= today)]
    return _counts(
        on_time=int(np.count_nonzero(done & (performed_on <= due))),
        late=int(np.count_nonzero(done & (performed_on > due))),
        not_performed=int(np.count_nonzero(~done & (due < today))),
        pending=len(pending),
        not_determinable=rows.num_rows - known.num_rows,
        pending_until=str(pending.max()) if len(pending) else None,
    )


def _counts(
    *,
    on_time: int,
    late: int = 0,
    not_performed: int = 0,
    pending: int = 0,
    not_determinable: int = 0,
    pending_until: str | None = None,
) -> dict[str, Any]:
    return {
        "on_time": on_time,
        "late": late,
        "not_performed": not_performed,
        "pending": pending,
        "not_determinable": not_determinable,
        "pending_until": pending_until,
    }


def local_days(times: pa.ChunkedArray, calendar: Calendar) -> Days:
    """Return the local day of each instant; a null gives ``NaT``."""
    import pandas as pd

    # pandas reads the zone as Python does; pyarrow's kernels would need the operating system's copy of the time zones.
    local = pd.DatetimeIndex(times.cast(pa.timestamp("us", tz="UTC")).to_pandas()).tz_convert(calendar.zone)
    days: Days = local.tz_localize(None).to_numpy().astype("datetime64[D]")
    return days


def due_days(days: Days, allowance: Allowance, calendar: Calendar) -> Days:
    """Return the last day of an allowance after each day, as `tieout.criteria.calendar.BusinessCalendar.after` counts it."""
    if allowance.count == "calendar":
        return days + np.timedelta64(allowance.days, "D")
    business = calendar.business
    worked = [day not in business.weekend for day in _WEEK]
    holidays = np.array(business.holidays, dtype="datetime64[D]")
    roll: Literal["backward", "forward"] = "backward" if allowance.days else "forward"
    due: Days = np.busday_offset(days, allowance.days, roll=roll, weekmask=worked, holidays=holidays)
    return due
