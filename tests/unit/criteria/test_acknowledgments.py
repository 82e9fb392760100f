# SPDX-License-Identifier: Apache-2.0
"""The days of an acknowledgment campaign."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tieout.criteria.acknowledgments import Acknowledgment
from tieout.criteria.calendar import MONDAY_TO_FRIDAY

DAY = date(2026, 7, 6)
SECTION: dict[str, Any] = {
    "policies": ["security"], "due": {"days": 30}, "joiners_due": {"days": 20}, "grace": {"days": 14}, "list_days_before_due": 3,
}  # fmt: skip


def section(**changes: Any) -> Acknowledgment:
    return Acknowledgment.model_validate(SECTION | changes)


def test_the_days_are_those_of_the_file() -> None:
    days = section().days(DAY, date(2026, 8, 1), MONDAY_TO_FRIDAY)
    assert days.due == date(2026, 8, 5)
    assert days.reminders == (date(2026, 7, 22), date(2026, 7, 29), date(2026, 8, 4), date(2026, 8, 6))
    assert (days.listed, days.last) == (date(2026, 8, 2), date(2026, 8, 19))
    assert section().joiner_due_day(DAY, MONDAY_TO_FRIDAY) == date(2026, 7, 26)
    assert section(joiners_due=None).joiner_due_day(DAY, MONDAY_TO_FRIDAY) is None


def test_it_stays_open_until_the_last_joiner_has_had_the_days_of_grace() -> None:
    assert section().days(DAY, date(2026, 8, 20), MONDAY_TO_FRIDAY).last == date(2026, 9, 3)


def test_what_would_come_before_the_freeze_is_left_out() -> None:
    days = section(due={"days": 2}).days(DAY, DAY, MONDAY_TO_FRIDAY)
    assert (days.reminders, days.listed) == ((date(2026, 7, 7), date(2026, 7, 9)), None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"policies": []}, "policies"),
        ({"policies": ["security", "security"]}, "named twice"),
        ({"policies": [f"p{number}" for number in range(11)]}, "policies"),
        ({"reminders": [1, 1]}, "two reminders are on the same day"),
        ({"repeat_after_months": 0}, "repeat_after_months"),
        ({"grace": None}, "grace"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        section(**changes)


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 90), st.sampled_from(["calendar", "business"]),
    st.integers(0, 30), st.integers(0, 60),
)  # fmt: skip
def test_days_are_in_order_whatever_is_asked(frozen: date, due: int, count: str, grace: int, joiner: int) -> None:
    given_ = section(due={"days": due, "count": count}, grace={"days": grace}, reminders=[30, 5, 0])
    days = given_.days(frozen, frozen + timedelta(days=joiner), MONDAY_TO_FRIDAY)
    assert frozen <= days.due < days.last
    assert list(days.reminders) == sorted(set(days.reminders))
    assert all(frozen < day <= days.last for day in days.reminders)
    assert days.listed is None or frozen < days.listed <= days.due
    assert days.last >= frozen + timedelta(days=joiner)
