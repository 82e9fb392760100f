# SPDX-License-Identifier: Apache-2.0
"""Alerts from CloudWatch alarms: each time that one went to ALARM, with the OpsItem that it opened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import pyarrow as pa
from pydantic import Field

from tieout.collectors.aws import Account, AwsParameters
from tieout.collectors.aws_calls import Call
from tieout.collectors.aws_ops_items import alert_row, by_alarm, to_alarm
from tieout.collectors.evidence_columns import ALERT
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import Row, row_tables

KEPT_DAYS = 30
BLIND_SPOTS = (
    f"CloudWatch keeps the history of alarms for {KEPT_DAYS} days.",
    "An alarm whose actions are disabled is raised all the same; that it reached nobody does not show.",
    "Who looked at an alarm is what OpsCenter has: the status of its OpsItem, and who changed that last, and when.",
    "While an OpsItem of an alarm is open, a further ALARM opens none of its own: both rows name one.",
)


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""

    triage_hours: int = Field(default=24, ge=1)
    """In which somebody is to look at an alarm."""
    severity: Literal["critical", "high", "medium", "low"] = "high"
    """Of an alarm whose OpsItem states none."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield each transition to ALARM in the window; other changes of state are dropped by key.

    Raises:
        ExtractionRefused: The window began before what CloudWatch keeps.
        ConfigurationError: As `Account`, as are `SourceUnavailable` and `ContractError`.
    """
    account = Account(frame, given := frame.parameters(Parameters))
    account.refuse_older(KEPT_DAYS, "CloudWatch keeps alarm history")
    how, asked = "cloudwatch describe_alarm_history", _asked(account, "TimestampAscending")
    account.state("CloudWatch", f"{how}; ssm describe_ops_items", BLIND_SPOTS, **asked)
    read = 0
    for table in row_tables(_rows(account, given), ALERT):
        read += table.num_rows
        yield table
    read += sum(drop.rows for drop in frame.drops)
    calls = [(0, _history(account, each, "TimestampDescending")) for each in account.regions]
    second = account.count(calls, "AlarmHistoryItems[]")
    account.counted(read, how, second, f"{how} again, in the opposite order", SecondCountClass.SAME_ENDPOINT)


def _asked(account: Account, order: str) -> dict[str, object]:
    window = account.frame.window
    asked: dict[str, object] = {"StartDate": window.start, "EndDate": window.end, "ScanBy": order}
    return {"HistoryItemType": "StateUpdate", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], **asked}


def _history(account: Account, region: str, order: str) -> Call:
    return Call("cloudwatch", "describe_alarm_history", region, _asked(account, order))


def _rows(account: Account, given: Parameters) -> Iterator[Row]:
    since = account.frame.window.start - timedelta(days=KEPT_DAYS)  # an OpsItem may have been open for long
    newer = [{"Key": "CreatedTime", "Values": [since.strftime("%Y-%m-%dT%H:%M:%SZ")], "Operator": "GreaterThan"}]
    for region in account.regions:
        call = Call("ssm", "describe_ops_items", region, {"OpsItemFilters": newer})
        opened = by_alarm(account.all(call, "OpsItemSummaries[]"))
        for item in account.all(_history(account, region, "TimestampAscending"), "AlarmHistoryItems[]"):
            if to_alarm(item):
                yield alert_row(item, region, opened, given.triage_hours, given.severity)
            else:
                account.drop("a change to another state than ALARM", [f"{region}/{item['AlarmName']}/{item['Timestamp']}"])
