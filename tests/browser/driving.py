# SPDX-License-Identifier: Apache-2.0
"""Drives Debian's Chromium as a person does, by keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Frame, Page, sync_playwright

from tests.pages import PASSWORD, Pages

FOCUSED = """() => {
  const at = document.activeElement;
  return at === null || at === document.body ? "" : at.id || at.textContent.trim().slice(0, 40) || at.tagName;
}"""


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start the browser of the system, and stop it.

    Raises:
        AssertionError: There is none.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path is not None, "expected Chromium (apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, pages: Pages, user: str = "ada@shop.example", **more: Any) -> Iterator[BrowserContext]:
    """Open a browser's window that is signed in as a user, whose console says nothing bad."""
    said: list[str] = []
    ours = f"{pages.url}/tieout/"
    context = browser.new_context(base_url=pages.url, locale="en-GB", viewport={"width": 1280, "height": 900}, **more)
    context.add_cookies([{"name": "_token", "value": pages.token(user), "url": pages.url}])
    context.on("console", lambda message: said.append(message.text) if ours in message.location.get("url", "") else None)
    yield context
    context.close()
    known = ("Failed to load resource", "allow-scripts and allow-same-origin")  # a status other than 200; Airflow's own frame
    bad = [text for text in said if not any(each in text for each in known)]
    assert bad == [], bad


def sign_in(page: Page, pages: Pages, user: str = "ada@shop.example") -> None:
    """Sign in on Airflow's own page, by keyboard."""
    page.goto(f"{pages.url}/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/auth/login" not in url)


def frame_in(page: Page) -> Frame:
    """Return the frame that Airflow's UI shows our pages in, once it is there."""
    handle = page.wait_for_selector("iframe[title='My reviews']")
    assert handle is not None
    frame = handle.content_frame()
    assert frame is not None
    frame.wait_for_selector("main")
    return frame


def focused_text(frame: Frame | Page, within: str) -> str:
    """Return the text of what has the focus, once that is something by a CSS selector."""
    frame.wait_for_function("within => document.activeElement.matches(within)", arg=within)
    return str(frame.evaluate("() => document.activeElement.textContent"))


def tab_to(page: Page, frame: Frame | Page, wanted: str, most: int = 60) -> list[str]:
    """Press Tab until something has the focus, by its id or the start of its text; return what had it on the way."""
    passed = []
    for _ in range(most):
        page.keyboard.press("Tab")
        passed.append(str(frame.evaluate(FOCUSED)))
        if passed[-1].startswith(wanted):
            return passed
    raise AssertionError(f"Tab never came to {wanted!r}: {passed}")


def faults(page: Page) -> list[str]:
    """Return what axe finds wrong with a page, all of its rules."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['help']}: {[node['html'][:120] for node in each['nodes']]}" for each in found]
