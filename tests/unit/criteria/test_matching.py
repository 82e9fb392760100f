# SPDX-License-Identifier: Apache-2.0
"""Which performance that rows show fills which interval."""

from __future__ import annotations

from datetime import date

import pytest
from tests.unit.criteria.axes import SYSTEM, landing

from tieout.criteria.frequency import Due
from tieout.criteria.matching import Shown, match, shown_by, stated_interval


def test_rows_of_one_performance_in_two_windows_show_it_on_its_last_day() -> None:
    landed = [
        landing("2026-01", (("Q1 review", date(2026, 1, 28)), ("other", date(2026, 1, 3)))),
        landing("2026-02", (("Q1 review", date(2026, 2, 2)),)),
    ]
    for order in (landed, landed[::-1]):
        assert [(each.name, each.day) for each in shown_by(order, SYSTEM)] == [
            ("other", date(2026, 1, 3)),
            ("Q1 review", date(2026, 2, 2)),
        ]
    assert shown_by(landed, "another system") == []


def due(key: str, opens: int, last: int, last_late: int) -> Due:
    """Return an interval of March by its days."""
    return Due(key, *(date(2026, 3, day) for day in (opens, last, last_late, last)))


ALL_TOLD = {"a", "b", "c"}


@pytest.mark.parametrize(
    ("days", "told", "filled"),
    [
        ([], ALL_TOLD, {}),
        ([1, 11, 21], ALL_TOLD, {"a": 1, "b": 11, "c": 21}),
        ([15, 16], ALL_TOLD, {"a": 15, "b": 16}),  # the first is late for a
        ([15, 16], {"b", "c"}, {"b": 15}),  # nobody knows that a was not performed in time
        ([10, 15], {"b", "c"}, {"a": 10, "b": 15}),
        ([16], ALL_TOLD, {"b": 16}),
        ([1, 2, 3], ALL_TOLD, {"a": 1}),
        ([12, 13, 26], ALL_TOLD, {"a": 12, "b": 13, "c": 26}),
        ([31], ALL_TOLD, {"c": 31}),
        ([31], {"a", "b"}, {}),
    ],
)
def test_each_performance_fills_the_oldest_interval_that_is_open_to_it(
    days: list[int], told: set[str], filled: dict[str, int]
) -> None:
    expected = [due("a", 1, 10, 15), due("b", 11, 20, 25), due("c", 21, 30, 31)]
    shown = [Shown(str(day), date(2026, 3, day), "key") for day in days]
    assert {key: each.day.day for key, each in match(expected, shown, told).items()} == filled


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("UAR-2026-Q1", "2026-Q1"),
        ("2026-Q1 review", "2026-Q1"),
        ("review of 2026-Q1, second try", "2026-Q1"),
        ("UAR-2026-Q11", None),
        ("UAR-X2026-Q1", None),
        ("2026-Q1 and 2026-Q2", None),  # it states two
        ("2026-Q3", None),  # not asked about
        ("2026-01", None),
        ("2026", None),
        ("UAR-12", None),
    ],
)
def test_a_name_states_the_interval_whose_key_stands_in_it(name: str, key: str | None) -> None:
    assert stated_interval(Shown(name, date(2026, 3, 1), "key"), {"2026-Q1", "2026-Q2"}) == key


def test_rows_of_a_day_without_a_name_state_no_interval() -> None:
    assert stated_interval(Shown("2026-03-01", date(2026, 3, 1), "key"), {"2026-03-01"}) is None
    assert stated_interval(Shown("2026-03-01", date(2026, 3, 2), "key"), {"2026-03-01"}) == "2026-03-01"


def months() -> list[Due]:
    """Return three months, each due ten days after it with a grace of ten more."""

    def day(month: int, number: int) -> date:
        return date(2026, month, number)

    return [Due(f"2026-0{month}", day(month, 11), day(month + 1, 10), day(month + 1, 20), day(month, 28)) for month in (1, 2, 3)]


def test_one_that_is_missed_is_the_one_that_was_missed_where_names_say_so() -> None:
    told = {"2026-01", "2026-02", "2026-03"}
    named = [Shown("PAR-2026-02", date(2026, 3, 12), "key"), Shown("PAR-2026-03", date(2026, 4, 5), "key")]
    assert {key: each.name for key, each in match(months(), named, told).items()} == {
        "2026-02": "PAR-2026-02", "2026-03": "PAR-2026-03",
    }  # fmt: skip
    unnamed = [Shown("a", date(2026, 2, 12), "key"), Shown("b", date(2026, 3, 12), "key")]
    assert {key: each.name for key, each in match(months(), unnamed, told).items()} == {"2026-01": "a", "2026-02": "b"}


def test_a_name_fills_its_interval_early_and_late_and_no_other() -> None:
    early = Shown("PAR-2026-02", date(2026, 2, 3), "key")
    assert match(months(), [early], set()) == {"2026-02": early}
    assert match(months(), [Shown("PAR-2026-01", date(2026, 2, 21), "key")], {"2026-01", "2026-02"}) == {}
    twice = [Shown("PAR-2026-01 first", date(2026, 2, 1), "key"), Shown("PAR-2026-01 again", date(2026, 2, 12), "key")]
    assert match(months(), twice, {"2026-01", "2026-02"}) == {"2026-01": twice[0]}
