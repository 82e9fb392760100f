# SPDX-License-Identifier: Apache-2.0
"""Who approved a ticket and when it was done, from any history that Jira can give."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tieout.collectors.jira_history import Approval, answered_approvals, course, name_of, parse_time

CREATED = datetime(2026, 3, 1, 9, tzinfo=UTC)
ANN, BEN = {"accountId": "a", "emailAddress": "ann@example.com"}, {"accountId": "b"}


def moved(day: int, to: str, by: dict[str, Any] | None = BEN, field: str = "status") -> dict[str, Any]:
    """Return an entry of a history."""
    item = {"field": field, "fieldId": field, "fromString": "x", "toString": to}
    return {"created": f"2026-03-{day:02}T10:00:00.000+0100", "author": by, "items": [item]}


def at(day: int) -> datetime:
    """Return when that was."""
    return datetime(2026, 3, day, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "histories", "approved_at", "done_at", "before"),
    [
        ("Done", [moved(2, "Approved"), moved(3, "Done")], at(2), at(3), True),
        ("Done", [moved(3, "Done"), moved(2, "Approved")], at(2), at(3), True),
        ("Done", [moved(3, "Done"), moved(4, "Approved"), moved(5, "Approved")], at(4), at(3), False),
        ("Done", [moved(3, "Done")], None, at(3), False),
        ("Approved", [moved(2, "Approved")], at(2), None, None),
        ("To Do", [], None, None, None),
        ("Done", [], None, CREATED, False),
        ("Done", [moved(2, "Approved"), moved(3, "Done"), moved(4, "To Do"), moved(6, "Done")], at(2), at(6), True),
        ("To Do", [moved(2, "Approved"), moved(3, "Done"), moved(4, "To Do")], at(2), None, None),
        ("Closed", [moved(2, "Approved"), moved(3, "Done"), moved(5, "Closed"), moved(4, "Approved")], at(4), at(5), True),
        ("Done", [moved(2, "Approved", field="resolution"), moved(3, "Done")], None, at(3), False),
    ],
)
def test_approval_and_end(
    status: str, histories: list[Any], approved_at: datetime | None, done_at: datetime | None, before: bool | None
) -> None:
    found = course(status, CREATED, histories, "Approved", ("Done", "Closed"))
    assert (found.approval.at if found.approval else None, found.done_at) == (approved_at, done_at)
    assert found.approved_before_done() is before


@pytest.mark.parametrize(
    ("approver", "reporter", "expected"),
    [(ANN, ANN, True), (ANN, BEN, False), (None, BEN, None), (ANN, None, None), (ANN | {"emailAddress": "x"}, ANN, True)],
)
def test_people_are_compared_by_account(approver: Any, reporter: Any, expected: bool | None) -> None:
    found = course("Done", CREATED, [moved(2, "Approved", approver), moved(3, "Done")], "Approved", ("Done",))
    assert found.approver_is(reporter) is expected
    assert course("Done", CREATED, [moved(3, "Done")], "Approved", ("Done",)).approver_is(reporter) is None


def test_only_changes_of_the_status_are_transitions() -> None:
    several = {**moved(2, "In Progress"), "items": [*moved(2, "In Progress")["items"], *moved(2, "x", field="labels")["items"]]}
    assert course("Done", CREATED, [several, moved(3, "Done")], "Approved", ("Done",)).transitions == 2


def test_answered_approvals_of_service_management_count() -> None:
    given = {
        "finalDecision": "approved",
        "completedDate": {"epochMillis": int(at(2).timestamp() * 1000)},
        "approvers": [{"approver": ANN, "approverDecision": "approved"}, {"approver": BEN, "approverDecision": "pending"}],
    }
    field = [given, {**given, "finalDecision": "declined"}, {"finalDecision": "pending", "completedDate": None}]
    approvals = answered_approvals(field)
    assert approvals == [Approval(at(2), ANN)]
    assert course("Done", CREATED, [moved(3, "Done")], "Approved", ("Done",), approvals).approved_before_done() is True
    assert answered_approvals(None) == []
    assert answered_approvals([{**given, "approvers": []}]) == [Approval(at(2), None)]


def test_times_and_names_as_jira_gives_them() -> None:
    assert parse_time("2026-03-05T15:30:00.000+0100") == datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
    assert [name_of(each) for each in (ANN, BEN, None)] == ["ann@example.com", "b", None]
