# SPDX-License-Identifier: Apache-2.0
"""The lines of Python in VERIFY.md, run as they stand there, draw and seal what the library draws and seals."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.audit.test_selections import POPULATION
from tests.verify_md import functions, python_blocks

from tieout.audit.selections import SealedPopulation, draw, draw_stratified

REPOSITORY = Path(__file__).parents[3]
OURS = functions(REPOSITORY)
SEEDS = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=8).filter(
    lambda text: len(text.strip()) >= 8 and text == text.strip()
)
SEALS = st.text("0123456789abcdef", min_size=64, max_size=64)
WINDOWS = st.dictionaries(st.sampled_from([f"2026-{month:02}" for month in range(1, 13)]), st.integers(0, 40), min_size=1)
TEXTS = st.text(st.characters(codec="utf-8"))
"""Every character that JSON can hold: what stands in a population's values may be any of them."""


def test_the_draw_is_at_most_ten_lines_of_the_standard_library() -> None:
    draws, seals, changes = python_blocks(REPOSITORY)
    assert len([line for line in draws.splitlines() if line.strip()]) <= 10
    for block in (draws, seals, changes):
        imported = [name.name for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Import) for name in node.names]
        assert imported
        assert set(imported) <= sys.stdlib_module_names


@given(SEALS, SEEDS, st.integers(0, 300), st.integers(1, 60))
def test_it_draws_the_rows_that_the_library_draws(seal: str, seed: str, rows: int, size: int) -> None:
    assert tuple(OURS["draw"](seal, seed, range(1, rows + 1), size)) == draw(seal, seed, range(1, rows + 1), size)


@given(SEALS, SEEDS, WINDOWS, st.data())
def test_it_draws_by_window_what_the_library_draws(seal: str, seed: str, rows: dict[str, int], data: st.DataObject) -> None:
    numbers = list(data.draw(st.permutations(range(1, sum(rows.values()) + 1))))
    windows = {key: sorted(numbers.pop() for _ in range(count)) for key, count in rows.items()}
    sizes = data.draw(st.dictionaries(st.sampled_from(sorted(rows)), st.integers(0, 10)))
    drawn = OURS["draw_by_window"](seal, seed, windows, sizes)
    assert tuple(drawn) == draw_stratified(seal, seed, windows, sizes)


@given(TEXTS, TEXTS, WINDOWS, st.integers(0, 2**53 - 1), st.lists(TEXTS))
def test_it_seals_what_the_library_seals(control: str, system: str, windows: dict[str, int], rows: int, names: list[str]) -> None:
    population = replace(
        POPULATION, control=control, system=system, windows=windows, rows=rows, landings=tuple(names), observation_period=system
    )
    assert OURS["seal_of"](population.as_document()) == population.seal


@pytest.mark.parametrize("text", ["\x00\x1f\x7f\u2028\u2029", "\\/\"'<>&", "é\u00e9\U0001f512\ufffe", "\b\f\n\r\t"])
def test_characters_that_json_may_write_in_several_ways_are_sealed_alike(text: str) -> None:
    population: SealedPopulation = replace(POPULATION, system=text)
    assert OURS["seal_of"](population.as_document()) == population.seal


def test_names_in_a_population_are_ascii_so_that_every_order_of_them_is_one() -> None:
    def names(value: Any) -> list[str]:
        return [*value, *(name for each in value.values() for name in names(each))] if isinstance(value, dict) else []

    assert all(name.isascii() for name in names(POPULATION.as_document()))
