# SPDX-License-Identifier: Apache-2.0
"""What a reviewer reads of an item: everything that is known, everything that is not, and no person but by id."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.reviews.world import CONTRACTS

from tieout.reviews.items import FLAGS, asked_flags
from tieout.reviews.presenting import LABELS, named_assignment, present

AT = datetime(2025, 11, 3, 9, 30, tzinfo=UTC)


def row(**changes: Any) -> dict[str, Any]:
    """Return an item of which all is known and nothing stands out."""
    said: dict[str, Any] = dict.fromkeys(CONTRACTS.items.schema.names)
    said |= {
        "system": "idp", "account": "a1", "entitlement": "app:1 Mail", "holder": "person-1", "account_kind": "person",
        "account_status": "ACTIVE", "privileged": False, "granted_at": AT, "last_used_at": AT, "mfa": True,
        "holder_employment": "active", "since_last": "unchanged", "reviewer_authority": "owner of idp (IT Lead)",
        **dict.fromkeys(FLAGS, False),
    }  # fmt: skip
    return said | changes


def facts(**changes: Any) -> dict[str, str]:
    return dict(present(row(**changes), {}).facts)


def test_an_item_of_which_all_is_known() -> None:
    shown = present(row(), {"idp": "Identity provider"})
    assert (shown.title, shown.holder, shown.flags) == ("Identity provider: a1 has app:1 Mail", "person-1", ())
    assert dict(shown.facts) == {
        "Account": "a person's, status ACTIVE",
        "Who answers for it": "works here",
        "Privileged": "no",
        "Second factor": "yes",
        "Granted": "2025-11-03",
        "Last used": "2025-11-03",
        "Last review": "as in the last review",
        "Could not be worked out": "nothing",
    }


def test_what_is_not_known_is_said_to_be_unknown_and_never_left_out() -> None:
    nothing = dict.fromkeys(
        ("holder", "account_status", "privileged", "granted_at", "last_used_at", "mfa", "holder_employment", "since_last", *FLAGS)
    )
    shown = present(row(**nothing, account_kind="unknown"), {})
    assert dict(shown.facts) == {
        "Account": "of unknown kind, status unknown",
        "Who answers for it": "nobody is known to answer for it",
        "Privileged": "unknown",
        "Second factor": "unknown",
        "Granted": "unknown",
        "Last used": "unknown",
        "Last review": "there was no review of this system before",
        "Could not be worked out": "used after leaving, out of use, shared, program without owner, toxic combination",
    }
    assert (shown.title, shown.holder, shown.flags) == ("idp: a1 has app:1 Mail", None, ())


def test_what_the_review_does_not_ask_about_is_not_among_what_could_not_be_worked_out() -> None:
    shown = present(row(toxic=None, shared=None), {}, None, asked_flags({}))
    assert dict(shown.facts)["Could not be worked out"] == "shared"


@pytest.mark.parametrize(
    ("changes", "label", "value"),
    [
        ({"last_used_at": None, "dormant": False}, "Last used", "never, as far as the system tells"),
        ({"last_used_at": None, "dormant": True}, "Last used", "never, as far as the system tells"),
        ({"last_used_at": None, "dormant": None}, "Last used", "unknown"),
        ({"last_used_at": "2026-01-02T03:04:05Z"}, "Last used", "2026-01-02"),
        (
            {"holder_employment": "left", "holder_left_on": date(2026, 2, 1)},
            "Who answers for it",
            "has left (last day 2026-02-01)",
        ),
        ({"holder_left_on": "2026-06-30"}, "Who answers for it", "works here, until 2026-06-30"),
        ({"holder_employment": "not in the roster"}, "Who answers for it", "is not in the list of people"),
        ({"since_last": "new"}, "Last review", "new since the last review"),
        ({"account_kind": "service"}, "Account", "a program's, status ACTIVE"),
    ],
)
def test_a_fact_in_words(changes: dict[str, Any], label: str, value: str) -> None:
    assert facts(**changes)[label] == value


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"terminated": True}, "the holder has left, and the account can be used"),
        ({"toxic": True, "toxic_with": "pay with x"}, "part of a combination that nobody should have: pay with x"),
        ({"privileged": True}, "privileged"),
        ({"orphaned": True}, "nobody in the list of people answers for it"),
        ({"orphaned": True, "service_without_owner": True}, "a program's account for which nobody who works here answers"),
        ({"dormant": True}, "not used for more than 90 days"),
        ({"no_mfa": True}, "no second factor"),
        ({"shared": True}, "shared by several people"),
        ({"since_last": "new"}, "new since the last review"),
        ({"since_last": "changed"}, "changed since the last review"),
    ],
)  # fmt: skip
def test_each_thing_that_stands_out_is_said_in_words(changes: dict[str, Any], flag: str) -> None:
    assert present(row(**changes), {}, 90).flags == (flag,)


@given(st.fixed_dictionaries({name: st.sampled_from([True, False, None]) for name in ("privileged", *FLAGS)}))
def test_what_stands_out_is_a_flag_and_what_could_not_be_worked_out_is_named(said: dict[str, bool | None]) -> None:
    shown = present(row(**said, mfa=None if said["no_mfa"] is None else not said["no_mfa"]), {})
    true = {name for name, value in said.items() if value}
    assert len(shown.flags) == len(true - {"orphaned"} if said["service_without_owner"] else true)
    told = dict(shown.facts)
    unknown = {name for name in ("terminated", "dormant", "shared", "service_without_owner", "toxic") if said[name] is None}
    assert len(told["Could not be worked out"].split(", ")) == (len(unknown) or 1)
    assert (told["Could not be worked out"] == "nothing") == (not unknown)
    assert (told["Second factor"] == "unknown") == (said["no_mfa"] is None)


def test_no_reviewer_stands_in_what_is_shown() -> None:
    people = {"reviewer": "person-2", "reviewer_order": "person-3", "second_reviewer": "person-4"}
    assert not any(f"person-{number}" in str(asdict(present(row(**people), {}))) for number in (2, 3, 4))


def test_an_assignment_is_named_by_its_systems_and_the_capacity_of_its_person() -> None:
    owner = row(reviewer_authority="owner of idp (IT Lead); passed over: manager of the holder is the holder")
    boss = row(system="erp", reviewer_authority="manager of the holder", second_authority="owner of the control (CTO)")
    names = {"idp": "Okta"}
    assert named_assignment([owner, owner], 1, names) == "Okta: as owner of idp"
    assert named_assignment([owner, boss], 1, names) == "Okta, erp: as manager of the holder, owner of idp"
    assert named_assignment([boss], 2, names) == "erp: as owner of the control (second decision)"
    many = [row(system=f"s{number}") for number in range(9)]
    assert named_assignment(many, 1, {}) == "s0, s1 and 7 more systems: as owner of idp"


def test_every_choice_has_a_word() -> None:
    assert list(LABELS) == ["keep", "revoke", "change"]
