# SPDX-License-Identifier: Apache-2.0
"""What of the bucket somebody with access is shown: the landings of a period, control by control, and the objects of one.

Told by keys first; a manifest is read where its landing is shown. Nothing is checked here: who receives an object verifies it.
A key of another period is never shown, whatever a manifest names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tieout.evidence.layout import MANIFESTS, RAW, Class, landing_of, partition_values
from tieout.evidence.manifest import Manifest
from tieout.evidence.store import ObjectVersion, S3Store, oldest
from tieout.flows.documents import firsts, read_all
from tieout.times import parse_instant

MOST = 50
"""Landings, or objects, on one page."""


@dataclass(frozen=True, slots=True)
class ControlShown:
    """A control, and how many landings of it stand in a period."""

    control: str
    landings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingShown:
    """A landing; what only its manifest tells is ``None`` where that can not be read."""

    landing: str
    window: str
    stored_at: datetime
    system: str | None = None
    evidence_type: str | None = None
    rows: int | None = None
    collected_at: datetime | None = None
    supersedes: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectShown:
    """An object of a landing, in the version that landed.

    Attributes:
        key: Its key.
        version_id: Of the manifest, the oldest version; of what it names, the one that it names.
        what: ``manifest``, ``part`` or ``raw page``.
        sha256: As the manifest states it; the manifest does not state its own.
        rows: Of a part.
    """

    key: str
    version_id: str
    what: str
    sha256: str | None = None
    rows: int | None = None

    @property
    def is_raw(self) -> bool:
        """Whether it is what a source sent, before anything was taken out for the tables."""
        return self.key.startswith(RAW)


def controls(store: S3Store, period: str) -> list[ControlShown]:
    """Return the controls that have landings in a period, in order."""
    found: dict[str, int] = {}
    for key in firsts(store, _prefix(period), (Class.MANIFEST,)):
        control = partition_values(key)["control"]
        found[control] = found.get(control, 0) + 1
    return [ControlShown(control, landings) for control, landings in sorted(found.items())]


def landings(store: S3Store, period: str, control: str, start: int) -> tuple[list[LandingShown], int]:
    """Return landings of a control in a period, by window and key, `MOST` at the most, and how many there are.

    Args:
        store: The evidence bucket.
        period: The period.
        control: The control.
        start: How many are left out before them.
    """
    listed = list(firsts(store, _prefix(period, control), (Class.MANIFEST,)).values())
    shown = listed[start : start + MOST]
    read = read_all(store, shown)
    return [_landing(version, read.get(version.key)) for version in shown], len(listed)


def objects(store: S3Store, period: str, control: str, landing: str) -> list[ObjectShown] | None:
    """Return the objects of a landing: its manifest, its parts, its raw pages; ``None`` where there is no such landing."""
    listed = firsts(store, _prefix(period, control), (Class.MANIFEST,))
    version = next((each for key, each in listed.items() if landing_of(key) == landing), None)
    if version is None:
        return None
    manifest = read_all(store, [version]).get(version.key)
    own = ObjectShown(version.key, version.version_id, "manifest")
    return [own, *(_named(manifest, period) if isinstance(manifest, Manifest) else ())]


def first_of(store: S3Store, key: str) -> ObjectVersion | None:
    """Return the version of a key that landed first."""
    return oldest([version for version in store.versions(key) if version.key == key])


def _prefix(period: str, control: str = "") -> str:
    return f"{MANIFESTS}observation_period={period}/" + (f"control={control}/" if control else "")


def _named(manifest: Manifest, period: str) -> Sequence[ObjectShown]:
    shown = [
        ObjectShown(each.key, each.version_id, "raw page" if each.key.startswith(RAW) else "part", each.sha256, each.rows)
        for each in manifest.subjects
        if partition_values(each.key).get("observation_period") == period
    ]
    return sorted(shown, key=lambda each: (each.is_raw, each.key))


def _landing(version: ObjectVersion, manifest: object) -> LandingShown:
    window, landing = partition_values(version.key)["window"], landing_of(version.key)
    if not isinstance(manifest, Manifest):
        return LandingShown(landing=landing, window=window, stored_at=version.last_modified)
    said = manifest.predicate
    return LandingShown(
        landing=landing, window=window, stored_at=version.last_modified, system=said["system"],
        evidence_type=said["contract"]["evidence_type"], rows=said["population"]["rows"],
        collected_at=parse_instant(said["times"]["collected_at"]["at"]),
        supersedes=(said["supersedes"] or {}).get("landing"),
    )  # fmt: skip
