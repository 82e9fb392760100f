# SPDX-License-Identifier: Apache-2.0
"""Whether a campaign can close now, and what becomes of what is open.

It can once everything is decided. Before that it can only where the rule for leftovers decides them, and not before its last due
time: what the rule decided is listed as such, whoever it was that did not answer. Nothing else closes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tieout.campaigns.definition import Definition, Leftovers
from tieout.campaigns.rights import Standing
from tieout.campaigns.state import State
from tieout.times import instant


@dataclass(frozen=True, slots=True)
class Closing:
    """How a campaign can close now.

    Attributes:
        at: When.
        counts: How many items end with which decision.
        leftovers: Items that the rule decides, by assignment; in two slots an item may be left over in one.
        heard: Ids of all that has been said: what comes later does not count.
        refused: How many parts of it do not count.
        unread: How many documents could not be read.
    """

    at: datetime
    counts: Mapping[str, int]
    leftovers: Mapping[str, tuple[str, ...]]
    heard: frozenset[str]
    refused: int
    unread: int


@dataclass(frozen=True, slots=True)
class NotYet:
    """Why a campaign can not close now, for a person to read; it names assignments by id, and nobody."""

    reasons: tuple[str, ...]


def close(definition: Definition, state: State, now: datetime) -> Closing | NotYet:
    """Return how a campaign can close now, or why it can not."""
    if why := state.over_or_not_open(now):
        return NotYet((f"{definition.campaign}: {why}.",))
    left: dict[str, list[str]] = {}
    stuck = waiting = 0
    for item, standing in state.open_standings():
        waiting += standing.handed is not None
        left.setdefault(standing.assignment, []).append(item)
        stuck += _is_stuck(state, item, standing)
    if left and not (definition.leftovers is Leftovers.DECIDE and now >= definition.schedule.ends_at):
        return NotYet(tuple(_reasons(definition, left, (stuck, waiting), now)))
    leftovers = {assignment: tuple(items) for assignment, items in sorted(left.items())}
    counts = _counts(definition, state, leftovers)
    return Closing(now, counts, leftovers, frozenset(state.heard), len(state.refused), len(state.unread))


def _is_stuck(state: State, item: str, standing: Standing) -> bool:
    told = state.stuck.get((standing.assignment, item))
    return told is not None and (standing.since is None or standing.since <= told)


def _reasons(definition: Definition, left: Mapping[str, list[str]], odd: tuple[int, int], now: datetime) -> list[str]:
    stuck, waiting = odd
    due = definition.schedule.due(now)
    most = sorted(left.items(), key=lambda each: (-len(each[1]), each[0]))[:5]
    listed = ", ".join(f"{assignment} ({len(items)})" for assignment, items in most)
    more = f" and {len(left) - len(most)} more" if len(left) > len(most) else ""
    count = sum(len(items) for items in left.values())
    when = f"due {instant(due)}" if now < due else f"overdue since {instant(due)}"
    reasons = [f"{count} of {definition.awaited} decisions are open, {when}: assignments {listed}{more}."]
    if stuck:
        reasons.append(f"For {stuck} of them nobody is left in order: a manager of the program has to reassign them.")
    if waiting:
        reasons.append(f"{waiting} of them are answered, and wait for a second person to look.")
    if definition.leftovers is not Leftovers.DECIDE:
        reasons.append(f"The rule for leftovers is {definition.leftovers}: each has to be decided by a person.")
    return reasons


def _counts(definition: Definition, state: State, leftovers: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return how many items end with which decision, those included that the rule decides now."""
    ruled = {item for items in leftovers.values() for item in items}
    counts: Counter[str] = Counter()
    for item in definition.items:
        given = [each.decision.decision for each in state.standings(item) if each.decision is not None]
        given += [definition.leftover_choice or ""] if item in ruled else []
        counts[min(given, key=lambda each: definition.rank[each])] += 1
    return dict(counts)
