# SPDX-License-Identifier: Apache-2.0
"""What holds whatever is said, by whomever, in whatever order it arrives."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.campaigns.scene import BY_RULE, DAY, REVIEW, SCHEDULE, START, Story, definition, snapshot
from tests.unit.campaigns.strategies import PEOPLE, decisions, histories

from tieout.campaigns.definition import Definition, Leftovers
from tieout.campaigns.events import Decided, Event, NoticeKind, Reassigned
from tieout.campaigns.folding import Folding, fold, refusals
from tieout.campaigns.leftovers import Closing, close
from tieout.campaigns.reminders import due_notices, left_notice
from tieout.campaigns.rights import may_answer
from tieout.campaigns.state import Phase, State

EXTENDED = definition(
    leftovers=Leftovers.ESCALATE,
    schedule=type(SCHEDULE)(SCHEDULE.opened_at, SCHEDULE.due_at, SCHEDULE.reminders, SCHEDULE.escalate_at, (START + 25 * DAY,)),
)
FEWER = 40
"""Examples of what needs fewer: each draws a whole history."""
CAMPAIGNS = st.sampled_from([REVIEW, BY_RULE, EXTENDED])


@st.composite
def told(draw: st.DrawFn) -> tuple[Definition, list[Event]]:
    campaign = draw(CAMPAIGNS)
    return campaign, draw(histories(campaign))


@settings(max_examples=60)
@given(told(), st.randoms(use_true_random=False), st.integers(1, 6))
def test_any_order_of_delivery_with_any_repetition_gives_the_same_state(
    said: tuple[Definition, list[Event]], random: Random, size: int
) -> None:
    campaign, events = said
    expected = snapshot(fold(campaign, events))
    delivered = [*events, *random.choices(events, k=len(events))] if events else []
    random.shuffle(delivered)
    assert snapshot(fold(campaign, delivered)) == expected
    folding = Folding(campaign)
    for start in range(0, len(delivered), size):
        folding.add(delivered[start : start + size])
    assert snapshot(folding.state) == expected


def decided_by_people(state: State) -> list[tuple[str, str, str]]:
    return [
        (item, standing.assignment, standing.decision.by)
        for item in state.definition.items
        for standing in state.standings(item)
        if standing.decision is not None and not standing.decision.by_rule
    ]


def nobody_decides_about_himself_or_twice(state: State) -> None:
    campaign = state.definition
    for item, _, person in decided_by_people(state):
        assert person != campaign.items[item].subject
    for item in campaign.items:
        standings = state.standings(item)
        assert campaign.items[item].subject not in {standing.holder for standing in standings}
        assert len({standing.holder for standing in standings}) == len(standings)
        people = [standing.decision.by for standing in standings if standing.decision and not standing.decision.by_rule]
        assert len(set(people)) == len(people)


def each_part_has_counted_or_is_refused(state: State, events: list[Event]) -> None:
    refused = {each.event for each in state.refused}
    for event in events:
        if not isinstance(event, Decided):
            continue
        whole = any(each.item is None for each in state.event_refusals.get(event.id, ()))
        for part in event.decisions:
            mine = [each for each in state.refused if each.event == event.id and each.item == part.item]
            touched = any(touch.event is event for touch in state.touches.get(part.item, ()))
            assert whole or mine or touched
            assert len(mine) <= 1
    assert refused <= {event.id for event in events}


def only_what_is_decided_is_closed(state: State) -> None:
    campaign = state.definition
    by_rule = [
        standing
        for item in campaign.items
        for standing in state.standings(item)
        if standing.decision and standing.decision.by_rule
    ]
    if state.phase is Phase.CLOSED:
        assert state.open == 0
        assert all(state.outcome(item) for item in campaign.items)
    assert not by_rule or (campaign is BY_RULE and state.closed is not None and state.closed.at >= SCHEDULE.due_at)


def what_is_counted_is_what_stands(state: State) -> None:
    campaign = state.definition
    standings = [standing for item in campaign.items for standing in state.standings(item)]
    assert state.open == sum(standing.decision is None for standing in standings) == len(list(state.open_standings()))
    for assignment in campaign.assignments.values():
        decided = sum(state.standing(assignment.id, item).decision is not None for item in assignment.items)
        assert state.progress(assignment.id).decided == decided
    for person in campaign.people:
        elsewhere = sum(
            standing.decision is not None
            and standing.decision.by == person
            and not standing.decision.by_rule
            and campaign.assignments[standing.assignment].person != person
            for standing in standings
        )
        assert state.done_elsewhere[person] == elsewhere


@settings(max_examples=FEWER)
@given(told())
def test_what_holds_of_every_state(said: tuple[Definition, list[Event]]) -> None:
    campaign, events = said
    state = fold(campaign, events)
    nobody_decides_about_himself_or_twice(state)
    each_part_has_counted_or_is_refused(state, events)
    only_what_is_decided_is_closed(state)
    what_is_counted_is_what_stands(state)


@settings(max_examples=FEWER)
@given(told(), st.sampled_from([START + days * DAY for days in (1, 19, 20, 40)]))
def test_closing_is_refused_while_anything_is_open_unless_the_rule_says_otherwise(
    said: tuple[Definition, list[Event]], now: datetime
) -> None:
    campaign, events = said
    state = fold(campaign, events)
    answer = close(campaign, state, now)
    allowed = state.phase is Phase.OPEN and (state.open == 0 or (campaign is BY_RULE and now >= SCHEDULE.due_at))
    assert isinstance(answer, Closing) == allowed
    if isinstance(answer, Closing):
        story = Story(campaign)
        story.events = list(events)
        after = fold(campaign, [*events, story.close(answer, id="f" * 32)])
        assert after.phase is Phase.CLOSED
        assert sum(answer.counts.values()) == len(campaign.items)


@settings(max_examples=FEWER)
@given(told(), st.sampled_from([START + hours * timedelta(hours=1) for hours in (0, 3, 6, 601)]))
def test_what_is_shown_as_open_is_what_may_be_answered(said: tuple[Definition, list[Event]], now: datetime) -> None:
    campaign, events = said
    state = fold(campaign, events)
    for person in (*campaign.people, "x"):
        shown = {(each.assignment, each.item) for each in state.open_items(person, now)}
        may = {
            (assignment.id, item)
            for assignment in campaign.assignments.values()
            for item in assignment.items
            if state.standing(assignment.id, item).decision is None
            and may_answer(campaign, state, person, assignment.id, item, now) is None
        }
        assert shown == may
        for each in campaign.assignments.values():
            assert state.open_in(each.id, person, now) == [item for item in each.items if (each.id, item) in may]
        by_item = {
            (assignment, item)
            for item in campaign.items
            for assignment, who, _ in state.who_may_answer(item, now)
            if who == person and state.standing(assignment, item).decision is None
        }
        assert by_item == may


@settings(max_examples=FEWER)
@given(told(), PEOPLE, st.lists(decisions(), min_size=1, max_size=3, unique_by=lambda each: each.item))
def test_what_is_said_beforehand_to_be_refused_is_what_is_refused(
    said: tuple[Definition, list[Event]], by: str, parts: list[object]
) -> None:
    campaign, events = said
    now = START + 30 * DAY
    state = fold(campaign, events)
    story = Story(campaign)
    common = {"assignment": next(iter(campaign.assignments)), "at": now, "id": ""}
    answer = story._add(Decided, by, now, {**common, "decisions": tuple(parts), "batch": 1})
    handed = story._add(Reassigned, by, now, {**common, "to": "e", "items": None, "reason": "x"})
    for event in (answer, handed):
        stored = type(event)(**{name: getattr(event, name) for name in event.__dataclass_fields__} | {"id": "f" * 32})
        before = [(each.item, each.why) for each in refusals(state, event, now)]  # type: ignore[arg-type]
        after = fold(campaign, [*events, stored]).refused
        assert sorted(before, key=str) == sorted(((each.item, each.why) for each in after if each.event == stored.id), key=str)


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[float, str, str]]:
    """Return what happens in the life of a campaign: after how many hours, what, and to whom."""
    what = st.sampled_from(["poll", "poll", "unreachable", "left", "decide", "reassign", "cover"])
    return draw(
        st.lists(st.tuples(st.sampled_from([-30.0, 0.0, 1.0, 20.0, 90.0, 170.0]), what, st.sampled_from("abcdem")), max_size=14)
    )


@settings(max_examples=FEWER)
@given(CAMPAIGNS, lives())
def test_no_notice_is_ever_due_twice_and_nobody_is_told_two_things_at_once(
    campaign: Definition, life: list[tuple[float, str, str]]
) -> None:
    story, now, recorded = Story(campaign), START, set[str]()
    for hours, what, person in life:
        now += timedelta(hours=hours)
        state = fold(campaign, story.events)
        mine = state.open_items(person, now)
        if what == "decide" and mine:
            story.decide(person, mine[0].item[1:], "keep", mine[0].assignment, at=now)
        elif what == "reassign" and mine:
            story.reassign("m", mine[0].assignment, "e", mine[0].item[1:], at=now)
        elif what == "cover":
            story.cover("m", person, "e", at=now)
        elif what == "left":
            story.notice([left_notice(person, "x")], at=state.not_before(now))
        found = {what: {person: "x"}} if what == "unreachable" else {}
        state = fold(campaign, story.events)
        at = state.not_before(now)
        due = due_notices(campaign, state, at, **found)
        assert due == due_notices(campaign, state, at, **found)
        ids = [each.id for each in due]
        assert not recorded & set(ids)
        assert len(set(ids)) == len(ids)
        told_now = [each.person for each in due if each.kind.is_message and each.kind is not NoticeKind.STUCK]
        assert len(set(told_now)) == len(told_now)
        assert all(each.open for each in due if each.kind.is_message)
        recorded |= set(ids)
        for _ in range(3):  # whoever covers one to whom something went is told once that is recorded
            if due:
                story.notice(due, at=at)
                state = fold(campaign, story.events)
                at = state.not_before(at)
                assert not [each for each in state.refused if each.event == story.events[-1].id]
                due = due_notices(campaign, state, at, **found)
                assert not recorded & {each.id for each in due}
                recorded |= {each.id for each in due}
        assert due == ()
