# SPDX-License-Identifier: Apache-2.0
"""Where an HTTP source is: the address that an Airflow Connection states, encrypted unless it is this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

from tieout.collectors.reach import SourceConnection
from tieout.errors import ConfigurationError

if TYPE_CHECKING:
    import requests

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def base_url(connection: SourceConnection) -> str:
    """Return scheme, host and port, and the path where the host has one, without a slash at the end.

    Raises:
        ConfigurationError: There is no host; or a secret would travel unencrypted to another machine.
    """
    host = connection.host
    if not host:
        msg = f"Airflow Connection {connection.id!r}: expected a host, got none."
        raise ConfigurationError(msg)
    address = host if "://" in host else f"{connection.schema or 'https'}://{host}"
    parts = urlsplit(address.rstrip("/"))
    if connection.port and parts.port is None:
        parts = parts._replace(netloc=f"{parts.netloc}:{connection.port}")
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        msg = f"Airflow Connection {connection.id!r}: expected https, got {parts.scheme}: its secret would travel in the clear."
        raise ConfigurationError(msg)
    return urlunsplit(parts)


def without_query(url: str) -> str:
    """Return an address without its query, which may hold a secret or personal data."""
    return url.partition("?")[0]


def request_line(request: requests.Request) -> str:
    """Return method, path and query of a request that holds no credential."""
    query = urlencode(request.params or {}, doseq=True)
    return f"{request.method} {urlsplit(request.url).path}{'?' if query else ''}{query}"
