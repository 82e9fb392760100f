# SPDX-License-Identifier: Apache-2.0
"""Population export: collect, validate, land, for one window of one system.

Each step takes what the one before left in a folder and leaves its own; whoever runs them moves the files. A document of the
steps names every file with its hash, so that what lies between two steps can be unlocked storage.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tieout.collectors.extraction import Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import AirflowRun, Kind
from tieout.collectors.ipe_document import ipe_document
from tieout.contracts.odcs import RuleKind
from tieout.contracts.rules import RuleResult
from tieout.evidence.landing import Draft, StoredPage
from tieout.evidence.layout import LAYOUT_VERSION
from tieout.evidence.parts import Part, write_parts
from tieout.evidence.rowhash import ENCODING
from tieout.files import file_sha256
from tieout.flows.jobs import Clock, Job, contract_of, landing_of_pages, plan, plan_span, read_control, retention_of
from tieout.flows.source_rules import as_documents
from tieout.flows.unusable import keeping_unusable, lock_pages
from tieout.flows.validation import Progress, judge_rows, silent, typed_rows
from tieout.times import instant

__all__ = [
    "Clock",
    "Job",
    "Progress",
    "Validated",
    "collect",
    "contract_of",
    "draft",
    "extraction_state",
    "keeping_unusable",
    "landing_of_pages",
    "lock_pages",
    "part_document",
    "plan",
    "plan_span",
    "predicate_of",
    "read_control",
    "retention_of",
    "typed_rows",
    "validate",
    "write_document",
    "write_parts",
]


def collect(job: Job, frame: Frame, clock: Clock, run: AirflowRun | None) -> dict[str, Any]:
    """Collect: read the window from the source into the frame's folder.

    Returns:
        The extraction document: landing id, IPE record, and hash of `ROWS_FILE`. Raw pages stand in the folder by name.

    Raises:
        TieoutError: As `extract`. The raw pages captured so far are in ``frame.pages`` all the same.
    """
    population = job.control.population
    inclusion = Inclusion(population.inclusion_date_field, population.sequence_field, Kind(population.ipe))
    extraction = extract(frame, job.contract, inclusion, clock, run)
    return {
        "landing": landing_of_pages(job, frame.pages),
        "origin": extraction.origin,
        "expected_rows": extraction.ipe.expected_rows,
        "rows_sha256": file_sha256(extraction.rows),
        "collected_at": instant(extraction.ipe.finished_at),
        "extraction": extraction_state(job, extraction.ipe.finished_at),
        "ipe": ipe_document(extraction.ipe),
        "source_rules": as_documents(extraction.ipe.source_rules),
    }


def extraction_state(job: Job, collected_at: datetime, until: datetime | None = None) -> dict[str, Any]:
    """Return whether an extraction came in window or later, and its lag behind the window's end in whole seconds.

    Args:
        job: The job.
        collected_at: When it came.
        until: When its grace begins, where that is later than the window's end.
    """
    lag = collected_at - job.window.end
    last = max(job.window.end, until or job.window.end) + timedelta(days=job.control.extraction_schedule.grace_days)
    in_window = collected_at <= last
    return {"state": "in window" if in_window else "later", "lag_seconds": int(lag.total_seconds())}


@dataclass(frozen=True, slots=True)
class Validated:
    """What validation leaves: the parts, and the draft of the manifest's predicate."""

    parts: tuple[Part, ...]
    results: tuple[RuleResult, ...]
    predicate: dict[str, Any]


def validate(job: Job, extraction: dict[str, Any], folder: Path, progress: Progress = silent) -> Validated:
    """Validate: contract rules, then control rules, and the Parquet parts as they will land.

    Args:
        job: The job.
        extraction: What `collect` returned.
        folder: Holds `ROWS_FILE`; the parts are written into it.
        progress: Told how far it is.

    Raises:
        ContractError: A type or a contract rule is broken: nothing lands as a population.
        ConfigurationError: A rule could not be run.
    """
    found = judge_rows(job, extraction, folder, progress)
    predicate = predicate_of(job, extraction, list(found.results), found.performed, found.rows, found.rows_hash)
    return Validated(found.parts, found.results, predicate)


def predicate_of(
    job: Job, extraction: dict[str, Any], results: list[RuleResult], said: dict[str, Any], rows: int, rows_hash: str
) -> dict[str, Any]:
    """Return the draft of the manifest's predicate: all that is known before anything has landed."""
    zone = job.scope.zone
    statement = job.control.statement_on((job.window.end - timedelta(microseconds=1)).astimezone(zone).date())
    return {
        "layout_version": LAYOUT_VERSION,
        "landing": extraction["landing"],
        "control": {
            "id": job.control_id,
            "title": job.control.title,
            "statement_version": statement.version,
            "statement": statement.text,
            "sha256": job.control_sha256,
        },
        "system": job.source.system,
        "observation_period": {
            "id": job.period.id,
            "from": instant(job.period.start(zone)),
            "to": instant(job.period.end(zone)),
            "time_zone": job.scope.time_zone,
        },
        "window": {"key": job.window.key, "from": instant(job.window.start), "to": instant(job.window.end)},
        "extraction": extraction["extraction"],
        "population": {"rows": rows, "rows_sha256": rows_hash, "encoding": ENCODING},
        "contract": {
            "evidence_type": job.contract.evidence_type,
            "id": job.contract.id,
            "version": job.contract.version,
            "sha256": job.contract.sha256,
        },
        "rule_results": [result.as_document() for result in results],
        "potential_deviations": sum(result.not_met for result in results if result.kind is RuleKind.CONTROL),
        "performances": said,
        "ipe": extraction["ipe"],
        "code": extraction["ipe"]["code"],
        "times": {"collected_at": {"at": extraction["collected_at"], "attested_by": "asserted by the entity"}},
    }


def part_document(part: Part) -> dict[str, Any]:
    """Return a part as JSON values, its path as a file name."""
    return {**asdict(part), "path": part.path.name}


def draft(job: Job, predicate: dict[str, Any], parts: list[dict[str, Any]], pages: list[dict[str, Any]], folder: Path) -> Draft:
    """Return the draft of a landing from the documents of the steps before; the parts stand in ``folder``."""
    return Draft(
        place=job.place,
        landing=predicate["landing"],
        system=job.source.system,
        parts=tuple(Part(**{**part, "path": folder / part["path"]}) for part in parts),
        pages=tuple(StoredPage(**page) for page in pages),
        predicate=predicate,
    )


def write_document(path: Path, document: dict[str, Any]) -> str:
    """Write a document between two steps, and return the SHA-256 of its bytes."""
    data = json.dumps(document, sort_keys=True).encode()
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()
