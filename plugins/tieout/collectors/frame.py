# SPDX-License-Identifier: Apache-2.0
"""The frame around every collector: raw pages, the window's rows, counts and the IPE record.

A collector is ``collect(frame) -> Iterator[pa.Table]`` in ``tieout/collectors/<source>_<noun>.py``. It

1. captures what the source gives with `Frame.capture`, byte for byte or with person ids in place of e-mail addresses, and reads
   rows from what was captured;
2. states its request (`Frame.state`) and what the source says it holds (`Frame.count`);
3. yields rows: the contract's columns as text, and `POSITION_COLUMN`.

The frame then keeps the rows of the window, counts what it leaves out, and writes the IPE record. Everything passes through
files in a work folder: memory holds one batch.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from tieout.collectors.ipe import AirflowRun, Count, Drop, IPERecord, RawPage, SecondCount, SourceStatement
from tieout.collectors.pages import stored_suffix, write_page
from tieout.collectors.redaction import Redactor
from tieout.contracts.cast import POSITION_COLUMN, cast_column, check_columns
from tieout.contracts.odcs import Contract
from tieout.criteria.controls import SystemSource
from tieout.criteria.periods import Window
from tieout.errors import ConfigurationError, ContractError, ExtractionRefused, SourceUnavailable
from tieout.persons import load_person_key
from tieout.provenance import code_version
from tieout.settings import Settings
from tieout.times import instant

_BLOCK = 1024 * 1024
_STAGED = pa.ipc.IpcWriteOptions(compression="lz4")
ROWS_FILE = "rows.arrows"
"""An extraction's rows: an Arrow stream of text columns and `POSITION_COLUMN`."""
T = TypeVar("T")


@dataclass(slots=True)
class Frame:
    """What a collector works with."""

    settings: Settings
    source: SystemSource
    window: Window
    folder: Path
    """Work folder of this extraction; the raw pages stand in it under their names in the bucket."""
    pages: list[RawPage] = field(default_factory=list)
    statement: SourceStatement | None = None
    source_total: Count | None = None
    second_count: SecondCount | None = None
    redactor: Redactor | None = field(init=False)
    """Replaces e-mail addresses by person ids; ``None`` where the settings name no identity key."""

    def __post_init__(self) -> None:
        key = self.settings.identity_key
        self.redactor = Redactor(load_person_key(key)) if key else None

    def parameter(self, name: str, kind: type[T], default: T | None = None) -> T:
        """Return a parameter of the system's YAML.

        Raises:
            ConfigurationError: It is absent and has no default, or is of another type.
        """
        value = self.source.parameters.get(name, default)
        if not isinstance(value, kind):
            msg = f"system {self.source.system!r}: parameter {name!r}: expected {kind.__name__}, got {value!r}."
            raise ConfigurationError(msg)
        return value

    def path(self, name: str) -> Path:
        """Return a parameter that is a path; a relative one starts at the project's folder."""
        return self.settings.resolve(self.parameter(name, str))

    def capture(self, chunks: Iterator[bytes], suffix: str, media_type: str, *, compress: bool = True) -> Path:
        """Keep one page as the source gives it, and return the file it was kept in.

        Where person ids are on, each e-mail address becomes its person's id before anything is written, and a gzip page is
        stored as zstd: read rows from the returned file, whose suffix says which it is.

        Args:
            chunks: The page, piece by piece.
            suffix: Of the page's file name, without compression: ``.csv``.
            media_type: Of the page as received.
            compress: Whether to store it zstd-compressed; what is compressed already is stored as it came.

        Raises:
            SourceUnavailable: Reading the source failed.
            ContractError: The stored page would be larger than `MAX_PAGE_BYTES`; or person ids are on, and addresses in it
                can not be found.
        """
        redacts = self.redactor is not None
        name = f"page-{len(self.pages):05}{stored_suffix(suffix, compress=compress, redacts=redacts)}"
        origin, target = f"system {self.source.system!r}", self.folder / name
        page, problem = write_page(chunks, target, media_type, origin, self.redactor, compress=compress)
        self.pages.append(page)
        if problem:
            msg = f"{origin}: the page's compression ends early or is broken ({problem}). It looks truncated: export it again."
            raise ContractError(msg)
        return target

    def as_captured(self, text: str) -> str:
        """Return a text as it stands in a captured page: with person ids for e-mail addresses, where they are on."""
        return text if self.redactor is None else self.redactor.text(text)

    def state(self, statement: SourceStatement) -> None:
        """State the source and the request."""
        self.statement = statement

    def count(self, total: Count, second: SecondCount) -> None:
        """State how many rows the source holds, counted twice."""
        self.source_total, self.second_count = total, second


Collector = Callable[[Frame], Iterator[pa.Table]]


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


