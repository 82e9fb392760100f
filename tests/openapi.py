# SPDX-License-Identifier: Apache-2.0
"""Holds what collectors and simulators say to each other against the vendors' own OpenAPI descriptions.

The descriptions are not part of this repository: they stand in ``../shared/openapi/<vendor>.json`` beside it, or in the folder
that ``TEST_OPENAPI_FOLDER`` names. `description` skips the test where they are absent.

Beyond what openapi-core checks, a query parameter that an operation does not have is refused: a misspelt one would pass.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.simulators.vendor import Reply, Request

FOLDER_VARIABLE = "TEST_OPENAPI_FOLDER"
_BESIDE = Path(__file__).parents[2] / "shared" / "openapi"
_SHOWN = 20
_LONGEST = 300
_HOST = "http://description"


@dataclass
class Held:
    """What a vendor's exchanges were found to be."""

    vendor: str
    requests: int = 0
    answers: int = 0
    apart: Counter[str] = field(default_factory=Counter)
    """How many exchanges were on a method and path that the description does not have."""
    wrong: list[str] = field(default_factory=list)
    """What is not as described, a line each."""

    def __str__(self) -> str:
        others = f"{sum(self.apart.values())} on paths that its description does not have"
        return f"{self.vendor}: {self.requests} requests and {self.answers} answers valid, {others}"

    def problems(self) -> str:
        """Return the first lines of what is wrong."""
        return "\n".join(self.wrong[:_SHOWN])


class Description:
    """One vendor's description, loaded once.

    Args:
        vendor: Its name: of the file, and in `AMENDMENTS`.
        data: The OpenAPI document.
    """

    def __init__(self, vendor: str, data: dict[str, Any]) -> None:
        self.vendor = vendor
        data = AMENDMENTS.get(vendor, lambda data: data)(data)
        data["servers"] = [{"url": _HOST}]  # simulators stand on a port of loopback
        self._data = data
        self._api = OpenAPI.from_dict(data, config=Config(spec_validator_cls=None))
        # The more of a path is fixed, the earlier it is tried: /users/me before /users/{id}.
        templates = sorted(data["paths"], key=lambda path: (path.count("{"), path))
        self._templates = [(re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path)) + "$"), path) for path in templates]

    def hold(self, exchanges: Iterable[tuple[Request, Reply]], held: Held | None = None) -> Held:
        """Hold exchanges against the description, and return what was found; ``held`` is added to."""
        held = held or Held(self.vendor)
        for request, reply in exchanges:
            template = self.template(request)
            if template is None:
                held.apart[f"{request.method} {request.path}"] += 1
                continue
            line = f"{request.method} {template} (HTTP {reply.status})"
            said = [f"{line}: request: {each}" for each in self._request_problems(request, template)]
            held.requests += not said
            held.wrong += said
            said = [f"{line}: answer: {each}" for each in self._reply_problems(request, reply)]
            held.answers += not said
            held.wrong += said
        return held

    def template(self, request: Request) -> str | None:
        """Return the path of the description that a request is for; ``None`` where there is none with its method."""
        method = request.method.lower()
        found = (path for pattern, path in self._templates if pattern.match(request.path))
        return next((path for path in found if method in self._data["paths"][path]), None)

    def _request_problems(self, request: Request, template: str) -> Iterator[str]:
        known = self._query_names(template, request.method.lower())
        for name in sorted({name for name, _ in _query(request)} - known):
            yield f"query parameter {name!r}: the operation has none of this name"
        for error in self._api.iter_request_errors(_AsRequest(request)):
            yield _text(error)

    def _reply_problems(self, request: Request, reply: Reply) -> Iterator[str]:
        for error in self._api.iter_response_errors(_AsRequest(request), _AsResponse(reply)):
            yield _text(error)

    def _query_names(self, template: str, method: str) -> set[str]:
        item = self._data["paths"][template]
        entries = [*item.get("parameters", ()), *item[method].get("parameters", ())]
        parameters = [self._resolved(each) for each in entries]
        return {each["name"] for each in parameters if each["in"] == "query"}

    def _resolved(self, entry: dict[str, Any]) -> Any:
        while "$ref" in entry:
            found: Any = self._data
            for key in entry["$ref"].removeprefix("#/").split("/"):
                found = found[key.replace("~1", "/").replace("~0", "~")]
            entry = found
        return entry


class _AsRequest:
    """A recorded request, as openapi-core takes one."""

    def __init__(self, request: Request) -> None:
        self.host_url, self.path, self.method = _HOST, request.path, request.method.lower()
        self.content_type = request.headers.get("content-type", "").lower()
        self.body = request.body or None
        # A path parameter's own lookup is left to openapi-core.
        self.parameters = RequestParameters(query=ImmutableMultiDict(_query(request)), header=Headers(dict(request.headers)))


