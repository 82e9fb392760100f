# SPDX-License-Identifier: Apache-2.0
"""Every route has a rule, and nobody gets past it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from tests.unit.web.browsing import ADA, GRACE, SAME, World, authenticated

from tieout.errors import ConfigurationError
from tieout.web.access import check, rules_of
from tieout.web.rendering import static_files

RULES = {
    ("GET", "/"): "person",
    ("GET", "/campaigns/{campaign}/{assignment}"): "assigned",
    ("POST", "/campaigns/{campaign}/{assignment}"): "assigned",
    ("GET", "/confirmations/{campaign}/{assignment}"): "assigned",
    ("POST", "/confirmations/{campaign}/{assignment}"): "assigned",
    ("GET", "/second-reviews/{campaign}/{assignment}"): "looker",
    ("POST", "/second-reviews/{campaign}/{assignment}"): "looker",
    ("GET", "/second-reviews/{campaign}/{assignment}/files/{sha256}"): "looker",
    ("GET", "/sign-offs/{campaign}"): "signer",
    ("POST", "/sign-offs/{campaign}"): "signer",
    ("GET", "/evidence"): "granted",
    ("GET", "/evidence-terms/{grant}"): "granted",
    ("POST", "/evidence-terms/{grant}"): "granted",
    ("GET", "/evidence/{grant}"): "granted",
    ("POST", "/evidence/{grant}"): "granted",
    ("GET", "/evidence/{grant}/{period}"): "granted",
    ("GET", "/evidence/{grant}/{period}/{control}"): "granted",
    ("GET", "/evidence/{grant}/{period}/{control}/{landing}"): "granted",
    ("POST", "/evidence/{grant}/{period}/{control}/{landing}"): "granted",
    ("GET", "/static/{name}"): "signed_in",
}


def test_every_route_has_the_rule_that_it_should_have(world: World) -> None:
    found = {}
    for route in world.app.routes:
        assert isinstance(route, APIRoute), f"{route} is no route with dependencies: nothing would guard it"
        assert authenticated in [each.dependency for each in route.dependencies], route.path
        [rule] = rules_of(route, world.app.state.rules)
        found |= {(method, route.path): rule for method in route.methods}
    assert found == RULES


def test_a_route_without_a_rule_is_not_served(world: World) -> None:
    world.app.add_api_route("/more", lambda: "more")
    with pytest.raises(ConfigurationError, match="expected one rule at '/more'"):
        check(world.app, world.app.state.rules)


def test_a_mounted_app_is_not_served(world: World) -> None:
    world.app.mount("/more", FastAPI())
    with pytest.raises(ConfigurationError, match="expected one rule at '/more'"):
        check(world.app, world.app.state.rules)


@pytest.mark.parametrize(("method", "path"), RULES)
@pytest.mark.parametrize("user", ["", "mallory"])
def test_nobody_is_told_anything_on_any_route(world: World, method: str, path: str, user: str) -> None:
    asked: list[str] = []
    world.desk.before = asked.append
    access = {"grant": "g", "period": "2026-H1", "control": "c", "landing": "l"}
    path = path.format(campaign="c", assignment="a", name="tieout.css", sha256="0" * 64, **access)
    answer = world.send(method, f"/tieout{path}", headers={"x-user": user, **SAME})
    assert answer.status_code == 401
    assert "not signed in to Airflow" in answer.text
    assert not asked


@pytest.mark.parametrize(("method", "path"), [("GET", "/tieout/"), ("GET", ADA), ("POST", ADA)])
def test_a_user_without_an_address_sees_why_and_what_to_do(world: World, method: str, path: str) -> None:
    asked: list[str] = []
    world.desk.before = asked.append
    answer = world.send(method, path, headers={"x-user": "nameless", **SAME})
    assert answer.status_code == 403
    assert "by their e-mail address, and your Airflow user has none" in answer.text
    assert "Ask whoever administers Airflow" in answer.text
    assert not asked


def test_static_files_are_for_all_who_are_signed_in(world: World) -> None:
    for name in static_files():
        assert world.get(f"/tieout/static/{name}", user="nameless").status_code == 200
        assert world.get(f"/tieout/static/{name}", user="").status_code == 401


def test_people_see_their_own_reviews_only(world: World) -> None:
    assert world.get(GRACE, user="grace").status_code == 200
    assert world.get(GRACE, user="ada").status_code == 404
    assert "Okta" not in world.get("/tieout/", user="ada").text
    assert "GitHub" not in world.get("/tieout/", user="grace").text


def test_a_person_may_come_with_another_airflow_user(world: World) -> None:
    assert world.get(ADA, user="simple").status_code == 200


def test_who_is_signed_out_is_shown_where_to_sign_in() -> None:
    world = World(site={"login": lambda path: f"/auth/login?next={path}"})
    answer = world.get("/tieout/", user="")
    assert 'href="/auth/login?next=/tieout/"' in answer.text
    world.pool.close()


def test_links_stay_below_airflows_own_path() -> None:
    world = World(root="/airflow")
    for path in ("/tieout/", ADA, GRACE):
        text = world.get(f"/airflow{path}").text
        assert 'href="/airflow/tieout/static/tieout.css?' in text
        assert '="/tieout' not in text
    assert f'action="/airflow{ADA}"' in world.get(f"/airflow{ADA}").text
    world.pool.close()


EVIDENCE = [(method, path) for (method, path), rule in RULES.items() if rule == "granted"]


@pytest.mark.parametrize(("method", "path"), EVIDENCE)
def test_where_there_is_no_desk_of_access_nobody_is_shown_evidence(world: World, method: str, path: str) -> None:
    path = path.format(grant="g", period="2026-H1", control="c", landing="l")
    answer = world.send(method, f"/tieout{path}", headers={"x-user": "ada", **SAME})
    assert answer.status_code == 403
    assert "There is no access for auditors here." in answer.text
