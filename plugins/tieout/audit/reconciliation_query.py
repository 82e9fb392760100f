# SPDX-License-Identifier: Apache-2.0
"""The SQL of a reconciliation, for DuckDB: from the rows of both sides to their differences.

1. `matched`: of each side, key, landing, what it is matched by and what is compared; there may be millions.
2. `found`: the rows that are a difference, joined from those.
3. `said`: of the rows found alone, everything that a difference names, read a second time.
4. `listed`: the differences, in the columns of their contract.
"""
# What goes into the queries is quoted here: names of columns, and texts of the control's file.
# ruff: noqa: S608

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pyarrow as pa

from tieout.audit.duckdb_text import as_json, as_text, as_value, literal, quoted
from tieout.contracts.odcs import LANDING_COLUMN, Contract
from tieout.criteria.reconciliations import Reconciliation

HERE, THERE = "here", "there"
_NO_REFERENCE = "It holds no reference in the columns that are matched: nothing can be told."
_OTHER_VALUES = "A row matches, and the two hold other values in the compared columns."


class Unmatched(StrEnum):
    """How a row does not reconcile."""

    ONLY_HERE = "only here"
    ONLY_THERE = "only there"
    DIFFERS = "differs"
    NOT_DETERMINABLE = "not determinable"


@dataclass(frozen=True, slots=True)
class Side:
    """One population.

    Attributes:
        rows: Parquet files as they landed, or a table: the contract's columns and ``_landing``, window and the days around it. A
            column that no file has yet is null.
        contract: Its contract.
        inclusion: Column that places a row in a window.
        absent: Why rows of it may be absent, for example a window that has not landed: what matches none of it is then not
            determinable. ``None`` where all of it has landed.
    """

    rows: pa.Table | Sequence[Path]
    contract: Contract
    inclusion: str
    absent: str | None = None


def _columns(name: str, rule: Reconciliation) -> tuple[list[str], list[str]]:
    """Return a side's columns that are matched, and those that are compared."""
    if name == HERE:
        return list(rule.match), list(rule.compare)
    return list(rule.match.values()), list(rule.compare.values())


def _types(side: Side) -> dict[str, pa.DataType]:
    return {column.name: column.type for column in side.contract.columns}


def _key(side: Side) -> str:
    types = _types(side)
    return as_json({each: as_value(each, types[each]) for each in side.contract.key})


def parquet(paths: Sequence[Path]) -> str:
    """Return the query of the rows of Parquet files; each has columns of its own version of the contract."""
    files = ", ".join(literal(str(path)) for path in paths)
    return f"SELECT * FROM read_parquet([{files}], union_by_name = true, hive_partitioning = false)"


def completed(source: str, side: Side, there: Iterable[str]) -> str:
    """Return the query of rows with every column of the contract, null where it is not there."""
    absent = {each: kind for each, kind in _types(side).items() if each not in set(there)}
    added = (
        f"CAST(NULL AS {'TIMESTAMPTZ' if pa.types.is_timestamp(kind) else 'VARCHAR'}) AS {quoted(each)}"
        for each, kind in absent.items()
    )
    return f"SELECT {', '.join(['*', *added])} FROM ({source})"


def matched(name: str, side: Side, rule: Reconciliation, span: tuple[datetime, datetime]) -> str:
    """Return the query of one side's rows with what they are matched by, and no more: there may be millions."""
    needed = rule.spans(*span)[0 if name == HERE else 1]
    low, start, end, high = (_microseconds(at) for at in (needed[0], *span, needed[1]))
    placed = f"epoch_us({quoted(side.inclusion)})"
    selected = {
        "row_key": _key(side),
        "landing": quoted(LANDING_COLUMN),
        "reference": _joined(list(_references(name, side, rule).values())),
        "core": f"{placed} >= {start} AND {placed} < {end}",
        **{f"compared_{number}": as_text(each, _types(side)[each]) for number, each in enumerate(_columns(name, rule)[1])},
    }
    return f"SELECT {_as(selected)} FROM {name}_rows WHERE {placed} >= {low} AND {placed} < {high}"


def found(here: Side, there: Side, rule: Reconciliation) -> str:
    """Return the query of the rows that are a difference; of a pair, with key and landing of the other row."""
    queries = []
    for name, other, absent, meaning, kind in (
        (HERE, THERE, there.absent, rule.only_here, Unmatched.ONLY_HERE),
        (THERE, HERE, here.absent, rule.only_there, Unmatched.ONLY_THERE),
    ):
        if meaning is not None:
            nothing = f"FROM {name} AS a WHERE core AND reference IS NULL"
            queries.append(_difference(name, Unmatched.NOT_DETERMINABLE, _NO_REFERENCE) + nothing)
            source = f"FROM {name} AS a ANTI JOIN {other} AS b ON a.reference = b.reference WHERE core AND reference IS NOT NULL"
            queries.append(_difference(name, Unmatched.NOT_DETERMINABLE if absent else kind, absent or meaning) + source)
    if rule.compare:
        firsts = f"SELECT reference, min(row_key) AS row_key FROM {THERE} WHERE reference IS NOT NULL GROUP BY reference"
        pairs = (
            f"FROM (SELECT * FROM {HERE} ANTI JOIN {THERE} ON {equal(rule)} WHERE core) AS a "
            f"JOIN ({firsts}) AS f ON a.reference = f.reference JOIN {THERE} AS b ON b.row_key = f.row_key"
        )
        queries.append(_difference(HERE, Unmatched.DIFFERS, _OTHER_VALUES, "b.row_key", "b.landing") + pairs)
    return " UNION ALL ".join(queries)


