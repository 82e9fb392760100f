# SPDX-License-Identifier: Apache-2.0
"""SQL over a real bucket and over its copy: rows that stand and all, places as columns, and nothing else in reach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from click.testing import CliRunner, Result
from duckdb import DuckDBPyConnection

from tests.stack import Store, merge, write_csv
from tieout.audit.questions import QUESTIONS
from tieout.cli import main
from tieout.errors import ConfigurationError
from tieout.evidence.sources import Bucket, Copy
from tieout.flows import query
from tieout.flows.query import evidence_database, run_query

pytestmark = pytest.mark.integration
MARCH = [merge(1, "2026-03-02"), merge(2, "2026-03-03", pr="")]


@pytest.fixture(scope="module")
def store(own_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store with two windows, one of them landed again."""
    folder = tmp_path_factory.mktemp("drops")
    april = write_csv(folder / "april.csv", [merge(3, "2026-04-02")])
    march, again = write_csv(folder / "march.csv", MARCH), write_csv(folder / "again.csv", [*MARCH, merge(4, "2026-03-09")])
    own_store.land("shop_csv", "2026-03", path=str(march))
    own_store.land("shop_csv", "2026-04", path=str(april))
    own_store.land("shop_csv", "2026-03", path=str(again), reason="A merge was left out.")
    return own_store


@pytest.fixture(params=["bucket", "copy"])
def database(store: Store, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DuckDBPyConnection]:
    """Return the database, over the bucket and over a copy of it."""
    auditor = store.bucket("auditor")
    if request.param == "copy":
        for key in auditor.keys(""):
            target = tmp_path / key
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"".join(auditor.chunks(key) or ()))
    with evidence_database(Copy(tmp_path) if request.param == "copy" else Bucket(auditor)) as made:
        yield made


def rows(database: DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in run_query(database, sql).to_pylist()]


def test_rows_that_stand_and_all_rows_are_tables(database: DuckDBPyConnection) -> None:
    by_window = 'SELECT "window", count(*) FROM {} GROUP BY 1 ORDER BY 1'
    assert rows(database, by_window.format("change_record")) == [("2026-03", 3), ("2026-04", 1)]
    assert rows(database, by_window.format("all_change_record")) == [("2026-03", 5), ("2026-04", 1)]
    found = rows(database, "SELECT rule, count(*) FROM rule_result WHERE result = 'not met' GROUP BY 1 ORDER BY 1")
    assert ("pull_request_referenced", 1) in found


def test_landings_and_rows_join_by_the_landing(database: DuckDBPyConnection) -> None:
    sql = """
        SELECT landings.landing, landings.rows = count(*) FROM landings
        JOIN all_change_record ON _landing = landing GROUP BY landings.landing, landings.rows
    """
    assert [equal for _, equal in rows(database, sql)] == [True] * 3
    assert rows(database, "SELECT control, observation_period FROM change_record GROUP BY ALL") == [
        ("cc8_1_change_management", "2026-H1")
    ]


def test_times_are_utc(database: DuckDBPyConnection) -> None:
    assert rows(database, "SELECT CAST(min(committed_at) AS VARCHAR) FROM change_record") == [("2026-03-02 10:00:00+00",)]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            "SELECT * FROM change_records",
            "Tables: all_change_record, all_rule_result, change_record, dropped, landings, manifests",
        ),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
        ("SELECT * FROM 'https://example.com/x.parquet'", "query: "),
        ("COPY landings TO '/tmp/x.csv'", "disabled"),
        ("ATTACH '/tmp/x.db'", "disabled"),
        ("SET enable_external_access = true", "locked"),
        ("INSTALL httpfs", "query: "),
        ("SELECT", "query: "),
    ],
)
def test_what_can_not_be_asked_says_why(database: DuckDBPyConnection, sql: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        run_query(database, sql)


def test_a_condition_on_the_place_leaves_other_parts_unread(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with evidence_database(Bucket(store.bucket("auditor"))) as made:
        read: list[str] = []
        opened = query.opened

        def noting(evidence: Any, key: str, version_id: str | None = None) -> Any:
            read.append(key)
            return opened(evidence, key, version_id)

        monkeypatch.setattr(query, "opened", noting)
        assert rows(made, "SELECT count(*) FROM change_record WHERE \"window\" = '2026-04'") == [(1,)]
        assert {key.split("/")[4] for key in read} == {"window=2026-04"}


def test_the_command_answers_in_columns_in_json_and_as_a_file(store: Store, tmp_path: Path) -> None:
    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(main, ["query", *arguments], env=store.environment("auditor"))
        assert done.exit_code == 0, (done.output, done.exception)
        return done

    listed = run("--ready").stdout
    for name, question in QUESTIONS.items():
        assert f"{name} " in listed
        if set(question.needs) <= {"landings", "change_record", "rule_result"}:
            run("--ready", name)
    shown = run("--ready", "superseded").stdout.splitlines()
    assert shown[0].split()[:3] == ["control", "system", "window"]
    assert "A merge was left out." in shown[2]
    assert shown[-1] == "1 rows"
    [row] = json.loads(run("SELECT count(*) AS rows FROM change_record", "--json").stdout)
    assert row == {"rows": 4}
    run("SELECT landing, parts, '=1+1' AS attack FROM landings ORDER BY landing", "--csv", str(tmp_path / "rows.csv"))
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert len(lines) == 4
    assert lines[1].endswith('"\'=1+1"')


def test_each_ready_question_needs_the_tables_that_it_says() -> None:
    for question in QUESTIONS.values():
        named = {table.name for table in sqlglot.parse_one(question.sql, dialect="duckdb").find_all(sqlglot.exp.Table)}
        always = {"landings", "standing"}  # standing is a view of landings, which every bucket has
        assert named - always == set(question.needs) - always
