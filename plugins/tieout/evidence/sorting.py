# SPDX-License-Identifier: Apache-2.0
"""Rows in key order, whether or not they fit in memory.

Few rows stay in memory. Beyond `Memory.rows` bytes each `Memory.piece` bytes of them are sorted and written to a file of the
work folder, a run; the runs are then merged one range of keys after the other, so that memory holds one range. All rows of a
key come in the same range.

DuckDB would sort them as well, but not in less than 300 MB beside what the process holds already (DECISIONS.md).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.errors import ContractError
from tieout.evidence.rowhash import key_order

_SAMPLES = 256
"""Keys noted of each run: the more there are, the closer a range comes to `Memory.piece`."""
_BATCHES = 128
"""Pieces that a run is read in: a merge holds one of each run beside its range."""
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """How much of a population is held at once."""

    rows: int = 16 * 1024 * 1024
    """Rows of up to so many bytes stay in memory while they are sorted: about a hundred thousand alerts."""
    piece: int = 8 * 1024 * 1024
    """About how many bytes of rows one piece has: a run, a range of keys, what is judged at once."""
    whole: int = 64 * 1024 * 1024
    """Rows of up to so many bytes are held at once for a rule that needs all of them: about half a million alerts."""


class KeyOrdered:
    """Takes rows in piece by piece, and gives them back in key order.

    Args:
        schema: Arrow schema of the rows.
        key: Columns to order by, none of them null. Rows of one key keep the order in which they came.
        folder: Work folder; the runs stand in it while they are needed.
        name: What the runs' files begin with.
        memory: How much of them to hold.

    Attributes:
        rows: How many came.
        bytes: How large they are together.
    """

    def __init__(self, schema: pa.Schema, key: tuple[str, ...], folder: Path, name: str, memory: Memory) -> None:
        self.rows = self.bytes = 0
        self._schema, self._key, self._folder, self._name = schema, key, folder, name
        self._memory = memory
        self._held: list[pa.Table] = []
        self._held_bytes = 0
        self._runs: list[Path] = []
        self._samples: list[Key] = []
        self._writing: Future[None] | None = None
        self._pool = ThreadPoolExecutor(1)

    def add(self, rows: pa.Table) -> None:
        """Take rows in."""
        self.rows += rows.num_rows
        self._held.append(rows)
        self.bytes += rows.nbytes
        self._held_bytes += rows.nbytes
        if self._held_bytes >= (self._memory.piece if self._runs else self._memory.rows):
            self._spill()

    def ranges(self) -> Iterator[pa.Table]:
        """Yield all rows in key order, in ranges of about `Memory.piece` bytes that part no key; at least one, be it empty.

        Once, and nothing is added after it.

        Raises:
            ContractError: One key has more rows than memory is meant to hold.
        """
        if not self._runs:
            yield from self._from_memory()
            return
        self._spill()
        self._written()
        self._pool.shutdown()
        runs = [_Run(path, self._key) for path in self._runs]
        for bound in [*self._bounds(), None]:
            yield self._range(runs, bound)
        for path in self._runs:
            path.unlink()

    def _range(self, runs: list[_Run], bound: Key | None) -> pa.Table:
        pieces = [piece for run in runs for piece in run.until(bound)]
        return self._in_order(pa.concat_tables([self._schema.empty_table(), *pieces]))

    def _from_memory(self) -> Iterator[pa.Table]:
        rows = pa.concat_tables([self._schema.empty_table(), *self._held])
        order = key_order(rows, self._key)
        size = max(1, rows.num_rows * self._memory.piece // max(self._held_bytes, self._memory.piece))
        start = 0
        while start == 0 or start < rows.num_rows:
            end = min(start + size, rows.num_rows)
            while 0 < end < rows.num_rows and self._same_key(rows, order, end):
                end += 1
            yield rows.slice(start, end - start) if order is None else rows.take(order.slice(start, end - start))
            start = max(end, 1)

    def _same_key(self, rows: pa.Table, order: pa.Array | None, at: int) -> bool:
        before, after = (place if order is None else order[place].as_py() for place in (at - 1, at))
        return _key_at(rows, self._key, before) == _key_at(rows, self._key, after)

    def _in_order(self, rows: pa.Table) -> pa.Table:
        order = key_order(rows, self._key)
        return rows if order is None else rows.combine_chunks().take(order)

    def _spill(self) -> None:
        """Make runs of what is held; the last one is written on one core while the next rows come in on the other."""
        if not self._held:
            return
        rows = pa.concat_tables(self._held)
        size = -(-rows.num_rows // max(1, round(self._held_bytes / self._memory.piece)))
        self._held, self._held_bytes = [], 0
        for start in range(0, rows.num_rows, size):
            self._written()
            path = self._folder / f"{self._name}-{len(self._runs):05}.run"
            self._runs.append(path)
            self._writing = self._pool.submit(self._write, path, rows.slice(start, size))

    def _written(self) -> None:
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _write(self, path: Path, rows: pa.Table) -> None:
        rows = self._in_order(rows)
        self._samples += [_key_at(rows, self._key, at) for at in range(0, rows.num_rows, max(1, rows.num_rows // _SAMPLES))]
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows, max_chunksize=max(1, rows.num_rows // _BATCHES))

    def _bounds(self) -> list[Key]:
        """Return the keys that the ranges end before: as many samples lie in each of them as in one run.

        Raises:
            ContractError: One key has more rows than memory is meant to hold.
        """
        stride = max(1, len(self._samples) // len(self._runs))
        # A key with few rows may be a sample of each run; beyond that, each sample stands for a piece's share.
        most = stride * (8 + self._memory.rows // self._memory.piece) + len(self._runs)
        samples = sorted(self._samples)
        if any(sum(1 for _ in same) > most for _, same in groupby(samples)):
            msg = (
                f"{self._name}: expected rows of different {' and '.join(self._key)}; those of one do not fit in memory. Nothing "
                f"lands for this window. Correct the source, or the column that the key is read from."
            )
            raise ContractError(msg)
        return [bound for bound, _ in groupby(samples[stride::stride])]


class _Run:
    """A run that is read from its start to its end."""

    def __init__(self, path: Path, key: tuple[str, ...]) -> None:
        self._key = key
        self._batches = self._read(path)
        self._held: pa.Table | None = None

    def _read(self, path: Path) -> Iterator[pa.Table]:
        # Not memory-mapped: mapped pages count as memory of the process for as long as they lie in the cache.
        with pa.OSFile(str(path)) as source:
            for batch in pa.ipc.open_stream(source):
                yield pa.Table.from_batches([batch])

    def until(self, bound: Key | None) -> Iterator[pa.Table]:
        """Yield what comes next and lies before a key; ``None`` is past all of them."""
        while (rows := self._held or next(self._batches, None)) is not None:
            self._held = None
            if bound is None or _key_at(rows, self._key, rows.num_rows - 1) < bound:
                yield rows
                continue
            cut = bisect_left(range(rows.num_rows), bound, key=lambda at, rows=rows: _key_at(rows, self._key, at))  # type: ignore[misc]
            if cut:
                yield rows.slice(0, cut)
            self._held = rows.slice(cut)
            return


def _key_at(rows: pa.Table, key: tuple[str, ...], at: int) -> Key:
    # Python orders text by code points, which is the order of the UTF-8 bytes.
    return tuple(rows[name][at].as_py() for name in key)
