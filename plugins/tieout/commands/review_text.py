# SPDX-License-Identifier: Apache-2.0
"""What ``tieout review`` prints of where a campaign stands."""

from __future__ import annotations

from typing import Any


def one_line(said: dict[str, Any]) -> str:
    """Return how far a campaign is, and until when it is due."""
    decisions = said["decisions"]
    due = "" if said["over"] else f"  {'overdue since' if said['overdue'] else 'due'} {said['due_at'][:16]}"
    decided = decisions["awaited"] - decisions["open"]
    return f"{said['campaign']}  {said['phase']:<9}  {decided} of {decisions['awaited']} decided{due}"


def as_lines(said: dict[str, Any]) -> list[str]:
    """Return who has what open, who stands in for whom, and what keeps it from being closed."""
    lines = [one_line(said), f"  outcomes: {_counts(said['outcomes']) or 'none yet'}"]
    lines += [f"  {reason}" for reason in said["waiting"]]
    for each in said["assignments"]:
        with_whom = f", with {_counts(each['open_with'])}" if each["open"] else ""
        lines.append(f"  {each['id']}  {each['person']}  {each['open']} of {each['items']} open{with_whom}  {each['authority']}")
    for each in said["covers"]:
        ended = " (withdrawn)" if each["withdrawn"] else ""
        lines.append(f"  cover {each['id']}  {each['stand_in']} for {each['person']} until {each['until'][:16]}{ended}")
    lines += [f"  {name}: {', '.join(said[name])}" for name in ("unreachable", "left") if said[name]]
    lines += [f"  {name}: {_counts(said[name])}" for name in ("notices", "refused") if said[name]]
    return lines + [f"  can not be read: {key}" for key in said["unread"]]


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
