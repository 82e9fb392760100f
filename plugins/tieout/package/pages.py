# SPDX-License-Identifier: Apache-2.0
"""The pages of a package as HTML. Every value may come from a source or a person: the templates escape all of them.

A page carries its style, loads nothing and runs nothing; its policy forbids both. Equal facts give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from tieout.audit.cover_page import visible
from tieout.audit.plots import PLOT_CSS, plot_html
from tieout.audit.questions import QUESTIONS
from tieout.criteria.performances import PerformanceState
from tieout.package.book import Sheet
from tieout.package.facts import Facts
from tieout.package.plots import plots
from tieout.texts import counted

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_SHOWN = 200
"""Rows of a table that the page shows; the workbook and the CSV have all."""
CSV_FOLDER = "tables/"
_LONG_WORD = 24
_PARTS = (
    ("check", "How to check it"), ("files", "What is in it"), ("figures", "Figures"), ("questions", "Questions"),
    ("plots", "Plots"), ("scope", "Scope"), ("controls", "Controls"), ("criteria", "Criteria"), ("populations", "Populations"),
    ("performances", "Performances"), ("deviations", "Potential deviations"), ("selections", "Selections"),
    ("campaigns", "Campaigns"), ("taken-away", "Taken away"), ("tool", "Changes to the tool"), ("later", "After the period"),
)  # fmt: skip
_TOLD = (PerformanceState.LATE, PerformanceState.NOT_PERFORMED, PerformanceState.NOT_DETERMINABLE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, and where it leads."""

    text: str
    link: str = ""

    @property
    def is_long(self) -> bool:
        """Whether it has a word that would widen its column."""
        return any(len(word) > _LONG_WORD for word in self.text.split())


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as a page shows it: at most `MOST_SHOWN` rows, and how many more its file has."""

    caption: str
    columns: tuple[str, ...]
    numbers: tuple[str, ...]
    rows: tuple[Mapping[str, Cell], ...]
    more: int
    file: str
    query: str = ""
    """The statement that gives its figures."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a package holds of the bucket."""

    objects: int
    bytes: int
    referred: int
    referred_bytes: int
    elsewhere: int


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return what fills in the templates: it escapes every value, and writes out what can not be seen."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=PackageLoader("tieout.package"), autoescape=True, undefined=StrictUndefined, finalize=shown,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals["plot_css"] = Markup(PLOT_CSS)  # noqa: S704 - our own style
    return made


def csv_name(sheet: Sheet) -> str:
    """Return the path of a table's CSV file."""
    return f"{CSV_FOLDER}{sheet.name.replace(' ', '-')}.csv"


def index_page(facts: Facts, sheets: Sequence[Sheet], held: Held, *, with_lists: bool = False) -> str:
    """Return the page that a package opens with.

    Args:
        facts: What it says.
        sheets: Its tables.
        held: What it holds of the bucket.
        with_lists: Whether an auditor's request list is in it, filled in.
    """
    from markupsafe import Markup

    tables = {each.name: each for each in sheets}
    scope = facts.program.scope
    boundary = scope.boundary
    lists = [(number, each) for number, each in enumerate(facts.requests, start=1)]
    requested = tuple((f"requests-{number}", f"Requests: {each.name}") for number, each in lists)
    return environment().get_template("index.html").render(
        system_name=scope.system_name,
        printed=facts.period.printed(),
        period=facts.period.id,
        type=facts.period.type,
        zone=scope.time_zone,
        bucket=facts.store.bucket,
        digest=facts.store.head,
        as_of=f"{facts.as_of:%Y-%m-%d %H:%M:%S}",
        program=facts.program_as_of.said,
        parts=(*_PARTS[:-3], *requested, *_PARTS[-3:]),
        with_lists=with_lists,
        by_reference=held.referred > 0,
        held=f"{held.objects:,}",
        held_bytes=_size(held.bytes),
        referred=held.referred and f"{held.referred:,}",
        referred_bytes=_size(held.referred_bytes),
        elsewhere=f"{held.elsewhere:,}",
        questions=[(name, each.asks, dedent(each.sql).strip()) for name, each in QUESTIONS.items()],
        plots=[Markup(plot_html(each)) for each in plots(facts)],  # noqa: S704 - it escapes
        boundary=boundary.description if boundary else "",
        controls=list(_controls(facts)),
        figures=shown(tables["figures"], "Figures, each with the statement that gives it"),
        scope=shown(tables["scope"], "What was in scope on some day of the period"),
        criteria=shown(tables["criteria"], "Criteria and points of focus, and the controls behind them", most=1_000),
        populations=shown(tables["populations"], "Files of rows", hide=("query", "landing")),
        landings=shown(tables["landings"], "Landings", hide=("supersedes", "supersede_reason", "rows_sha256", "lag_seconds")),
        performances=_performances(tables["performances"]),
        rules=shown(tables["rules"], "Rows that do not meet a rule, or of which it can not be told"),
        deviations=shown(tables["deviations"], "The register", hide=_REGISTER_DETAILS),
        selections=_selections(facts),
        campaigns=shown(tables["campaigns"], "Campaigns that people answered"),
        requests=[
            {
                "name": each.name,
                "shown": shown(tables[f"requests {number}"], f"Requests of {each.name}"),
                "asked": shown(tables[f"questions {number}"], "Questions about them, and answers"),
            }
            for number, each in lists
        ],
        taken_away=shown(tables["taken away"], "What did not become evidence, or was taken away from it"),
        tool=shown(tables["changes to the tool"], "Control files, contracts, statements and code, as landings state them"),
        post_period=shown(tables["post period"], "Extracts of what came after the period"),
    )  # fmt: skip


