# SPDX-License-Identifier: Apache-2.0
"""Who reads a database, and whether that login could write: asked of the database before anything is set, changing nothing.

No write is tried where a catalogue of rights can be asked: elsewhere than in SQLite, a statement without rows fires triggers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tieout.collectors.sql_errors import code_of
from tieout.collectors.sql_session import opened

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Credential:
    """Who the database says reads it (empty where it can not be asked), and whether that login could write."""

    identity: str
    proof: str


def look_at_credential(engine: Engine, tables: tuple[str, ...]) -> Credential:
    """Ask a database who reads it and what that login may do.

    Args:
        engine: The database.
        tables: What the query reads.

    Raises:
        ConfigurationError: The login or the database is wrong.
        SourceUnavailable: It does not answer.
    """
    from sqlalchemy.exc import DBAPIError

    look = _LOOKS.get(engine.dialect.name)
    with opened(engine) as connection:
        if look is None:
            connection.exec_driver_sql("SELECT 1")  # whether it answers at all
            return Credential("", f"not checked: Tieout does not know how to ask {engine.dialect.name} what a login may do")
        try:
            return look(connection, tables)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            kind = f"{type(error.orig).__name__} {code_of(error.orig) if error.orig else ''}".strip()
            return Credential("", f"not checked: the database did not say what this login may do ({kind})")
        finally:
            connection.rollback()


_RIGHTS = """
SELECT n.nspname || '.' || c.relname, EXISTS (
  SELECT FROM pg_catalog.pg_roles r WHERE pg_has_role(session_user, r.oid, 'MEMBER') AND (
    has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    OR has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE')))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1
"""
"""Each table and view, and whether the login, or a role that it may take, can write to it."""


def _postgres(connection: Connection, tables: tuple[str, ...]) -> Credential:
    who = connection.exec_driver_sql(
        "SELECT session_user::text, current_user::text, rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user"
    ).one()
    identity = who[0] if who[0] == who[1] else f"{who[0]}, as {who[1]}"
    if who[2]:
        return Credential(identity, f"could write: {who[0]!r} is a superuser, whom no right restrains")
    rights = connection.exec_driver_sql(_RIGHTS).all()
    writable = [name for name, writes in rights if writes]
    if writable:
        return Credential(identity, _could_write(writable, tables))
    return Credential(
        identity,
        f"read-only: by PostgreSQL's catalogue neither {who[0]!r} nor a role that it may take can insert, update, delete or "
        f"truncate in any of the database's {len(rights)} tables and views; functions that run with their owner's rights "
        f"were not looked at",
    )


def _could_write(writable: list[str], tables: tuple[str, ...]) -> str:
    ends = tuple(f".{table.lower()}" for table in tables)
    read = [name for name in writable if f".{name.lower()}".endswith(ends)] if ends else []
    among = f"; of them the query reads {_listed(read)}" if read else "; the query reads none of them"
    return f"could write: by PostgreSQL's catalogue this login can change {_listed(writable)}{among}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


_GRANT = re.compile(r"^GRANT (.+?) ON (.+?) TO ", re.IGNORECASE)
_COLUMNS = re.compile(r"\([^)]*\)")
_READING = frozenset({"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS"})


def _mysql(connection: Connection, _: tuple[str, ...]) -> Credential:
    identity = str(connection.exec_driver_sql("SELECT CURRENT_USER()").scalar())
    grants = connection.exec_driver_sql("SHOW GRANTS").scalars()
    return Credential(identity, proof_of_grants(str(grant) for grant in grants))


def proof_of_grants(grants: Iterable[str]) -> str:
    """Say whether MySQL's grants allow writing; never repeats one, as MariaDB's show a hash of the password."""
    writing: list[str] = []
    roles = 0
    for grant in grants:
        match = _GRANT.match(grant)
        if match is None:
            roles += 1
            continue
        rights = {right.strip().upper() for right in _COLUMNS.sub("", match[1]).split(",")}
        writing += [f"{right} on {match[2]}" for right in sorted(rights - _READING)]
    if writing:
        return f"could write: MySQL's SHOW GRANTS gives this login more than reading: {_listed(writing)}"
    if roles:
        return f"not checked: MySQL's SHOW GRANTS gives this login {roles} role(s), whose rights were not looked at"
    return "read-only: MySQL's SHOW GRANTS gives this login no right but to read; routines of others were not looked at"


def _sqlite(connection: Connection, _: tuple[str, ...]) -> Credential:
    """Ask for the lock of a writer by a statement that touches no row: SQLite has no catalogue, and no trigger without a row."""
    from sqlalchemy.exc import OperationalError

    table = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    ).scalar()
    if table is None:
        return Credential("", "not checked: the file holds no table")
    quoted = connection.dialect.identifier_preparer.quote_identifier(table)
    try:
        connection.exec_driver_sql(f"DELETE FROM {quoted} WHERE 1 = 0")  # noqa: S608 - quoted, and it deletes nothing
    except OperationalError as error:
        if "readonly" in str(error.orig):
            return Credential("", "read-only: SQLite refuses this connection to write; whoever may write to the file still can")
        return Credential("", "not checked: somebody else was writing to the file")
    return Credential("", "could write: SQLite granted this connection a transaction that writes (given back unused)")


_LOOKS: dict[str, Callable[[Connection, tuple[str, ...]], Credential]] = {
    "postgresql": _postgres,
    "mysql": _mysql,
    "mariadb": _mysql,
    "sqlite": _sqlite,
}
