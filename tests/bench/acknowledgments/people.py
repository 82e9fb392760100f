# SPDX-License-Identifier: Apache-2.0
"""Who works for the company of the bench, as many as are wanted: each reports to one of every 200."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.simulators.slack.members import Account

REPORTS = 200


def mail(number: int) -> str:
    """Return somebody's address."""
    return f"person-{number:06}@example.com"


def accounts(count: int) -> list[Account]:
    """Return the members of the workspace."""
    return [Account(mail(number), f"U{number:09}", f"Person {number}") for number in range(count)]


def listed(count: int, as_of: datetime) -> Iterator[dict[str, Any]]:
    """Yield the list of people."""
    for number in range(count):
        yield {
            "person": mail(number), "employee_number": f"E{number:06}", "worker_type": "employee", "employment": "active",
            "started_on": "2024-02-01", "left_on": "", "manager": mail(number // REPORTS), "department": "Sales",
            "job_title": "Associate", "as_of": as_of, "leave_from": "", "leave_until": "",
        }  # fmt: skip
