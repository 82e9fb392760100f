# SPDX-License-Identifier: Apache-2.0
"""One extraction waits for its source up to a bound, over all of its requests."""

from __future__ import annotations

from tests.unit.collectors.frames import FrameFactory

from tieout.collectors.patience import Patience


def test_waits_add_up_to_the_bound_and_are_on_record(frame_of: FrameFactory) -> None:
    frame, slept = frame_of(), []
    frame.sleep = slept.append
    patience = Patience(frame, 90)
    patience.wait(60, "HTTP 429")
    assert (patience.is_too_long(30), patience.is_too_long(31)) == (False, True)
    patience.wait(30, "HTTP 429")
    assert (slept, patience.waited) == ([60, 30], 90)
    assert [(each.answer, each.count, each.waited_seconds) for each in frame.attempts] == [("HTTP 429", 2, 90)]
