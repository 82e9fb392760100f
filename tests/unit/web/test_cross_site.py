# SPDX-License-Identifier: Apache-2.0
"""Requests that other sites make in a visitor's browser: each is refused, and stores nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.unit.web.browsing import ADA, SAME, SITE, Form, World, refused

CROSS = [
    {},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": SITE.replace("https", "http")},
    {"origin": f"{SITE}:8443"},
    {"origin": f"{SITE}.evil.example"},
    {"origin": f"{SITE}/"},
    {"referer": f"{SITE}{ADA}"},
    {"sec-fetch-site": "cross-site", "origin": SITE},
    {"sec-fetch-site": "same-site", "origin": SITE},
    {"sec-fetch-site": "none", "origin": SITE},
    {"sec-fetch-site": "", "origin": SITE},
    {"sec-fetch-site": "Same-Origin"},
    {"sec-fetch-site": "same-origin, cross-site"},
    {"x-forwarded-host": "evil.example", "origin": "https://evil.example"},
    {"x-http-method-override": "GET"},
]


@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_a_form_from_elsewhere_is_refused(world: World, form: Form, headers: Mapping[str, str]) -> None:
    answer = world.post(form, headers=headers)
    refused(world, 403, answer.status_code, answer.text)
    assert "from another site" in answer.text


@pytest.mark.parametrize("twice", ["origin", "sec-fetch-site"])
def test_a_header_twice_is_refused(world: World, form: Form, twice: str) -> None:
    headers = [("x-user", "ada"), *SAME.items(), (twice, SAME[twice])]
    answer = world.send("POST", ADA, data=form.fields, headers=headers)
    refused(world, 403, answer.status_code)


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"origin": SITE}, {"sec-fetch-site": "same-origin", "origin": "null"}]
)
def test_a_form_from_here_is_taken_by_either_header(world: World, form: Form, headers: Mapping[str, str]) -> None:
    assert world.post(form, headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO"])
@pytest.mark.parametrize("path", ["/tieout/", ADA, "/tieout/static/tieout.css", "/tieout/none"])
def test_no_method_but_the_safe_ones_passes_from_elsewhere(world: World, method: str, path: str) -> None:
    assert world.send(method, path, headers={"x-user": "ada"}).status_code == 403


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE"])
def test_other_methods_do_nothing(world: World, method: str) -> None:
    for path in ("/tieout/", ADA, "/tieout/static/tieout.css"):
        answer = world.send(method, path, headers={"x-user": "ada", **SAME, "access-control-request-method": "POST"})
        assert answer.status_code == 405
        assert "access-control-allow-origin" not in answer.headers
    assert not world.decided()
