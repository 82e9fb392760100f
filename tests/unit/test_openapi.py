# SPDX-License-Identifier: Apache-2.0
"""The harness of the contract tests refuses what is not as described: a test that can not fail would show nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests import openapi
from tests.openapi import Description
from tests.simulators.vendor import Reply, Request

THING = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "size": {"enum": ["small", "large"]}},
}
TEXT_ERROR = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}


def answers(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a described answer."""
    return {"description": "An answer.", "content": {"application/json": {"schema": schema}}}


@pytest.fixture(scope="module")
def described() -> Description:
    """Return the description of an interface with things."""
    listing = {
        "parameters": [
            {"$ref": "#/components/parameters/limit"},
            {"name": "since", "in": "query", "required": True, "schema": {"type": "string", "format": "date-time"}},
            {"name": "kind[]", "in": "query", "explode": True, "schema": {"type": "array", "items": {"enum": ["a", "b"]}}},
        ],
        "responses": {"200": answers({"type": "array", "items": THING}), "400": answers(TEXT_ERROR)},
    }
    one = {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "responses": {"200": answers(THING)},
    }
    data = {
        "openapi": "3.0.3",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "https://api.things.example/v1"}],
        "paths": {"/things": {"get": listing}, "/things/{id}": {"get": one}},
        "components": {"parameters": {"limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}}},
    }
    return Description("things", data)


def exchange(url: str, body: Any, status: int = 200, method: str = "GET") -> tuple[Request, Reply]:
    """Return an exchange."""
    return Request(method, url, {"authorization": "Token x"}), Reply(status, body)


LIST = "/things?since=2026-01-01T00:00:00Z"
GOOD = [{"id": 1, "name": "first", "size": "large", "beside": None}]


@pytest.mark.parametrize(
    ("url", "body", "status"),
    [
        (LIST + "&limit=5&kind[]=a&kind[]=b", GOOD, 200),
        (LIST, [], 200),
        (LIST, {"message": "No."}, 400),
        ("/things/7", GOOD[0], 200),
    ],
)
def test_what_is_as_described_is_counted(described: Description, url: str, body: Any, status: int) -> None:
    held = described.hold([exchange(url, body, status)])
    assert (held.requests, held.answers, held.wrong) == (1, 1, [])


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("/things", "Missing required query parameter: since"),
        (LIST + "&limit=five", "limit"),
        (LIST + "&limits=5", "query parameter 'limits': the operation has none of this name"),
        (LIST + "&kind[]=c", "'c' is not one of"),
        ("/things?since=yesterday", "'yesterday' is not a 'date-time'"),
        ("/things/seven", "id"),
    ],
)
def test_a_wrong_request_is_refused(described: Description, url: str, says: str) -> None:
    held = described.hold([exchange(url, GOOD if "?" in url or url == "/things" else GOOD[0])])
    assert (held.requests, held.answers) == (0, 1)
    assert says in held.problems()
    assert held.problems().startswith("GET /things")


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ([{"id": 1}], 200, "at /0: 'name' is a required property"),
        ([{"id": "1", "name": "first"}], 200, "at /0/id: '1' is not of type 'integer'"),
        ([{"id": 1, "name": "first", "size": "huge"}], 200, "at /0/size: 'huge' is not one of"),
        ({"things": []}, 200, "is not of type 'array'"),
        ({"error": "no"}, 400, "at /: 'message' is a required property"),
        ({"message": "No."}, 404, "404"),
    ],
)
def test_a_wrong_answer_is_refused(described: Description, body: Any, status: int, says: str) -> None:
    held = described.hold([exchange(LIST, body, status)])
    assert (held.requests, held.answers) == (1, 0)
    assert says in held.problems()


def test_an_answer_that_is_no_json_is_refused(described: Description) -> None:
    request, reply = exchange(LIST, GOOD)
    reply.raw = b"[{"
    assert described.hold([(request, reply)]).answers == 0
    reply.raw, reply.headers = b"<html>", {"Content-Type": "text/html"}
    assert described.hold([(request, reply)]).answers == 0


@pytest.mark.parametrize(("method", "url"), [("GET", "/others"), ("POST", "/things"), ("GET", "/things/7/parts")])
def test_paths_that_are_not_described_are_counted_apart(described: Description, method: str, url: str) -> None:
    held = described.hold([exchange(url, GOOD, method=method), exchange(LIST, GOOD)])
    assert held.apart == {f"{method} {url}": 1}
    assert str(held) == "things: 1 requests and 1 answers valid, 1 on paths that its description does not have"


def test_an_absent_folder_skips_with_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(openapi.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match=r"put things\.json into the folder that TEST_OPENAPI_FOLDER names"):
        openapi.description("things")
    monkeypatch.setenv(openapi.FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    assert openapi.folder() is None
