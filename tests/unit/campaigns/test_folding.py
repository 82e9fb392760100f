# SPDX-License-Identifier: Apache-2.0
"""What comes late, twice or unreadable, and what would be refused."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest
from tests.unit.campaigns.scene import A1, HOUR, ITEMS, REVIEW, START, Story, snapshot, told, whys

from tieout.campaigns.bulk import without_collecting
from tieout.campaigns.events import Notice, NoticeKind, Unread
from tieout.campaigns.facts import Why
from tieout.campaigns.folding import Folding, fold, refusals
from tieout.errors import ConfigurationError


def test_what_can_not_be_read_is_kept_and_counted() -> None:
    unread = Unread(id="x", at=START, by="unknown", key="responses/x", reason="tampered")
    state = fold(REVIEW, [unread])
    assert (state.unread, state.heard, state.open) == ({"x": unread}, {"x"}, 8)


def test_an_event_that_is_not_stored_is_not_folded() -> None:
    event = replace(Story().decide("a", "1"), id="")
    with pytest.raises(ConfigurationError, match="without an id"):
        fold(REVIEW, [event])


def test_the_collector_of_cycles_runs_again_after_a_fold_that_failed_too() -> None:
    with pytest.raises(RuntimeError), without_collecting():
        raise RuntimeError(gc.isenabled())
    told(Story().decide_all())
    assert gc.isenabled()


def test_what_comes_late_is_put_where_it_belongs() -> None:
    story = Story()
    early = story.decide("a", "12", "revoke")
    cover = story.cover("a", "a", "e")
    left = story.notice([Notice("left-a", NoticeKind.LEFT, "a")])
    last = story.decide("a", "3")
    folding = Folding(REVIEW)
    for event in (last, left, cover, early):
        folding.add([event, last])
    assert snapshot(folding.state) == snapshot(told(story))
    assert whys(folding.state) == [(None, Why.LEFT)]


def test_what_would_be_refused_is_said_beforehand_and_changes_nothing() -> None:
    story = Story()
    story.decide("a", "2")
    state, before = told(story), snapshot(told(story))
    now = story.now + 3 * HOUR
    asked = Story()
    mine = replace(asked.decide("a", "39", at=now), id="")
    assert [each.item for each in refusals(state, mine, now)] == ["i9"]
    assert refusals(state, replace(asked.decide("b", "2", assignment=A1, at=now), id=""), now)[0].why is Why.NOT_THEIRS
    assert refusals(state, replace(mine, at=now - 2 * HOUR), now)[0].why is Why.ODD_TIMES
    assert [each.item for each in refusals(state, replace(asked.reassign("a", A1, "d", at=now), id=""), now)] == ["i1"]
    assert refusals(state, replace(asked.cover("b", "a", "e", at=now), id=""), now)[0].why is Why.MAY_NOT_COVER
    assert refusals(state, replace(asked.withdraw("b", mine, at=now), id=""), now)[0].why is Why.NO_SUCH_COVER
    assert refusals(state, replace(asked.sign_off("s", at=now), id=""), now)[0].why is Why.NOT_CLOSED
    assert snapshot(state) == before
    assert ITEMS.keys() == state.definition.items.keys()
