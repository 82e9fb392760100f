# SPDX-License-Identifier: Apache-2.0
"""What the owners fill in and attach, what the second persons say, and what has to land of it; made without the library."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from tests.simulators.review.staff import HEAD, IT, PLATFORM, SECURITY, mail

WINDOW = "2026-Q1"
RESTORE, VENDOR = "a1_3_restore_confirmation", "cc9_2_vendor_confirmation"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
LOG = b"2026-02-03 09:12 restore of orders started\n2026-02-03 10:41 restored, row counts equal\n"


@dataclass(frozen=True)
class Confirmation:
    """One form and its people.

    Attributes:
        control: The control.
        owner: Name of who hands it in.
        looker: Name of who looks.
        answers: What is filled in, by field.
        files: Field, name and bytes of what is attached.
        question: With what it is returned once; empty for not.
        uncovered: Days of the period that nothing covers, as they land; ``None`` where the form asks for no coverage.
    """

    control: str
    owner: str
    looker: str
    answers: dict[str, str]
    files: tuple[tuple[str, str, bytes], ...]
    question: str = ""
    uncovered: str | None = None


CONFIRMATIONS = (
    Confirmation(
        RESTORE,
        PLATFORM,
        HEAD,
        {
            "restored_on": "2026-02-03", "system": "Orders database", "backup_of": "2026-02-02", "hours": "1.5",
            "lost_minutes": "12", "result": "met",
        },
        (("proof", "restore.txt", LOG),),
    ),
    Confirmation(
        VENDOR,
        SECURITY,
        IT,
        {
            "vendor": "Example Cloud", "services": "Virtual machines, managed database, object storage", "report": "soc2_type2",
            "report_first_day": "2025-10-01", "report_last_day": "2026-03-31", "bridged_to": "2026-05-31",
            "gap": "The next report is due in July.", "opinion": "unqualified", "exceptions": "some",
            "exceptions_weighed": "Two late access reviews of support staff, who have no access to our data.",
            "cuecs": "UEC-CLOUD-1: cc6_1_mfa_enforcement", "cuecs_in_place": "yes", "conclusion": "rely",
            "reviewed_on": "2026-03-20",
        },
        (("documents", "soc2-report.pdf", PDF), ("documents", "bridge-letter.pdf", PDF + b"\n")),
        question="Which of our controls answers the encryption of what we store?",
        uncovered='[["2026-06-01","2026-06-30"]]',
    ),
)  # fmt: skip


def as_document() -> list[dict[str, Any]]:
    """Return what is known of the confirmations, as a file states it."""
    return [
        {
            "control": each.control,
            "window": WINDOW,
            "owner": mail(each.owner),
            "looker": mail(each.looker),
            "returns": int(bool(each.question)),
            "files": sorted(hashlib.sha256(data).hexdigest() for _, _, data in each.files),
            "uncovered": each.uncovered,
        }
        for each in CONFIRMATIONS
    ]
