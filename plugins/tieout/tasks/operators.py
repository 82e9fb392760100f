# SPDX-License-Identifier: Apache-2.0
"""The operators of an extraction: collect, validate, land, each for one system and the window of the run.

Between two tasks only a reference travels: the key of a document in the staging bucket, and its hash. The staging bucket is
unlocked, so each task checks what it takes from there against that hash.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tieout.errors import TerminalError
from tieout.settings import from_environment
from tieout.tasks.progress import logged
from tieout.tasks.runs import airflow_run, now
from tieout.tasks.windows import Reference, Slot, WindowOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.evidence.store import S3Store

log = logging.getLogger(__name__)


class CollectOperator(WindowOperator):
    """Collect: read the window, lock the raw pages, stage the rows.

    Returns:
        The reference of the extraction document.
    """

    def execute(self, context: Context) -> Reference:
        """Run the collector inside the frame."""
        from tieout.collectors.extraction import ROWS_FILE
        from tieout.evidence.layout import staging_prefix
        from tieout.flows.jobs import open_frame
        from tieout.flows.population_export import collect, keeping_unusable, lock_pages, retention_of, write_document
        from tieout.tasks.connections import landing_signer, stores

        settings = from_environment()
        job = self.job(settings, context)
        evidence, staging = stores(settings)
        if (there := self.standing(job, evidence, context)) is not None:
            return {"key": there.manifest_key, "sha256": there.manifest_sha256}
        run = airflow_run(context)
        log.info("Collecting %s of %s, %s to %s", self.system, self.control_id, job.window.start, job.window.end)
        with TemporaryDirectory(prefix="tieout-") as work:
            frame = open_frame(job, Path(work), evidence)
            with keeping_unusable(job, frame, run, now, evidence, landing_signer(settings)):
                document = collect(job, frame, now, run)
            document["pages"] = [asdict(page) for page in lock_pages(job, frame, evidence, retention_of(job, now()))]
            ipe = document["ipe"]
            log.info("Read %s rows, %s of them in the window", ipe["rows_read"], ipe["rows_in_window"])
            prefix = staging_prefix(job.place, document["landing"])
            staging.put(_staged(prefix, document["rows_sha256"], ROWS_FILE), frame.folder / ROWS_FILE)
            path = frame.folder / "extraction.json"
            sha256 = write_document(path, document)
            key = _staged(prefix, sha256, path.name)
            staging.put(key, path)
        return {"key": key, "sha256": sha256}


def _staged(prefix: str, sha256: str, name: str) -> str:
    """Return the key of something staged: by its hash, so that two runs of one window do not write over each other."""
    return f"{prefix}{sha256[:16]}-{name}"


def _fetch(staging: S3Store, reference: Reference, folder: Path) -> dict[str, Any]:
    path = folder / reference["key"].rsplit("/", 1)[-1]
    staging.download(reference["key"], path, reference["sha256"])
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


class ValidateOperator(WindowOperator):
    """Validate: contract rules, control rules, and the Parquet parts as they will land.

    Returns:
        The reference of the draft.
    """

    def execute(self, context: Context) -> Reference:
        """Hold the staged rows against the contract."""
        from tieout.collectors.extraction import ROWS_FILE
        from tieout.evidence.landing import StoredPage
        from tieout.evidence.layout import staging_prefix
        from tieout.flows.population_export import part_document, validate, write_document
        from tieout.flows.unusable import kept
        from tieout.tasks.connections import landing_signer, stores

        settings = from_environment()
        job = self.job(settings, context)
        evidence, staging = stores(settings)
        if self.standing(job, evidence, context) is not None:
            reference: Reference = self.reference
            return reference
        with TemporaryDirectory(prefix="tieout-") as work:
            folder = Path(work)
            extraction = _fetch(staging, self.reference, folder)
            prefix = staging_prefix(job.place, extraction["landing"])
            rows = extraction["rows_sha256"]
            staging.download(_staged(prefix, rows, ROWS_FILE), folder / ROWS_FILE, rows)
            try:
                validated = validate(job, extraction, folder, logged(log))
            except TerminalError as error:
                pages = [StoredPage(**page) for page in extraction["pages"]]
                signer = landing_signer(settings)
                raise kept(job, extraction["landing"], pages, error, airflow_run(context), now(), evidence, signer) from error
            for result in validated.results:
                log.info(
                    "%s rule %s: %s (met %s, not met %s, not determinable %s)",
                    result.kind, result.rule, result.result, result.met, result.not_met, result.not_determinable,
                )  # fmt: skip
            for part in validated.parts:
                staging.put(prefix + part.path.name, part.path)
            document = {
                "predicate": validated.predicate,
                "parts": [part_document(part) for part in validated.parts],
                "pages": extraction["pages"],
            }
            path = folder / "draft.json"
            sha256 = write_document(path, document)
            key = _staged(prefix, sha256, path.name)
            staging.put(key, path)
        return {"key": key, "sha256": sha256}


class LandOperator(WindowOperator):
    """Land: the parts, locked, then the signed manifest.

    Returns:
        Landing, manifest key and hash, rows, potential deviations: a reference, never evidence.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Land the draft, or find that it has landed."""
        from tieout.evidence.landing import land
        from tieout.evidence.layout import staging_prefix
        from tieout.flows.population_export import draft, retention_of
        from tieout.tasks.connections import landing_signer, stores

        settings = from_environment()
        job = self.job(settings, context)
        evidence, staging = stores(settings)
        if (there := self.standing(job, evidence, context)) is not None:
            return asdict(there)
        with TemporaryDirectory(prefix="tieout-") as work:
            folder = Path(work)
            document = _fetch(staging, self.reference, folder)
            prefix = staging_prefix(job.place, document["predicate"]["landing"])
            for part in document["parts"]:
                staging.download(prefix + part["path"], folder / part["path"], part["sha256"])
            reference = land(
                draft(job, document["predicate"], document["parts"], document["pages"], folder),
                evidence,
                landing_signer(settings),
                retention_of(job, now()),
                now,
                folder,
                self._why(context),
            )
        done = "Landed" if reference.landed_now else "Had landed already, nothing written"
        log.info("%s: s3://%s/%s (%s rows)", done, evidence.bucket, reference.manifest_key, reference.rows)
        if reference.landed_now:
            for outlet in self.outlets:
                extra = {"manifest_key": reference.manifest_key, "manifest_sha256": reference.manifest_sha256}
                context["outlet_events"][outlet].extra = extra
        return asdict(reference)

    def _why(self, context: Context) -> str | None:
        """Return why this landing may supersede another one; a second list that was collected again may, and says so."""
        given: str | None = context["params"].get("supersede_reason")
        if given or self.slot is not Slot.AGAIN:
            return given
        return f"It was listed again as of {self.until}, after the campaign was closed."
