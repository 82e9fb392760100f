# SPDX-License-Identifier: Apache-2.0
"""The differences to the review before: new, changed and gone entitlements, and those that were revoked and are there again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from tests.unit.reviews.world import AS_OF, CONTRACTS, READ_AT, Row, company, contract, entry, write

from tieout.reviews.delta import Delta, compare_reviews

REVIEWS = contract("account_review.v2")


def items(folder: Path, *rows: Row) -> list[Row]:
    """Return items as they are frozen."""
    with company(*rows).frozen(folder) as found:
        return [row for system in ("erp", "idp") for row in found.rows(system).to_pylist()]


def decision(row: Row, said: str) -> Row:
    """Return what the review before came to for an item."""
    given = {
        "review_id": "before", "frozen_at": READ_AT, "due_at": READ_AT, "decision": said, "decided_by": "person",
        "decided_at": READ_AT, "decided_in_time": True, "second_asked": False, "item": "x", "orphaned": False,
        "assigned_reviewer": "x",
    }  # fmt: skip
    kept = {name: row[name] for name in ("system", "account", "entitlement", "account_kind")}
    return {**dict.fromkeys(REVIEWS.schema.names), **kept, "as_of": AS_OF, **given}


def compared(folder: Path, now: list[Row], before: list[Row], decided: list[Row], reviewed: tuple[str, ...] = ("idp",)) -> Delta:
    """Hold two reviews against each other."""
    paths = [
        write(folder, name, rows, schema)
        for name, rows, schema in (
            ("now", now, CONTRACTS.items),
            ("then", before, CONTRACTS.items),
            ("came_to", decided, REVIEWS),
        )
    ]
    return compare_reviews(*paths, (CONTRACTS.items, REVIEWS), reviewed, folder)


def test_what_is_new_changed_or_gone_is_listed_and_what_is_not_is_counted(tmp_path: Path) -> None:
    before = items(tmp_path, entry("same"), entry("other"), entry("gone"))
    now = items(tmp_path, entry("same", last_used_at=None), entry("other", mfa=None, privileged=True), entry("new"))
    found = compared(tmp_path, now, before, [])
    counts = {"new": 1, "changed": 1, "unchanged": 1, "gone": 1, "revoked_and_there": 0}
    assert found.counts == {"idp": counts}
    told = [tuple(row[name] for name in ("account", "difference", "changed", "decided_before")) for row in found.rows.to_pylist()]
    assert told == [("gone", "gone", None, None), ("new", "new", None, None), ("other", "changed", "privileged mfa", None)]


def test_what_was_revoked_and_is_there_is_listed_though_nothing_of_it_changed(tmp_path: Path) -> None:
    before = items(tmp_path, entry("back"), entry("kept"), entry("gone"))
    now = items(tmp_path, entry("back"), entry("kept"))
    decided = [decision(row, "keep" if row["account"] == "kept" else "revoke") for row in before]
    found = compared(tmp_path, now, before, decided)
    assert found.counts["idp"]["revoked_and_there"] == 1
    told = {row["account"]: (row["difference"], row["decided_before"]) for row in found.rows.to_pylist()}
    assert told == {"back": ("unchanged", "revoke"), "gone": ("gone", "revoke")}


def test_a_system_that_was_not_reviewed_before_is_left_out(tmp_path: Path) -> None:
    now = items(tmp_path, entry(), entry(system="erp"))
    found = compared(tmp_path, now, [], [], ())
    assert (found.counts, found.rows.num_rows) == ({}, 0)
    assert isinstance(found.rows, pa.Table)
