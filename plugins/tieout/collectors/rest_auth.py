# SPDX-License-Identifier: Apache-2.0
"""Puts a connection's secret into the requests to a REST source, in the ways in which sources want it."""

from __future__ import annotations

from typing import Any

from tieout.collectors.http_address import base_url
from tieout.collectors.reach import SourceConnection
from tieout.collectors.rest_parameters import Auth
from tieout.errors import ConfigurationError

_SECONDS = 30


def credential(auth: Auth, connection: SourceConnection) -> Any:
    """Return what puts a connection's secret into a request; ``None`` for none.

    Raises:
        ConfigurationError: The connection lacks what this kind needs.
    """
    import requests
    from dlt.sources.helpers.rest_client import auth as of

    if auth.kind == "none":
        return None
    needs_login = auth.kind in ("basic", "oauth2", "login")
    if not connection.password or (needs_login and not connection.login):
        what = "a login and a password" if needs_login else "a password"
        msg = f"Airflow Connection {connection.id!r}: expected {what} for auth of kind {auth.kind!r}, got none."
        raise ConfigurationError(msg)
    if auth.kind == "basic":
        return of.HttpBasicAuth(connection.login, connection.password)
    if auth.kind == "oauth2":
        scope = {"scope": auth.scope} if auth.scope else {}
        return of.OAuth2ClientCredentials(
            access_token_url=base_url(connection) + (auth.token_path or ""),
            client_id=connection.login,
            client_secret=connection.password,
            access_token_request_data=scope,
            session=requests.Session(),
        )
    if auth.kind == "login":
        return _login(base_url(connection) + (auth.token_path or ""), connection)
    if auth.kind == "bearer":
        return of.BearerTokenAuth(connection.password)
    return of.APIKeyAuth(auth.name, auth.prefix + connection.password, "query" if auth.kind == "query" else "header")


def _login(url: str, connection: SourceConnection) -> Any:
    """Return what asks for a token once, and puts it into each request. What it is answered is not kept anywhere."""
    import requests

    token = ""

    def authorized(request: requests.PreparedRequest) -> requests.PreparedRequest:
        nonlocal token
        if not token:
            body = {"username": connection.login, "password": connection.password}
            answer = requests.post(url, json=body, timeout=_SECONDS, allow_redirects=False)
            answer.raise_for_status()
            token = answer.json()["access_token"]
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorized
