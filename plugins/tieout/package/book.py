# SPDX-License-Identifier: Apache-2.0
"""The tables of a package, for the evidence workbook and as CSV, each with the statement that gives its numbers again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tieout.audit import evidence_book as book
from tieout.audit import evidence_queries as queries
from tieout.audit import program_book
from tieout.audit.deviations import DEVIATION_TYPE
from tieout.audit.known import code_in_words
from tieout.audit.workbook import BookTable
from tieout.contracts.odcs import contract_file, load_contract
from tieout.evidence.records import Record
from tieout.evidence.sources import Evidence
from tieout.flows.query import run_query
from tieout.package.facts import Facts
from tieout.package.populations import PeriodFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COUNTED_ELSEWHERE = ("occurrences", "responses")
"""Columns of the register that the landed one has: they count landings and responses, which have tables of their own."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table.

    Attributes:
        name: Of the sheet, and of the CSV file.
        make: Makes it anew: rows pass once.
        numbers: Columns that are figures.
        query: The statement that gives them, and the columns that they stand beside; empty where each row has its own.
    """

    name: str
    make: Callable[[], BookTable]
    numbers: tuple[str, ...] = ()
    query: str = ""


class Questions:
    """Statements over the evidence of a package, answered once each."""

    def __init__(self, database: DuckDBPyConnection, evidence: Evidence) -> None:
        self._database, self._evidence = database, evidence
        self._found: dict[str, pa.Table] = {}
        self._there = {name for (name,) in database.sql("SHOW TABLES").fetchall()}

    def table(self, sql: str, needs: Sequence[str] = ()) -> pa.Table | None:
        """Return what a statement finds; ``None`` where an evidence type that it reads has not landed."""
        if not self._there.issuperset(needs):
            return None
        if sql not in self._found:
            self._found[sql] = run_query(self._database, sql, self._evidence)
        return self._found[sql]

    def figure(self, figure: queries.Figure) -> int:
        """Return a figure; zero where what it counts has not landed."""
        found = self.table(figure.sql, figure.needs)
        return 0 if found is None else int(found.column(0)[0].as_py())


def sheets(facts: Facts, questions: Questions, populations: Sequence[PeriodFile]) -> list[Sheet]:
    """Return the tables in the order in which they stand in the workbook.

    Args:
        facts: What the package says.
        questions: Over its evidence.
        populations: What was written of each population.
    """
    found = facts.status
    made = [
        Sheet("figures", lambda: book.figures_table((each, questions.figure(each)) for each in queries.FIGURES), ("value",)),
        Sheet("controls", lambda: program_book.controls_table(facts.program.controls, found.controls)),
        Sheet("criteria", lambda: program_book.criteria_table(found.criteria)),
        Sheet(
            "landings",
            lambda: book.landings_table(facts.landings),
            ("rows", "potential_deviations", "lag_seconds"),
            queries.LANDINGS,
        ),
        Sheet(
            "populations",
            lambda: book.period_populations_table(each.as_row() for each in populations),
            ("rows", "rows_in_landings"),
        ),
        Sheet("extractions", lambda: book.extractions_table(found.controls)),
        Sheet(
            "performances",
            lambda: book.performances_table(found.controls),
            ("on_time", "late", "not_performed", "pending", "not_determinable"),
            queries.PERFORMANCES,
        ),
        Sheet("deviations", lambda: _deviations(facts)),
        _asked("rules", queries.RULES, questions, ("not_met", "rows_not_met", "not_determinable"), ("rule_result",)),
        Sheet("selections", lambda: book.selections_table(_selected(facts)), ("number",), queries.SELECTIONS),
        _asked("campaigns", queries.CAMPAIGNS, questions, ("items", "assignments", "responses", "people")),
        Sheet("taken away", lambda: book.taken_away_table(facts.taken_away), ("rows", "objects"), queries.TAKEN_AWAY),
        Sheet("explanations", lambda: book.explanations_table(_of_period(facts))),
        Sheet("changes to the tool", lambda: book.tool_changes_table(facts.landings, _code(facts))),
        _asked("post period", queries.POST_PERIOD_ROWS, questions, ("rows",)),
    ]
    made += [
        _asked(name.replace("_", " ") + "s", sql, questions, ("rows",), (name,)) for name, sql in queries.DIFFERENCES.items()
    ]
    made.append(Sheet("scope", lambda: program_book.scope_table(facts.program.scope, facts.period)))
    made += [
        Sheet(f"requests {number}", lambda each=each: book.requests_table(each.standings))  # type: ignore[misc]
        for number, each in enumerate(facts.requests, start=1)
    ]
    made += [
        Sheet(f"questions {number}", lambda each=each: book.questions_table(each.questions))  # type: ignore[misc]
        for number, each in enumerate(facts.requests, start=1)
    ]
    stated = [(each.name, each.numbers, each.query) for each in made if each.query]
    return [made[0], Sheet("statements", lambda: book.statements_table(stated)), *made[1:]]


def _asked(name: str, sql: str, questions: Questions, numbers: tuple[str, ...], needs: tuple[str, ...] = ()) -> Sheet:
    def make() -> BookTable:
        found = questions.table(sql, needs)
        if found is None:
            return BookTable(name, pa.schema([("nothing of this has landed", pa.string())]), [])
        return BookTable(name, found.schema, found.to_batches())

    return Sheet(name, make, numbers, sql)


def _deviations(facts: Facts) -> BookTable:
    contract = load_contract(contract_file(facts.settings.contracts_folder, DEVIATION_TYPE))
    columns = pa.schema([field for field in contract.schema if field.name not in _COUNTED_ELSEWHERE])
    rows = ({"control": each.observed.control, **_kept(each.as_row())} for each in facts.register.deviations)
    return book.deviations_table(rows, columns)


def _of_period(facts: Facts) -> Iterator[Record]:
    return (each for each in facts.holdings.records if each.place.observation_period == facts.period.id)


def _code(facts: Facts) -> dict[str, str]:
    return {row["landing"]: code_in_words(facts.manifests[row["landing"]].predicate["code"]) for row in facts.landings}


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _COUNTED_ELSEWHERE}


def _selected(facts: Facts) -> Iterator[tuple[dict[str, Any], Sequence[int]]]:
    sealed = {each.population.seal: each.population for each in facts.sealed}
    for each in facts.selections:
        population = sealed[each.seal]
        yield {
            "id": each.id, "control": population.control, "system": population.system, "method": each.method.value,
            "stage": str(each.facts.get("stage", "")), "seal": each.seal, "at": each.at,
        }, each.numbers  # fmt: skip
