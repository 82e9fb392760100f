# SPDX-License-Identifier: Apache-2.0
"""Looks at a query before it runs: one SELECT that changes nothing, which tables it reads, and what is bound into it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tieout.criteria.periods import Window
from tieout.errors import ConfigurationError

BOUNDS = ("from", "until")
"""What a query may bind: the window's first instant, and the first one after it."""
_SQLGLOT = {"postgresql": "postgres", "mssql": "tsql", "mariadb": "mysql", "awsathena": "athena"}
_BOUND = re.compile(r"(?<![:\w\\]):(from|until)\b")
_ZONELESS = ("mysql", "mariadb")
"""Dialects whose drivers drop the zone of a bound time without a word."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that reads.

    Attributes:
        text: As it runs.
        tables: What it reads from, as it names them.
        bounds: Which of `BOUNDS` it uses.
    """

    text: str
    tables: tuple[str, ...]
    bounds: tuple[str, ...]

    @property
    def count(self) -> str:
        """The query that counts its rows."""
        return f"SELECT COUNT(*) FROM ({self.text}\n) counted"  # noqa: S608 - the text is the control's own, and looked at


def read_query(text: str, dialect: str, parameter: str) -> Query:
    """Take a query from the YAML.

    Args:
        text: The query.
        dialect: SQLAlchemy's name of the database's SQL.
        parameter: What the YAML calls it.

    Raises:
        ConfigurationError: It is no SQL, not one query, changes or locks something, or binds another name than `BOUNDS`.
    """
    import sqlglot
    from sqlglot import exp

    text = text.strip().rstrip(";").rstrip()
    # sqlglot takes a placeholder named like a keyword for the keyword.
    parsed = _BOUND.sub(r":window_\1", text)
    try:
        statements = [each for each in sqlglot.parse(parsed, read=_known(dialect)) if each is not None]
    except sqlglot.errors.SqlglotError as error:
        first = error.errors[0] if isinstance(error, sqlglot.errors.ParseError) and error.errors else {}
        where = f"line {first['line']}: {first['description']}" if first else "its words can not be told apart"
        raise _refused(parameter, f"no SQL that can be read ({where})") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        kinds = ", ".join(each.key.upper() for each in statements) or "nothing"
        raise _refused(parameter, f"got {kinds}")
    changes = statements[0].find(exp.DML, exp.DDL, exp.Into, exp.Lock, exp.Command)
    if changes is not None:
        raise _refused(parameter, f"it holds {changes.key.upper()}, which changes or locks something")
    ours = {each.alias for each in statements[0].find_all(exp.CTE)}
    tables = (each for each in statements[0].find_all(exp.Table) if each.db or each.name not in ours)
    names = (".".join(part.name for part in each.parts) for each in tables)
    return Query(text, tuple(sorted({name for name in names if name})), _bounds(text, parameter))


def _bounds(text: str, parameter: str) -> tuple[str, ...]:
    import sqlalchemy

    bound = tuple(sqlalchemy.text(text).compile().params)
    strange = [name for name in bound if name not in BOUNDS]
    if strange:
        raise _refused(parameter, f"it binds :{strange[0]}; a colon that binds nothing is written \\:")
    return tuple(name for name in BOUNDS if name in bound)


def _known(dialect: str) -> str | None:
    from sqlglot.dialects.dialect import Dialect

    name = _SQLGLOT.get(dialect, dialect)
    return name if Dialect.get(name) else None


def _refused(parameter: str, problem: str) -> ConfigurationError:
    msg = f"parameter {parameter!r}: expected one SELECT that binds nothing but :from and :until; {problem}."
    return ConfigurationError(msg)


def window_bounds(window: Window, form: str, dialect: str, zone: ZoneInfo) -> dict[str, Any]:
    """Return the window's bounds in the form in which the column holds times.

    Args:
        window: The window, half-open.
        form: ``timestamp`` (the database's own type), ``iso`` (text in UTC with a T, such as ``2026-03-01T00:00:00Z``),
            ``unix`` (seconds), or the pattern of a text in ``zone``, such as ``%Y-%m-%d %H:%M:%S``.
        dialect: SQLAlchemy's name of the database's SQL.
        zone: Of times without one.

    Raises:
        ConfigurationError: There is no such form, or the database has no type for times.
    """
    if form == "timestamp" and dialect == "sqlite":
        msg = (
            "parameter 'window_format': SQLite has no type for times. Say in which form the column holds them: iso, unix, or "
            "a pattern such as '%Y-%m-%d %H:%M:%S'. Texts are compared letter by letter: another form would lose rows."
        )
        raise ConfigurationError(msg)
    if form not in ("timestamp", "iso", "unix") and "%" not in form:
        msg = f"parameter 'window_format': expected timestamp, iso, unix or a pattern such as '%Y-%m-%d', got {form!r}."
        raise ConfigurationError(msg)

    def bound(moment: datetime) -> Any:
        if form == "iso":
            # No zone and no fraction: letter by letter, this text stands before every text of the same second.
            return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        if form == "unix":
            return int(moment.timestamp())
        local = moment.astimezone(zone)
        if form == "timestamp":
            return local.replace(tzinfo=None) if dialect in _ZONELESS else moment
        return local.strftime(form)

    return dict(zip(BOUNDS, (bound(window.start), bound(window.end)), strict=True))
