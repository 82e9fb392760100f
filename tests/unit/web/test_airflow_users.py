# SPDX-License-Identifier: Apache-2.0
"""Persons as Airflow users and back, by e-mail address, under each auth manager that we know; nobody is taken for another."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tieout.persons import PersonKey
from tieout.web.airflow_users import FabUsers, OtherUsers, SimpleUsers

KEY = PersonKey(b"k" * 32)
ROB = KEY.person("rob@shop.example")
ADDRESSES = {ROB: "rob@shop.example", KEY.person("ada@shop.example"): "ada@shop.example"}


@dataclass(frozen=True)
class Simple:
    username: str

    def get_id(self) -> str:
        return self.username

    def get_name(self) -> str:
        return self.username


@dataclass(frozen=True)
class Fab:
    id: int
    email: str
    is_active: bool = True

    def get_id(self) -> str:
        return str(self.id)

    def get_name(self) -> str:
        return f"user-{self.id}"


def fab(*listed: Fab) -> FabUsers:
    """Return the users of a FAB."""
    by_id = {user.id: user for user in listed}
    return FabUsers(
        lambda address: [user for user in listed if user.email.lower() == address], by_id.get, KEY.person, ADDRESSES.get
    )


def test_simple_users_are_known_where_their_name_is_an_address() -> None:
    users = SimpleUsers(lambda: [Simple("admin"), Simple("Rob@Shop.example")], KEY.person)
    assert users.of(ROB) == Simple("Rob@Shop.example")
    assert users.assignee(ROB) == ("Rob@Shop.example", "Rob@Shop.example")
    assert users.person("Rob@Shop.example") == ROB
    assert [users.person(each) for each in ("admin", "ada@shop.example", "rob@shop.example", "")] == [None] * 4
    assert users.of(KEY.person("admin")) is None
    assert users.assignee("somebody") is None


def test_two_simple_users_of_one_person_are_none() -> None:
    assert SimpleUsers(lambda: [Simple("rob@shop.example"), Simple("ROB@shop.example")], KEY.person).of(ROB) is None


def test_fab_users_are_known_by_their_address_whatever_its_case() -> None:
    users = fab(Fab(1, "ada@shop.example"), Fab(2, "Rob@Shop.Example"))
    assert users.of(ROB) == Fab(2, "Rob@Shop.Example")
    assert users.assignee(ROB) == ("2", "user-2")
    assert users.person("2") == ROB


@pytest.mark.parametrize(
    "listed",
    [
        (),
        (Fab(2, "rob@shop.example", is_active=False),),
        (Fab(2, "rob@shop.example"), Fab(3, "ROB@shop.example")),
        (Fab(2, "other@shop.example"),),
    ],
)
def test_a_fab_user_that_is_gone_or_not_the_only_one_is_none(listed: tuple[Fab, ...]) -> None:
    assert fab(*listed).of(ROB) is None


@pytest.mark.parametrize("user_id", ["", "x", "-1", "1e3", "٣", "9" * 30, "2 "])
def test_an_id_that_fab_does_not_know_is_nobodys(user_id: str) -> None:
    assert fab(Fab(2, "rob@shop.example")).person(user_id) is None


def test_a_fab_user_without_a_real_address_is_nobody() -> None:
    assert fab(Fab(2, "rob@email.notfound"), Fab(3, "")).person("2") is None
    assert fab(Fab(3, "")).person("3") is None


def test_whose_address_is_erased_is_no_fab_user_any_more() -> None:
    assert fab(Fab(2, "eve@shop.example")).of(KEY.person("eve@shop.example")) is None


def test_of_other_auth_managers_addresses_count_and_nobody_is_looked_up(caplog: pytest.LogCaptureFixture) -> None:
    users = OtherUsers("KeycloakAuthManager", KEY.person, ADDRESSES.get)
    assert "KeycloakAuthManager: Tieout can not look users up" in caplog.text
    assert users.of(ROB) is None
    assert users.assignee(ROB) == ("rob@shop.example", "rob@shop.example")
    assert users.assignee(KEY.person("eve@shop.example")) is None
    assert users.person("Rob@shop.example") == ROB
    assert users.person("4711") is None
