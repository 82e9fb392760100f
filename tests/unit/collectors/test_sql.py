# SPDX-License-Identifier: Apache-2.0
"""Rows of a database: read in one snapshot, captured first, counted twice, and never written."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy
from tests.unit.collectors.frames import AFTER, FrameFactory, staged_rows
from tests.unit.collectors.sql_source import THINGS, Engines, reaching, thing, write_things
from tests.unit.contracts import things

from tieout.collectors import sql_pages
from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.redaction import Redactor
from tieout.contracts.cast import cast_rows
from tieout.contracts.odcs import Contract
from tieout.errors import ConfigurationError, ContractError, SourceUnavailable
from tieout.persons import PersonKey


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """Return the contract of things."""
    return things.contract_with(tmp_path_factory.mktemp("contract"))


@pytest.fixture
def database(home: Path) -> Path:
    """Return an SQLite file: two things in March, one at its first instant, and one at April's."""
    path = home / "things.db"
    times = ("2026-03-05T14:30:00.5Z", "2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00Z")
    write_things(path, [thing(number, at) for number, at in enumerate(times, 1)])
    return path


def frame_over(frame_of: FrameFactory, path: Path, query: str = THINGS, **parameters: Any) -> Frame:
    """Return a frame whose connection ``shop`` reads an SQLite file."""
    given = {"connection": "shop", "query": query, "window_format": "iso", **parameters}
    return reaching(frame_of("sql", **given), shop=f"sqlite:///{path}")


def run(frame: Frame, contract: Contract) -> Extraction:
    """Extract things."""
    return extract(frame, contract, Inclusion("at"), lambda: AFTER, None)


def rows_of(frame: Frame, contract: Contract) -> list[dict[str, Any]]:
    """Extract things, and return them in the contract's types."""
    rows: list[dict[str, Any]] = cast_rows(staged_rows(run(frame, contract)), contract, "things").to_pylist()
    return rows


def page_lines(frame: Frame) -> list[dict[str, Any]]:
    """Return the lines of the captured pages."""
    texts = []
    for page in frame.pages:
        with pa.input_stream(str(frame.folder / page.name), compression="zstd") as stored:
            texts += stored.read().decode().splitlines()
    return [json.loads(text) for text in texts]


