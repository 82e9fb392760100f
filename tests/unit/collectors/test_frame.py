# SPDX-License-Identifier: Apache-2.0
"""The frame keeps raw pages byte for byte, keeps the window's rows, and counts what it leaves out."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest
from tests.unit import change_csv
from tests.unit.collectors.frames import Extractor, FrameFactory, staged_rows

from tieout.collectors.extraction import Inclusion, extract, find_collector
from tieout.collectors.frame import Frame, file_chunks
from tieout.collectors.ipe import MAX_KEYS, Attempt, ClockOffset, Count, Drop, SecondCount, SecondCountClass, SourceStatement
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ConfigurationError, ContractError, ExtractionRefused, SourceUnavailable

STATEMENT = SourceStatement("list", "toy", None, "all", {}, "nobody", "none", ())


def rows(*committed_at: str, start: int = 1) -> pa.Table:
    """Return change records as a collector yields them, one per time."""
    columns: dict[str, list[str]] = {name: [text] * len(committed_at) for name, text in change_csv.FIELDS.items()}
    columns |= {"committer_kind": ["person"] * len(committed_at), "committer_is_author": ["false"] * len(committed_at)}
    positions = list(range(start, start + len(committed_at)))
    columns |= {"sha": [change_csv.sha(number) for number in positions], "committed_at": list(committed_at)}
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return pa.table({**arrays, POSITION_COLUMN: pa.array(positions, pa.int64())})


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that makes a collector of tables, and returns its name."""

    def make(*tables: pa.Table, total: int | None, name: str = "toy") -> str:
        def collect(frame: Frame) -> Iterator[pa.Table]:
            if total is not None:
                frame.state(STATEMENT)
                frame.count(Count(total, "len"), SecondCount(total, "len", SecondCountClass.SAME_ENDPOINT))
            yield from tables

        module = ModuleType(name)
        module.collect = collect  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"tieout.collectors.{name}", module)
        return name

    return make


def test_a_page_is_kept_byte_for_byte_with_both_hashes(frame_of: FrameFactory) -> None:
    frame = frame_of()
    page = frame.capture(iter([b"one,", b"two\n"]), ".csv", "text/csv")
    with pa.input_stream(str(page), compression="zstd") as stored:
        assert stored.read() == b"one,two\n"
    (record,) = frame.pages
    assert (record.name, page.name, record.media_type) == ("page-00000.csv.zst", "page-00000.csv.zst", "text/csv")
    assert (record.received_sha256, record.received_bytes) == (hashlib.sha256(b"one,two\n").hexdigest(), 8)
    assert (record.stored_sha256, record.stored_bytes) == (
        hashlib.sha256(page.read_bytes()).hexdigest(),
        page.stat().st_size,
    )


def test_what_comes_compressed_is_stored_as_it_came_and_pages_are_numbered(frame_of: FrameFactory) -> None:
    frame = frame_of()
    frame.capture(iter([b"first"]), ".txt", "text/plain")
    page = frame.capture(iter([b"second"]), ".csv.gz", "text/csv", compress=False)
    assert (page.name, page.read_bytes()) == ("page-00001.csv.gz", b"second")
    assert frame.pages[1].stored_sha256 == frame.pages[1].received_sha256 == hashlib.sha256(b"second").hexdigest()


def test_a_source_that_stops_halfway_is_unavailable(frame_of: FrameFactory) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"12345"
        raise ConnectionResetError("reset by peer")

    frame = frame_of()
    with pytest.raises(SourceUnavailable, match=r"system 'shop': reading stopped after 5 bytes: reset by peer\."):
        frame.capture(chunks(), ".csv", "text/csv")
    assert frame.pages == []


def test_a_file_is_read_in_pieces_and_an_absent_one_named(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * (1024 * 1024 + 1))
    assert [len(chunk) for chunk in file_chunks(file)] == [1024 * 1024, 1]
    with pytest.raises(SourceUnavailable, match=r"nowhere: cannot be read: No such file or directory\. Put the file there"):
        list(file_chunks(tmp_path / "nowhere"))


def test_a_parameter_is_typed_has_a_default_and_a_path_starts_at_home(frame_of: FrameFactory, home: Path) -> None:
    frame = frame_of(branch="main", path="drop/in.csv")
    assert frame.parameter("branch", str) == "main"
    assert frame.parameter("limit", int, 5) == 5
    assert frame.path("path") == home / "drop/in.csv"


