# SPDX-License-Identifier: Apache-2.0
"""An auditor in a real browser, in a frame like Airflow's: from the first page to a file that was saved from a real store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Page, expect

from tests.integration.access_scene import ANN, PERIOD, Scene, now, running_scene
from tests.stack import CONTROL
from tests.unit.slack.scene import serving
from tests.unit.web.browsing import USERS, SimpleUser, World
from tieout.evidence.sources import Bucket
from tieout.flows.access import read_accesses

pytestmark = pytest.mark.integration

FRAMED = (
    '<!doctype html><html lang="en"><title>Airflow</title><iframe title="My reviews" src="/tieout/" width="1200" height="800" '
    'sandbox="allow-scripts allow-same-origin allow-forms allow-downloads"></iframe></html>'
)
"""A page with a frame as Airflow's UI has it."""


@pytest.fixture(autouse=True)
def _nobody_has_answered() -> None:
    """Airflow is not asked here."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Scene]:
    with running_scene(tmp_path_factory.mktemp("access"), repository) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, scene: Scene) -> Iterator[Page]:
    """Open the frame as Ann, in a browser whose console says nothing."""
    USERS["ann"] = SimpleUser(ANN)
    world, said = World(site={"access": lambda: scene.desk, "now": now}), []
    world.airflow.add_api_route("/framed", lambda: HTMLResponse(FRAMED))
    with serving(world.airflow) as address:
        context = chromium.new_context(base_url=address, locale="en-GB", accept_downloads=True)
        # Only what goes to the pages says who asks: the store gets what a browser sends it.
        context.route(f"{address}/**", lambda route: route.continue_(headers={**route.request.headers, "x-user": "ann"}))
        context.on("console", lambda message: said.append(message.text))
        yield context.new_page()
        context.close()
    world.pool.close()
    known = (
        "allow-scripts and allow-same-origin",
        "Autofocus processing was blocked",
    )
    assert [text for text in said if not any(each in text for each in known)] == []


def test_an_auditor_saves_a_part_from_within_airflows_frame(scene: Scene, page: Page, tmp_path: Path) -> None:
    sent: list[tuple[str, dict[str, str]]] = []
    endpoint = scene.store.stack.installation.endpoint
    page.on("request", lambda request: sent.append((request.url, request.headers)) if request.url.startswith(endpoint) else None)
    page.goto("/framed")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Evidence for auditors").click()
    frame.get_by_role("link", name=f"Observation period {PERIOD}").click()
    frame.get_by_role("link", name=CONTROL).click()
    frame.get_by_role("link", name=scene.landings[PERIOD]).click()
    part = scene.objects()["part"][0]
    frame.get_by_role("button", name=f"Get a link to {part}").click()
    with page.expect_download() as saving:
        frame.get_by_role("link", name="Save part").click()
    saved = tmp_path / "part.parquet"
    saving.value.save_as(saved)
    shown = scene.desk.objects(PERIOD, CONTROL, scene.landings[PERIOD])
    [expected] = [each.sha256 for each in shown if getattr(each, "key", "") == part]  # type: ignore[union-attr]
    assert hashlib.sha256(saved.read_bytes()).hexdigest() == expected
    [(_, headers)] = sent
    assert "referer" not in headers
    recorded = list(read_accesses(Bucket(scene.store.bucket("auditor")), scene.desk.keys()))
    assert [(each.person, each.checked) for each in recorded if getattr(each.said, "key", "") == part] == [(ANN, True)]


def test_its_pages_have_no_barriers(scene: Scene, page: Page) -> None:
    landing = f"/tieout/evidence/examination/{PERIOD}/{CONTROL}/{scene.landings[PERIOD]}"
    page.goto("/tieout/evidence")
    for path in ("/tieout/evidence", landing.rpartition("/")[0], landing):
        page.goto(path)
        _looked_at(page)
    page.get_by_role("button", name="Get a link").first.click()
    expect(page.get_by_role("link", name="Save")).to_be_visible()
    _looked_at(page)
    page.set_viewport_size({"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def _looked_at(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"
