# SPDX-License-Identifier: Apache-2.0
"""Alerts that paged somebody, from PagerDuty: each incident of the window, who acknowledged it and when, and what it became."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain

import pyarrow as pa
from pydantic import Field

from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass
from tieout.collectors.pagerduty import Account, AccountParameters
from tieout.collectors.pagerduty_paged import COLUMNS, Paged
from tieout.collectors.row_tables import row_tables
from tieout.times import instant

STEP = timedelta(days=7)
"""So much of the log is held at once."""
BLIND_SPOTS = ("An acknowledgement that an integration sent names nobody; whether it was in time is not determinable.",)


class Parameters(AccountParameters):
    """Parameters of collector ``pagerduty_alerts``."""

    high_minutes: int = Field(default=15, ge=1)
    """So many minutes after it was raised an alert of high urgency is to be acknowledged."""
    low_minutes: int = Field(default=60, ge=1)

    def target(self, urgency: str) -> timedelta:
        """Return the time in which an alert is to be acknowledged."""
        return timedelta(minutes=self.high_minutes if urgency == "high" else self.low_minutes)


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the alerts of a week at a time, each with the log until the last of them was due.

    Raises: as `Listings.listed`.
    """
    parameters, window = frame.parameters(Parameters), frame.window
    account = Account(frame, parameters)
    asked = {"since": instant(window.start), "until": instant(window.end)}
    asked |= {"high_minutes": str(parameters.high_minutes), "low_minutes": str(parameters.low_minutes)}
    query = "GET /log_entries, /users, /incidents; /incidents/{id}/log_entries of those not answered; a week at a time"
    account.state(query, asked, BLIND_SPOTS)
    paged = Paged(account, parameters.target)
    weeks = range((window.end - window.start - timedelta(seconds=1)) // STEP + 1)
    starts = [window.start + number * STEP for number in weeks]
    rows = chain.from_iterable(paged.rows(at, min(at + STEP, window.end)) for at in starts)
    yield from row_tables(rows, COLUMNS)
    how = "incidents raised in the window of which its log has a trigger_log_entry"
    second = SecondCount(paged.triggered, how, SecondCountClass.OTHER_ENDPOINT)
    frame.count(Count(account.total, "total of GET /incidents"), second)
