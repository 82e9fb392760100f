# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - statements are put together of names of our own, and of literals that `_text` quotes
"""The SQL behind every figure of a package: statements over `tieout.flows.query`'s tables that give the same numbers again. Pure.

A figure that nobody can work out again is a claim. Each table of the evidence workbook that has numbers names the statement
that gives them, and `FIGURES` are the results of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tieout.criteria.periods import ACCESS, DEVIATIONS, ITEMS, POST_PERIOD, RECONCILED, REMOVAL, RISK_ACCEPTANCES, TRUE_UP

_NOT_REGULAR = (TRUE_UP, POST_PERIOD, RECONCILED, DEVIATIONS, RISK_ACCEPTANCES, ACCESS, ITEMS, REMOVAL)
_DERIVED = (TRUE_UP, RECONCILED, DEVIATIONS, RISK_ACCEPTANCES, ITEMS)


def _begins(prefixes: Iterable[str]) -> str:
    return " OR ".join(f"starts_with(key, '{prefix}')" for prefix in prefixes)


VIEWS = (
    "CREATE VIEW standing AS SELECT * FROM landings "
    "WHERE landing NOT IN (SELECT supersedes FROM landings WHERE supersedes IS NOT NULL)",
    f"CREATE MACRO is_regular(key) AS NOT ({_begins(_NOT_REGULAR)})",
    f"CREATE MACRO is_derived(key) AS ({_begins(_DERIVED)})",
)
"""What statements share: landings that no other supersedes; windows that a control's schedule extracts; windows of landings that
were worked out from others."""


def _total(column: str) -> str:
    return f"coalesce(sum({column}), 0)::BIGINT"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, what it counts, and the statement that gives it."""

    about: str
    sql: str
    needs: tuple[str, ...] = ()
    """Evidence types that it reads; it is zero where none of them has landed."""


FIGURES = (
    Figure("Landings that stand", "SELECT count(*) FROM standing"),
    Figure(
        "Landings that another has superseded",
        "SELECT count(*) FROM landings WHERE landing NOT IN (SELECT landing FROM standing)",
    ),
    Figure("Rows of populations that stand", f'SELECT {_total("rows")} FROM standing WHERE is_regular("window")'),
    Figure(
        "Extractions that came later than their window allows",
        "SELECT count(*) FROM standing WHERE is_regular(\"window\") AND extraction_state = 'later'",
    ),
    Figure(
        "Rows that do not meet a rule, by rule",
        "SELECT count(*) FROM rule_result WHERE result = 'not met' AND is_regular(\"window\")",
        ("rule_result",),
    ),
    Figure(
        "Rows of which it can not be told whether they meet a rule, by rule",
        "SELECT count(*) FROM rule_result WHERE result = 'not determinable' AND is_regular(\"window\")",
        ("rule_result",),
    ),
    Figure("Events that were performed late", f'SELECT {_total("events_late")} FROM standing WHERE is_regular("window")'),
    Figure("Events that were not performed", f'SELECT {_total("events_not_performed")} FROM standing WHERE is_regular("window")'),
    Figure("Campaigns that were opened", "SELECT count(*) FROM records WHERE kind = 'campaign opened'"),
    Figure("Signed responses", "SELECT count(*) FROM responses"),
    Figure("Rows that were read and are no part of a population", f"SELECT {_total('rows')} FROM dropped"),
    Figure("Populations that were sealed", "SELECT count(*) FROM records WHERE kind = 'population sealed'"),
    Figure("Selections that were recorded", "SELECT count(*) FROM records WHERE kind = 'selection'"),
)