class _AsResponse:
    """A recorded answer, as openapi-core takes one."""

    def __init__(self, reply: Reply) -> None:
        self.status_code, self.data = reply.status, reply.content()
        self.headers = Headers({"Content-Type": "application/json", **reply.headers})
        self.content_type = self.headers["Content-Type"].lower()


def _query(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(request.url).query, keep_blank_values=True)


def _text(error: Exception) -> str:
    """Return an error with the places that it is about, without the whole answer that openapi-core would quote."""
    found = [deep for each in getattr(error.__cause__, "schema_errors", ()) for deep in _deepest(each)]
    if not found:
        cause = f": {error.__cause__}" if error.__cause__ is not None else ""
        return f"{error}{cause}"[:_LONGEST]
    return "; ".join(f"at /{'/'.join(map(str, each.absolute_path))}: {each.message[:_LONGEST]}" for each in found[:_SHOWN])


def _deepest(error: Any) -> Iterator[Any]:
    """Yield what is behind an error: of a choice none of which fits, what is wrong with each."""
    if not error.context:
        yield error
    for each in error.context or ():
        yield from _deepest(each)


def _pagerduty(data: dict[str, Any]) -> dict[str, Any]:
    """Mend what makes the vendor's own examples invalid.

    1. Most choices of ``oneOf`` overlap, as the channels and a reference to a user and the user do: one at least has to fit.
    2. The schema to which every reference is resolved (``Tag/allOf/0``) is not in the file.
    3. An acknowledgement has two types at once, of which ``acknowledge_log_entry`` is what the interface gives.
    4. Three values of an incident are said, or shown, to be null at times, and are not declared so.

    And for speed alone: the kinds of log entries are tried in the order of how common they are.
    """
    data = json.loads(json.dumps(data).replace('"oneOf":', '"anyOf":'))
    common = ("Notify", "Trigger", "Acknowledge", "Resolve", "Annotate")
    for path in ("/log_entries", "/incidents/{id}/log_entries"):
        answer = data["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        kinds = answer["allOf"][1]["properties"]["log_entries"]["items"]["anyOf"]
        kinds.sort(key=lambda kind: not kind["$ref"].endswith(tuple(f"/{name}LogEntry" for name in common)))
    schemas = data["components"]["schemas"]
    text_or_null = {"type": "string", "nullable": True}
    base = {"id": {"type": "string"}, "type": {"type": "string"}}
    base |= {name: text_or_null for name in ("summary", "self", "html_url")}
    if not isinstance(schemas["Tag"]["allOf"], list):
        schemas["Tag"]["allOf"] = [{"type": "object", "properties": base}]
    schemas["AcknowledgeLogEntry"]["allOf"][1]["properties"]["type"]["enum"] = ["acknowledge_log_entry"]
    incident = schemas["Incident"]["allOf"][1]["properties"]
    incident["alert_grouping"]["properties"]["ended_at"]["nullable"] = incident["resolved_at"]["nullable"] = True
    incident["resolve_reason"] = {**schemas["ResolveReason"], "nullable": True}
    return data


def _github(data: dict[str, Any]) -> dict[str, Any]:
    """Let values that are declared to be null at times be so, where their lists of values leave null out."""

    def amended(value: Any) -> Any:
        if isinstance(value, list):
            return [amended(each) for each in value]
        if not isinstance(value, dict):
            return value
        value = {name: amended(each) for name, each in value.items()}
        if value.get("nullable") is True and isinstance(value.get("enum"), list) and None not in value["enum"]:
            value["enum"].append(None)
        return value

    found: dict[str, Any] = amended(data)
    return found


AMENDMENTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"github": _github, "pagerduty": _pagerduty}
"""What is mended in a description before anything is held against it, each with its reason."""


def folder() -> Path | None:
    """Return the folder of the descriptions; ``None`` where it is absent."""
    named = os.environ.get(FOLDER_VARIABLE)
    found = Path(named) if named else _BESIDE
    return found if found.is_dir() else None


def description(vendor: str) -> Description:
    """Return a vendor's description; skips the test where the folder, or the file in it, is absent."""
    found = folder()
    path = found and found / f"{vendor}.json"
    if path is None or not path.is_file():
        pytest.skip(f"no OpenAPI description of {vendor}: put {vendor}.json into the folder that {FOLDER_VARIABLE} names")
    return _loaded(vendor, path)


@cache
def _loaded(vendor: str, path: Path) -> Description:
    return Description(vendor, json.loads(path.read_text()))
