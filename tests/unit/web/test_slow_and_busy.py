# SPDX-License-Identifier: Apache-2.0
"""A desk that hangs, many who come at once, and bodies that come slowly."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from httpx import ASGITransport, AsyncClient, Response
from tests.unit.web.browsing import ADA, SAME, SITE, World, form_in

from tieout.desks.pools import BoundedPool
from tieout.web import forms


@pytest.fixture
def hanging() -> Iterator[tuple[World, threading.Event]]:
    """Return pages over a desk that answers nothing until it is let go, on two threads."""
    free = threading.Event()
    world = World(site={"seconds": 0.2}, pool=BoundedPool("tests-web", 2, 2))
    yield world, free
    free.set()
    world.pool.close()


def test_nobody_waits_for_a_desk_that_hangs(hanging: tuple[World, threading.Event]) -> None:
    world, free = hanging
    form = form_in(world.get(ADA)).choose("keep")
    world.desk.before = lambda method: free.wait(10) if method == "answer" else None
    answer = world.post(form)
    assert answer.status_code == 503
    assert "nobody can say whether this page was stored" in answer.text
    free.set()
    receipt = world.post(form_in(answer))
    assert "<h1>Stored</h1>" in receipt.text
    assert len(world.desk.answers) == 1


def test_who_finds_every_thread_busy_is_told_at_once(hanging: tuple[World, threading.Event]) -> None:
    world, free = hanging
    world.desk.before = lambda _: free.wait(10)

    async def crowd() -> list[Response]:
        async with AsyncClient(transport=ASGITransport(world.airflow), base_url=SITE) as client:
            return await asyncio.gather(*(client.get("/tieout/", headers={"x-user": "ada"}) for _ in range(12)))

    assert [each.status_code for each in asyncio.run(crowd())] == [503] * 12


def test_a_form_that_is_sent_a_hundred_times_at_once_is_stored_once() -> None:
    world = World(pool=BoundedPool("tests-web", 8, 400))
    form = form_in(world.get(ADA)).choose("keep")

    async def crowd() -> list[Response]:
        headers = {"x-user": "ada", **SAME}
        async with AsyncClient(transport=ASGITransport(world.airflow), base_url=SITE) as client:
            return await asyncio.gather(*(client.post(ADA, data=form.fields, headers=headers) for _ in range(100)))

    answers = asyncio.run(crowd())
    assert {each.status_code for each in answers} == {200}
    assert all("response-0001" in each.text for each in answers)
    assert len(world.desk.answers) == 1
    world.pool.close()


def test_a_body_that_comes_too_slowly_is_refused() -> None:
    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b"a"
            await asyncio.sleep(0.02)

    with pytest.raises(forms.BadForm, match="too slow") as refused:
        asyncio.run(forms.read_body([(b"content-type", forms.FORM.encode())], drops(), seconds=0.05))
    assert refused.value.status == 408
