# SPDX-License-Identifier: Apache-2.0
"""True-up: the same population twice, once as it landed window by window, once extracted again; every difference is a row.

Twelve monthly exports are no population until this ties: a source can be changed, backdated or emptied after it was read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tieout.contracts.listing import row_keys
from tieout.contracts.odcs import LANDING_COLUMN, Contract
from tieout.times import instant

TRUE_UP_TYPE = "true_up_difference.v1"
"""Evidence type of `differences`."""


class Difference(StrEnum):
    """How a row differs."""

    ADDED = "added"
    VANISHED = "vanished"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found.

    Attributes:
        rows: A row per difference, in the schema of `TRUE_UP_TYPE`, by row key.
        before: Rows that had landed.
        after: Rows that the source has now.
        matched: Rows on both sides, equal or not.
        changed: Rows on both sides that are not equal.
    """

    rows: pa.Table
    before: int
    after: int
    matched: int
    changed: int

    @property
    def second_count(self) -> int:
        """How many differences the counts of both sides leave."""
        return (self.after - self.matched) + (self.before - self.matched) + self.changed


def compare(
    before: pa.Table, after: pa.Table, contract: Contract, inclusion: str, window_of: Callable[[datetime], str], target: Contract
) -> Compared:
    """Compare what landed with what the source has now, by the contract's key.

    Time and memory: both sides at once, and a second copy of their keys as text.

    Args:
        before: What landed: the contract's columns and `LANDING_COLUMN`. A key that landed twice counts once, as it landed first.
        after: What was extracted again: the contract's columns.
        contract: Of both.
        inclusion: Column that places a row in a window.
        window_of: Returns the key of the window that an instant lies in.
        target: Contract of `TRUE_UP_TYPE`.
    """
    before = _first_of_each(before.append_column("_key", row_keys(before, contract.key)))
    after = after.append_column("_key", row_keys(after, contract.key))
    there = pc.index_in(after["_key"], value_set=before["_key"].combine_chunks())
    both = pc.is_valid(there)
    now, then = after.filter(both), before.take(there.drop_null())
    names = [column.name for column in contract.columns]
    unequal = {name: _unequal(then[name], now[name]) for name in names if name not in contract.key}
    changed = _any(list(unequal.values()), now.num_rows)
    added = after.filter(pc.invert(both))
    vanished = before.filter(pc.invert(pc.is_in(before["_key"], value_set=after["_key"].combine_chunks())))
    rows = [_whole(Difference.ADDED, row, names, contract, inclusion, window_of) for row in added.to_pylist()]
    rows += [_whole(Difference.VANISHED, row, names, contract, inclusion, window_of) for row in vanished.to_pylist()]
    pairs = zip(then.filter(changed).to_pylist(), now.filter(changed).to_pylist(), strict=True)
    rows += [_changed(old, new, list(unequal), contract, inclusion, window_of) for old, new in pairs]
    table = pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["row_key"])), schema=target.schema)
    return Compared(table, before.num_rows, after.num_rows, now.num_rows, pc.sum(changed).as_py() or 0)


def _first_of_each(rows: pa.Table) -> pa.Table:
    keys = rows["_key"].combine_chunks()
    numbered = pa.table({"key": keys, "at": pa.array(range(rows.num_rows), pa.int64())})
    first = numbered.group_by("key", use_threads=False).aggregate([("at", "min")])["at_min"]
    return rows if len(first) == rows.num_rows else rows.take(first)


def _unequal(then: pa.ChunkedArray, now: pa.ChunkedArray) -> pa.ChunkedArray:
    differ = pc.fill_null(pc.not_equal(then, now), False)
    return pc.or_(differ, pc.xor(pc.is_null(then), pc.is_null(now)))


def _any(masks: list[pa.ChunkedArray], length: int) -> pa.ChunkedArray:
    found = pa.chunked_array([pa.repeat(pa.scalar(False), length)])
    for mask in masks:
        found = pc.or_(found, mask)
    return found


def _whole(
    difference: Difference,
    row: dict[str, Any],
    names: list[str],
    contract: Contract,
    inclusion: str,
    window_of: Callable[[datetime], str],
) -> dict[str, Any]:
    text = as_json(row, names)
    gone = difference is Difference.VANISHED
    return {
        "system": row["system"],
        "row_key": row["_key"],
        "difference": difference.value,
        "placed_at": row[inclusion],
        "window": window_of(row[inclusion]),
        "landing": row.get(LANDING_COLUMN),
        "changed_columns": None,
        "before": text if gone else None,
        "after": None if gone else text,
        "evidence_type": contract.evidence_type,
    }


def _changed(
    old: dict[str, Any],
    new: dict[str, Any],
    names: list[str],
    contract: Contract,
    inclusion: str,
    window_of: Callable[[datetime], str],
) -> dict[str, Any]:
    differing = [name for name in names if old[name] != new[name]]
    return {
        "system": new["system"],
        "row_key": new["_key"],
        "difference": Difference.CHANGED.value,
        "placed_at": new[inclusion],
        "window": window_of(new[inclusion]),
        "landing": old[LANDING_COLUMN],
        "changed_columns": " ".join(differing),
        "before": as_json(old, differing),
        "after": as_json(new, differing),
        "evidence_type": contract.evidence_type,
    }


def as_json(row: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return some values of a row as a JSON object: times as RFC 3339, other values that JSON has not as text."""

    def value(each: Any) -> Any:
        if isinstance(each, datetime):
            return instant(each)
        return each if each is None or isinstance(each, (str, int, float, bool)) else str(each)

    return json.dumps({name: value(row[name]) for name in names}, ensure_ascii=False)
