# SPDX-License-Identifier: Apache-2.0
"""Many small requests: their answers are kept together, a source's own words are shown, and nothing that came is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import requests
from tests.faults.scene import OneConnection
from tests.simulators.vendor import Reply, Request, Server, serving
from tests.unit.collectors.frames import FrameFactory

from tieout.collectors import bundles
from tieout.collectors.frame import Frame
from tieout.collectors.http import Exchange
from tieout.collectors.patience import MAX_WAIT_SECONDS
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.persons import create_person_key


class Things:
    """Answers with the thing that is asked for; odd ones are not there."""

    def answer(self, request: Request, base: str) -> Reply:
        """Answer."""
        del base
        number = int(request.path.rpartition("/")[2])
        if number % 2:
            return Reply(404, {"message": "Not Found"})
        return Reply(200, None, raw=b'{"number":\n%d, "owner": "ann@example.com"}' % number)


@pytest.fixture
def things() -> Iterator[Server]:
    with serving(Things()) as server:
        yield server


def exchange_of(frame: Frame, server: Server, longest_wait: float = MAX_WAIT_SECONDS) -> tuple[Exchange, list[float]]:
    """Return an exchange with a server, and the list of its waits."""
    waits: list[float] = []
    frame.sleep = waits.append
    connection = OneConnection(server.url).connection("things")
    return Exchange(frame, connection, None, longest_wait), waits


def requests_of(server: Server, count: int) -> Iterator[tuple[int, requests.Request]]:
    """Return a request for each thing."""
    return ((number, requests.Request("GET", f"{server.url}/things/{number}")) for number in range(count))


def lines(frame: Frame) -> list[dict[str, Any]]:
    """Return what the kept pages hold."""
    found = []
    for page in frame.pages:
        with pa.input_stream(str(frame.folder / page.name), compression="zstd") as stored:
            found += [json.loads(line) for line in stored.read().splitlines()]
    return found


def test_answers_are_kept_together_with_their_requests(frame_of: FrameFactory, things: Server) -> None:
    frame = frame_of()
    exchange, _ = exchange_of(frame, things)
    got = dict(exchange.gather(requests_of(things, 5), absent=frozenset({404})))
    assert got == {n: None if n % 2 else {"number": n, "owner": "ann@example.com"} for n in range(5)}
    assert len(frame.pages) == 1
    assert [line["request"] for line in lines(frame)] == [f"GET /things/{n}" for n in range(5)]
    assert [line["answer"] for line in lines(frame)] == list(got.values())


def test_a_full_page_is_kept_before_more_is_asked_for(
    frame_of: FrameFactory, things: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "MAX_BYTES", 100)
    frame = frame_of()
    exchange, _ = exchange_of(frame, things)
    following = exchange.gather(requests_of(things, 9), absent=frozenset({404}))
    next(following)
    assert (len(frame.pages), things.asked) == (1, 2)
    list(following)
    assert len(lines(frame)) == 9


def test_rows_are_read_with_person_ids_for_addresses(frame_of: FrameFactory, things: Server, tmp_path: Path) -> None:
    key = tmp_path / "identity.key"
    create_person_key(key)
    frame = frame_of()
    frame.settings = type(frame.settings)(home=tmp_path, environment="test", identity_key=f"file:{key}")
    frame.__post_init__()
    exchange, _ = exchange_of(frame, things)
    [(_, content)] = exchange.gather(requests_of(things, 1))
    assert content["owner"] == frame.as_captured("ann@example.com") != "ann@example.com"
    assert "ann@" not in json.dumps(lines(frame))


def test_what_was_answered_before_a_refusal_is_kept_and_the_source_is_quoted(frame_of: FrameFactory, things: Server) -> None:
    frame = frame_of()
    exchange, _ = exchange_of(frame, things)
    with pytest.raises(ConfigurationError, match=r'/things/1: expected 200, got HTTP 404: .*It says: "Not Found"'):
        list(exchange.gather(requests_of(things, 5)))
    kept = sorted(page.name for page in frame.pages)
    assert kept == ["page-00000.json.zst", "page-00001.jsonl.zst"]  # the refusal, and the answer before it


def test_a_limit_that_only_the_body_names_is_waited_for_a_minute_and_then_longer(frame_of: FrameFactory, things: Server) -> None:
    def limited(number: int, _: Request, reply: Reply) -> None:
        if number in (1, 2):
            reply.status, reply.raw = 403, None
            reply.body = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}

    things.fault = limited
    frame = frame_of()
    exchange, waits = exchange_of(frame, things)
    assert [number for number, _ in exchange.gather(requests_of(things, 1))] == [0]
    assert waits == [60.0, 120.0]
    assert [(each.answer, each.count, each.waited_seconds) for each in frame.attempts] == [("HTTP 403", 2, 180.0)]


def test_a_source_may_wait_longer_than_others_and_not_for_ever(frame_of: FrameFactory, things: Server) -> None:
    def limited(_number: int, _request: Request, reply: Reply) -> None:
        reply.status, reply.raw, reply.body = 429, None, {}
        reply.headers["Retry-After"] = "3000"

    things.fault = limited
    exchange, waits = exchange_of(frame_of(), things, 7200)
    with pytest.raises(SourceUnavailable, match="asked to wait 3000 s, more than the 7200 s of one extraction"):
        list(exchange.gather(requests_of(things, 1)))
    assert waits == [3000.0, 3000.0]
