# SPDX-License-Identifier: Apache-2.0
"""Reconciliation: what matches, what does not, what can not be told; and no row gets lost between the counts and the list."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.contracts.things import contract_with, things

from tieout.audit.explanations import Explanation, alike, content_of, explain
from tieout.audit.reconciliation import Reconciled, Side, reconcile
from tieout.contracts.listing import row_keys
from tieout.contracts.odcs import LANDING_COLUMN, Contract, load_contract
from tieout.criteria.reconciliations import Reconciliation

MARCH = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
IN_MARCH, IN_APRIL, IN_FEBRUARY = "2026-03-05T14:30:00Z", "2026-04-02T00:00:00Z", "2026-02-27T00:00:00Z"
Run = Callable[..., Reconciled]


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """Return a contract with a column of every type."""
    return contract_with(tmp_path_factory.mktemp("contract"))


@pytest.fixture(scope="module")
def target(repository: Path) -> Contract:
    """Return the shipped contract of differences."""
    return load_contract(repository / "include/evidence_schemas/reconciliation_difference.v1.odcs.yaml")


def rule(**changed: Any) -> Reconciliation:
    """Return a rule that matches id with person, both directions counting."""
    said = {
        "id": "r", "system": "shop", "other": {"control": "c", "system": "s"}, "match": {"id": "person"},
        "only_here": "It's ours alone.", "only_there": "It's theirs alone.",
    }  # fmt: skip
    return Reconciliation.model_validate(said | changed)


@pytest.fixture
def run(contract: Contract, target: Contract, tmp_path: Path) -> Run:
    """Return what reconciles our ids with their persons in March, and holds the list against the counts."""

    def rows(landing: str, **columns: list[Any]) -> pa.Table:
        length = len(next(iter(columns.values())))
        columns.setdefault("id", [f"{landing}-{number}" for number in range(length)])
        table = things(contract, **columns) if length else things(contract).slice(0, 0)
        return table.append_column(LANDING_COLUMN, pa.array([landing] * table.num_rows, pa.string()))

    def one(
        ours: dict[str, list[Any]],
        theirs: dict[str, list[Any]],
        absent: tuple[str | None, str | None] = (None, None),
        **changed: Any,
    ) -> Reconciled:
        here, there = Side(rows("L", **ours), contract, "at", absent[0]), Side(rows("M", **theirs), contract, "at", absent[1])
        found = reconcile(here, there, rule(**changed), target, MARCH, "2026-03", tmp_path)
        assert found.second_count == found.rows.num_rows
        assert found.rows.schema == target.schema
        return found

    return one


def told(found: Reconciled) -> list[tuple[str, str, str | None]]:
    """Return side, kind and reference of each difference."""
    return [(row["side"], row["difference"], row["reference"]) for row in found.rows.to_pylist()]


def test_rows_that_match_leave_no_difference(run: Run) -> None:
    found = run({"id": ["a", "b"]}, {"person": ["b", "a"]})
    assert told(found) == []
    assert (found.here.rows, found.here.matched, found.there.rows, found.there.matched, found.equal) == (2, 2, 2, 2, 2)


def test_nothing_on_either_side_leaves_no_difference(run: Run) -> None:
    assert told(run({"id": []}, {"person": []})) == []


def test_a_row_that_matches_none_says_so_with_its_meaning_key_and_landing(run: Run, contract: Contract) -> None:
    found = run({"id": ["a", "b"]}, {"person": ["b", "c"]})
    assert told(found) == [("here", "only here", "a"), ("there", "only there", "c")]
    ours, theirs = found.rows.to_pylist()
    assert (ours["meaning"], theirs["meaning"]) == ("It's ours alone.", "It's theirs alone.")
    assert (ours["landing"], theirs["landing"]) == ("L", "M")
    assert ours["row_key"] == '{"system": "shop", "id": "a"}'
    assert ours["row_key"] == row_keys(things(contract, id=["a"]), contract.key)[0].as_py()
    assert ours["placed_at"] == datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
    assert (ours["system"], ours["reconciliation"], ours["window"]) == ("shop", "r", "2026-03")
    assert json.loads(theirs["row_values"]) == {"person": "c"}
    assert (ours["other_key"], ours["other_values"], ours["differing_columns"]) == (None, None, None)


@pytest.mark.parametrize(("direction", "kind"), [("only_here", "only there"), ("only_there", "only here")])
def test_a_direction_without_a_meaning_is_no_difference(run: Run, direction: str, kind: str) -> None:
    assert [each[1] for each in told(run({"id": ["a"]}, {"person": ["c"]}, **{direction: None}))] == [kind]


def test_many_rows_may_match_one_and_duplicates_are_no_difference(run: Run) -> None:
    found = run({"id": ["x", "y"], "person": ["p", "p"]}, {"person": ["p", "p", "p"]}, match={"person": "person"})
    assert (told(found), found.here.matched, found.there.matched) == ([], 2, 3)


def test_a_row_without_a_reference_is_never_matched_and_not_determinable(run: Run) -> None:
    nothing = ["", "no reference in here"]
    extract = {"person": r"\bPRJ-\d+\b"}
    ours, theirs = {"id": ["x", "y", "z"], "person": [*nothing, "done for PRJ-7"]}, {"person": [*nothing, "PRJ-7"]}
    found = run(ours, theirs, match={"person": "person"}, extract_here=extract, extract_there=extract)
    assert told(found) == [*[("here", "not determinable", None)] * 2, *[("there", "not determinable", None)] * 2]
    assert {row["differing_columns"] for row in found.rows.to_pylist()} == {"person"}
    assert (found.here.without_reference, found.there.without_reference, found.equal) == (2, 2, 1)


def test_blanks_alone_are_no_reference(run: Run) -> None:
    assert told(run({"id": ["x"], "person": ["   "]}, {"person": ["   "]}, match={"person": "person"}, only_there=None)) == [
        ("here", "not determinable", None)
    ]


def test_a_reference_is_the_first_find_or_its_one_group(run: Run) -> None:
    ours = {"id": ["x", "y"], "person": ["see #7 and #8", "see #9"]}
    found = run(ours, {"number": ["7", "8"]}, match={"person": "number"}, extract_here={"person": r"#(\d+)"})
    assert told(found) == [("here", "only here", "9"), ("there", "only there", "8")]


@pytest.mark.parametrize(("ignored", "differ"), [((), 4), (("case",), 2), (("case", "blanks"), 0)])
def test_case_and_blanks_tell_apart_unless_they_are_ignored(run: Run, ignored: tuple[str, ...], differ: int) -> None:
    assert len(told(run({"id": ["AB", "c d"]}, {"person": ["ab", "cd"]}, ignore=ignored))) == differ


def test_several_columns_match_together(run: Run) -> None:
    match = {"id": "person", "number": "number"}
    found = run({"id": ["a", "b", "c"], "number": ["1", "2", ""]}, {"person": ["a", "b"], "number": ["1", "3"]}, match=match)
    assert told(found) == [
        ("here", "only here", '["b","2"]'),
        ("here", "not determinable", None),
        ("there", "only there", '["b","3"]'),
    ]
    assert found.rows.to_pylist()[1]["differing_columns"] == "number"


def test_matched_rows_that_hold_other_values_differ_unless_one_partner_is_equal(run: Run) -> None:
    compare = {"number": "number", "done": "done"}
    theirs = {"person": ["a", "b", "b", "c"], "number": ["9", "1", "2", ""], "done": ["false", "true", "true", "true"]}
    found = run({"id": ["a", "b", "c"], "number": ["1", "2", ""]}, theirs, compare=compare)
    assert told(found) == [("here", "differs", "a")]
    [row] = found.rows.to_pylist()
    assert row["differing_columns"] == "number done"
    assert (row["other_landing"], json.loads(row["other_key"])["id"]) == ("M", "M-0")
    assert json.loads(row["row_values"]) == {"id": "a", "number": "1", "done": "true"}
    assert json.loads(row["other_values"]) == {"person": "a", "number": "9", "done": "false"}
    assert (found.here.matched, found.equal) == (3, 2)


def test_a_value_against_nothing_differs(run: Run) -> None:
    found = run({"id": ["a"], "number": [""]}, {"person": ["a"], "number": ["1"]}, compare={"number": "number"})
    assert told(found) == [("here", "differs", "a")]


def test_a_time_is_the_same_instant(run: Run) -> None:
    assert told(run({"id": ["a"], "at": [IN_MARCH]}, {"id": ["b"], "at": [IN_MARCH]}, match={"at": "at"})) == []


@pytest.mark.parametrize(
    ("theirs", "said", "differ"),
    [
        (IN_FEBRUARY, {}, 1),
        (IN_FEBRUARY, {"days_before": 5}, 0),
        (IN_APRIL, {"days_before": 5}, 1),
        (IN_APRIL, {"days_after": 2}, 0),
    ],
)
def test_a_partner_may_lie_some_days_outside_where_the_rule_says_so(
    run: Run, theirs: str, said: dict[str, int], differ: int
) -> None:
    assert [each[:2] for each in told(run({"id": ["a"]}, {"person": ["a"], "at": [theirs]}, **said))] == [
        ("here", "only here")
    ] * differ


def test_what_lies_outside_the_window_is_no_difference_itself(run: Run) -> None:
    outside = {"id": ["a"], "at": [IN_APRIL]}, {"person": ["b"], "at": [IN_FEBRUARY]}
    assert told(run(*outside, days_before=5, days_after=5)) == []


def test_ours_after_the_window_match_theirs_inside_it_that_may_lie_before(run: Run) -> None:
    ours, theirs = {"id": ["a"], "at": [IN_APRIL]}, {"person": ["a"]}
    assert told(run(ours, theirs, days_before=5)) == []
    assert told(run(ours, theirs)) == [("there", "only there", "a")]


def test_what_matches_nothing_while_the_other_side_is_not_whole_can_not_be_told(run: Run) -> None:
    found = run({"id": ["a", "b"]}, {"person": ["b", "c"]}, (None, "Window 2026-03 has not landed."))
    assert told(found) == [("here", "not determinable", "a"), ("there", "only there", "c")]
    row = found.rows.to_pylist()[0]
    assert (row["meaning"], row["differing_columns"]) == ("Window 2026-03 has not landed.", None)


def test_files_are_read_as_they_landed_and_a_column_that_they_have_not_yet_is_null(
    contract: Contract, target: Contract, tmp_path: Path
) -> None:
    old = things(contract, id=["a"]).drop_columns(["number"]).append_column(LANDING_COLUMN, pa.array(["L"]))
    new = things(contract, id=["b"], number=["7"]).append_column(LANDING_COLUMN, pa.array(["L2"]))
    paths = [tmp_path / name for name in ("it's old.parquet", "new.parquet")]
    for path, table in zip(paths, (old, new), strict=True):
        pq.write_table(table, path)
    other = things(contract, id=["x"], number=["7"]).append_column(LANDING_COLUMN, pa.array(["M"]))
    for files, differ in ((paths, [("a", "not determinable")]), (paths[:1], [("a", "not determinable"), ("x", "only there")])):
        sides = Side(files, contract, "at"), Side(other, contract, "at")
        found = reconcile(*sides, rule(match={"number": "number"}), target, MARCH, "2026-03", tmp_path)
        assert [(json.loads(row["row_key"])["id"], row["difference"]) for row in found.rows.to_pylist()] == differ


def test_a_side_of_which_nothing_has_landed_leaves_everything_undetermined(
    contract: Contract, target: Contract, tmp_path: Path
) -> None:
    ours = things(contract, id=["a"]).append_column(LANDING_COLUMN, pa.array(["L"]))
    sides = Side(ours, contract, "at"), Side([], contract, "at", "Window 2026-03 has not landed.")
    found = reconcile(*sides, rule(), target, MARCH, "2026-03", tmp_path)
    assert [(row["difference"], row["meaning"]) for row in found.rows.to_pylist()] == [("not determinable", sides[1].absent)]


def test_a_key_that_landed_twice_counts_once(contract: Contract, target: Contract, tmp_path: Path) -> None:
    twice = things(contract, id=["a", "a"]).append_column(LANDING_COLUMN, pa.array(["L2", "L1"]))
    nothing = things(contract).slice(0, 0).append_column(LANDING_COLUMN, pa.array([], pa.string()))
    found = reconcile(Side(twice, contract, "at"), Side(nothing, contract, "at"), rule(), target, MARCH, "2026-03", tmp_path)
    assert [row["landing"] for row in found.rows.to_pylist()] == ["L1"]
    assert (found.here.rows, found.second_count) == (1, 1)


def test_keys_with_quotes_and_line_feeds_are_written_as_elsewhere(run: Run, contract: Contract) -> None:
    names = ['say "so"', "back\\slash", "two\nlines", "é"]
    keys = row_keys(things(contract, id=names), contract.key).to_pylist()
    assert sorted(row["row_key"] for row in run({"id": names}, {"person": []}).rows.to_pylist()) == sorted(keys)


def test_an_explanation_of_a_row_holds_as_long_as_the_row_and_its_partner_say_the_same(run: Run) -> None:
    compare = {"number": "number"}

    def differing(ours: str, theirs: str, **more: Any) -> dict[str, Any]:
        found = run({"id": ["a"], "number": [ours], **more}, {"person": ["a"], "number": [theirs]}, compare=compare)
        return dict(found.rows.to_pylist()[0])

    row = differing("1", "2")
    said = Explanation("A typo.", content=content_of(row))
    assert said.covers(differing("1", "2"), "T9")
    assert not said.covers(differing("1", "3"), "T9")
    assert not said.covers(differing("1", "2", ratio=["0.75"]), "T9"), "another column of the row changed"
    assert content_of(row) != content_of(dict(run(
        {"id": ["a"], "number": ["1"]}, {"person": ["a"], "number": ["2"]}, compare=compare, id="another").rows.to_pylist()[0]
    ))  # fmt: skip


def test_rows_that_differ_alike_are_explained_together(run: Run) -> None:
    ours = {"id": ["x", "y", "z"], "person": ["", "", "p"]}
    rows = run(ours, {"person": []}, match={"person": "person"}).rows.to_pylist()
    said = Explanation.stated(
        "No tickets then.", {"landing": "T1", "difference": "not determinable", "differing_columns": "person"}
    )
    assert [reason for _, reason in explain(rows, "T1", [said])] == ["No tickets then.", "No tickets then.", None]
    assert [reason for _, reason in explain(rows, "T2", [said])] == [None] * 3
    assert {alike(row) for row in rows} == {("not determinable", "person"), ("only here", None)}
