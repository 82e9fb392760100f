# SPDX-License-Identifier: Apache-2.0
"""Vulnerabilities from AWS Security Hub: findings of Inspector and of other scanners, a row for each asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from pydantic import Field

from tieout.collectors.aws import Account, AwsParameters
from tieout.collectors.aws_calls import Call
from tieout.collectors.aws_findings import LABELS, vulnerability_rows
from tieout.collectors.evidence_columns import VULNERABILITY
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import Row, row_tables
from tieout.times import instant

KEPT_DAYS = 90
TYPE = "Software and Configuration Checks/Vulnerabilities"
BLIND_SPOTS = (
    f"Security Hub deletes a finding {KEPT_DAYS} days after its last update, and 30 days after it was archived: what was fixed, "
    "archived and deleted before the window was read appears nowhere.",
    "A finding counts as fixed when its scanner archives it; that people set it to resolved does not make it so.",
    "A suppressed finding is an accepted risk, for good unless the field accepted_until says until when; tickets are what "
    "the field ticket holds.",
)


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""

    days: Mapping[str, int] = Field(default={"critical": 7, "high": 30, "medium": 90, "low": 180})
    """In which a vulnerability of a severity is to be fixed."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield the findings about vulnerabilities that were created in the window; raises as `Account` and `Caller.pages`.

    Raises:
        ExtractionRefused: The window began before what Security Hub keeps.
    """
    given, window = frame.parameters(Parameters), frame.window
    account = Account(frame, given)
    account.refuse_older(KEPT_DAYS, "Security Hub keeps findings")
    created = [{"Start": instant(window.start), "End": instant(window.end)}]
    filters = {"Type": [{"Value": TYPE, "Comparison": "PREFIX"}], "CreatedAt": created}
    account.state("Security Hub", "securityhub get_findings", BLIND_SPOTS, filters=filters, days=dict(given.days))
    read = 0
    for table in row_tables(_rows(account, filters, given.days), VULNERABILITY):
        read += table.num_rows
        yield table
    read += sum(drop.rows for drop in frame.drops)
    second = account.count(_calls(account, filters, "desc"), "Findings[].Resources[]")
    how = "securityhub get_findings again, in the opposite order"
    account.counted(read, "resources of securityhub get_findings", second, how, SecondCountClass.SAME_ENDPOINT)


def _calls(account: Account, filters: dict[str, Any], order: str) -> list[tuple[None, Call]]:
    given = {"Filters": filters, "SortCriteria": [{"Field": "CreatedAt", "SortOrder": order}]}
    return [(None, Call("securityhub", "get_findings", region, given)) for region in account.regions]


def _rows(account: Account, filters: dict[str, Any], days: Mapping[str, int]) -> Iterator[Row]:
    for finding in account.each(_calls(account, filters, "asc"), "Findings[]"):
        if finding["Severity"]["Label"] in LABELS:
            yield from vulnerability_rows(finding, days, account.frame.clock())
        else:
            account.drop("informational", [finding["Id"]] * len(finding["Resources"]))
