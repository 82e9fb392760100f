# SPDX-License-Identifier: Apache-2.0
"""Record what silence would hide: windows that were not extracted, and leftovers that no landing will come back for.

Run by the writer before each digest, so that the digest covers the records. Every record is written once: a second run finds
it standing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tieout.criteria.awaiting import NO_CAMPAIGNS, RunningCampaign, due_at, running_campaigns
from tieout.criteria.controls import Control, control_files, load_control
from tieout.criteria.extractions import windows_expected
from tieout.criteria.periods import Window, period_of
from tieout.criteria.scope import Scope, load_scope
from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import retain_until
from tieout.evidence.layout import EVIDENCE, RAW, Class, Place, landing_of, partition_values
from tieout.evidence.records import Record, RecordedObject, RecordKind, write_record
from tieout.evidence.store import ObjectVersion, Retention, S3Store
from tieout.flows.documents import Documents, firsts, read_documents
from tieout.flows.status import established_at, noted_by_control
from tieout.settings import Settings
from tieout.times import instant

Clock = Callable[[], datetime]
NO_WINDOW = "none"
"""Window of a record about raw pages alone, whose keys name none."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a run has recorded."""

    not_extracted: int
    abandoned: int


def sweep(settings: Settings, store: S3Store, signer: DocumentSigner, clock: Clock, by: str) -> Swept:
    """Record every window that was not extracted in time, and everything that was left behind.

    Args:
        settings: The installation's.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        by: Who runs this, for the records.

    Raises:
        ConfigurationError: The scope file is wrong. A broken control file is left out: its DAG says so.
        StoreUnavailable: The store did not answer; run it again.
    """
    now = clock()
    scope = load_scope(settings.scope_file)
    documents = read_documents(store)
    records = [*not_extracted(settings, scope, documents, established_at(store), now, by)]
    left = abandoned(store, documents, now - timedelta(hours=settings.abandon_after_hours), now, by)
    written = {kind: 0 for kind in (RecordKind.NOT_EXTRACTED, RecordKind.ABANDONED)}
    for record in (*records, *left):
        retention = retention_for(settings, scope, record.place.observation_period, now)
        written[record.kind] += write_record(record, store, signer, retention)
    return Swept(written[RecordKind.NOT_EXTRACTED], written[RecordKind.ABANDONED])


def retention_for(settings: Settings, scope: Scope, observation_period: str, now: datetime) -> Retention:
    """Return the lock of a record: as long as the evidence of its period, or counted from now where the period is not known."""
    period = next((period for period in scope.observation_periods if period.id == observation_period), None)
    end = period.end(scope.zone) if period else now
    until = retain_until(end, settings.retention_years, settings.retention_cap_years, now)
    return Retention(settings.retention_mode, until, settings.sse, settings.sse_key_id)


def not_extracted(
    settings: Settings, scope: Scope, documents: Documents, established: datetime | None, now: datetime, by: str
) -> Iterator[Record]:
    """Return a record for each window of each system that is past its grace with neither a landing nor a failed extraction.

    One that a record says that of already, such as of a review that was cancelled, is left out.
    """
    answered, noted = documents.answered | documents.not_extracted, noted_by_control(documents.records.values())
    for control_id, path in control_files(settings.controls_folder).items():
        try:
            control = load_control(path)
        except ConfigurationError:
            continue
        running = running_campaigns(control, scope.calendar, noted.get(control_id, ()))
        for target in owed_windows(control, scope, established, now, running):
            place = Place(period_of(target, scope.observation_periods, scope.zone).id, control_id, target.key)
            for source in control.systems:
                if (control_id, target.key, source.system) not in answered:
                    yield _silent(place, target, source.system, control, running.get(target.key), now, by)


def _silent(
    place: Place, target: Window, system: str, control: Control, campaign: RunningCampaign | None, now: datetime, by: str
) -> Record:
    grace = control.extraction_schedule.grace_days
    why = campaign.as_text() if campaign else "it was paused, cleared, failed before it read anything, or never ran"
    return Record(
        place=place,
        kind=RecordKind.NOT_EXTRACTED,
        system=system,
        reason=(
            f"Window {target.key} ended {instant(target.end)}, and more than {grace} days later neither a landing nor a failed "
            f"extraction of it stands: {why}."
        ),
        by=by,
        at=now,
        facts={"window": {"from": instant(target.start), "to": instant(target.end)}, "grace_days": grace},
    )


def owed_windows(
    control: Control,
    scope: Scope,
    established: datetime | None,
    now: datetime,
    running: Mapping[str, RunningCampaign] = NO_CAMPAIGNS,
) -> Iterator[Window]:
    """Return the windows of all Type 2 periods that should have been extracted by now, each once.

    They are past the control's grace (`tieout.criteria.awaiting.due_at`), in days on which it is in force and serves a category
    in scope.
    """
    seen = set()
    for period in scope.observation_periods:
        if period.type != 2 or not scope.touches(control, period.first_day, period.end_day):
            continue
        for target in windows_expected(control, scope.calendar, period.first_day, period.end_day):
            days = scope.calendar.day_of(target.start), scope.calendar.day_of(target.end)
            if target.key not in seen and scope.touches(control, *days) and due_at(control, target, established, running) < now:
                seen.add(target.key)
                yield target


def abandoned(store: S3Store, documents: Documents, before: datetime, now: datetime, by: str) -> Iterator[Record]:
    """Return a record for each landing's leftovers: parts and raw pages that no manifest or record names, older than ``before``.

    A landing that is tried again writes the same keys and adopts what it finds, so what is left this long is left for good.
    """
    named = documents.named
    left: dict[tuple[Place, str], list[ObjectVersion]] = {}
    kinds = (Class.PART, Class.RAW_PAGE)
    for version in (*firsts(store, EVIDENCE, kinds).values(), *firsts(store, RAW, kinds).values()):
        if version.key in named or version.last_modified >= before:
            continue
        landing = version.key.split("/")[3] if version.key.startswith(RAW) else landing_of(version.key)
        values = partition_values(version.key)
        place = Place(values["observation_period"], values["control"], values.get("window", NO_WINDOW))
        left.setdefault((place, landing), []).append(version)
    for (place, landing), versions in sorted(left.items(), key=lambda item: (item[0][0].partition, item[0][1])):
        yield Record(
            place=place,
            kind=RecordKind.ABANDONED,
            system=landing.rpartition("-")[0],
            landing=landing,
            reason=(
                "These objects were written by a run that never finished, and no later run of the window adopted them: its "
                "source had other bytes by then, or nobody ran it again. They are part of no population."
            ),
            by=by,
            at=now,
            objects=tuple(recorded(store, versions)),
            facts={},
        )


def recorded(store: S3Store, versions: Iterable[ObjectVersion]) -> Iterator[RecordedObject]:
    """Return stored objects as a record names them, each with its SHA-256.

    Raises:
        StoreUnavailable: One is not there.
    """
    for version in versions:
        described = store.describe(version.key, version.version_id)
        sha256 = (described and described.sha256) or store.sha256(version.key, version.version_id)[0]
        if described is None or sha256 is None:
            msg = f"s3://{store.bucket}/{version.key}: version {version.version_id} was listed and is not there."
            raise StoreUnavailable(msg)
        yield RecordedObject(version.key, version.version_id, sha256, described.size)
