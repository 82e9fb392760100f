# SPDX-License-Identifier: Apache-2.0
"""Turns what a database or its driver raises into our errors: what to correct apart from what may pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tieout.errors import ConfigurationError, SourceUnavailable

_WRONG_CLASSES = ("0A", "25006", "28", "3D", "3F", "42")
"""Beginnings of SQLSTATE that trying again does not cure: not supported, writing, login, unknown database, syntax, rights."""
_WRONG_MYSQL = (1044, 1045, 1049, 1054, 1064, 1142, 1143, 1146, 1298, 1792)
_WRONG_SQLITE = ("no such ", "near ", "ambiguous column", "file is not a database", "attempt to write")


@contextmanager
def as_our_errors(origin: str) -> Iterator[None]:
    """Raise errors of the database as ours. Their texts carry no query and no bound value; nor rows, where a value was wrong.

    Raises:
        ConfigurationError: The query, the table, the login or the rights are wrong.
        SourceUnavailable: The database did not answer, or stopped answering.
    """
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except DBAPIError as error:
        raise _ours(error, origin) from None  # the cause's text has the query and what was bound into it
    except SQLAlchemyError as error:
        msg = f"{origin}: {type(error).__name__}: the driver can not do what is asked. Check the connection and the query."
        raise ConfigurationError(msg) from None


def code_of(error: BaseException) -> str:
    """Return the SQLSTATE that a driver's error carries; an empty text if none."""
    return str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")


def _ours(error: Exception, origin: str) -> ConfigurationError | SourceUnavailable:
    from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError

    cause: BaseException = getattr(error, "orig", None) or error
    code, said = code_of(cause), " ".join(str(cause).split())
    if isinstance(error, DataError | IntegrityError):  # their texts quote the value
        kind = f"{type(cause).__name__} {code}".strip()
        return ConfigurationError(f"{origin}: the database can not compute a value ({kind}). Correct the query.")
    number = cause.args[0] if cause.args and isinstance(cause.args[0], int) else 0
    wrong = (
        code.startswith(_WRONG_CLASSES)
        or number in _WRONG_MYSQL
        or (isinstance(error, ProgrammingError) and not code)
        or (isinstance(error, OperationalError) and not code and said.startswith(_WRONG_SQLITE))
    )
    if wrong:
        msg = f"{origin}: {said}. Correct the query or the connection, or give its login the right to read."
        return ConfigurationError(msg)
    return SourceUnavailable(f"{origin}: {said}. Nothing lands for this window; it is tried again.")
