# SPDX-License-Identifier: Apache-2.0
"""What a second collection stands for, and what is said of it: one that stands for several times proves nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.reviews.world import CONTRACTS, entry, write

from tieout.flows.review_pages import second_list_in_words
from tieout.flows.review_proof import SEVERAL_TIMES, Proofs, second_list
from tieout.reviews.proof import SecondList

DUE = datetime(2026, 4, 24, tzinfo=UTC)
SEEN, READ = DUE - timedelta(seconds=1), DUE + timedelta(hours=6)
ROW: dict[str, Any] = {"effective_to": DUE, "collected_at": READ + timedelta(hours=1)}


def listed(folder: Path, *parts: list[dict[str, Any]]) -> SecondList | None:
    """Return what a second list in some parts stands for."""
    paths = [path for number, rows in enumerate(parts) for path in write(folder, f"part-{number}", rows, CONTRACTS.access)]
    return second_list(ROW, paths)


def test_it_stands_for_the_time_that_its_rows_state_and_was_read_when_the_last_of_them_was(tmp_path: Path) -> None:
    one = entry("a", as_of=SEEN, read_at=READ)
    assert listed(tmp_path, [one, {**one, "account": "b", "read_at": READ - timedelta(hours=1)}]) == SecondList(SEEN, READ)
    assert listed(tmp_path, [one], [], [{**one, "account": "b"}]) == SecondList(SEEN, READ)


def test_one_without_rows_stands_for_the_end_of_its_window(tmp_path: Path) -> None:
    assert listed(tmp_path, []) == SecondList(SEEN, ROW["collected_at"])


def test_one_that_stands_for_several_times_proves_nothing(tmp_path: Path) -> None:
    rows = [entry("a", as_of=SEEN, read_at=READ), entry("b", as_of=SEEN - timedelta(days=1), read_at=READ)]
    assert listed(tmp_path, rows) is None
    assert listed(tmp_path, rows[:1], rows[1:]) is None


@pytest.mark.parametrize(
    ("second", "stands", "because", "words"),
    [
        (None, None, None, "The system was not collected again"),
        (ROW, None, SEVERAL_TIMES, "stands for several times, so that it proves nothing"),
        (ROW, None, None, "nothing had to be proven by it"),
        (ROW, SecondList(SEEN, READ), None, "the list stands for 2026-04-23 23:59 UTC, and was read at 2026-04-24 06:00 UTC."),
    ],
)
def test_what_there_is_of_a_second_collection_is_said(
    second: dict[str, Any] | None, stands: SecondList | None, because: str | None, words: str
) -> None:
    assert words in second_list_in_words(Proofs({}, {}, second, stands, because))
