# SPDX-License-Identifier: Apache-2.0
"""Rows of any evidence type from a REST source that a control's YAML describes: `tieout.collectors.rest_parameters`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa

from tieout.collectors.frame import Frame
from tieout.collectors.http import Exchange
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass, SourceStatement
from tieout.collectors.rest_auth import credential
from tieout.collectors.rest_paging import Reader
from tieout.collectors.rest_parameters import RestParameters
from tieout.collectors.rest_requests import proven, request_of, second_count

NO_TOTAL = "The source does not say how many rows there are: that none is missing rests on its own paging alone."


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read all pages, each captured before a row is read from it; ask for the second count last.

    Raises:
        ConfigurationError: A parameter is wrong, or the source refuses the credential or the request.
        ContractError: The read can not be whole: see `Reader.pages`.
        SourceUnavailable: The source did not answer, limits for longer than one extraction waits, or changed meanwhile.
    """
    yield from read(frame, frame.parameters(RestParameters))


def read(frame: Frame, parameters: RestParameters) -> Iterator[pa.Table]:
    """Read a source that parameters describe: a control's, or those of a collector for one vendor. Raises as `collect`."""
    connection = frame.reach.connection(parameters.connection)
    exchange = Exchange(frame, connection, credential(parameters.auth, connection))
    request = request_of(parameters, exchange.base, frame.window)
    who, read_only = proven(parameters.proof, exchange, connection)
    asked = {name: str(value) for name, value in request.params.items()}
    counted = parameters.total or parameters.total_header or parameters.second_count
    frame.state(
        SourceStatement(
            kind="REST API",
            location=exchange.base + parameters.path,
            account=parameters.account,
            query=f"{parameters.method} {parameters.path}" + ("" if request.json is None else f" {json.dumps(request.json)}"),
            parameters=asked,
            credential=frame.as_captured(who),
            read_only_proof=read_only,
            blind_spots=(*parameters.blind_spots, *(() if counted else (NO_TOTAL,))),
        )
    )
    total, read = None, 0
    for page in Reader(exchange, parameters, request).pages():
        total, read = page.total, read + page.rows.num_rows
        yield page.rows
    _count(frame, parameters, total, read, second_count(parameters, exchange, frame))


def _count(frame: Frame, parameters: RestParameters, total: int | None, read: int, second: SecondCount | None) -> None:
    """State the source's total: as it says itself, else as it was counted a second time, else as its pages end."""
    name = parameters.total or parameters.total_header
    if total is not None:
        stated = Count(total, f"{name} of the answers")
    elif second is not None:
        stated = Count(second.rows, second.how)
    else:
        stated = Count(read, "rows up to the page after which the source names no further one")
    same = SecondCountClass.SAME_ENDPOINT if total is not None else SecondCountClass.NONE
    frame.count(stated, second or SecondCount(stated.rows, stated.how, same))
