# SPDX-License-Identifier: Apache-2.0
"""Sections of management's report: both axes by weeks, what came after the period, and a page that escapes and bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from tests.unit.audit.test_deviations import LATE, ROW, answer
from tests.unit.criteria.axes import PERIOD, each_month, make_control, noon, standing

from tieout.audit.deviations import fold
from tieout.audit.known import Change
from tieout.audit.management import Afterwards, Drawn, afterwards_section, coverage_section, outlook_section, rehearsal_section
from tieout.audit.management_page import MARK, MOST_ROWS, Page, Section, Table, as_html, as_text
from tieout.criteria.periods import ObservationPeriod, gaps_between

END = datetime(2026, 7, 1, tzinfo=UTC)
LATER = ObservationPeriod(id="2026-Q4", type=2, first_day=date(2026, 10, 1), end_day=date(2027, 1, 1))


def test_both_axes_are_plotted_week_by_week() -> None:
    found = standing(make_control(), *each_month(20, 20, 0, 20, 20), now=noon(date(2026, 6, 20)))
    made = coverage_section([found], PERIOD)
    performances, extractions = made.plots
    assert performances.rows[0].count("performed on time") == 4
    assert (performances.rows[0].count("not performed"), performances.rows[0].count("upcoming")) == (1, 1)
    assert (extractions.rows[0].count("in window"), extractions.rows[0].count("awaited")) == (5, 1)
    assert len(performances.columns) == 1 + 27
    assert made.tables[0].rows[0][2] == "incomplete"


def test_many_controls_over_two_years_are_several_plots_with_ids_of_their_own() -> None:
    two_years = PERIOD.model_copy(update={"end_day": date(2028, 1, 1)})
    found = standing(make_control("annual", "quarterly"), period=two_years)
    many = [replace(found, control=f"control_{number}") for number in range(45)]
    plots = coverage_section(many, two_years).plots
    assert [len(plot.rows) for plot in plots] == [40, 40, 5, 5] * 2
    assert [len(plot.columns) - 1 for plot in plots] == [60, 45] * 4
    assert len({ET.fromstring(plot.svg).get("id") for plot in plots}) == 8


def afterwards(**changed: Any) -> Afterwards:
    """Return what came after the first half of 2026."""
    values: dict[str, Any] = {
        "today": date(2026, 7, 20),
        "end": END,
        "extracts": (),
        "landed": {},
        "deviations": (),
        "changes": (),
        "periods": (PERIOD, LATER),
        "gaps": gaps_between([PERIOD, LATER]),
    }
    return Afterwards(**values | changed)


def test_before_a_period_is_over_nothing_is_said_of_the_time_after_it() -> None:
    made = afterwards_section(PERIOD, afterwards(today=date(2026, 6, 30)))
    assert made.texts == ("The period is not over before 2026-07-01: nothing is said here yet.",)
    assert made.tables == ()


def test_the_time_after_a_period_is_told_in_facts() -> None:
    made = afterwards_section(PERIOD, afterwards(changes=(Change("2026-07-05", "control statement", "a", "version 2: b"),)))
    assert made.texts[0].startswith("20 days from 2026-07-01 to 2026-07-20.")
    assert made.texts[1:] == (
        "Next Type 2 period: 2026-Q4, throughout 1 October 2026 to 31 December 2026.",
        "No Type 2 period covers 2026-07-01 until 2026-10-01 (the first day covered again).",
    )
    assert made.tables[2].rows == [("2026-07-05", "control statement", "a", "version 2: b")]
    alone = afterwards_section(PERIOD, afterwards(periods=(PERIOD,), gaps=()))
    assert alone.texts[-1] == "The scope lists no later Type 2 period."


def test_a_deviation_is_late_where_its_evidence_or_its_answer_came_after_the_end() -> None:
    before = answer("r1", LATE, hours=-24, state="confirmed", disposition="a")
    after = answer("r2", LATE, hours=24, state="confirmed", disposition="b")

    def late(landed: datetime | None, *given: Any) -> list[tuple[str, ...]]:
        found = fold({LATE.id: LATE, ROW.id: ROW}, given)
        said = afterwards(deviations=found, landed={"shop-1": landed} if landed else {})
        return list(afterwards_section(PERIOD, said).tables[1].rows)

    assert late(END - timedelta(seconds=1), before) == []
    assert [row[2] for row in late(END, before)] == ["pull_request"]
    assert [row[2:] for row in late(None, before, after)] == [
        ("performed late", "2026-Q1", "", "2026-07-02 12:00:00 UTC", "confirmed", "b")
    ]


def test_an_outlook_and_a_rehearsal_say_that_they_are_no_evidence() -> None:
    assert "It is no evidence." in outlook_section((), (), 7).texts[0]
    made = rehearsal_section("Our own.", [("a", "s", "daily", "performances", "3", "3", "25")], [Drawn("Of a", (("1", "x=y"),))])
    assert made.texts[0] == "Our own."
    assert [table.caption for table in made.tables] == ["Numbers of a rehearsal", "Of a"]


def test_a_page_escapes_what_a_source_wrote_and_bounds_its_tables() -> None:
    rows = [(f"<i>{number}</i>\u202e", "a\nb") for number in range(MOST_ROWS + 2)]
    page = Page("T", "S", (Section("One & <two>", ("<p>",), tables=(Table("C", ("h", "i"), rows),)),))
    html = as_html(page)
    assert ("<i>" in html, "\u202e" in html, "<p><p>" in html) == (False, False, False)
    assert "&lt;i&gt;0&lt;/i&gt;" in html
    assert f"{MOST_ROWS - 1}&lt;" in html
    assert f"{MOST_ROWS}&lt;/i" not in html
    assert "<p>2 more are not shown here.</p>" in html
    assert MARK.replace("'", "&#39;") in html
    text = as_text(page)
    assert f"* <i>{MOST_ROWS + 1}</i>" in text, "the text has all of them"
    assert MARK in text
