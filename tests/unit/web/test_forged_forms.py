# SPDX-License-Identifier: Apache-2.0
"""Forms that are somebody else's, of another page, old, or edited: each is refused, and stores nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.unit.web.browsing import ADA, KEY, Form, World, form_in, refused
from tests.unit.web.desk import CAMPAIGN, item

from tieout.web.stamps import Bearer, read, write


@pytest.mark.parametrize("user", ["", "grace", "nameless", "mallory"])
def test_somebody_elses_form_is_refused(world: World, form: Form, user: str) -> None:
    answer = world.post(form, user=user)
    refused(world, {"grace": 404, "nameless": 403}.get(user, 401), answer.status_code, answer.text)


def test_a_token_of_another_user_with_the_same_person_is_refused(world: World, form: Form) -> None:
    answer = world.post(form, user="simple")
    refused(world, 403, answer.status_code)
    assert "not made for you" in answer.text


def test_a_token_of_another_assignment_is_refused(world: World, form: Form) -> None:
    world.desk.given["2-ada"] = world.desk.given["1-ada"]
    form.action = form.action.replace("1-ada", "2-ada")
    answer = world.post(form)
    refused(world, 403, answer.status_code)


def test_a_token_of_another_page_takes_no_item_of_this_one(world: World, form: Form) -> None:
    other = form_in(world.get(f"{ADA}?after={item(15).id}"))
    form.fields["token"] = other.fields["token"]
    answer = world.post(form)
    refused(world, 400, answer.status_code)


def test_an_item_of_somebody_else_or_of_nobody_is_refused(world: World, form: Form) -> None:
    for stranger in (item(101).id, item(20).id, "0" * 20, "", "x.y", "../../etc/passwd"):
        tried = Form(form.action, form.method, {**form.fields, f"decision.{stranger}": "keep"})
        answer = world.post(tried)
        refused(world, 400, answer.status_code)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:0],
        lambda token: token[:1],
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token + "=",
        lambda token: " " + token,
        lambda token: token.replace(".", ".."),
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[0] + ".",
        lambda token: ("B" if token[0] == "A" else "A") + token[1:],
        lambda token: token + "é",
        lambda token: token * 20,
        lambda token: token.swapcase(),
    ],
)
def test_an_edited_token_is_refused(world: World, form: Form, change: Callable[[str], str]) -> None:
    form.fields["token"] = change(form.fields["token"])
    answer = world.post(form)
    refused(world, 403, answer.status_code)


def test_a_token_under_another_key_is_refused(world: World, form: Form) -> None:
    bearer = Bearer("1", CAMPAIGN, "1-ada")
    stamp = read(form.fields["token"], KEY, bearer)
    assert stamp is not None
    form.fields["token"] = write(stamp, b"another key", bearer)
    refused(world, 403, world.post(form).status_code)


def test_an_expired_token_and_one_of_the_future_store_nothing(world: World, form: Form) -> None:
    world.clock.now += timedelta(hours=12, milliseconds=1)
    refused(world, 409, world.post(form).status_code)
    world.clock.now -= timedelta(hours=13)
    refused(world, 409, world.post(form).status_code)


def test_a_page_that_has_changed_since_is_refused(world: World, form: Form) -> None:
    world.desk.change("1-ada", 3, flags=("privileged",))
    answer = world.post(form)
    refused(world, 409, answer.status_code)
    assert "has changed since" in answer.text


@pytest.mark.parametrize("choice", ["approve", "", "KEEP", "keep ", "keep\n", "later\0", "<b>"])
def test_a_choice_that_is_not_offered_is_refused(world: World, form: Form, choice: str) -> None:
    form.fields[f"decision.{item(1).id}"] = choice
    refused(world, 400, world.post(form).status_code)


@pytest.mark.parametrize("name", ["admin", "row_sha256", "token2", "decision", f"DECISION.{item(1).id}", "__proto__", "person"])
def test_a_field_that_no_page_has_is_refused(world: World, form: Form, name: str) -> None:
    form.fields[name] = "keep"
    refused(world, 400, world.post(form).status_code)
