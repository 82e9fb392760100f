# SPDX-License-Identifier: Apache-2.0
"""Snapshots: scope, controls, contracts, criteria and assessments as they stood, locked under the commit they stood at.

One is due at the start of a period, at the start of each month in it, and at its close. A file lands once for each commit; the
record of a snapshot names every file with its version and hash, so that a later one costs a record where nothing has changed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tieout.criteria.dry_runs import FILE_NAME as DRY_RUNS
from tieout.criteria.periods import ObservationPeriod, WindowKind, windows_between
from tieout.criteria.scope import Scope
from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import CATALOG, Place
from tieout.evidence.records import Record, RecordedObject, RecordKind, write_record
from tieout.evidence.store import Retention, S3Store
from tieout.files import file_sha256
from tieout.provenance import commit_of_folders
from tieout.settings import Settings

PROGRAM = "evidence_program"
"""What stands for a control in records about a whole period."""
CLOSE_WINDOW = "close"
"""Window of the record that closes a period."""
_DAY = timedelta(days=1)
START, CLOSE = "snapshot-start", "snapshot-close"
FOLDERS = ("include/criteria", "include/evidence_schemas")
_LEFT_OUT = ("include/criteria/licensed/", f"include/criteria/{DRY_RUNS}")
"""The AICPA's wording may be read here and not passed on, and what management rehearses with is its own: neither is part of a
snapshot."""


def occasions_due(period: ObservationPeriod, scope: Scope, now: datetime) -> list[str]:
    """Return the windows of the snapshots that are due of a period by now: its start, then each month that has begun in it."""
    today = scope.calendar.day_of(now)
    if today < period.first_day:
        return []
    months = windows_between(WindowKind.MONTHLY, period.first_day, min(today + _DAY, period.end_day), scope.zone)
    begun = [target.key for target in months if scope.calendar.day_of(target.start) > period.first_day]
    return [START, *(f"snapshot-{key}" for key in begun)]


def take_snapshot(
    settings: Settings,
    scope: Scope,
    period: ObservationPeriod,
    occasion: str,
    store: S3Store,
    signer: DocumentSigner,
    retention: Retention,
    by: str,
    now: datetime,
) -> tuple[str, bool]:
    """Land a snapshot, unless this occasion of the period has one.

    Args:
        settings: The installation's.
        scope: The scope.
        period: The period.
        occasion: `START`, ``snapshot-2026-03`` or `CLOSE`.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        retention: Lock of files and record.
        by: Who takes it.
        now: UTC.

    Returns:
        Key of its record, and whether it was taken now.

    Raises:
        LandingConflict: The bucket holds another file under the same commit: somebody has put it there.
        StoreUnavailable: The store did not answer; run it again.
    """
    place = Place(period.id, PROGRAM, occasion)
    standing = store.versions(place.manifests_of(PROGRAM))
    if standing:
        return standing[0].key, False
    files = dict(program_files(settings.home))
    commit = commit_of(settings.home, files)
    objects = []
    for name, path in files.items():
        sha256 = file_sha256(path)
        key = f"{CATALOG}{scope.edition}/{commit}/{name}"
        objects.append(RecordedObject(key, store.put_locked(key, path, sha256, retention), sha256, path.stat().st_size))
    record = Record(
        place=place,
        kind=RecordKind.SNAPSHOT,
        system=PROGRAM,
        reason=f"Scope, controls, contracts, criteria and assessments as they stood at {commit}.",
        by=by,
        at=now,
        objects=tuple(objects),
        facts={"commit": commit, "edition": scope.edition, "observation_period": period_document(period, scope)},
    )
    return record.key, write_record(record, store, signer, retention)


def period_document(period: ObservationPeriod, scope: Scope) -> dict[str, Any]:
    """Return a period as a record states it: evidence is selected by these days, whatever label it is stored under."""
    return {
        "id": period.id,
        "type": period.type,
        "first_day": period.first_day.isoformat(),
        "end_day": period.end_day.isoformat(),
        "time_zone": scope.time_zone,
    }


def program_files(home: Path) -> Iterator[tuple[str, Path]]:
    """Return the program's files, by their path under ``include/``.

    Raises:
        ConfigurationError: A file's name can not stand in an object key.
    """
    for folder in FOLDERS:
        for path in sorted((home / folder).rglob("*")):
            name = path.relative_to(home).as_posix()
            if not path.is_file() or name.startswith(_LEFT_OUT):
                continue
            if not re.fullmatch(r"[A-Za-z0-9_.=/-]+", name):
                what = "a name of letters, digits, '.', '_', '=' and '-'"
                msg = f"{path}: expected {what}: it becomes part of object keys. Rename it."
                raise ConfigurationError(msg)
            yield name.removeprefix("include/"), path


def commit_of(home: Path, files: Mapping[str, Path]) -> str:
    """Return the git commit at which the files stood; where they differ from it, or there is none, also what tells them apart."""
    commit = commit_of_folders(home, FOLDERS)
    if commit.sha is not None and commit.clean:
        return commit.sha
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(f"{name}\0{file_sha256(path)}\n".encode())
    return f"{commit.sha or 'no-commit'}-{digest.hexdigest()[:16]}"
