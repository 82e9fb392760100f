# SPDX-License-Identifier: Apache-2.0
"""Proof: what a second collection shows of each entitlement, and whether a decision was carried out in time by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.reviews.world import AS_OF, CONTRACTS, READ_AT, Row, entry, write

from tieout.campaigns.items import row_sha256
from tieout.reviews.proof import Proof, ProofState, SecondList, prove

DUE = AS_OF + timedelta(days=20, seconds=1)
SECOND = SecondList(DUE - timedelta(seconds=1), DUE + timedelta(hours=6))
REMOVED, THERE, CHANGED, UNKNOWN = ProofState


def again(row: Row, **changed: Any) -> Row:
    """Return an entitlement as it was collected again."""
    return {**row, "as_of": SECOND.as_of, "read_at": SECOND.read_at, "last_used_at": SECOND.as_of, **changed}


def proofs(
    folder: Path,
    before: list[Row],
    after: list[Row],
    seconds: dict[str, SecondList] | None = None,
    words: dict[str, tuple[str, ...]] | None = None,
) -> list[Proof]:
    """Hold two collections of landed rows against each other; of the identity provider there is a second one."""
    paths = [write(folder, name, rows, CONTRACTS.access) for name, rows in (("before", before), ("after", after))]
    told = {"idp": SECOND} if seconds is None else seconds
    return list(prove(*paths, CONTRACTS.access, told, words or {}, folder))


def test_each_entitlement_is_removed_there_changed_or_not_determinable(tmp_path: Path) -> None:
    gone, same, other, unread = entry("gone"), entry("same"), entry("other"), entry("unread", system="erp")
    after = [again(same), again(other, privileged=True, mfa=False), again(entry("new"))]
    found = {each.account: each for each in proofs(tmp_path, [same, other, unread, gone], after)}
    assert {account: each.state for account, each in found.items()} == {
        "gone": REMOVED, "same": THERE, "other": CHANGED, "unread": UNKNOWN,
    }  # fmt: skip
    assert found["other"].changed == ("privileged", "mfa")
    assert [each.changed for account, each in found.items() if account != "other"] == [(), (), ()]
    assert (found["gone"].second, found["unread"].second) == (SECOND, None)


def test_only_what_is_asked_about_is_told(tmp_path: Path) -> None:
    rows = [entry(account) for account in ("a", "b", "c")]
    paths = [write(tmp_path, name, listed, CONTRACTS.access) for name, listed in (("before", rows), ("after", [again(rows[0])]))]
    for wanted in ([], [("idp", "b", "app:1 Mail"), ("idp", "a", "app:1 Mail"), ("idp", "a", "none")]):
        found = list(prove(*paths, CONTRACTS.access, {"idp": SECOND}, {}, tmp_path, wanted))
        assert [(each.account, each.state) for each in found] == ([("a", THERE), ("b", REMOVED)] if wanted else [])


def test_hashes_are_those_of_the_rows_as_they_landed(tmp_path: Path) -> None:
    row = entry()
    [there] = proofs(tmp_path, [row], [again(row)])
    assert (there.before_sha256, there.after_sha256) == (row_sha256(row), row_sha256(again(row)))
    [gone] = proofs(tmp_path, [row], [])
    assert (gone.before_sha256, gone.after_sha256) == (row_sha256(row), None)


def test_a_list_of_the_same_time_or_an_earlier_one_proves_nothing(tmp_path: Path) -> None:
    for as_of in (AS_OF, AS_OF - timedelta(days=1)):
        [found] = proofs(tmp_path, [entry()], [], {"idp": SecondList(as_of, READ_AT)})
        assert (found.state, found.second, found.carried_out("revoke")) == (UNKNOWN, None, None)


def test_an_entitlement_under_another_name_is_not_removed(tmp_path: Path) -> None:
    before = [entry("a", entitlement="app:1 Mail"), entry("b", entitlement="app:2 Chat"), entry("b", entitlement="app:2 Talk")]
    after = [again(before[0], entitlement="app:1 Post"), again(before[2])]
    named = {each.entitlement: each for each in proofs(tmp_path, before, after)}
    assert (named["app:1 Mail"].state, named["app:1 Mail"].changed) == (CHANGED, ("entitlement",))
    assert named["app:1 Mail"].after_sha256 == row_sha256(after[0])
    assert named["app:1 Mail"].carried_out("revoke") is False
    assert (named["app:2 Chat"].state, named["app:2 Talk"].state) == (REMOVED, THERE)


def test_without_an_id_in_the_name_another_name_is_another_entitlement(tmp_path: Path) -> None:
    row = entry(entitlement="Admin of shop")
    assert [each.state for each in proofs(tmp_path, [row], [again(row, entitlement="Admin of Shop")])] == [REMOVED]


@pytest.mark.parametrize(
    ("words", "status", "usable", "revoked"),
    [
        ({"idp": ("active",)}, "DEPROVISIONED", False, True),
        ({"idp": ("active", "locked")}, "Locked", True, False),
        ({"idp": ("active",)}, None, None, None),
        ({}, "DEPROVISIONED", None, None),
    ],
    ids=["ended", "usable", "not stated", "no words"],
)
def test_a_revoke_is_carried_out_where_the_account_can_no_longer_be_used(
    tmp_path: Path, words: dict[str, tuple[str, ...]], status: str | None, usable: bool | None, revoked: bool | None
) -> None:
    row = entry()
    [found] = proofs(tmp_path, [row], [again(row, account_status=status)], words=words)
    assert (found.state, found.changed, found.usable) == (CHANGED, ("account_status",), usable)
    assert (found.carried_out("revoke"), found.carried_out("change")) == (revoked, True)


PROOF = Proof("idp", "a", "app:1", THERE, (), None, "b" * 64, "a" * 64, SECOND)


@pytest.mark.parametrize(
    ("state", "changed", "keep", "revoke", "change"),
    [
        (REMOVED, (), True, True, True),
        (THERE, (), True, False, False),
        (CHANGED, ("privileged",), True, False, True),
        (CHANGED, ("entitlement", "mfa"), True, False, True),
        (CHANGED, ("mfa", "granted_at"), True, False, None),
        (UNKNOWN, (), True, None, None),
    ],
)
def test_what_was_decided_is_carried_out_or_not_or_can_not_be_told(
    state: ProofState, changed: tuple[str, ...], keep: bool, revoke: bool | None, change: bool | None
) -> None:
    found = replace(PROOF, state=state, changed=changed)
    assert [found.carried_out(each) for each in ("keep", "revoke", "change")] == [keep, revoke, change]
    assert [found.carried_out_in_time(each, DUE) for each in ("keep", "revoke", "change")] == [keep, revoke, change]


@pytest.mark.parametrize(
    ("seconds", "gone", "there"),
    [(-86400, True, None), (-1, True, False), (0, None, False), (86400, None, False)],
    ids=["a day before", "at the end", "when it was due", "a day after"],
)
def test_a_list_of_an_earlier_or_a_later_time_proves_one_side_alone(seconds: int, gone: bool | None, there: bool | None) -> None:
    second = SecondList(DUE + timedelta(seconds=seconds), READ_AT)
    for state, expected in ((REMOVED, gone), (THERE, there)):
        assert replace(PROOF, state=state, second=second).carried_out_in_time("revoke", DUE) is expected
