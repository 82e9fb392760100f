# SPDX-License-Identifier: Apache-2.0
"""What came and is no population: raw pages are locked whatever becomes of their rows, and a signed record says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from tieout.collectors.frame import Frame
from tieout.collectors.ipe import AirflowRun
from tieout.errors import TieoutError, TransientError
from tieout.evidence.identities import IdentityTable
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import StoredPage
from tieout.evidence.records import Record, RecordKind, objects_of, write_record
from tieout.evidence.store import Retention, S3Store
from tieout.flows.jobs import Clock, Job, landing_of_pages, retention_of


def lock_pages(
    job: Job, frame: Frame, store: S3Store, retention: Retention, clock: Clock = lambda: datetime.now(UTC)
) -> tuple[StoredPage, ...]:
    """Lock the raw pages that a frame has captured, whatever becomes of their rows; returns where they stand.

    Where person ids are on, the identity table learns first whom they stand for: a locked id that nobody can resolve is worse
    than an entry for a page that was never locked.

    Raises:
        StoreUnavailable: The store did not answer; run it again, what stands is adopted.
    """
    if frame.redactor is not None:
        IdentityTable.beside(store, job.settings).add(frame.redactor.seen, clock())
    landing = landing_of_pages(job, frame.pages)
    stored = []
    for page in frame.pages:
        key = job.place.raw(landing, page.name)
        version = store.put_locked(key, frame.folder / page.name, page.stored_sha256, retention)
        stored.append(StoredPage(key, version, page.stored_sha256, page.stored_bytes, page.received_sha256))
    return tuple(stored)


def record_unusable(
    job: Job,
    landing: str,
    pages: Sequence[StoredPage],
    error: Exception,
    by: str,
    now: datetime,
    store: S3Store,
    signer: DocumentSigner,
    retention: Retention,
) -> str:
    """Record that an extraction is no population: what came is locked, and why it can not be used; return the record's key.

    Args:
        job: The job.
        landing: The id that it would have landed under.
        pages: The raw pages, locked already.
        error: What broke.
        by: The task that found it.
        now: UTC.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        retention: Lock of the record.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    record = Record(
        place=job.place,
        kind=RecordKind.DID_NOT_LAND,
        system=job.source.system,
        landing=landing,
        reason=f"{type(error).__name__}: {error}",
        by=by,
        at=now,
        objects=objects_of(pages),
        facts={
            "control_sha256": job.control_sha256,
            "contract_sha256": job.contract.sha256,
            "tried_again": isinstance(error, TransientError),
        },
    )
    write_record(record, store, signer, retention)
    return record.key


@contextmanager
def keeping_unusable(
    job: Job, frame: Frame, run: AirflowRun | None, clock: Clock, store: S3Store, signer: DocumentSigner
) -> Iterator[None]:
    """Lock what a frame has captured, and record that it is no population, where what happens inside fails.

    That holds for what is tried again too: the next try reads anew, and what this one has read would be gone.

    Args:
        job: The job.
        frame: Its frame.
        run: The task that runs it; ``None`` on the command line.
        clock: Tells the time, UTC.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
    """
    try:
        yield
    except TieoutError as error:
        if not frame.pages:
            raise
        lock = retention_of(job, clock())
        pages = lock_pages(job, frame, store, lock, clock)
        raise kept(job, landing_of_pages(job, frame.pages), pages, error, run, clock(), store, signer) from error


def kept(
    job: Job,
    landing: str,
    pages: Sequence[StoredPage],
    error: TieoutError,
    run: AirflowRun | None,
    now: datetime,
    store: S3Store,
    signer: DocumentSigner,
) -> TieoutError:
    """Record that an extraction is no population; return its error, which says as well where what came is kept."""
    by = f"{run.dag_id} {run.run_id} {run.task_id}" if run else "the command line"
    key = record_unusable(job, landing, pages, error, by, now, store, signer, retention_of(job, now))
    where = ", ".join(page.key for page in pages)
    return type(error)(f"{error}\nWhat came is kept, unusable as a population: {where}\nRecorded: {key}")
