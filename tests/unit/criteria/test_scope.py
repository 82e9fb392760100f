# SPDX-License-Identifier: Apache-2.0
"""The scope: what is examined from when to when, and which controls that makes operate."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from tests.unit.criteria.axes import PERIOD, make_control, make_scope

from tieout.criteria.calendar import BusinessCalendar
from tieout.criteria.dated import in_force
from tieout.criteria.scope import NotApplicable, ScopedCategory, category_of, load_scope, time_zone_of
from tieout.errors import ConfigurationError

SCOPE = """\
system_name: Shop
time_zone: America/New_York
observation_periods:
  - id: 2026-H1
    type: 2
    first_day: 2026-01-01
    end_day: 2026-07-01
  - id: 2026-H2
    type: 2
    first_day: 2026-07-01
    end_day: 2027-01-01
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a scope file."""
    path = tmp_path / "scope.yaml"
    path.write_text(SCOPE)
    return path


def test_the_scope_gives_zone_and_periods_in_order(file: Path) -> None:
    scope = load_scope(file)
    assert scope.zone == ZoneInfo("America/New_York")
    assert [period.printed() for period in scope.observation_periods] == [
        "throughout 1 January 2026 to 30 June 2026",
        "throughout 1 July 2026 to 31 December 2026",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("America/New_York", "America/NewYork", 2, "expected an IANA time zone such as 'Europe/Berlin', got"),
        ("America/New_York", "Europe", 2, "expected an IANA time zone such as 'Europe/Berlin', got 'Europe'"),
        ("America/New_York", "../../etc/passwd", 2, "expected an IANA time zone such as 'Europe/Berlin', got"),
        ("id: 2026-H2", "id: 2026-H1", 3, "two observation periods share an id"),
        ("end_day: 2026-07-01", "end_day: 2025-07-01", 4, "must come after first_day 2026-01-01"),
        (
            "    type: 2\n    first_day: 2026-07-01",
            "    type: 3\n    first_day: 2026-07-01",
            9,
            "should be 1 or 2, got 3",
        ),
        ("time_zone", "timezone", 2, "unknown key. Did you mean 'time_zone'?"),
    ],
)
def test_a_mistake_is_named_with_its_line(file: Path, old: str, new: str, line: int, problem: str) -> None:
    file.write_text(SCOPE.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_scope(file)
    assert any(f"{file}:{line}: " in entry and problem in entry for entry in str(caught.value).splitlines())


def category(name: str, since: str = "2020-01-01", until: str | None = None) -> dict[str, Any]:
    """Return a category as the scope file states it."""
    return {"category": name, "effective_from": since, "effective_to": until}


SECURITY = category("security")
AVAILABILITY = category("availability", "2026-02-01", "2026-05-01")


def test_security_is_examined_where_the_file_names_no_category(file: Path) -> None:
    assert load_scope(file).categories_on(date(2026, 1, 1)) == {"security"}


def test_the_calendar_is_monday_to_friday_from_january_unless_the_file_says_otherwise(file: Path) -> None:
    calendar = load_scope(file).calendar
    assert (calendar.zone, calendar.business, calendar.fiscal_year_start) == (
        ZoneInfo("America/New_York"),
        BusinessCalendar(),
        1,
    )
    file.write_text(f"{SCOPE}fiscal_year_start: 7\nbusiness_calendar: {{weekend: [friday, saturday], holidays: [2026-05-01]}}\n")
    calendar = load_scope(file).calendar
    assert calendar.fiscal_year_start == 7
    assert calendar.business == BusinessCalendar(weekend=("friday", "saturday"), holidays=(date(2026, 5, 1),))


def test_a_period_is_found_by_its_id(file: Path) -> None:
    scope = load_scope(file)
    assert scope.period("2026-H2") == scope.observation_periods[1]
    assert scope.period("2027-H1") is None


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"categories": [category("privacy")]}, "expected 'security' among the categories"),
        ({"categories": [SECURITY, category("privat")]}, "'privacy'"),
        ({"categories": [category("security", "2026-01-01", "2026-01-01")]}, "effective_to 2026-01-01 must come after"),
        ({"fiscal_year_start": 13}, "less than or equal to 12"),
        ({"system_name": ""}, "at least 1 character"),
        (
            {"systems": [{"system": "idp", "name": "A", "owner": "x"}, {"system": "idp", "name": "B", "owner": "x"}]},
            "expected each system once, got idp twice",
        ),
    ],
)
def test_a_scope_that_can_not_be_is_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        make_scope(**changed)


def test_a_category_is_in_scope_from_its_first_day_until_the_day_it_ends() -> None:
    scope = make_scope(categories=[SECURITY, AVAILABILITY])
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 4, 30), date(2026, 5, 1)]
    assert ["availability" in scope.categories_on(day) for day in days] == [False, True, True, False]
    assert scope.categories_between(date(2026, 1, 1), date(2026, 2, 1)) == {"security"}
    assert scope.categories_between(date(2026, 1, 1), date(2026, 2, 2)) == {"security", "availability"}
    assert scope.categories_between(date(2026, 4, 30), date(2026, 5, 1)) == {"security", "availability"}
    assert scope.categories_between(date(2026, 5, 1), date(2026, 6, 1)) == {"security"}


def test_a_control_is_active_while_it_is_in_force_and_serves_a_category_in_scope() -> None:
    scope = make_scope(categories=[SECURITY, AVAILABILITY])
    control = make_control(criteria=("A1.2",), since=(date(2026, 3, 1),), retired_on=date(2026, 4, 1))
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [scope.is_active(control, day) for day in days] == [False, True, True, False]
    assert not scope.is_active(make_control(criteria=("A1.2",)), date(2026, 5, 1))
    assert not scope.is_active(make_control(criteria=("P1.1",)), date(2026, 3, 1))


def test_a_control_touches_a_span_in_which_its_category_is_in_scope_on_some_day() -> None:
    scope = make_scope(categories=[SECURITY, AVAILABILITY])
    control = make_control(criteria=("A1.2",))
    assert scope.touches(control, PERIOD.first_day, PERIOD.end_day)
    assert not scope.touches(control, date(2026, 5, 1), date(2026, 6, 1))


def test_a_criterion_that_does_not_apply_makes_no_control_active_while_that_is_so() -> None:
    waived = NotApplicable(
        criterion="CC6.2", reason="None here.", decided_by="CISO", effective_from=date(2026, 2, 1), effective_to=date(2026, 3, 1)
    )
    scope = make_scope(criteria_not_applicable=[waived])
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1)]
    assert [scope.is_active(make_control(), day) for day in days] == [True, False, False, True]
    assert all(scope.is_active(make_control(criteria=("CC6.2", "CC6.3")), day) for day in days)


@pytest.mark.parametrize(
    ("criterion", "name"),
    [
        ("CC6.2", "security"),
        ("A1.1", "availability"),
        ("C1.2", "confidentiality"),
        ("PI1.5", "processing_integrity"),
        ("P8.1", "privacy"),
    ],
)
def test_a_criterions_id_says_its_category(criterion: str, name: str) -> None:
    assert category_of(criterion) == name


def test_the_scope_as_of_a_day_holds_what_was_true_then_and_leaves_nothing_overwritten() -> None:
    item = {"kind": "account", "not_covered_because": "It holds nothing.", "effective_to": "2026-03-01"}
    scope = make_scope(
        categories=[SECURITY, AVAILABILITY],
        systems=[{"system": "old", "name": "Old", "owner": "x", "effective_to": "2026-03-01"}],
        user_entity_controls=[{"id": "CUEC-1", "text": "They do.", "effective_from": "2026-03-01"}],
        source_map={
            "independent_list": "list.csv",
            "exported_from": "the cloud",
            "exported_on": "2026-06-30",
            "items": [{"item": "sandbox", **item}],
        },
    )
    before, after = scope.as_of(date(2026, 2, 28)), scope.as_of(date(2026, 6, 1))
    assert [entry.category for entry in before.categories] == ["security", "availability"]
    assert [entry.category for entry in after.categories] == ["security"]
    assert ([entry.system for entry in before.systems], after.systems) == (["old"], ())
    assert (before.user_entity_controls, [entry.id for entry in after.user_entity_controls]) == ((), ["CUEC-1"])
    assert before.source_map
    assert after.source_map
    assert (len(before.source_map.items), after.source_map.items) == (1, ())
    assert len(scope.categories) == 2
    assert in_force(scope.systems, date(2026, 2, 28)) == before.systems


def test_what_states_no_days_is_true_at_any_time() -> None:
    always = ScopedCategory(category="security")
    assert all(always.is_in_force(day) for day in (date(1970, 1, 1), date(2026, 1, 1), date(2100, 1, 1)))


def test_the_time_zone_is_read_anew_when_the_file_has_changed(file: Path) -> None:
    zone = load_scope(file).time_zone
    assert time_zone_of(file) == zone
    file.write_text(file.read_text().replace(f"time_zone: {zone}", "time_zone: Asia/Tokyo"))
    os.utime(file, ns=(1, 1))
    assert time_zone_of(file) == "Asia/Tokyo"


def test_a_scope_that_is_not_there_has_no_time_zone(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        time_zone_of(tmp_path / "scope.yaml")
