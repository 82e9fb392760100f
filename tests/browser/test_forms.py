# SPDX-License-Identifier: Apache-2.0
"""A form with a file in a real browser: filled in, looked at, its file saved and not shown, accepted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.driving import faults
from tests.unit.campaigns.conftest import client, signers  # noqa: F401 - fixtures
from tests.unit.web.form_bench import LOG, FormBench, browsing, new_bench
from tieout.evidence.layout import Class

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _nobody_has_answered() -> None:
    """Airflow is not asked here: each test has a form of its own."""


@pytest.fixture
def bench(client: Any, signers: Any, repository: Path) -> FormBench:  # noqa: F811
    """Return a form in a bucket of its own."""
    return new_bench(client, signers, repository)


@pytest.fixture
def address(bench: FormBench) -> Iterator[str]:
    with browsing(bench) as found:
        yield found


@contextmanager
def page_of(chromium: Browser, address: str, user: str) -> Iterator[Page]:
    """Open a page as somebody whom Airflow knows."""
    context = chromium.new_context(base_url=address, locale="en-GB", extra_http_headers={"x-user": user}, accept_downloads=True)
    yield context.new_page()
    context.close()


def fill_in(page: Page, bench: FormBench, file: Path) -> None:
    page.goto(bench.form)
    page.get_by_label("Day of the restore").fill("2026-02-03")
    page.get_by_label("Time it took").fill("1.5")
    page.get_by_label("Whole", exact=True).check()
    page.get_by_label("Log").set_input_files(file)
    page.get_by_role("button", name="Hand in").click()


def test_a_form_is_filled_in_looked_at_and_accepted(chromium: Browser, bench: FormBench, address: str, tmp_path: Path) -> None:
    file = tmp_path / "restore.txt"
    file.write_bytes(LOG[1])
    with page_of(chromium, address, "ann") as ann, page_of(chromium, address, "len") as leni:
        fill_in(ann, bench, file)
        ann.wait_for_selector("h1:text-is('Stored')")
        assert faults(ann) == []
        leni.goto(bench.look)
        assert faults(leni) == []
        with leni.expect_download() as waiting:
            leni.get_by_role("link", name="restore.txt").click()
        saved = tmp_path / "saved"
        waiting.value.save_as(saved)
        assert (waiting.value.suggested_filename, saved.read_bytes()) == ("restore.txt", LOG[1])
        assert leni.url.endswith(bench.look), "the page stays where it is"
        leni.get_by_label("I accept it").check()
        leni.get_by_role("button", name="Submit").click()
        leni.wait_for_selector("h1:text-is('Stored')")
        assert faults(leni) == []
    assert bench.case.ledger.state.outcome(bench.item) is not None


def test_what_is_wrong_stands_at_its_field_and_a_file_is_chosen_again(
    chromium: Browser, bench: FormBench, address: str, tmp_path: Path
) -> None:
    file = tmp_path / "restore.pdf"
    file.write_bytes(b"<svg onload=alert(1)>")
    with page_of(chromium, address, "ann") as ann:
        ann.goto(bench.form)
        assert faults(ann) == []
        fill_in(ann, bench, file)
        ann.wait_for_selector("#problem-proof")
        assert faults(ann) == []
        assert ann.get_by_label("Time it took").input_value() == "1.5"
        assert bench.keys(Class.FILE) == []
        good = tmp_path / "restore.txt"
        good.write_bytes(LOG[1])
        ann.get_by_label("Log").set_input_files(good)
        ann.get_by_role("button", name="Hand in").click()
        ann.wait_for_selector("h1:text-is('Stored')")
    assert len(bench.keys(Class.FILE)) == 1
