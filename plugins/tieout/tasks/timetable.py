# SPDX-License-Identifier: Apache-2.0
"""The cadence of extractions: one run per window, whose partition key names it."""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any

from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.trigger import CronPartitionTimetable
from pendulum import DateTime, instance

from tieout.criteria.periods import WindowKind, first_day, window_key
from tieout.errors import ExtractionRefused

_CRON_DAYS = {
    WindowKind.DAILY: "* * *",
    WindowKind.WEEKLY: "* * 1",
    WindowKind.MONTHLY: "1 * *",
    WindowKind.QUARTERLY: "1 1,4,7,10 *",
}


class WindowTimetable(CronPartitionTimetable):
    """Runs once after each window, with the window's key (``2026-10``, ``2026-Q4``) as partition key.

    The run comes on the first day after the window, at ``time`` in ``timezone``. A key decodes to the tick on the window's
    first day, which is the partition date that a scheduled run of the same window carries; the stock class decodes to
    midnight, and a backfill then repeats runs that were triggered by hand.
    """

    def __init__(self, kind: str, *, time: str = "06:00", timezone: str = "UTC") -> None:
        self._kind = WindowKind(kind)
        self._time = time
        self._zone_name = timezone
        hour, _, minute = time.partition(":")
        cron = f"{int(minute)} {int(hour)} {_CRON_DAYS[self._kind]}"
        super().__init__(cron, timezone=timezone, run_offset=-1, key_format="%Y-%m-%d")

    @property
    def summary(self) -> str:
        """What the UI shows as the schedule."""
        return f"{self._kind}, {self._time} {self._zone_name} after each window"

    def serialize(self) -> dict[str, Any]:
        """Return what `deserialize` needs."""
        return {"kind": self._kind.value, "time": self._time, "timezone": self._zone_name}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> WindowTimetable:
        """Return the timetable that was serialized."""
        return cls(data["kind"], time=data["time"], timezone=data["timezone"])

    def _format_key(self, partition_date: DateTime) -> str:
        return window_key(self._kind, partition_date.in_timezone(self._timezone).date())

    def _decode_partition_date(self, partition_key: str) -> datetime.datetime:
        try:
            first = first_day(self._kind, partition_key)
        except ExtractionRefused as error:
            raise InvalidPartitionKeyError(str(error)) from error
        time = datetime.time.fromisoformat(self._time)
        return instance(datetime.datetime.combine(first, time), tz=self._timezone)


@cache
def window_timetable(kind: str, time: str, timezone: str) -> WindowTimetable:
    """Return the timetable of a cadence: DAGs of the same one share it, as Airflow takes milliseconds to put each into words."""
    return WindowTimetable(kind, time=time, timezone=timezone)