@pytest.mark.parametrize(("name", "got"), [("branch", "7"), ("absent", "None")])
def test_a_parameter_of_another_type_or_absent_is_refused(frame_of: FrameFactory, name: str, got: str) -> None:
    expected = f"system 'shop': parameter '{name}': expected str, got {got}\\."
    with pytest.raises(ConfigurationError, match=expected):
        frame_of(branch=7).parameter(name, str)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no_such_source", "there is no module tieout/collectors/no_such_source.py."),
        ("ipe", "it has no function collect."),
    ],
)
def test_what_is_no_collector_is_refused(name: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_collector(name)
    assert str(caught.value).startswith(f"collector {name!r}: ")
    assert str(caught.value).endswith(problem)


def test_the_window_is_half_open_and_the_rest_is_counted(
    frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str]
) -> None:
    times = [
        "2026-02-28T23:59:59.999999Z",
        "2026-03-01T00:00:00Z",
        "2026-03-31T23:59:59.999999Z",
        "2026-04-01T00:00:00Z",
        "2026-04-01T00:30:00+01:00",  # 31 March in UTC
    ]
    extraction = extractor(frame_of(toy(rows(*times), total=5)))
    assert staged_rows(extraction)[POSITION_COLUMN].to_pylist() == [2, 3, 5]
    assert (extraction.ipe.rows_read, extraction.ipe.rows_in_window, extraction.ipe.expected_rows) == (5, 3, 3)
    assert extraction.ipe.drops == (Drop("outside the window", 2, tuple(f"shop {change_csv.sha(number)}" for number in (1, 4))),)


@pytest.mark.parametrize("step", [1, -1])
def test_first_and_last_are_the_windows_over_all_batches(
    frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str], step: int
) -> None:
    later = rows("2026-03-20T00:00:00Z", "2026-03-30T00:00:00Z", "2026-04-30T00:00:00Z")
    earlier = rows("2026-03-10T00:00:00Z", "2026-03-02T00:00:00Z", "2026-01-02T00:00:00Z", start=4)
    ipe = extractor(frame_of(toy(*(later, earlier)[::step], total=6))).ipe
    assert ipe.first == (f"shop {change_csv.sha(5)}", "2026-03-02T00:00:00.000000Z")
    assert ipe.last == (f"shop {change_csv.sha(2)}", "2026-03-30T00:00:00.000000Z")


def test_zero_rows_are_an_extraction_too(frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str]) -> None:
    extraction = extractor(frame_of(toy(rows("2026-05-01T00:00:00Z"), total=1)))
    assert staged_rows(extraction).num_rows == 0
    assert (extraction.ipe.rows_in_window, extraction.ipe.expected_rows) == (0, 0)
    assert (extraction.ipe.first, extraction.ipe.last) == (None, None)


def test_the_record_says_when_where_and_by_what(frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str]) -> None:
    times = iter([datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 1, 0, 5, tzinfo=UTC)])
    ipe = extractor(frame_of(toy(rows(), total=0)), clock=lambda: next(times)).ipe
    assert (ipe.system, ipe.environment, ipe.collector, ipe.source) == ("shop", "test", "toy", STATEMENT)
    assert ipe.finished_at - ipe.started_at == timedelta(minutes=5)


def test_an_open_window_is_refused_before_the_source_is_read(frame_of: FrameFactory, extractor: Extractor) -> None:
    frame = frame_of("no_such_source")
    with pytest.raises(ExtractionRefused) as caught:
        extractor(frame, clock=lambda: datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC))
    assert str(caught.value) == (
        "window '2026-03': not over before 2026-04-01T00:00:00.000000Z, and it is 2026-03-31T23:59:59.000000Z. "
        "A population is read when nothing more can be added to it."
    )


@pytest.mark.parametrize("total", [0, 2])
def test_a_read_that_is_not_the_whole_source_is_refused(
    frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str], total: int
) -> None:
    expected = f"toy: the source holds {total} rows .len., 1 were read. A partial read is no population: nothing lands"
    with pytest.raises(ContractError, match=expected):
        extractor(frame_of(toy(rows("2026-03-05T00:00:00Z"), total=total)))


def test_a_collector_that_states_nothing_is_refused(
    frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str]
) -> None:
    with pytest.raises(ConfigurationError, match=r"collector 'toy': it ended without Frame\.state and Frame\.count\."):
        extractor(frame_of(toy(rows(), total=None)))


