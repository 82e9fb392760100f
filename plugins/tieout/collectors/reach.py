# SPDX-License-Identifier: Apache-2.0
"""How a collector reaches its source: by the name of an Airflow Connection, which alone holds the secret.

Airflow is imported by tasks only, so that whoever runs a collector hands in a `Reach`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tieout.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class SourceConnection:
    """An Airflow Connection, as far as collectors need it. Its ``repr`` shows no secret.

    Attributes:
        id: Its name.
        kind: Its type, such as ``http``.
        host: Host, or address up to the path; empty where it has none.
        port: Port; ``None`` is the scheme's own.
        schema: What the form calls schema: for ``http`` the scheme.
        login: Who logs in; empty where it says none.
        password: The secret.
        extra: Further values of the form, secrets among them.
    """

    id: str
    kind: str
    host: str
    port: int | None
    schema: str
    login: str
    password: str = field(repr=False)
    extra: Mapping[str, Any] = field(repr=False)


class Reach(Protocol):
    """What hands a collector its connections."""

    def connection(self, conn_id: str) -> SourceConnection:
        """Return a connection.

        Raises:
            ConfigurationError: There is none of this name.
        """

    def database(self, conn_id: str) -> Any:
        """Return a SQLAlchemy engine for a connection.

        Raises:
            ConfigurationError: There is none of this name, or the provider of its type is not installed.
        """

    def aws(self, conn_id: str, service: str, region: str | None = None) -> Any:
        """Return a boto3 client of an AWS service for a connection of type ``aws``.

        Args:
            conn_id: The connection.
            service: As boto3 names it: ``guardduty``.
            region: ``None`` is the connection's own.

        Raises:
            ConfigurationError: There is none of this name, or it is of another type.
        """


class NoReach:
    """Reaches nothing: for sources that are files of this machine."""

    def connection(self, conn_id: str) -> SourceConnection:
        """Refuse."""
        raise _refused(conn_id)

    def database(self, conn_id: str) -> Any:
        """Refuse."""
        raise _refused(conn_id)

    def aws(self, conn_id: str, service: str, region: str | None = None) -> Any:
        """Refuse."""
        del service, region
        raise _refused(conn_id)


def _refused(conn_id: str) -> ConfigurationError:
    msg = f"connection {conn_id!r}: expected an Airflow that holds it, got none. Run this where Airflow's connections are."
    return ConfigurationError(msg)
