# SPDX-License-Identifier: Apache-2.0
"""Campaigns whose items are for nobody but whom they were given to: nobody comes next, and what is late is listed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.unit.campaigns.scene import A1, B1, DAY, HOUR, ITEMS, MANAGER, POPULATION, START, Story, definition, told, whys

from tieout.campaigns.assignments import Assigned, Item, assign, person_digits
from tieout.campaigns.definition import Choice, Definition, Leftovers, Pin, Schedule
from tieout.campaigns.events import Notice
from tieout.campaigns.facts import Why
from tieout.campaigns.folding import fold
from tieout.campaigns.leftovers import Closing, NotYet, close
from tieout.campaigns.reminders import due_notices, left_notice
from tieout.campaigns.sealed import as_document, from_document
from tieout.errors import ConfigurationError

DUE, END = START + 20 * DAY, START + 30 * DAY
SCHEDULE = Schedule(START, DUE, (START + 13 * DAY, DUE), START + 18 * DAY, (END,))
OWN = {"i1": "a", "i2": "a", "i3": "b", "i4": "c"}
REPORTS_TO = {"a": ("d",), "b": ("d",), "c": ()}
LATER = DUE + 5 * DAY
"""When it is due for c."""


def personal(**changes: Any) -> Definition:
    """Return a campaign of three people: a and b report to d, c to nobody, and c has five days more."""
    given = [Assigned(i, p, "listed", REPORTS_TO[p], LATER if p == "c" else None) for i, p in OWN.items()]
    values: dict[str, Any] = {
        "kind": "acknowledgment",
        "items": {name: Item(name, ITEMS[name].row_sha256) for name in OWN},
        "assignments": assign(1, given),
        "schedule": SCHEDULE,
        "choices": {"acknowledged": Choice(), "not acknowledged": Choice(offered=False)},
        "leftovers": Leftovers.DECIDE,
        "leftover_choice": "not acknowledged",
        "signers": (),
        "pins": {person: Pin("T1", f"U{person.upper()}") for person in "abcdm"},
        "personal": True,
    }
    return definition(**(values | changes))


PERSONAL = personal()
[C1] = [each.id for each in PERSONAL.assignments.values() if each.person == "c"]


def due(story: Story, now: datetime, **found: dict[str, str]) -> tuple[Notice, ...]:
    """Return what is due, and record it."""
    notices = due_notices(PERSONAL, fold(PERSONAL, story.events), now, **found)
    if notices:
        story.notice(notices, at=now)
    return notices


def lists(notices: tuple[Notice, ...]) -> list[tuple[str, int, int]]:
    return [(each.person, each.number, each.open) for each in notices if each.kind.value == "listed"]


def test_it_is_read_back_as_it_was_sealed_and_others_are_sealed_as_before() -> None:
    document = as_document(PERSONAL)
    assert document["personal"] is True
    again = from_document(document, PERSONAL.items, PERSONAL.assignments, "opening")
    assert again == PERSONAL
    assert again.sha256 == PERSONAL.sha256
    assert "personal" not in as_document(definition())


def test_another_due_time_of_an_assignment_is_another_campaign() -> None:
    moved = {name: replace(each, due_at=None) for name, each in PERSONAL.assignments.items()}
    assert personal(assignments=moved).frozen_sha256 != PERSONAL.frozen_sha256
    assert PERSONAL.due_of(C1, START) == LATER
    assert PERSONAL.due_of(A1, START) == DUE
    assert PERSONAL.due_of(A1, DUE) == END


def test_of_several_due_times_the_earliest_is_that_of_the_assignment() -> None:
    [given] = assign(
        1, [Assigned("i1", "a", "x", (), DUE), Assigned("i2", "a", "x", (), START), Assigned("i3", "a", "x")]
    ).values()
    assert given.due_at == START


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"leftovers": Leftovers.ESCALATE, "leftover_choice": None}, "nobody comes next"),
        ({"assignments": PERSONAL.assignments | assign(2, [Assigned("i1", "d", "x")])}, "two people do not answer apart"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        personal(**changes)


def test_nobody_answers_in_anothers_place() -> None:
    story = Story(PERSONAL)
    story.reassign(MANAGER, A1, "d")
    story.reassign("a", A1, "b", "1")
    story.cover("a", "a", "d")
    story.decide("d", "1", "acknowledged", assignment=A1, reason=None)
    story.decide("a", "2", "acknowledged", assignment=A1, reason=None)
    state = told(story)
    assert whys(state) == [
        ("i1", Why.PERSONAL), ("i2", Why.PERSONAL), ("i1", Why.PERSONAL), (None, Why.PERSONAL), ("i1", Why.NOT_THEIRS)
    ]  # fmt: skip
    assert state.open == 3
    assert state.standing(A1, "i1").holder == "a"


def test_nothing_goes_on_whoever_has_left_or_can_not_be_reached() -> None:
    story = Story(PERSONAL)
    story.notice([left_notice("a", "x")], at=START + HOUR)
    found = due(story, START + 2 * HOUR, unreachable={"b": "no account"})
    assert [(each.kind.value, each.person) for each in found] == [("unreachable", "b"), ("invitation", "c")]
    assert told(story).open == 4


def test_what_is_late_is_listed_once_to_whom_people_report_or_to_the_managers_of_the_program() -> None:
    story = Story(PERSONAL)
    due(story, START)
    assert lists(due(story, START + 17 * DAY)) == []
    first = due(story, START + 18 * DAY)
    assert lists(first) == [("d", 1, 3)]
    [listed] = [each for each in first if each.kind.value == "listed"]
    assert listed.id == f"listed-1-{person_digits('d')}"
    assert listed.items == {A1: ("i1", "i2"), B1: ("i3",)}
    assert lists(due(story, START + 19 * DAY)) == []
    story.decide("a", "12", "acknowledged", assignment=A1, reason=None, at=START + 19 * DAY)
    assert lists(due(story, DUE)) == [("d", 2, 1)]
    assert lists(due(story, LATER)) == [(MANAGER, 2, 1)]  # c reports to nobody, and is late now
    assert told(story).open == 2


def test_a_list_goes_to_the_next_where_the_first_can_not_be_told_anything() -> None:
    story = Story(PERSONAL)
    found = due(story, START + 18 * DAY, unreachable={"d": "no account"})
    assert lists(found) == [(MANAGER, 1, 3)]


def test_a_list_is_no_invitation_to_what_is_ones_own() -> None:
    given = [Assigned("i1", "a", "x", ("b",)), Assigned("i3", "b", "x")]
    campaign = personal(assignments=assign(1, given), items={name: Item(name, ITEMS[name].row_sha256) for name in ("i1", "i3")})
    story = Story(campaign)
    story.notice([Notice("listed-1-x", next(each.kind for each in _listed()), "b", number=1)], at=START + HOUR)
    found = due_notices(campaign, fold(campaign, story.events), START + 2 * HOUR)
    assert [(each.kind.value, each.person) for each in found] == [("invitation", "a"), ("invitation", "b")]


def _listed() -> list[Notice]:
    story = Story(PERSONAL)
    return [each for each in due(story, START + 18 * DAY) if each.kind.value == "listed"]


def test_reminders_come_so_much_later_as_it_is_due_later() -> None:
    story = Story(PERSONAL)
    due(story, START)
    assert [each.person for each in due(story, START + 13 * DAY)] == ["a", "b"]
    assert [each.person for each in due(story, START + 18 * DAY) if each.kind.value == "reminder"] == ["c"]
    assert [each.person for each in due(story, DUE) if each.kind.value == "reminder"] == ["a", "b"]
    assert [each.person for each in due(story, LATER) if each.kind.value == "reminder"] == ["c"]


def test_the_rule_decides_at_the_last_due_time_and_not_before() -> None:
    story = Story(PERSONAL)
    story.decide("a", "12", "acknowledged", assignment=A1, reason=None)
    assert isinstance(close(PERSONAL, told(story), DUE + HOUR), NotYet)
    closing = close(PERSONAL, told(story), END)
    assert isinstance(closing, Closing)
    assert closing.counts == {"acknowledged": 2, "not acknowledged": 2}
    early = Story(PERSONAL)
    early.events = list(story.events)
    early.close(closing, at=DUE + HOUR)
    assert [each.why for each in told(early).refused] == [Why.NOT_DUE]
    story.close(closing)
    assert told(story).closed is not None


def test_an_answer_given_late_counts_until_it_ends() -> None:
    story = Story(PERSONAL)
    story.decide("b", "3", "acknowledged", assignment=B1, reason=None, at=DUE + DAY)
    assert told(story).outcome("i3") is not None
    assert POPULATION in PERSONAL.populations
