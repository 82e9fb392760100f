# SPDX-License-Identifier: Apache-2.0
"""Registers Tieout with Airflow: the timetable, the deadline reference and the listener that preloads. Nothing else."""

from airflow.plugins_manager import AirflowPlugin

from tieout.tasks import preload
from tieout.tasks.deadlines import PartitionDue
from tieout.tasks.timetable import WindowTimetable


class TieoutPlugin(AirflowPlugin):
    """What Airflow finds in its plugins folder."""

    name = "tieout"
    timetables = [WindowTimetable]  # noqa: RUF012
    deadline_references = [PartitionDue]  # noqa: RUF012
    listeners = [preload]  # noqa: RUF012
