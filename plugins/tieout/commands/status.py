# SPDX-License-Identifier: Apache-2.0
"""``tieout status``: a period at a glance, one control on both axes, one criterion with what stands behind it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from rich.console import Console

    from tieout.criteria.standing import Standing
    from tieout.flows.status import Status

_WIDTH = 26
_STYLES = {"complete": "green", "incomplete": "red", "not determinable": "yellow"}


@click.command()
@bucket_options
@click.option("--period", "period_id", help="Observation period; default: the one of today, else the last that has begun.")
@click.option("--control", "control_id", help="Only this control: every performance and extraction.")
@click.option("--criterion", "criterion_id", help="Only this criterion: controls and points of focus behind it.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="As it was at the end of that day, in the program's time zone.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole state as one JSON document.")
def status(
    bucket: str | None,
    endpoint_url: str | None,
    period_id: str | None,
    control_id: str | None,
    criterion_id: str | None,
    as_of: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Show what had to happen in a period, and whether it did.

    Two axes that say nothing about each other: performances (did the control operate) and extractions (did we read its evidence).
    Exit code 1 when anything that is due is absent or can not be told.
    """
    from rich.console import Console

    found = _find(bucket, endpoint_url, period_id, as_of)
    if control_id is not None:
        _refuse_unknown("control", control_id, [standing.control for standing in found.controls])
    if criterion_id is not None:
        _refuse_unknown("criterion", criterion_id, [each.criterion.id for each in found.criteria])
    console = Console(soft_wrap=True, highlight=False)
    controls = [each for each in found.controls if control_id in (None, each.control)]
    if criterion_id is not None:
        controls = [each for each in controls if criterion_id in each.criteria]
    behind = any(each.is_behind for each in controls) or (bool(found.broken) and control_id is None)
    if as_json:
        document = found.as_document()
        names = {each.control for each in controls}
        document["controls"] = [each for each in document["controls"] if each["control"] in names]
        document["behind"] = behind
        if criterion_id is not None:
            document["criteria"] = [each for each in document["criteria"] if each["id"] == criterion_id]
        click.echo(json.dumps(document, indent=1))
    elif control_id is not None:
        _show_control(console, found, controls[0])
    elif criterion_id is not None:
        _show_criterion(console, found, criterion_id, controls)
    else:
        _show_grid(console, found)
    sys.exit(1 if behind else 0)


def _find(bucket: str | None, endpoint_url: str | None, period_id: str | None, as_of: datetime | None) -> Status:
    from tieout.flows.status import choose_period, end_of, read_facts, read_program
    from tieout.flows.status import status as work_out

    program = read_program(from_environment())
    now = datetime.now(UTC)
    if as_of is not None:
        now = end_of(as_of.date(), program.scope, now)
    period = choose_period(program.scope.observation_periods, period_id, program.scope.calendar.day_of(now))
    return work_out(program, read_facts(open_store(bucket, endpoint_url), now), period, now)


def _refuse_unknown(what: str, name: str, known: list[str]) -> None:
    import difflib

    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(known)}."
        raise click.UsageError(f"no {what} {name!r} in scope of this period. {hint}")


def _head(console: Console, found: Status) -> None:
    worst = found.completeness.value
    console.print(f"[bold]{_safe(found.scope.system_name)}[/]  {_safe(found.period.id)}: {found.period.printed()}")
    local = found.as_of.astimezone(found.scope.zone)
    console.print(f"As of {local:%Y-%m-%d %H:%M %Z}: [{_STYLES[worst]}]{worst}[/], {_tally(found)}")
    for gap in found.gaps:
        last = gap.end_day - timedelta(days=1)
        console.print(f"No Type 2 period covers {gap.first_day} to {last}: between {gap.after} and {gap.before}.")
    for problem in found.broken:
        console.print(f"[red]{_safe(problem)}[/]")


def _tally(found: Status) -> str:
    counts: dict[str, int] = {}
    for standing in found.controls:
        counts[standing.completeness.value] = counts.get(standing.completeness.value, 0) + 1
    deviations = sum(standing.potential_deviations for standing in found.controls)
    parts = [f"{counts[name]} controls {name}" for name in _STYLES if name in counts]
    return ", ".join([*parts, f"{deviations} potential deviations by time"])


