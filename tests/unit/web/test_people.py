# SPDX-License-Identifier: Apache-2.0
"""Which person an Airflow user is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.unit.web.browsing import FabUser, SimpleUser

from tieout.persons import PersonKey
from tieout.web.people import Unknown, Visitor, address_of, as_member, visitor_of

KEY = PersonKey(b"k" * 32)


def test_a_fab_user_is_known_by_e_mail_and_a_simple_one_by_a_name_that_is_an_address() -> None:
    fab, simple = visitor_of(FabUser(3, "Ada@Shop.example"), KEY.person), visitor_of(SimpleUser("ada@shop.example"), KEY.person)
    assert isinstance(fab, Visitor)
    assert isinstance(simple, Visitor)
    assert fab.person == simple.person == KEY.person("ada@shop.example")
    assert (fab.user, simple.user) == ("3", "ada@shop.example")
    assert "shop" not in repr(fab)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "admin",
        "ada@shop",
        "@shop.example",
        "ada@",
        "ada@shop.example\n",
        "ada @shop.example",
        "ada@shop.example, grace@shop.example",
        "Ada <ada@shop.example>",
        "ada@shop.example\x00",
        "ada@email.notfound",
        "ADA@EMAIL.NOTFOUND",
        "a" * 250 + "@shop.example",
        None,
        7,
    ],
)
def test_what_is_no_address_names_nobody(address: object) -> None:
    user = SimpleNamespace(email=address, username="grace@shop.example", get_id=lambda: "1")
    assert address_of(user) is None
    unknown = visitor_of(user, str.lower)
    assert isinstance(unknown, Unknown)
    assert "your Airflow user has none" in unknown.reason
    assert "Ask whoever administers Airflow" in unknown.cure


def test_a_user_name_counts_only_where_no_address_is_kept() -> None:
    assert address_of(SimpleNamespace(email=None, username="ada@shop.example")) is None
    assert address_of(SimpleNamespace(username="ada@shop.example")) == "ada@shop.example"
    assert address_of(object()) is None


def test_everybody_and_nobody_is_no_person() -> None:
    public = SimpleNamespace(email="ada@shop.example", is_anonymous=True, get_id=lambda: "1")
    unknown = visitor_of(public, str.lower)
    assert isinstance(unknown, Unknown)
    assert "not signed in to Airflow as anybody" in unknown.reason


def test_the_desk_is_told_user_and_person() -> None:
    member = as_member(Visitor("3", "person-0", "ada@shop.example"))
    assert (member.team, member.user, member.person) == ("airflow", "3", "person-0")
