# SPDX-License-Identifier: Apache-2.0
"""Personal links in a real browser: the code goes from the mail's link into the form, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.driving import faults
from tests.unit.campaigns.conftest import client, signers, staging, store  # noqa: F401 - fixtures
from tests.unit.web.link_scene import World, running
from tieout.evidence.layout import Class, class_of

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _nobody_has_answered() -> None:
    """Airflow is not asked here: each test has a campaign of its own."""


@pytest.fixture
def world(store: Any, staging: Any, signers: Any) -> Iterator[World]:  # noqa: F811
    with running(store, staging, signers) as made:
        made.send()
        yield made


@contextmanager
def visiting(chromium: Browser, asked: list[str], **more: Any) -> Iterator[BrowserContext]:
    """Open a window in which nobody is signed in; every address that it asks for is noted, and no script may fail."""
    failed: list[str] = []
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}, **more)
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: failed.append(str(error.error)))
    yield context
    context.close()
    assert failed == []


def answer(page: Page) -> None:
    """Acknowledge everything, as a person does."""
    page.wait_for_selector("h1:has-text('Policies')")
    assert faults(page) == []
    for group in page.get_by_role("group").all():
        group.get_by_label("Acknowledge").check()
    page.get_by_label("Tell").check()
    page.get_by_role("button", name="Submit").click()
    page.wait_for_selector("h1:text-is('Stored')")
    assert faults(page) == []


def answers(world: World) -> int:
    return sum(class_of(key) is Class.RESPONSE for key in world.store.keys("responses/"))


def test_whoever_opens_the_mails_link_is_asked_at_once_and_no_address_has_the_code(chromium: Browser, world: World) -> None:
    [token], asked = world.tokens("a"), list[str]()
    with visiting(chromium, asked) as context:
        page = context.new_page()
        page.goto(f"{world.url}/tieout/link/#{token}")
        answer(page)
        assert token not in page.url
    assert answers(world) == 1
    assert asked
    assert not [url for url in asked if token in url.partition("#")[0]]


def test_without_a_script_the_code_is_pasted(chromium: Browser, world: World) -> None:
    [token] = world.tokens("a")
    with visiting(chromium, [], java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{world.url}/tieout/link/#{token}")
        assert answers(world) == 0
        page.get_by_label("Code").fill(token)
        page.get_by_role("button", name="Open").click()
        page.wait_for_selector("h1:has-text('Policies')")


def test_what_stands_behind_the_hash_and_is_no_code_is_left_alone(chromium: Browser, world: World) -> None:
    with visiting(chromium, []) as context:
        page = context.new_page()
        page.goto(f"{world.url}/tieout/link/#<img src=x onerror=alert(1)>")
        page.wait_for_load_state("networkidle")
        assert page.get_by_label("Code").input_value() == ""
        assert faults(page) == []
    assert answers(world) == 0
