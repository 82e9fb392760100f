# SPDX-License-Identifier: Apache-2.0
"""What was sent: one claims each message, and what is under way or given up is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.unit.campaigns.scene import REVIEW, START, Story, told

from tieout.campaigns.outbox import SEND_WITHIN, Outbox
from tieout.campaigns.reminders import due_notices
from tieout.errors import CannotCheck
from tieout.evidence.identities import UnlockedStore


def test_a_message_is_claimed_by_one_and_sent_once(staging: UnlockedStore) -> None:
    story, outbox = Story(), Outbox(REVIEW.campaign, staging)
    notices = due_notices(REVIEW, told(story), START, unreachable={"b": "x"})
    story.notice(notices, at=START)
    state = told(story)
    messages = [each.id for each in notices if each.kind.is_message]
    assert [each.id for each in outbox.unsent(state, START)] == messages
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(outbox.claim, [messages[0]] * 8)) == 1
    assert [each.id for each in outbox.unsent(state, START)] == messages[1:]
    assert outbox.uncertain() == (messages[0],)
    assert outbox.reference(messages[0]) is None
    outbox.sent(messages[0], {"channel": "D1", "ts": "1.2"})
    assert outbox.uncertain() == ()
    assert outbox.reference(messages[0]) == {"channel": "D1", "ts": "1.2"}
    assert outbox.unsent(state, START + SEND_WITHIN + timedelta(seconds=1)) == ()


def test_marks_of_other_campaigns_are_others(staging: UnlockedStore) -> None:
    outbox, other = Outbox("x", staging), Outbox("x.2", staging)
    assert outbox.claim("n")
    assert other.claim("n")
    other.sent("n", {"ts": "1"})
    assert (outbox.uncertain(), other.uncertain()) == (("n",), ())


def test_a_reference_that_somebody_else_wrote_is_not_taken_for_one(staging: UnlockedStore) -> None:
    outbox = Outbox("x", staging)
    for number, data in enumerate((b"[]", b"{", b"\xff")):
        staging.create(f"campaigns/x/n{number}.sent.json", data, "")
        with pytest.raises(CannotCheck, match="expected a JSON object"):
            outbox.reference(f"n{number}")
