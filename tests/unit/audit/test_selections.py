# SPDX-License-Identifier: Apache-2.0
"""Selections: exactly the auditor's rows, or those that seal and seed draw, which anybody can draw again."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.audit.selections import (
    Chosen,
    SealedPopulation,
    choose_keys,
    choose_numbers,
    draw,
    draw_stratified,
    share,
)
from tieout.errors import ConfigurationError

SEED = "2026-11-27 Example CPAs"
POPULATION = SealedPopulation(
    control="cc8_1_change_management", system="shop_git", evidence_type="change_record.v1", observation_period="2026-H1",
    first_day="2026-01-01", last_day="2026-06-30", rows=400, rows_sha256="a" * 64, windows={"2026-01": 150, "2026-02": 250},
    landings=("shop_git-1", "shop_git-2"),
)  # fmt: skip


def test_the_auditors_numbers_come_back_as_they_are_and_nothing_takes_a_place() -> None:
    asked = ["17", "3", "400", "401", "0", "-1", "3", "1.5", "x", "²"]
    assert choose_numbers(asked, 400) == Chosen((17, 3, 400), ("401", "0", "-1", "1.5", "x", "²"), ("3",))


def test_the_auditors_keys_come_back_as_they_are() -> None:
    assert choose_keys(["b", "z", "a", "b"], {"a": 1, "b": 2}) == Chosen((2, 1), ("z",), ("b",))


@pytest.mark.parametrize(
    "changed", [{"rows_sha256": "b" * 64}, {"rows": 401}, {"landings": ("shop_git-1",)}, {"last_day": "2026-06-29"}]
)
def test_another_population_has_another_seal_and_other_rows(changed: dict[str, Any]) -> None:
    other = replace(POPULATION, **changed)
    assert other.seal != POPULATION.seal
    assert draw(other.seal, SEED, range(1, 401), 25) != draw(POPULATION.seal, SEED, range(1, 401), 25)
    assert replace(POPULATION).seal == POPULATION.seal


def test_ten_lines_without_the_library_draw_the_same() -> None:
    seal, seed, rows, size = POPULATION.seal, SEED, 400, 25
    rank = {number: hashlib.sha256(f"{seed}\n{seal}\n{number}".encode()).hexdigest() for number in range(1, rows + 1)}
    drawn = sorted(sorted(rank, key=lambda number: rank[number])[:size])
    assert draw(seal, seed, range(1, rows + 1), size) == tuple(drawn)
    assert len(set(drawn)) == size


def test_a_larger_selection_holds_a_smaller_one_and_a_small_population_is_taken_whole() -> None:
    small, large = (draw(POPULATION.seal, SEED, range(1, 401), size) for size in (15, 25))
    assert set(small) < set(large)
    assert draw(POPULATION.seal, SEED, range(1, 11), 25) == tuple(range(1, 11))


def test_every_row_is_drawn_about_as_often() -> None:
    counted = Counter(number for seed in range(2000) for number in draw("s" * 64, f"seed {seed:08}", range(1, 21), 5))
    assert set(counted) == set(range(1, 21))
    assert all(430 < count < 570 for count in counted.values()), counted  # 500 each; five deviations of a binomial are 97


def test_each_window_gives_what_is_asked_of_it() -> None:
    windows = {"2026-01": range(1, 151), "2026-02": range(151, 401)}
    drawn = draw_stratified(POPULATION.seal, SEED, windows, {"2026-01": 10, "2026-02": 15})
    assert Counter(number > 150 for number in drawn) == {False: 10, True: 15}
    with pytest.raises(ConfigurationError, match="got 2026-03"):
        draw_stratified(POPULATION.seal, SEED, windows, {"2026-03": 1})


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 500), min_size=1, max_size=12), st.integers(1, 80))
def test_a_share_is_the_size_and_no_window_gives_more_than_it_has(windows: dict[str, int], size: int) -> None:
    filled = {key: rows for key, rows in windows.items() if rows}
    if size < len(filled):
        with pytest.raises(ConfigurationError, match="one for each window"):
            share(windows, size)
        return
    given_now = share(windows, size)
    assert sum(given_now.values()) == min(size, sum(filled.values()))
    assert all(1 <= count <= filled[key] for key, count in given_now.items())
    assert given_now.keys() == filled.keys()


@pytest.mark.parametrize(("seed", "size"), [("short", 1), (" padded seed", 1), ("two\nlines of it", 1), (SEED, 0)])
def test_a_seed_that_could_be_tried_out_draws_nothing(seed: str, size: int) -> None:
    with pytest.raises(ConfigurationError):
        draw(POPULATION.seal, seed, range(1, 10), size)