@pytest.mark.parametrize(("time", "got"), [("", "row 2: nothing"), ("2026-13-01T00:00:00Z", "row 2: '2026-13-01T00:00:00Z'")])
def test_a_row_that_has_no_place_in_time_is_refused_not_dropped(
    frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str], time: str, got: str
) -> None:
    with pytest.raises(ContractError, match=f"toy: column 'committed_at': .* in 1: {got}.* can be placed in a window"):
        extractor(frame_of(toy(rows("2026-03-05T00:00:00Z", time), total=2)))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda table: table.drop_columns(["parents"]), "missing: parents"),
        (lambda table: table.append_column("colour", table["sha"]), "not in the contract: colour"),
        (
            lambda table: table.append_column("system", table["sha"]),
            "given by the source, though Tieout adds them itself: system",
        ),
    ],
)
def test_columns_that_are_not_the_contracts_are_refused(
    frame_of: FrameFactory,
    extractor: Extractor,
    toy: Callable[..., str],
    change: Callable[[pa.Table], pa.Table],
    problem: str,
) -> None:
    with pytest.raises(ContractError, match=f"toy: expected the columns of change_record.v1; {problem}"):
        extractor(frame_of(toy(change(rows("2026-03-05T00:00:00Z")), total=1)))


def test_the_inclusion_date_is_the_one_that_is_named(
    frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str]
) -> None:
    frame = frame_of(toy(rows("2026-05-01T00:00:00Z"), total=1))  # authored on 5 March
    extraction = extract(frame, extractor.contract, Inclusion("authored_at"), lambda: datetime(2026, 6, 1, tzinfo=UTC), None)
    assert extraction.ipe.rows_in_window == 1


def test_rows_left_out_on_purpose_count_as_read_and_are_named(
    frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str]
) -> None:
    frame = frame_of(toy(rows("2026-03-05T00:00:00Z"), total=4))
    frame.drop("a test account", ["a", "b"])
    frame.drop("a test account", ["c"])
    ipe = extractor(frame).ipe
    assert ipe.drops[1:] == (Drop("a test account", 3, ("a", "b", "c")),)
    assert (ipe.rows_read, ipe.rows_in_window, ipe.expected_rows) == (4, 1, 1)


def test_a_long_list_of_dropped_keys_is_cut_and_the_count_is_not(frame_of: FrameFactory) -> None:
    frame = frame_of()
    frame.drop("many", [str(number) for number in range(MAX_KEYS + 5)])
    assert (frame.drops[0].rows, len(frame.drops[0].keys)) == (MAX_KEYS + 5, MAX_KEYS)


def test_answers_that_were_asked_for_again_are_counted_by_kind(frame_of: FrameFactory) -> None:
    frame = frame_of()
    for answer, seconds in (("HTTP 429", 2.0), ("HTTP 500", 1.0), ("HTTP 429", 3.0)):
        frame.asked_again(answer, seconds)
    assert sorted(frame.attempts, key=lambda each: each.answer) == [Attempt("HTTP 429", 2, 5.0), Attempt("HTTP 500", 1, 1.0)]


@pytest.mark.parametrize(("seconds", "refused"), [(-30.0, False), (-7200.0, True), (7200.0, False)])
def test_a_window_is_over_by_the_clock_of_the_source_too(
    frame_of: FrameFactory, extractor: Extractor, toy: Callable[..., str], seconds: float, refused: bool
) -> None:
    frame = frame_of(toy(rows("2026-03-05T00:00:00Z"), total=1))
    frame.clock_offset = ClockOffset(seconds, "its Date header")
    clock = lambda: datetime(2026, 4, 1, 0, 10, tzinfo=UTC)  # noqa: E731
    if refused:
        with pytest.raises(ExtractionRefused, match="by the source's clock, which is 7200 s behind ours"):
            extractor(frame, clock)
    else:
        assert extractor(frame, clock).ipe.clock_offset == frame.clock_offset


def test_a_frame_without_reach_says_where_connections_are(frame_of: FrameFactory) -> None:
    with pytest.raises(ConfigurationError, match="connection 'helpdesk': expected an Airflow that holds it"):
        frame_of().reach.connection("helpdesk")


def test_what_stands_now_is_taken_for_a_windows_end_only_soon_after_it(frame_of: FrameFactory) -> None:
    frame = frame_of()  # March
    frame.clock = lambda: datetime(2026, 4, 8, tzinfo=UTC)
    assert frame.as_of_the_end() == datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    frame.clock = lambda: datetime(2026, 4, 8, 0, 0, 1, tzinfo=UTC)
    with pytest.raises(
        ExtractionRefused, match=r"shows only what stands now, and the window ended 7 days ago: expected at most 7"
    ):
        frame.as_of_the_end()
