# SPDX-License-Identifier: Apache-2.0
"""Stamps: what a page carries comes back as it was, for whom it was made, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.web.stamps import MAX_AGE, Bearer, Stamp, is_current, read, stamp_key, write

KEY = stamp_key("secret")
BEARER = Bearer("7", "review.2026-Q1", "1-0123456789abcdef")
NOW = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
STAMP = Stamp(
    items=("a", "b"),
    number=2,
    of=3,
    total=40,
    answered=12,
    due=1_776_000_000,
    opened_ms=int(NOW.timestamp() * 1000),
    presented="0" * 64,
    language="en-GB",
)
TEXT = st.text(max_size=20)


@given(
    st.builds(replace, st.just(STAMP), items=st.lists(TEXT, max_size=5).map(tuple), language=TEXT, number=st.integers(0, 10**9))
)
def test_a_stamp_comes_back_as_it_was(stamp: Stamp) -> None:
    assert read(write(stamp, KEY, BEARER), KEY, BEARER) == stamp


@given(st.builds(Bearer, TEXT, TEXT, TEXT))
def test_a_stamp_is_good_for_its_bearer_only(other: Bearer) -> None:
    made = read(write(STAMP, KEY, BEARER), KEY, other)
    assert made == (STAMP if other == BEARER else None)


@pytest.mark.parametrize(
    "bearer", [Bearer("7", "review.2026-Q", "11-0123456789abcdef"), Bearer("", "7review.2026-Q1", BEARER.assignment)]
)
def test_a_bearer_is_not_another_one_whose_parts_run_together(bearer: Bearer) -> None:
    assert read(write(STAMP, KEY, BEARER), KEY, bearer) is None


@given(st.data())
def test_no_character_of_a_stamp_can_be_another(data: st.DataObject) -> None:
    token = write(STAMP, KEY, BEARER)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(min_codepoint=0, max_codepoint=0x17F))
    edited = token[:place] + other + token[place + 1 :]
    assert read(edited, KEY, BEARER) == (STAMP if edited == token else None)


@given(st.text(max_size=300))
def test_anything_else_is_no_stamp(text: str) -> None:
    assert read(text, KEY, BEARER) is None


def test_two_pages_made_at_once_have_two_stamps() -> None:
    again = Stamp(**{name: getattr(STAMP, name) for name in Stamp.__slots__ if name != "nonce"})
    assert write(again, KEY, BEARER) != write(STAMP, KEY, BEARER)


def test_a_stamp_says_nothing_of_its_user_or_key() -> None:
    token = write(STAMP, KEY, Bearer("ada@shop.example", "c", "a"))
    assert KEY != b"secret"
    assert "shop" not in token


@pytest.mark.parametrize(
    ("age", "current"),
    [
        (timedelta(0), True),
        (MAX_AGE, True),
        (MAX_AGE + timedelta(seconds=1), False),
        (-timedelta(seconds=59), True),
        (-timedelta(minutes=2), False),
    ],
)
def test_a_stamp_has_an_age(age: timedelta, current: bool) -> None:
    assert is_current(STAMP, NOW + age) is current
