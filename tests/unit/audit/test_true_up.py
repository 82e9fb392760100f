# SPDX-License-Identifier: Apache-2.0
"""True-up: what landed against what the source has now; each difference is a row, and is explained as it is or not at all."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.contracts.things import contract_with, things

from tieout.audit.explanations import Explanation, content_of, explain
from tieout.audit.true_up import LANDING_COLUMN, Compared, as_json, compare
from tieout.contracts.odcs import Contract, load_contract

MARCH, APRIL = "2026-03-05T14:30:00Z", "2026-04-01T00:00:00Z"


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """Return a contract with a column of every type."""
    return contract_with(tmp_path_factory.mktemp("contract"))


@pytest.fixture(scope="module")
def target(repository: Path) -> Contract:
    """Return the shipped contract of differences."""
    return load_contract(repository / "include/evidence_schemas/true_up_difference.v1.odcs.yaml")


def landed(contract: Contract, names: list[str], landings: list[str] | None = None, **columns: list[Any]) -> pa.Table:
    """Return rows as they landed."""
    rows = things(contract, id=names, **columns) if names else things(contract).slice(0, 0)
    return rows.append_column(LANDING_COLUMN, pa.array(landings or ["L1"] * len(names), pa.string()))


def now(contract: Contract, names: list[str], **columns: list[Any]) -> pa.Table:
    """Return rows as the source has them now."""
    return landed(contract, names, **columns).drop_columns([LANDING_COLUMN])


def compared(before: pa.Table, after: pa.Table, contract: Contract, target: Contract) -> Compared:
    """Compare, with months as windows."""
    return compare(before, after, contract, "at", lambda at: f"{at:%Y-%m}", target)


def key(name: str) -> str:
    """Return a row's key."""
    return json.dumps({"system": "shop", "id": name})


def test_the_same_rows_in_another_order_leave_no_difference(contract: Contract, target: Contract) -> None:
    found = compared(
        landed(contract, ["a", "b", "c"], number=["1", "2", "3"]),
        now(contract, ["c", "a", "b"], number=["3", "1", "2"]),
        contract,
        target,
    )
    assert (found.rows.num_rows, found.before, found.after, found.matched, found.changed) == (0, 3, 3, 3, 0)
    assert found.rows.schema == target.schema
    assert found.second_count == 0


def test_nothing_on_either_side_leaves_no_difference(contract: Contract, target: Contract) -> None:
    found = compared(landed(contract, []), now(contract, []), contract, target)
    assert (found.rows.num_rows, found.before, found.after, found.second_count) == (0, 0, 0, 0)


def test_a_row_that_came_vanished_or_changed_is_a_row_by_key(contract: Contract, target: Contract) -> None:
    before = landed(contract, ["stays", "gone", "other"], ["L1", "L1", "L2"], number=["1", "2", "3"], at=[MARCH] * 3)
    after = now(contract, ["new", "other", "stays"], number=["9", "4", "1"], at=[APRIL, APRIL, MARCH])
    found = compared(before, after, contract, target)
    assert (found.before, found.after, found.matched, found.changed, found.second_count) == (3, 3, 2, 1, 3)
    gone, new, other = found.rows.to_pylist()
    assert [each["row_key"] for each in (gone, new, other)] == [key("gone"), key("new"), key("other")]
    assert [each["difference"] for each in (gone, new, other)] == ["vanished", "added", "changed"]
    assert [each["landing"] for each in (gone, new, other)] == ["L1", None, "L2"]
    assert [each["window"] for each in (gone, new, other)] == ["2026-03", "2026-04", "2026-04"]
    assert new["placed_at"] == datetime(2026, 4, 1, tzinfo=UTC)
    assert (other["changed_columns"], json.loads(other["before"]), json.loads(other["after"])) == (
        "number at",
        {"number": 3, "at": "2026-03-05T14:30:00.000000Z"},
        {"number": 4, "at": "2026-04-01T00:00:00.000000Z"},
    )
    assert {each["evidence_type"] for each in (gone, new, other)} == {"thing.v1"}


def test_a_whole_row_stands_on_the_side_that_has_it(contract: Contract, target: Contract) -> None:
    found = compared(landed(contract, ["gone"]), now(contract, ["new"]), contract, target).rows.to_pylist()
    gone, new = found
    assert (gone["after"], new["before"]) == (None, None)
    assert (gone["changed_columns"], new["changed_columns"]) == (None, None)
    assert json.loads(gone["before"]) == {
        "system": "shop",
        "id": "gone",
        "number": 2,
        "ratio": 0.5,
        "done": True,
        "at": "2026-03-05T14:30:00.000000Z",
        "day": "2026-03-05",
        "person": "ann@example.com",
    }
    assert json.loads(new["after"]).keys() == json.loads(gone["before"]).keys()


