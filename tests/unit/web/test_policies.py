# SPDX-License-Identifier: Apache-2.0
"""Policies on the pages of Airflow's users: what is accepted stands there word for word, and a question is answered with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.campaigns.conftest import client, signers, staging, store  # noqa: F401 - fixtures
from tests.unit.web.browsing import USERS, SimpleUser, form_in
from tests.unit.web.browsing import World as Browser
from tests.unit.web.link_scene import ATTACK, World, running

from tieout.campaigns.events import Decided


@pytest.fixture
def world(store: Any, staging: Any, signers: Any) -> Iterator[World]:  # noqa: F811
    with running(store, staging, signers) as made:
        yield made


@pytest.fixture
def browser(world: World) -> Iterator[Browser]:
    USERS.update({letter: SimpleUser(f"{letter}@shop.example") for letter in "abc"})
    made = Browser(site={"desk": lambda: world.desk.desk, "person_of": lambda address: address[0], "now": world.clock})
    yield made
    made.pool.close()


def test_policies_are_acknowledged_on_a_page_with_their_statement_link_and_question(world: World, browser: Browser) -> None:
    assert "0 of 2 policies acknowledged" in browser.get("/tieout/", user="a").text
    [mine] = [each.id for each in world.definition.assignments.values() if each.person == "a"]
    address = f"/tieout/campaigns/{world.definition.campaign}/{mine}"
    page = browser.get(address, user="a")
    assert "I have read i1." in page.text
    assert ATTACK not in page.text
    assert page.text.count('href="https://intranet.example/p"') == 2
    assert "<textarea" not in page.text
    form = form_in(page)
    form.fields = {name: value for name, value in form.fields.items() if name == "token"}
    form.fields |= dict.fromkeys(re.findall(r'name="(decision\.[^"]+)"', page.text), "acknowledged")
    missing = browser.post(form, user="a")
    assert missing.status_code == 422
    assert 'href="#answer-1-1"' in missing.text
    form.fields["answer.i1"] = "1"
    stored = browser.post(form, user="a")
    assert "<h1>Stored</h1>" in stored.text
    assert "2 of 2 acknowledged" in stored.text
    assert "Hide" in stored.text
    [said] = [each for each in world.ledger().events.values() if isinstance(each, Decided)]
    assert {each.item: each.answer for each in said.decisions} == {"i1": "Hide", "i2": None}
    assert said.channel == ("airflow", False)


def test_an_answer_that_is_not_offered_or_a_reason_that_is_not_asked_for_is_refused(world: World, browser: Browser) -> None:
    [mine] = [each.id for each in world.definition.assignments.values() if each.person == "a"]
    address = f"/tieout/campaigns/{world.definition.campaign}/{mine}"
    for more in ({"answer.i1": "7"}, {"answer.i2": "0"}, {"reason.i1": "because"}, {"answer.i1": "-1"}):
        form = form_in(browser.get(address, user="a"))
        form.fields |= {"decision.i1": "acknowledged", "decision.i2": "later", **more}
        assert browser.post(form, user="a").status_code == 400
    assert [each for each in world.ledger().events.values() if isinstance(each, Decided)] == []


def test_nobody_acknowledges_what_was_given_to_somebody_else(world: World, browser: Browser) -> None:
    [mine] = [each.id for each in world.definition.assignments.values() if each.person == "a"]
    assert browser.get(f"/tieout/campaigns/{world.definition.campaign}/{mine}", user="b").status_code == 404
