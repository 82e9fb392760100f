# SPDX-License-Identifier: Apache-2.0
"""When somebody acted, and what is done after the answer."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from tieout.desks.afterwards import MOST, Afterwards
from tieout.desks.pools import BoundedPool, PoolFull
from tieout.slack.front import acted_at
from tieout.slack.guard import Request

SIGNED = 1_790_000_000


def request(**payload: Any) -> Request:
    """Return a request that was signed then."""
    return Request({"type": "block_actions", **payload}, SIGNED, signed=True, deadline=0.0)


@pytest.mark.parametrize(
    ("action_ts", "at"),
    [
        ("1790000000.840180", 1_790_000_000.84018),
        ("1789999701.000000", 1_789_999_701.0),
        ("1789999699.000000", SIGNED),
        ("1790000301.000000", SIGNED),
        ("1e9", SIGNED),
        ("nan", SIGNED),
        ("-1790000000", SIGNED),
        ("١٧٩٠٠٠٠٠٠٠", SIGNED),
        ("1790000000." + "0" * 40, SIGNED),
        (1_790_000_000.5, SIGNED),
        (None, SIGNED),
        ("", SIGNED),
        (".", SIGNED),
    ],
)
def test_an_action_has_its_own_time_where_it_lies_near_the_signed_one(action_ts: Any, at: float) -> None:
    assert acted_at(request(actions=[{"action_ts": action_ts}])) == datetime.fromtimestamp(at, UTC)


def test_a_submission_has_the_signed_time() -> None:
    assert acted_at(request()) == datetime.fromtimestamp(SIGNED, UTC)


def test_what_waits_under_one_key_is_done_once_with_its_last_word() -> None:
    done: list[str] = []
    afterwards, held, begun = Afterwards("test"), threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        held.wait()

    afterwards.push("first", first)
    assert begun.wait(5)
    for word in ("old", "new"):
        afterwards.push("same", lambda word=word: done.append(word))  # type: ignore[misc]
    afterwards.push("other", lambda: done.append("other"))
    held.set()
    assert afterwards.drain(5)
    assert done == ["new", "other"]
    afterwards.close()
    assert not afterwards.push("late", lambda: done.append("late"))


def test_a_job_that_fails_stops_no_other_and_says_only_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    afterwards = Afterwards("test")
    afterwards.push("bad", lambda: {}["U0OWNER001"])
    afterwards.push("worse", lambda: (_ for _ in ()).throw(ValueError("U0OWNER001")))
    afterwards.push("good", lambda: done.append("good"))
    assert afterwards.drain(5)
    assert done == ["good"]
    # A server of another test, which ends just now, may say something as well.
    said = [each.getMessage() for each in caplog.records if each.name == "tieout.desks.afterwards"]
    assert said == ["Slack: test: not sent: KeyError", "Slack: test: not sent: ValueError"]
    afterwards.close()


def test_what_does_not_fit_is_left_to_the_campaign_task() -> None:
    afterwards, held = Afterwards("test"), threading.Event()
    afterwards.push("first", held.wait)
    taken = [afterwards.push(str(number), lambda: None) for number in range(MOST + 5)]
    assert 1 <= taken.count(False) <= 5
    assert afterwards.push("0", lambda: None), "what waits already is brought up to date"
    held.set()
    assert afterwards.drain(20)
    afterwards.close()


def test_a_pool_takes_what_fits_and_gives_places_back() -> None:
    pool, held = BoundedPool("test", 1, 1), threading.Event()
    first, second = pool.submit(held.wait), pool.submit(lambda: 2)
    with pytest.raises(PoolFull):
        pool.submit(lambda: 3)
    assert second.cancel()
    third = pool.submit(lambda: 3)
    held.set()
    assert (first.result(5), third.result(5)) == (True, 3)
    pool.close()
