# SPDX-License-Identifier: Apache-2.0
"""Rows of any evidence type from a database: one SELECT over an Airflow Connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SourceStatement
from tieout.collectors.sql_counts import count_rows, zone_of
from tieout.collectors.sql_credential import look_at_credential
from tieout.collectors.sql_pages import capture_rows, read_pages
from tieout.collectors.sql_query import Query, read_query, window_bounds
from tieout.collectors.sql_session import clock_offset, location_of, opened, promise_of, reading
from tieout.collectors.sql_values import Texts

if TYPE_CHECKING:
    from sqlalchemy import Engine

_UTC = ZoneInfo("UTC")
BLIND_SPOT = "What the query's conditions leave out shows nowhere else; nor do rows that were deleted before it ran."


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Capture every row that the query gives, then read the rows from what was captured.

    Parameters: ``connection``; ``query``, whose columns are the contract's but ``system`` and which may bind ``:from`` and
    ``:until``; and where wanted ``columns`` (contract's name: query's name), ``window_format``, ``time_zone`` of times without
    one, ``count_query``, ``count_connection`` and ``clock_query``.

    Raises:
        ConfigurationError: A parameter, the connection, the query or the login's right to read is wrong.
        SourceUnavailable: The database did not answer, or stopped answering.
    """
    zone = zone_of(frame)
    engine = frame.reach.database(frame.parameter("connection", str))
    try:
        query = read_query(frame.parameter("query", str), engine.dialect.name, "query")
        form = frame.parameter("window_format", str, "timestamp")
        every = window_bounds(frame.window, form, engine.dialect.name, zone or _UTC) if query.bounds else {}
        bounds = {name: every[name] for name in query.bounds}
        statement = _state(frame, engine, query, bounds)
        with opened(engine) as session:
            frame.clock_offset = clock_offset(session, frame.clock, frame.parameter("clock_query", str, ""))
        with reading(engine, zone or _UTC) as session:
            frame.count(*count_rows(frame, session, query, bounds, form))
            pages = capture_rows(frame, session, query.text, bounds, statement.location)
    finally:
        engine.dispose()
    names = {theirs: ours for ours, theirs in frame.parameter("columns", dict, {}).items()}
    texts = Texts(zone)
    for table in read_pages(pages, names, texts):
        if texts.unsure:
            spot = f"{texts.unsure} times stand in an hour that the clock of {zone} shows twice or never; the first was taken."
            frame.state(replace(statement, blind_spots=(BLIND_SPOT, spot)))
        yield table


def _state(frame: Frame, engine: Engine, query: Query, bounds: dict[str, Any]) -> SourceStatement:
    credential = look_at_credential(engine, query.tables)
    connection = frame.reach.connection(frame.parameter("connection", str))
    known = f"; to the database {credential.identity!r}" if credential.identity else ""
    statement = SourceStatement(
        kind=f"{engine.dialect.name} database",
        location=location_of(engine),
        account=engine.url.database if engine.url.host else None,
        query=query.text,
        parameters={"transaction": promise_of(engine), **{name: str(value) for name, value in bounds.items()}},
        credential=f"Airflow Connection {connection.id!r}, login {connection.login or 'none'!r}{known}",
        read_only_proof=credential.proof,
        blind_spots=(BLIND_SPOT,),
    )
    frame.state(statement)
    return statement
