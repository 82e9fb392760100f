# SPDX-License-Identifier: Apache-2.0
"""The program's files as they stood: a package is made with the controls, contracts and scope of its period, not with today's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tieout.errors import Missing
from tieout.evidence.records import Record, RecordKind
from tieout.evidence.store import S3Store
from tieout.settings import Settings


@dataclass(frozen=True, slots=True)
class ProgramAsOf:
    """Where the files are that a package is made with.

    Attributes:
        settings: Those of the installation, with ``home`` where the files are.
        commit: The commit at which they stood; ``None`` where no snapshot has landed.
        said: For a reader: where they come from.
    """

    settings: Settings
    commit: str | None
    said: str


def program_as_of(
    settings: Settings, store: S3Store, records: Iterable[Record], period: str, before: datetime, folder: Path
) -> ProgramAsOf:
    """Return the files as the last snapshot of a period has them, else as the last one of any that was taken before an instant.

    Args:
        settings: The installation's.
        store: The evidence bucket.
        records: Of the bucket, by time.
        period: The observation period.
        before: UTC; of other periods' snapshots later ones do not count.
        folder: Where the files are put.

    Raises:
        Missing: A snapshot names a file that is not there.
        StoreUnavailable: The store did not answer; run it again.
    """
    taken = [each for each in records if each.kind is RecordKind.SNAPSHOT]
    ours = [each for each in taken if each.place.observation_period == period]
    others = [each for each in taken if each.at < before]
    if not ours and not others:
        said = "No snapshot of the program has landed: controls, scope and contracts are those installed where this was made."
        return ProgramAsOf(settings, None, said)
    snapshot = (ours or others)[-1]
    prefix = f"catalog/{snapshot.facts['edition']}/{snapshot.facts['commit']}/"
    for each in snapshot.objects:
        data = store.read(each.key, each.version_id)
        if data is None:
            msg = f"{each.key}: the snapshot {snapshot.key} names it, and it is not there. Run tieout verify."
            raise Missing(msg)
        target = folder / "include" / each.key.removeprefix(prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    said = f"Controls, scope and contracts as of the snapshot of {snapshot.at:%Y-%m-%d %H:%M} UTC, {snapshot.key}"
    return ProgramAsOf(replace(settings, home=folder), str(snapshot.facts["commit"]), said)
