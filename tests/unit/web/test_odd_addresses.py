# SPDX-License-Identifier: Apache-2.0
"""Addresses of other people's reviews, of files, and of nothing."""

from __future__ import annotations

import pytest
from tests.unit.web.browsing import ADA, GRACE, World
from tests.unit.web.desk import CAMPAIGN, item


@pytest.mark.parametrize(
    "path",
    [GRACE, f"/tieout/campaigns/{CAMPAIGN}/none", "/tieout/campaigns/none/1-ada", f"/tieout/campaigns/{CAMPAIGN}/1-ada%00"],
)
def test_other_peoples_reviews_and_none_look_alike(world: World, path: str) -> None:
    answer = world.get(path)
    assert answer.status_code == 404
    assert answer.text == world.get(GRACE).text
    assert "Okta" not in answer.text


@pytest.mark.parametrize(
    "segment", ["..", "%2e%2e", "..%2f..%2fetc", "-x", "a" * 200, "a b", "a%0d%0aSet-Cookie:x=y", "%3Cscript%3E"]
)
def test_odd_addresses_are_no_review(world: World, segment: str) -> None:
    asked: list[str] = []
    world.desk.before = asked.append
    assert world.get(f"/tieout/campaigns/{CAMPAIGN}/{segment}").status_code == 404
    assert world.get(f"/tieout/campaigns/{segment}/1-ada").status_code == 404
    assert not asked


def test_items_in_an_address_are_the_visitors_own(world: World) -> None:
    assert world.get(f"{ADA}?item={item(101).id}").status_code == 403
    assert world.get(f"{ADA}?" + "&".join(["item=x"] * 51)).status_code == 400
    assert world.get(f"{ADA}?after={'x' * 200}").status_code == 400
    assert world.get(f"{ADA}?after=%3Cscript%3E").status_code == 200


FILES = [
    "../app.py",
    "%2e%2e/app.py",
    "..%2fapp.py",
    "....//app.py",
    "tieout.css/",
    "tieout.css%00",
    "",
    "TIEOUT.CSS",
    "..\\app.py",
]


@pytest.mark.parametrize("name", FILES)
def test_no_file_but_the_known_ones_is_served(world: World, name: str) -> None:
    answer = world.get(f"/tieout/static/{name}")
    assert answer.status_code == 404
    assert "SPDX" not in answer.text
