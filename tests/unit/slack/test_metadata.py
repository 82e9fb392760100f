# SPDX-License-Identifier: Apache-2.0
"""What a view carries comes back only for the member it was made for, and unchanged."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.slack.metadata import MOST, Metadata, page_key, read, write

KEY = page_key("simulated-signing-secret")
CARRIED = Metadata(
    campaign="access_review.2026-Q1", assignment="1-0123456789abcdef", number=12, of=67, opened_ms=1_790_000_000_123,
    presented="a" * 64, after="b" * 20, channel="D0123456789", ts="1790000000.000001",
)  # fmt: skip
WRITTEN = write(CARRIED, KEY, "T1", "U1")


def test_it_comes_back_as_it_was() -> None:
    assert read(WRITTEN, KEY, "T1", "U1") == CARRIED
    assert len(WRITTEN) < MOST / 5


def test_it_holds_ids_times_and_hashes_and_nothing_else() -> None:
    said = json.loads(WRITTEN)
    assert sorted(said) == ["after", "assignment", "campaign", "channel", "mac", "number", "of", "opened_ms", "presented", "ts"]


@pytest.mark.parametrize(("team", "user"), [("T2", "U1"), ("T1", "U2"), ("T1U", "1")])
def test_it_is_nobody_elses(team: str, user: str) -> None:
    assert read(WRITTEN, KEY, team, user) is None


def test_another_key_reads_nothing() -> None:
    assert read(WRITTEN, page_key("another-signing-secret"), "T1", "U1") is None


@given(
    st.sampled_from(sorted(set(json.loads(WRITTEN)))), st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers())
)
def test_a_changed_field_reads_nothing(name: str, value: object) -> None:
    said = json.loads(WRITTEN)
    changed = json.dumps(said | {name: value})
    assert (read(changed, KEY, "T1", "U1") is None) == (said[name] != value)


@given(st.text(max_size=40) | st.sampled_from(["null", "[]", "{}", "1", '{"mac": 1}', "[" * 2999, "x" * 5000]))
def test_anything_else_reads_nothing(text: str) -> None:
    assert read(text, KEY, "T1", "U1") is None
