# SPDX-License-Identifier: Apache-2.0
"""One source, a fault in it, and what became of the extraction: what landed, what is kept as unusable, and the message."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.simulators import pagerduty
from tests.stack import Store
from tieout.collectors.reach import NoReach, SourceConnection
from tieout.criteria.controls import SystemSource
from tieout.errors import TieoutError
from tieout.evidence.keys import Scope
from tieout.evidence.landing import Draft, land
from tieout.evidence.records import RecordKind, read_record
from tieout.flows import population_export as flow
from tieout.flows.jobs import open_frame

CONTROL = "cc7_2_alert_monitoring"
AFTER = datetime(2026, 4, 1, 6, tzinfo=UTC)
"""When the extraction runs, the source's clock included: six hours after the window's end."""
ALERTS: dict[str, Any] = {
    "connection": "pagerduty",
    "path": "/incidents",
    "query": {"since": "{from}", "until": "{until}", "total": True, "statuses[]": "resolved"},
    "records": "incidents",
    "total": "total",
    "auth": {"kind": "header", "prefix": "Token token="},
    "paging": {"kind": "offset", "parameter": "offset", "size_parameter": "limit", "size": 100, "more": "more"},
    "columns": {
        "alert_id": "id",
        "rule": "service.summary",
        "severity": "urgency",
        "raised_at": "created_at",
        "suppressed": "`false`",
        "triage_due_at": "add_hours(created_at, `24`)",
        "triaged_at": "last_status_change_at",
        "triaged_by": "last_status_change_by.summary",
        "outcome": "status",
        "escalated_to": "`null`",
    },
}


class OneConnection(NoReach):
    """Reaches one HTTP source."""

    def __init__(self, url: str, password: str = pagerduty.TOKEN) -> None:
        self.url, self.password = url, password

    def connection(self, conn_id: str) -> SourceConnection:
        return SourceConnection(conn_id, "http", self.url, None, "", "", self.password, {})


@dataclass
class Outcome:
    """What became of one extraction."""

    landed_rows: int | None
    kept_pages: int
    """Raw pages that a signed record locks as unusable."""
    captured_pages: int
    message: str
    attempts: list[dict[str, Any]]
    waited: list[float]
    ipe: dict[str, Any] = field(default_factory=dict)


def run(store: Store, job: flow.Job, clock: Callable[[], datetime] = lambda: AFTER) -> Outcome:
    """Collect, validate and land, as the tasks of a DAG do, without waiting in earnest."""
    bucket, signer = store.bucket(), store.stack.installation.signer(Scope.LANDING)
    waited: list[float] = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        frame = open_frame(job, folder, bucket)
        frame.sleep = waited.append
        retention = flow.retention_of(job, store.clock())
        message, rows, ipe = "", None, {}
        try:
            with flow.keeping_unusable(job, frame, None, store.clock, bucket, signer):
                extraction = flow.collect(job, frame, clock, None)
                validated = flow.validate(job, extraction, folder)
            pages = flow.lock_pages(job, frame, bucket, retention)
            draft = Draft(job.place, extraction["landing"], job.source.system, validated.parts, pages, validated.predicate)
            rows, ipe = land(draft, bucket, signer, retention, store.clock, folder, None).rows, extraction["ipe"]
        except TieoutError as error:
            message = f"{type(error).__name__}: {error}"
        attempts = [{"answer": each.answer, "count": each.count} for each in frame.attempts]
        return Outcome(rows, _kept(store, job), len(frame.pages), message, attempts, waited, ipe)


def _kept(store: Store, job: flow.Job) -> int:
    """Count the raw pages that records of a job's slot lock as unusable, each of which has to be in the bucket."""
    bucket, kept = store.bucket("auditor"), 0
    for version in bucket.versions(job.place.manifests_of(job.source.system)):
        if version.key.endswith(".record.dsse.json"):
            record = read_record(bucket.read(version.key, None) or b"", version.key)
            assert record.kind is RecordKind.DID_NOT_LAND
            kept += sum(bool(bucket.read(entry.key, entry.version_id)) for entry in record.objects)
    return kept


@contextmanager
def source(store: Store, system: str, rows: int = 430, **changes: Any) -> Iterator[tuple[pagerduty.Service, flow.Job]]:
    """Run a source with alerts of March 2026, and plan its extraction as a system of its own."""
    held = pagerduty.incidents(rows, datetime(2026, 3, 1, tzinfo=UTC), timedelta(minutes=90))
    with pagerduty.running(held) as service:
        service.server.clock = lambda: AFTER
        parameters = {**ALERTS, **changes}
        job = flow.plan(store.settings, CONTROL, "log_monitor", "2026-03", OneConnection(service.server.url))
        yield service, replace(job, source=SystemSource(system=system, collector="rest", parameters=parameters))


def outcome_of(store: Store, row: Any) -> Outcome:
    """Run one row of the fault table (`tests.faults.sources.TABLE`)."""
    system = "".join(letter if letter.isalnum() else "_" for letter in row.name.lower())
    with source(store, f"fault_{system}", **row.changes) as (service, job):
        service.server.fault = row.fault(service)
        return run(store, job)


def malformed_row(store: Store, folder: Path, rows: int) -> Outcome:
    """Drop a CSV file of so many changes, the last but one of which holds a text where a number belongs."""
    path = folder / f"changes-{rows}.csv"
    with path.open("w") as file:
        file.write(
            "sha,committed_at,authored_at,author,committer,parents,pull_request,change_type,files_changed,insertions,deletions\n"
        )
        for number in range(1, rows + 1):
            parents = "one" if number == rows - 1 else "1"
            file.write(
                f"{number:040x},2026-03-05T10:00:00Z,2026-03-05T09:00:00Z,a@example.com,b@example.com,{parents},7,fix,1,2,3\n"
            )
    parameters = {"path": str(path), "platform_committers": ["web-merge"]}
    job = flow.plan(store.settings, "cc8_1_change_management", "shop_csv", "2026-03")
    return run(store, replace(job, source=SystemSource(system="fault_row", collector="csv_merges", parameters=parameters)))
