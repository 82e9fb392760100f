# SPDX-License-Identifier: Apache-2.0
"""Items of a review: each flag, for every hard case."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.reviews.world import (
    AS_OF,
    CONTRACTS,
    REVIEW_ID,
    World,
    ago,
    company,
    each,
    entry,
    mail,
    person,
    set_person,
)

from tieout.campaigns.items import item_id
from tieout.errors import ContractError
from tieout.reviews.items import FLAGS, flags_of


def test_an_account_in_use_of_somebody_who_works_here_has_no_flag_and_its_system_s_owner_decides(tmp_path: Path) -> None:
    row = company(entry()).item(tmp_path)
    assert {name: row[name] for name in FLAGS} == {**dict.fromkeys(FLAGS, False), "toxic": None}
    assert flags_of(row) is None
    assert (row["holder_employment"], row["since_last"], row["toxic_with"]) == ("active", None, None)
    assert (row["reviewer"], row["reviewer_authority"]) == (mail("ivo"), "owner of idp (IT Lead)")
    assert row["reviewer_order"] == " ".join(map(mail, ("mia", "max", "cleo", "rob")))
    assert (row["second_reviewer"], row["second_authority"]) == (None, None)


def test_an_item_has_the_id_of_its_key_and_everything_that_its_entitlement_says(tmp_path: Path) -> None:
    said = entry(account='x\x0b\x1f"', entitlement="app:ü \\ 😀", privileged=None, account_status=None)
    with company(said).frozen(tmp_path) as found:
        [row] = found.rows("idp").to_pylist()
    assert row["item"] == item_id(("idp", REVIEW_ID, said["account"], said["entitlement"]))
    kept = [name for name in said if name != "read_at"]
    assert {name: row[name] for name in kept} == {name: said[name] for name in kept}


def test_rows_come_in_the_contracts_types_and_key_order_and_none_is_lost(tmp_path: Path) -> None:
    world = company(*(entry(account, entitlement=f"app:{number}") for account in ("b", "a", "B") for number in (2, 10, 1)))
    with world.frozen(tmp_path) as found:
        rows = found.rows("idp")
        assert rows.schema == CONTRACTS.items.schema
        keys = [(row["account"], row["entitlement"]) for row in rows.to_pylist()]
        assert keys == sorted((row["account"], row["entitlement"]) for row in world.access)
        assert found.counts("idp")["items"] == 9
        assert found.rows("bank").num_rows == found.counts("bank")["items"] == 0


# Holders


def test_a_holder_is_looked_up_in_the_roster_and_no_match_is_never_a_pass(tmp_path: Path) -> None:
    holders = ("ann", "lena", "nina", "zoe", None)
    world = company(*(entry(str(holder), holder) for holder in holders))
    world.people += [
        person("lena", employment="left", left_on=date(2026, 2, 1)),
        person("nina", employment="not_started", started_on=date(2026, 5, 1)),
    ]
    assert each(world, tmp_path, "holder_employment", "orphaned", "terminated", "holder_left_on") == {
        "ann": ("active", False, False, None),
        "lena": ("left", False, True, date(2026, 2, 1)),
        "nina": ("not_started", False, False, None),
        "zoe": ("not in the roster", True, None, None),
        "None": (None, True, None, None),
    }


def test_an_account_that_nobody_can_use_is_not_terminated_where_the_control_names_the_words(tmp_path: Path) -> None:
    statuses = {"gone": "DEPROVISIONED", "active": " ACTIVE", "locked": "Locked_Out", "none": None}
    rows = [entry(account, account_status=status) for account, status in statuses.items()]
    elsewhere = entry("elsewhere", system="erp", account_status="DEPROVISIONED")
    world = company(*rows, elsewhere, review={"active_words": {"idp": ("Active", "locked_out")}})
    set_person(world, "ann", employment="left")
    expected = {"gone": (False,), "active": (True,), "locked": (True,), "none": (None,), "elsewhere": (True,)}
    assert each(world, tmp_path, "terminated") == expected


def test_upper_and_lower_case_and_blanks_make_no_other_person_and_of_two_rows_of_one_the_active_counts(tmp_path: Path) -> None:
    world = company({**entry(), "holder": " ANN@Example.com "})
    world.people += [person("ANN", "zoe", employment="left", started_on=date(2025, 1, 1))]
    row = world.item(tmp_path)
    assert (row["holder_employment"], row["orphaned"], row["holder"]) == ("active", False, " ANN@Example.com ")


# Accounts


def test_a_program_needs_somebody_active_and_an_account_of_unknown_kind_is_not_cleared(tmp_path: Path) -> None:
    expected = {
        ("person", None): (False, False),
        ("shared", "ann"): (True, False),
        ("service", "ann"): (False, False),
        ("service", None): (False, True),
        ("service", "zoe"): (False, True),
        ("service", "lena"): (False, True),
        ("service", "nina"): (False, True),
        ("unknown", "ann"): (None, False),
        ("unknown", None): (None, None),
    }
    world = company(*(entry(f"{kind} {holder}", holder, account_kind=kind) for kind, holder in expected))
    world.people += [person("lena", employment="left"), person("nina", employment="not_started")]
    found = each(world, tmp_path, "shared", "service_without_owner")
    assert found == {f"{kind} {holder}": flags for (kind, holder), flags in expected.items()}


def test_a_second_factor_that_is_not_told_is_no_clearance(tmp_path: Path) -> None:
    world = company(*(entry(str(mfa), mfa=mfa) for mfa in (True, False, None)))
    assert each(world, tmp_path, "no_mfa") == {"True": (False,), "False": (True,), "None": (None,)}


def test_dormant_is_what_was_not_used_for_longer_where_the_source_tells(tmp_path: Path) -> None:
    def one(account: str, used: int | None, granted: int | None, system: str = "idp") -> dict[str, Any]:
        last_used, since = (None if days is None else ago(days) for days in (used, granted))
        return entry(account, system=system, last_used_at=last_used, granted_at=since)

    world = company(
        one("used", 90, 400), one("not lately", 91, 400), one("never, old", None, 400), one("never, new", None, 90),
        one("never, nobody knows since when", None, None), one("of a source that never tells", None, 400, "erp"),
    )  # fmt: skip
    assert each(world, tmp_path, "dormant") == {
        "used": (False,), "not lately": (True,), "never, old": (True,), "never, new": (False,),
        "never, nobody knows since when": (None,), "of a source that never tells": (None,),
    }  # fmt: skip


def test_dormant_days_are_the_controls_and_to_the_microsecond(tmp_path: Path) -> None:
    at = ago(30)
    rows = [entry("a1", last_used_at=at), entry("a2", last_used_at=at - timedelta(microseconds=1))]
    found = company(*rows, review={"dormant_days": 30}).items(tmp_path)
    assert [row["dormant"] for row in found] == [False, True]


# Toxic combinations

PAY = {"id": "pay", "risk": "Somebody could pay themselves.", "sides": [
    {"system": "erp", "entitlement": "role:enter.*"}, {"system": "bank", "entitlement": "role:release"},
]}  # fmt: skip


def toxic(world: World, folder: Path) -> dict[tuple[str, str], tuple[bool | None, str | None]]:
    """Return what the items of a world say of combinations, by account and entitlement."""
    return {(row["account"], row["entitlement"]): (row["toxic"], row["toxic_with"]) for row in world.items(folder)}


def test_a_pair_across_systems_is_toxic_for_whoever_holds_both_under_whatever_account(tmp_path: Path) -> None:
    world = company(
        entry("e1", "ann", "role:enter-all", system="erp"), entry("b1", "ann", "role:release", system="bank"),
        entry("b1", "ann", "role:read", system="bank"), entry("e2", "eva", "role:enter", system="erp"),
        {**entry("b2", None, "role:release", system="bank"), "holder": "ANN@example.com"},
        combinations=[PAY],
    )  # fmt: skip
    assert toxic(world, tmp_path) == {
        ("b1", "role:read"): (False, None),
        ("b1", "role:release"): (True, "pay with erp role:enter-all"),
        ("b2", "role:release"): (True, "pay with erp role:enter-all"),
        ("e1", "role:enter-all"): (True, "pay with bank role:release"),
        ("e2", "role:enter"): (False, None),
    }


def test_an_account_without_holder_is_held_against_itself_and_not_cleared(tmp_path: Path) -> None:
    within = {
        **PAY,
        "id": "within",
        "sides": [{"system": "erp", "entitlement": "role:enter"}, {"system": "erp", "entitlement": "role:pay"}],
    }
    world = company(
        entry("e1", None, "role:enter", system="erp"), entry("e1", None, "role:pay", system="erp"),
        entry("e2", None, "role:pay", system="erp"), entry("e3", None, "role:read", system="erp"),
        combinations=[within],
    )  # fmt: skip
    assert toxic(world, tmp_path) == {
        ("e1", "role:enter"): (True, "within with erp role:pay"),
        ("e1", "role:pay"): (True, "within with erp role:enter"),
        ("e2", "role:pay"): (None, None),
        ("e3", "role:read"): (False, None),
    }


def test_an_expression_matches_the_whole_entitlement_and_one_may_be_all_sides(tmp_path: Path) -> None:
    both = {
        "id": "all",
        "risk": "r",
        "sides": [{"system": "erp", "entitlement": "root|a"}, {"system": "erp", "entitlement": "root|b"}],
    }
    world = company(entry("e1", "ann", "root", system="erp"), entry("e2", "eva", "root2", system="erp"), combinations=[both])
    assert toxic(world, tmp_path) == {("e1", "root"): (True, "all by itself"), ("e2", "root2"): (False, None)}


def test_of_three_sides_all_are_needed_and_several_combinations_are_all_named(tmp_path: Path) -> None:
    sides = [{"system": "erp", "entitlement": each} for each in "abc"]
    world = company(
        *(entry("e1", "ann", each, system="erp") for each in "abc"), *(entry("e2", "eva", each, system="erp") for each in "ab"),
        combinations=[{"id": "three", "risk": "r", "sides": sides}, {"id": "pair", "risk": "r", "sides": sides[:2]}],
    )  # fmt: skip
    found = toxic(world, tmp_path)
    assert found["e1", "a"] == (True, "pair with erp b; three with erp b, erp c")
    assert found["e1", "c"] == (True, "three with erp a, erp b")
    assert found["e2", "a"] == (True, "pair with erp b")


def test_of_many_others_the_first_ten_are_named(tmp_path: Path) -> None:
    world = company(
        entry("b1", "ann", "role:release", system="bank"),
        *(entry("e1", "ann", f"role:enter{number:02}", system="erp") for number in range(30)),
        combinations=[PAY],
    )
    told = toxic(world, tmp_path)["b1", "role:release"][1]
    assert told == "pay with " + ", ".join(f"erp role:enter{number:02}" for number in range(10))


def test_without_combinations_nothing_is_said(tmp_path: Path) -> None:
    world = company(entry("e1", "ann", "role:enter", system="erp"), entry("b1", "ann", "role:release", system="bank"))
    assert set(toxic(world, tmp_path).values()) == {(None, None)}


# Since the last review


def test_an_item_is_held_against_the_review_before(tmp_path: Path) -> None:
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "same": ({}, "unchanged"),
        "used": ({"last_used_at": None}, "unchanged"),
        "privileged": ({"privileged": True}, "changed"),
        "holder": ({"holder": None}, "changed"),
        "status": ({"account_status": None}, "changed"),
        "granted": ({"granted_at": ago(2)}, "changed"),
        "mfa": ({"mfa": None}, "changed"),
        "kind": ({"account_kind": "shared"}, "changed"),
        "entitlement": ({"entitlement": "app:2"}, "new"),
        "account": ({"account": "another"}, "new"),
    }
    world = company(*(entry(account) for account in changes), reviewed_before=("idp",))
    before = {"item": "x", "review_id": "before", "reviewer": "x", "reviewer_authority": "x"}
    world.before = [{**row, **before, **changes[row["account"]][0]} for row in world.items(tmp_path)]
    assert each(world, tmp_path, "since_last") == {account: (since,) for account, (_, since) in changes.items()}


def test_a_system_that_was_not_reviewed_before_says_nothing_and_one_that_had_nothing_says_new(tmp_path: Path) -> None:
    world = company(entry(), reviewed_before=("erp",))
    assert world.item(tmp_path)["since_last"] is None
    world.reviewed_before = ("idp",)
    assert world.item(tmp_path)["since_last"] == "new"


def test_entitlements_of_two_times_are_refused(tmp_path: Path) -> None:
    world = company(entry(), entry("a2", as_of=ago(7)), entry("e1", system="erp", as_of=ago(7)))
    with pytest.raises(ContractError, match=r"got those of idp of 2\. Export one list"), world.frozen(tmp_path):
        pass


def test_counts_are_those_of_the_rows(tmp_path: Path) -> None:
    world = company(entry("a1", None, mfa=False), entry("a2", privileged=True, last_used_at=ago(100)), reviewed_before=("idp",))
    with world.frozen(tmp_path) as found:
        counts = found.counts("idp")
    assert counts == {
        "items": 2, "privileged": 1, "orphaned": 1, "terminated": 0, "dormant": 1, "no_mfa": 1, "shared": 0,
        "service_without_owner": 0, "toxic": 0, "since_last": {"new": 2},
    }  # fmt: skip


def test_the_time_that_the_lists_stand_for_is_the_items_too(tmp_path: Path) -> None:
    assert {row["as_of"] for row in company(entry(), entry("a2")).items(tmp_path)} == {AS_OF}
