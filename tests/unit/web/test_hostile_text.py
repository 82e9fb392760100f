# SPDX-License-Identifier: Apache-2.0
"""Texts that would be more than text, and what answers and logs may hold."""

from __future__ import annotations

import logging

import pytest
from tests.unit.web.browsing import ADA, GRACE, Form, World, form_in
from tests.unit.web.desk import item

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def test_names_flags_and_reasons_are_text(world: World) -> None:
    world.desk.title = world.desk.introduction = NASTY
    world.desk.given["1-ada"].title = NASTY
    world.desk.change("1-ada", 1, title=NASTY, facts=((NASTY, NASTY),), flags=(NASTY,))
    world.desk.known[str(item(1).holder)] = NASTY
    page = world.get(ADA)
    wrong = world.post(form_in(page).choose("revoke", NASTY).choose("revoke", "", 2))
    receipt = world.post(form_in(wrong).choose("keep", NASTY, 2))
    for answer in (page, wrong, receipt, world.get("/tieout/")):
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "&lt;script&gt;" in answer.text
    world.desk.closed = NASTY
    assert "<img" not in world.post(form_in(page).choose("keep")).text


def test_a_name_can_not_turn_or_hide_what_follows(world: World) -> None:
    world.desk.change("1-ada", 1, title="admin\u202egnp.exe\u2066\u200b\r\nSet-Cookie: x=y\x00")
    page = world.get(ADA)
    assert not set("\u202e\u2066\u200b\x00\r") & set(page.text)
    assert "set-cookie" not in page.headers


def test_headers_hold_nothing_of_a_request(world: World) -> None:
    answer = world.get(f"{ADA}?after=x%0d%0aSet-Cookie:%20a=b", **{"accept-language": "de\tx"})
    assert "set-cookie" not in answer.headers
    assert not [value for value in answer.headers.values() if "a=b" in value]


def test_every_answer_carries_the_headers(world: World) -> None:
    world.desk.down = {"names"}
    answers = [
        world.get("/tieout/"),
        world.get("/tieout/", user=""),
        world.get("/tieout/", user="nameless"),
        world.get(GRACE),
        world.get(ADA),
        world.get("/tieout/none"),
        world.get("/tieout/static/tieout.js"),
        world.send("POST", ADA),
        world.send("HEAD", ADA, headers={"x-user": "ada"}),
    ]
    assert [each.status_code for each in answers] == [200, 401, 403, 404, 503, 404, 200, 403, 405]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] in ("no-store", "private, max-age=3600")


def test_an_error_of_ours_says_nothing_and_logs_no_text(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def fail(method: str) -> None:
        msg = f"ada@shop.example failed in {method}"
        raise RuntimeError(msg)

    world.desk.before = fail
    with caplog.at_level(logging.DEBUG):
        answer = world.get("/tieout/")
    assert answer.status_code == 500
    assert answer.headers["cache-control"] == "no-store"
    assert "ada@" not in caplog.text + answer.text.replace("Ada@shop.example", "")
    assert "RuntimeError at test_hostile_text.py" in caplog.text


def test_no_form_reaches_a_log(world: World, form: Form, caplog: pytest.LogCaptureFixture) -> None:
    form.choose("revoke", "a very private reason")
    with caplog.at_level(logging.DEBUG):
        world.post(form, headers={})
        world.post(Form(ADA, "post", {**form.fields, "more": "a very private reason"}))
        world.desk.down = {"answer"}
        world.post(form)
        world.desk.down = set()
        world.post(form)
    assert len(world.desk.answers) == 1
    for secret in ("private reason", form.fields["token"], "ada@", item(1).id):
        assert secret not in caplog.text


def test_no_documentation_of_the_routes_is_served(world: World) -> None:
    for path in ("/tieout/docs", "/tieout/redoc", "/tieout/openapi.json", "/tieout/docs/oauth2-redirect"):
        assert world.get(path).status_code == 404
