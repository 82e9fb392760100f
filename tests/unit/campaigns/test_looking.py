# SPDX-License-Identifier: Apache-2.0
"""Answers that a second person looks at: accepted, returned with a question, or left over when the campaign ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.campaigns.scene import (
    A1,
    DAY,
    HOUR,
    ITEMS,
    MANAGER,
    START,
    Story,
    definition,
    snapshot,
    told,
    whys,
)

from tieout.campaigns.answers import event_of, response_of
from tieout.campaigns.assignments import Assigned, Item, assign
from tieout.campaigns.definition import Choice, Definition, Leftovers, Schedule
from tieout.campaigns.events import Decided, Event, ItemDecision, NoticeKind
from tieout.campaigns.facts import Why
from tieout.campaigns.folding import Folding, fold, refusals
from tieout.campaigns.leftovers import Closing, NotYet, close
from tieout.campaigns.looking import Looked, waiting
from tieout.campaigns.reminders import due_notices, left_notice
from tieout.campaigns.rights import may_answer
from tieout.campaigns.sealed import as_document, from_document
from tieout.campaigns.state import Phase
from tieout.errors import ConfigurationError

DUE, END = START + 20 * DAY, START + 40 * DAY
ONE = Item("i1", ITEMS["i1"].row_sha256)


def looked_at(**changes: Any) -> Definition:
    """Return a campaign of one form: a fills it in, then b, then c; d and e look at it."""
    values: dict[str, Any] = {
        "kind": "owner_confirmation",
        "items": {"i1": ONE},
        "assignments": assign(1, [Assigned("i1", "a", "owner", ("b", "c"))]),
        "schedule": Schedule(START, DUE, (DUE - DAY,), DUE - HOUR, (END,)),
        "choices": {"confirmed": Choice(), "not confirmed": Choice(offered=False)},
        "leftovers": Leftovers.DECIDE,
        "leftover_choice": "not confirmed",
        "signers": (),
        "lookers": ("d", "e"),
    }
    return definition(**(values | changes))


CAMPAIGN = looked_at()


class Looks(Story):
    """What is said in such a campaign."""

    def __init__(self, campaign: Definition = CAMPAIGN) -> None:
        super().__init__(campaign)

    def hand_in(self, by: str = "a", at: datetime | None = None) -> Event:
        """Fill in the form."""
        return self.decide(by, "1", "confirmed", assignment=A1, reason=None, at=at)

    def look(self, by: str, about: Event, question: str = "", at: datetime | None = None, **said: Any) -> Event:
        """Accept what was handed in; with a question, return it."""
        values = {"assignment": A1, "item": "i1", "about": about.id, "accepted": not question, "question": question}
        return self._add(Looked, by, at, values | said)


def closing_of(story: Story, now: datetime) -> Closing | NotYet:
    return close(story.campaign, told(story), now)


def test_the_lookers_are_sealed_and_campaigns_without_have_the_document_that_they_had() -> None:
    document = as_document(CAMPAIGN)
    again = from_document(document, CAMPAIGN.items, CAMPAIGN.assignments, "opening")
    assert (again, again.sha256) == (CAMPAIGN, CAMPAIGN.sha256)
    assert document["lookers"] == ["d", "e"]
    assert "lookers" not in as_document(definition())
    assert {"d", "e"} <= CAMPAIGN.people


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lookers": ("a",)}, "nobody but who is asked could look"),
        ({"personal": True}, "nothing personal"),
        ({"assignments": CAMPAIGN.assignments | assign(2, [Assigned("i1", "b", "x")])}, "expected one slot"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        looked_at(**changes)


def test_an_answer_waits_until_somebody_else_accepts_it() -> None:
    story = Looks()
    handed = story.hand_in()
    state = told(story)
    assert (state.outcome("i1"), state.open, state.open_items("a", story.now)) == (None, 1, ())
    assert [item for item, _ in waiting(state, "d", story.now)] == ["i1"]
    found = closing_of(story, DUE + DAY)
    assert isinstance(found, NotYet)
    assert any("wait for a second person" in reason for reason in found.reasons)
    look = story.look("d", handed)
    state = told(story)
    outcome, standing = state.outcome("i1"), state.standing(A1, "i1")
    assert outcome is not None
    assert (outcome.event, outcome.by, outcome.decision) == (handed.id, "a", "confirmed")
    assert standing.look is not None
    assert (standing.look.event, standing.look.by, standing.look.accepted) == (look.id, "d", True)
    assert (state.open, state.asked) == (0, {"a"})
    found = closing_of(story, START + DAY)
    assert isinstance(found, Closing)
    story.close(found)
    assert told(story).phase is Phase.CLOSED


def test_what_is_returned_is_open_again_for_the_same_person_with_the_question_until_there_is_another_answer() -> None:
    story = Looks()
    first = story.hand_in()
    story.look("d", first, "Which system was restored?")
    state = told(story)
    [mine] = state.open_items("a", story.now)
    standing = state.standing(A1, "i1")
    assert (mine.item, standing.holder, standing.handed) == ("i1", "a", None)
    assert standing.look is not None
    assert standing.look.question == "Which system was restored?"
    second = story.hand_in()
    assert told(story).standing(A1, "i1").look is None
    story.look("d", first)
    assert whys(told(story)) == [("i1", Why.OTHER_ANSWER)]
    story.look("e", second)
    assert told(story).outcome("i1") is not None


def test_an_answer_may_be_changed_until_it_is_accepted_and_a_look_at_the_one_before_says_nothing() -> None:
    story = Looks()
    first = story.hand_in()
    second = story.hand_in()
    story.look("d", first)
    assert whys(told(story)) == [("i1", Why.OTHER_ANSWER)]
    story.look("d", second)
    story.hand_in()
    story.look("e", second, "And the log?")
    assert whys(told(story))[1:] == [("i1", Why.DECIDED), ("i1", Why.OTHER_ANSWER)]
    assert may_answer(CAMPAIGN, told(story), "a", A1, "i1", story.now) is Why.DECIDED


def test_nobody_looks_at_what_they_handed_in_in_whatever_version_nor_who_has_left_or_is_no_looker() -> None:
    story = Looks()
    story.reassign(MANAGER, A1, "d")
    first = story.hand_in("d")
    story.look("d", first)
    story.look("c", first)
    story.look("e", first, "Where is the log?")
    story.reassign("d", A1, "b", "1")
    second = story.hand_in("b")
    story.look("d", second)
    story.notice([left_notice("e", "left")])
    story.look("e", second)
    assert whys(told(story)) == [
        ("i1", Why.OWN_ANSWER), ("i1", Why.MAY_NOT_LOOK), ("i1", Why.OWN_ANSWER), (None, Why.LEFT)
    ]  # fmt: skip
    assert told(story).standing(A1, "i1").look is None


def test_a_return_needs_a_question_and_a_look_has_to_name_what_there_is() -> None:
    story = Looks()
    handed = story.hand_in()
    story.look("d", handed, accepted=False)
    story.look("d", handed, assignment="1-x")
    story.look("d", handed, item="i9")
    assert whys(told(story)) == [("i1", Why.NO_REASON), (None, Why.UNKNOWN_ASSIGNMENT), ("i9", Why.UNKNOWN_ITEM)]


def test_where_nobody_looks_an_answer_is_a_decision_and_a_look_says_nothing() -> None:
    story = Looks(looked_at(lookers=()))
    handed = story.hand_in()
    story.look("d", handed)
    assert told(story).outcome("i1") is not None
    assert whys(told(story)) == [("i1", Why.MAY_NOT_LOOK)]


@pytest.mark.parametrize("returned", [False, True], ids=["nobody looked", "nobody answered the question"])
def test_what_nobody_accepted_is_left_over_at_the_end_and_not_before(*, returned: bool) -> None:
    story = Looks()
    handed = story.hand_in()
    if returned:
        story.look("d", handed, "Which system?")
    assert isinstance(closing_of(story, END - HOUR), NotYet)
    found = closing_of(story, END)
    assert isinstance(found, Closing)
    assert found.counts == {"not confirmed": 1}
    story.close(found)
    state = told(story)
    outcome, standing = state.outcome("i1"), state.standing(A1, "i1")
    assert state.phase is Phase.CLOSED
    assert outcome is not None
    assert outcome.by_rule
    assert (standing.handed is None, standing.look is not None) == (returned, returned)
    story.look("e", handed)
    assert whys(told(story))[-1] == (None, Why.CLOSED)


def test_what_waits_for_a_look_goes_to_nobody_else() -> None:
    story = Looks()
    story.hand_in()
    found = due_notices(CAMPAIGN, told(story), DUE + DAY)
    assert not [each for each in found if each.kind is NoticeKind.ESCALATION]
    story.reassign(MANAGER, A1, "b", "1")
    assert whys(told(story)) == [("i1", Why.DECIDED)]


def test_lookers_are_told_once_of_each_answer_and_who_handed_it_in_of_its_return() -> None:
    story = Looks()

    def due() -> list[tuple[str, str]]:
        notices = due_notices(CAMPAIGN, told(story), story.now + HOUR)
        if notices:
            story.notice(notices)
        return [(each.kind.value, each.person) for each in notices]

    assert due() == [("invitation", "a")]
    first = story.hand_in()
    assert due() == [("look", "d"), ("look", "e")]
    assert due() == []
    story.look("e", first, "Which system?")
    assert due() == [("handover", "a")]
    assert due() == []
    story.hand_in()
    assert due() == [("look", "d"), ("look", "e")]


def test_a_look_is_stored_as_a_response_and_read_back() -> None:
    story = Looks()
    look = story.look("d", story.hand_in(), "Which system?")
    assert isinstance(look, Looked)
    response = response_of(CAMPAIGN, replace(look, id=""))
    assert (response.assignment, response.answer["kind"]) == (A1, "looked")
    assert event_of(response) == replace(look, id=response.id)


TIMES = st.sampled_from([START + hours * HOUR for hours in (1, 2, 3, 4, 5)] + [END + HOUR])
SAID = st.tuples(st.sampled_from(["hand in", "look", "look", "reassign", "left", "close"]), st.sampled_from("abcdem"), TIMES)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Return what people may say of one form, sensible or not, at few instants; looks are about any answer of it."""
    story = Looks()
    for what, by, at in draw(st.lists(SAID, max_size=9)):
        handed = [each for each in story.events if isinstance(each, Decided)]
        if what == "hand in":
            story.hand_in(by, at)
        elif what == "look" and handed:
            story.look(by, draw(st.sampled_from(handed)), draw(st.sampled_from(["", "Which?"])), at)
        elif what == "reassign":
            story.reassign("m", A1, by, at=at)
        elif what == "left":
            story.notice([left_notice(by, "x")], at=at)
        elif what == "close" and isinstance(found := closing_of(story, at), Closing):
            story.close(found, at=at)
    return story.events


