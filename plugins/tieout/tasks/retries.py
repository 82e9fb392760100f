# SPDX-License-Identifier: Apache-2.0
"""Retries follow the error's type: what is terminal fails at once, what is transient is tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from tieout.settings import Settings

RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception="tieout.errors.TerminalError", action=RetryAction.FAIL, reason="the same input fails again"),
        RetryRule(exception="tieout.errors.TransientError", action=RetryAction.RETRY, reason="the world may answer later"),
    ]
)


def retry_arguments(settings: Settings) -> dict[str, Any]:
    """Return the ``default_args`` of every DAG of ours that concern retries."""
    return {
        "retries": settings.retries,
        "retry_delay": timedelta(seconds=settings.retry_delay_seconds),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
        "retry_policy": RETRIES,
    }