def test_the_windows_rows_come_in_the_contracts_types(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    rows = rows_of(frame_over(frame_of, database), contract)
    assert [(row["id"], row["number"], row["ratio"], row["done"], str(row["day"])) for row in rows] == [
        ("thing-1", 1, 0.5, True, "2026-03-05"),
        ("thing-2", 2, 0.5, True, "2026-03-05"),
    ]
    assert [row["_position"] for row in rows] == [1, 2]


def test_the_record_says_what_ran_where_as_whom(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    ipe = run(frame_over(frame_of, database), contract).ipe
    assert (ipe.source.kind, ipe.source.location, ipe.source.query) == ("sqlite database", f"sqlite:{database}", THINGS)
    assert ipe.source.parameters == {
        "transaction": "one snapshot (one transaction) with PRAGMA query_only",
        "from": "2026-03-01T00:00:00",
        "until": "2026-04-01T00:00:00",
    }
    assert ipe.source.credential == "Airflow Connection 'shop', login 'none'"
    assert ipe.source.read_only_proof.startswith("could write: ")
    assert (ipe.source_total.rows, ipe.second_count.rows, ipe.second_count.independence) == (2, 2, SecondCountClass.SAME_ENDPOINT)
    assert ipe.clock_offset is None


def test_a_page_holds_the_rows_as_they_came(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    frame = frame_over(frame_of, database)
    run(frame, contract)
    head, first, _ = page_lines(frame)
    assert head == {"columns": ["id", "number", "ratio", "done", "at", "day", "person"], "first_row": 1}
    assert (first["number"], first["ratio"], first["at"]) == (1, 0.5, "2026-03-05T14:30:00.5Z")
    assert frame.pages[0].media_type == "application/x-ndjson"


def test_many_rows_become_several_pages(
    home: Path, frame_of: FrameFactory, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_pages, "PAGE_BYTES", 1000)
    monkeypatch.setattr(sql_pages, "_BATCH", 7)
    write_things(home / "many.db", [thing(number) for number in range(1, 31)])
    frame = frame_over(frame_of, home / "many.db")
    rows = rows_of(frame, contract)
    assert [row["number"] for row in rows] == [row["_position"] for row in rows] == list(range(1, 31))
    assert [line["first_row"] for line in page_lines(frame) if "columns" in line] == [1, 15, 29]


def test_no_row_is_a_population_of_zero(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    frame = frame_over(frame_of, database, THINGS.replace(":until", "'2026-02'").replace(":from", "'2026-01'"))
    extraction = run(frame, contract)
    assert (extraction.ipe.rows_read, staged_rows(extraction).num_rows, len(frame.pages)) == (0, 0, 1)


def test_rows_outside_the_window_are_dropped_by_key(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    ipe = run(frame_over(frame_of, database, THINGS.partition(" WHERE")[0], window_format="timestamp"), contract).ipe
    assert (ipe.rows_read, ipe.rows_in_window, ipe.drops[0].keys) == (3, 2, ("shop thing-3",))
    assert "from" not in ipe.source.parameters


def test_columns_are_named_as_the_yaml_says(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    query = THINGS.replace("number,", "number AS how_many,")
    rows = rows_of(frame_over(frame_of, database, query, columns={"number": "how_many"}), contract)
    assert [row["number"] for row in rows] == [1, 2]


def test_a_column_too_many_is_named(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    with pytest.raises(ContractError, match=r"not in the contract: extra"):
        run(frame_over(frame_of, database, THINGS.replace("SELECT", "SELECT 1 AS extra,")), contract)


def test_a_column_that_comes_twice_is_refused(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    with pytest.raises(ConfigurationError, match=r"column 'id' comes twice"):
        run(frame_over(frame_of, database, THINGS.replace("SELECT", "SELECT id,")), contract)


def test_a_second_count_is_of_another_endpoint(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    count = "SELECT COUNT(id) FROM things WHERE at >= :from AND at < :until"
    ipe = run(frame_over(frame_of, database, count_query=count), contract).ipe
    assert (ipe.second_count.rows, ipe.second_count.how, ipe.second_count.independence) == (
        2,
        count,
        SecondCountClass.OTHER_ENDPOINT,
    )


def test_a_count_elsewhere_is_of_another_system(database: Path, home: Path, frame_of: FrameFactory, contract: Contract) -> None:
    write_things(home / "copy.db", [thing(number) for number in range(5)])
    frame = frame_over(frame_of, database, count_query="SELECT COUNT(*) FROM things", count_connection="copy")
    reaching(frame, shop=f"sqlite:///{database}", copy=f"sqlite:///{home / 'copy.db'}")
    ipe = run(frame, contract).ipe
    assert (ipe.second_count.rows, ipe.second_count.independence) == (5, SecondCountClass.OTHER_SYSTEM)
    assert ipe.second_count.how.endswith(f"at sqlite:{home / 'copy.db'}, Airflow Connection 'copy'")
    assert ipe.expected_rows == 5  # and the contract's rule says that two are not five


def test_rows_that_are_not_as_many_as_counted_are_no_population(
    database: Path, frame_of: FrameFactory, contract: Contract
) -> None:
    calls = iter(range(1, 9))

    class Unsteady(Engines):
        """Hands out a database in which each query sees one row more than the one before."""

        def database(self, conn_id: str) -> sqlalchemy.Engine:
            engine = super().database(conn_id)
            sqlalchemy.event.listen(engine, "connect", lambda raw, _: raw.create_function("how_many", 0, lambda: next(calls)))
            return engine

    frame = frame_over(frame_of, database, f"SELECT * FROM ({THINGS}) LIMIT how_many()")
    frame.reach = Unsteady(shop=f"sqlite:///{database}")
    with pytest.raises(ContractError, match=r"the source holds 1 rows .*, 2 were read\. A partial read is no population"):
        run(frame, contract)


def test_a_reader_writes_nothing_even_where_it_could(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    before = database.read_bytes()
    run(frame_over(frame_of, database), contract)
    assert database.read_bytes() == before


def test_a_read_only_file_is_proven_read_only(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    frame = reaching(frame_over(frame_of, database), shop=f"sqlite:///file:{database}?mode=ro&uri=true")
    proof = run(frame, contract).ipe.source.read_only_proof
    assert proof == "read-only: SQLite refuses this connection to write; whoever may write to the file still can"


def test_whoever_writes_keeps_the_proof_from_being_had(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    frame = reaching(frame_over(frame_of, database), shop=f"sqlite:///{database}?timeout=0")
    assert run(frame, contract).ipe.source.read_only_proof == "not checked: somebody else was writing to the file"
    other.close()


def test_addresses_become_person_ids_before_anything_is_kept(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    frame = frame_over(frame_of, database)
    frame.redactor = Redactor(PersonKey(bytes(32)))
    persons = {row["person"] for row in rows_of(frame, contract)}
    assert "ann@example.com" not in str(page_lines(frame))
    assert len(persons) == 1
    assert persons.pop().startswith("person-")


def test_a_file_that_is_not_there_is_not_made(home: Path, frame_of: FrameFactory, contract: Contract) -> None:
    with pytest.raises(SourceUnavailable, match=r"nowhere\.db: there is no such file"):
        run(frame_over(frame_of, home / "nowhere.db"), contract)
    assert not (home / "nowhere.db").exists()


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT * FROM elsewhere", "no such table: elsewhere"),
        ("SELECT unknown FROM things", "no such column: unknown"),
        ("SELECT nothing FROM things", 'near "nothing": syntax error'),
        ("SELECT no_such_function(id) FROM things", "no such function"),
    ],
)
def test_a_query_that_does_not_fit_the_database_is_wrong(
    database: Path, frame_of: FrameFactory, contract: Contract, query: str, problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"sqlite:.*{problem}"):
        run(frame_over(frame_of, database, query), contract)


def test_a_value_without_text_ends_the_read_and_the_page_is_kept(
    database: Path, frame_of: FrameFactory, contract: Contract
) -> None:
    frame = frame_over(frame_of, database, THINGS.replace("ratio,", "CASE number WHEN 2 THEN x'00' END AS ratio,"))
    with pytest.raises(ConfigurationError, match=r"column 'ratio': a value of type bytes has no text of its own\. Cast it"):
        run(frame, contract)
    assert len(frame.pages) == 1


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"window_format": "timestamp"}, "parameter 'window_format': SQLite has no type for times"),
        ({"window_format": "seconds"}, "parameter 'window_format': expected timestamp, iso, unix or a pattern"),
        ({"time_zone": "Europe/Nowhere"}, "parameter 'time_zone': expected a zone"),
        ({"count_connection": "copy"}, "expected a 'count_query' to run there"),
        ({"count_query": "SELECT id FROM things"}, "parameter 'count_query': expected one number, got 'thing-1'"),
        ({"count_query": "DELETE FROM things"}, "parameter 'count_query': expected one SELECT"),
        ({"clock_query": "SELECT 'now'"}, "parameter 'clock_query': expected one time with its zone, got 'now'"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(
    database: Path, frame_of: FrameFactory, contract: Contract, parameters: dict[str, str], problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        run(frame_over(frame_of, database, **parameters), contract)


def test_the_sources_clock_is_compared_with_ours(database: Path, frame_of: FrameFactory, contract: Contract) -> None:
    query = "SELECT '2026-11-02T06:10:00Z'"
    offset = run(frame_over(frame_of, database, clock_query=query), contract).ipe.clock_offset
    assert offset is not None
    assert (offset.seconds, offset.how) == (600.0, query)
