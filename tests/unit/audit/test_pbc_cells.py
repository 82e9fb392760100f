# SPDX-License-Identifier: Apache-2.0
"""Cells of an auditor's list: days and criteria as people write them, and what could be two things is none."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from tieout.audit.pbc_cells import Unclear, read_criteria, read_day, read_text

JULY = date(2026, 7, 15)


DAYS: tuple[Any, ...] = (
    datetime(2026, 7, 15, 9, 30), JULY, "2026-07-15", " 2026-07-15 00:00:00 ", "15 July 2026", "15-Jul-2026", "July 15, 2026",  # noqa: DTZ001
    "Jul. 15th, 2026", "15.07.2026", "07/15/2026", "15/7/2026",
)  # fmt: skip


@pytest.mark.parametrize("value", DAYS)
def test_a_day_that_can_be_read_in_one_way_is_read(value: Any) -> None:
    assert read_day(value, None) == JULY


@pytest.mark.parametrize(("order", "day"), [("DMY", date(2026, 4, 3)), ("MDY", date(2026, 3, 4))])
def test_a_day_that_can_be_read_in_two_ways_is_read_as_somebody_says(order: Any, day: date) -> None:
    assert read_day("03/04/2026", order) == day
    with pytest.raises(Unclear, match="say with --dates"):
        read_day("03/04/2026", None)
    assert read_day("04.04.2026", None) == date(2026, 4, 4)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (46218, "a number"),
        ("15/07/26", "no day that is understood"),
        ("31 February 2026", "no day of the calendar"),
        ("ASAP", "no day that is understood"),
        ("15 Ju 2026", "no day that is understood"),
        ("30.30.2026", "no day of"),
    ],
)
def test_what_is_no_day_says_why(value: Any, why: str) -> None:
    with pytest.raises(Unclear, match=why):
        read_day(value, "DMY")


@pytest.mark.parametrize(
    ("text", "criteria", "rest"),
    [
        ("CC6.1, CC6.2", ("CC6.1", "CC6.2"), ""),
        ("cc 6.1; CC-6.2 and A1.2", ("CC6.1", "CC6.2", "A1.2"), ""),
        ("TSC: CC7.2/CC7.3", ("CC7.2", "CC7.3"), ""),
        ("CC6.1 (SOC 2)", ("CC6.1",), ""),
        ("CC6.1, 6.2", ("CC6.1",), "6.2"),
        ("CC6.1.3 CC6.1", ("CC6.1",), ""),
        ("ISO A.9.2", (), "ISO A.9.2"),
        ("PI1.4 P6.1 C1.1", ("PI1.4", "P6.1", "C1.1"), ""),
        ("", (), ""),
    ],
)
def test_criteria_are_found_and_what_else_stands_there_is_told(text: str, criteria: tuple[str, ...], rest: str) -> None:
    assert read_criteria(text) == (criteria, rest)


@pytest.mark.parametrize(("value", "text"), [(None, ""), (3.0, "3"), (3.5, "3.5"), (" a  b \n\n c ", "a b\n\nc"), (True, "True")])
def test_a_text_is_what_people_see(value: Any, text: str) -> None:
    assert read_text(value) == text
