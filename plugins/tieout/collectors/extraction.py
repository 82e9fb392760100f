# SPDX-License-Identifier: Apache-2.0
"""One extraction: runs a collector inside its frame, keeps the window's rows, counts the others, writes the IPE record."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tieout.collectors.frame import Clock, Frame
from tieout.collectors.ipe import (
    MAX_KEYS,
    AirflowRun,
    Count,
    Drop,
    IPERecord,
    Kind,
    SecondCount,
    SourceStatement,
)
from tieout.collectors.tally import Tally, keys_of, numbers_of
from tieout.contracts.cast import POSITION_COLUMN, cast_column, check_columns
from tieout.contracts.odcs import Contract
from tieout.documents import Document
from tieout.errors import ConfigurationError, ContractError, ExtractionRefused
from tieout.provenance import code_version
from tieout.times import instant

_STAGED = pa.ipc.IpcWriteOptions(compression="lz4")
ROWS_FILE = "rows.arrows"
"""An extraction's rows: an Arrow stream of text columns and `POSITION_COLUMN`."""
Collector = Callable[[Frame], Iterator[pa.Table]]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """What a control says of its population, as far as an extraction needs it."""

    column: str
    """Column whose time places a row in a window."""
    sequence: str | None = None
    """Column whose last digits number the rows without a gap."""
    kind: Kind = Kind.POPULATION


@dataclass(frozen=True, slots=True)
class Extraction:
    """One window's rows as text, the raw pages and the IPE record, all in the work folder."""

    rows: Path
    """`ROWS_FILE` in the work folder."""
    origin: str
    """What errors call the source."""
    ipe: IPERecord


def find_collector(name: str) -> Collector:
    """Return the collector of a name: function ``collect`` of module ``tieout.collectors.<name>``.

    Raises:
        ConfigurationError: There is no such module, or it has no such function.
    """
    try:
        module = importlib.import_module(f"tieout.collectors.{name}")
    except ModuleNotFoundError as error:
        msg = f"collector {name!r}: there is no module tieout/collectors/{name}.py."
        raise ConfigurationError(msg) from error
    collector: Collector | None = getattr(module, "collect", None)
    if collector is None:
        msg = f"collector {name!r}: tieout/collectors/{name}.py is no collector: it has no function collect."
        raise ConfigurationError(msg)
    return collector


def parameters_of(name: str) -> type[Document] | None:
    """Return the model of a collector's parameters, class ``Parameters`` of its module; ``None`` where it has none.

    Raises:
        ConfigurationError: As `find_collector`.
    """
    model: type[Document] | None = getattr(sys.modules[find_collector(name).__module__], "Parameters", None)
    return model


def extract(frame: Frame, contract: Contract, inclusion: Inclusion, clock: Clock, run: AirflowRun | None) -> Extraction:
    """Read one window of one system.

    Args:
        frame: The system, the window and an empty work folder.
        contract: Contract of the evidence type.
        inclusion: What places a row in a window.
        clock: Tells the time, in UTC.
        run: The Airflow task that runs this; ``None`` on the command line.

    Raises:
        ExtractionRefused: The window is not over, by our clock or by the source's.
        ContractError: The source's columns are not the contract's, a row's time can not be read, or the totals disagree.
        SourceUnavailable: The source did not answer.
    """
    started, frame.clock = clock(), clock
    if not frame.window.is_over(started):
        msg = (
            f"window {frame.window.key!r}: not over before {instant(frame.window.end)}, and it is {instant(started)}. "
            f"A population is read when nothing more can be added to it."
        )
        raise ExtractionRefused(msg)
    target = frame.folder / ROWS_FILE
    tally = _keep_window(frame, contract, inclusion, target)
    statement, total, second = _stated(frame, tally)
    _refuse_open_at_source(frame)
    ipe = IPERecord(
        system=frame.source.system,
        environment=frame.settings.environment,
        collector=frame.source.collector,
        source=statement,
        started_at=started,
        finished_at=clock(),
        source_total=total,
        second_count=second,
        rows_read=tally.read + sum(drop.rows for drop in frame.drops),
        rows_in_window=tally.kept,
        drops=(Drop("outside the window", tally.read - tally.kept, tuple(tally.outside)), *frame.drops),
        first=tally.first,
        last=tally.last,
        pages=tuple(frame.pages),
        code=code_version(frame.settings.home).as_document(),
        airflow=run,
        kind=inclusion.kind,
        attempts=tuple(frame.attempts),
        clock_offset=frame.clock_offset,
        sequence_gaps=tally.gaps(inclusion.sequence),
        source_rules=tuple(frame.source_rules),
    )
    return Extraction(rows=target, origin=statement.location, ipe=ipe)


