# SPDX-License-Identifier: Apache-2.0
"""Management's explanations: signed records about a performance, or about differences that a true-up or a reconciliation found.

An explanation takes nothing away: what it is about stays a potential deviation, and stays a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tieout.audit.explanations import alike, content_of
from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import Place, partition_values
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.evidence.store import S3Store
from tieout.flows.differences import Differences
from tieout.flows.status import Status
from tieout.flows.upkeep import retention_for
from tieout.settings import Settings
from tieout.times import instant


def explain_performance(
    settings: Settings,
    store: S3Store,
    signer: DocumentSigner,
    found: Status,
    control: str,
    key: str,
    reason: str,
    by: str,
    now: datetime,
    system: str | None = None,
) -> list[str]:
    """Record why a performance stands as it does; returns the records' keys, one for each system.

    Raises:
        ConfigurationError: The control has no such performance in the period; the message lists those it has.
    """
    standing = next((each for each in found.controls if each.control == control), None)
    listed = standing.performances if standing else ()
    meant = [each for each in listed if each.key == key and system in (None, each.system)]
    if not meant:
        known = ", ".join(dict.fromkeys(each.key for each in listed)) or "none"
        msg = f"control {control!r}: no performance {key!r} counts for {found.period.id}. Its performances: {known}."
        raise ConfigurationError(msg)
    facts = [(each.system, {"performance": key, "state": each.state.value}) for each in meant]
    return [
        _write(settings, store, signer, found, Place(found.period.id, control, key), name, said, reason, by, now)
        for name, said in facts
    ]


def explain_differences(
    settings: Settings,
    store: S3Store,
    signer: DocumentSigner,
    found: Status,
    listed: Differences,
    rows: Sequence[dict[str, Any]],
    reason: str,
    by: str,
    now: datetime,
) -> list[str]:
    """Record why rows differ, each for itself; returns the records' keys."""
    place = _place(listed)
    facts = [{listed.FACT: {"content": content_of(row)}} for row in rows]
    return [_write(settings, store, signer, found, place, listed.system, said, reason, by, now) for said in facts]


def explain_alike(
    settings: Settings,
    store: S3Store,
    signer: DocumentSigner,
    found: Status,
    listed: Differences,
    difference: str,
    columns: str | None,
    reason: str,
    by: str,
    now: datetime,
) -> str:
    """Record why all rows of a true-up, or of a reconciled window, that differ alike do; returns the record's key.

    Raises:
        ConfigurationError: No row differs so; the message lists how they differ.
    """
    kinds = {alike(row) for row, _ in listed.differences}
    if (difference, columns) not in kinds:
        known = "; ".join(sorted(" ".join(filter(None, each)) for each in kinds)) or "they do not differ"
        msg = f"{listed.name}: no row is {difference} {columns or ''}. How rows differ: {known}."
        raise ConfigurationError(msg)
    said = {"landing": listed.landing, "difference": difference, listed.COLUMNS: columns}
    return _write(settings, store, signer, found, _place(listed), listed.system, {listed.FACT: said}, reason, by, now)


def _place(listed: Differences) -> Place:
    """Return the slot of what is explained, under the label that it is stored with."""
    return Place(partition_values(listed.manifest_key)["observation_period"], listed.control, listed.window)


def _write(
    settings: Settings,
    store: S3Store,
    signer: DocumentSigner,
    found: Status,
    place: Place,
    system: str,
    facts: dict[str, Any],
    reason: str,
    by: str,
    now: datetime,
) -> str:
    record = Record(
        place=place,
        kind=RecordKind.EXPLAINED,
        system=system,
        reason=reason,
        by=by,
        at=now,
        facts={**facts, "once": [instant(now), facts]},
    )
    write_record(record, store, signer, retention_for(settings, found.scope, place.observation_period, now))
    return record.key
