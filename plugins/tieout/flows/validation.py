# SPDX-License-Identifier: Apache-2.0
"""Validation of one window's staged rows, in pieces: contract, control rules, performances, and the parts as they will land.

Rows pass through in the contract's types and key order, a range of keys at a time (`tieout.evidence.sorting`), so that memory
holds one range however many there are. What comes out is the same as of the whole, to the byte.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.collectors.extraction import ROWS_FILE
from tieout.contracts.cast import POSITION_COLUMN, RowCasts, cast_rows
from tieout.contracts.judgement import Judgement
from tieout.contracts.listing import RULE_RESULT_TYPE
from tieout.contracts.odcs import Contract
from tieout.contracts.rules import RuleResult
from tieout.evidence.parts import Part, PartsWriter
from tieout.evidence.sorting import KeyOrdered, Memory
from tieout.flows.jobs import Job, contract_of
from tieout.flows.performed import NOTHING_PERFORMED, Performed
from tieout.flows.source_rules import source_results, source_rows
from tieout.times import parse_instant

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many rows of it are done, and of how many."""


def silent(what: str, done: int, of: int) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What validation finds.

    Attributes:
        parts: Of the population, then of its rule results, each in its contract's key order.
        results: One per rule, contract rules first.
        performed: As `Performed.said` returns it.
        rows: How many rows the population has.
        rows_hash: The hash over them.
    """

    parts: tuple[Part, ...]
    results: tuple[RuleResult, ...]
    performed: dict[str, Any]
    rows: int
    rows_hash: str


def judge_rows(
    job: Job, extraction: dict[str, Any], folder: Path, progress: Progress = silent, memory: Memory | None = None
) -> Judged:
    """Hold the staged rows against the contract, list what does not meet a control rule, and write the parts.

    Args:
        job: The job.
        extraction: What `collect` returned.
        folder: Holds `ROWS_FILE`; the parts are written into it, and what does not fit in memory stands in it meanwhile.
        progress: Told how far it is, after each piece.
        memory: How much of the rows to hold; ``None`` for what is usual.

    Raises:
        ContractError: A type or a contract rule is broken: nothing lands as a population.
        ConfigurationError: A rule could not be run.
    """
    memory = memory or Memory()
    with _giving_back(2 * (folder / ROWS_FILE).stat().st_size > memory.rows):
        return _judged(job, extraction, folder, progress, memory)


_M_MMAP_THRESHOLD = -3
"""glibc's number for the size from which memory is given back as soon as it is freed."""


@contextmanager
def _giving_back(many: bool) -> Iterator[None]:
    """Where there are many rows, have freed memory given back at once: the allocators' own caches grow past 100 MB else."""
    usual = pa.default_memory_pool()
    if many:
        usual.release_unused()
        pa.set_memory_pool(pa.system_memory_pool())
        with suppress(OSError, AttributeError):  # no glibc: macOS, Alpine
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1024 * 1024)
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


def _judged(job: Job, extraction: dict[str, Any], folder: Path, progress: Progress, memory: Memory) -> Judged:
    rows = sorted_rows(job, extraction, folder, memory, progress)
    rules = contract_of(job.settings, RULE_RESULT_TYPE)
    landing, most = extraction["landing"], job.settings.part_rows
    parameters = {"second_count": extraction["expected_rows"]}
    listed = KeyOrdered(rules.schema, rules.key, folder, rules.table, replace(memory, rows=memory.piece))
    whole = partial(typed_rows, job, extraction, folder) if rows.bytes <= memory.whole else None
    judgement = Judgement(job.contract, parameters, rules, listed.add, rows.rows, whole, memory.piece)
    performed = Performed(job.control, job.scope.calendar, parse_instant(extraction["collected_at"])) if job.performs else None
    writer = PartsWriter(job.contract, landing, folder, most, rows.rows)
    done = 0
    with writer:
        for piece in rows.ranges():
            judgement.add(piece)
            if performed is not None:
                performed.add(piece)
            writer.add(piece)
            done += piece.num_rows
            pa.default_memory_pool().release_unused()
            progress("validated", done, rows.rows)
    found = extraction["source_rules"]
    listed.add(source_rows(found, job.source.system, job.contract.evidence_type, rules))
    results = [*judgement.results(extraction["origin"]), *source_results(found, rows.rows)]
    said = performed.said() if performed is not None else NOTHING_PERFORMED
    parts = [*writer.parts, *_listed_parts(listed, rules, landing, folder, most)]
    return Judged(tuple(parts), tuple(results), said, rows.rows, writer.rows_hash)


def _listed_parts(listed: KeyOrdered, rules: Contract, landing: str, folder: Path, most: int) -> list[Part]:
    with PartsWriter(rules, landing, folder, most, listed.rows) as writer:
        for piece in listed.ranges():
            writer.add(piece)
    return writer.parts


def sorted_rows(job: Job, extraction: dict[str, Any], folder: Path, memory: Memory, progress: Progress = silent) -> KeyOrdered:
    """Return the staged rows in the contract's types, with `POSITION_COLUMN`, to be had in key order.

    Raises:
        ContractError: A value does not fit.
    """
    contract, total = job.contract, extraction["ipe"]["rows_in_window"]
    casts = RowCasts(contract, extraction["origin"])
    schema = pa.schema([*contract.schema, pa.field(POSITION_COLUMN, pa.int64(), nullable=False)])
    rows = KeyOrdered(schema, contract.key, folder, contract.table, memory)
    read = 0
    for piece in _staged(folder):
        typed = casts.cast(piece)
        if casts.fits:
            rows.add(typed)
        read += piece.num_rows
        progress("read", read, total)
    casts.require()
    return rows


def _staged(folder: Path) -> Iterator[pa.Table]:
    with pa.OSFile(str(folder / ROWS_FILE)) as staged:
        for batch in pa.ipc.open_stream(staged):
            yield pa.Table.from_batches([batch])


def typed_rows(job: Job, extraction: dict[str, Any], folder: Path) -> pa.Table:
    """Return all staged rows in the contract's types, in memory.

    Raises:
        ContractError: A value does not fit.
    """
    with pa.OSFile(str(folder / ROWS_FILE)) as staged:
        return cast_rows(pa.ipc.open_stream(staged).read_all(), job.contract, extraction["origin"])
