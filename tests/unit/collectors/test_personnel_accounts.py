# SPDX-License-Identifier: Apache-2.0
"""Whose account it is: the number decides, the address only where there is no number, and nobody's accounts are merged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tieout.collectors.okta import Account
from tieout.collectors.personnel_accounts import Directory, rows_of
from tieout.collectors.personnel_states import Employment, Terms

AT = datetime(2026, 3, 5, 17, tzinfo=UTC)
ADDRESS = "ann@example.com"


def account(key: str, number: str | None, address: str | None, status: str = "DEPROVISIONED", hours: int = 1) -> Account:
    return Account(key, status, AT, AT, AT + timedelta(hours=hours), number, address, None, None, None)


def leave(number: str | None, address: str | None) -> Employment:
    return Employment("L1", "leave", AT, number, address, None)


@pytest.mark.parametrize(
    ("event", "accounts", "found"),
    [
        (leave("E1", ADDRESS), [account("a", "E1", "other@example.com")], ["a"]),
        (leave("E1", ADDRESS), [account("a", None, "ANN@example.com")], ["a"]),
        (leave("E1", ADDRESS), [account("a", "E2", ADDRESS)], []),
        (leave("E1", ADDRESS), [account("b", None, ADDRESS), account("a", "E1", None)], ["a", "b"]),
        (leave(None, ADDRESS), [account("a", "E2", ADDRESS)], ["a"]),
        (leave(None, None), [account("a", None, None)], []),
        (leave("E1", None), [account("a", None, None)], []),
    ],
    ids=["number", "address", "another's number", "two", "list without number", "nothing named", "nothing matched"],
)
def test_the_accounts_of_a_person(event: Employment, accounts: list[Account], found: list[str]) -> None:
    assert [each.id for each in Directory([event], accounts).accounts_of(event)] == found


def test_several_accounts_are_all_shown_and_the_worst_counts() -> None:
    event = leave("E1", ADDRESS)
    directory = Directory([event], [account("a", "E1", ADDRESS), account("b", "E1", None, "ACTIVE")])
    terms = Terms(AT + timedelta(days=9), AT, timedelta(days=1))
    [row] = rows_of([event], directory, {"leave": terms})
    assert (row["account_id"], row["account_status"]) == ("a b", "DEPROVISIONED ACTIVE")
    assert (row["state"], row["in_time"]) == ("active_after_termination", False)
