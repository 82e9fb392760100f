# SPDX-License-Identifier: Apache-2.0
"""Who is to acknowledge what: everybody of the lists for every policy, each with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.contracts.expectations import run_rules
from tieout.contracts.odcs import load_contract
from tieout.criteria.acknowledgments import Acknowledgment
from tieout.criteria.calendar import Calendar
from tieout.criteria.policies import Audience, Policy, PolicyVersion, Question
from tieout.policies.assigning import campaign_items
from tieout.policies.obligations import Given, History, Row, Terms, months_later, obligations
from tieout.times import instant

DAY = date(2026, 7, 6)
DUE = datetime(2026, 8, 5, 22, tzinfo=UTC)
"""The end of the thirtieth day in Berlin."""
CAMPAIGN = "cc5_3_policy_campaign.2026-W27"


def version(name: str = "1.0", since: date = date(2026, 1, 1), **changes: Any) -> PolicyVersion:
    said: dict[str, Any] = {
        "version": name, "effective_from": since, "approver": "CTO", "approved_on": date(2025, 12, 1),
        "link": f"https://policies.example.com/{name}", "sha256": "a" * 64, "statement": f"I have read version {name}.",
    }  # fmt: skip
    return PolicyVersion.model_validate(said | changes)


def policy(*versions: PolicyVersion, **changes: Any) -> Policy:
    return Policy.model_validate({"title": "Security", "owner": "CTO", "versions": versions or (version(),), **changes})


def person(name: str = "ann", **changes: Any) -> Row:
    columns = ("worker_type", "department", "started_on", "left_on", "leave_from", "leave_until", "manager")
    said = {"system": "hris", "person": name, "as_of": datetime(2026, 7, 5, 21, 59, 59, tzinfo=UTC), "employment": "active"}
    return dict.fromkeys(columns) | said | changes


def terms(policies: dict[str, Policy] | None = None, day: date = DAY, **section: Any) -> Terms:
    said = {"policies": ["security"], "due": {"days": 30}, "joiners_due": {"days": 20}, "grace": {"days": 14}, **section}
    return Terms(
        campaign=CAMPAIGN, acknowledgment=Acknowledgment.model_validate(said), policies=policies or {"security": policy()},
        calendar=Calendar(ZoneInfo("Europe/Berlin")), frozen_on=day,
    )  # fmt: skip


def found(*people: Row, history: History | None = None, **how: Any) -> list[Row]:
    return list(obligations(people, terms(**how), history or History()))


def said(rows: list[Row]) -> list[tuple[str, str | None, str | None]]:
    return [(row["status"], row["basis"], row["reason"]) for row in rows]


def given_at(days_ago: int, name: str = "1.0") -> Given:
    return Given(name, datetime(2026, 7, 6, 8, tzinfo=UTC) - timedelta(days=days_ago), "earlier.2026-W01")


def test_who_has_said_nothing_is_asked() -> None:
    [row] = found(person("Ann@Example.com", manager="mia"))
    assert said([row]) == [("assigned", "first time", None)]
    assert (row["person"], row["assigned_on"], row["due_at"]) == ("ann@example.com", DAY, DUE)
    assert row["document_version"] == "1.0"
    assert row["statement_sha256"] != row["document_sha256"]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"employment": "left", "left_on": date(2026, 7, 1)}, "excluded", "has left"),
        ({"employment": "active", "left_on": date(2026, 7, 5)}, "excluded", "has left"),
        ({"employment": "active", "left_on": DAY}, "assigned", None),
        ({"employment": "not_started", "started_on": date(2026, 8, 1)}, "excluded", "not started"),
        ({"leave_from": date(2026, 6, 1)}, "paused", "on leave"),
        ({"leave_from": date(2026, 6, 1), "leave_until": DAY}, "paused", "on leave until 2026-07-06"),
        ({"leave_from": date(2026, 6, 1), "leave_until": date(2026, 7, 5)}, "assigned", None),
        ({"leave_from": date(2026, 7, 7)}, "assigned", None),
    ],
)  # fmt: skip
def test_who_has_left_not_started_or_is_away_is_not_asked_and_it_is_said_why(
    changes: dict[str, Any], status: str, words: str | None
) -> None:
    [row] = found(person(**changes))
    assert row["status"] == status
    assert row["reason"] is None if words is None else words in row["reason"]
    assert (row["due_at"] is None) == (status != "assigned")


@pytest.mark.parametrize(
    ("worker_type", "department", "status"),
    [
        ("Employee", "Sales", "assigned"),
        ("contractor", None, "excluded"),
        (None, None, "assigned"),
        ("employee", "IT", "excluded"),
    ],
)
def test_a_policy_is_for_its_audience_and_for_whoever_is_not_told_apart(
    worker_type: str | None, department: str | None, status: str
) -> None:
    audience = Audience(worker_types=("employee",), departments=("sales",))
    rows = found(person(worker_type=worker_type, department=department), policies={"security": policy(audience=audience)})
    assert [row["status"] for row in rows] == [status]


@pytest.mark.parametrize(
    ("started", "basis", "due"),
    [
        (date(2026, 7, 1), "joiner", datetime(2026, 7, 21, 22, tzinfo=UTC)),
        (date(2026, 6, 16), "joiner", datetime(2026, 7, 6, 22, tzinfo=UTC)),
        (date(2026, 6, 15), "first time", DUE),
        (None, "first time", DUE),
    ],
)
def test_joiners_have_their_days_from_their_first_day(started: date | None, basis: str, due: datetime) -> None:
    [row] = found(person(started_on=started))
    assert (row["basis"], row["due_at"]) == (basis, due)


def test_a_standing_acknowledgment_is_not_asked_for_again_before_its_cycle_is_over() -> None:
    history = History(given={("ann", "security"): (given_at(100), given_at(500))})
    [row] = found(person(), history=history, repeat_after_months=12)
    assert said([row]) == [("standing", None, "acknowledged in earlier.2026-W01")]
    assert (row["acknowledged_at"], row["campaign_of_standing"]) == (given_at(100).at, "earlier.2026-W01")
    old = History(given={("ann", "security"): (given_at(365),)})
    assert said(found(person(), history=old, repeat_after_months=12)) == [("assigned", "new cycle", None)]
    assert said(found(person(), history=old)) == [("standing", None, "acknowledged in earlier.2026-W01")]


def test_a_new_version_is_a_new_obligation_and_what_was_said_of_the_old_one_is_none_of_it() -> None:
    both = {"security": policy(version(), version("2.0", DAY))}
    history = History(given={("ann", "security"): (given_at(3),)}, open={("ben", "security"): ("1.0", "other.2026-W26")})
    rows = found(person(), person("ben"), policies=both, history=history)
    assert said(rows) == [("assigned", "new version", None), ("assigned", "first time", None)]
    assert {row["document_version"] for row in rows} == {"2.0"}
    before = found(person(), person("ben"), policies=both, history=history, day=DAY - timedelta(days=1))
    assert [row["status"] for row in before] == ["standing", "asked"]


def test_what_an_open_campaign_asks_is_not_asked_twice_and_what_was_missed_is_asked_again() -> None:
    history = History(open={("ann", "security"): ("1.0", "other.2026-W26")}, missed={("ben", "security"): frozenset({"1.0"})})
    rows = found(person(), person("ben"), history=history)
    assert said(rows) == [("asked", None, "other.2026-W26 is open"), ("assigned", "not acknowledged before", None)]


def test_who_stands_in_two_lists_is_asked_once() -> None:
    rows = found(person(), person("ANN", system="contractors"))
    assert [(row["system"], row["status"]) for row in rows] == [("hris", "assigned"), ("contractors", "excluded")]
    assert rows[0]["item"] != rows[1]["item"]


def test_who_has_left_one_list_and_stands_in_another_is_asked_there() -> None:
    rows = found(person(employment="left"), person(system="contractors"), person(system="vendors"))
    assert [(row["system"], row["status"]) for row in rows] == [
        ("hris", "excluded"), ("contractors", "assigned"), ("vendors", "excluded"),
    ]  # fmt: skip
    assert len({row["item"] for row in rows}) == 3
    assert "contractors lists the person as well" in rows[2]["reason"]


def test_a_policy_for_contractors_is_asked_where_somebody_is_one() -> None:
    for_all, for_some = policy(), policy(title="C", audience=Audience(worker_types=("contractor",)))
    people = [person(worker_type="employee"), person(worker_type="contractor", system="contractors")]
    rows = found(*people, policies={"security": for_all, "contractors_only": for_some})
    assert [row["status"] for row in rows] == ["assigned", "excluded", "excluded", "assigned"]


def test_a_policy_that_does_not_hold_yet_asks_nobody() -> None:
    assert found(person(), policies={"security": policy(version(since=date(2026, 7, 7)))}) == []


def test_rows_become_items_of_whom_they_are_assigned_to_and_of_nobody_else() -> None:
    asked = policy(version(question=Question(text="Why?", options=("a", "b"), expected="b")))
    people = [person("ann", manager="Mia"), person("ben", manager="ben", started_on=DAY), person("gone", employment="left")]
    rows = found(*people, policies={"security": asked, "conduct": policy(title="Conduct")})
    assert rows[0]["question_options"] == "a | b"
    assert rows[1]["question"] is None
    plain = [{name: as_text(value) for name, value in row.items()} for row in rows]
    items, assignments = campaign_items(plain)
    assert len(items) == 4
    by_person = {each.person: each for each in assignments.values()}
    assert {name: each.order for name, each in by_person.items()} == {"ann": ("mia",), "ben": ()}
    assert by_person["ann"].due_at == DUE
    assert by_person["ben"].due_at == datetime(2026, 7, 26, 22, tzinfo=UTC)
    assert [each.subject for each in items.values()] == [None] * 4


def test_the_rows_are_those_of_the_contract_and_meet_its_rules(repository: Path) -> None:
    contract = load_contract(repository / "include/evidence_schemas/policy_assignment.v1.odcs.yaml")
    asked = policy(version(question=Question(text="Why?", options=("a", "b"), expected="b")), version("2.0", DAY))
    history = History(
        given={
            ("ann", "security"): (given_at(400, "2.0"),), ("ben", "security"): (given_at(9),),
            ("di", "security"): (given_at(1, "2.0"),),
        },
        missed={("cy", "security"): frozenset({"2.0"})}, open={("eve", "security"): ("2.0", "other.2026-W26")},
    )  # fmt: skip
    people = [
        *map(person, ("ann", "ben", "cy", "di", "eve", "flo")), person("gus", started_on=DAY), person("away", leave_from=DAY),
        person("gone", employment="left"),
    ]  # fmt: skip
    rows = found(*people, policies={"security": asked}, history=history, repeat_after_months=12)
    table = pa.Table.from_pylist(rows, schema=contract.schema)
    assert set(rows[0]) == set(contract.schema.names)
    assert {row["status"] for row in rows} == {"assigned", "standing", "asked", "excluded", "paused"}
    assert {row["basis"] for row in rows} == {"first time", "joiner", "new version", "new cycle", "not acknowledged before", None}
    results = run_rules(table, contract, {"second_count": len(people)})
    assert {each.rule for each in results if not each.holds} == set()
    assert len(results) >= 7


def as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else value


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 36))
def test_months_later_is_in_the_month_that_is_meant(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


_PEOPLE = st.lists(
    st.builds(
        person, st.sampled_from(["ann", "ben", "cy"]), system=st.sampled_from(["hris", "contractors"]),
        employment=st.sampled_from(["active", "left", "not_started"]), worker_type=st.sampled_from([None, "employee"]),
        leave_from=st.sampled_from([None, DAY]), started_on=st.sampled_from([None, DAY, date(2020, 1, 1)]),
    ),
    max_size=6, unique_by=lambda row: (row["person"], row["system"]),
)  # fmt: skip


@given(_PEOPLE, st.booleans(), st.booleans())
def test_everybody_has_a_row_for_every_policy_and_nobody_is_asked_twice(people: list[Row], stands: bool, missed: bool) -> None:
    history = History(
        given={("ann", "security"): (given_at(9),)} if stands else {},
        missed={("ben", "conduct"): frozenset({"1.0"})} if missed else {},
    )
    rows = found(*people, history=history, policies={"security": policy(), "conduct": policy(title="Conduct")})
    assert [(row["system"], row["person"], row["policy"]) for row in rows] == [
        (each["system"], each["person"], name) for each in people for name in ("security", "conduct")
    ]
    asked = [(row["person"], row["policy"]) for row in rows if row["status"] == "assigned"]
    assert len(asked) == len(set(asked))
    active = {each["person"] for each in people if each["employment"] == "active"}
    assert {row["person"] for row in rows if row["status"] != "excluded"} == active
    assert len({row["item"] for row in rows}) == len(rows)
    assert all((row["status"] == "assigned") == (row["reason"] is None) == (row["basis"] is not None) for row in rows)
