# SPDX-License-Identifier: Apache-2.0
"""One policy in words for the person who is asked to acknowledge it: which version, what is accepted, where it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tieout.policies.obligations import OPTIONS_BETWEEN
from tieout.policies.outcomes import ACKNOWLEDGED

UNIT = "policies"
"""What is acknowledged, in the plural."""
LABELS = {ACKNOWLEDGED: "Acknowledge"}
"""Words of the one choice."""
INTRODUCTION = (
    "Please read each document, and acknowledge what stands below it. What you have not read yet you can leave open, and come "
    "back to before it is due."
)
"""What people are asked."""
PAGE_ITEMS = 5
"""Most policies on one page: with statements and questions as long as a policy's file may have them, what Slack sends back of it
stays under what we read (a test holds it)."""


@dataclass(frozen=True, slots=True)
class Presented:
    """A policy as it is shown.

    Attributes:
        title: The policy, and which version.
        facts: Label and value of what is known of the version.
        statement: What is accepted, word for word.
        link: Where it is read.
        question: What is asked besides; empty for nothing.
        options: What may be answered.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    statement: str
    link: str
    question: str
    options: tuple[str, ...]


def present(row: Mapping[str, Any]) -> Presented:
    """Return a policy in words.

    Args:
        row: Of ``policy_assignment.v1``, assigned.
    """
    options = tuple((row["question_options"] or "").split(OPTIONS_BETWEEN)) if row["question"] else ()
    return Presented(
        title=f"{row['policy_title']}, version {row['document_version']}",
        facts=(
            ("In force from", str(row["document_effective_from"])),
            ("Approved by", row["document_approver"]),
            ("Language", row["language"]),
            ("SHA-256 of the document", row["document_sha256"]),
        ),
        statement=row["statement"],
        link=row["document_link"],
        question=row["question"] or "",
        options=options,
    )
