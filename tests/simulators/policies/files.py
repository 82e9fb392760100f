# SPDX-License-Identifier: Apache-2.0
"""The lists of people as the files that the shipped control reads: at the week's end, and after the campaign is closed.

``python -m tests.simulators.policies``, in the project's folder, writes them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from tests.simulators.policies.plan import WINDOW
from tests.simulators.policies.roster import Member, members
from tests.simulators.review.staff import mail

FOLDER = Path("include/samples/controls/cc5_3_policy_campaign")
_COLUMNS = (
    "person", "employee_number", "worker_type", "employment", "started_on", "left_on", "manager", "department", "job_title",
    "as_of", "leave_from", "leave_until",
)  # fmt: skip
_FIRST, _AGAIN = "2026-03-29T23:59:59Z", "2026-05-07T21:00:00Z"


def samples() -> dict[str, str]:
    """Return the text of every file, by name."""
    listed = members()
    return {
        f"hris-access-{WINDOW}.csv": _text(_row(each, _FIRST, {"left"}) for each in listed),
        f"hris-removal-{WINDOW}.csv": _text(_row(each, _AGAIN, {"left", "leaves", "leaves afterwards"}) for each in listed),
    }


def _row(each: Member, as_of: str, gone: set[str]) -> tuple[str, ...]:
    left_on = "2026-02-27" if each.part == "left" else "2026-04-30" if each.part in gone else ""
    employment = "left" if each.part in gone else "not_started" if each.part == "not started" else "active"
    return (
        each.address, each.number, each.kind, employment, each.started_on.isoformat(), left_on, mail(each.manager),
        each.department, "Member", as_of, *each.leave,
    )  # fmt: skip


def _text(rows: Iterable[tuple[str, ...]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    return file.getvalue()
