# SPDX-License-Identifier: Apache-2.0
"""Reconciliations in a control's file: what has to be said, and which days of each side they need."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.criteria.axes import make_control

from tieout.criteria.reconciliations import Reconciliation
from tieout.errors import ConfigurationError

SAID: dict[str, Any] = {
    "id": "tickets", "system": "shop", "other": {"control": "cc8_1_tickets", "system": "tool"},
    "match": {"pull_request": "case_id"}, "only_here": "There is no ticket.",
}  # fmt: skip
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


def rule(**changed: Any) -> Reconciliation:
    """Return a reconciliation."""
    return Reconciliation.model_validate(SAID | changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"only_here": None}, "expected only_here, only_there or both, with what it means"),
        ({"match": {}}, "at least 1 item"),
        ({"extract_here": {"case_id": "x"}}, "extract_here: expected columns of match (pull_request), got case_id"),
        ({"extract_there": {"pull_request": "x"}}, "extract_there: expected columns of match (case_id), got pull_request"),
        ({"extract_here": {"pull_request": "("}}, "no regular expression"),
        ({"extract_here": {"pull_request": "(a)(b)"}}, "expected at most one group, which is the reference, found 2"),
        ({"ignore": ["accents"]}, "'case' or 'blanks'"),
        ({"days_before": 93}, "less than or equal to 92"),
        ({"id": "the tickets"}, "it becomes part of object keys"),
    ],
)
def test_what_can_not_be_meant_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        rule(**changed)


def test_two_of_a_control_have_two_ids() -> None:
    with pytest.raises(ValidationError, match="two reconciliations share an id: tickets"):
        make_control(reconciliations=[SAID, SAID])


def test_one_is_found_by_its_id_or_those_there_are_are_named() -> None:
    control = make_control(reconciliations=[SAID])
    assert control.reconciliation("tickets") == rule()
    with pytest.raises(ConfigurationError, match=r"no reconciliation .ticket. in this control\. Its reconciliations: tickets"):
        control.reconciliation("ticket")


def test_theirs_are_needed_around_the_window_and_ours_only_where_theirs_are_judged() -> None:
    around = datetime(2026, 2, 22, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)
    assert rule(days_before=7, days_after=2).spans(START, END) == ((START, END), around)
    both = rule(days_before=7, days_after=2, only_there="No change.").spans(START, END)
    assert both == ((datetime(2026, 2, 27, tzinfo=UTC), datetime(2026, 4, 8, tzinfo=UTC)), around)
    assert rule(only_there="No change.").spans(START, END) == ((START, END), (START, END))
