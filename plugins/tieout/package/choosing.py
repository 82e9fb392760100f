# SPDX-License-Identifier: Apache-2.0
"""Which objects of a bucket belong to a package. Pure.

1. Everything that is stored under a label of its observation period.
2. Of other labels each slot with evidence whose effective time lies, in part, in the period: a period can move, and its windows
   were landed under the label that was true then. A whole slot comes, so that what superseded what can be followed.
3. Single documents of other labels that the package speaks of: answers and selections that came when the label was closed.
4. What belongs to no period: digests, keys, catalog, documentation, and whatever the layout does not know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieout.evidence.layout import EVIDENCE, INDEX, RAW, Class, class_of, landing_of, partition_values
from tieout.evidence.store import ObjectVersion

BY_REFERENCE = frozenset({Class.PART, Class.RAW_PAGE, Class.FILE})
"""Classes of objects that a package may name instead of holding them: the large ones."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Objects of a package.

    Attributes:
        held: Those that are copied, in the order of their keys.
        referred: Those that are named and not copied.
        elsewhere: How many the digests name of other observation periods.
    """

    held: tuple[ObjectVersion, ...]
    referred: tuple[ObjectVersion, ...]
    elsewhere: int


def slots_within(index: Iterable[Mapping[str, Any]], start: datetime, end: datetime) -> set[str]:
    """Return the slots (partition folders) of landings whose effective time lies, in part, in ``[start, end)``."""
    return {
        row["manifest_key"].split("/", 1)[1].rpartition("/")[0]
        for row in index
        if row["effective_from"] < end and start < row["effective_to"]
    }


def choose(
    versions: Iterable[ObjectVersion],
    period: str,
    slots: Collection[str],
    landings: Mapping[str, str],
    documents: Collection[str] = (),
    *,
    by_reference: bool,
) -> Chosen:
    """Return what belongs to a package.

    Args:
        versions: The oldest version of each key.
        period: Label of the observation period.
        slots: From `slots_within`.
        landings: Slot of each landing, by its id: keys of raw pages name no window.
        documents: Keys of single documents.
        by_reference: Whether the large ones are named only.
    """
    held: list[ObjectVersion] = []
    referred: list[ObjectVersion] = []
    elsewhere = 0
    for version in versions:
        label = partition_values(version.key).get("observation_period")
        ours = label in (None, period) or version.key in documents or _is_of(version.key, slots, landings)
        if not ours:
            elsewhere += 1
        elif by_reference and class_of(version.key) in BY_REFERENCE:
            referred.append(version)
        else:
            held.append(version)
    return Chosen(tuple(held), tuple(referred), elsewhere)


def _is_of(key: str, slots: Collection[str], landings: Mapping[str, str]) -> bool:
    if key.startswith(RAW):
        return landings.get(key.split("/")[3]) in slots
    folders = key.split("/")[1:-1]
    if key.startswith(INDEX) or not folders:
        return False
    if key.startswith(EVIDENCE):
        return landings.get(landing_of(key)) in slots
    return "/".join(folders) in slots
