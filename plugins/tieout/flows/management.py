# SPDX-License-Identifier: Apache-2.0
"""Management's report of a period, as one self-contained page. It is no evidence, and no part of the auditor's package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tieout.audit.known import control_changes
from tieout.audit.known_page import as_of_lines, changes_section, deviations_section, incidents_section
from tieout.audit.management import (
    Afterwards,
    Drawn,
    afterwards_section,
    coverage_section,
    outlook_section,
    rehearsal_section,
)
from tieout.audit.management_page import Page, Section, Table, as_html
from tieout.criteria.dry_runs import DryRuns
from tieout.flows.dry_run import Rehearsal, suggested
from tieout.flows.management_reading import Reading
from tieout.flows.outlook import foresee, look
from tieout.times import instant


def write_report(reading: Reading, dry_runs: DryRuns, rehearsals: Sequence[Rehearsal], folder: Path) -> Path:
    """Write the report; it is whole or not there, and takes the place of an earlier one.

    Args:
        reading: What was read of the period.
        dry_runs: Management's numbers.
        rehearsals: What was drawn.
        folder: Where ``management-<period>.html`` goes; made where it is not there.

    Raises:
        ConfigurationError: Jinja2 or matplotlib is not installed.
    """
    page = as_html(report(reading, dry_runs, rehearsals))
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".tieout-") as work:
        made = Path(work) / f"management-{reading.found.period.id}.html"
        made.write_text(page, encoding="utf-8")
        return made.replace(folder / made.name)


def report(reading: Reading, dry_runs: DryRuns, rehearsals: Sequence[Rehearsal]) -> Page:
    """Return the report's content, as of the instant of the reading."""
    found, known = reading.found, reading.known
    days, period = reading.settings.notice_days, reading.found.period
    prospects = foresee(reading.program, reading.facts, period, found.as_of)
    notices = look(reading.program, reading.facts, period, found.as_of, days)
    sizes = [
        (each.control, each.system, each.every.value, each.unit, f"{each.items:,}", f"{each.size:,}", each.rule)
        for each in suggested(reading.program, found, dry_runs)
    ]
    drawn = [Drawn(caption(each), each.in_words) for each in rehearsals]
    sections = (
        _head(reading),
        coverage_section(found.controls, period),
        outlook_section(prospects, notices, days),
        rehearsal_section(dry_runs.source, sizes, drawn),
        deviations_section(known),
        incidents_section(known),
        changes_section(known),
        _taken_away(reading),
        afterwards_section(period, _afterwards(reading)),
    )
    return Page(f"Management report: {period.id}", f"{found.scope.system_name}, {period.printed()}", sections)


def caption(drawn: Rehearsal) -> str:
    """Return what was drawn, from what, and how it is drawn again, in a sentence."""
    what = f"{len(drawn.rows)} of {drawn.items:,} {drawn.unit}"
    return f"Rehearsal of {drawn.control} ({drawn.system}): {what}, seed {drawn.seed}, drawn from {drawn.seal}"


def _head(reading: Reading) -> Section:
    found = reading.found
    local = found.as_of.astimezone(found.scope.zone)
    lines = [
        ("read at", f"{instant(found.as_of)} ({local:%Y-%m-%d %H:%M %Z})"),
        *as_of_lines(reading.known),
        ("evidence", found.completeness.value),
        *(("broken file", text) for text in found.broken),
    ]
    return Section("As of", tables=(Table("What was read", ("what", "is"), lines),))


def _taken_away(reading: Reading) -> Section:
    kinds: dict[str, int] = {}
    for row in reading.taken_away:
        kinds[row.kind] = kinds.get(row.kind, 0) + 1
    rows = [(kind, f"{number:,}") for kind, number in sorted(kinds.items())]
    text = f"tieout register --period {reading.found.period.id} lists each with who, why and when."
    return Section("Taken away, or never came", (text,), tables=(Table("Kinds of the register", ("kind", "number"), rows),))


def _afterwards(reading: Reading) -> Afterwards:
    found, scope = reading.found, reading.program.scope
    today = scope.calendar.day_of(found.as_of)
    return Afterwards(
        today=today,
        end=found.period.end(scope.zone),
        extracts=reading.after_period,
        landed={row["landing"]: row["landed_at"] for row in reading.index},
        deviations=reading.known.deviations,
        changes=control_changes(reading.program.controls, found.period.end_day),
        periods=scope.observation_periods,
        gaps=[gap for gap in found.gaps if gap.end_day > found.period.end_day],
    )
