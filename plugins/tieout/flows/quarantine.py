# SPDX-License-Identifier: Apache-2.0
"""Quarantine: raw pages that are locked and no population, because their extraction broke the contract.

They leave it in one way only: by landing through the same collect, validate and land as everything else, with a reason on
record. No row is dropped on the way; what still breaks the contract stays where it is.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from tieout.collectors.frame import Frame
from tieout.errors import ConfigurationError, LandingConflict
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import Draft, LandingReference, StoredPage, land
from tieout.evidence.layout import partition_values
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.evidence.store import Retention, S3Store
from tieout.flows import population_export as flow
from tieout.flows.documents import Documents, read_documents
from tieout.flows.jobs import open_frame
from tieout.settings import Settings

Clock = Callable[[], datetime]
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An extraction that did not land, and what has become of its window since."""

    key: str
    record: Record
    state: str
    """``held``, ``released`` or ``landed since``."""


def quarantined(documents: Documents) -> list[Quarantined]:
    """Return every extraction that did not land, oldest first."""
    released = {str(record.facts.get("record")) for record in documents.records.values() if record.kind is RecordKind.RELEASED}

    def state(key: str, record: Record) -> str:
        if key in released:
            return "released"
        return "landed since" if (record.place.partition, record.system) in documents.landed else "held"

    held = [
        Quarantined(key, record, state(key, record))
        for key, record in documents.records.items()
        if record.kind is RecordKind.DID_NOT_LAND
    ]
    return sorted(held, key=lambda entry: (entry.record.at, entry.key))


def find(store: S3Store, name: str) -> Quarantined:
    """Return the one extraction in quarantine whose key, record id or landing id is, or starts with, a name.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    entries = quarantined(read_documents(store))
    found = [entry for entry in entries if name == entry.key or _starts(entry, name)]
    if len(found) != 1:
        known = ", ".join(entry.record.id for entry in entries) or "none"
        msg = f"quarantine: expected one extraction named {name!r}, found {len(found)}. There are: {known}."
        raise ConfigurationError(msg)
    return found[0]


def _starts(entry: Quarantined, name: str) -> bool:
    return entry.record.id.startswith(name) or (entry.record.landing or "").startswith(name)


def fetch_pages(store: S3Store, record: Record, folder: Path) -> list[Path]:
    """Fetch a record's raw pages into a folder, uncompressed where we compressed them.

    Raises:
        LandingConflict: A page is not what the record says.
        StoreUnavailable: The store did not answer; run it again.
    """
    pages = []
    for entry in sorted(record.objects, key=lambda entry: entry.key):
        stored = folder / entry.key.rsplit("/", 1)[-1]
        store.download(entry.key, stored, entry.sha256)
        if stored.suffix != ".zst":
            pages.append(stored)
            continue
        plain = stored.with_suffix("")
        with pa.input_stream(str(stored), compression="zstd") as source, plain.open("wb") as target:
            while block := source.read(_BLOCK):
                target.write(block)
        stored.unlink()
        pages.append(plain)
    return pages


def release(
    settings: Settings,
    store: S3Store,
    signer: DocumentSigner,
    retention: Callable[[flow.Job], Retention],
    entry: Quarantined,
    reason: str,
    by: str,
    clock: Clock,
    folder: Path,
) -> LandingReference:
    """Land an extraction that is held, from its locked raw pages, under today's control and contract.

    Args:
        settings: The installation's.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        retention: Lock of what lands, for the job.
        entry: What is held.
        reason: Why it may land now; it goes into a signed record.
        by: Who releases it.
        clock: Tells the time, UTC.
        folder: An empty work folder.

    Raises:
        ConfigurationError: Its collector can not read from captured pages: run the window again instead.
        ContractError: It still breaks the contract; it stays held.
        LandingConflict: Its window has landed since.
    """
    record = entry.record
    if entry.state != "held":
        msg = f"{entry.key}: expected an extraction that is held, and this one is {entry.state}."
        raise LandingConflict(msg)
    job = flow.plan(settings, record.place.control, record.system, record.place.window)
    if job.period.id != record.place.observation_period:
        place = partition_values(entry.key)["observation_period"]
        msg = f"{entry.key}: its window belongs to period {job.period.id} now, and it was read for {place}. Run the window again."
        raise ConfigurationError(msg)
    (folder / "pages").mkdir()
    (folder / "work").mkdir()
    pages = fetch_pages(store, record, folder / "pages")
    source = job.source.model_copy(update={"parameters": _parameters(job, pages)})
    frame = open_frame(replace(job, source=source), folder / "work", store)
    extraction = flow.collect(job, frame, clock, None)
    extraction["ipe"]["released"] = {"record": entry.key, "reason": reason, "pages": [page.key for page in record.objects]}
    validated = flow.validate(job, extraction, folder / "work")
    lock = retention(job)
    stored = _stored(record, extraction["landing"], frame) or flow.lock_pages(job, frame, store, lock)
    draft = Draft(job.place, extraction["landing"], record.system, validated.parts, tuple(stored), validated.predicate)
    reference = land(draft, store, signer, lock, clock, folder, None)
    released = Record(
        place=record.place,
        kind=RecordKind.RELEASED,
        system=record.system,
        landing=reference.landing,
        reason=reason,
        by=by,
        at=clock(),
        objects=(),
        facts={"record": entry.key, "once": entry.key},
    )
    write_record(released, store, signer, lock)
    return reference


def _parameters(job: flow.Job, pages: Sequence[Path]) -> dict[str, object]:
    """Return the collector's parameters, pointed at captured pages."""
    module = importlib.import_module(f"tieout.collectors.{job.source.collector}")
    from_pages = getattr(module, "from_pages", None)
    if from_pages is None:
        msg = (
            f"collector {job.source.collector!r}: its pages alone do not make its rows. The source can be read again: trigger "
            f"window {job.window.key} of {job.control_id} instead."
        )
        raise ConfigurationError(msg)
    return dict(from_pages(job.source.parameters, pages))


def _stored(record: Record, landing: str, frame: Frame) -> list[StoredPage]:
    """Return the pages as they are locked already, where the landing has the id that the extraction had."""
    if landing != record.landing or len(frame.pages) != len(record.objects):
        return []
    objects = sorted(record.objects, key=lambda entry: entry.key)
    return [
        StoredPage(entry.key, entry.version_id, entry.sha256, entry.bytes, page.received_sha256)
        for entry, page in zip(objects, frame.pages, strict=True)
    ]
