# SPDX-License-Identifier: Apache-2.0
"""Witnessed re-run: a landing's window is read from its source once more, and held against the sealed population.

The source is only read, no row lands, and nothing that stands changes: what lands is a signed record of the re-run itself. It
uses the control's and the contract's files as they are today, and says where they are no longer those of the landing.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.audit.true_up import TRUE_UP_TYPE, Compared, Difference, compare
from tieout.collectors.frame import Frame
from tieout.collectors.reach import Reach
from tieout.contracts.odcs import LANDING_COLUMN
from tieout.criteria.periods import Window, window_key
from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.manifest import Manifest
from tieout.evidence.records import Record, RecordKind, objects_of, write_record
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.jobs import open_frame
from tieout.flows.true_up import as_landed, landed_parts
from tieout.flows.upkeep import retention_for
from tieout.settings import Settings
from tieout.times import instant, parse_instant

MOST_KEYS = 1000
"""Differences that a record names by key; their number and the hash of the whole listing are always in it."""
_EACH = {Difference.ADDED: "added", Difference.VANISHED: "vanished", Difference.CHANGED: "changed"}


@dataclass(frozen=True, slots=True)
class Rerun:
    """What a re-run found.

    Attributes:
        manifest: Of the landing.
        job: The extraction, as control and contract are today.
        redefined: What has changed in them since the landing, a sentence each.
        ipe: IPE record of the re-run.
        compared: The differences, and the rows on both sides.
        frame: Its raw pages.
    """

    manifest: Manifest
    job: flow.Job
    redefined: tuple[str, ...]
    ipe: dict[str, Any]
    compared: Compared
    frame: Frame

    @property
    def counts(self) -> dict[str, int]:
        """How many rows were added, have vanished and were changed."""
        found = Counter(self.compared.rows["difference"].to_pylist())
        return {name: found[difference.value] for difference, name in _EACH.items()}

    def listing(self) -> Iterator[str]:
        """Yield every difference as a line of JSON, by row key."""
        names = ("difference", "row_key", "changed_columns", "before", "after")
        for batch in self.compared.rows.select(names).to_batches():
            yield from (json.dumps(row, ensure_ascii=False) for row in batch.to_pylist())

    @property
    def listing_sha256(self) -> str:
        """SHA-256 of the whole listing, each line with its line feed."""
        digest = hashlib.sha256()
        for line in self.listing():
            digest.update(f"{line}\n".encode())
        return digest.hexdigest()

    @property
    def totals(self) -> dict[str, dict[str, Any]]:
        """The totals of the landing and of the re-run, side by side."""
        then = self.manifest.predicate["ipe"]
        return {"then": _totals(then, self.compared.before), "now": _totals(self.ipe, self.compared.after)}


def _totals(ipe: dict[str, Any], rows: int) -> dict[str, Any]:
    return {
        "rows": rows,
        "rows_read": ipe.get("rows_read"),
        "source_total": ipe.get("source_total"),
        "second_count": ipe.get("second_count"),
        "first": ipe.get("first"),
        "last": ipe.get("last"),
        "finished_at": ipe.get("finished_at"),
    }


def plan_rerun(settings: Settings, manifest: Manifest, reach: Reach | None = None) -> flow.Job:
    """Plan the extraction of exactly the interval that a landing covers, by the control's and the contract's files as they are.

    Raises:
        ConfigurationError: A file is wrong; the control, its system or the period is no longer there; or the landing is no
            population of the control's evidence type.
    """
    said = manifest.predicate
    control_id, system = said["control"]["id"], said["system"]
    start, end = parse_instant(said["window"]["from"]), parse_instant(said["window"]["to"])
    _, scope = flow.read_control(settings, control_id)
    label = said["observation_period"]["id"]
    period = next((each for each in scope.observation_periods if each.id == label), None)
    if period is None:
        known = ", ".join(each.id for each in scope.observation_periods)
        msg = f"{manifest.key}: scope.yaml has no observation period {label!r} any more. Its periods: {known}."
        raise ConfigurationError(msg)
    days = scope.calendar.day_of(start), scope.calendar.day_of(end)
    job = flow.plan_span(settings, control_id, system, period, said["window"]["key"], days, reach)
    landed_as = said["contract"]["evidence_type"]
    if landed_as != job.contract.evidence_type:
        msg = (
            f"{manifest.key}: it holds {landed_as}, and {control_id} reads {job.contract.evidence_type} from its source: rows "
            f"of two types can not be compared. Name a landing of the control's population."
        )
        raise ConfigurationError(msg)
    return replace(job, window=Window(said["window"]["key"], job.window.kind, start, end))


def rerun(job: flow.Job, manifest: Manifest, store: S3Store, clock: flow.Clock, folder: Path) -> Rerun:
    """Read the window again and compare; nothing is written.

    Args:
        job: From `plan_rerun`.
        manifest: Of the landing.
        store: The evidence bucket.
        clock: Tells the time, UTC.
        folder: An empty work folder.

    Raises:
        ContractError: What the source gives now breaks the contract's columns or types: nothing can be compared.
        LandingConflict: A part is not what the manifest says: run tieout verify.
        SourceUnavailable: The source did not answer.
    """
    frame = open_frame(job, folder, store)
    extraction = flow.collect(job, frame, clock, None)
    after = flow.typed_rows(job, extraction, folder).select(job.contract.schema.names)
    before = sealed_rows(job, manifest, store, folder)
    compared = compare(
        before, after, job.contract, job.control.population.inclusion_date_field,
        lambda at: window_key(job.window.kind, job.scope.calendar.day_of(at)), flow.contract_of(job.settings, TRUE_UP_TYPE),
    )  # fmt: skip
    redefined = (*_redefined(manifest, job), *_redacted(manifest.predicate["ipe"], extraction["ipe"]))
    return Rerun(manifest, job, redefined, extraction["ipe"], compared, frame)


def sealed_rows(job: flow.Job, manifest: Manifest, store: S3Store, folder: Path) -> pa.Table:
    """Return a landing's rows in today's columns, each part checked against the manifest."""
    schema = pa.schema([*job.contract.schema, pa.field(LANDING_COLUMN, pa.string())])
    named = {"manifest_key": manifest.key, "manifest_sha256": manifest.sha256}
    parts = landed_parts(store, named, job.contract.table, folder)
    return pa.concat_tables([schema.empty_table(), *(as_landed(part, schema, manifest.landing) for part in parts)])


def _redefined(manifest: Manifest, job: flow.Job) -> Iterator[str]:
    said = manifest.predicate
    for what, then, now in (
        (f"control {job.control_id}", said["control"]["sha256"], job.control_sha256),
        (f"contract {job.contract.evidence_type}", said["contract"]["sha256"], job.contract.sha256),
    ):
        if then != now:
            yield f"{what}: its file has changed since the landing (SHA-256 {then[:16]} then, {now[:16]} now)"


def _redacted(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Say so where person ids stand on one side only: every row with an address then differs, and nobody changed it."""
    on = [any(page.get("redactions") for page in ipe.get("pages", ())) for ipe in (then, now)]
    if on[0] != on[1]:
        words = ("on", "off") if on[0] else ("off", "on")
        yield f"person ids: {words[0]} then, {words[1]} now (TIEOUT_IDENTITY_KEY): rows with addresses differ by that alone"


