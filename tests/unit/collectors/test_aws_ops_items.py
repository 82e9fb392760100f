# SPDX-License-Identifier: Apache-2.0
"""Alarms, and the OpsItems that they open."""

from __future__ import annotations

from typing import Any

from tieout.collectors.aws_ops_items import alert_row, by_alarm, to_alarm

WHO = "arn:aws:sts::1:assumed-role/On-call/ada@shop.example"


def item(
    created: str, changed: str, status: str, title: str = "CloudWatch alarm - 'it's down' is in ALARM state"
) -> dict[str, Any]:
    """Return an OpsItem."""
    return {
        "OpsItemId": f"oi-{created}",
        "Title": title,
        "CreatedTime": f"2026-03-01T{created}:00Z",
        "LastModifiedTime": f"2026-03-01T{changed}:00Z",
        "LastModifiedBy": WHO,
        "Status": status,
        "Severity": "3",
    }


def row(raised: str, *items: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a row says of an alarm raised at a time."""
    alarm = {"AlarmName": "it's down", "Timestamp": f"2026-03-01T{raised}:00Z"}
    found = alert_row(alarm, "eu-central-1", by_alarm(items), 24, "high")
    return found["severity"], found["triaged_at"], found["triaged_by"], found["outcome"], found["escalated_to"]


def test_an_alarm_has_the_ops_item_that_it_opened() -> None:
    assert row("10:00", item("10:00", "10:20", "Resolved")) == (
        "medium",
        "2026-03-01T10:20:00.000000Z",
        "ada@shop.example",
        "resolved",
        "oi-10:00",
    )


def test_without_an_ops_item_nobody_looked() -> None:
    assert row("10:00") == ("high", None, None, None, None)
    assert row("10:00", item("11:00", "11:20", "Resolved")) == ("high", None, None, None, None), "a later one is another's"
    assert row("12:00", item("10:00", "10:20", "Resolved")) == ("high", None, None, None, None), "it was settled before"


def test_while_one_is_open_a_further_alarm_has_the_same() -> None:
    assert row("12:00", item("10:00", "13:00", "Resolved"))[4] == "oi-10:00"
    assert row("12:00", item("10:00", "10:00", "Open")) == ("medium", None, None, None, "oi-10:00")
    assert row("12:00", item("10:00", "11:00", "InProgress"))[1] is None, "it was changed before this alarm, not since"


def test_other_ops_items_are_left_out() -> None:
    assert (
        by_alarm([item("10:00", "10:20", "Open", "Something else"), item("10:00", "10:20", "Open", "CloudWatch alarm - 'x'")])
        == {}
    )


def test_only_a_change_to_alarm_raises_one() -> None:
    assert to_alarm({"HistoryData": '{"newState": {"stateValue": "ALARM"}}'})
    assert not to_alarm({"HistoryData": '{"newState": {"stateValue": "OK"}}'})
    assert not to_alarm({})
