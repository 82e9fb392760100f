# SPDX-License-Identifier: Apache-2.0
"""The lists as the files that the shipped control reads: two of access for each system and quarter, and one of the people.

``python -m tests.simulators.review``, in the project's folder, writes them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from tests.simulators.review.lists import Entry, entries
from tests.simulators.review.plan import SYSTEMS, carried_out
from tests.simulators.review.staff import Worker, digits, mail, workers

FOLDER = Path("include/samples/controls/cc6_3_code_and_cloud_review")
_QUARTERS = {
    "2026-Q1": ("2026-03-31T23:59:59Z", "2026-04-01T05:30:00Z", "2026-04-22T21:00:00Z", "2026-04-22T21:05:00Z"),
    "2026-Q2": ("2026-06-30T23:59:59Z", "2026-07-01T05:30:00Z", "2026-07-21T21:00:00Z", "2026-07-21T21:05:00Z"),
}
"""What the two lists of a quarter stand for, and when each was read."""
_ACCESS = (
    "account", "entitlement", "as_of", "read_at", "holder", "account_kind", "account_status", "privileged", "granted_at",
    "last_used_at", "mfa",
)  # fmt: skip
_PEOPLE = (
    "person", "employee_number", "worker_type", "employment", "started_on", "left_on", "manager", "department", "job_title",
    "as_of",
)  # fmt: skip


def samples() -> dict[str, str]:
    """Return the text of every file, by name."""
    first, files = entries(), {}
    for quarter, (as_of, read_at, again_at, again_read_at) in _QUARTERS.items():
        later = carried_out(first)
        for system in SYSTEMS:
            files[f"{system}-access-{quarter}.csv"] = _access(first, system, as_of, read_at, as_of)
            files[f"{system}-removal-{quarter}.csv"] = _access(later, system, again_at, again_read_at, as_of)
        files[f"hris-access-{quarter}.csv"] = _text(_PEOPLE, (_person(each, as_of) for each in workers()))
        first = later
    return files


def _access(listed: Iterable[Entry], system: str, as_of: str, read_at: str, used_by: str) -> str:
    rows = (_row(each, as_of, read_at, used_by) for each in listed if each.system == system)
    return _text(_ACCESS, rows)


def _row(each: Entry, as_of: str, read_at: str, used_by: str) -> tuple[str, ...]:
    chance = digits(*each.key)
    granted = date(2024, 2, 1) + timedelta(days=chance % 600)
    used = date(2025, 10, 2) if each.unused else date.fromisoformat(used_by[:10]) - timedelta(days=1 + chance % 40)
    told = {True: "true", False: "false", None: ""}
    return (
        each.account, each.entitlement, as_of, read_at, mail(each.holder), each.kind, each.status, told[each.privileged],
        f"{granted}T09:00:00Z", f"{used}T14:10:00Z", told[each.mfa],
    )  # fmt: skip


def _person(each: Worker, as_of: str) -> tuple[str, ...]:
    started = date(2020, 1, 6) + timedelta(days=digits("started", each.name) % 1900)
    employment = "left" if each.left_on else "active"
    return (
        each.address, each.number, each.kind, employment, f"{started}", each.left_on, mail(each.manager), each.department,
        each.title, as_of,
    )  # fmt: skip


def _text(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue()
