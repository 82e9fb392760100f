# SPDX-License-Identifier: Apache-2.0
"""Risk acceptances cover from their first day to their last, take nothing away, and say when they have expired."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.audit.test_deviations import LATE, OBSERVED, ROW

from tieout.audit.deviations import DeviationState, fold
from tieout.audit.risk_acceptances import AcceptanceState, Accepted, RiskAcceptance, cover
from tieout.contracts.odcs import contract_file, load_contract

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAY = date(2026, 7, 1)
DEVIATIONS = fold(OBSERVED, ())


def acceptance(
    name: str, first: str = "2026-06-01", last: str = "2026-12-31", control: str = "cc8_1", **said: Any
) -> RiskAcceptance:
    """Return an acceptance; by default of the rule that a row does not meet."""
    about = said or {"rule": "pull_request"}
    values = {"owner": "CTO", "approver": "CEO", "reason": "Small.", "accepted_on": first, "expires_on": last, **about}
    return RiskAcceptance(name, control, Accepted.model_validate(values), AT, "CTO", f"r/{name}")


def covered(*acceptances: RiskAcceptance, day: date = DAY) -> dict[str, tuple[str | None, str | None]]:
    """Return which acceptance each deviation has, and its state."""
    return {each.id: (each.acceptance, each.acceptance_state) for each in cover(DEVIATIONS, acceptances, day)}


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 5, 31), AcceptanceState.NOT_YET),
        (date(2026, 6, 1), AcceptanceState.IN_FORCE),
        (date(2026, 12, 31), AcceptanceState.IN_FORCE),
        (date(2027, 1, 1), AcceptanceState.EXPIRED),
    ],
)
def test_both_days_are_included_and_an_expired_one_says_so(day: date, state: AcceptanceState) -> None:
    assert acceptance("a").state(day) is state
    assert covered(acceptance("a"), day=day)[ROW.id] == ("a", state.value)


def test_a_covered_deviation_stays_what_it_is() -> None:
    for each in cover(DEVIATIONS, [acceptance("a"), acceptance("b", control="cc6_2", deviations=[LATE.id])], DAY):
        assert (each.state, each.is_open, each.acceptance_state) == (DeviationState.POTENTIAL, True, "in force")


def test_it_covers_a_rule_of_its_own_control_or_what_it_names() -> None:
    assert covered(acceptance("a")) == {ROW.id: ("a", "in force"), LATE.id: (None, None)}
    assert covered(acceptance("a", control="cc6_2")) == {ROW.id: (None, None), LATE.id: (None, None)}
    assert covered(acceptance("a", control="cc6_2", deviations=[LATE.id]))[LATE.id] == ("a", "in force")
    assert covered(acceptance("a", control="cc6_2", deviations=[ROW.id]))[ROW.id] == (None, None)
    assert acceptance("a").names(next(each for each in DEVIATIONS if each.id == ROW.id))


def test_the_one_in_force_comes_before_those_that_are_not() -> None:
    old, now, later = (
        acceptance("old", last="2026-06-30"),
        acceptance("now", last="2026-08-01"),
        acceptance("later", first="2026-10-01"),
    )
    assert covered(old, later, now)[ROW.id] == ("now", "in force")
    assert covered(later, old)[ROW.id] == ("old", "expired")
    assert covered(later)[ROW.id] == ("later", "not yet in force")
    assert covered(now, acceptance("long"))[ROW.id] == ("long", "in force")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"rule": "a", "deviations": ["b"]}, "expected a rule or deviations, and not both"),
        ({"deviations": []}, "expected a rule or deviations"),
        ({"rule": "a", "expires_on": "2026-05-31"}, "expected it to expire on 2026-06-01 or later, got 2026-05-31"),
        ({"rule": "a", "until_fixed": "yes"}, "Extra inputs"),
    ],
)
def test_one_that_does_not_fit_together_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        acceptance("a", **said)


def test_the_row_is_the_contracts(repository: Path) -> None:
    contract = load_contract(contract_file(repository / "include" / "evidence_schemas", "risk_acceptance.v1"))
    row = acceptance("a").as_row("shop", [each for each in DEVIATIONS if each.id == ROW.id], DAY)
    assert sorted(row) == sorted(column.name for column in contract.columns)
    assert all(row[column.name] is not None for column in contract.columns if column.required)
    assert (row["deviations"], row["state"], row["recorded_by"]) == (1, "in force", "CTO")
