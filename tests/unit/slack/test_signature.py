# SPDX-License-Identifier: Apache-2.0
"""Signatures are Slack's, timestamps are plain numbers, and neither is taken for less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.slack.delivery import signature

from tieout.errors import ConfigurationError
from tieout.slack.signature import MAX_AGE_SECONDS, is_current, is_signed, read_timestamp, sign, signing_key

SECRET = "simulated-signing-secret"
KEY = signing_key(SECRET)


@given(st.integers(1, 10**12 - 1), st.binary(max_size=100))
def test_a_signature_is_the_one_that_slack_computes(timestamp: int, body: bytes) -> None:
    made = sign(KEY, timestamp, body)
    assert made == signature(SECRET, str(timestamp), body)
    assert is_signed(KEY, timestamp, body, made.encode())
    assert not is_signed(KEY, timestamp + 1, body, made.encode())
    assert not is_signed(KEY, timestamp, body + b" ", made.encode())
    assert not is_signed(KEY, timestamp, body, made.upper().encode())


@pytest.mark.parametrize(
    "text", ["", "0", "01", "1e9", " 1", "1 ", "+1", "-1", "1.0", "0x1", "1_000", "١٢٣", "¹", "1" * 13, "1\n", "NaN", "\x00"]
)
def test_anything_but_a_plain_number_is_no_timestamp(text: str) -> None:
    assert read_timestamp(text.encode()) is None


def test_a_plain_number_is_one() -> None:
    assert read_timestamp(b"1790000000") == 1_790_000_000


@pytest.mark.parametrize(
    ("seconds", "taken"), [(0, True), (MAX_AGE_SECONDS, True), (-MAX_AGE_SECONDS, True), (301, False), (-301, False)]
)
def test_a_request_is_taken_within_five_minutes(seconds: int, taken: bool) -> None:
    assert is_current(1_790_000_000, 1_790_000_000 + seconds) is taken


@pytest.mark.parametrize("secret", ["", "short", "ü" * 20])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="signing secret") as caught:
        signing_key(secret)
    assert not secret or secret not in str(caught.value)