@settings(max_examples=150)
@given(histories(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_order_of_delivery_gives_the_same_state_and_nobody_accepts_their_own(
    events: list[Event], random: Random, size: int
) -> None:
    expected = fold(CAMPAIGN, events)
    delivered = [*events, *events[::2]]
    random.shuffle(delivered)
    folding = Folding(CAMPAIGN)
    for start in range(0, len(delivered), size):
        folding.add(delivered[start : start + size])
    assert snapshot(folding.state) == snapshot(expected)
    standing, outcome = expected.standing(A1, "i1"), expected.outcome("i1")
    assert standing.decision is None or standing.handed is None or standing.decision.by_rule
    if outcome is not None and not outcome.by_rule:
        assert standing.look is not None
        assert standing.look.accepted
        assert standing.look.by in CAMPAIGN.lookers
        assert standing.look.by not in standing.givers
        assert outcome.by in standing.givers
    now = START + 30 * DAY
    for person in CAMPAIGN.people:
        shown = bool(expected.open_items(person, now))
        may = may_answer(CAMPAIGN, expected, person, A1, "i1", now) is None
        assert shown == (may and standing.answer is None)


@settings(max_examples=60)
@given(events=histories(), by=st.sampled_from("abcdem"), looks=st.booleans())
def test_what_is_said_beforehand_to_be_refused_is_what_is_refused(events: list[Event], by: str, *, looks: bool) -> None:
    state, now = fold(CAMPAIGN, events), END + timedelta(days=30)
    common: dict[str, Any] = {
        "at": now, "by": by, "definition_sha256": CAMPAIGN.sha256, "interaction": "x", "channel": ("web", False), "assignment": A1
    }  # fmt: skip
    handed = [each for each in events if isinstance(each, Decided)]
    said: Decided | Looked
    if looks:
        about = handed[-1].id if handed else "0" * 32
        said = Looked(**common, item="i1", about=about, accepted=True, question="")
    else:
        said = Decided(**common, decisions=(ItemDecision("i1", ONE.row_sha256, "confirmed"),), batch=1)
    before = [(each.item, each.why) for each in refusals(state, said, now)]
    stored = replace(said, id="f" * 32)
    after = [(each.item, each.why) for each in fold(CAMPAIGN, [*events, stored]).refused if each.event == stored.id]
    assert before == after
