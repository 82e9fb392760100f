# SPDX-License-Identifier: Apache-2.0
"""Who is told what when: each thing once, nobody for nothing, and never to one whom it does not concern."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tests.unit.campaigns.scene import A1, B1, C2, DAY, HOUR, REVIEW, SCHEDULE, START, Story, definition

from tieout.campaigns.assignments import person_digits
from tieout.campaigns.definition import Leftovers
from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.folding import fold
from tieout.campaigns.leftovers import Closing, NotYet, close
from tieout.campaigns.reminders import due_notices, left_notice
from tieout.campaigns.rights import How


def due(story: Story, now: datetime, **found: dict[str, str]) -> tuple[Notice, ...]:
    """Return what is due, and record it."""
    notices = due_notices(story.campaign, fold(story.campaign, story.events), now, **found)
    if notices:
        story.notice(notices, at=now)
    return notices


def leaves(story: Story, person: str, now: datetime) -> None:
    """Record that somebody has left."""
    story.notice([left_notice(person, "x")], at=now)


def said(notices: tuple[Notice, ...]) -> list[tuple[str, str, int]]:
    return [(each.kind.value, each.person, each.open) for each in notices]


def test_everybody_who_has_something_open_is_invited_once() -> None:
    story = Story()
    assert due(story, START - HOUR) == ()
    first = due(story, START)
    assert said(first) == [("invitation", "a", 3), ("invitation", "b", 3), ("invitation", "c", 2)]
    assert [each.id for each in first] == [f"invitation-{person_digits(person)}" for person in "abc"]
    assert due(story, START) == due(story, START + 6 * DAY) == ()


def test_reminders_are_those_of_the_schedule_and_nobody_is_reminded_who_has_nothing_open() -> None:
    story = Story()
    due(story, START)
    story.decide("b", "456")
    found = due(story, START + 7 * DAY)
    assert said(found) == [("reminder", "a", 3), ("reminder", "c", 2)]
    assert found[0].id == f"reminder-1-{person_digits('a')}"
    assert due(story, START + 13 * DAY) == ()
    story.decide("c", "56", assignment=C2, at=START + 13 * DAY)
    assert [(each.number, each.person) for each in due(story, START + 14 * DAY)] == [(2, "a")]
    story.decide("a", "123", at=START + 15 * DAY)
    assert due(story, START + 30 * DAY) == ()


def test_after_a_standstill_one_reminder_is_sent_and_none_to_whom_has_just_been_told() -> None:
    story = Story()
    due(story, START)
    story.reassign("a", A1, "e", at=START + 15 * DAY)
    found = due(story, START + 15 * DAY)
    assert said(found) == [("invitation", "e", 3), ("reminder", "b", 3), ("reminder", "c", 2)]
    assert {each.number for each in found} == {0, 2}
    assert due(story, START + 16 * DAY) == ()


def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    story = Story()
    due(story, START + 14 * DAY)
    due(story, START + 15 * DAY)
    assert due(story, START + 7 * DAY) == due(story, START) == ()


def test_what_the_task_records_comes_after_all_that_it_knows_where_its_clock_is_behind() -> None:
    story = Story()
    assert fold(REVIEW, ()).not_before(START) == START
    said = story.decide("a", "1", at=START + 2 * HOUR)
    story.decide("a", "2", at=START + 9 * HOUR, stored_at=START)  # refused as a whole: its times are odd
    state = fold(REVIEW, story.events)
    assert said.at < state.not_before(START + HOUR) < said.at + HOUR
    assert state.not_before(START + 3 * HOUR) == START + 3 * HOUR


def test_who_gets_more_is_told_so() -> None:
    story = Story()
    due(story, START)
    handed = story.reassign("a", A1, "b", "12")
    cover = story.cover("a", "a", "c", from_=START + 2 * DAY, until=START + 3 * DAY)
    assert [(each.kind, each.id) for each in due(story, START + DAY)] == [
        (NoticeKind.HANDOVER, f"handover-{person_digits('b')}-{handed.id}")
    ]
    assert said(due(story, START + 2 * DAY)) == [("handover", "c", 3)]
    assert cover.id in fold(REVIEW, story.events).facts.covers
    assert due(story, START + 2 * DAY) == ()


def test_a_handover_that_states_a_later_time_is_told_once_and_reminders_go_on() -> None:
    story = Story()
    due(story, START)
    story.reassign("a", A1, "b", "1", at=START + 8 * DAY)  # the clock there is ahead
    assert said(due(story, START + 6 * DAY)) == [("handover", "b", 4)]
    assert ("reminder", "b", 4) in said(due(story, START + 7 * DAY))


def test_who_can_not_be_reached_loses_what_is_open_to_the_next_in_order_at_once() -> None:
    story = Story()
    found = due(story, START, unreachable={"a": "channel_not_found"})
    assert [(each.kind, each.person, each.why) for each in found if each.why] == [
        (NoticeKind.UNREACHABLE, "a", "channel_not_found"),
        (NoticeKind.ESCALATION, "c", "unreachable"),
        (NoticeKind.STUCK, "m", "nobody is left in order"),
    ]
    assert found[1].items == {A1: ("i2", "i3")}
    assert found[2].items == {A1: ("i1",)}  # after a comes only d, whom it is about
    assert said(found[3:]) == [("invitation", "b", 3)]  # c was told of what came to him
    assert due(story, START, unreachable={"a": "channel_not_found"}) == ()
    state = fold(REVIEW, story.events)
    assert [each.how for each in state.open_items("a", START)] == [How.OWN, How.PASSED_ON, How.PASSED_ON]
    assert "a" not in {each.person for each in due(story, START + 7 * DAY)}


def test_who_has_left_loses_it_even_where_somebody_covers_him() -> None:
    for left in (False, True):
        story, escalated = Story(), left
        story.cover("a", "a", "e", days=10)
        if left:
            leaves(story, "a", START + DAY)
        notices = due(story, START + DAY, unreachable={} if left else {"a": "x"})
        assert any(each.kind is NoticeKind.ESCALATION for each in notices) == escalated
        assert ("invitation", "e", 3) in said(notices) or escalated


def test_a_stand_in_who_can_not_be_reached_covers_nobody() -> None:
    story = Story()
    story.cover("a", "a", "e", days=10)
    notices = due(story, START + DAY, unreachable={"a": "x", "e": "x"})
    assert [each.person for each in notices if each.kind is NoticeKind.ESCALATION] == ["c"]


def test_what_is_not_answered_in_time_goes_to_the_next_in_order_once() -> None:
    story = Story()
    due(story, START)
    story.decide("a", "12")
    found = due(story, SCHEDULE.escalate_at or START)
    moved = [each for each in found if each.kind is NoticeKind.ESCALATION]
    assert {each.person: each.items for each in moved} == {
        "c": {A1: ("i3",)},
        "d": {B1: ("i4", "i5", "i6")},  # c has 5 and 6 in the other slot, and 4 is about him
        "e": {C2: ("i6",)},  # d has it in the other slot since just now
        "m": {C2: ("i5",)},  # and 5 is about e
    }
    assert {each.why for each in moved} == {"not answered in time"}
    assert [(each.kind, each.person) for each in found if each not in moved] == [
        (NoticeKind.REMINDER, "a"),
        (NoticeKind.REMINDER, "b"),
    ]
    assert due(story, START + 19 * DAY) == ()
    assert fold(REVIEW, story.events).refused == ()


def test_each_further_one_in_order_gets_it_and_then_the_programs_managers_hear_once_that_nobody_is_left() -> None:
    story = Story()
    due(story, START)
    for number, person in enumerate("acd", 1):
        leaves(story, person, START + number * DAY)
        found = due(story, START + number * DAY)
        assert (NoticeKind.STUCK in {each.kind for each in found}) == (person == "a")
    state = fold(REVIEW, story.events)
    assert {item: state.standing(A1, item).holder for item in ("i1", "i2", "i3")} == {"i1": "a", "i2": "m", "i3": "m"}
    answer = close(REVIEW, state, START + 30 * DAY)
    assert isinstance(answer, NotYet)
    assert "nobody is left in order" in " ".join(answer.reasons)
    assert due(story, START + 4 * DAY) == ()
    story.reassign("m", A1, "e", "1")
    assert [each.kind for each in due(story, START + 5 * DAY)] == [NoticeKind.HANDOVER]
    leaves(story, "e", START + 6 * DAY)
    again = due(story, START + 6 * DAY)
    assert [each.kind for each in again if A1 in each.items] == [NoticeKind.STUCK]


def test_where_leftovers_escalate_each_due_time_but_the_last_does() -> None:
    schedule = replace(SCHEDULE, extensions=(START + 25 * DAY, START + 30 * DAY))
    story = Story(definition(leftovers=Leftovers.ESCALATE, schedule=schedule))
    holders = []
    for day in (0, 17, 20, 21, 25, 30, 40):
        due(story, START + day * DAY)
        holders.append(fold(story.campaign, story.events).standing(A1, "i2").holder)
    assert holders == ["a", "c", "d", "d", "m", "m", "m"]
    assert isinstance(close(story.campaign, fold(story.campaign, story.events), START + 40 * DAY), NotYet)
    story.decide_all(at=START + 41 * DAY)  # those from whom it was escalated may still answer
    assert isinstance(close(story.campaign, fold(story.campaign, story.events), story.now), Closing)
    assert schedule.due(START + 21 * DAY) == START + 25 * DAY
    assert schedule.due(START + 99 * DAY) == START + 30 * DAY


def test_nothing_is_due_of_what_is_over() -> None:
    story = Story()
    story.cancel()
    assert due(story, START + 7 * DAY, unreachable={"a": "x"}) == ()


def test_a_campaign_closes_once_everything_is_decided_and_not_before() -> None:
    story = Story()
    assert isinstance(close(REVIEW, fold(REVIEW, ()), START - HOUR), NotYet)
    story.decide("a", "123")
    state = fold(REVIEW, story.events)
    refused = close(REVIEW, state, START + 30 * DAY)
    assert isinstance(refused, NotYet)
    assert (
        f"5 of 8 decisions are open, overdue since 2026-07-21T09:00:00.000000Z: assignments {B1} (3), {C2} (2)."
        in refused.reasons
    )
    story.decide("b", "456", "revoke")
    story.decide("c", "56", assignment=C2)
    story.decide("c", "1")
    closing = close(REVIEW, fold(REVIEW, story.events), story.now)
    assert isinstance(closing, Closing)
    assert (closing.counts, closing.leftovers, closing.refused) == ({"keep": 3, "revoke": 3}, {}, 1)
    story.close(closing)
    state = fold(REVIEW, story.events)
    assert state.closed is not None
    assert isinstance(close(REVIEW, state, story.now), NotYet)


def test_the_rule_closes_a_campaign_when_it_is_due() -> None:
    campaign = definition(leftovers=Leftovers.DECIDE, leftover_choice="revoke")
    story = Story(campaign)
    story.decide("a", "12")
    story.decide("b", "5", "keep")
    assert isinstance(close(campaign, fold(campaign, story.events), SCHEDULE.due_at - HOUR), NotYet)
    closing = close(campaign, fold(campaign, story.events), SCHEDULE.due_at)
    assert isinstance(closing, Closing)
    assert closing.leftovers == {A1: ("i3",), B1: ("i4", "i6"), C2: ("i5", "i6")}
    assert closing.counts == {"keep": 2, "revoke": 4}
    story.close(closing)
    state = fold(campaign, story.events)
    assert state.closed is not None
    assert (state.open, state.refused) == (0, ())