def _difference(name: str, difference: Unmatched, meaning: str, other_key: str = "NULL", other_landing: str = "NULL") -> str:
    selected = {
        "side": literal(name),
        "row_key": "a.row_key",
        "landing": "a.landing",
        "difference": literal(difference.value),
        "meaning": literal(meaning),
        "other_key": other_key,
        "other_landing": other_landing,
    }
    return f"SELECT {_as(selected)} "


def said(name: str, side: Side, rule: Reconciliation) -> str:
    """Return the query of all that one side's rows say which a difference names."""
    types, references = _types(side), _references(name, side, rule)
    matched, compared = _columns(name, rule)
    missing = ", ".join(f"CASE WHEN ({text}) IS NULL THEN {literal(each)} END" for each, text in references.items())
    shown = {each: f"to_json({as_text(each, types[each])})" for each in (*matched, *compared)}
    selected = {
        "row_key": "_row_key",
        "landing": quoted(LANDING_COLUMN),
        "reference": _joined(list(references.values())),
        "missing": f"nullif(concat_ws(' ', {missing}), '')",
        "placed_at": quoted(side.inclusion),
        "row_values": as_json(shown),
        "row_sha256": f"sha256(concat_ws(chr(31), {', '.join(f'coalesce({as_text(*each)}, chr(0))' for each in types.items())}))",
        **{f"compared_{number}": as_text(each, types[each]) for number, each in enumerate(compared)},
    }
    other = HERE if name == THERE else THERE
    named = (
        f"SELECT row_key, landing FROM found WHERE side = '{name}' "
        f"UNION SELECT other_key, other_landing FROM found WHERE side = '{other}' AND other_key IS NOT NULL"
    )
    source = f"(SELECT *, {_key(side)} AS _row_key FROM {name}_rows) AS r SEMI JOIN ({named}) AS n"
    return f"SELECT {_as(selected)} FROM {source} ON r._row_key = n.row_key AND r.{quoted(LANDING_COLUMN)} = n.landing"


def listed(here: Side, there: Side, rule: Reconciliation, window: str) -> str:
    """Return the query of all differences, in the columns of `RECONCILIATION_TYPE`."""
    differing = ", ".join(
        f"CASE WHEN a.compared_{number} IS DISTINCT FROM b.compared_{number} THEN {literal(name)} END"
        for number, name in enumerate(rule.compare)
    )
    pair = f"concat_ws(' ', {differing})" if rule.compare else "NULL"
    columns = f"CASE WHEN f.difference = '{Unmatched.DIFFERS}' THEN {pair} WHEN a.reference IS NULL THEN a.missing END"
    content = f"{literal(rule.id)}, f.difference, f.side, coalesce({columns}, ''), a.row_sha256, coalesce(b.row_sha256, '')"
    selected = {
        "system": literal(rule.system),
        "reconciliation": literal(rule.id),
        "window": literal(window),
        **{name: f"f.{name}" for name in ("side", "row_key", "landing", "difference", "meaning", "other_key", "other_landing")},
        **{name: f"a.{name}" for name in ("reference", "placed_at", "row_values")},
        "evidence_type": f"CASE f.side WHEN '{HERE}' THEN {literal(here.contract.evidence_type)} "
        f"ELSE {literal(there.contract.evidence_type)} END",
        "differing_columns": columns,
        "other_values": "b.row_values",
        "content_sha256": f"sha256(concat_ws(chr(31), {content}))",
    }
    both = " UNION ALL ".join(f"SELECT '{name}' AS side, * FROM {name}_said" for name in (HERE, THERE))
    return (
        f"SELECT {_as(selected)} FROM found AS f "
        f"JOIN ({both}) AS a ON f.side = a.side AND f.row_key = a.row_key AND f.landing = a.landing "
        f"LEFT JOIN {THERE}_said AS b ON f.other_key = b.row_key AND f.other_landing = b.landing ORDER BY f.side, f.row_key"
    )


def _as(selected: Mapping[str, str]) -> str:
    return ", ".join(f'{expression} AS "{column}"' for column, expression in selected.items())


def equal(rule: Reconciliation) -> str:
    """Return the condition that a row of ours has a partner which holds the same in every compared column."""
    same = [f"{HERE}.compared_{number} IS NOT DISTINCT FROM {THERE}.compared_{number}" for number in range(len(rule.compare))]
    return " AND ".join([f"{HERE}.reference = {THERE}.reference", *same])


def _references(name: str, side: Side, rule: Reconciliation) -> dict[str, str]:
    """Return what each matched column of a side is matched by."""
    types, extract = _types(side), rule.extract_here if name == HERE else rule.extract_there
    return {each: _reference(as_text(each, types[each]), extract.get(each), rule) for each in _columns(name, rule)[0]}


def _reference(text: str, expression: str | None, rule: Reconciliation) -> str:
    """Return what a column is matched by; null where that is nothing but blanks."""
    if expression is not None:
        text = f"regexp_extract({text}, {literal(expression)}, {re.compile(expression).groups})"
    if "case" in rule.ignore:
        text = f"lower({text})"
    if "blanks" in rule.ignore:
        text = rf"regexp_replace({text}, '\s+', '', 'g')"
    return rf"CASE WHEN regexp_full_match({text}, '\s*') THEN NULL ELSE {text} END"


def _joined(references: list[str]) -> str:
    if len(references) == 1:
        return references[0]
    absent = " OR ".join(f"({text}) IS NULL" for text in references)
    return f"CASE WHEN {absent} THEN NULL ELSE CAST(to_json([{', '.join(references)}]) AS VARCHAR) END"


def _microseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=at.tzinfo)) // timedelta(microseconds=1)
