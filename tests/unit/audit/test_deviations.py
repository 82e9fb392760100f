# SPDX-License-Identifier: Apache-2.0
"""Deviations: what they are about makes their id, and a fold over append-only answers their state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.audit.deviations import Answer, Deviation, DeviationKind, DeviationState, Given, Observed, fold, merge
from tieout.contracts.odcs import contract_file, load_contract

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
ROW = Observed(
    control="cc8_1", system="shop", kind=DeviationKind.RULE_NOT_MET, evidence_type="change_record.v1", rule="pull_request",
    row_key='{"system": "shop", "sha": "a"}', window="2026-03", reason="A pull request.", landing="shop-1", document="m/1",
)  # fmt: skip
LATE = Observed(control="cc6_2", system="idp", kind=DeviationKind.LATE, performance="2026-Q1", reason="Due 2026-04-15.")
OBSERVED = {each.id: each for each in (ROW, LATE)}


def answer(response: str, *about: Observed, hours: int = 0, by: str = "CTO", **said: Any) -> Given:
    """Return an answer to some deviations."""
    kinds: dict[str, list[str]] = {}
    for each in about:
        kinds.setdefault(each.kind.value, []).append(each.id)
    return Given(response, AT + timedelta(hours=hours), by, f"r/{response}", Answer.model_validate({"about": kinds, **said}))


def of(observed: Observed, *given: Given) -> Deviation:
    """Return what a deviation has come to."""
    return next(each for each in fold({**OBSERVED, observed.id: observed}, given) if each.id == observed.id)


def test_without_an_answer_each_is_potential_open_and_counts_against_its_own_control() -> None:
    for each in fold(OBSERVED, ()):
        assert (each.state, each.is_open, each.history) == (DeviationState.POTENTIAL, True, ())
        assert each.against_control == each.observed.control


def test_the_id_is_over_what_it_is_about_and_not_over_what_shows_it() -> None:
    same = replace(ROW, landing="shop-2", document="m/2", window="2026-04", reason="Other words.", kind=DeviationKind.LATE)
    assert same.id == ROW.id
    for changed in ({"control": "x"}, {"system": "x"}, {"evidence_type": "x"}, {"rule": "x"}, {"row_key": "x"}):
        other: dict[str, Any] = changed
        assert replace(ROW, **other).id != ROW.id
    assert replace(LATE, performance="2026-Q2").id != LATE.id
    assert (len(ROW.id), ROW.id.isalnum()) == (32, True)


def test_a_row_that_two_landings_show_is_one_deviation_that_occurs_twice() -> None:
    moved = replace(ROW, window="2026-04", landing="shop-2")
    assert merge([ROW, moved], []) == {ROW.id: replace(moved, occurrences=2)}


def test_what_nothing_shows_any_more_is_listed_and_neither_counted_nor_open() -> None:
    found = merge([LATE], [ROW, replace(ROW, landing="older"), replace(LATE, kind=DeviationKind.NOT_PERFORMED)])
    assert found == {LATE.id: LATE, ROW.id: replace(ROW, in_evidence=False, occurrences=0)}
    [gone] = [each for each in fold(found, ()) if each.id == ROW.id]
    assert (gone.is_open, gone.state) == (False, DeviationState.POTENTIAL)


def test_an_answer_sets_what_it_says_and_leaves_the_rest() -> None:
    first = answer("1", ROW, state="confirmed", disposition="Fixed.", root_cause="A push.", owner="CTO", due="2026-09-01")
    retest = {"what": "March again", "on": "2026-08-01", "result": "met"}
    second = answer("2", ROW, hours=1, disposition="Closed.", against_control="cc6_2", retest=retest)
    found = of(ROW, second, first)
    assert (found.state, found.disposition, found.root_cause) == (DeviationState.CONFIRMED, "Closed.", "A push.")
    assert (found.owner, found.due, found.against_control) == ("CTO", date(2026, 9, 1), "cc6_2")
    assert found.retest is not None
    assert (found.retest.what, found.retest.result) == ("March again", "met")
    assert [each.response for each in found.history] == ["1", "2"]
    assert found.concerns("cc6_2")
    assert found.concerns("cc8_1")
    assert not found.is_open


def test_management_may_change_its_mind_and_history_stays() -> None:
    said = [answer("1", ROW, state="confirmed", disposition="Yes."), answer("2", ROW, hours=1, state="not confirmed")]
    found = of(ROW, *said)
    assert (found.state, found.disposition, len(found.history)) == (DeviationState.NOT_CONFIRMED, "Yes.", 2)


def test_answers_of_one_instant_are_ordered_by_their_id() -> None:
    said = [answer(name, ROW, state="confirmed", disposition=name) for name in ("b", "a", "c")]
    assert {of(ROW, *each).disposition for each in permutations(said)} == {"c"}


def test_a_rule_counts_against_the_control_that_the_file_names_until_an_answer_names_another() -> None:
    against = {("cc8_1", "pull_request"): "cc6_2", ("cc8_1", None): "x", ("cc6_2", "pull_request"): "x"}
    [late, row] = fold(OBSERVED, (), against)
    assert (late.against_control, row.against_control) == ("cc6_2", "cc6_2")
    assert row.concerns("cc6_2")
    assert (late.observed.control, row.observed.control, row.id) == ("cc6_2", "cc8_1", ROW.id)
    said = answer("1", ROW, against_control="cc8_1")
    assert [each.against_control for each in fold(OBSERVED, [said], against)] == ["cc6_2", "cc8_1"]


def test_an_answer_to_one_that_was_missed_says_nothing_about_one_that_was_late() -> None:
    missed = replace(LATE, kind=DeviationKind.NOT_PERFORMED)
    said = answer("1", missed, state="confirmed", disposition="Missed.", owner="IT")
    assert of(missed, said).state is DeviationState.CONFIRMED
    late = of(LATE, said)
    assert (late.state, late.owner, late.is_open, len(late.history)) == (DeviationState.POTENTIAL, None, True, 1)


def test_one_answer_is_about_many_of_several_kinds() -> None:
    found = fold(OBSERVED, [answer("1", ROW, LATE, state="confirmed", disposition="Both.")])
    assert {each.disposition for each in found} == {"Both."}


def test_a_state_without_a_disposition_leaves_it_open() -> None:
    assert of(ROW, answer("1", ROW, state="confirmed")).is_open
    assert of(ROW, answer("1", ROW, disposition="We look into it.")).is_open


@pytest.mark.parametrize(
    "said", [{"state": "potential"}, {"state": "excused"}, {"retest": {"what": "x"}}, {"sample": 1}, {"due": "soon"}]
)
def test_an_answer_that_can_not_be_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        answer("1", ROW, **said)


def test_the_row_is_the_contracts(repository: Path) -> None:
    contract = load_contract(contract_file(repository / "include" / "evidence_schemas", "deviation.v1"))
    retest = {"what": "again", "on": "2026-08-01", "result": "not met"}
    found = of(ROW, answer("1", ROW, state="confirmed", disposition="Fixed.", retest=retest))
    row = found.as_row()
    assert sorted(row) == sorted(column.name for column in contract.columns)
    assert all(row[column.name] is not None for column in contract.columns if column.required)
    assert (row["state"], row["retest_result"], row["last_response_by"], row["responses"]) == ("confirmed", "not met", "CTO", 1)


TEXTS = st.sampled_from(["", "Fixed.", "Nothing."])
STATES = st.sampled_from([None, "confirmed", "not confirmed"])


@given(st.lists(st.tuples(STATES, TEXTS, st.integers(0, 3), st.booleans()), max_size=6), st.randoms())
def test_no_answer_in_any_order_changes_which_deviations_there_are(steps: list[tuple[Any, str, int, bool]], order: Any) -> None:
    said = [
        answer(str(number), ROW, *([LATE] if both else []), hours=hours, state=state, disposition=text or None)
        for number, (state, text, hours, both) in enumerate(steps)
    ]
    shuffled = order.sample(said, len(said))
    found = fold(OBSERVED, shuffled)
    assert {each.id: each.observed for each in found} == OBSERVED
    assert found == fold(OBSERVED, said)