@pytest.mark.parametrize(("then", "since"), [("7", ""), ("", "7"), ("7", "8")])
def test_a_value_that_came_or_went_is_a_change(then: str, since: str, contract: Contract, target: Contract) -> None:
    found = compared(landed(contract, ["a"], number=[then]), now(contract, ["a"], number=[since]), contract, target)
    [row] = found.rows.to_pylist()
    assert (row["difference"], row["changed_columns"], found.changed) == ("changed", "number", 1)
    assert json.loads(row["before"]) == {"number": int(then) if then else None}
    assert json.loads(row["after"]) == {"number": int(since) if since else None}


def test_two_nulls_are_no_change(contract: Contract, target: Contract) -> None:
    found = compared(landed(contract, ["a"], number=[""]), now(contract, ["a"], number=[""]), contract, target)
    assert (found.rows.num_rows, found.changed) == (0, 0)


@pytest.mark.parametrize("column", ["number", "ratio", "done", "day", "person"])
def test_a_change_in_a_column_of_any_type_is_found(column: str, contract: Contract, target: Contract) -> None:
    other = {"number": "77", "ratio": "0.25", "done": "false", "day": "2026-03-06", "person": "ben@example.com"}[column]
    found = compared(landed(contract, ["a", "b"]), now(contract, ["a", "b"], **{column: [other] * 2}), contract, target)
    assert [row["changed_columns"] for row in found.rows.to_pylist()] == [column, column]


def test_a_key_that_landed_twice_counts_as_it_landed_first(contract: Contract, target: Contract) -> None:
    before = landed(contract, ["a", "b", "a"], ["L1", "L1", "L2"], number=["1", "2", "9"])
    found = compared(before, now(contract, ["a", "b"], number=["1", "2"]), contract, target)
    assert (found.before, found.rows.num_rows) == (2, 0)
    [row] = compared(before, now(contract, ["a", "b"], number=["9", "2"]), contract, target).rows.to_pylist()
    assert (row["landing"], json.loads(row["before"])) == ("L1", {"number": 1})


def test_a_source_that_was_emptied_leaves_every_row_vanished(contract: Contract, target: Contract) -> None:
    found = compared(landed(contract, ["a", "b"]), now(contract, []), contract, target)
    assert [row["difference"] for row in found.rows.to_pylist()] == ["vanished", "vanished"]
    assert found.second_count == found.rows.num_rows


def test_values_that_json_has_not_are_written_as_text() -> None:
    row = {
        "at": datetime(2026, 3, 5, tzinfo=UTC),
        "day": date(2026, 3, 5),
        "text": "é",
        "none": None,
        "yes": True,
        "n": 1,
        "f": 0.5,
    }
    assert as_json(row, row) == (
        '{"at": "2026-03-05T00:00:00.000000Z", "day": "2026-03-05", "text": "é", "none": null, "yes": true, "n": 1, "f": 0.5}'
    )
    assert as_json(row, ["n"]) == '{"n": 1}'


def difference(name: str = "a", kind: str = "changed", columns: str | None = "number", after: str = "2") -> dict[str, Any]:
    """Return a difference."""
    said = {"system": "shop", "row_key": key(name), "difference": kind, "changed_columns": columns}
    return {**said, "before": "1", "after": after, "placed_at": None, "landing": "L1"}


def test_an_explanation_of_one_row_covers_it_as_it_differed_then_and_no_other_change_of_it() -> None:
    row = difference()
    said = Explanation("A typo was corrected.", content=content_of(row))
    assert said.covers(row, "T1")
    assert said.covers({**row, "landing": "L9", "placed_at": 1}, "T2"), "where it stands is no part of what it says"
    assert not said.covers(difference(after="3"), "T1")
    assert not said.covers(difference("b"), "T1")


def test_an_explanation_of_rows_that_differ_alike_covers_those_of_its_true_up() -> None:
    said = Explanation("Renumbered.", landing="T1", difference="changed", columns="number")
    assert said.covers(difference("a"), "T1")
    assert said.covers(difference("b", after="9"), "T1")
    assert not said.covers(difference(), "T2")
    assert not said.covers(difference(columns="number at"), "T1")
    assert not said.covers(difference(kind="added", columns=None), "T1")


def test_the_last_explanation_of_a_row_comes_before_any_of_its_kind() -> None:
    rows = [difference("a"), difference("b"), difference("c", kind="added", columns=None)]
    kind = [Explanation(text, landing="T1", difference="changed", columns="number") for text in ("kind 1", "kind 2")]
    own = [Explanation(text, content=content_of(rows[0])) for text in ("own 1", "own 2")]
    for said in ([*own, *kind], [*kind, *own], [own[0], kind[0], own[1], kind[1]]):
        assert [reason for _, reason in explain(rows, "T1", said)] == ["own 2", "kind 2", None]
    assert [reason for _, reason in explain(rows, "T2", [*own, *kind])] == ["own 2", None, None]
    assert [row for row, _ in explain(rows, "T1", [])] == rows
