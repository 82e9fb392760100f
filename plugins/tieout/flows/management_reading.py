# SPDX-License-Identifier: Apache-2.0
"""What management's report and its list of what is known are made of, read from the bucket once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tieout.audit.known import (
    INCIDENT_TABLE,
    Head,
    Incident,
    Known,
    control_changes,
    documents_of,
    incident,
    overrides_of,
    tool_changes,
)
from tieout.criteria.periods import POST_PERIOD, ObservationPeriod, is_regular
from tieout.errors import ConfigurationError
from tieout.evidence.layout import MANIFESTS
from tieout.evidence.register import RegisterRow, register
from tieout.evidence.store import S3Store
from tieout.flows.chain import standing_chain
from tieout.flows.deviations import Register, read_register
from tieout.flows.documents import Documents, read_documents
from tieout.flows.index import standing_rows
from tieout.flows.status import Facts, Program, Status, read_holdings, status
from tieout.flows.true_up import landed_parts
from tieout.settings import Settings
from tieout.times import instant

MOST_INCIDENTS = 10_000
"""Rows of incidents of one period; more is refused: they are no list that a person signs."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a bucket for a period, as of an instant.

    Attributes:
        settings: The installation's.
        store: The evidence bucket.
        program: The program's files.
        found: Where the period stands.
        facts: What that was worked out from.
        index: A row of the index for each landing, superseded ones among them.
        documents: Every manifest and record.
        taken_away: The register of everything that was taken away or never came, under the period's label.
        deviations: The register of deviations.
        known: What is known of the period.
    """

    settings: Settings
    store: S3Store
    program: Program
    found: Status
    facts: Facts
    index: list[dict[str, Any]]
    documents: Documents
    taken_away: list[RegisterRow]
    deviations: Register
    known: Known

    @property
    def after_period(self) -> list[dict[str, Any]]:
        """Index rows of the post-period extracts that stand, of the period."""
        return [row for row in standing_rows(self.index) if _is_after(row, self.found.period)]


def read(settings: Settings, store: S3Store, program: Program, period: ObservationPeriod, now: datetime, folder: Path) -> Reading:
    """Read a period as of now.

    Args:
        settings: The installation's.
        store: The evidence bucket.
        program: The program's files.
        period: The period.
        now: The instant.
        folder: An empty work folder.

    Raises:
        ConfigurationError: The bucket has no chain of digests, or a file is wrong.
        LandingConflict: A landing is not what the index or its manifest says, or the chain is broken: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    # The chain is read first: what lands meanwhile is told as not digested, and not the other way round.
    chain = standing_chain(store)
    held = read_holdings(store, now)
    found = status(program, held.facts, period, now)
    documents = read_documents(store, MANIFESTS)
    deviations = read_register(settings, store, program, found, held.index, folder)
    incidents = tuple(sorted(_incidents(store, program, period, held.index, folder)))
    rows = register(documents.manifests, documents.records)
    overrides = overrides_of(rows, period)
    gone = [row for row in rows if row.observation_period == period.id]
    digest = chain.head
    of_period = [each for each in documents.manifests if each.predicate["observation_period"]["id"] == period.id]
    named = set(chain.keys)
    known = Known(
        period=period,
        zone=program.scope.time_zone,
        bucket=store.bucket,
        as_of=now,
        head=Head(digest.sequence, digest.key, chain.version_id, digest.sha256, instant(digest.end)),
        deviations=deviations.deviations,
        incidents=incidents,
        changes=tuple([*tool_changes(of_period), *control_changes(program.controls, period.first_day, period.end_day)]),
        overrides=overrides,
        not_digested=tuple(sorted(documents_of(deviations.deviations, incidents, overrides) - named)),
    )
    return Reading(settings, store, program, found, held.facts, held.index, documents, gone, deviations, known)


def _is_after(row: dict[str, Any], period: ObservationPeriod) -> bool:
    label = f"{MANIFESTS}observation_period={period.id}/"
    return str(row["window"]).startswith(POST_PERIOD) and str(row["manifest_key"]).startswith(label)


def _incidents(
    store: S3Store, program: Program, period: ObservationPeriod, index: list[dict[str, Any]], folder: Path
) -> Iterator[Incident]:
    """Yield the incidents declared in a period, and those that its post-period extracts show, each once as it landed last."""
    zone = program.scope.zone
    start, end = period.start(zone), period.end(zone)
    found: dict[tuple[str, str, str], Incident] = {}
    rows = [row for row in standing_rows(index) if row["evidence_type"].partition(".v")[0] == INCIDENT_TABLE]
    for row in sorted(rows, key=lambda each: each["landed_at"]):
        after = _is_after(row, period)
        if not after and not (is_regular(row["window"]) and row["effective_from"] < end and start < row["effective_to"]):
            continue
        for part in landed_parts(store, row, INCIDENT_TABLE, folder):
            for values in part.to_pylist():
                if start <= values["declared_at"] < end or (after and end <= values["declared_at"]):
                    one = incident(
                        values, row["control"], row["landing"], row["manifest_key"], after_period=end <= values["declared_at"]
                    )
                    found[one.control, one.system, one.incident_id] = one
            if len(found) > MOST_INCIDENTS:
                msg = f"{period.id}: expected at most {MOST_INCIDENTS:,} incidents, got more: list them with tieout query."
                raise ConfigurationError(msg)
    yield from found.values()