LANDINGS = "SELECT landing, rows, potential_deviations, lag_seconds FROM landings"
PERFORMANCES = """
SELECT control, system, "window" AS performance, events_on_time AS on_time, events_late AS late,
       events_not_performed AS not_performed, events_pending AS pending, events_not_determinable AS not_determinable
FROM standing WHERE events_on_time IS NOT NULL AND is_regular("window")
"""
RULES = """
SELECT control, system, rule, count(*) FILTER (WHERE result = 'not met') AS not_met,
       count(DISTINCT row_key) FILTER (WHERE result = 'not met') AS rows_not_met,
       count(*) FILTER (WHERE result = 'not determinable') AS not_determinable
FROM rule_result WHERE is_regular("window") GROUP BY ALL HAVING not_met + not_determinable > 0 ORDER BY ALL
"""
SELECTIONS = """
SELECT regexp_extract(key, '([^/]+)\\.record\\.dsse\\.json$', 1) AS selection,
       unnest(from_json(json_extract(facts, '$.numbers'), '["BIGINT"]')) AS number
FROM records WHERE kind = 'selection'
"""
CAMPAIGNS = """
WITH opened AS (
  SELECT *, json_extract_string(facts, '$.campaign') AS campaign FROM records WHERE kind = 'campaign opened'
), closed AS (
  SELECT json_extract_string(facts, '$.campaign') AS campaign, recorded_at, json_extract_string(facts, '$.counts') AS outcomes
  FROM records WHERE kind = 'campaign closed'
), answered AS (
  SELECT campaign, count(*) AS responses, count(DISTINCT person) AS people FROM responses GROUP BY campaign
)
SELECT campaign, control, "window", json_extract_string(facts, '$.definition.kind') AS kind, opened.recorded_at AS opened_at,
       json_extract(facts, '$.definition.items')::BIGINT AS items,
       json_extract(facts, '$.definition.assignments')::BIGINT AS assignments,
       coalesce(responses, 0) AS responses, coalesce(people, 0) AS people, closed.recorded_at AS closed_at, outcomes
FROM opened LEFT JOIN closed USING (campaign) LEFT JOIN answered USING (campaign) ORDER BY control, "window"
"""
TAKEN_AWAY = """
SELECT key AS document, kind, '' AS reason, 0 AS rows, objects FROM records WHERE kind IN (
  'not extracted', 'did not land', 'abandoned', 'redacted', 'cancelled', 'released', 'legal hold on', 'legal hold off')
UNION ALL
SELECT later.manifest_key, 'superseded', '', earlier.rows, objects FROM landings AS later
JOIN landings AS earlier ON later.supersedes = earlier.landing JOIN manifests ON manifests.landing = earlier.landing
UNION ALL
SELECT manifest_key, 'dropped', reason, dropped.rows, 0 FROM dropped JOIN landings USING (landing) WHERE dropped.rows > 0
UNION ALL
SELECT manifest_key, 'redacted', '', 0, 1 FROM redacted JOIN landings USING (landing)
UNION ALL
SELECT manifest_key, 'late extraction', '', 0, 0 FROM landings WHERE extraction_state = 'later'
UNION ALL
SELECT manifest_key, 'zero population', '', 0, 0 FROM landings WHERE rows = 0 AND NOT is_derived("window")
"""
DIFFERENCES = {
    "true_up_difference": "SELECT control, system, difference, landing, count(*) AS rows FROM true_up_difference "
    "GROUP BY ALL ORDER BY ALL",
    "reconciliation_difference": "SELECT control, system, difference, landing, count(*) AS rows FROM reconciliation_difference "
    "GROUP BY ALL ORDER BY ALL",
}
POST_PERIOD_ROWS = f"""
SELECT control, system, "window", evidence_type, rows, collected_at, landing FROM standing
WHERE starts_with("window", '{POST_PERIOD}') ORDER BY ALL
"""


def population_query(
    table: str, control: str, system: str, key: Iterable[str], date_field: str, start: datetime, end: datetime
) -> str:
    """Return the statement that counts a period's population: rows of its landings, and each row once.

    Args:
        table: Of the evidence type.
        control: Its control.
        system: Its system.
        key: Columns of the contract's key.
        date_field: Column that places a row in a window.
        start: First instant of the period that the control covers, UTC.
        end: First instant after it.
    """
    columns = ", ".join(f'"{name}"' for name in key)
    return (
        f"SELECT count(*) AS rows_in_landings, count(DISTINCT ({columns})) AS rows FROM {table} WHERE control = {_text(control)} "
        f'AND system = {_text(system)} AND is_regular("window") '
        f'AND "{date_field}" >= {_at(start)} AND "{date_field}" < {_at(end)}'
    )


def landing_query(landing: str) -> str:
    """Return the statement that counts the rows of one landing."""
    return f"SELECT rows AS rows_in_landings, rows FROM landings WHERE landing = {_text(landing)}"


def _at(instant: datetime) -> str:
    return f"TIMESTAMPTZ '{instant:%Y-%m-%d %H:%M:%S}+00'"


def _text(value: str) -> str:
    quoted = value.replace("'", "''")
    return f"'{quoted}'"
