# SPDX-License-Identifier: Apache-2.0
"""Management's page in a browser: axe finds nothing on it, and a print shows each plot's table."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.driving import faults
from tests.unit.audit.test_known import make
from tests.unit.audit.test_plots import plots
from tests.unit.criteria.axes import PERIOD, each_month, make_control, standing
from tieout.audit.known_page import changes_section, deviations_section, incidents_section
from tieout.audit.management import coverage_section
from tieout.audit.management_page import Page as Content
from tieout.audit.management_page import Section, as_html

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _nobody_has_answered() -> None:
    """Start no Airflow: nobody answers on a page that is a file."""


@pytest.fixture
def shown(chromium: Browser, tmp_path: Path) -> Page:
    """Return the page, opened from a file."""
    known = make()
    sections = (
        coverage_section([standing(make_control(), *each_month(20, 20, 0))], PERIOD),
        deviations_section(known),
        incidents_section(known),
        changes_section(known),
        Section("All plots", plots=tuple(plots())),
    )
    path = tmp_path / "page.html"
    path.write_text(as_html(Content("T", "S", sections)), encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    return page


def test_axe_finds_nothing_with_every_table_open(shown: Page) -> None:
    shown.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert faults(shown) == []


def test_a_print_shows_the_tables_of_the_plots(shown: Page) -> None:
    tables = shown.locator("figure.plot table")
    assert tables.count() == 6
    assert not any(each.is_visible() for each in tables.all())
    shown.emulate_media(media="print")
    assert all(each.is_visible() for each in tables.all())
