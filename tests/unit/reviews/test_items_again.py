# SPDX-License-Identifier: Apache-2.0
"""From the landed inputs alone, SQL of the test's own gives every flag and every reviewer with authority."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reviews.made_up import both, made_up

from tieout.reviews.items import FLAGS


@given(st.integers(0, 10**9))
@settings(max_examples=6)
def test_sql_of_the_tests_own_gives_every_flag_and_every_reviewer_with_authority(seed: int) -> None:
    with TemporaryDirectory() as folder:
        world = made_up(seed)
        frozen, again = both(world, Path(folder))
        assert frozen == again
        assert len(frozen) == len(world.access)


def test_every_hard_case_comes_up_among_what_is_made_up(tmp_path: Path) -> None:
    seen: set[tuple[str, Any]] = set()
    reasons = ""
    for seed in range(5):
        rows = made_up(seed).items(tmp_path)
        seen |= {(name, row[name]) for row in rows for name in (*FLAGS, "holder_employment", "since_last")}
        seen |= {("nobody", row["reviewer"] is None) for row in rows}
        reasons += " ".join(row[name] or "" for row in rows for name in ("reviewer_authority", "second_authority"))

    def values(of: str) -> set[Any]:
        return {value for name, value in seen if name == of}

    for name in FLAGS:
        assert values(name) == ({True, False} if name == "orphaned" else {True, False, None}), name
    assert values("holder_employment") == {"active", "left", "not_started", "not in the roster", None}
    assert values("since_last") == {"new", "changed", "unchanged", None}
    assert values("nobody") == {True, False}
    for reason in ("is the holder", "has left", "has not started", "is not in the roster", "is not named", "decides already"):
        assert reason in reasons
