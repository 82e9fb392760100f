# SPDX-License-Identifier: Apache-2.0
"""The section ``review`` of a control: who decides, its days, and what is refused; and the file of toxic combinations."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.criteria.axes import make_control

from tieout.criteria.calendar import BusinessCalendar
from tieout.criteria.reviews import Review, business_days_before
from tieout.criteria.toxic_combinations import load_toxic_combinations
from tieout.errors import ConfigurationError

BUSINESS = BusinessCalendar(holidays=(date(2026, 4, 3), date(2026, 4, 6)))
"""Good Friday and Easter Monday of 2026 are off."""


def review(**said: Any) -> Review:
    """Return a review of ten business days, with five for removal, unless told otherwise."""
    asked = {"due": {"days": 10, "count": "business"}, "removal": {"days": 5, "count": "business"}}
    return Review.model_validate({"roster": {"system": "hris", "collector": "hr_roster"}, **asked, **said})


def test_without_more_the_owner_decides_alone_and_leftovers_keep_it_open() -> None:
    given = review(reviewers={"idp": "manager"})
    assert (given.decided_by("idp"), given.decided_by("cloud")) == ("manager", "owner")
    assert (given.second_reviewer, given.leftovers, given.dormant_days) == ("none", "refuse", 90)
    assert (given.reminders, given.escalate_days_before_due, given.tickets, given.toxic_combinations) == ((), None, None, None)


def test_its_days_count_from_the_freeze_in_business_days() -> None:
    found = review(reminders=[1, 3, 5], escalate_days_before_due=2).days(date(2026, 4, 2), BUSINESS)
    assert found.due == date(2026, 4, 20)  # ten business days after Maundy Thursday
    assert found.reminders == (date(2026, 4, 13), date(2026, 4, 15), date(2026, 4, 17))
    assert found.escalation == date(2026, 4, 16)


def test_what_would_come_before_the_freeze_or_on_its_day_is_left_out() -> None:
    asked = {"due": {"days": 3}, "reminders": [0, 1, 3, 9], "escalate_days_before_due": 9}
    found = review(**asked).days(date(2026, 4, 13), BUSINESS)
    assert (found.due, found.reminders, found.escalation) == (date(2026, 4, 16), (date(2026, 4, 15), date(2026, 4, 16)), None)


def test_two_reminders_that_fall_on_one_day_are_one() -> None:
    found = review(due={"days": 5}, reminders=[0, 1]).days(date(2026, 4, 6), BUSINESS)  # due on a Saturday
    assert found.due == date(2026, 4, 11)
    assert found.reminders == (date(2026, 4, 10),)


def test_where_leftovers_escalate_each_next_person_gets_some_days() -> None:
    asked = {"leftovers": "escalate", "extension": {"days": 2, "count": "business"}}
    found = review(**asked).days(date(2026, 4, 2), BUSINESS)
    assert found.due == date(2026, 4, 20)
    assert found.extensions == (*(date(2026, 4, day) for day in (22, 24, 28, 30)), date(2026, 5, 4))
    assert review().days(date(2026, 4, 2), BUSINESS).extensions == ()


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 30))
def test_business_days_before_a_day_are_counted_back_as_they_are_counted_on(day: date, count: int) -> None:
    found = business_days_before(day, count, BUSINESS)
    between = (date.fromordinal(number) for number in range(found.toordinal(), day.toordinal()))
    assert BUSINESS.is_business_day(found)
    assert found <= day
    worked = sum(BUSINESS.is_business_day(each) for each in between)
    assert worked == (count if BUSINESS.is_business_day(day) else max(count, 1))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"reminders": [3, 3]}, "two reminders are on the same day"),
        ({"reminders": [-1]}, "greater than or equal to 0"),
        ({"active_words": {"idp": []}}, "expected at least one status for idp"),
        ({"tickets": {}}, "expected one of jira and webhook"),
        ({"tickets": {"webhook": {"connection": "w"}, "jira": {"connection": "j", "project": "P"}}}, "expected one of jira and"),
        ({"leftovers": "escalate"}, "extension: expected with leftovers: escalate, and only there"),
        ({"extension": {"days": 2}}, "extension: expected with leftovers: escalate, and only there"),
        ({"leftovers": "keep"}, "'refuse', 'revoke' or 'escalate'"),
        ({"second_reviewer": "anybody"}, "second_reviewer"),
        ({"dormant_days": 0}, "dormant_days"),
        ({"reviewers": {"idp": "both"}}, "'owner' or 'manager'"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_can_not_be_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        review(**said)


def test_only_a_review_of_access_has_one() -> None:
    said = {"roster": {"system": "hris", "collector": "hr_roster"}, "due": {"days": 10}, "removal": {"days": 5}}
    assert make_control(review=said).review is not None
    assert make_control().review is None
    with pytest.raises(
        ValidationError, match="review: expected with kind access_review alone, got it with kind population_export"
    ):
        make_control(kind="population_export", review=said)


def test_rules_count_against_their_own_control_unless_the_file_says_so() -> None:
    assert make_control().deviations_against == {}
    against = {"access_ended_with_employment": "cc6_2_offboarding"}
    assert make_control(deviations_against=against).deviations_against == against


SIDE = "{system: erp, entitlement: x}"
COMBINATIONS = """\
combinations:
  - id: pay
    risk: Somebody could pay themselves.
    sides:
      - {system: erp, entitlement: "role:enter.*"}
      - {system: bank, entitlement: "role:release"}
"""


def test_combinations_are_read(tmp_path: Path) -> None:
    path = tmp_path / "toxic_combinations.yaml"
    path.write_text(COMBINATIONS)
    [pay] = load_toxic_combinations(path).combinations
    assert (pay.id, [(side.system, side.entitlement) for side in pay.sides]) == (
        "pay", [("erp", "role:enter.*"), ("bank", "role:release")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ('      - {system: bank, entitlement: "role:release"}\n', "", 4, "at least 2 items"),
        ("role:release", "role:(release", 6, "no regular expression: missing"),
        ("id: pay", "id: Pay", 2, "expected lower-case letters"),
        ("combinations:\n", f"combinations:\n  - {{id: pay, risk: r, sides: [{SIDE}, {SIDE}]}}\n", 1,
         "expected each combination once, got pay twice"),
        ("    risk:", "    risks:", 3, "unknown key. Did you mean 'risk'?"),
    ],
)  # fmt: skip
def test_a_mistake_in_them_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, problem: str) -> None:
    path = tmp_path / "toxic_combinations.yaml"
    path.write_text(COMBINATIONS.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_toxic_combinations(path)
    assert any(f"{path}:{line}: " in entry and problem in entry for entry in str(caught.value).splitlines())


def test_the_shipped_example_is_one(repository: Path) -> None:
    found = load_toxic_combinations(repository / "include/criteria/toxic_combinations.yaml")
    assert len(found.combinations) == 2
