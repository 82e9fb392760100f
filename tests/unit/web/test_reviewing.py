# SPDX-License-Identifier: Apache-2.0
"""A review from the first page to the last, and what is shown and stored on the way."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
import rfc8785
from tests.unit.web.browsing import ADA, World, form_in
from tests.unit.web.desk import CAMPAIGN, NOW, item


def test_tasks_show_what_is_open_and_where_to_start(world: World) -> None:
    page = world.get("/tieout/")
    assert page.status_code == 200
    assert "Access review 2026-Q1" in page.text
    assert "0 of 20 accounts decided" in page.text
    assert f'href="{ADA}"' in page.text
    assert "1-grace" not in page.text
    assert "ada@shop.example" in page.text.lower()


def test_a_review_is_decided_page_by_page(world: World) -> None:
    first = world.get(ADA)
    assert "Page 1 of 2" in first.text
    receipt = world.post(form_in(first).choose("keep").choose("revoke", "left the team", 2))
    assert receipt.status_code == 200
    assert "<h1>Stored</h1>" in receipt.text
    assert "response-0001" in receipt.text
    assert "left the team" in receipt.text
    assert "15 of 20 decided" in receipt.text
    [answer] = world.desk.answers
    assert [each.choice for each in answer.decisions].count("keep") == 14
    assert answer.decisions[1] == type(answer.decisions[1])(item(2).id, item(2).row_sha256, "revoke", "left the team")
    second = world.get(f"{ADA}?after={answer.decisions[-1].item}")
    assert "Page 1 of 1" in second.text
    last = world.post(form_in(second).choose("keep"))
    assert "That was all" in last.text
    assert "Nothing is waiting for you" in world.get("/tieout/").text
    assert "That is all" in world.get(ADA).text


def test_nothing_is_decided_beforehand(world: World) -> None:
    assert " checked" not in world.get(ADA).text
    form = form_in(world.get(ADA))
    assert set(form.fields) == {"token", *(f"reason.{item(number).id}" for number in range(1, 16))}
    assert set(map(tuple, form.offered.values())) == {("keep", "revoke", "change", "later")}


def test_what_is_missing_is_said_at_its_item_and_the_rest_is_kept(world: World) -> None:
    form = form_in(world.get(ADA)).choose("keep").choose("revoke", "", 3).choose("change", "only reading", 4)
    del form.fields[f"decision.{item(5).id}"]
    answer = world.post(form)
    assert answer.status_code == 422
    assert not world.desk.answers
    assert answer.text.count('class="problem"') == 2
    assert 'href="#reason-3"' in answer.text
    assert 'href="#decision-5-1"' in answer.text
    again = form_in(answer)
    assert again.fields["token"] == form.fields["token"]
    assert again.fields == form.fields
    world.post(again.choose("revoke", "no longer here", 3).choose("later", "", 5))
    assert len(world.decided()) == 14
    assert world.decided()[item(4).id] == ("change", "only reading")


def test_not_now_leaves_an_item_open_and_says_what_is_not_stored(world: World) -> None:
    receipt = world.post(form_in(world.get(ADA)).choose("later").choose("keep", "", 1).choose("later", "have to ask", 2))
    assert world.decided() == {item(1).id: ("keep", None)}
    assert "beside 1 item that you left open is not stored" in receipt.text
    assert "19 left open" in receipt.text


def test_a_page_left_as_it_was_stores_nothing(world: World) -> None:
    receipt = world.post(form_in(world.get(ADA)).choose("later"))
    assert receipt.status_code == 200
    assert "Nothing to store" in receipt.text
    assert "Stored" not in receipt.text
    assert not world.desk.answers


def test_reasons_keep_their_lines_and_their_script(world: World) -> None:
    said = "فريق المالية\r\nstill needs it 👩‍💻"
    receipt = world.post(form_in(world.get(ADA)).choose("later").choose("keep", said, 1))
    assert world.decided() == {item(1).id: ("keep", said.replace("\r\n", "\n"))}
    assert "still needs it 👩‍💻" in receipt.text


@pytest.mark.parametrize(
    ("reason", "status"), [("x" * 500, 200), ("x" * 501, 422), ("👩" * 251, 422), ("a\x07b", 422), ("  ", 422)]
)
def test_reasons_have_bounds(world: World, reason: str, status: int) -> None:
    assert world.post(form_in(world.get(ADA)).choose("later").choose("revoke", reason, 1)).status_code == status


def test_an_answer_says_what_was_seen_for_how_long_and_when(world: World) -> None:
    page = world.get(ADA)
    world.clock.now = NOW + timedelta(seconds=41, milliseconds=250)
    world.post(form_in(page).choose("keep"))
    [answer] = world.desk.answers
    assert (answer.campaign, answer.assignment, answer.channel) == (CAMPAIGN, "1-ada", ("airflow", False))
    assert (answer.dwell_ms, answer.shown) == (41_250, 15)
    assert answer.acted_at == world.clock.now
    assert answer.presented_sha256 == hashlib.sha256(rfc8785.dumps(answer.presented)).hexdigest()
    assert answer.presented["surface"] == "airflow page"
    assert item(1).holder in answer.presented["html"]
    assert item(15).title in answer.presented["text"]
    assert "Person 1" not in str(answer.presented)
    assert "Person 1" in page.text
    assert "ada@" not in str(answer.presented).lower()


def test_what_was_presented_is_what_was_shown_but_for_names(world: World) -> None:
    world.desk.known = {}
    page = world.get(ADA)
    world.post(form_in(page).choose("keep"))
    assert world.desk.answers[0].presented["html"] in page.text


def test_errors_do_not_change_what_was_presented_or_when(world: World) -> None:
    page = world.get(ADA)
    world.clock.now += timedelta(seconds=10)
    refused = world.post(form_in(page).choose("revoke"))
    world.clock.now += timedelta(seconds=10)
    world.post(form_in(refused).choose("keep"))
    [answer] = world.desk.answers
    assert answer.dwell_ms == 20_000
    assert "problem" not in answer.presented["html"]
    assert " checked" not in answer.presented["html"]


def test_an_answer_can_be_changed_while_the_campaign_is_open(world: World) -> None:
    receipt = world.post(form_in(world.get(ADA)).choose("keep"))
    again = world.get(f"{ADA}?" + "&".join(f"item={item(number).id}" for number in range(1, 16)))
    assert f"item={item(15).id}" in receipt.text
    world.post(form_in(again).choose("later").choose("revoke", "wrong before", 7))
    assert world.decided()[item(7).id] == ("revoke", "wrong before")
    assert world.decided()[item(8).id] == ("keep", None)
    assert len(world.desk.answers) == 2


def test_the_same_form_again_is_stored_once_and_shows_the_same_receipt(world: World) -> None:
    form = form_in(world.get(ADA)).choose("keep")
    first, second = world.post(form), world.post(form)
    assert len(world.desk.answers) == 1
    assert "response-0001" in first.text
    assert "response-0001" in second.text


def test_a_refusal_is_shown_as_one(world: World) -> None:
    form = form_in(world.get(ADA)).choose("keep")
    world.desk.closed = "The review was closed on 3 April 2026."
    answer = world.post(form)
    assert answer.status_code == 403
    assert "closed on 3 April" in answer.text
    assert "Nothing of this page was stored" in answer.text
    assert not world.desk.answers
    assert "It takes no more answers" in world.get("/tieout/").text
    assert f'href="{ADA}"' not in world.get("/tieout/").text


@pytest.mark.parametrize("method", ["summary", "shown", "names", "answer"])
def test_a_store_that_does_not_answer_loses_nothing_and_claims_nothing(world: World, method: str) -> None:
    form = form_in(world.get(ADA)).choose("keep").choose("revoke", "two\nlines <b>", 2)
    world.desk.down = {method}
    answer = world.post(form)
    assert answer.status_code == 503
    assert "nobody can say whether this page was stored" in answer.text
    assert "<h1>Stored" not in answer.text
    assert not world.desk.answers
    world.desk.down = set()
    kept = form_in(answer)
    assert kept.fields == form.fields
    receipt = world.post(kept)
    assert "<h1>Stored</h1>" in receipt.text
    assert world.decided()[item(2).id] == ("revoke", "two\nlines <b>")


@pytest.mark.parametrize("path", ["/tieout/", ADA])
def test_a_store_that_does_not_answer_a_reader_says_so(world: World, path: str) -> None:
    world.desk.down = {"tasks", "summary"}
    answer = world.get(path)
    assert answer.status_code == 503
    assert "Please try again" in answer.text


def test_a_page_that_was_open_too_long_is_shown_again_with_what_was_filled_in(world: World) -> None:
    form = form_in(world.get(ADA)).choose("keep").choose("revoke", "gone", 2)
    world.clock.now += timedelta(hours=12, seconds=1)
    answer = world.post(form)
    assert answer.status_code == 409
    assert "open for a long time" in answer.text
    assert not world.desk.answers
    fresh = form_in(answer)
    assert fresh.fields["token"] != form.fields["token"]
    assert {name: said for name, said in fresh.fields.items() if name != "token"} == {
        name: said for name, said in form.fields.items() if name != "token"
    }
    world.post(fresh)
    assert world.desk.answers[0].dwell_ms == 0


def test_times_are_the_programs_with_utc_beside(world: World) -> None:
    text = world.get("/tieout/").text
    assert (
        '<time datetime="2026-04-14T22:30:00Z" lang="en-GB">15 April 2026, 00:30 Europe/Berlin (14 April 2026, 22:30 UTC)' in text
    )


def test_numbers_and_times_have_the_readers_form(world: World) -> None:
    many = tuple(item(number) for number in range(1, 1301))
    world.desk.given["1-ada"].items = many
    german = world.get("/tieout/", **{"accept-language": "de-DE,de;q=0.9"})
    assert "0 of 1.300 accounts" in german.text
    assert 'lang="de">15. April 2026, 00:30' in german.text
    assert "0 of 1,300 accounts" in world.get("/tieout/", **{"accept-language": "xx-nonsense;;"}).text
    page = world.get(ADA, **{"accept-language": "de"})
    world.post(form_in(page).choose("keep"))
    assert world.desk.answers[0].presented["language"] == "de"