def extract(
    frame: Frame, contract: Contract, inclusion: str, clock: Callable[[], datetime], run: AirflowRun | None
) -> Extraction:
    """Read one window of one system.

    Args:
        frame: The system, the window and an empty work folder.
        contract: Contract of the evidence type.
        inclusion: Column whose time places a row in a window.
        clock: Tells the time, in UTC.
        run: The Airflow task that runs this; ``None`` on the command line.

    Raises:
        ExtractionRefused: The window is not over.
        ContractError: The source's columns are not the contract's, a row's time can not be read, or the totals disagree.
        SourceUnavailable: The source did not answer.
    """
    started = clock()
    if not frame.window.is_over(started):
        msg = (
            f"window {frame.window.key!r}: not over before {instant(frame.window.end)}, and it is {instant(started)}. "
            f"A population is read when nothing more can be added to it."
        )
        raise ExtractionRefused(msg)
    target = frame.folder / ROWS_FILE
    tally = _keep_window(frame, contract, inclusion, target)
    statement, total, second = _stated(frame, tally)
    ipe = IPERecord(
        system=frame.source.system,
        environment=frame.settings.environment,
        collector=frame.source.collector,
        source=statement,
        started_at=started,
        finished_at=clock(),
        source_total=total,
        second_count=second,
        rows_read=tally.read,
        rows_in_window=tally.kept,
        drops=(Drop("outside the window", tally.read - tally.kept),),
        first=tally.first,
        last=tally.last,
        pages=tuple(frame.pages),
        code=code_version(frame.settings.home).as_document(),
        airflow=run,
    )
    return Extraction(rows=target, origin=statement.location, ipe=ipe)


@dataclass(slots=True)
class _Tally:
    read: int = 0
    kept: int = 0
    first: tuple[str, str] | None = None
    last: tuple[str, str] | None = None


def _stated(frame: Frame, tally: _Tally) -> tuple[SourceStatement, Count, SecondCount]:
    """Return what the collector stated, once the rows it gave are as many as it says there are.

    Raises:
        ConfigurationError: The collector did not state its request or its counts.
        ContractError: The read is a partial one.
    """
    if frame.statement is None or frame.source_total is None or frame.second_count is None:
        msg = f"collector {frame.source.collector!r}: it ended without Frame.state and Frame.count."
        raise ConfigurationError(msg)
    if tally.read != frame.source_total.rows:
        msg = (
            f"{frame.statement.location}: the source holds {frame.source_total.rows} rows ({frame.source_total.how}), "
            f"{tally.read} were read. A partial read is no population: nothing lands. Run the window again."
        )
        raise ContractError(msg)
    return frame.statement, frame.source_total, frame.second_count


def _keep_window(frame: Frame, contract: Contract, inclusion: str, target: Path) -> _Tally:
    tally = _Tally()
    schema = pa.schema([*((column.name, pa.string()) for column in contract.columns), (POSITION_COLUMN, pa.int64())])
    # Between two tasks speed counts, not size: an Arrow stream is written and read several times faster than Parquet.
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema, options=_STAGED) as writer:
        for batch in _one_ahead(find_collector(frame.source.collector)(frame)):
            system = pa.repeat(pa.scalar(frame.source.system, pa.string()), batch.num_rows)
            rows = batch.append_column("system", system)
            origin = frame.statement.location if frame.statement else frame.source.system
            check_columns(rows.column_names, contract, origin)
            times, problem = cast_column(rows, contract.column(inclusion))
            if problem:
                msg = f"{origin}: {problem} Without it no row can be placed in a window: nothing lands."
                raise ContractError(msg)
            inside = pc.and_(
                pc.greater_equal(times, pa.scalar(frame.window.start, times.type)),
                pc.less(times, pa.scalar(frame.window.end, times.type)),
            )
            kept = rows.select(schema.names)
            if not pc.all(inside, min_count=0).as_py():
                kept, times = kept.filter(inside), times.filter(inside)
            tally.read += rows.num_rows
            tally.kept += kept.num_rows
            _note_edges(tally, kept, times, contract)
            writer.write_table(kept.cast(schema))
    return tally


def _one_ahead(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield batches while the next one is read in a thread: source and frame work at the same time."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch


def _note_edges(tally: _Tally, kept: pa.Table, times: pa.ChunkedArray, contract: Contract) -> None:
    if kept.num_rows == 0:
        return
    least_and_most = pc.min_max(times)

    def edge(bound: pa.Scalar) -> tuple[str, str]:
        index = pc.index(times, bound).as_py()
        key = " ".join(str(kept[name][index].as_py()) for name in contract.key)
        return key, instant(bound.as_py())

    first, last = edge(least_and_most["min"]), edge(least_and_most["max"])
    if tally.first is None or first[1] < tally.first[1]:
        tally.first = first
    if tally.last is None or last[1] > tally.last[1]:
        tally.last = last


def file_chunks(path: Path) -> Iterator[bytes]:
    """Read a file piece by piece.

    Raises:
        SourceUnavailable: It can not be opened.
    """
    try:
        with path.open("rb") as file:
            while chunk := file.read(_BLOCK):
                yield chunk
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}. Put the file there, or correct the path in the control's YAML."
        raise SourceUnavailable(msg) from error