def _show_grid(console: Console, found: Status) -> None:
    from tieout.audit.week_grid import weeks
    from tieout.commands.grid import LEGEND, cells

    _head(console, found)
    columns = weeks(found.period)
    console.print(f"\n{'':{_WIDTH}}  {_months(columns, found.period.first_day)}", style="dim")
    groups: dict[str, list[Standing]] = {}
    for standing in found.controls:
        groups.setdefault(standing.criteria[0].partition(".")[0], []).append(standing)
    names = {series.id: series.name for series in found.series}
    for group, standings in groups.items():
        console.print(f"[bold]{group}[/] {names.get(group, '')}")
        for standing in standings:
            name = standing.control if len(standing.control) <= _WIDTH else standing.control[: _WIDTH - 1] + "…"
            row = cells(standing, columns, found.period)
            worst = standing.completeness.value
            note = f"[{_STYLES[worst]}]{worst}[/]{_note(standing)}"
            console.print(f"{name:<{_WIDTH}}  {row}  {note}")
    console.print(f"\n{LEGEND}", style="dim")
    console.print("One column a week. `tieout status --control ID` shows every performance and extraction.", style="dim")


def _note(standing: Standing) -> str:
    parts = []
    if not standing.is_due:
        last = f"last performed {standing.last_performed}" if standing.last_performed else "nothing landed shows it performed"
        parts.append(f"not due in period, {last}")
    late = [each for each in standing.extractions.due if each.state == "later"]
    if late:
        parts.append(f"{len(late)} extracted later")
    if standing.potential_deviations:
        parts.append(f"{standing.potential_deviations} potential deviations by time")
    parts += [each.as_text() for each in standing.campaigns]
    return f" ({', '.join(parts)})" if parts else ""


def _months(columns: list[date], first_day: date) -> str:
    text = ""
    for number, monday in enumerate(columns):
        day = max(monday, first_day)
        if number == 0 or (day.day <= 7 and len(text) <= number):
            text = f"{text:<{number}}{day:%b}"
    return text


def _show_control(console: Console, found: Status, standing: Standing) -> None:
    from rich.table import Table

    _head(console, found)
    worst = standing.completeness.value
    console.print(f"\n[bold]{standing.control}[/]: {_safe(standing.title)}")
    console.print(f"{standing.kind}, {standing.every}, criteria {', '.join(standing.criteria)}, owner {_safe(standing.owner)}")
    console.print(f"[{_STYLES[worst]}]{worst}[/]{_note(standing)}")
    for reason in standing.because:
        console.print(f"  {_safe(reason)}")
    table = Table("performance", "system", "state", "due", "performed", "by event", "statement", title="Performances")
    for each in standing.performances:
        events = each.events
        counts = (
            f"{events.on_time} on time, {events.late} late, {events.not_performed} not performed, {events.pending} pending, "
            f"{events.not_determinable} not determinable"
            if events
            else ""
        )
        said = f"{each.state}: {each.explanation}" if each.explanation else each.state.value
        row = (each.key, each.system, said, str(each.due or ""), str(each.performed_on or ""), counts)
        table.add_row(*map(_safe, row), f"v{each.statement_version}")
    console.print(table)
    table = Table("window", "system", "state", "lag", "rows", "document", title="Extractions")
    for extraction in standing.extractions.due:
        lag = "" if extraction.lag_seconds is None else f"{extraction.lag_seconds / 86_400:.1f} d"
        rows = "" if extraction.rows is None else f"{extraction.rows:,}"
        row = (extraction.window, extraction.system, extraction.state.value, lag, rows, extraction.document or "")
        table.add_row(*map(_safe, row))
    running = {each.window for each in standing.campaigns}
    for window, system in standing.extractions.awaited:
        table.add_row(window, system, "in a campaign" if window in running else "not due yet", "", "", "", style="dim")
    console.print(table)


def _show_criterion(console: Console, found: Status, criterion_id: str, controls: list[Standing]) -> None:
    from rich.table import Table

    _head(console, found)
    covered = next(each for each in found.criteria if each.criterion.id == criterion_id)
    counts = covered.counts()
    console.print(f"\n[bold]{criterion_id}[/] {_safe(covered.criterion.name)}: {_safe(covered.criterion.summary)}")
    total = counts["all"]["points_of_focus"]
    for name, number in counts["coverage"].items():
        console.print(f"  {name}: {number} of {total} points of focus")
    considered = ", ".join(f"{name} {number}" for name, number in counts["consideration"].items() if number)
    console.print(f"  management: {considered}")
    table = Table("control", "status", title="Controls")
    for standing in controls:
        table.add_row(standing.control, standing.completeness.value + _note(standing))
    console.print(table)
    table = Table("point of focus", "our wording", "mapped", "reviewed", "evidenced", "management", title="Points of focus")
    for point in covered.points:
        numbers = (str(len(point.mapped)), str(len(point.reviewed)), str(len(point.evidenced)))
        table.add_row(point.id, _safe(point.summary), *numbers, point.consideration.value)
    console.print(table)
    console.print("Points of focus are guidance: one that is not considered is no potential deviation.", style="dim")


def _safe(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text))
