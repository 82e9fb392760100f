# SPDX-License-Identifier: Apache-2.0
"""Counts every figure of a package's workbook again, by the statement that it names itself, with DuckDB over its evidence.

``python -m tests.package_figures FOLDER`` does so with a package that was unpacked, and prints how many rows it compared.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

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
        for row in rows_of(book["statements"]):
            name = row["table"]
            landed = "nothing of this has landed" not in _headings(book[name])
            expected = ask(row["query"]) if landed else []
            numbers = [each for each in row["figures"].split(", ") if each not in BESIDE[name]]
            shown = Counter(_row(each, BESIDE[name], numbers) for each in rows_of(book[name]) if _has_numbers(each, numbers))
            assert shown == Counter(_row(each, BESIDE[name], numbers) for each in expected if _has_numbers(each, numbers)), name
            compared[name] = sum(shown.values())
    stated = {row["table"]: set(row["figures"].split(", ")) for row in rows_of(book["statements"])}
    stated |= {"figures": {"value"}, "populations": {"rows", "rows_in_landings"}}
    unstated = {name: found for name, sheet in book.items() if (found := set(_numbers(sheet)) - stated.get(name, set()))}
    assert not unstated, f"no statement gives the numbers of {unstated}"
    return compared


def rows_of(sheet: Worksheet) -> list[dict[str, Any]]:
    heads, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip((str(head).removesuffix(" (UTC)") for head in heads), row, strict=True)) for row in rows]


def _headings(sheet: Worksheet) -> list[Any]:
    return [cell.value for cell in sheet[1]]


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
