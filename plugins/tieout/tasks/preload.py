# SPDX-License-Identifier: Apache-2.0
"""Pays for slow imports once per worker: before LocalExecutor forks, and when a Celery worker includes this module.

Importing Great Expectations costs 5 to 9 seconds, dlt's REST client 3. Registered as a listener, it runs when the scheduler
starts; for Celery, set ``AIRFLOW__CELERY__EXTRA_CELERY_CONFIG='{"include": ["tieout.tasks.preload"]}'``.
"""

from __future__ import annotations

import sys
from typing import Any

from airflow.listeners import hookimpl


def load() -> None:
    """Import what tasks need and a DAG file must not."""
    import boto3  # noqa: F401
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook  # noqa: F401
    from dlt.sources.helpers.rest_client import paginators  # noqa: F401

    from tieout.contracts.expectations import preload
    from tieout.flows import population_export  # noqa: F401
    from tieout.tasks import controls  # noqa: F401

    preload()


@hookimpl
def on_starting(component: Any) -> None:  # noqa: ARG001
    """Preload when the scheduler starts; every other component stays as light as it was."""
    # The job has no type yet at this point, so the command line tells.
    if "scheduler" in sys.argv[1:2]:
        load()


if {"celery", "worker"} <= set(sys.argv):
    load()
