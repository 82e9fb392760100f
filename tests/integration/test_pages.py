# SPDX-License-Identifier: Apache-2.0
"""The pages on a real api-server under the simple auth manager: who gets in, from where, and what is logged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.pages import PASSWORD, Pages, running_pages
from tests.unit.web.browsing import form_in
from tests.unit.web.desk import CAMPAIGN

pytestmark = pytest.mark.integration

ADA = f"/tieout/campaigns/{CAMPAIGN}/1-ada"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Pages]:
    with running_pages(tmp_path_factory.mktemp("pages"), repository) as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody_has_answered(pages: Pages) -> None:
    """Start each test where nobody has decided anything."""
    pages.forget()


def client(pages: Pages, user: str | None) -> httpx.Client:
    """Return a client that is signed in as browsers are: by cookie."""
    cookies = {"_token": pages.token(user)} if user else {}
    return httpx.Client(base_url=pages.url, cookies=cookies, timeout=30)


@pytest.mark.parametrize("path", ["", f"campaigns/{CAMPAIGN}/1-ada", "static/tieout.css", "static/icon.svg"])
def test_nobody_gets_in_without_signing_in(pages: Pages, path: str) -> None:
    with client(pages, None) as browser:
        answer = browser.get(f"/tieout/{path}")
        assert answer.status_code == 401
        assert "/auth/login?next=" in answer.text
        assert answer.headers["content-security-policy"].endswith("frame-ancestors 'self'")
        assert browser.get(f"/tieout/{path}", headers={"authorization": "Bearer x.y.z"}).status_code == 403
        assert browser.get(f"/tieout/{path}", headers={"cookie": "_token=x.y.z"}).status_code == 403


def test_no_description_of_the_routes_is_served(pages: Pages) -> None:
    with client(pages, "admin") as browser:
        for path in ("docs", "redoc", "openapi.json"):
            answer = browser.get(f"/tieout/{path}")
            assert answer.status_code == 404
            assert "No such page" in answer.text


def test_an_administrator_of_airflow_is_no_person_of_ours(pages: Pages) -> None:
    with client(pages, "admin") as browser:
        answer = browser.get("/tieout/")
        assert answer.status_code == 403
        assert "your Airflow user has none" in answer.text
        assert browser.get("/tieout/static/tieout.css").status_code == 200


def test_the_ui_knows_the_view_and_its_icons(pages: Pages) -> None:
    with client(pages, "ada@shop.example") as browser:
        [plugin] = [each for each in browser.get("/api/v2/plugins").json()["plugins"] if each["name"] == "tieout_pages"]
        [view] = plugin["external_views"]
        assert (view["destination"], view["href"]) == ("nav", "/tieout/")
        assert browser.get(view["icon"]).headers["content-type"] == "image/svg+xml"


def test_a_page_is_decided_and_what_came_from_elsewhere_is_not(pages: Pages) -> None:
    with client(pages, "ada@shop.example") as browser, client(pages, "grace@shop.example") as other:
        form = form_in(browser.get(ADA)).choose("keep").choose("revoke", "a most private reason", 4)
        for headers in ({}, {"origin": "https://evil.example"}, {"sec-fetch-site": "same-site", "origin": pages.url}):
            assert browser.post(form.action, data=form.fields, headers=headers).status_code == 403
        here = {"origin": pages.url}
        assert other.post(form.action, data=form.fields, headers=here).status_code == 404
        assert other.get(ADA).status_code == 404
        assert pages.answers() == []
        with pages.down():
            answer = browser.post(form.action, data=form.fields, headers=here)
            assert answer.status_code == 503
            assert "nobody can say whether this page was stored" in answer.text
        again = form_in(answer)
        receipt = browser.post(again.action, data=again.fields, headers=here)
        assert receipt.status_code == 200
        assert "response-0001" in receipt.text
        assert "response-0001" in browser.post(form.action, data=form.fields, headers=here).text
    [stored] = pages.answers()
    assert (stored["user"], stored["person"], stored["channel"]) == ("ada@shop.example", "ada@shop.example", ["airflow", False])
    assert stored["dwell_ms"] > 0
    log = pages.log.read_text()
    for secret in ("private reason", PASSWORD, form.fields["token"], "ada@"):
        assert secret not in log


def test_a_long_body_is_cut_short(pages: Pages) -> None:
    with client(pages, "ada@shop.example") as browser:
        headers = {"origin": pages.url, "content-type": "application/x-www-form-urlencoded"}
        answer = browser.post(ADA, content=(b"a" * 65_536 for _ in range(32)), headers=headers)
        assert answer.status_code == 413
        assert browser.get("/tieout/").status_code == 200
