# SPDX-License-Identifier: Apache-2.0
"""A query is looked at before it runs: one SELECT, its tables, its bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tieout.collectors.sql_query import read_query, window_bounds
from tieout.criteria.periods import WindowKind, window
from tieout.errors import ConfigurationError

BERLIN = ZoneInfo("Europe/Berlin")
MARCH = window(WindowKind.MONTHLY, "2026-03", BERLIN)


def test_tables_are_found_and_common_table_expressions_are_none() -> None:
    query = read_query(
        "WITH recent AS (SELECT * FROM ops.alerts WHERE at >= :from)\n"
        "SELECT r.id, u.name FROM recent r JOIN users u ON u.id = r.user_id AND r.at < :until -- the end;\n;",
        "postgresql",
        "query",
    )
    assert (query.tables, query.bounds) == (("ops.alerts", "users"), ("from", "until"))
    assert query.count.endswith("\n) counted")  # a comment at the end swallows no bracket


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM a UNION ALL SELECT id FROM b",
        "(SELECT id FROM a)",
        "SELECT id::text, '12:30' FROM a WHERE at >= :from",
        "SELECT CASE WHEN at >= :from THEN 'delete' ELSE 'update' END AS insert_into FROM a",
    ],
)
def test_what_only_reads_is_taken(text: str) -> None:
    assert read_query(text, "postgresql", "query").text == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "got nothing"),
        ("SELECT 1; SELECT 2", "got SELECT, SELECT"),
        ("SELECT 1; DROP TABLE a", "got SELECT, DROP"),
        ("DELETE FROM a", "got DELETE"),
        ("UPDATE a SET b = 1", "got UPDATE"),
        ("INSERT INTO a SELECT * FROM b", "got INSERT"),
        ("CREATE TABLE x AS SELECT * FROM a", "got CREATE"),
        ("CALL wipe()", "got COMMAND"),
        ("VACUUM", "got COMMAND"),
        ("SET x = 1", "got SET"),
        ("COPY a TO '/tmp/x'", "got COPY"),
        ("SELECT * INTO b FROM a", "it holds INTO, which changes or locks something"),
        ("SELECT * FROM a FOR UPDATE", "it holds LOCK"),
        ("WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone", "it holds DELETE"),
        ("SELECT FROM WHERE", "no SQL that can be read"),
        ("SELECT 'open", "its words can not be told apart"),
        ("SELECT * FROM a WHERE id = :id", "it binds :id"),
    ],
)
def test_what_does_more_than_read_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match="parameter 'query': expected one SELECT") as caught:
        read_query(text, "postgresql", "query")
    assert problem in str(caught.value)


def test_a_dialect_that_is_not_known_is_read_as_plain_sql() -> None:
    assert read_query("SELECT a FROM b", "fancydb", "query").tables == ("b",)


@pytest.mark.parametrize(
    ("form", "dialect", "start", "end"),
    [
        ("timestamp", "postgresql", datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)),
        ("timestamp", "mysql", datetime(2026, 3, 1), datetime(2026, 4, 1)),  # noqa: DTZ001
        ("iso", "sqlite", "2026-02-28T23:00:00", "2026-03-31T22:00:00"),
        ("unix", "sqlite", 1772319600, 1774994400),
        ("%d.%m.%Y %H:%M", "sqlite", "01.03.2026 00:00", "01.04.2026 00:00"),
    ],
)
def test_bounds_come_in_the_form_of_the_column(form: str, dialect: str, start: object, end: object) -> None:
    assert window_bounds(MARCH, form, dialect, BERLIN) == {"from": start, "until": end}


@pytest.mark.parametrize("suffix", ["Z", "+00:00", ".000000Z", ".5Z", ""])
def test_an_iso_bound_stands_before_every_text_of_its_second(suffix: str) -> None:
    bounds = window_bounds(MARCH, "iso", "sqlite", BERLIN)
    assert "2026-02-28T22:59:59.999999Z" < bounds["from"] <= f"2026-02-28T23:00:00{suffix}"
