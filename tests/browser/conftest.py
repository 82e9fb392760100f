# SPDX-License-Identifier: Apache-2.0
"""What browser tests share: one Airflow, one Chromium, and people who are signed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.driving import running_chromium
from tests.pages import Pages, running_pages


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Pages]:
    """Return a running Airflow with our pages; a module has one of its own, as it stores what is decided."""
    with running_pages(tmp_path_factory.mktemp("pages"), repository) as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody_has_answered(pages: Pages) -> None:
    """Start each test where nobody has decided anything."""
    pages.forget()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a browser."""
    with running_chromium() as browser:
        yield browser
