# SPDX-License-Identifier: Apache-2.0
"""Whose an item is: reassigned, covered, escalated, and never to whom it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.campaigns.scene import A1, B1, C2, DAY, HOUR, REVIEW, START, Story, told, whys

from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.facts import Why
from tieout.campaigns.rights import How
from tieout.campaigns.state import OpenItem, Progress


def test_reassigned_items_are_somebody_elses() -> None:
    story = Story()
    story.decide("a", "2")
    story.reassign("a", A1, "d", "13")
    state = told(story)
    assert whys(state) == [("i1", Why.OWN)]  # d gets no item about d: it stays with a
    assert [each.item for each in state.open_items("a", story.now)] == ["i1"]
    assert state.open_items("d", story.now) == (OpenItem(A1, "i3", How.REASSIGNED),)
    story.decide("a", "3")
    story.decide("d", "3", assignment=A1)
    state = told(story)
    assert whys(state)[1:] == [("i3", Why.NOT_THEIRS)]
    assert state.person_progress("d", story.now) == Progress(1, 1)
    assert state.progress(A1) == Progress(3, 2)


def test_all_that_is_open_may_be_reassigned_at_once_and_what_is_decided_stays() -> None:
    story = Story()
    story.decide("a", "2")
    story.reassign("a", A1, "e")
    story.reassign("a", A1, "d")  # nothing of it is a's any more
    state = told(story)
    assert [each.item for each in state.open_items("e", story.now)] == ["i1", "i3"]
    assert state.standing(A1, "i2").holder == "a"
    assert state.refused == ()


@pytest.mark.parametrize(
    ("by", "to", "items", "refused"),
    [
        ("b", "e", "1", [("i1", Why.NOT_THEIRS)]),
        ("b", "e", None, [("i1", Why.NOT_THEIRS), ("i2", Why.NOT_THEIRS), ("i3", Why.NOT_THEIRS)]),
        ("a", "nobody", "1", [(None, Why.UNKNOWN_PERSON)]),
        ("a", "e", "9", [("i9", Why.UNKNOWN_ITEM)]),
        ("m", "e", "1", []),
    ],
)
def test_only_the_holder_and_the_programs_managers_reassign(
    by: str, to: str, items: str | None, refused: list[tuple[str | None, Why]]
) -> None:
    story = Story()
    story.reassign(by, A1, to, items)
    assert whys(told(story)) == refused


def test_a_reassignment_takes_a_reason_an_assignment_and_an_open_item() -> None:
    story = Story()
    story.decide("a", "1")
    story.reassign("a", A1, "e", "1")
    story.reassign("a", A1, "e", "2", reason=" ")
    story.reassign("a", "1-x", "e", "2")
    assert whys(told(story)) == [("i1", Why.DECIDED), (None, Why.NO_REASON), (None, Why.UNKNOWN_ASSIGNMENT)]


def test_nobody_chooses_who_answers_about_himself() -> None:
    campaign = replace(REVIEW, managers_of_program=("m", "d"))
    story = Story(campaign)
    story.reassign("d", A1, "e", "1")
    story.cover("d", "a", "e")
    story.decide("e", "12", assignment=A1)
    state = told(story)
    assert whys(state) == [("i1", Why.OWN), ("i1", Why.NOT_THEIRS)]
    assert state.standing(A1, "i2").decision is not None


def test_nobody_gets_both_slots_of_an_item() -> None:
    story = Story()
    story.reassign("m", B1, "c", "5")
    story.reassign("m", C2, "b", "6")
    story.decide("c", "6", assignment=C2)
    story.reassign("m", C2, "e", "5")
    story.reassign("m", B1, "c", "6")
    state = told(story)
    assert whys(state) == [("i5", Why.OTHER_SLOT), ("i6", Why.OTHER_SLOT), ("i5", Why.OWN), ("i6", Why.OTHER_SLOT)]


def test_a_stand_in_answers_within_scope_and_time_and_the_decision_says_for_whom() -> None:
    story = Story()
    story.cover("a", "a", "e", days=2, assignments=(A1,))
    story.decide("e", "1", "revoke", assignment=A1)
    story.decide("e", "4", assignment=B1)
    story.decide("e", "2", assignment=A1, at=START + 3 * DAY)
    state = told(story)
    outcome = state.outcome("i1")
    assert outcome is not None
    assert (outcome.by, outcome.instead_of) == ("e", "a")
    assert whys(state) == [("i4", Why.NOT_THEIRS), ("i2", Why.COVER_NOT_IN_FORCE)]
    assert state.open_items("e", START + DAY) == tuple(OpenItem(A1, item, How.COVERED, "a") for item in ("i2", "i3"))
    assert state.open_items("e", START + 3 * DAY) == ()
    assert [each[1:] for each in state.who_may_answer("i2", START + DAY)] == [("a", How.OWN), ("e", How.COVERED)]
    assert state.person_progress("e", START + DAY) == Progress(3, 1)


def test_a_stand_in_gets_nothing_about_himself_and_no_cover_of_a_cover() -> None:
    story = Story()
    story.cover("a", "a", "d")
    story.cover("d", "d", "e")
    story.decide("d", "12", assignment=A1)
    story.decide("e", "3", assignment=A1)
    state = told(story)
    assert whys(state) == [("i1", Why.OWN), ("i3", Why.NOT_THEIRS)]
    assert [each.item for each in state.open_items("d", story.now)] == ["i3"]


def test_a_cover_holds_from_when_it_was_entered_until_it_is_withdrawn() -> None:
    story = Story()
    cover = story.cover("m", "a", "e", from_=START - DAY, at=START + 5 * HOUR)
    story.decide("e", "1", assignment=A1, at=START + 4 * HOUR)
    story.decide("e", "2", assignment=A1, at=START + 6 * HOUR)
    story.withdraw("e", cover)
    story.withdraw("a", cover)
    story.decide("e", "3", assignment=A1)
    assert whys(told(story)) == [
        ("i1", Why.COVER_NOT_IN_FORCE),
        (None, Why.NO_SUCH_COVER),
        ("i3", Why.COVER_NOT_IN_FORCE),
    ]


def test_covers_that_do_not_fit_are_refused() -> None:
    story = Story()
    story.cover("e", "a", "e")
    story.cover("a", "a", "a")
    story.cover("a", "a", "e", days=0)
    story.cover("a", "a", "nobody")
    story.cover("a", "a", "e", assignments=("1-x",))
    story.cover("a", "a", "e", reason="")
    cover = story.cover("a", "a", "e")
    story.withdraw("b", cover)
    story.withdraw("a", cover, reason="")
    assert [why for _, why in whys(told(story))] == [
        Why.MAY_NOT_COVER,
        Why.ODD_COVER,
        Why.ODD_COVER,
        Why.UNKNOWN_PERSON,
        Why.UNKNOWN_ASSIGNMENT,
        Why.NO_REASON,
        Why.MAY_NOT_COVER,
        Why.NO_REASON,
    ]


def escalation(person: str, items: str, assignment: str = A1, name: str = "escalation-1") -> Notice:
    return Notice(name, NoticeKind.ESCALATION, person, "left", items={assignment: tuple(f"i{digit}" for digit in items)})


def test_an_escalated_item_may_be_answered_by_both_until_the_next_one_has() -> None:
    story = Story()
    story.notice([escalation("c", "123")])
    state = told(story)
    assert state.open_items("c", story.now)[2:] == tuple(OpenItem(A1, item, How.ESCALATED) for item in ("i1", "i2", "i3"))
    assert state.open_items("a", story.now) == tuple(OpenItem(A1, item, How.PASSED_ON) for item in ("i1", "i2", "i3"))
    story.decide("a", "1")
    story.decide("a", "1", "revoke")
    story.decide("c", "12", "revoke", assignment=A1)
    story.decide("a", "2")
    state = told(story)
    assert whys(state) == [("i2", Why.DECIDED)]
    assert state.asked == {"a", "b", "c"}


def test_an_escalation_moves_what_is_open_and_not_to_whom_it_can_not_go() -> None:
    story = Story()
    story.decide("a", "2")
    story.notice([escalation("d", "123"), escalation("a", "3", name="2"), escalation("a", "9", name="3")])
    state = told(story)
    assert [each.holder for item in ("i1", "i2", "i3") for each in state.standings(item)] == ["a", "a", "a"]
    assert state.standing(A1, "i3").before == ("d",)
    assert whys(state) == [(("i1"), Why.OWN), ("i9", Why.UNKNOWN_ITEM)]


def test_who_has_left_answers_nothing_from_then_on_and_what_was_answered_stays() -> None:
    story = Story()
    story.cover("a", "a", "e", days=10)
    story.decide("a", "1")
    story.notice([Notice("left-a", NoticeKind.LEFT, "a", "not active in the roster")])
    story.decide("a", "2")
    story.decide("e", "3", assignment=A1)
    story.reassign("m", A1, "a", "2")
    state = told(story)
    assert whys(state) == [(None, Why.LEFT), ("i3", Why.COVER_NOT_IN_FORCE)]
    assert state.outcome("i1") is not None
    assert state.open_items("a", story.now) == ()
