# SPDX-License-Identifier: Apache-2.0
"""Who decided on an item, in what capacity, and how it came to that person: what one slot of a frozen item says in the end.

Capacity is told by the frozen authority and by what has happened since, never by a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tieout.campaigns.events import Decided, Event, Reassigned
from tieout.campaigns.rights import Counted, How, Standing
from tieout.campaigns.state import State
from tieout.reviews.quality import Relations

KEPT = "keep"
"""The one decision after which nothing has to be carried out."""
NOTHING: dict[str, Any] = dict.fromkeys(
    (
        "person",
        "authority",
        "how",
        "instead_of",
        "relation",
        "decision",
        "decided_at",
        "reason",
        "response",
        "presented_sha256",
        "batch",
        "dwell_ms",
        "kept_per_mille",
    )
)
"""What a slot says in which nobody decided."""


class Answers:
    """What people answered in a campaign, and in what capacity.

    Args:
        state: Where the campaign stands.
        events: All that has been said in it, by id.
        relations: What people are to each other.
    """

    def __init__(self, state: State, events: Mapping[str, Event], relations: Relations) -> None:
        self._definition, self._events, self._relations = state.definition, events, relations
        self._kept = kept_per_mille(state)

    def given(self, standing: Standing, authority: str, holder: str | None) -> dict[str, Any]:
        """Return what one slot says, under the names of `NOTHING`; of what the rule gave, the rule alone.

        Args:
            standing: Where the item stands in it.
            authority: Of whom it was given to when it was frozen.
            holder: Of the account.
        """
        given = standing.decision
        if given is None or given.by_rule:
            return {**NOTHING, "reason": given and rule_in_words(given.decision)}
        event = self._events[given.event]
        if not isinstance(event, Decided):
            raise AssertionError(given.event)
        how, relation = how_decided(standing, given), self._relations.between(given.by, holder)
        return {
            "person": given.by,
            "authority": self._capacity(how, standing, given, authority),
            "how": how.value,
            "instead_of": given.instead_of,
            "relation": relation and relation.value,
            "decision": given.decision,
            "decided_at": given.at,
            "reason": given.reason or None,
            "response": given.event,
            "presented_sha256": event.presented_sha256,
            "batch": event.batch,
            "dwell_ms": event.dwell_ms,
            "kept_per_mille": self._kept[given.by],
        }

    def _capacity(self, how: How, standing: Standing, given: Counted, frozen: str) -> str:
        assigned = self._definition.assignments[standing.assignment].person
        moved = self._events.get(standing.moved_by)
        managed = isinstance(moved, Reassigned) and moved.by in self._definition.managers_of_program
        by = "a manager of the program" if managed else "the reviewer before"
        covered = "the reviewer" if given.instead_of == assigned else "somebody whom it had gone on to"
        before = frozen if given.by == assigned else f"earlier in order; as frozen: {frozen}"
        return {
            How.OWN: frozen,
            How.REASSIGNED: f"by reassignment, entered by {by}; as frozen: {frozen}",
            How.ESCALATED: f"next in order, by escalation; as frozen: {frozen}",
            How.PASSED_ON: f"{before}; it had gone on to the next in order",
            How.COVERED: f"by cover for {covered}; as frozen: {frozen}",
        }[how]


def holding(state: State, item: str) -> Counted:
    """Return the decision that holds for an item of a campaign that is closed; a person's rather than the same of the rule."""
    given = [each.decision for each in state.standings(item)]
    return min(
        (each for each in given if each is not None), key=lambda each: (state.definition.rank[each.decision], each.by_rule)
    )


def how_decided(standing: Standing, given: Counted) -> How:
    """Return how an item had come to the person who decided it."""
    if given.instead_of is not None:
        return How.COVERED
    return standing.how if given.by == standing.holder else How.PASSED_ON


def rule_in_words(decision: str) -> str:
    """Return what stands for a reason where the control's rule decided."""
    return f"Nobody had decided it when the review was closed; the control's file says {decision} then."


def kept_per_mille(state: State) -> dict[str, int]:
    """Return, of all that each person decided in a campaign and that holds, how many of a thousand are kept."""
    kept: Counter[str] = Counter()
    all_of: Counter[str] = Counter()
    for item in state.definition.items:
        for each in state.standings(item):
            if each.decision is not None and not each.decision.by_rule:
                all_of[each.decision.by] += 1
                kept[each.decision.by] += each.decision.decision == KEPT
    return {person: round(1000 * kept[person] / count) for person, count in all_of.items()}
