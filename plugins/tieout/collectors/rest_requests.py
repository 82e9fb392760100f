# SPDX-License-Identifier: Apache-2.0
"""Requests of a REST source: the window's bounds, the credential, and what beside the rows is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tieout.collectors.frame import Frame
from tieout.collectors.http import Exchange
from tieout.collectors.ipe import SecondCount, SecondCountClass
from tieout.collectors.reach import SourceConnection
from tieout.collectors.rest_auth import credential
from tieout.collectors.rest_parameters import Proof, RestParameters
from tieout.collectors.rest_rows import Picker
from tieout.criteria.periods import Window
from tieout.errors import ContractError
from tieout.times import instant

if TYPE_CHECKING:
    import requests

_FORMATS: dict[str, Callable[[datetime], str]] = {
    "iso": lambda time: instant(time).replace(".000000Z", "Z"),
    "date": lambda time: instant(time)[:10],
    "unix": lambda time: str(int(time.timestamp())),
    "unix_ms": lambda time: str(int(time.timestamp() * 1000)),
}


def bound(value: Any, window: Window, time_format: str) -> Any:
    """Return a query or a body with the window's bounds in place of ``{from}`` and ``{until}``, UTC.

    ``{before}`` is a second before the first, for sources whose lower bound is exclusive.
    """
    if isinstance(value, dict):
        return {name: bound(each, window, time_format) for name, each in value.items()}
    if isinstance(value, list):
        return [bound(each, window, time_format) for each in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    shape = _FORMATS[time_format]
    bounds = {"{from}": window.start, "{until}": window.end, "{before}": window.start - timedelta(seconds=1)}
    for name, time in bounds.items():
        value = value.replace(name, shape(time))
    return value


def request_of(parameters: RestParameters, base: str, window: Window) -> requests.Request:
    """Return the first request, without its credential."""
    import requests

    query = bound(parameters.query, window, parameters.time_format)
    if parameters.paging.size_parameter:
        query[parameters.paging.size_parameter] = parameters.paging.size
    body = None if parameters.body is None else _body(parameters.body, window, parameters.time_format)
    return requests.Request(parameters.method, base + parameters.path, params=query, json=body)


def _body(value: Any, window: Window, time_format: str) -> Any:
    """Return a JSON body; its booleans stay what they are."""
    if isinstance(value, dict):
        return {name: _body(each, window, time_format) for name, each in value.items()}
    if isinstance(value, list):
        return [_body(each, window, time_format) for each in value]
    return bound(value, window, time_format) if isinstance(value, str) else value


def proven(proof: Proof | None, exchange: Exchange, connection: SourceConnection) -> tuple[str, str]:
    """Return whose credential it is, and how it is known that it can not write; says so where it is not."""
    import requests

    name = f"Airflow Connection {connection.id}" + (f", login {connection.login}" if connection.login else "")
    if proof is None:
        return name, "none: what the credential may do was not asked; every request of ours is one that reads"
    answer = exchange.ask(requests.Request("GET", exchange.base + proof.path), "the credential's own rights")
    if proof.identity:
        name += f", known there as {Picker(proof.identity, 'proof.identity').pick(answer.content)}"
    rights = Picker(proof.rights, "proof.rights").pick(answer.content) if proof.rights else None
    if proof.rights_header:
        rights = answer.response.headers.get(proof.rights_header, "").split(",")
    if not isinstance(rights, list):
        return name, "none: the source does not say what the credential may do"
    stated = sorted({str(right).strip() for right in rights} - {""})
    writing = [right for right in stated if right not in proof.read_only]
    listed = ", ".join(stated) or "none"
    if writing:
        return name, f"it could write: the source states the rights {listed}, of which {', '.join(writing)} can do more than read"
    return name, f"the source states the rights {listed}; each can only read"


def second_count(parameters: RestParameters, exchange: Exchange, frame: Frame) -> SecondCount | None:
    """Return a second count; ``None`` where the parameters name none.

    Raises:
        ContractError: The answer holds no whole number.
    """
    import requests

    wanted = parameters.second_count
    if wanted is None:
        return None
    kind = SecondCountClass.OTHER_ENDPOINT
    if wanted.connection:
        other = frame.reach.connection(wanted.connection)
        exchange, kind = Exchange(frame, other, credential(parameters.auth, other)), SecondCountClass.OTHER_SYSTEM
    query = bound(wanted.query, frame.window, parameters.time_format)
    answer = exchange.ask(requests.Request("GET", exchange.base + wanted.path, params=query), "the second count")
    rows = Picker(wanted.value, "second_count.value").pick(answer.content)
    if not isinstance(rows, int) or isinstance(rows, bool):
        msg = f"{answer.what}: expected a whole number at {wanted.value!r}, got {type(rows).__name__}. Nothing lands."
        raise ContractError(msg)
    return SecondCount(rows, f"{wanted.value} of GET {wanted.path}", kind)
