# SPDX-License-Identifier: Apache-2.0
"""Instants as text, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tieout.times import instant, parse_instant

KATHMANDU = timezone(timedelta(hours=5, minutes=45))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 3, 5, 14, 30, tzinfo=UTC), "2026-03-05T14:30:00.000000Z"),
        (datetime(2026, 3, 5, 14, 30, 0, 1, tzinfo=UTC), "2026-03-05T14:30:00.000001Z"),
        (datetime(2026, 3, 5, 2, 0, tzinfo=KATHMANDU), "2026-03-04T20:15:00.000000Z"),
    ],
)
def test_an_instant_is_utc_with_microseconds_and_reads_back(value: datetime, text: str) -> None:
    assert instant(value) == text
    assert parse_instant(text) == value
    assert parse_instant(text).tzinfo is UTC


def test_texts_of_instants_sort_as_the_instants_do() -> None:
    start = datetime(2026, 3, 5, 23, 59, 59, 999_999, tzinfo=UTC)
    values = [start + timedelta(microseconds=step) for step in (-(10**6), -1, 0, 1, 10**6)]
    assert sorted(map(instant, values)) == [instant(value) for value in values]


def test_an_offset_is_read_as_utc() -> None:
    assert parse_instant("2026-03-05T02:00:00+05:45") == datetime(2026, 3, 4, 20, 15, tzinfo=UTC)


def test_an_instant_without_zone_is_refused_both_ways() -> None:
    with pytest.raises(ValueError, match=r"expected an instant with a time zone, got 2026-03-05T14:30:00"):
        instant(datetime(2026, 3, 5, 14, 30))  # noqa: DTZ001 (that is the point)
    with pytest.raises(ValueError, match=r"expected an instant with a time zone, got '2026-03-05T14:30:00'"):
        parse_instant("2026-03-05T14:30:00")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)
