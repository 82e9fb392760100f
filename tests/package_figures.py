# SPDX-License-Identifier: Apache-2.0
"""Counts every figure of a package's workbook again, with DuckDB over the evidence that is in it.

``python -m tests.package_figures FOLDER`` does so with a package that was unpacked, and prints how many rows it compared.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from tieout.audit import evidence_queries as queries
from tieout.evidence.sources import Copy
from tieout.flows.query import evidence_database, run_query

BESIDE = {
    "landings": ("landing",),
    "performances": ("control", "system", "performance"),
    "rules": ("control", "system", "rule"),
    "selections": ("selection", "number"),
    "campaigns": ("campaign",),
    "taken away": ("document", "kind"),
    "post period": ("landing",),
    "true up differences": ("control", "system", "difference", "landing"),
    "reconciliation differences": ("control", "system", "difference", "landing"),
}
"""Columns that tell the rows of a sheet apart."""
ASKED = {
    "landings": (queries.LANDINGS, ()), "performances": (queries.PERFORMANCES, ()), "rules": (queries.RULES, ()),
    "selections": (queries.SELECTIONS, ()), "campaigns": (queries.CAMPAIGNS, ()), "taken away": (queries.TAKEN_AWAY, ()),
    "post period": (queries.POST_PERIOD_ROWS, ()),
    **{f"{name.replace('_', ' ')}s": (sql, (name,)) for name, sql in queries.DIFFERENCES.items()},
}  # fmt: skip


def compare_figures(folder: Path) -> Counter[str]:
    """Hold each number of the workbook against the result of its statement; return how many rows of each sheet were compared.

    Raises:
        AssertionError: One is another, or a sheet has numbers that no statement gives.
    """
    opened = openpyxl.load_workbook(folder / "evidence-workbook.xlsx")
    book, evidence = {sheet.title: sheet for sheet in opened}, Copy(folder / "bucket")
    compared: Counter[str] = Counter()
    with evidence_database(evidence) as database:
        there = {name for (name,) in database.sql("SHOW TABLES").fetchall()}

        def ask(sql: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = run_query(database, sql, evidence).to_pylist()
            return found

        for row in rows_of(book["figures"]):
            is_there = "rule_result" not in row["query"] or "rule_result" in there
            assert row["value"] == (next(iter(ask(row["query"])[0].values())) if is_there else 0), row
            compared["figures"] += 1
        for row in rows_of(book["populations"]):
            [found] = ask(row["query"])
            assert {name: row[name] for name in found} == found, row
            compared["populations"] += 1
        for name, (sql, needs) in ASKED.items():
            expected = ask(sql) if there.issuperset(needs) else []
            numbers = [each for each in _numbers(book[name]) if each not in BESIDE[name]]
            shown = Counter(_row(row, BESIDE[name], numbers) for row in rows_of(book[name]) if _has_numbers(row, numbers))
            assert shown == Counter(_row(row, BESIDE[name], numbers) for row in expected if _has_numbers(row, numbers)), name
            compared[name] = sum(shown.values())
    with_numbers = {name for name, sheet in book.items() if _numbers(sheet)}
    assert with_numbers <= {"figures", "populations", *ASKED}, f"no statement gives the numbers of {with_numbers}"
    return compared


def rows_of(sheet: Worksheet) -> list[dict[str, Any]]:
    heads, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip((str(head).removesuffix(" (UTC)") for head in heads), row, strict=True)) for row in rows]


def _numbers(sheet: Worksheet) -> list[str]:
    rows = rows_of(sheet)
    return [name for name in (rows[0] if rows else ()) if any(type(row[name]) in (int, float) for row in rows)]


def _has_numbers(row: dict[str, Any], numbers: list[str]) -> bool:
    return not numbers or any(row[name] is not None for name in numbers)


def _row(row: dict[str, Any], beside: tuple[str, ...], numbers: list[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in (*beside, *numbers))


if __name__ == "__main__":
    for sheet, count in compare_figures(Path(sys.argv[1])).items():
        print(f"{sheet}: {count} rows are the results of their statements")
