# SPDX-License-Identifier: Apache-2.0
"""Opens a database for one extraction: one snapshot and no writing where the database can promise it, and says which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tieout.collectors.frame import Clock
from tieout.collectors.ipe import ClockOffset
from tieout.collectors.sql_errors import as_our_errors
from tieout.collectors.sql_query import read_query
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.times import parse_instant

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a dialect reads.

    Attributes:
        promise: What holds while it reads, for the record.
        options: Of SQLAlchemy's connection.
        first: Statements that begin the session; ``{zone}`` is the zone of times without one.
        clock: What its clock says; read as UTC where it has no zone.
    """

    promise: str
    options: dict[str, Any] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    clock: str | None = None


_POSTGRES = _Manner(
    "one snapshot (REPEATABLE READ) in a transaction that is READ ONLY",
    {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    ("SET TIME ZONE '{zone}'",),
    "SELECT clock_timestamp()",
)
_MYSQL = _Manner(
    "one snapshot (REPEATABLE READ) in a transaction that is READ ONLY",
    {"isolation_level": "REPEATABLE READ"},
    ("SET time_zone = '{zone}'", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"),
    "SELECT UTC_TIMESTAMP(6)",
)
_SQLITE = _Manner("one snapshot (one transaction) with PRAGMA query_only", {}, ("PRAGMA query_only = ON", "BEGIN"))
_MANNERS = {"postgresql": _POSTGRES, "mysql": _MYSQL, "mariadb": _MYSQL, "sqlite": _SQLITE}
_OTHER = _Manner("nothing set: each statement sees the rows of its own moment, and the session was not made read-only")


def location_of(engine: Engine) -> str:
    """Return where a database is, without login, password or options."""
    url = engine.url
    if engine.dialect.name == "sqlite":
        return f"sqlite:{(url.database or '').removeprefix('file:')}"
    port = f":{url.port}" if url.port else ""
    return f"{engine.dialect.name}://{url.host or ''}{port}/{url.database or ''}"


def promise_of(engine: Engine) -> str:
    """Return what holds while an extraction reads."""
    return _MANNERS.get(engine.dialect.name, _OTHER).promise


@contextmanager
def opened(engine: Engine) -> Iterator[Connection]:
    """Connect, with nothing set.

    Raises:
        ConfigurationError: The login or the database is wrong.
        SourceUnavailable: It does not answer.
    """
    _require_file(engine)
    with as_our_errors(location_of(engine)), engine.connect() as connection:
        yield connection


@contextmanager
def reading(engine: Engine, zone: ZoneInfo) -> Iterator[Connection]:
    """Connect for reading, as `promise_of` says; the session's zone is ``zone`` where it can be set.

    Raises:
        ConfigurationError: The login or the database is wrong.
        SourceUnavailable: It does not answer.
    """
    manner = _MANNERS.get(engine.dialect.name, _OTHER)
    # MySQL knows names of zones only where somebody has loaded them.
    name = "+00:00" if manner is _MYSQL and zone.key == "UTC" else zone.key
    _require_file(engine)
    with as_our_errors(location_of(engine)), engine.connect() as connection:
        reader = connection.execution_options(**manner.options)
        for statement in manner.first:
            reader.exec_driver_sql(statement.format(zone=name))
        yield reader


def _require_file(engine: Engine) -> None:
    """Check that an SQLite file is there: SQLite would make an empty one."""
    if engine.dialect.name != "sqlite":
        return
    path = (engine.url.database or "").removeprefix("file:")
    if path and path != ":memory:" and not Path(path).is_file():
        msg = f"sqlite:{path}: there is no such file. Put it there, or correct the connection."
        raise SourceUnavailable(msg)


def clock_offset(connection: Connection, clock: Clock, query: str = "") -> ClockOffset | None:
    """Compare the database's clock with ours; ``None`` where it has none of its own, or none that we know how to ask.

    Args:
        connection: In a transaction of its own: some clocks stand still within one.
        clock: Ours.
        query: What to ask, if not what the dialect is known to answer.

    Raises:
        ConfigurationError: The query does not give one time with its zone.
    """
    ask = query or _MANNERS.get(connection.dialect.name, _OTHER).clock
    if ask is None:
        return None
    if query:
        read_query(query, connection.dialect.name, "clock_query")
    before = clock()
    said = connection.exec_driver_sql(ask).scalar()
    half = (clock() - before) / 2
    if not query and said.tzinfo is None:
        said = said.replace(tzinfo=UTC)
    try:
        moment = parse_instant(said) if isinstance(said, str) else said
        return ClockOffset((moment - before - half).total_seconds(), ask)
    except (TypeError, ValueError) as error:
        msg = f"parameter 'clock_query': expected one time with its zone, got {said!r}."
        raise ConfigurationError(msg) from error
