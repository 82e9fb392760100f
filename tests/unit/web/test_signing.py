# SPDX-License-Identifier: Apache-2.0
"""The page of a sign-off: what is shown and stored, and every way in which nothing is."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import rfc8785
from tests.unit.web.browsing import ADA, SAME, SIGN, Form, World, form_in
from tests.unit.web.desk import CAMPAIGN, NOW, to_sign

from tieout.campaigns.responder import MAX_PRESENTED
from tieout.desks.sign_off_desk import SignOffStanding
from tieout.web.forms import MAX_BODY
from tieout.web.reading import Reader
from tieout.web.sign_off_page import presented_sign_off


@pytest.fixture
def world(world: World) -> World:
    """Return the pages, on which Grace is asked for her sign-off."""
    world.desk.to_sign = to_sign()
    return world


@pytest.fixture
def form(world: World) -> Form:
    """Return Grace's form, filled in and not yet submitted."""
    return form_in(world.get(SIGN, user="grace")).say("approve")


def refused(world: World, status: int, answer_status: int) -> None:
    assert answer_status == status
    assert world.desk.signed == []


def test_what_waits_stands_among_the_tasks_of_who_is_asked(world: World) -> None:
    page = world.get("/tieout/", user="grace").text
    assert f'href="{SIGN}"' in page
    assert "waits for your sign-off" in page
    assert "sign-off" not in world.get("/tieout/", user="ada").text


def test_who_has_nothing_but_a_sign_off_is_not_told_that_nothing_waits(world: World) -> None:
    world.desk.given.clear()
    assert "Nothing is waiting" not in world.get("/tieout/", user="grace").text
    assert "Nothing is waiting" in world.get("/tieout/", user="ada").text


def test_it_is_read_signed_off_and_what_was_stored_is_shown(world: World, form: Form) -> None:
    page = world.get(SIGN, user="grace").text
    for shown in ("d" * 64, "<bdi>Not proven: 1.</bdi>", "user-007, admin: &lt;b&gt;It&lt;/b&gt; was revoked."):
        assert shown in page
    assert " checked" not in page
    receipt = world.post(form, user="grace")
    assert receipt.status_code == 200
    assert "<h1>Stored</h1>" in receipt.text
    assert "You signed off what" in receipt.text
    [said] = world.desk.signed
    assert (said.campaign, said.about_sha256, said.approved, said.reason) == (CAMPAIGN, "d" * 64, True, "")
    assert (said.channel, said.acted_at) == (("airflow", False), NOW)
    assert hashlib.sha256(rfc8785.dumps(said.presented)).hexdigest() == said.presented_sha256
    assert said.presented["about_sha256"] == "d" * 64
    assert "Not proven: 1." in said.presented["text"]
    assert "grace" not in json.dumps(said.presented).lower()
    done = world.get(SIGN, user="grace").text
    assert "<h1>Signed off</h1>" in done
    assert "<form" not in done
    assert "waits for your sign-off" not in world.get("/tieout/", user="grace").text


def test_a_form_that_is_sent_twice_is_stored_once(world: World, form: Form) -> None:
    first = world.post(form, user="grace")
    assert world.post(form, user="grace").text == first.text
    assert len(world.desk.signed) == 1


def test_returning_needs_a_reason_and_says_that_one_is_asked_again(world: World, form: Form) -> None:
    for reason in ("", "   ", "..."):
        answer = world.post(form.say("return", reason), user="grace")
        refused(world, 422, answer.status_code)
        assert "Please say why you return it." in answer.text
        assert form_in(answer).fields["said"] == "return"
    receipt = world.post(form_in(answer).say("return", "b2 still stands"), user="grace").text
    assert "You returned what" in receipt
    assert "you are asked again" in receipt
    assert [(each.approved, each.reason) for each in world.desk.signed] == [(False, "b2 still stands")]
    again = world.get(SIGN, user="grace").text
    assert "It was returned" in again
    assert world.post(form_in(world.get(SIGN, user="grace")).say("approve"), user="grace").status_code == 200
    assert [each.approved for each in world.desk.signed] == [False, True]


def test_nothing_is_assumed(world: World, form: Form) -> None:
    del form.fields["said"]
    answer = world.post(form, user="grace")
    refused(world, 422, answer.status_code)
    assert "Choose one" in answer.text


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("said", "certify", 400),
        ("said", "APPROVE", 400),
        ("reason", "x" * 501, 422),
        ("reason", "a\x07b", 422),
        ("more", "", 400),
    ],
)
def test_what_the_page_does_not_offer_is_refused(world: World, form: Form, field: str, value: str, status: int) -> None:
    form.fields[field] = value
    refused(world, status, world.post(form, user="grace").status_code)


