# SPDX-License-Identifier: Apache-2.0
"""The SQL collector against a real PostgreSQL: snapshot, rights, clock, types, and what happens when the server goes away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from tests.postgres import Postgres, running_postgres
from tests.unit.collectors.frames import staged_rows
from tests.unit.collectors.sql_source import Engines
from tests.unit.contracts import things
from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.contracts.cast import cast_rows
from tieout.contracts.odcs import Contract
from tieout.criteria.controls import SystemSource
from tieout.criteria.periods import WindowKind, window
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.settings import Settings

pytestmark = pytest.mark.integration

QUERY = "SELECT id, number, ratio, done, at, day, person FROM ops.things WHERE at >= :from AND at < :until"
SCHEMA = (
    "CREATE SCHEMA ops",
    "CREATE TABLE ops.things (id uuid PRIMARY KEY, number bigint, ratio numeric, done boolean, at timestamptz, "
    "local timestamp, day date, person text)",
    "INSERT INTO ops.things SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, n, n / 8.0, n % 2 = 0, "
    "'2026-03-01T00:00:00+01'::timestamptz + n * interval '1 minute', '2026-03-01 00:00'::timestamp + n * interval '1 minute', "
    "'2026-03-05', CASE WHEN n % 3 > 0 THEN 'ann@example.com' END FROM generate_series(0, 29999) n",
    "CREATE TABLE public.elsewhere (a int)",
    "CREATE FUNCTION ops.told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''a trigger fired''; END'",
    "CREATE TRIGGER told BEFORE DELETE ON ops.things FOR EACH STATEMENT EXECUTE FUNCTION ops.told()",
    "CREATE ROLE reader LOGIN",
    "GRANT USAGE ON SCHEMA ops TO reader",
    "GRANT SELECT ON ops.things TO reader",
    "CREATE ROLE writers NOLOGIN",
    "GRANT INSERT ON ops.things TO writers",
    "CREATE ROLE sly LOGIN NOINHERIT",
    "GRANT writers TO sly",
    "CREATE ROLE column_writer LOGIN",
    "GRANT UPDATE (person) ON ops.things TO column_writer",
    "CREATE ROLE stranger LOGIN",
    "CREATE ROLE guarded LOGIN PASSWORD 'correct horse'",
    "GRANT reader, sly, column_writer TO postgres",
    "GRANT USAGE ON SCHEMA ops TO sly, column_writer",
    "GRANT SELECT ON ops.things TO sly, column_writer",
)
Make = Callable[..., Frame]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """Return a server with 30,000 things."""
    with running_postgres() as running:
        running.run(*SCHEMA)
        yield running


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """Return the contract of things."""
    return things.contract_with(tmp_path_factory.mktemp("contract"))


@pytest.fixture
def frame_as(postgres: Postgres, tmp_path: Path) -> Make:
    """Return a function that makes a frame: of a login, with a query and parameters."""

    def make(user: str = "reader", query: str = QUERY, *, password: str = "", kind: type[Frame] = Frame, **more: Any) -> Frame:
        return kind(
            settings=Settings(home=tmp_path, environment="test"),
            source=SystemSource(system="shop", collector="sql", parameters={"connection": "shop", "query": query, **more}),
            window=window(WindowKind.MONTHLY, "2026-03", ZoneInfo("Europe/Berlin")),
            folder=tmp_path,
            reach=Engines(shop=postgres.address(user, password)),
        )

    return make


def run(frame: Frame, contract: Contract) -> Extraction:
    """Extract things by our own clock."""
    return extract(frame, contract, Inclusion("at"), lambda: datetime.now(UTC), None)


def test_every_type_comes_as_the_contract_says(frame_as: Make, contract: Contract) -> None:
    extraction = run(frame_as(), contract)
    rows = cast_rows(staged_rows(extraction), contract, "things")
    assert rows.num_rows == 30_000
    assert rows.sort_by("number").slice(0, 1).to_pylist() == [
        {
            "system": "shop",
            "id": "00000000-0000-0000-0000-000000000000",
            "number": 0,
            "ratio": 0.0,
            "done": True,
            "at": datetime(2026, 2, 28, 23, tzinfo=UTC),
            "day": datetime(2026, 3, 5).date(),  # noqa: DTZ001
            "person": None,
            "_position": 1,
        }
    ]


def test_the_record_says_who_read_and_that_it_can_not_write(frame_as: Make, contract: Contract, postgres: Postgres) -> None:
    ipe = run(frame_as(), contract).ipe
    assert ipe.source.location == f"postgresql://127.0.0.1:{postgres.port}/postgres"
    assert ipe.source.account == "postgres"
    assert ipe.source.credential == "Airflow Connection 'shop', login 'reader'; to the database 'reader'"
    assert ipe.source.read_only_proof.startswith(
        "read-only: by PostgreSQL's catalogue neither 'reader' nor a role that it may take can insert, update, delete or "
        "truncate in any of the database's 2 tables and views"
    )
    assert ipe.source.parameters["transaction"].endswith("READ ONLY")
    assert ipe.source.parameters["from"] == "2026-02-28 23:00:00+00:00"
    assert ipe.clock_offset is not None
    assert abs(ipe.clock_offset.seconds) < 60
    assert ipe.clock_offset.how == "SELECT clock_timestamp()"


@pytest.mark.parametrize(
    ("user", "proof"),
    [
        ("postgres", "could write: 'postgres' is a superuser, whom no right restrains"),
        (
            "sly",  # it inherits nothing, and may SET ROLE
            "could write: by PostgreSQL's catalogue this login can change ops.things; of them the query reads ops.things",
        ),
        (
            "column_writer",
            "could write: by PostgreSQL's catalogue this login can change ops.things; of them the query reads ops.things",
        ),
    ],
)
def test_a_login_that_could_write_is_named(frame_as: Make, contract: Contract, user: str, proof: str) -> None:
    # The table's trigger raises on any DELETE, also of no row: none was tried.
    assert run(frame_as(user), contract).ipe.source.read_only_proof == proof


def test_a_query_that_writes_behind_a_function_is_refused_by_the_session(
    frame_as: Make, contract: Contract, postgres: Postgres
) -> None:
    postgres.run(
        "CREATE OR REPLACE FUNCTION public.wipe() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS "
        "'BEGIN INSERT INTO public.elsewhere VALUES (1); RETURN 1; END'"
    )
    with pytest.raises(ConfigurationError, match="cannot execute INSERT in a read-only transaction"):
        run(frame_as(query=QUERY.replace("number,", "public.wipe() AS number,")), contract)
    assert postgres.run("SELECT count(*) FROM public.elsewhere") == [(0,)]


@pytest.mark.parametrize(
    ("user", "query", "problem"),
    [
        ("reader", "SELECT * FROM ops.nothing", 'relation "ops.nothing" does not exist'),
        ("reader", "SELECT * FROM public.elsewhere", "permission denied for table elsewhere"),
        ("stranger", QUERY, "permission denied for schema ops"),
        ("nobody_known", QUERY, 'role "nobody_known" does not exist'),
        ("reader", "SELECT 1 / (number - 5000) AS number FROM ops.things", r"can not compute a value \(DivisionByZero 22012\)"),
    ],
)
def test_what_trying_again_does_not_cure(frame_as: Make, contract: Contract, user: str, query: str, problem: str) -> None:
    kind = SourceUnavailable if user == "nobody_known" else ConfigurationError
    with pytest.raises(kind, match=problem):
        run(frame_as(user, query), contract)


def test_a_wrong_password_stands_in_no_message(frame_as: Make, contract: Contract) -> None:
    with pytest.raises(SourceUnavailable, match="password authentication failed") as caught:
        run(frame_as("guarded", password="wrong-battery-staple"), contract)
    assert "battery" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_server_that_is_not_there(frame_as: Make, contract: Contract) -> None:
    frame = frame_as()
    frame.reach = Engines(shop="postgresql+psycopg://reader@127.0.0.1:1/postgres")
    with pytest.raises(SourceUnavailable, match=r"postgresql://127\.0\.0\.1:1/postgres: .*[Cc]onnection refused"):
        run(frame, contract)


def test_a_server_that_goes_away_in_the_middle_leaves_no_population_and_its_page(
    frame_as: Make, contract: Contract, postgres: Postgres
) -> None:
    class Cut(Frame):
        """Ends the reader's session once the first rows have come."""

        def capture(self, chunks: Iterator[bytes], *arguments: Any, **more: Any) -> Path:
            def cut() -> Iterator[bytes]:
                for number, chunk in enumerate(chunks):
                    yield chunk
                    if number == 1:
                        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")

            return super().capture(cut(), *arguments, **more)

    frame = frame_as(kind=Cut)
    with pytest.raises(SourceUnavailable, match=r"terminat.* Nothing lands for this window"):
        run(frame, contract)
    (page,) = frame.pages
    with pa.input_stream(str(frame.folder / page.name), compression="zstd") as stored:
        assert stored.read().count(b"\n") == 10_001


