# SPDX-License-Identifier: Apache-2.0
"""Collectors reach their sources by Airflow Connections, here of the environment; errors name what is missing and no secret."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.collectors.sql_source import THINGS, thing, write_things
from tests.unit.contracts import things
from tieout.collectors.extraction import Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.criteria.controls import SystemSource
from tieout.criteria.periods import WindowKind, window
from tieout.errors import ConfigurationError
from tieout.settings import Settings
from tieout.tasks.connections import AirflowReach

pytestmark = pytest.mark.integration

SECRET = "correct-horse-battery"


@pytest.fixture(scope="module", autouse=True)
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep Airflow, which is imported once per process, out of the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        if "airflow" not in sys.modules:
            patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an SQLite file that the connections ``shop`` and ``shop_read_only`` name."""
    path = tmp_path / "things.db"
    write_things(path, [thing(1)])
    read_only = {"conn_type": "sqlite", "host": f"file:{path}", "extra": {"mode": "ro", "uri": "true"}}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_READ_ONLY", json.dumps(read_only))
    return path


@pytest.mark.parametrize(("conn_id", "proof"), [("shop", "could write"), ("shop_read_only", "read-only")])
def test_rows_are_read_over_an_airflow_connection(database: Path, tmp_path: Path, conn_id: str, proof: str) -> None:
    parameters = {"connection": conn_id, "query": THINGS, "window_format": "iso"}
    frame = Frame(
        settings=Settings(home=tmp_path, environment="test"),
        source=SystemSource(system="shop", collector="sql", parameters=parameters),
        window=window(WindowKind.MONTHLY, "2026-03", ZoneInfo("UTC")),
        folder=tmp_path,
        reach=AirflowReach(),
    )
    ipe = extract(frame, things.contract_with(tmp_path), Inclusion("at"), lambda: datetime.now(UTC), None).ipe
    assert (ipe.rows_in_window, ipe.source.location) == (1, f"sqlite:{database}")
    assert ipe.source.read_only_proof.startswith(proof)
    with sqlite3.connect(database) as raw:
        assert raw.execute("SELECT COUNT(*) FROM things").fetchone() == (1,)
    raw.close()


def test_a_connection_says_what_it_is_and_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TICKETS", f"postgres://reader:{SECRET}@tickets.test:5433/desk?token={SECRET}")
    found = AirflowReach().connection("tickets")
    assert (found.kind, found.host, found.port, found.schema, found.login) == ("postgres", "tickets.test", 5433, "desk", "reader")
    assert found.password == found.extra["token"] == SECRET
    assert SECRET not in repr(found)
    engine = AirflowReach().database("tickets")
    assert (engine.dialect.name, engine.url.host, engine.url.database) == ("postgresql", "tickets.test", "desk")
    assert SECRET not in repr(engine)


@pytest.mark.parametrize(
    ("conn_type", "problem"),
    [
        (None, "Airflow holds none of this name, or can not read it. Add it in Airflow, or set AIRFLOW_CONN_TICKETS"),
        ("oracle", "no installed Airflow provider knows type 'oracle'. Install it .*apache-airflow-providers-oracle"),
        ("http", "expected one to a database, got type 'http'"),
    ],
)
def test_what_is_no_database_is_named(monkeypatch: pytest.MonkeyPatch, conn_type: str | None, problem: str) -> None:
    if conn_type:
        monkeypatch.setenv("AIRFLOW_CONN_TICKETS", f"{conn_type}://reader:{SECRET}@tickets.test/desk")
    with pytest.raises(ConfigurationError, match=f"connection 'tickets': {problem}") as caught:
        AirflowReach().database("tickets")
    assert SECRET not in str(caught.value)


def test_an_address_that_makes_no_engine_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "postgres", "host": "h", "password": SECRET, "extra": {"sqlalchemy_scheme": f"x://{SECRET}"}}
    monkeypatch.setenv("AIRFLOW_CONN_TICKETS", json.dumps(connection))
    with pytest.raises(ConfigurationError, match=r"its provider makes no SQLAlchemy engine of it \(ValueError\)") as caught:
        AirflowReach().database("tickets")
    assert SECRET not in str(caught.value)


def test_a_bucket_needs_a_connection_of_type_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DROP", "aws://key:secret-key@/?region_name=eu-central-1")
    monkeypatch.setenv("AIRFLOW_CONN_TICKETS", "http://tickets.test")
    assert AirflowReach().aws("drop", "s3").meta.region_name == "eu-central-1"
    with pytest.raises(ConfigurationError, match="connection 'tickets': expected type 'aws', got 'http'"):
        AirflowReach().aws("tickets", "s3")
