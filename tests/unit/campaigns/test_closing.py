# SPDX-License-Identifier: Apache-2.0
"""Cancelled, closed, signed off: what counts then, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.campaigns.scene import A1, BY_RULE, C2, DAY, HOUR, START, Story, told, whys

from tieout.campaigns.facts import Why
from tieout.campaigns.state import Phase


def test_nothing_counts_after_a_cancellation_and_nothing_is_lost() -> None:
    story = Story()
    story.decide("a", "1")
    story.cancel()
    story.decide("a", "2")
    story.decide("a", "3", at=START + HOUR)  # was under way when it was cancelled
    story.cancel(at=START + DAY)
    state = told(story)
    assert state.phase is Phase.CANCELLED
    assert whys(state) == [(None, Why.CANCELLED), (None, Why.CANCELLED)]
    assert (state.outcome("i2"), state.outcome("i3") is not None) == (None, True)
    assert state.open_items("a", story.now) == state.who_may_answer("i2", story.now) == ()


def test_what_a_close_has_not_heard_does_not_count_whatever_time_it_states() -> None:
    story = Story().decide_all()
    heard = frozenset(event.id for event in story.events)
    counts = {"keep": 6}
    late = story.decide("a", "1", "revoke", at=START + HOUR)
    story.close(at=START + DAY, counts=counts, heard=heard)
    state = told(story)
    outcome = state.outcome("i1")
    assert outcome is not None
    assert (state.phase, outcome.decision, whys(state)) == (Phase.CLOSED, "keep", [(None, Why.CLOSED)])
    assert state.refused_of(late.id)[0].why is Why.CLOSED


def test_what_a_close_has_heard_counts_whatever_time_it_states() -> None:
    story = Story().decide_all(at=START + 2 * DAY)
    story.close(at=START + DAY, counts={"keep": 6})  # the clock was set back
    assert told(story).phase is Phase.CLOSED


@pytest.mark.parametrize(
    ("items", "said", "why"),
    [
        ("12", {}, Why.OPEN_ITEMS),
        ("12", {"leftovers": {A1: ("i3",)}}, Why.OPEN_ITEMS),
        ("12", {"leftovers": {A1: ("i2",)}}, Why.COUNTS_DIFFER),
        ("123", {"leftovers": {A1: ("i3",)}}, Why.COUNTS_DIFFER),
        ("123", {"counts": {"keep": 5}}, Why.COUNTS_DIFFER),
    ],
)
def test_a_close_that_does_not_fit_is_kept_and_the_campaign_is_open(items: str, said: dict[str, Any], why: Why) -> None:
    story = Story()
    story.decide("a", items)
    story.decide("b", "456")
    story.decide("c", "56", assignment=C2)
    story.close(at=START + 30 * DAY, **({"counts": {"keep": 6}} | said))
    state = told(story)
    assert (state.phase, whys(state)) == (Phase.OPEN, [(None, why)])
    story.decide("a", "123", at=START + 31 * DAY)
    story.close(counts={"keep": 6})
    assert told(story).phase is Phase.CLOSED


def test_the_first_close_that_counts_is_the_one() -> None:
    story = Story().decide_all()
    first = story.close(counts={"keep": 6})
    story.close(counts={"keep": 6}, heard=frozenset(event.id for event in story.events))
    story.cancel()
    state = told(story)
    assert state.closed == first
    assert [each.why for each in state.refused] == [Why.CLOSED, Why.CLOSED]


def test_the_rule_decides_leftovers_of_each_slot_and_says_so() -> None:
    story = Story(BY_RULE)
    story.decide("a", "123")
    story.decide("b", "456")
    story.decide("c", "5", assignment=C2)
    early = {"leftovers": {C2: ("i6",)}, "counts": {"keep": 5, "revoke": 1}}
    story.close(at=START + DAY, **early)
    assert whys(told(story)) == [(None, Why.NOT_DUE)]
    story.close(at=START + 20 * DAY, **early)
    state = told(story)
    outcome = state.outcome("i6")
    assert outcome is not None
    assert (state.phase, outcome.decision, outcome.by_rule, outcome.by) == (Phase.CLOSED, "revoke", True, "task")
    assert [each.decision and each.decision.decision for each in state.standings("i6")] == ["keep", "revoke"]
    assert state.asked == {"a", "b", "c"}


def test_a_second_person_signs_off_what_was_closed() -> None:
    story = Story().decide_all()
    story.sign_off("s")
    story.close(counts={"keep": 6})
    story.sign_off("e")
    story.sign_off("a")
    story.sign_off("s", approved=False)
    story.sign_off("s")
    state = told(story)
    assert [each.why for each in state.refused] == [Why.MAY_NOT_SIGN, Why.REVIEWED]
    assert [each.approved for each in state.signed_off] == [True, False, True]


def test_a_sign_off_of_what_is_open_is_refused() -> None:
    story = Story()
    story.sign_off("s")
    assert whys(told(story)) == [(None, Why.NOT_CLOSED)]
