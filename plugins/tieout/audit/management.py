# SPDX-License-Identifier: Apache-2.0
"""Sections of management's report that no list of what is known has: coverage, outlook, rehearsals, the time after the period.

They state facts. A forecast is no evidence, and a rehearsal is no draw of the auditor's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from tieout.audit.deviations import Deviation
from tieout.audit.known import Change
from tieout.audit.management_page import Section, Table, to_the_second
from tieout.audit.outlook import Notice, Prospect
from tieout.audit.plot_states import EXTRACTION_STATES, PERFORMANCE_STATES
from tieout.audit.plots import COLUMNS, Plot, State, heatmap, in_pages
from tieout.audit.week_grid import extractions_by_week, performances_by_week, weeks
from tieout.criteria.periods import Gap, ObservationPeriod
from tieout.criteria.standing import Standing
from tieout.times import instant

ByWeek = Callable[[Standing, Sequence[date], ObservationPeriod], Sequence[StrEnum | None]]


def coverage_section(standings: Sequence[Standing], period: ObservationPeriod) -> Section:
    """Return controls by weeks, on both axes, and what makes a control other than complete."""
    plots = [
        *_heat("performances", "Performances", standings, period, performances_by_week, PERFORMANCE_STATES),
        *_heat("extractions", "Extractions", standings, period, extractions_by_week, EXTRACTION_STATES),
    ]
    rows = [
        (each.control, each.every, each.completeness.value, str(each.last_performed or ""), "; ".join(each.because))
        for each in standings
    ]
    heads = ("control", "performed", "evidence", "last shown on", "because")
    text = "One column a week, by its Monday: the state that says most against the control. The axes say nothing of each other."
    return Section("Coverage", (text,), tuple(plots), (Table("Evidence of each control", heads, rows),))


def _heat(
    name: str,
    title: str,
    standings: Sequence[Standing],
    period: ObservationPeriod,
    by_week: ByWeek,
    states: Mapping[StrEnum, State],
) -> Iterator[Plot]:
    columns = weeks(period)
    number = 0
    for part in in_pages(standings):
        found = [by_week(standing, columns, period) for standing in part]
        for first in range(0, len(columns), COLUMNS):
            number += 1
            shown = columns[first : first + COLUMNS]
            cells = [[states[state].letter if state else "" for state in row[first : first + COLUMNS]] for row in found]
            yield heatmap(
                f"{name}-{number}",
                f"{title}, controls by weeks from {shown[0]}",
                f"{len(part)} controls over {len(shown)} weeks. An empty cell: nothing is due in that week.",
                [standing.control for standing in part],
                [day.isoformat() for day in shown],
                cells,
                list(states.values()),
            )


def outlook_section(prospects: Sequence[Prospect], notices: Sequence[Notice], days: int) -> Section:
    """Return what will not be in order if nothing changes, and what is stale or about to be missed."""
    forecast = [
        (each.control, each.system, each.key, str(each.due or ""), each.will_be.value, "; ".join(each.because))
        for each in prospects
    ]
    told = [(each.control, each.system, each.key, each.kind.value, each.text) for each in notices]
    heads = ("control", "system", "performance", "due", "will be", "because")
    return Section(
        "Outlook",
        ("It reads what has landed and assumes that the next time goes like the last ones. It is no evidence.",),
        tables=(
            Table("If nothing changes", heads, forecast),
            Table(f"Stale, or missed within {days} days", ("control", "system", "what", "kind", "in words"), told),
        ),
    )


@dataclass(frozen=True, slots=True)
class Drawn:
    """Items that were drawn for a rehearsal: a caption, and of each item its number and its columns in a sentence."""

    caption: str
    rows: tuple[tuple[str, str], ...]


def rehearsal_section(source: str, sizes: Sequence[tuple[str, ...]], drawn: Sequence[Drawn]) -> Section:
    """Return how many items of each control a rehearsal draws, by management's own numbers, and what was drawn.

    Args:
        source: What management says of its numbers.
        sizes: Control, system, how often, unit, how many there are, how many would be drawn, the rule.
        drawn: Items of the controls that were named.
    """
    texts = (source, "Nothing of it is recorded in the bucket, and what an auditor will ask for follows from none of it.")
    heads = ("control", "system", "performed", "items are", "there are", "drawn", "rule")
    tables = [Table("Numbers of a rehearsal", heads, sizes), *(Table(each.caption, ("#", "item"), each.rows) for each in drawn)]
    return Section("Rehearsals", texts, tables=tuple(tables))


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What came after a period's end, as facts for a bridge letter.

    Attributes:
        today: The day it is asked about, local to the program.
        end: First instant after the period.
        extracts: Index rows of post-period extracts.
        landed: When each landing landed, by its id.
        deviations: Of the period.
        changes: Of controls, in force after the period's end.
        periods: All that the scope lists.
        gaps: Days that no Type 2 period covers.
    """

    today: date
    end: datetime
    extracts: Sequence[Mapping[str, Any]]
    landed: Mapping[str, datetime]
    deviations: Sequence[Deviation]
    changes: Sequence[Change]
    periods: Sequence[ObservationPeriod]
    gaps: Sequence[Gap]


def afterwards_section(period: ObservationPeriod, said: Afterwards) -> Section:
    """Return what came after a period's end; it concludes nothing from it."""
    if said.today < period.end_day:
        return Section("After the period's end", (f"The period is not over before {period.end_day}: nothing is said here yet.",))
    days = (said.today - period.end_day).days + 1
    following = [each for each in said.periods if each.type == 2 and each.first_day >= period.end_day]
    texts = [
        f"{days} days from {period.end_day} to {said.today}. Facts for a bridge letter; what they mean, management writes.",
        *(f"Next Type 2 period: {each.id}, {each.printed()}." for each in sorted(following, key=lambda each: each.first_day)[:1]),
        *(f"No Type 2 period covers {gap.first_day} until {gap.end_day} (the first day covered again)." for gap in said.gaps),
    ]
    if not following:
        texts.append("The scope lists no later Type 2 period.")
    heads = ("control", "system", "from", "to", "rows", "landed", "document")
    extracts = [
        (row["control"], row["system"], _shown(row["effective_from"]), _shown(row["effective_to"]), f"{row['rows']:,}",
         _shown(row["landed_at"]), row["manifest_key"])
        for row in said.extracts
    ]  # fmt: skip
    late = [found for each in said.deviations if (found := _late(each, said))]
    late_heads = ("control", "system", "what", "where", "evidence landed", "last said", "state", "disposition")
    changes = [(each.at, each.kind, each.about, each.what) for each in said.changes]
    return Section(
        "After the period's end",
        tuple(texts),
        tables=(
            Table("Post-period extracts", heads, extracts),
            Table("Deviations of the period that landed, or were spoken of, after its end", late_heads, late),
            Table("Controls that changed since", ("from", "what", "control", "in words"), changes),
        ),
    )


def _shown(at: datetime | None) -> str:
    return to_the_second(instant(at)) if at else ""


def _late(each: Deviation, said: Afterwards) -> tuple[str, ...] | None:
    observed = each.observed
    landed = said.landed.get(observed.landing or "")
    spoken = each.history[-1].at if each.history else None
    if not any(at and at >= said.end for at in (landed, spoken)):
        return None
    return (
        observed.control,
        observed.system,
        observed.rule or observed.kind.value,
        observed.row_key or observed.performance or "",
        _shown(landed),
        _shown(spoken),
        each.state.value,
        each.disposition or "",
    )
