# SPDX-License-Identifier: Apache-2.0
"""What landed rows say about performances, in local days, as of when they were collected."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.criteria.axes import make_control

from tieout.criteria.calendar import Allowance, BusinessCalendar, Calendar
from tieout.criteria.controls import Control
from tieout.errors import ContractError
from tieout.flows.performed import MAX_PERFORMANCES, Performed, due_days, local_days

BERLIN = Calendar(ZoneInfo("Europe/Berlin"), BusinessCalendar(holidays=(date(2026, 4, 3), date(2026, 4, 6))))
STAMP = pa.timestamp("us", tz="UTC")
COLLECTED = datetime(2026, 4, 8, 12, tzinfo=UTC)
REVIEWS = {"unit": "one decision", "inclusion_date_field": "decided_at", "performance_field": "review_id", "exclusions": "none"}
LEAVERS = make_control(
    "per_event",
    frequency={"within": {"days": 1, "count": "business"}, "performed_field": "done_at", "event_field": "left_at"},
    thresholds=[{"name": "days", "value": 1, "unit": "business days", "policy": "Access", "section": "3", "policy_version": "1"}],
)


def at(text: str | None) -> datetime | None:
    """Return an instant in UTC."""
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


def decisions(*rows: tuple[str, str | None]) -> pa.Table:
    """Return decisions: review and time."""
    return pa.table(
        {
            "review_id": pa.array([row[0] for row in rows], pa.string()),
            "decided_at": pa.array([at(row[1]) for row in rows], STAMP),
        }
    )


def leavers(*rows: tuple[str | None, str | None]) -> pa.Table:
    """Return leavers: when each left, and when the access was gone."""
    return pa.table(
        {
            "left_at": pa.array([at(row[0]) for row in rows], STAMP),
            "done_at": pa.array([at(row[1]) for row in rows], STAMP),
        }
    )


def performed(control: Control, rows: pa.Table, calendar: Calendar, collected_at: datetime) -> dict[str, Any]:
    """Return what rows say that come at once."""
    fold = Performed(control, calendar, collected_at)
    fold.add(rows)
    return fold.said()


def shown(control: Control, rows: pa.Table) -> list[dict[str, str]]:
    """Return the performances that rows show."""
    said = performed(control, rows, BERLIN, COLLECTED)
    assert said["events"] is None
    found: list[dict[str, str]] = said["shown"]
    return found


def test_rows_of_one_review_are_one_performance_on_the_local_day_of_the_last() -> None:
    control = make_control(population=REVIEWS)
    rows = decisions(
        ("R-2", "2026-03-30T10:00"), ("R-1", "2026-03-05T10:00"), ("R-2", "2026-03-31T22:30"), ("R-2", "2026-03-02T10:00")
    )
    assert shown(control, rows) == [{"name": "R-1", "on": "2026-03-05"}, {"name": "R-2", "on": "2026-04-01"}]


def test_without_a_name_the_rows_of_one_local_day_are_one_performance() -> None:
    rows = decisions(("a", "2026-03-05T10:00"), ("b", "2026-03-05T22:59"), ("c", "2026-03-05T23:00"))
    assert shown(make_control(), rows) == [{"name": "2026-03-05", "on": "2026-03-05"}, {"name": "2026-03-06", "on": "2026-03-06"}]


def test_a_row_without_a_time_is_no_performance_and_neither_is_no_row() -> None:
    control = make_control(population=REVIEWS)
    assert shown(control, decisions(("R-1", None), ("R-2", "2026-03-05T10:00"))) == [{"name": "R-2", "on": "2026-03-05"}]
    assert shown(control, decisions()) == []


def test_another_column_may_say_when_it_was_performed() -> None:
    control = make_control(frequency={"performed_field": "signed_at"}, population=REVIEWS)
    rows = decisions(("R-1", "2026-03-05T10:00")).append_column("signed_at", pa.array([at("2026-03-09T10:00")], STAMP))
    assert shown(control, rows) == [{"name": "R-1", "on": "2026-03-09"}]


def test_a_name_that_is_a_number_is_written_as_text() -> None:
    rows = decisions(("7", "2026-03-05T10:00")).set_column(0, "review_id", pa.array([7], pa.int64()))
    assert shown(make_control(population=REVIEWS), rows) == [{"name": "7", "on": "2026-03-05"}]


def test_more_performances_than_there_can_be_are_refused_with_the_column_to_look_at() -> None:
    control = make_control(population=REVIEWS)
    rows = decisions(*((str(number), "2026-03-05T10:00") for number in range(MAX_PERFORMANCES + 1)))
    assert len(shown(control, rows.slice(1))) == MAX_PERFORMANCES
    with pytest.raises(
        ContractError, match=r"at most 5000 performances in one window, got at least 5001: column 'review_id' tells rows"
    ):
        shown(control, rows)


def counted(*rows: tuple[str | None, str | None], control: Control = LEAVERS, now: datetime = COLLECTED) -> dict[str, Any]:
    """Return the counts of leavers, without those that are zero."""
    said = performed(control, leavers(*rows), BERLIN, now)
    assert said["shown"] is None
    return {name: value for name, value in said["events"].items() if value}


@pytest.mark.parametrize(
    ("left", "done", "counts"),
    [
        ("2026-04-01T10:00", "2026-04-01T11:00", {"on_time": 1}),
        ("2026-04-01T10:00", "2026-03-30T11:00", {"on_time": 1}),  # before the event
        ("2026-04-01T10:00", "2026-04-02T21:59", {"on_time": 1}),
        ("2026-04-01T10:00", "2026-04-02T22:00", {"late": 1}),  # the third of April in Berlin
        ("2026-04-02T10:00", "2026-04-07T10:00", {"on_time": 1}),  # Easter lies between
        ("2026-04-02T10:00", "2026-04-08T10:00", {"late": 1}),
        ("2026-04-04T10:00", "2026-04-07T10:00", {"on_time": 1}),  # left on a Saturday
        ("2026-04-01T22:00", "2026-04-07T10:00", {"on_time": 1}),  # left on the second, in Berlin
        ("2026-04-06T10:00", None, {"not_performed": 1}),  # it was due on the seventh
        ("2026-04-07T10:00", None, {"pending": 1, "pending_until": "2026-04-08"}),  # due today
        (None, "2026-04-07T10:00", {"not_determinable": 1}),
        (None, None, {"not_determinable": 1}),
    ],
)
def test_an_event_is_counted_by_its_due_day_and_when_it_was_done(left: str, done: str, counts: dict[str, Any]) -> None:
    assert counted((left, done)) == counts


def test_each_row_is_counted_once_and_the_last_pending_day_is_kept() -> None:
    rows = [
        ("2026-04-01T10:00", "2026-04-01T11:00"),
        ("2026-04-01T10:00", "2026-04-09T11:00"),
        ("2026-03-01T10:00", None),
        ("2026-04-10T10:00", None),
        ("2026-04-08T10:00", None),
        (None, None),
    ]
    assert counted(*rows) == {
        "on_time": 1,
        "late": 1,
        "not_performed": 1,
        "pending": 2,
        "pending_until": "2026-04-13",
        "not_determinable": 1,
    }


def test_what_is_pending_is_counted_as_of_the_local_day_on_which_it_was_collected() -> None:
    row = ("2026-04-07T10:00", None)
    assert "pending" in counted(row, now=datetime(2026, 4, 8, 21, 59, tzinfo=UTC))
    assert "not_performed" in counted(row, now=datetime(2026, 4, 8, 22, tzinfo=UTC))


def test_without_an_allowance_every_row_is_a_performance_in_time() -> None:
    control = make_control("per_event")
    assert counted((None, None), ("2026-04-01T10:00", None), control=control) == {"on_time": 2}


def test_no_rows_are_no_events() -> None:
    said = performed(LEAVERS, leavers(), BERLIN, COLLECTED)
    assert {value for value in said["events"].values()} == {0, None}


def test_local_days_follow_the_zone_through_changes_of_the_clock_and_keep_nulls() -> None:
    times = ["2026-03-28T22:59", "2026-03-28T23:00", "2026-03-29T21:59", "2026-03-29T22:00", None]
    found = local_days(pa.chunked_array([pa.array([at(each) for each in times], STAMP)]), BERLIN)
    assert found.tolist() == [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 29), date(2026, 3, 30), None]


def test_due_days_of_no_day_are_none() -> None:
    empty = np.array([], dtype="datetime64[D]")
    for allowance in (Allowance(days=3), Allowance(days=0, count="business"), Allowance(days=2, count="business")):
        assert due_days(empty, allowance, BERLIN).tolist() == []


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pieces_say_what_the_whole_says(size: int) -> None:
    left = leavers(("2026-03-02T10:00", "2026-03-02T12:00"), ("2026-03-02T10:00", "2026-03-20T12:00"), (None, None),
                   ("2026-03-02T10:00", None), ("2026-03-31T10:00", None))  # fmt: skip
    reviews = decisions(
        ("b", "2026-03-05T10:00"), ("a", "2026-03-09T10:00"), ("b", "2026-03-07T10:00"), ("a", "2026-03-08T10:00")
    )
    for control, rows in ((LEAVERS, left), (make_control(population=REVIEWS), reviews)):
        fold = Performed(control, BERLIN, COLLECTED)
        for start in range(0, rows.num_rows, size):
            fold.add(rows.slice(start, size))
        assert fold.said() == performed(control, rows, BERLIN, COLLECTED)