def _stated(frame: Frame, tally: Tally) -> tuple[SourceStatement, Count, SecondCount]:
    """Return what the collector stated, once the rows it gave are as many as it says there are.

    Raises:
        ConfigurationError: The collector did not state its request or its counts.
        ContractError: The read is a partial one.
    """
    if frame.statement is None or frame.source_total is None or frame.second_count is None:
        msg = f"collector {frame.source.collector!r}: it ended without Frame.state and Frame.count."
        raise ConfigurationError(msg)
    read = tally.read + sum(drop.rows for drop in frame.drops)
    if read != frame.source_total.rows:
        msg = (
            f"{frame.statement.location}: the source holds {frame.source_total.rows} rows ({frame.source_total.how}), "
            f"{read} were read. A partial read is no population: nothing lands. Run the window again."
        )
        raise ContractError(msg)
    return frame.statement, frame.source_total, frame.second_count


def _refuse_open_at_source(frame: Frame) -> None:
    """Check that the window is over by the source's clock too: where that runs behind ours, it may still gain rows.

    Raises:
        ExtractionRefused: It is not.
    """
    offset = frame.clock_offset
    if offset is None or frame.window.is_over(frame.clock() + timedelta(seconds=offset.seconds)):
        return
    msg = (
        f"window {frame.window.key!r}: not over before {instant(frame.window.end)} by the source's clock, which is "
        f"{-offset.seconds:.0f} s behind ours ({offset.how}). Set the clocks, or run the window again later."
    )
    raise ExtractionRefused(msg)


def _keep_window(frame: Frame, contract: Contract, inclusion: Inclusion, target: Path) -> Tally:
    tally = Tally()
    schema = pa.schema([*((column.name, pa.string()) for column in contract.columns), (POSITION_COLUMN, pa.int64())])
    # Between two tasks speed counts, not size: an Arrow stream is written and read several times faster than Parquet.
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema, options=_STAGED) as writer:
        for batch in _one_ahead(find_collector(frame.source.collector)(frame)):
            system = pa.repeat(pa.scalar(frame.source.system, pa.string()), batch.num_rows)
            rows = batch.append_column("system", system)
            origin = frame.statement.location if frame.statement else frame.source.system
            check_columns(rows.column_names, contract, origin)
            times, problem = cast_column(rows, contract.column(inclusion.column))
            if problem:
                msg = f"{origin}: {problem} Without it no row can be placed in a window: nothing lands."
                raise ContractError(msg)
            inside = pc.and_(
                pc.greater_equal(times, pa.scalar(frame.window.start, times.type)),
                pc.less(times, pa.scalar(frame.window.end, times.type)),
            )
            kept = rows.select(schema.names)
            if not pc.all(inside, min_count=0).as_py():
                tally.outside += keys_of(kept.filter(pc.invert(inside)), contract, MAX_KEYS - len(tally.outside))
                kept, times = kept.filter(inside), times.filter(inside)
            if inclusion.sequence:
                tally.numbers.append(numbers_of(kept, inclusion.sequence, origin))
            tally.read += rows.num_rows
            tally.kept += kept.num_rows
            tally.note_edges(kept, times, contract)
            writer.write_table(kept.cast(schema))
    return tally


def _one_ahead(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield batches while the next one is read in a thread: source and frame work at the same time."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch
