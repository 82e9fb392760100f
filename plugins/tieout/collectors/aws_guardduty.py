# SPDX-License-Identifier: Apache-2.0
"""Alerts from Amazon GuardDuty: the findings of every detector, with what people noted of them in Security Hub."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pyarrow as pa
from pydantic import Field

from tieout.collectors.aws import Account, AwsParameters
from tieout.collectors.aws_calls import Call
from tieout.collectors.aws_findings import TOGETHER, alert_row, in_full
from tieout.collectors.evidence_columns import ALERT
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import Row, row_tables
from tieout.errors import ConfigurationError

KEPT_DAYS = 90
BLIND_SPOTS = (
    f"GuardDuty keeps findings for {KEPT_DAYS} days; those of a detector that was deleted are gone with it.",
    "GuardDuty adds a repeated finding to the first one: that is one row, raised when it was first seen.",
    "Who looked at a finding is what Security Hub has in its workflow status and note; work noted elsewhere is not seen.",
)


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""

    triage_hours: int = Field(default=24, ge=1)
    """In which somebody is to look at a finding."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield the findings that were updated since the window began: each that was created in it is among them.

    Raises:
        ExtractionRefused: The window began before what GuardDuty keeps.
        ConfigurationError: As `Account`, also where no region has a detector; `SourceUnavailable` and `ContractError` likewise.
    """
    given = frame.parameters(Parameters)
    account = Account(frame, given)
    account.refuse_older(KEPT_DAYS, "GuardDuty keeps findings")
    found = [(region, Call("guardduty", "list_detectors", region)) for region in account.regions]
    detectors = [(region, each) for region, answer in account.read(found) for each in answer["DetectorIds"]]
    if not detectors:
        where = ", ".join(account.regions)
        msg = f"AWS account {account.id}: no GuardDuty detector in {where}. Enable GuardDuty, or name its regions."
        raise ConfigurationError(msg)
    off = sorted(set(account.regions) - {region for region, _ in detectors})
    spots = (*BLIND_SPOTS, f"GuardDuty is off in {', '.join(off)}: nothing there is seen.") if off else BLIND_SPOTS
    since = int(frame.window.start.timestamp() * 1000)
    criteria = {"FindingCriteria": {"Criterion": {"updatedAt": {"GreaterThanOrEqual": since}}}}
    account.state("GuardDuty", "guardduty list_findings, get_findings; securityhub get_findings", spots, updated_since=since)
    rows = 0
    for table in row_tables((row for each in detectors for row in _rows(account, *each, criteria, given.triage_hours)), ALERT):
        rows += table.num_rows
        yield table
    statistics = {**criteria, "GroupBy": "SEVERITY", "MaxResults": 100}
    calls = [
        (0, Call("guardduty", "get_findings_statistics", region, {"DetectorId": each, **statistics}))
        for region, each in detectors
    ]
    second = sum(account.each(calls, "FindingStatistics.GroupedBySeverity[].TotalFindings"))
    how = "guardduty get_findings_statistics, by severity"
    account.counted(rows, "guardduty list_findings", second, how, SecondCountClass.OTHER_ENDPOINT)


def _rows(account: Account, region: str, detector: str, criteria: dict[str, Any], hours: int) -> Iterator[Row]:
    ids = account.named(Call("guardduty", "list_findings", region, {"DetectorId": detector, **criteria}), "FindingIds")
    firsts = range(0, len(ids), TOGETHER)
    asked = (each for first in firsts for each in in_full(account, region, detector, ids[first : first + TOGETHER]))
    for _, answers in groupby(account.read(asked), lambda answer: answer[0]):
        found = [each for _, answer in answers for each in (answer or {}).get("Findings", ())]
        followed = {each["Id"]: each for each in found if "Arn" not in each}  # Security Hub's
        yield from (alert_row(each, followed.get(each["Arn"]), hours) for each in found if "Arn" in each)
