# SPDX-License-Identifier: Apache-2.0
"""What the campaign has to come to, written down by what its people are, without the library.

Whoever is asked, and for what, follows from the list and from whom each policy is for; what comes of it from what people do.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.simulators.policies.roster import WITHOUT_ACCOUNT, Member, members

CONTROL, WINDOW, SYSTEM = "cc5_3_policy_campaign", "2026-W13", "hris"
SECURITY, CONDUCT = "information_security", "code_of_conduct"
POLICIES = (CONDUCT, SECURITY)
WRONG = "I take it and say nothing"
"""What whoever is wrong answers to the question."""
_STATUS = {"left": "excluded", "not started": "excluded", "on leave": "paused"}


def status(member: Member, policy: str) -> str:
    """Return whether somebody is asked for a policy, or why not."""
    if policy == CONDUCT and member.kind == "contractor" and member.part not in _STATUS:
        return "excluded"
    return _STATUS.get(member.part, "assigned")


def outcome(member: Member, policy: str) -> tuple[str, bool | None]:
    """Return what comes of an assigned row, and whether it was in time."""
    if member.part == "leaves":
        return "excluded", None
    if member.part in ("silent", "without slack") or (member.part == "one of two" and policy == CONDUCT):
        return "not acknowledged", False
    return "acknowledged", member.part != "late"


def figures() -> dict[str, int]:
    """Return what is known of the campaign, in numbers."""
    rows = [(each, policy) for each in members() for policy in POLICIES]
    statuses = Counter(status(*row) for row in rows)
    asked = [row for row in rows if status(*row) == "assigned"]
    came = Counter(outcome(*row)[0] for row in asked)
    done = {each.name for each, policy in asked} - {
        each.name for each, policy in asked if outcome(each, policy)[0] != "acknowledged"
    }
    return {
        "people listed": len(members()),
        "rows frozen": len(rows),
        "assigned": statuses["assigned"],
        "excluded when it was frozen": statuses["excluded"],
        "paused for leave": statuses["paused"],
        "people asked": len({each.name for each, _ in asked}),
        "acknowledged": came["acknowledged"],
        "not acknowledged": came["not acknowledged"],
        "excluded as they left": came["excluded"],
        "acknowledged late": sum(outcome(*row) == ("acknowledged", False) for row in asked),
        "people who acknowledged all they were asked for": len(done),
        "people without an account": sum(each.part in WITHOUT_ACCOUNT for each in members()),
        "acknowledged by a personal link": sum(
            each.part == "by link" and outcome(each, policy)[0] == "acknowledged" for each, policy in asked
        ),
        "wrong answers": sum(each.part == "wrong answer" for each in members()),
    }


def as_document() -> dict[str, Any]:
    """Return all that is known of the campaign, as a file states it."""
    rows = [
        {"person": each.address, "policy": policy, "status": status(each, policy), "outcome": outcome(each, policy)}
        for each in members()
        for policy in POLICIES
    ]
    return {"control": CONTROL, "window": WINDOW, "figures": figures(), "rows": rows}
