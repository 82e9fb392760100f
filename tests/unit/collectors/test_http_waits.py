# SPDX-License-Identifier: Apache-2.0
"""Waits follow what the answer says, in any of the headers that vendors use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from requests.structures import CaseInsensitiveDict

from tieout.collectors.http_waits import is_worth_asking_again, seconds_until_asked_again, source_time

NOW = datetime(2026, 4, 1, 6, tzinfo=UTC)
DATE = "Wed, 01 Apr 2026 06:00:00 GMT"
EPOCH = str(int(NOW.timestamp()) + 90)


@pytest.mark.parametrize(
    ("status", "headers", "again"),
    [
        (429, {}, True),
        (500, {}, True),
        (503, {"Retry-After": "3"}, True),
        (408, {}, True),
        (200, {}, False),
        (400, {}, False),
        (401, {"Retry-After": "3"}, False),
        (403, {}, False),
        (403, {"X-RateLimit-Remaining": "4"}, False),
        (403, {"X-RateLimit-Remaining": "0"}, True),
        (403, {"Retry-After": "60"}, True),
        (501, {}, False),
    ],
)
def test_what_is_worth_asking_again(status: int, headers: dict[str, str], again: bool) -> None:
    assert is_worth_asking_again(status, CaseInsensitiveDict(headers)) is again


SECONDARY = b'{"message": "You have exceeded a secondary rate limit and have been temporarily blocked"}'


@pytest.mark.parametrize(("status", "again"), [(403, True), (429, True), (400, False)])
def test_a_limit_that_only_the_body_names(status: int, again: bool) -> None:
    assert is_worth_asking_again(status, CaseInsensitiveDict(), SECONDARY) is again
    if again:
        waits = [seconds_until_asked_again(CaseInsensitiveDict(), tries, NOW, status, SECONDARY) for tries in (1, 2, 3)]
        assert waits == [60, 120, 240]


def test_a_header_says_more_than_the_body() -> None:
    assert seconds_until_asked_again(CaseInsensitiveDict({"Retry-After": "7"}), 1, NOW, 403, SECONDARY) == 7


@pytest.mark.parametrize(
    ("headers", "tries", "seconds"),
    [
        ({}, 1, 1),
        ({}, 4, 8),
        ({"Retry-After": "7"}, 4, 7),
        ({"Retry-After": "Wed, 01 Apr 2026 06:02:00 GMT", "Date": DATE}, 1, 120),
        ({"Retry-After": "Wed, 01 Apr 2026 05:02:00 GMT", "Date": DATE}, 1, 0),
        ({"Retry-After": "soon"}, 3, 4),
        ({"X-RateLimit-Reset": EPOCH, "X-RateLimit-Remaining": "0", "Date": DATE}, 1, 90),
        ({"X-Rate-Limit-Reset": EPOCH, "X-Rate-Limit-Remaining": "0"}, 1, 90),
        ({"ratelimit-reset": "30", "ratelimit-remaining": "0"}, 1, 30),
        ({"X-RateLimit-Reset": EPOCH, "X-RateLimit-Remaining": "55"}, 2, 2),
        ({"X-RateLimit-Reset": "later"}, 2, 2),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], tries: int, seconds: float) -> None:
    assert seconds_until_asked_again(CaseInsensitiveDict(headers), tries, NOW) == seconds


def test_a_reset_time_is_held_against_the_clock_that_wrote_it() -> None:
    ahead = {"X-RateLimit-Reset": EPOCH, "X-RateLimit-Remaining": "0", "Date": "Wed, 01 Apr 2026 06:01:00 GMT"}
    assert seconds_until_asked_again(CaseInsensitiveDict(ahead), 1, NOW) == 30


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
def test_an_answer_without_a_clock_has_no_time(headers: dict[str, str]) -> None:
    assert source_time(headers) is None
