# SPDX-License-Identifier: Apache-2.0
"""Questions that are ready to be asked of the evidence, each as one SQL statement over `tieout.flows.query`'s tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question: what it asks, which tables it needs, and the statement."""

    asks: str
    needs: tuple[str, ...]
    sql: str


QUESTIONS: dict[str, Question] = {
    "populations": Question(
        "What has landed of each control, window by window?",
        ("landings",),
        """
        SELECT control, system, "window", rows, potential_deviations, extraction_state, landed_at, landing FROM standing
        ORDER BY control, system, "window"
        """,
    ),
    "superseded": Question(
        "Which landings took the place of which, and why?",
        ("landings",),
        """
        SELECT later.control, later.system, later."window", earlier.rows AS rows_before, later.rows AS rows_now,
               later.supersede_reason, earlier.landed_at AS landed_before, later.landed_at
        FROM landings AS later JOIN landings AS earlier ON later.supersedes = earlier.landing ORDER BY later.landed_at
        """,
    ),
    "late-extractions": Question(
        "Which evidence was read later than its window allows?",
        ("landings",),
        """
        SELECT control, system, "window", extraction_state, round(lag_seconds / 86400.0, 1) AS days_after, collected_at
        FROM landings WHERE extraction_state <> 'in window' ORDER BY lag_seconds DESC
        """,
    ),
    "rules-not-met": Question(
        "How many rows do not meet which rule, and how many can not be told?",
        ("rule_result",),
        """
        SELECT control, system, rule, count(*) FILTER (WHERE result = 'not met') AS not_met,
               count(*) FILTER (WHERE result = 'not determinable') AS not_determinable
        FROM rule_result GROUP BY ALL HAVING not_met + not_determinable > 0 ORDER BY control, system, rule
        """,
    ),
    "deviations": Question(
        "What deviates by the last register, and what does management say of it?",
        ("deviation",),
        """
        SELECT control, against_control, kind, rule, state, count(*) AS deviations, count(disposition) AS with_disposition
        FROM deviation
        WHERE in_evidence AND _landing IN (
            SELECT landing FROM landings WHERE starts_with("window", 'deviations-')
            QUALIFY row_number() OVER (PARTITION BY control, system ORDER BY collected_at DESC) = 1
        )
        GROUP BY ALL ORDER BY control, rule
        """,
    ),
    "unreviewed-changes": Question(
        "Which changes have no pull request?",
        ("change_record",),
        """
        SELECT control, system, sha, committed_at, author, committer FROM change_record WHERE pull_request IS NULL
        ORDER BY committed_at
        """,
    ),
    "acknowledgments": Question(
        "How many people acknowledged which policy, in time and late?",
        ("acknowledgment",),
        """
        SELECT policy, version, outcome, count(*) AS people, count(*) FILTER (WHERE in_time) AS in_time
        FROM acknowledgment GROUP BY ALL ORDER BY policy, version, outcome
        """,
    ),
    "confirmations": Question(
        "What have owners confirmed, and who accepted it?",
        ("owner_confirmation",),
        """
        SELECT control, title, outcome, effective_on, handed_in_at, second_review, returns, files FROM owner_confirmation
        ORDER BY control, as_of
        """,
    ),
}
"""By name."""
