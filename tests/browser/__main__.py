# SPDX-License-Identifier: Apache-2.0
"""Writes the screenshots of the pages into ``docs/pages/``, from a running Airflow: ``python -m tests.browser``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.driving import frame_in, running_chromium, sign_in
from tests.pages import running_pages

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "docs" / "pages"
DARK = "() => document.documentElement.classList.replace('light', 'dark') || document.documentElement.classList.add('dark')"


def shoot(page: Page, name: str) -> None:
    """Write what a window shows."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    print(FOLDER / f"{name}.png")


def main() -> None:
    """Go through a review, and write what it looks like on the way."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_pages(Path(folder), REPOSITORY) as pages, running_chromium() as browser:
        context = browser.new_context(locale="en-GB", color_scheme="light", viewport={"width": 1280, "height": 960})
        page = context.new_page()
        sign_in(page, pages)
        page.goto(f"{pages.url}/plugin/tieout")
        frame = frame_in(page)
        shoot(page, "tasks")
        frame.get_by_role("link", name="Start").first.click()
        frame.wait_for_selector("fieldset")
        shoot(page, "page")
        for position in (1, 2, 3, 6):
            frame.locator(f"#decision-{position}-1").check()
        frame.locator("#decision-4-2").check()
        frame.get_by_role("button", name="Submit page").click()
        frame.wait_for_selector(".told")
        shoot(page, "errors")
        page.evaluate(DARK)
        frame.wait_for_selector("html[data-theme=dark]", state="attached")
        frame.locator("#reason-4").fill("Not used since November; the ledger is closed by another team now.")
        frame.locator("#decision-5-2").check()
        frame.locator("#reason-5").fill("Left on 31 January.")
        frame.locator("#reason-4").scroll_into_view_if_needed()
        shoot(page, "dark")
        frame.get_by_role("button", name="Submit page").click()
        frame.wait_for_selector("h1:text-is('Stored')")
        shoot(page, "receipt")


if __name__ == "__main__":
    main()
