# SPDX-License-Identifier: Apache-2.0
"""What counts, what is refused and kept, and where that leaves each item."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.campaigns.scene import A1, B1, C2, HOUR, REVIEW, START, Story, told, whys

from tieout.campaigns.facts import Why
from tieout.campaigns.folding import fold
from tieout.campaigns.rights import How
from tieout.campaigns.state import OpenItem, Phase, Progress


def test_at_first_everything_is_open_to_whom_it_was_given() -> None:
    state = fold(REVIEW, ())
    assert state.open_items("a", START) == tuple(OpenItem(A1, item, How.OWN) for item in ("i1", "i2", "i3"))
    assert state.open_items("d", START) == state.open_items("nobody", START) == ()
    assert state.who_may_answer("i5", START) == ((B1, "b", How.OWN), (C2, "c", How.OWN))
    assert (state.open, state.phase) == (8, Phase.OPEN)


def test_a_decision_counts_and_the_last_one_holds() -> None:
    story = Story()
    story.decide("a", "12", "revoke")
    story.decide("a", "2", "keep")
    state = told(story)
    assert [state.outcome(item) and state.outcome(item).decision for item in ("i1", "i2", "i3")] == ["revoke", "keep", None]  # type: ignore[union-attr]
    assert state.progress(A1) == Progress(3, 2)
    assert state.person_progress("a", story.now) == Progress(3, 2)
    assert (state.progress(A1).open, state.open, state.refused) == (1, 6, ())


def test_of_two_at_the_same_instant_the_greater_id_holds() -> None:
    story = Story()
    first, second = story.decide("a", "1", "revoke"), story.decide("a", "1", "keep", at=START + HOUR)
    for events in ([first, second], [second, first]):
        outcome = fold(REVIEW, events).outcome("i1")
        assert outcome is not None
        assert outcome.event == second.id


@pytest.mark.parametrize(
    ("by_b", "by_c", "outcome"),
    [
        ("keep", "keep", "keep"),
        ("keep", "revoke", "revoke"),
        ("revoke", "keep", "revoke"),
        ("change", "keep", "change"),
        ("change", "revoke", "revoke"),
        ("keep", None, None),
    ],
)
def test_of_two_reviewers_the_strongest_decision_wins_once_both_have_answered(
    by_b: str, by_c: str | None, outcome: str | None
) -> None:
    story = Story()
    story.decide("b", "5", by_b)
    if by_c:
        story.decide("c", "5", by_c, assignment=C2)
    found = told(story).outcome("i5")
    assert (found and found.decision) == outcome


REFUSED: dict[str, tuple[dict[str, Any], list[tuple[str | None, Why]]]] = {
    "not theirs": ({"by": "b", "items": "1"}, [("i1", Why.NOT_THEIRS)]),
    "unknown person": ({"by": "zzz", "items": "1"}, [("i1", Why.NOT_THEIRS)]),
    "other slot's": ({"by": "c", "items": "5", "assignment": B1}, [("i5", Why.OTHER_SLOT)]),
    "unknown assignment": ({"by": "a", "items": "1", "assignment": "1-x"}, [(None, Why.UNKNOWN_ASSIGNMENT)]),
    "unknown item": ({"by": "a", "items": "9"}, [("i9", Why.UNKNOWN_ITEM)]),
    "item of another assignment": ({"by": "a", "items": "4", "assignment": A1}, [("i4", Why.UNKNOWN_ITEM)]),
    "row": ({"by": "a", "items": "1", "rows": {"i1": "0" * 64}}, [("i1", Why.ROW_DIFFERS)]),
    "choice": ({"by": "a", "items": "1", "decision": "delete"}, [("i1", Why.UNKNOWN_CHOICE)]),
    "no reason": ({"by": "a", "items": "1", "decision": "revoke", "reason": None}, [("i1", Why.NO_REASON)]),
    "a blank reason": ({"by": "a", "items": "1", "decision": "change", "reason": " \u200b\u2028…"}, [("i1", Why.NO_REASON)]),
    "too early": ({"by": "a", "items": "1", "at": START - HOUR}, [(None, Why.NOT_OPEN_YET)]),
    "odd times": ({"by": "a", "items": "1", "stored_at": START + 3 * HOUR}, [(None, Why.ODD_TIMES)]),
    "odd the other way": ({"by": "a", "items": "1", "stored_at": START - HOUR}, [(None, Why.ODD_TIMES)]),
    "other definition": ({"by": "a", "items": "1", "definition_sha256": "0" * 64}, [(None, Why.OTHER_DEFINITION)]),
}


@pytest.mark.parametrize(("said", "refused"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_count_is_kept_with_the_reason(said: dict[str, Any], refused: list[tuple[str | None, Why]]) -> None:
    story = Story()
    event = story.decide(**{"items": "1", **said})
    state = told(story)
    assert whys(state) == refused
    assert [(each.item, each.why) for each in state.refused_of(event.id, ("i1", "i5"))] == refused
    assert (state.open, state.outcome("i1")) == (8, None)


def test_the_other_items_of_the_same_answer_count() -> None:
    story = Story()
    story.decide("a", "1239", rows={"i2": "0" * 64})
    state = told(story)
    assert whys(state) == [("i2", Why.ROW_DIFFERS), ("i9", Why.UNKNOWN_ITEM)]
    assert state.progress(A1) == Progress(3, 2)
