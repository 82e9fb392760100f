# SPDX-License-Identifier: Apache-2.0
"""Changes to what protects an AWS account, from CloudTrail's event history: each event of chosen names in the window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pyarrow as pa

from tieout.collectors.aws import Account, AwsParameters
from tieout.collectors.aws_calls import Call
from tieout.collectors.aws_events import EVENT_NAMES, event_row
from tieout.collectors.evidence_columns import EVENT
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import Row, row_tables

KEPT_DAYS = 90
BLIND_SPOTS = (
    f"CloudTrail's event history reaches {KEPT_DAYS} days back and holds management events alone: what was done to objects in "
    "buckets is not in it.",
    "Events are looked up by name: one whose name is not among the parameters is not seen. Those of IAM and other global "
    "services are in the history of us-east-1.",
    "CloudTrail knows of no approval. Whether a new policy allows more than the one before can not be told from its event.",
)


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""

    events: tuple[str, ...] = EVENT_NAMES
    """Names of events, such as ``StopLogging``."""
    seconds_between: float = 0.5
    """Between two requests: AWS answers two look-ups a second in each region."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield the events of the window, in all regions.

    Raises:
        ExtractionRefused: The window began before what CloudTrail's history keeps.
        ConfigurationError: As `Account`; `SourceUnavailable` and `ContractError` likewise.
    """
    given, window = frame.parameters(Parameters), frame.window
    account = Account(frame, given)
    account.refuse_older(KEPT_DAYS, "CloudTrail's event history keeps")
    account.state(
        "CloudTrail", "cloudtrail lookup_events, for each name", BLIND_SPOTS, events=", ".join(given.events), window=window.key
    )
    account.caller.pace = given.seconds_between
    last = window.end - timedelta(seconds=1)  # events have whole seconds, and both bounds are included
    rows = 0
    for table in row_tables(_rows(account, given, window.start, last), EVENT):
        rows += table.num_rows
        yield table
    middle = window.start + (window.end - window.start) / 2
    halves = ((window.start, middle - timedelta(seconds=1)), (middle, last))
    second = account.count([call for half in halves for call in _calls(account, given, *half)], "Events[]")
    how = "cloudtrail lookup_events again, in two halves of the window"
    account.counted(rows, "cloudtrail lookup_events", second, how, SecondCountClass.SAME_ENDPOINT)


def _calls(account: Account, given: Parameters, since: datetime, until: datetime) -> list[tuple[None, Call]]:
    span = {"StartTime": since, "EndTime": until}
    attributes = [[{"AttributeKey": "EventName", "AttributeValue": name}] for name in given.events]
    return [
        (None, Call("cloudtrail", "lookup_events", region, {"LookupAttributes": each, **span}))
        for region in account.regions
        for each in attributes
    ]


def _rows(account: Account, given: Parameters, since: datetime, until: datetime) -> Iterator[Row]:
    yield from map(event_row, account.each(_calls(account, given, since, until), "Events[]"))
