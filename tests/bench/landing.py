# SPDX-License-Identifier: Apache-2.0
"""Landing against plain pyarrow: parse, zstd Parquet, SHA-256 and one put of the same rows."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tieout.collectors.frame import Frame
from tieout.criteria.controls import SystemSource
from tieout.evidence.keys import Scope
from tieout.evidence.landing import Draft, land
from tieout.evidence.parts import write_parts
from tieout.evidence.store import Retention, S3Store, client_from_environment
from tieout.flows import population_export as flow
from tieout.flows.performed import Performed
from tieout.local.installation import EVIDENCE_BUCKET, STAGING_BUCKET, Installation
from tieout.settings import Settings
from tieout.times import parse_instant

CONTROL = "cc8_1_change_management"
HEADER = "sha,committed_at,authored_at,author,committer,parents,pull_request,change_type,files_changed,insertions,deletions\n"


def prepare(folder: Path, rows: int, repeat: int) -> Path:
    """Write a CSV of distinct rows of one month, about as varied as real merges; returns it."""
    path = folder / f"merges-{rows}-{repeat}.csv"
    if path.exists():
        return path
    with path.open("w") as file:
        file.write(HEADER)
        for number in range(rows):
            digest = hashlib.sha1(f"{repeat} {number}".encode(), usedforsecurity=False).hexdigest()
            second, author = number % 60, int(digest[:4], 16) % 300
            committer = "web-merge" if int(digest[4], 16) < 12 else f"person-{author % 40:010x}@example.com"
            request = str(number) if int(digest[5], 16) < 11 else ""
            day, hour, minute = number % 28 + 1, number // 60 % 24, number // 7 % 60
            time = f"2026-{repeat:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
            counts = f"{int(digest[6:8], 16)},{int(digest[8:11], 16)},{int(digest[11:13], 16)}"
            file.write(f"{digest},{time},{time},person-{author:010x}@example.com,{committer},1,{request},fix,{counts}\n")
    return path


def floor(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Parse, write Parquet, hash, put."""
    return put_floor(prepare(folder, rows, repeat), f"floor/{rows}-{repeat}-{os.getpid()}.parquet")


def put_floor(source: Path, key: str) -> Callable[[], None]:
    """Return what parses a CSV file, writes it as Parquet, hashes that and puts it."""
    client = client_from_environment(os.environ["AWS_ENDPOINT_URL_S3"])

    def timed() -> None:
        with tempfile.TemporaryDirectory() as work:
            target = Path(work) / "rows.parquet"
            pq.write_table(pacsv.read_csv(source), target, compression="zstd")
            hashlib.sha256(target.read_bytes()).hexdigest()
            with target.open("rb") as body:
                client.put_object(Bucket=STAGING_BUCKET, Key=key, Body=body)

    return timed


def job_of(folder: Path, rows: int, repeat: int, name: str) -> tuple[flow.Job, SystemSource]:
    """Return the job of a bench file: a system per size, a window per repeat, so that nothing has landed before."""
    source = prepare(folder, rows, repeat)
    settings = Settings(environment="bench")
    job = flow.plan(settings, CONTROL, "shop_csv", f"2026-{repeat:02}")
    parameters = {"path": str(source), "platform_committers": ["web-merge"]}
    system = SystemSource(system=f"{name}_{rows}_{os.getpid()}", collector="csv_merges", parameters=parameters)
    return job, system


def ours(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Collect (raw page, IPE record), Parquet, row hash, locked puts, signed manifest; validation stands on a line of its own."""
    job, system = job_of(folder, rows, repeat, "land")
    installation = Installation(folder / "project")
    signer = installation.signer(Scope.LANDING)
    store = S3Store(client_from_environment(os.environ["AWS_ENDPOINT_URL_S3"]), EVIDENCE_BUCKET)
    retention = Retention("COMPLIANCE", datetime(2033, 7, 1, tzinfo=UTC), "AES256", "")

    def clock() -> datetime:
        return datetime.now(UTC)

    def timed() -> None:
        with tempfile.TemporaryDirectory() as work:
            here = Path(work)
            frame = Frame(job.settings, system, job.window, here)
            extraction = flow.collect(job, frame, clock, None)
            pages = flow.lock_pages(job, frame, store, retention)
            typed = flow.typed_rows(job, extraction, here)
            parts, rows_hash = write_parts(typed, job.contract, extraction["landing"], here, job.settings.part_rows)
            fold = Performed(job.control, job.scope.calendar, parse_instant(extraction["collected_at"]))
            fold.add(typed)
            predicate = flow.predicate_of(job, extraction, [], fold.said(), typed.num_rows, rows_hash)
            draft = Draft(job.place, extraction["landing"], system.system, tuple(parts), pages, predicate)
            reference = land(draft, store, signer, retention, clock, here, None)
            assert (reference.rows, reference.landed_now) == (rows, True)

    return timed