@pytest.mark.parametrize("user", ["", "ada", "nameless", "mallory", "simple"])
def test_nobody_else_sees_it_or_signs_it(world: World, form: Form, user: str) -> None:
    status = {"ada": 404, "simple": 404, "nameless": 403}.get(user, 401)
    answer = world.get(SIGN, user=user)
    assert answer.status_code == status
    assert "d" * 64 not in answer.text
    refused(world, status, world.post(form, user=user).status_code)


@pytest.mark.parametrize("path", ["another.2026-Q1", "a..b", "%2e%2e", "x" * 200])
def test_a_campaign_that_is_not_there_is_answered_as_one_of_others(world: World, path: str) -> None:
    answer = world.get(f"/tieout/sign-offs/{path}", user="grace")
    assert answer.status_code == 404
    assert "Access review" not in answer.text


def test_tokens_of_reviews_and_of_sign_offs_are_not_good_for_each_other(world: World, form: Form) -> None:
    review = form_in(world.get(ADA.replace("1-ada", "1-grace"), user="grace"))
    own = form.fields["token"]
    form.fields["token"] = review.fields["token"]
    refused(world, 403, world.post(form, user="grace").status_code)
    review.fields["token"] = own
    assert world.post(review.choose("keep"), user="grace").status_code == 403
    assert world.desk.answers == []


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_what_comes_from_elsewhere_is_refused(world: World, form: Form, headers: dict[str, str]) -> None:
    refused(world, 403, world.post(form, user="grace", headers=headers).status_code)


def test_what_has_become_another_document_is_to_be_read_again(world: World, form: Form) -> None:
    world.desk.to_sign = to_sign(about_sha256="e" * 64)
    answer = world.post(form, user="grace")
    refused(world, 409, answer.status_code)
    assert "has changed since" in answer.text


def test_what_somebody_else_has_signed_off_meanwhile_is_said(world: World, form: Form) -> None:
    world.desk.to_sign = to_sign(standing=SignOffStanding(True, NOW, "0" * 32))
    answer = world.post(form, user="grace")
    refused(world, 409, answer.status_code)
    assert "signed off already" in answer.text


def test_a_page_that_was_long_open_is_shown_once_more_with_what_was_filled_in(world: World, form: Form) -> None:
    world.clock.now += timedelta(hours=13)
    answer = world.post(form.say("return", "b2 still stands"), user="grace")
    refused(world, 409, answer.status_code)
    again = form_in(answer)
    assert (again.fields["said"], again.fields["reason"]) == ("return", "b2 still stands")
    assert world.post(again, user="grace").status_code == 200


def test_where_the_desk_does_not_answer_the_same_form_is_sent_again(world: World, form: Form) -> None:
    world.desk.down = {"sign_off"}
    answer = world.post(form.say("return", "b2 still stands"), user="grace")
    refused(world, 503, answer.status_code)
    again = form_in(answer)
    assert again.action == SIGN
    world.desk.down = set()
    assert world.post(again, user="grace").status_code == 200
    assert [each.reason for each in world.desk.signed] == ["b2 still stands"]


def test_a_long_body_is_cut_short(world: World) -> None:
    headers = {"x-user": "grace", "content-type": "application/x-www-form-urlencoded", **SAME}
    answer = world.send("POST", SIGN, content=b"reason=" + b"a" * MAX_BODY, headers=headers)
    refused(world, 413, answer.status_code)


@pytest.mark.parametrize("character", ["&", '"', "\N{CJK UNIFIED IDEOGRAPH-4E00}", "\N{GRINNING FACE}", "\\", "x"])
def test_what_was_presented_fits_where_it_is_stored_and_says_how_much_is_left_out(character: str) -> None:
    asked = to_sign(lines=tuple("- " + character * 600 for _ in range(1000)), title=character * 600)
    seen = presented_sign_off(asked, Reader("en-GB", ZoneInfo("Europe/Berlin")))
    assert len(rfc8785.dumps(seen.document)) < MAX_PRESENTED
    shown = seen.document["html"].count("<li>")
    assert f"And {1000 - shown} lines more" in seen.document["text"].replace(",", "")


def test_a_document_of_an_ordinary_review_is_shown_whole() -> None:
    asked = to_sign(lines=("- user-007, admin: it was revoked, and still stands.",) * 1000)
    assert presented_sign_off(asked, Reader("en-GB", ZoneInfo("Europe/Berlin"))).document["html"].count("<li>") == 1000
