# SPDX-License-Identifier: Apache-2.0
"""Who gets a personal link, and when another one: pure."""

from __future__ import annotations

from datetime import datetime

from tests.unit.campaigns.scene import B1, DAY, HOUR, REVIEW, START, Story
from tests.unit.campaigns.test_personal import DUE, END, PERSONAL

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.folding import fold
from tieout.campaigns.links import MOST, LinkDue, links_due
from tieout.campaigns.reminders import due_notices, left_notice

NOBODY: set[str] = set()


def due(story: Story, now: datetime, without: set[str], begun: set[str] = NOBODY, of: Definition = PERSONAL) -> list[LinkDue]:
    return list(links_due(of, fold(of, story.events), now, without, begun))


def noticed(story: Story, each: LinkDue, at: datetime) -> None:
    notice = Notice(each.id, NoticeKind.LINK, each.person, number=each.number, token_sha256="0" * 64, expires_at=each.expires_at)
    story.notice([notice], at=at)


def test_whoever_can_not_be_told_gets_one_and_nobody_else() -> None:
    found = due(Story(PERSONAL), START + HOUR, {"a", "b", "d", "m"})
    assert [(each.person, each.number, each.open, each.expires_at) for each in found] == [("a", 1, 2, END), ("b", 1, 1, END)]
    assert due(Story(PERSONAL), START + HOUR, NOBODY) == []
    assert due(Story(PERSONAL), START - HOUR, {"a"}) == []
    assert due(Story(REVIEW), START + HOUR, {"a"}, of=REVIEW) == []


def test_another_one_goes_out_when_a_reminder_is_due_and_not_before() -> None:
    story = Story(PERSONAL)
    [first] = due(story, START + HOUR, {"b"})
    noticed(story, first, START + HOUR)
    assert due(story, START + 5 * DAY, {"b"}, {first.id}) == []
    [second] = due(story, START + 14 * DAY, {"b"}, {first.id})
    assert (second.number, second.id != first.id) == (2, True)
    noticed(story, second, START + 14 * DAY)
    assert due(story, START + 15 * DAY, {"b"}, {first.id, second.id}) == []
    assert [each.number for each in due(story, DUE + HOUR, {"b"}, {first.id, second.id})] == [3]


def test_one_that_was_recorded_and_never_begun_is_made_up_for_up_to_a_bound() -> None:
    story = Story(PERSONAL)
    for number in range(1, MOST + 1):
        [each] = due(story, START + number * HOUR, {"b"})
        assert each.number == number
        noticed(story, each, START + number * HOUR)
    assert due(story, START + (MOST + 1) * HOUR, {"b"}) == []


def test_whoever_has_answered_or_left_gets_none() -> None:
    story = Story(PERSONAL)
    story.decide("b", "3", "acknowledged", B1, reason=None)
    assert [each.person for each in due(story, START + 2 * HOUR, {"a", "b"})] == ["a"]
    story.notice([left_notice("a", "has left")], at=START + 2 * HOUR)
    assert due(story, START + 3 * HOUR, {"a", "b"}) == []


def test_a_link_is_no_message_of_the_messenger_and_no_reminder_counts_it() -> None:
    story = Story(PERSONAL)
    [link] = due(story, START + HOUR, {"b"})
    noticed(story, link, START + HOUR)
    state = fold(PERSONAL, story.events)
    assert "b" not in state.told
    assert not NoticeKind.LINK.is_message
    kinds = {(each.person, each.kind) for each in due_notices(PERSONAL, state, START + 2 * HOUR)}
    assert ("b", NoticeKind.INVITATION) in kinds
