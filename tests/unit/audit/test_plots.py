# SPDX-License-Identifier: Apache-2.0
"""Plots are SVG that can stand in any page: equal bytes for equal figures, nothing loaded, no figure told by colour alone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tieout.audit.plot_sheet import ink, luminance
from tieout.audit.plots import ROWS, Bar, Colour, Lane, Plot, Span, State, heatmap, in_pages, plot_html, stacked_bars, timeline
from tieout.errors import ConfigurationError

SVG = "{http://www.w3.org/2000/svg}"
STATES = [
    State("#", "performed on time", Colour.GREEN),
    State("x", "not performed <script>alert(1)</script> & more", Colour.VERMILION),
    State("L", "performed late", Colour.ORANGE),
]
WEEKS = ["2026-07-06", "2026-07-13", "2026-07-20"]
EVIL = '</text><script src="http://evil.example/">$x^2$ url(#a) id="b"\x00\u202e'


def plots() -> list[Plot]:
    july = Span("2026-07", date(2026, 7, 1), date(2026, 7, 31), "#", date(2026, 8, 3))
    week = Span("2026-W32", date(2026, 8, 3), date(2026, 8, 9), "x")
    return [
        heatmap("heat", "Coverage", "Controls & weeks", ["cc6_1", EVIL], WEEKS, [["#", "x", ""], ["", "L", "#"]], STATES),
        stacked_bars("bars", "Rules", "Rows per rule", [Bar("two_persons", (1200, 3, 0)), Bar(EVIL, (0, 0, 7))], STATES),
        timeline("time", "Windows", "Extractions", [Lane("cc6_1 okta", (july,)), Lane(EVIL, (week,))], STATES),
    ]


def texts(plot: Plot) -> Counter[str]:
    return Counter(each.text or "" for each in ET.fromstring(plot.svg).iter(f"{SVG}text"))


@pytest.mark.parametrize("plot", plots(), ids=lambda plot: plot.title)
def test_a_plot_is_one_named_picture_that_loads_nothing_and_runs_nothing(plot: Plot) -> None:
    drawn = ET.fromstring(plot.svg)
    assert drawn.tag == f"{SVG}svg"
    assert plot.svg.startswith("<svg ")
    assert drawn.get("role") == "img"
    title, described = list(drawn)[:2]
    assert (title.text, described.text) == (plot.title, plot.description)
    assert drawn.get("aria-labelledby") == f"{title.get('id')} {described.get('id')}"
    tags = {each.tag.removeprefix(SVG) for each in drawn.iter()}
    assert tags <= {"svg", "title", "desc", "g", "path", "text", "defs", "pattern", "rect"}
    attributes = [(key, value) for each in drawn.iter() for key, value in each.attrib.items()]
    assert not [
        pair for pair in attributes if "href" in pair[0] or pair[0].startswith("on") or pair[0] == "style" or "http" in pair[1]
    ]
    assert {found for _, value in attributes for found in re.findall(r"url\(([^)]*)\)", value)} <= {
        f"#{value}" for key, value in attributes if key == "id"
    }
    name = drawn.get("id")
    assert all(value == name or value.startswith(f"{name}-") for key, value in attributes if key == "id")


@pytest.mark.parametrize("plot", plots(), ids=lambda plot: plot.title)
def test_what_a_source_wrote_is_text(plot: Plot) -> None:
    assert "<script" not in plot.svg
    [written] = [text for text in texts(plot) if text.startswith("</text>")]
    assert written.startswith(EVIL[:30])
    page = plot_html(plot)
    assert "<script" not in page
    assert "\x00" not in page


def test_ids_that_a_text_seems_to_have_stay_as_they_are() -> None:
    assert stacked_bars("p", "T", "D", [Bar('url(#a) id="b" $x$', (1,))], STATES[:1]).rows[0][0] in texts(
        stacked_bars("p", "T", "D", [Bar('url(#a) id="b" $x$', (1,))], STATES[:1])
    )


def test_figures_of_a_heat_map_stand_in_its_cells() -> None:
    heat = plots()[0]
    assert heat.columns == ("", *WEEKS)
    assert heat.rows[0] == ("cc6_1", STATES[0].label, STATES[1].label, "")
    found = texts(heat)
    told = Counter(label for row in heat.rows for label in row[1:] if label)
    assert {state.label: found[state.letter] - 1 for state in STATES} == told  # once more in the legend
    assert set(WEEKS) | {state.label for state in STATES} <= set(found)


def test_figures_of_bars_are_written_beside_them() -> None:
    bars = plots()[1]
    assert bars.rows[0] == ("two_persons", "1,200", "3", "0", "1,203")
    figures = Counter(text for row in bars.rows for text in row[1:])
    assert {text: texts(bars)[text] for text in figures} == figures
    drawn = ET.fromstring(bars.svg)
    assert len({each.get("id") for each in drawn.iter(f"{SVG}pattern")}) == len(STATES) - 1  # the first has none: plain


def test_figures_of_a_timeline_stand_in_its_windows() -> None:
    time = plots()[2]
    assert time.rows[0] == ("cc6_1 okta", "2026-07", "2026-07-01", "2026-07-31", "performed on time", "2026-08-03")
    assert time.rows[1][2:] == ("2026-08-03", "2026-08-09", STATES[1].label, "")
    assert "# 2026-07" in texts(time)
    diamonds = [each for each in ET.fromstring(time.svg).iter(f"{SVG}path") if not {"fill", "stroke"} & set(each.keys())]  # black
    assert len(diamonds) == 2  # one of the legend, one of July


def test_equal_figures_are_equal_bytes_in_another_process_with_another_configuration(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("svg.fonttype: path\nhatch.linewidth: 9\naxes.facecolor: red\nfont.size: 30\n")
    code = "import sys; from tests.unit.audit.test_plots import plots; sys.stdout.write(''.join(each.svg for each in plots()))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{repository / 'plugins'}:{repository}", "PYTHONHASHSEED": "7", "HOME": str(tmp_path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout == "".join(plot.svg for plot in plots()) == "".join(plot.svg for plot in plots())


def test_drawing_changes_no_parameter_of_matplotlib_and_needs_no_pyplot(repository: Path) -> None:
    code = (
        "import sys, matplotlib\n"
        "def told(): return {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != 'backend'}\n"
        "before = told()\n"
        "from tests.unit.audit.test_plots import plots; plots()\n"
        "assert told() == before and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=repository, env={"PYTHONPATH": "plugins:."})


@pytest.mark.parametrize("fill", list(Colour))
def test_a_letter_is_read_on_every_fill(fill: Colour) -> None:
    dark, light = sorted((luminance(ink(fill)), luminance(fill)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_what_does_not_stand_on_one_picture_is_refused() -> None:
    many = [f"control {number}" for number in range(ROWS + 1)]
    with pytest.raises(ConfigurationError, match=r"at most 200 rows, got 201: draw several"):
        heatmap("p", "T", "D", many, ["w"], [["#"]] * len(many), STATES)
    assert [len(part) for part in in_pages(many)] == [40, 40, 40, 40, 40, 1]
    with pytest.raises(ConfigurationError, match="at most 8 states"):
        stacked_bars("p", "T", "D", [], [State(str(number), "s", Colour.GREY) for number in range(9)])
    with pytest.raises(ConfigurationError, match="of its own as its letter"):
        timeline("p", "T", "D", [], [*STATES, State("x", "again", Colour.GREY)])
    with pytest.raises(ConfigurationError, match=r"'y' is the letter of no state in the legend: #, x, L\."):
        heatmap("p", "T", "D", ["a"], ["w"], [["y"]], STATES)
    with pytest.raises(ConfigurationError, match="Expected 2 cells of a, got 1"):
        heatmap("p", "T", "D", ["a"], ["v", "w"], [["x"]], STATES)
    with pytest.raises(ConfigurationError, match="below nought"):
        stacked_bars("p", "T", "D", [Bar("a", (-1,))], STATES[:1])
    with pytest.raises(ConfigurationError, match="ends on 2026-01-01, before it begins on 2026-01-02"):
        timeline("p", "T", "D", [Lane("a", (Span("k", date(2026, 1, 2), date(2026, 1, 1), "x"),))], STATES)
    years = Span("2000s", date(2000, 1, 1), date(2009, 12, 31), "x")
    with pytest.raises(ConfigurationError, match="window 2010-01-01 is too short to be seen beside 2000-01-01 to 2010-01-02"):
        timeline("p", "T", "D", [Lane("a", (years, Span("2010-01-01", date(2010, 1, 1), date(2010, 1, 1), "x")))], STATES)
    with pytest.raises(ConfigurationError, match="is no name of a plot"):
        heatmap('a"b', "T", "D", [], [], [], [])


def test_an_axis_is_so_long_that_a_letter_stands_in_each_window() -> None:
    days = tuple(Span(f"2026-07-{day:02}", date(2026, 7, day), date(2026, 7, day), "x") for day in range(1, 32))
    late = Span("2026-12-31", date(2026, 12, 31), date(2026, 12, 31), "L")
    plot = timeline("p", "T", "D", [Lane("a", (*days, late))], STATES)
    assert texts(plot)["x"] == 31 + 1
    wide = [float(found) for found in re.findall(r'width="([0-9.]+)pt"', plot.svg)]
    assert 184 * 9 < wide[0] < 1900


def test_a_plot_of_nothing_is_a_plot() -> None:
    for plot in (heatmap("p", "T", "D", [], [], [], []), stacked_bars("p", "T", "D", [], []), timeline("p", "T", "D", [], [])):
        ET.fromstring(plot.svg)
        assert plot.rows == ()


def test_a_long_name_is_cut_in_the_picture_and_whole_in_the_table() -> None:
    plot = stacked_bars("p", "T", "D", [Bar("w" * 100, (1,))], STATES[:1])
    assert plot.rows[0][0] == "w" * 100
    assert "w" * 43 + "…" in texts(plot)
