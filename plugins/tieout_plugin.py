# SPDX-License-Identifier: Apache-2.0
"""Registers Tieout with Airflow: timetable, deadline reference, the listener that preloads, pages and view. Nothing else."""

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

    # Properties: this file runs in every process, tasks and DAG parsing among them, and only the api-server asks for these.

    @property
    def fastapi_apps(self):  # noqa: D102
        from tieout.web.mount import fastapi_apps

        return fastapi_apps()

    @property
    def external_views(self):  # noqa: D102
        from airflow.configuration import conf

        from tieout.web.navigation import external_views

        return external_views(conf.get("api", "base_url", fallback=""))