def test_rows_that_come_while_we_read_are_not_read(frame_as: Make, contract: Contract, postgres: Postgres) -> None:
    class Late(Frame):
        """Adds a row once the rows have been counted."""

        def count(self, *arguments: Any) -> None:
            postgres.run(
                "INSERT INTO ops.things VALUES (gen_random_uuid(), 1, 1, true, '2026-03-02T00:00:00Z', now(), '2026-03-02', '')"
            )
            super().count(*arguments)

    try:
        assert run(frame_as(kind=Late), contract).ipe.rows_read == 30_000
    finally:
        postgres.run("ALTER TABLE ops.things DISABLE TRIGGER told", "DELETE FROM ops.things WHERE person = ''")
        postgres.run("ALTER TABLE ops.things ENABLE TRIGGER told")


def test_times_without_zone_are_read_and_bound_in_the_zone_of_the_yaml(frame_as: Make, contract: Contract) -> None:
    query = QUERY.replace(" at,", " local AS at,").replace("at >=", "local >=").replace("at <", "local <")
    rows = cast_rows(staged_rows(run(frame_as(query=query, time_zone="Europe/Berlin"), contract)), contract, "things")
    assert rows.num_rows == 30_000  # from midnight in Berlin on
    assert min(rows["at"].to_pylist()) == datetime(2026, 2, 28, 23, tzinfo=UTC)
    with pytest.raises(ConfigurationError, match="column 'at': a time without zone"):
        run(frame_as(query=query), contract)
