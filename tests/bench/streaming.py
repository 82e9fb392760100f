# SPDX-License-Identifier: Apache-2.0
"""Millions of synthetic alerts collected, validated, listed and landed, against the floor of a landing over the same file.

Three in a hundred rows meet neither control rule: every one of them has to be listed. Validation is in ours and not in the
floor, so the ratio is printed and has no budget; what is bounded is the memory.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tests.bench.landing import put_floor
from tieout.contracts import expectations
from tieout.criteria.controls import SystemSource
from tieout.evidence.keys import Scope
from tieout.evidence.landing import Draft, land
from tieout.evidence.store import Retention, S3Store, client_from_environment
from tieout.flows import population_export as flow
from tieout.flows.jobs import open_frame
from tieout.local.installation import EVIDENCE_BUCKET, Installation
from tieout.settings import Settings

CONTROL, SYSTEM, WINDOW = "cc7_2_alert_monitoring", "log_monitor", "2026-03"
BAD_IN_100 = 3
RULES = ("outcome_recorded", "triaged")
_BLOCK = 250_000
_PLAIN = pacsv.WriteOptions(quoting_style="none")
_STEP = 7919
"""No factor of a power of ten: the ids of a file of so many rows come in no order, each once."""


def prepare(folder: Path, rows: int, repeat: int) -> Path:
    """Write a CSV of alerts of one month; returns it."""
    path = folder / f"alerts-{rows}-{repeat}.csv"
    if not path.exists():
        with path.open("wb") as file, pacsv.CSVWriter(file, _alerts(0, 0, rows).schema, write_options=_PLAIN) as writer:
            for start in range(0, rows, _BLOCK):
                writer.write_table(_alerts(start, min(_BLOCK, rows - start), rows))
    return path


def ids(numbers: np.ndarray[Any, np.dtype[np.int64]], rows: int) -> pa.Array:
    """Return the ids of the rows with these numbers, in a file of so many rows."""
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers * _STEP % rows), pa.string()), 9, "0")
    return pc.binary_join_element_wise("alert", digits, "-")


def _alerts(start: int, count: int, rows: int) -> pa.Table:
    numbers = np.arange(start, start + count, dtype=np.int64)
    good = pa.array(numbers % 100 >= BAD_IN_100)
    raised = np.datetime64("2026-03-02T00:00:00", "s") + (numbers * 7907 % (28 * 86_400)).astype("timedelta64[s]")
    people = pa.array([f"person-{number:010x}@example.com" for number in range(40)])
    rules = pa.array([f"rule-{number:03}" for number in range(200)])

    def where_good(values: pa.Array) -> pa.Array:
        return pc.if_else(good, values, pa.scalar(None, values.type))

    def times(later: int) -> pa.Array:
        return pc.strftime(pa.array(raised + np.timedelta64(later, "s")), "%Y-%m-%dT%H:%M:%SZ")

    return pa.table(
        {
            "alert_id": ids(numbers, rows),
            "rule": rules.take(pa.array(numbers * 31 % 200)),
            "severity": pa.array(["critical", "high", "medium", "low"]).take(pa.array(numbers * 13 % 4)),
            "raised_at": times(0),
            "suppressed": pa.repeat("false", count),
            "triage_due_at": times(86_400),
            "triaged_at": where_good(times(3_600)),
            "triaged_by": where_good(people.take(pa.array(numbers * 17 % 40))),
            "outcome": where_good(pa.repeat("benign", count)),
            "escalated_to": pa.nulls(count, pa.string()),
        }
    )


def floor(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Parse, write Parquet, hash, put."""
    return put_floor(prepare(folder, rows, repeat), f"floor/alerts-{rows}-{repeat}-{os.getpid()}.parquet")


def ours(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Collect, validate and land as the three tasks do, Great Expectations imported before; every failing key is listed."""
    source = prepare(folder, rows, repeat)
    system = SystemSource(system=f"stream_{rows}_{os.getpid()}", collector="object_drop", parameters={"path": str(source)})
    job = replace(flow.plan(Settings(environment="bench"), CONTROL, SYSTEM, WINDOW), source=system)
    signer = Installation(folder / "project").signer(Scope.LANDING)
    store = S3Store(client_from_environment(os.environ["AWS_ENDPOINT_URL_S3"]), EVIDENCE_BUCKET)
    retention = Retention("COMPLIANCE", datetime(2033, 7, 1, tzinfo=UTC), "AES256", "")
    expectations.preload()

    def clock() -> datetime:
        return datetime.now(UTC)

    def timed() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as work:
            here = Path(work)
            frame = open_frame(job, here)
            extraction = flow.collect(job, frame, clock, None)
            pages = flow.lock_pages(job, frame, store, retention)
            found = flow.validate(job, extraction, here)
            draft = Draft(job.place, extraction["landing"], system.system, found.parts, pages, found.predicate)
            reference = land(draft, store, signer, retention, clock, here, None)
            assert (reference.rows, reference.landed_now) == (rows, True)
            _check_listed([part.path for part in found.parts if part.table == "rule_result"], system.system, rows)

    return timed


def _check_listed(parts: list[Path], system: str, rows: int) -> None:
    """Check that the listed keys are those of the bad rows: each once for each rule, in the order of their text."""
    numbers = np.concatenate([np.arange(first, rows, 100, dtype=np.int64) for first in range(BAD_IN_100)])
    bad = np.sort(np.asarray(ids(numbers, rows).to_pylist(), dtype="S"))
    expected = hashlib.sha256()
    for rule in RULES:
        for alert in bad:
            expected.update(f'{rule} {{"system": "{system}", "alert_id": "{alert.decode()}"}}\n'.encode())
    listed = hashlib.sha256()
    for rule, key in _listed(parts):
        listed.update(f"{rule} {key}\n".encode())
    assert listed.hexdigest() == expected.hexdigest(), "the listed keys are not those of the bad rows"


def _listed(parts: list[Path]) -> Iterator[tuple[str, str]]:
    for part in parts:
        for batch in pq.ParquetFile(part).iter_batches(columns=["rule", "row_key"]):
            yield from zip(batch["rule"].to_pylist(), batch["row_key"].to_pylist(), strict=True)
