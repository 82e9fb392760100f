# SPDX-License-Identifier: Apache-2.0
"""What an extraction counts while its rows pass: how many, from when to when, what was left out, which numbers are missing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tieout.collectors.ipe import MAX_GAPS, SequenceGaps
from tieout.contracts.cast import POSITION_COLUMN
from tieout.contracts.odcs import Contract
from tieout.errors import ContractError
from tieout.times import instant


@dataclass(slots=True)
class Tally:
    """Counts of one extraction.

    Attributes:
        read: Rows that the collector gave.
        kept: Rows in the window.
        first: Key and time of the earliest one.
        last: Of the latest one.
        outside: Keys of the first rows outside the window.
        numbers: Of the column that holds a sequence, batch by batch.
    """

    read: int = 0
    kept: int = 0
    first: tuple[str, str] | None = None
    last: tuple[str, str] | None = None
    outside: list[str] = field(default_factory=list)
    numbers: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def gaps(self, column: str | None) -> SequenceGaps | None:
        """Return the gaps between the numbers that were kept."""
        if column is None:
            return None
        numbers = np.unique(np.concatenate([np.empty(0, np.int64), *self.numbers]))
        if not len(numbers):
            return SequenceGaps(column, None, None, 0, ())
        at = np.flatnonzero(np.diff(numbers) > 1)
        missing = int(numbers[-1] - numbers[0]) + 1 - len(numbers)
        gaps = tuple((int(numbers[here]) + 1, int(numbers[here + 1]) - 1) for here in at[:MAX_GAPS])
        return SequenceGaps(column, int(numbers[0]), int(numbers[-1]), missing, gaps)

    def note_edges(self, kept: pa.Table, times: pa.ChunkedArray, contract: Contract) -> None:
        """Note the least and the greatest time of a batch that was kept, and whose they are."""
        if kept.num_rows == 0:
            return
        least_and_most = pc.min_max(times)

        def edge(bound: pa.Scalar) -> tuple[str, str]:
            index = pc.index(times, bound).as_py()
            return keys_of(kept.slice(index), contract, 1)[0], instant(bound.as_py())

        first, last = edge(least_and_most["min"]), edge(least_and_most["max"])
        if self.first is None or first[1] < self.first[1]:
            self.first = first
        if self.last is None or last[1] > self.last[1]:
            self.last = last


def keys_of(rows: pa.Table, contract: Contract, most: int) -> list[str]:
    """Return the keys of the first rows, each its columns' texts."""
    first = rows.select(list(contract.key)).slice(0, most).to_pylist()
    return [" ".join(str(row[name]) for name in contract.key) for row in first]


def numbers_of(rows: pa.Table, column: str, origin: str) -> npt.NDArray[np.int64]:
    """Return the number that each row's text ends in.

    Raises:
        ContractError: One ends in none.
    """
    digits = pc.struct_field(pc.extract_regex(rows[column], r"(?P<number>\d{1,18})$"), "number")
    if digits.null_count:
        position = rows.filter(pc.is_null(digits))[POSITION_COLUMN][0].as_py()
        msg = (
            f"{origin}: column {column!r}: expected texts that end in a number, as population.sequence_field says, got another "
            f"at row {position}. Nothing lands. Correct the source, or leave sequence_field out."
        )
        raise ContractError(msg)
    return np.asarray(digits.cast(pa.int64()))