def record_rerun(
    found: Rerun, store: S3Store, signer: DocumentSigner, by: str, witness: str, now: datetime, *, keep_pages: bool
) -> str:
    """Land the record of a re-run; returns its key.

    Args:
        found: What it found.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        by: Who ran it.
        witness: Who watched.
        now: UTC.
        keep_pages: Whether its raw pages are locked, too; the record always states their hashes as received.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    job, manifest, counts = found.job, found.manifest, found.counts
    retention = retention_for(job.settings, job.scope, job.period.id, now)
    pages = flow.lock_pages(job, found.frame, store, flow.retention_of(job, now), lambda: now) if keep_pages else ()
    differences = ", ".join(f"{count} {name}" for name, count in counts.items())
    record = Record(
        place=job.place,
        kind=RecordKind.RERUN,
        system=job.source.system,
        landing=manifest.landing,
        reason=f"The window was read from its source again, before a witness. Differences to what is sealed: {differences}.",
        by=by,
        at=now,
        objects=objects_of(pages),
        facts={**facts(found, keep_pages=keep_pages), "witness": witness, "once": [instant(now), witness]},
    )
    write_record(record, store, signer, retention)
    return record.key


def facts(found: Rerun, *, keep_pages: bool) -> dict[str, Any]:
    """Return what the record of a re-run says: totals, differences, definition and request, as JSON values."""
    ipe, compared = found.ipe, found.compared
    named = compared.rows.select(["difference", "row_key", "changed_columns"]).slice(0, MOST_KEYS).to_pylist()
    return {
        "manifest": {"key": found.manifest.key, "sha256": found.manifest.sha256},
        "redefined": list(found.redefined),
        "totals": found.totals,
        "differences": {
            **found.counts,
            "listing_sha256": found.listing_sha256,
            "named": _without_nulls(named),
            "not_named": compared.rows.num_rows - len(named),
        },
        "ipe": ipe,
        "pages_kept": keep_pages,
    }


def _without_nulls(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if value is not None} for row in rows]
