# SPDX-License-Identifier: Apache-2.0
"""What landed rows say about a control's performances, worked out once, when they land, and signed in the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
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
NOTHING_PERFORMED: dict[str, Any] = {"shown": None, "events": None}
"""What a manifest states of rows that show no performance of the control."""
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Days = npt.NDArray[np.datetime64]


class Performed:
    """What rows say that come piece by piece.

    A periodic control: ``shown``, each performance with the local day on which its last row was performed; one without such a
    day is none. A control per event: ``events``, its rows counted by how they were performed, as of when they were collected.

    Args:
        control: The control.
        calendar: The program's.
        collected_at: When the rows were collected, UTC.
    """

    def __init__(self, control: Control, calendar: Calendar, collected_at: datetime) -> None:
        self._control, self._calendar, self._collected_at = control, calendar, collected_at
        self._events: dict[str, Any] | None = None
        self._shown: dict[str | None, date] | None = None
        if control.control_frequency.every is Every.PER_EVENT:
            self._events = _counts(on_time=0)
        else:
            self._shown = {}

    def add(self, rows: pa.Table) -> None:
        """Take a piece of the rows, in the contract's types."""
        if self._events is not None:
            self._events = _together(self._events, _events(self._control, rows, self._calendar, self._collected_at))
        if self._shown is not None and len(self._shown) <= MAX_PERFORMANCES:
            for name, day in _shown(self._control, rows, self._calendar):
                self._shown[name] = max(day, self._shown.get(name, day))

    def said(self) -> dict[str, Any]:
        """Return what all pieces say, as the manifest states it.

        Raises:
            ContractError: There are more than `MAX_PERFORMANCES`.
        """
        if self._shown is None:
            return {"shown": None, "events": self._events}
        if len(self._shown) > MAX_PERFORMANCES:
            name = self._control.population.performance_field
            msg = (
                f"population.performance_field: expected at most {MAX_PERFORMANCES} performances in one window, got "
                f"at least {len(self._shown)}: column {name!r} tells rows apart, not performances. Name the column of the review "
                f"or the run."
            )
            raise ContractError(msg)
        ordered = sorted(self._shown.items(), key=lambda shown: (shown[0] is None, shown[0] or ""))
        return {"shown": [{"name": name, "on": day.isoformat()} for name, day in ordered], "events": None}


def _together(before: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    untils = [until for counts in (before, later) if (until := counts["pending_until"])]
    added = {name: before[name] + later[name] for name in before if name != "pending_until"}
    return {**added, "pending_until": max(untils, default=None)}


def _shown(control: Control, rows: pa.Table, calendar: Calendar) -> list[tuple[str | None, date]]:
    column = control.control_frequency.performed_field or control.population.inclusion_date_field
    done = rows.filter(pc.is_valid(rows[column]))
    days = pa.array(local_days(done[column], calendar))
    name = control.population.performance_field
    names = done[name].cast(pa.string()) if name else days.cast(pa.string())
    grouped = pa.table({"name": names, "day": days}).group_by("name").aggregate([("day", "max")])
    return list(zip(grouped["name"].to_pylist(), grouped["day_max"].to_pylist(), strict=True))


@dataclass(frozen=True, slots=True)
class Timed:
    """When the rows of a control per event were due and performed, as of when they were collected.

    Attributes:
        rows: Those that state when their event was; of the others nothing can be told. All arrays below go with them.
        due: Last local day on which each was on time.
        performed_on: Local day on which each was performed; ``NaT`` where it was not.
        late: Performed after it was due.
        not_performed: Due, and not performed by then.
    """

    rows: pa.Table
    due: Days
    performed_on: Days
    late: npt.NDArray[np.bool_]
    not_performed: npt.NDArray[np.bool_]


def timed(control: Control, rows: pa.Table, calendar: Calendar, collected_at: datetime) -> Timed | None:
    """Return which events were performed late or not at all; ``None`` where the control gives its events no time."""
    frequency = control.control_frequency
    if frequency.within is None or frequency.performed_field is None:
        return None
    event = frequency.event_field or control.population.inclusion_date_field
    known = rows.filter(pc.is_valid(rows[event]))
    due = due_days(local_days(known[event], calendar), frequency.within, calendar)
    performed_on = local_days(known[frequency.performed_field], calendar)
    done = ~np.isnat(performed_on)
    today = np.datetime64(calendar.day_of(collected_at), "D")
    return Timed(known, due, performed_on, late=done & (performed_on > due), not_performed=~done & (due < today))


def _events(control: Control, rows: pa.Table, calendar: Calendar, collected_at: datetime) -> dict[str, Any]:
    found = timed(control, rows, calendar, collected_at)
    if found is None:
        return _counts(on_time=rows.num_rows)
    done = ~np.isnat(found.performed_on)
    pending = found.due[~done & ~found.not_performed]
    return _counts(
        on_time=int(np.count_nonzero(done & ~found.late)),
        late=int(np.count_nonzero(found.late)),
        not_performed=int(np.count_nonzero(found.not_performed)),
        pending=len(pending),
        not_determinable=rows.num_rows - found.rows.num_rows,
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