_REGISTER_DETAILS = (
    "deviation", "evidence_type", "landing", "document", "retest", "retested_on", "retest_result", "last_response",
    "last_response_at", "last_response_by", "risk_acceptance", "risk_accepted_until", "root_cause", "compensating_control",
)  # fmt: skip


def shown(sheet: Sheet, caption: str, *, hide: Iterable[str] = (), most: int = MOST_SHOWN) -> Shown:
    """Return a table as a page shows it."""
    made = sheet.make()
    columns = tuple(name for name in made.columns.names if name not in set(hide))
    rows = (row for batch in made.batches for row in batch.to_pylist())
    some = [{name: _cell(name, row[name]) for name in columns} for row in islice(rows, most)]
    return Shown(caption, columns, sheet.numbers, tuple(some), sum(1 for _ in rows), csv_name(sheet), sheet.query.strip())


def _cell(name: str, value: Any) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int):
        return Cell(f"{value:,}")
    if hasattr(value, "tzinfo"):
        return Cell(f"{value:%Y-%m-%d %H:%M:%S} UTC")
    text = str(value)
    links = {"file": text, "landing": f"covers/{text}.html"}
    return Cell(text, links.get(name, "") if text else "")


def _performances(sheet: Sheet) -> Shown:
    """Return the performances that somebody has to look at: late, not performed, not determinable, or with events that are."""
    made = sheet.make()
    columns = tuple(made.columns.names)
    states = {each.value for each in _TOLD}
    rows = (row for batch in made.batches for row in batch.to_pylist())
    told = (row for row in rows if row["state"] in states or row["late"] or row["not_performed"])
    some = [{name: _cell(name, row[name]) for name in columns} for row in islice(told, MOST_SHOWN)]
    more = sum(1 for _ in told)
    return Shown("Performances", columns, sheet.numbers, tuple(some), more, csv_name(sheet), sheet.query.strip())


def _controls(facts: Facts) -> Iterator[dict[str, Any]]:
    for standing in facts.status.controls:
        control = facts.program.controls[standing.control]
        statements = [each for each in control.statements if each.version in standing.statement_versions]
        yield {
            "id": standing.control,
            "title": control.title,
            "statements": [f"v{each.version}, from {each.effective_from}: {each.text}" for each in statements],
            "facts": (
                f"Criteria {', '.join(standing.criteria)}; owner {control.owner}; {control.nature}, {control.operation}; "
                f"{standing.every}; extracted {control.extraction_schedule.window}. Evidence: {standing.completeness.value}; "
                f"{counted(len(standing.performances), 'performances')} due, "
                f"{standing.potential_deviations} late or not performed."
            ),
            "because": list(standing.because),
        }


def _selections(facts: Facts) -> Shown:
    sealed = {each.population.seal: each for each in facts.sealed}
    rows = []
    for each in facts.selections:
        population = sealed[each.seal].population
        rows.append({
            "selection": Cell(each.id, f"items/{each.id}.html"),
            "population": Cell(f"{population.control} {population.system}, {population.rows:,} rows"),
            "method": Cell(each.method.value),
            "stage": Cell(str(each.facts.get("stage", ""))),
            "rows": Cell(", ".join(map(str, each.numbers))),
            "not available": Cell(", ".join(map(str, each.facts.get("not_there", ())))),
            "sealed": Cell(f"{sealed[each.seal].at:%Y-%m-%d %H:%M:%S} UTC"),
            "recorded": Cell(f"{each.at:%Y-%m-%d %H:%M:%S} UTC, {each.by}"),
            "reason": Cell(str(each.facts.get("reason", ""))),
        })  # fmt: skip
    columns = ("selection", "population", "method", "stage", "rows", "not available", "sealed", "recorded", "reason")
    return Shown("Selections of sealed populations", columns, (), tuple(rows), 0, f"{CSV_FOLDER}selections.csv")


def _size(count: int) -> str:
    value, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1_000:
            break
        value, unit = value / 1_000, larger
    return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"
