# SPDX-License-Identifier: Apache-2.0
"""A review in a real browser: by keyboard inside Airflow's UI, in its theme, and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.driving import FOCUSED, faults, focused_text, frame_in, sign_in, tab_to, visiting
from tests.pages import Pages
from tests.unit.web.desk import CAMPAIGN

pytestmark = pytest.mark.integration

ADA = f"/tieout/campaigns/{CAMPAIGN}/1-ada"
GRACE = f"/tieout/campaigns/{CAMPAIGN}/1-grace"


def test_a_page_is_decided_by_keyboard_inside_airflow(chromium: Browser, pages: Pages) -> None:
    context = chromium.new_context(base_url=pages.url, locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, pages)
    page.get_by_role("link", name=re.compile("My reviews")).first.click()
    frame = frame_in(page)
    frame.locator("main").focus()
    tab_to(page, frame, "Start")
    page.keyboard.press("Enter")
    frame.wait_for_selector("fieldset")
    frame.locator("main").focus()
    for position in range(1, 7):
        tab_to(page, frame, f"decision-{position}-")
        page.keyboard.press("Space")
    # Arrow keys move within a group: the second item from Keep to Revoke, its reason left out at first.
    frame.locator("#decision-2-1").focus()
    page.keyboard.press("ArrowDown")
    tab_to(page, frame, "Submit page")
    page.keyboard.press("Enter")
    assert "Something is missing" in focused_text(frame, ".told")
    assert pages.answers() == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert frame.evaluate(FOCUSED) == "reason-2"
    page.keyboard.type("left for another team")
    tab_to(page, frame, "Submit page")
    page.keyboard.press("Enter")
    assert "6 answers" in focused_text(frame, "[role=status]")
    [answer] = pages.answers()
    assert [each["choice"] for each in answer["decisions"]] == ["keep", "revoke", "keep", "keep", "keep", "keep"]
    assert answer["decisions"][1]["reason"] == "left for another team"
    tab_to(page, frame, "Next page")
    page.keyboard.press("Enter")
    frame.wait_for_selector("legend")
    assert "7." in frame.locator("legend").first.text_content()  # type: ignore[operator]
    context.close()


def test_the_focus_goes_through_a_page_in_its_order(chromium: Browser, pages: Pages) -> None:
    with visiting(chromium, pages, "grace@shop.example") as context:
        page = context.new_page()
        page.goto(GRACE)
        passed = tab_to(page, page, "Submit page")
        groups = [name.rsplit("-", 1)[0] if name.startswith("decision") else name for name in passed]
        assert groups == [
            "Skip to content",
            "My reviews",
            *(f"{kind}-{position}" for position in (1, 2, 3) for kind in ("decision", "reason")),
            "Submit page",
        ]
        page.goto(GRACE)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert str(page.evaluate(FOCUSED)).startswith("decision-1-")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(chromium: Browser, pages: Pages, scheme: str) -> None:
    with visiting(chromium, pages, "grace@shop.example", color_scheme=scheme) as context:
        page = context.new_page()
        for path in ("/tieout/", GRACE, ADA, "/tieout/none"):
            page.goto(path)
            assert faults(page) == [], path
        page.goto(GRACE)
        page.get_by_role("button", name="Submit page").click()
        page.wait_for_selector(".told")
        assert faults(page) == []
        for group in range(1, 4):
            page.locator(f"#decision-{group}-1").check()
        with pages.down():
            page.get_by_role("button", name="Submit page").click()
            page.wait_for_selector("h1:text-is('Please submit again')")
            assert faults(page) == []
        page.get_by_role("button", name="Submit again").click()
        page.wait_for_selector("h1:text-is('Stored')")
        assert faults(page) == []


def test_pages_take_over_the_theme_around_them(chromium: Browser, pages: Pages) -> None:
    with visiting(chromium, pages, color_scheme="light") as context:
        page = context.new_page()
        page.goto("/plugin/tieout")
        frame = frame_in(page)
        ground = "() => getComputedStyle(document.documentElement).backgroundColor"
        page.evaluate("() => document.documentElement.classList.remove('dark')")
        frame.wait_for_selector("html[data-theme=light]", state="attached")
        light = frame.evaluate(ground)
        page.evaluate("() => document.documentElement.classList.add('dark')")
        frame.wait_for_selector("html[data-theme=dark]", state="attached")
        assert frame.evaluate(ground) != light
        frame.goto(f"{pages.url}{ADA}")
        frame.wait_for_selector("html[data-theme=dark]", state="attached")


def test_a_page_is_decided_without_javascript(chromium: Browser, pages: Pages) -> None:
    with visiting(chromium, pages, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/tieout/")
        page.get_by_role("link", name=re.compile("Start|Go on")).first.click()
        page.get_by_role("button", name="Submit page").click()
        page.get_by_role("alert").wait_for()
        for group in page.get_by_role("radiogroup").all():
            group.get_by_label("Not now").check()
        page.get_by_role("radiogroup").first.get_by_label("Change").check()
        page.get_by_label(re.compile("Reason for")).first.fill("read only, please")
        page.get_by_role("button", name="Submit page").click()
        page.get_by_role("heading", name="Stored", exact=True).wait_for()
    [answer] = pages.answers()
    assert [(each["choice"], each["reason"]) for each in answer["decisions"]] == [("change", "read only, please")]


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_window(chromium: Browser, pages: Pages, width: int) -> None:
    with visiting(chromium, pages) as context:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 700})
        for path in ("/tieout/", f"{ADA}"):
            page.goto(path)
            assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"), path


def test_another_site_can_neither_submit_nor_show_a_page(chromium: Browser, pages: Pages) -> None:
    other = pages.url.replace("127.0.0.1", "localhost")
    with visiting(chromium, pages) as context:
        page = context.new_page()
        page.goto(ADA)
        fields = f"<input name='token' value='{page.locator('input[name=token]').input_value()}'>"
        form = f"<form method='post' action='{pages.url}{ADA}'>{fields}</form><script>document.forms[0].submit()</script>"
        page.route(f"{other}/form", lambda route: route.fulfill(content_type="text/html", body=form))
        page.goto(f"{other}/form")
        page.wait_for_url(f"{pages.url}{ADA}")
        assert page.get_by_role("heading", level=1).text_content() == "Not from here"
        around = f"<iframe src='{pages.url}{ADA}'></iframe>"
        page.route(f"{other}/frame", lambda route: route.fulfill(content_type="text/html", body=around))
        page.goto(f"{other}/frame")
        assert [frame.locator("fieldset, main").count() for frame in page.frames] == [0, 0]
    assert pages.answers() == []
