# SPDX-License-Identifier: Apache-2.0
"""Okta and the people system, through real HTTP: exactly the company's faults show, and what is not known is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.simulators import okta
from tests.simulators.company import POLICY_EVENTS, Kind
from tests.simulators.okta_objects import changes_factor, number_of, user_id
from tests.unit.collectors.okta_scene import ACCESS, AFTER, END, FACTORS, JOINERS, LEAVERS, MOVERS, POLICIES, START, Scene, scene

from tieout.collectors.ipe import SecondCountClass
from tieout.criteria.periods import Window, WindowKind, window
from tieout.errors import ExtractionRefused
from tieout.persons import PERSON_ID, create_person_key

Rows = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("okta")) as made:
        yield made


@pytest.fixture(scope="module")
def rows(shop: Scene) -> Rows:
    """Return the rows of a control over the whole period, read once."""
    read: dict[str, list[dict[str, Any]]] = {}
    return lambda control: read.setdefault(control, shop.rows(control))


def person(key: str) -> int:
    """Return whose user it is."""
    found = number_of(key)
    assert found is not None
    return found


def employee(row: dict[str, Any]) -> int:
    return int(row["event_id"].rpartition("E")[2])


def test_exactly_the_seeded_faults_are_not_met(shop: Scene, rows: Rows) -> None:
    faults = shop.company.faults
    not_met = {
        (control, employee(row)) for control in (LEAVERS, JOINERS, MOVERS) for row in rows(control) if row["in_time"] == "false"
    }
    not_met |= {(FACTORS, person(row["resource"])) for row in rows(FACTORS) if row["compliant"] == "false"}
    not_met |= {(ACCESS, row["account"]) for row in rows(ACCESS) if row["holder"] is None}
    weakened = [row for row in rows(POLICIES) if row["weakens"] == "true"]
    expected = {(LEAVERS, each.number) for each in faults(Kind.LEAVER_ACTIVE, Kind.LEAVER_LATE)}
    expected |= {(JOINERS, each.number) for each in faults(Kind.JOINER_EARLY, Kind.JOINER_LATE)}
    expected |= {(FACTORS, each.number) for each in faults(Kind.NO_FACTOR, Kind.WEAK_FACTOR)}
    assert not_met == expected
    assert [row["occurred_at"] for row in weakened] == [
        okta.stamp(shop.company.at("policy", each.number, POLICY_EVENTS)) for each in faults(Kind.POLICY_WEAKENED)
    ]
    assert len(expected) == 6
    assert len(weakened) == 1


def test_a_leaver_without_an_account_is_not_determinable(shop: Scene, rows: Rows) -> None:
    [unmatched] = [each.number for each in shop.company.faults(Kind.LEAVER_UNMATCHED)]
    found = {employee(row): (row["state"], row["in_time"]) for row in rows(LEAVERS)}
    assert found.pop(unmatched) == ("no_match", None)
    assert None not in {in_time for _, in_time in found.values()}
    assert set(found) | {unmatched} == set(shop.company.leavers)


def test_all_movers_changed_groups(shop: Scene, rows: Rows) -> None:
    assert {employee(row): row["state"] for row in rows(MOVERS)} == dict.fromkeys(shop.company.movers, "active")


def test_a_company_without_faults_shows_none(tmp_path: Path) -> None:
    with scene(tmp_path, faults=False, people=40) as clean:
        assert {row["in_time"] for control in (LEAVERS, JOINERS, MOVERS) for row in clean.rows(control)} == {"true"}
        assert {row["compliant"] for row in clean.rows(FACTORS)} == {"true"}
        assert "true" not in {row["weakens"] for row in clean.rows(POLICIES)}


def test_the_list_is_counted_by_the_people_system_and_joined_to_every_status(shop: Scene) -> None:
    ipe = shop.extract(LEAVERS).ipe
    changes = len(shop.company.leavers) + len(shop.company.joiners) + len(shop.company.movers)
    assert (ipe.source_total.rows, ipe.second_count.rows, ipe.second_count.independence) == (
        changes,
        changes,
        SecondCountClass.OTHER_ENDPOINT,
    )
    assert ipe.drops[1].rows == changes - len(shop.company.leavers)
    assert ipe.source.kind == "REST API and Okta"
    assert "its user has the roles READ_ONLY_ADMIN; each can only read" in ipe.source.read_only_proof
    assert okta.TOKEN not in repr(ipe)


def test_people_are_joined_where_addresses_become_person_ids(tmp_path: Path) -> None:
    create_person_key(tmp_path / "key")
    with scene(tmp_path, identity_key=f"file:{tmp_path / 'key'}") as shop:
        found = shop.rows(LEAVERS)
        assert sorted(row["state"] for row in found).count("no_match") == 1
        assert all(PERSON_ID.fullmatch(row["person"]) for row in found)
        # By the address alone too.
        frame = shop.frame(LEAVERS)
        frame.source.parameters["roster"]["rest"]["columns"]["employee_number"] = "`null`"
        assert [row["state"] for row in shop.rows(LEAVERS, frame)] == [row["state"] for row in found]


def test_each_month_is_put_back_to_its_end(tmp_path: Path) -> None:
    with scene(tmp_path) as shop:
        march = window(WindowKind.MONTHLY, "2026-03", ZoneInfo("UTC"))
        [_, changing, *_] = [number for number in range(60) if changes_factor(shop.company, number)]
        assert changes_factor(shop.company, changing) > march.end  # type: ignore[operator]
        shop.okta.log_days = None
        found = {person(row["resource"]): row for row in shop.rows(FACTORS, shop.frame(FACTORS, march))}
        assert found[changing]["observed"] == "push"
        assert {row["checked_at"] for row in found.values()} == {"2026-03-31T23:59:59.000000Z"}
        assert set(found) == {number for number in range(60) if was_active(shop, number, march)}
        # Deactivated since: what they had went with the user, and is not held against them.
        gone = [number for number in found if shop.company.account_ended_at(number)]
        assert gone
        assert {(found[number]["observed"], found[number]["compliant"]) for number in gone} == {("unreadable", None)}
        assert sorted(n for n, row in found.items() if row["compliant"] == "false") == [1, 5]


def was_active(shop: Scene, number: int, at: Window) -> bool:
    ended = shop.company.account_ended_at(number)
    there = shop.company.has_account(number) and shop.company.account_created_at(number) <= at.end
    return there and (ended is None or ended > at.end)


def test_a_log_that_does_not_reach_back_leaves_missing_factors_undetermined(tmp_path: Path) -> None:
    with scene(tmp_path) as shop:
        shop.okta.log_days = 90
        march = window(WindowKind.MONTHLY, "2026-03", ZoneInfo("UTC"))
        extraction = shop.extract(FACTORS, shop.frame(FACTORS, march))
        rows = {person(row["resource"]): row for row in shop.rows(FACTORS, shop.frame(FACTORS, march))}
        assert "measured by its oldest event: 2026-04-03T" in extraction.ipe.source.blind_spots[-1]
        assert "false" not in {row["compliant"] for row in rows.values() if "push" not in row["observed"]}
        assert rows[5]["compliant"] is None
        # Whether somebody with a push factor was an administrator is not known either, unless the role is that old.
        assert rows[1]["compliant"] is None
        assert rows[2]["compliant"] is None


def test_a_log_that_does_not_reach_back_is_refused_where_it_is_the_population(tmp_path: Path) -> None:
    with scene(tmp_path) as shop:
        shop.okta.log_days = 90
        with pytest.raises(ExtractionRefused, match=r"reaches back to 2026-04-0.* only, and the window begins at 2026-01-01"):
            shop.extract(POLICIES)
        june = window(WindowKind.MONTHLY, "2026-06", ZoneInfo("UTC"))
        assert shop.rows(POLICIES, shop.frame(POLICIES, june))


def test_administrators_may_be_a_group(shop: Scene) -> None:
    named = shop.rows(FACTORS, shop.frame(FACTORS, admin_group=shop.okta.objects.group_id(6)))
    assert sorted(person(row["resource"]) for row in named if row["compliant"] == "false") == [1, 5]


def test_a_snapshot_lists_applications_and_groups_with_their_holders(shop: Scene, rows: Rows) -> None:
    found = rows(ACCESS)
    kinds = {row["entitlement"].partition(":")[0] for row in found}
    assert kinds == {"app", "group"}
    assert not any("Everyone" in row["entitlement"] for row in found)
    assert {row["as_of"] for row in found} == {"2026-06-30T23:59:59.000000Z"}
    assert {row["privileged"] for row in found if "Administrators" in row["entitlement"]} == {"true"}
    active = {user_id(number) for number in range(60) if was_active(shop, number, Window("x", WindowKind.MONTHLY, START, AFTER))}
    assert {row["account"] for row in found if row["entitlement"].endswith(" chat")} == active


def test_a_snapshot_of_long_ago_is_refused(shop: Scene) -> None:
    with pytest.raises(ExtractionRefused, match="shows only what stands now"):
        shop.extract(ACCESS, now=END + timedelta(days=8))
