# SPDX-License-Identifier: Apache-2.0
"""The loop in the api-server: it costs nothing where nothing waits, goes on after what fails, and stops when it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.flows.campaign_bench import now
from tests.unit.web.relaying import PLACE, FakeAirflow

from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.web.airflow_users import SimpleUsers
from tieout.web.app import create_app
from tieout.web.reconciling import Reconciler
from tieout.web.relay import Relay
from tieout.web.required_actions import Waiting
from tieout.web.site import Site


def test_where_nothing_waits_no_campaign_is_read() -> None:
    def never() -> Any:
        raise AssertionError

    assert Reconciler(cases=never, actions=FakeAirflow(), users=never).look() == []


def test_the_loop_goes_on_after_what_fails_says_it_without_its_text_and_stops_when_told(caplog: pytest.LogCaptureFixture) -> None:
    looked: list[int] = []

    class Failing(FakeAirflow):
        def waiting(self) -> list[Waiting]:
            looked.append(1)
            if len(looked) == 1:
                raise StoreUnavailable("rob@example.com did not answer")
            return []

    async def served() -> None:
        relay = Relay(
            reconciler=Reconciler(cases=dict, actions=Failing(), users=lambda: SimpleUsers(list, str.lower)), seconds=0.01
        )
        task = asyncio.create_task(relay.run())
        while len(looked) < 3:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(served(), 20))
    assert "a look failed, and is taken again: StoreUnavailable" in caplog.text
    assert "rob@" not in caplog.text


def test_it_runs_as_long_as_the_pages_are_served() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        events.append("begun")
        yield
        events.append("ended")

    site = Site(desk=dict, person_of=str.lower, zone=ZoneInfo("UTC"), key=b"k")  # type: ignore[arg-type]
    app = create_app(site, lambda: None, lambda: None, lifespan)

    async def served() -> None:
        async with app.router.lifespan_context(app):
            assert events == ["begun"]

    asyncio.run(served())
    assert events == ["begun", "ended"]
    site.pool.close()


def test_what_is_not_configured_is_said_once_and_not_asked_for_all_the_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    at = now()
    airflow = FakeAirflow([Waiting(id=1, place=PLACE, subject="s", body="b", assigned=(), asked_at=at, parked_at=at)])

    def unset() -> Any:
        raise ConfigurationError("TIEOUT_ROOT_FINGERPRINT: expected the root's, got nothing.")

    relay = Relay(reconciler=Reconciler(cases=unset, actions=airflow, users=lambda: SimpleUsers(list, str.lower)), seconds=1)

    async def twice() -> list[float]:
        with ThreadPoolExecutor(1) as pool:
            return [await relay._guarded(pool) for _ in range(2)]

    assert asyncio.run(twice()) == [60, 60]
    assert caplog.text.count("TIEOUT_ROOT_FINGERPRINT") == 1
