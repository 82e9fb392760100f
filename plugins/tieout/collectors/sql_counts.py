# SPDX-License-Identifier: Apache-2.0
"""Counts the rows of a query twice: over the query itself, and as the YAML says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass
from tieout.collectors.sql_errors import as_our_errors
from tieout.collectors.sql_query import Query, read_query, window_bounds
from tieout.collectors.sql_session import location_of, reading
from tieout.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_UTC = ZoneInfo("UTC")


def zone_of(frame: Frame) -> ZoneInfo | None:
    """Return parameter ``time_zone``, the zone of times without one.

    Raises:
        ConfigurationError: There is no such zone.
    """
    name = frame.parameter("time_zone", str, "")
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError) as error:
        msg = f"parameter 'time_zone': expected a zone such as Europe/Berlin, got {name!r}."
        raise ConfigurationError(msg) from error


def count_rows(frame: Frame, session: Connection, query: Query, bounds: dict[str, Any], form: str) -> tuple[Count, SecondCount]:
    """Count what the query gives; and once more with parameter ``count_query``, over ``count_connection`` where it is stated.

    Args:
        frame: The collector's.
        session: Opened for reading; it counts what the query is going to read.
        query: The query.
        bounds: What is bound into it.
        form: Parameter ``window_format``; ``count_window_format`` is that of another system.

    Raises:
        ConfigurationError: A query or the right to run it is wrong, or it gives no number.
        SourceUnavailable: A database did not answer.
    """
    how = "SELECT COUNT(*) over the query"
    total = _number(session, query.count, {name: bounds[name] for name in query.bounds}, "query")
    text, other = frame.parameter("count_query", str, ""), frame.parameter("count_connection", str, "")
    if not text:
        if other:
            msg = "parameter 'count_connection': expected a 'count_query' to run there, got none."
            raise ConfigurationError(msg)
        return Count(total, how), SecondCount(total, how, SecondCountClass.SAME_ENDPOINT)
    if not other:
        rows = _second(frame, session, text, form)
        return Count(total, how), SecondCount(rows, text, SecondCountClass.OTHER_ENDPOINT)
    engine = frame.reach.database(other)
    try:
        with reading(engine, zone_of(frame) or _UTC) as elsewhere:
            rows = _second(frame, elsewhere, text, frame.parameter("count_window_format", str, form))
        stated = f"{text} -- at {location_of(engine)}, Airflow Connection {other!r}"
    finally:
        engine.dispose()
    return Count(total, how), SecondCount(rows, stated, SecondCountClass.OTHER_SYSTEM)


def _second(frame: Frame, session: Connection, text: str, form: str) -> int:
    dialect = session.dialect.name
    query = read_query(text, dialect, "count_query")
    bounds = window_bounds(frame.window, form, dialect, zone_of(frame) or _UTC) if query.bounds else {}
    return _number(session, query.text, {name: bounds[name] for name in query.bounds}, "count_query")


def _number(session: Connection, text: str, bounds: dict[str, Any], parameter: str) -> int:
    import sqlalchemy

    with as_our_errors(location_of(session.engine)):
        number = session.execute(sqlalchemy.text(text), bounds).scalar()
    if not isinstance(number, int) or isinstance(number, bool):
        msg = f"parameter {parameter!r}: expected one number, got {number!r}."
        raise ConfigurationError(msg)
    return number
