# SPDX-License-Identifier: Apache-2.0
"""Proof of what a review decided: the entitlements are collected again, and held against those that were frozen.

1. They are collected as of the end of the day by which all had to be carried out, by jobs that land like any other.
2. What was frozen is read from the landings that the items were made of, whatever stands in their place today.
3. A system that was not collected again, or whose second list stands for several times, proves nothing: *not determinable*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tieout.criteria.periods import REMOVAL
from tieout.criteria.reviews import ACCESS_TYPE
from tieout.errors import LandingConflict
from tieout.flows import population_export as flow
from tieout.flows.campaign_window import input_files
from tieout.flows.frozen_rows import agreed
from tieout.flows.review_answered import Answered
from tieout.reviews.proof import Proof, SecondList, prove

Row = dict[str, Any]
_TIMES = ("as_of", "read_at")
SEVERAL_TIMES = "Its second list stands for several times, so that it proves nothing."


@dataclass(frozen=True)
class Proofs:
    """The proofs of one system.

    Attributes:
        by_key: By account and entitlement, of all that is revoked or changed.
        first: Landing of the entitlements that the items were made of, as the items' manifest names it.
        second: Landing of those that were collected again, as the index has it; ``None`` where there is none.
        second_list: What it stands for; ``None`` where it proves nothing.
        unusable_because: Why not, where it is there.
    """

    by_key: dict[tuple[str, str], Proof]
    first: Row
    second: Row | None
    second_list: SecondList | None
    unusable_because: str | None


def made_of(answered: Answered) -> Mapping[str, Any]:
    """Return the landings that the items were made of, as their manifests name them.

    Raises:
        LandingConflict: Two systems were made of other ones.
    """
    found = agreed(answered.rows, "inputs")
    if found is None:
        msg = f"review {answered.planned.campaign}: its items were made of other lists each. Run tieout verify."
        raise LandingConflict(msg)
    return found


def prove_system(answered: Answered, system: str, folder: Path) -> Proofs:
    """Prove what became of everything in a system that is revoked or changed.

    Args:
        answered: The review.
        system: One of its systems.
        folder: An empty work folder.

    Raises:
        ExtractionRefused: The review is not closed.
        LandingConflict: A landing is not what its manifest says, or does not hold what was frozen.
        StoreUnavailable: The store did not answer; run it again.
    """
    planned, store = answered.planned, answered.campaigns.store
    contract = flow.contract_of(planned.settings, ACCESS_TYPE)
    first = next(row for row in made_of(answered)["access"] if row["system"] == system)
    second = answered.landed(f"{REMOVAL}{planned.window.key}").get(system)
    if second:
        answered.campaigns.signed_manifest(second)
    wanted = {(row["account"], row["entitlement"]) for row in answered.not_kept(system)}
    if not wanted:
        return Proofs({}, first, second, None, None)
    before = input_files(store, [first], contract.table, _made(folder / "first"))
    after = input_files(store, [second] if second else [], contract.table, _made(folder / "second"))
    listed = second_list(second, after) if second else None
    usable = {system: listed} if listed else {}
    keys = [(system, *key) for key in sorted(wanted)]
    found = prove(before, after if usable else [], contract, usable, planned.review.active_words, folder, keys)
    by_key = {(each.account, each.entitlement): each for each in found}
    if by_key.keys() != wanted:
        msg = (
            f"{first['manifest_key']}: expected the {len(wanted)} entitlements of {system} that were decided on, found "
            f"{len(by_key)} of them. It is not the landing that was frozen: run tieout verify."
        )
        raise LandingConflict(msg)
    return Proofs(by_key, first, second, listed, SEVERAL_TIMES if second and not listed else None)


def second_list(row: Row, paths: list[Path]) -> SecondList | None:
    """Return what a second list stands for; one without rows stands for the end of its window."""
    times = [_bounds(path) for path in paths]
    found = [each for each in times if each is not None]
    if not found:
        return SecondList(row["effective_to"] - timedelta(seconds=1), row["collected_at"])
    first, last = min(each[0] for each in found), max(each[1] for each in found)
    return SecondList(last, max(each[2] for each in found)) if first == last else None


def _bounds(path: Path) -> tuple[Any, Any, Any] | None:
    """Return the earliest and the latest time that rows stand for, and when the last of them was read."""
    rows: pa.Table = pq.read_table(path, columns=list(_TIMES))
    if rows.num_rows == 0:
        return None
    stands, read = (pc.min_max(rows[name]).as_py() for name in _TIMES)
    return stands["min"], stands["max"], read["max"]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
