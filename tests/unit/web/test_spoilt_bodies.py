# SPDX-License-Identifier: Apache-2.0
"""Bodies that no browser sends: each is refused, and stores nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

import pytest
from tests.unit.web.browsing import ADA, SAME, Form, World, form_in, refused
from tests.unit.web.desk import item

from tieout.web.forms import MAX_BODY

FORM = {"content-type": "application/x-www-form-urlencoded"}


def body_of(form: Form) -> str:
    return "&".join(f"{name}={value}" for name, value in form.fields.items())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body + f"&decision.{item(1).id}=revoke",
        lambda body: body + "&token=x",
        lambda body: body.replace("=", "", 1),
        lambda body: body + "&reason=%zz",
        lambda body: body + f"&reason.{item(1).id}x=%ff%fe",
        lambda body: body.replace("keep", "%ed%a0%80", 1),
        lambda body: body.replace("keep", "ke\u00e9p", 1),
        lambda body: body + "&a=b" * 100,
        lambda body: body + "&&",
        lambda body: body[:0] + "{}",
        lambda body: body[:0],
    ],
)
def test_a_form_that_no_browser_makes_is_refused(world: World, form: Form, spoil: Callable[[str], str]) -> None:
    body = spoil(body_of(form)).encode()
    answer = world.send("POST", ADA, content=body, headers={"x-user": "ada", **SAME, **FORM})
    assert answer.status_code in (400, 403)
    refused(world, answer.status_code, answer.status_code)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json"}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "multipart/form-data; boundary=x"}, 415),
        ({"content-type": "application/x-www-form-urlencodedx"}, 415),
        ({**FORM, "content-encoding": "gzip"}, 415),
        ({**FORM, "content-length": "-1"}, 400),
        ({**FORM, "content-length": "1e3"}, 400),
        ({**FORM, "content-length": "9" * 30}, 413),
    ],
)
def test_another_kind_of_body_is_refused(world: World, form: Form, headers: Mapping[str, str], status: int) -> None:
    answer = world.send("POST", ADA, content=body_of(form).encode(), headers={"x-user": "ada", **SAME, **headers})
    refused(world, status, answer.status_code)


def test_a_long_body_is_refused_also_where_its_length_is_not_said(world: World) -> None:
    read_so_far = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read_so_far
        for _ in range(64):
            read_so_far += 65_536
            yield b"a" * 65_536

    headers = {"x-user": "ada", **SAME, **FORM}
    assert world.send("POST", ADA, content=b"a" * (MAX_BODY + 1), headers=headers).status_code == 413
    assert world.send("POST", ADA, content=chunks(), headers=headers).status_code == 413
    assert not world.decided()


def test_a_full_page_is_no_long_body(world: World) -> None:
    form = form_in(world.get(ADA)).choose("revoke", "\N{FAMILY}" * 250)
    assert len(body_of(form)) < MAX_BODY // 4
    assert world.post(form).status_code == 200
