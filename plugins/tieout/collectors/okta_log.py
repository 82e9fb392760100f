# SPDX-License-Identifier: Apache-2.0
"""Changes to what protects signing in to Okta, from its system log: policies and their rules, zones, sign-on of applications."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tieout.collectors.evidence_columns import EVENT
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass
from tieout.collectors.okta import LOG_RETENTION, Okta, OktaParameters
from tieout.collectors.okta_policies import KINDS, change_row
from tieout.collectors.row_tables import Row, row_tables
from tieout.errors import ExtractionRefused
from tieout.times import instant

_BLIND_SPOTS = (
    "The log names what was changed, and seldom from what to what: whether an update takes protection away is not determinable.",
    "Okta knows of no approval: approvers stand in tickets, if anywhere.",
    "Factors of single people that were reset are changes to people, not to settings; they are not in this population.",
)


class Parameters(OktaParameters):
    """Parameters of the system's YAML."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the window's events, and count them once more in the opposite order.

    Raises:
        ExtractionRefused: The log does not reach back to the window's beginning: part of the window would be missing.
        ConfigurationError: A parameter is wrong, or Okta refuses the credential or the request.
        SourceUnavailable: Okta did not answer.
        ContractError: A read is not whole.
    """
    okta, window = Okta(frame, frame.parameters(Parameters)), frame.window
    reach = okta.log_reaches_to()
    spots = (*_BLIND_SPOTS, LOG_RETENTION.format(reach=instant(reach)))
    bounds = {"since": instant(window.start), "until": instant(window.end)}
    frame.state(okta.state(f"GET /logs for {', '.join(KINDS)}", bounds, spots))
    if reach > window.start:
        msg = (
            f"window {window.key!r}: {okta.base}: the system log reaches back to {instant(reach)} only, and the window begins "
            f"at {instant(window.start)}: what happened before is gone. The window stays on record as not extracted."
        )
        raise ExtractionRefused(msg)
    rows: list[Row] = []
    read = 0
    for event in okta.log(KINDS, window.start, window.end):
        read += 1
        if (event.get("outcome") or {}).get("result") == "SUCCESS":
            rows.append(change_row(event))
        else:
            frame.drop("an attempt that did not succeed", [event["uuid"]])
    yield from row_tables(rows, EVENT)
    again = sum(1 for _ in okta.log(KINDS, window.start, window.end, "DESCENDING"))
    how = "events up to the page that names no further one"
    second = SecondCount(again, f"{how}, latest first", SecondCountClass.SAME_ENDPOINT)
    frame.count(Count(read, f"{how}, earliest first"), second)
