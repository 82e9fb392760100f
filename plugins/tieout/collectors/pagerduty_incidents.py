# SPDX-License-Identifier: Apache-2.0
"""Incidents that were declared, from PagerDuty: those with a priority that declares one, and what was recorded of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pydantic import Field

from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass
from tieout.collectors.pagerduty import Account, AccountParameters, resolved_at
from tieout.collectors.pagerduty_notes import LABELS, recorded, told_in_time
from tieout.collectors.row_tables import Row, row_tables, text
from tieout.times import instant

COLUMNS = ("incident_id", "title", "severity", "declared_at", "contained_at", "resolved_at", "commander", "root_cause",
           "lessons", "customers_notified_at", "notification_due_at", "notified_in_time")  # fmt: skip
NOT_DECLARED = "no priority, or one that declares no incident"
STATUSES = ("triggered", "acknowledged", "resolved")
BLIND_SPOTS = (
    "PagerDuty lists no time at which a priority was set: an incident counts as declared when its alert was raised.",
    "An incident whose priority was taken away again is none; its alert is in the population of alerts.",
)


class Parameters(AccountParameters):
    """Parameters of collector ``pagerduty_incidents``."""

    labels: dict[str, str] = Field(default_factory=lambda: dict(LABELS))
    """By fact (`tieout.collectors.pagerduty_notes.FACTS`) the label of its line in a note."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read all incidents of the window, leave out what was not declared, and ask for fields and log of each that was.

    Raises: as `Listings.listed`.
    """
    parameters, window = frame.parameters(Parameters), frame.window
    account = Account(frame, parameters)
    asked = {"since": instant(window.start), "until": instant(window.end), "labels": str(parameters.labels)}
    account.state("GET /incidents; of those declared /incidents/{id} with custom fields, its /log_entries", asked, BLIND_SPOTS)
    declared: list[str] = []
    for page in account.incidents(window.start, window.end):
        others = [each["id"] for each in page if account.severity(each) is None]
        if others:
            frame.drop(NOT_DECLARED, others)
        declared += [each["id"] for each in page if account.severity(each)]
    entries: dict[str, list[Any]] = {}
    for key, found in account.logs(declared):
        entries.setdefault(key, []).extend(each for each in found if each["type"].startswith("annotate_log_entry"))

    def rows() -> Iterator[Row]:
        for key, incident in account.details(declared):
            facts = recorded(incident, entries.get(key, ()), parameters.labels)
            yield dict.fromkeys(COLUMNS) | facts | {
                "incident_id": str(incident["incident_number"]), "title": incident["title"],
                "severity": account.severity(incident), "declared_at": incident["created_at"],
                "resolved_at": resolved_at(incident), "notified_in_time": text(told_in_time(facts, frame.clock())),
            }  # fmt: skip

    yield from row_tables(rows(), COLUMNS)
    counts = [account.listings.total("/incidents", window.start, window.end, **{"statuses[]": each}) for each in STATUSES]
    how = f"totals of GET /incidents by status: {', '.join(f'{n} {s}' for n, s in zip(counts, STATUSES, strict=True))}"
    frame.count(Count(account.total, "total of GET /incidents"), SecondCount(sum(counts), how, SecondCountClass.SAME_ENDPOINT))
