# SPDX-License-Identifier: Apache-2.0
"""Who has which role in the Airflow that collects the evidence: the FAB auth manager's users, as of a window's end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from tieout.collectors.evidence_columns import ACCESS
from tieout.collectors.frame import Frame
from tieout.collectors.http import Exchange
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass, SourceStatement
from tieout.collectors.rest_auth import credential
from tieout.collectors.rest_parameters import Auth
from tieout.collectors.row_tables import Row, row_tables
from tieout.documents import Document
from tieout.errors import SourceUnavailable
from tieout.times import instant

PATH, SIZE = "/auth/fab/v1/users", 100
BLIND_SPOTS = (
    "What a role may do is not listed; a role that was given new rights reads as before.",
    "Whoever reaches the machines, the metadata database or the DAG files needs no user of Airflow.",
    "Users that Airflow takes over from an identity provider appear with their first sign-in.",
)


class Parameters(Document):
    """Parameters of the system's YAML."""

    connection: str = "airflow"
    privileged_roles: tuple[str, ...] = ("Admin", "Op")


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read all users, a row for each role of each; raises as `Exchange.ask` and `Frame.as_of_the_end`."""
    import requests

    given, as_of = frame.parameters(Parameters), frame.as_of_the_end()
    connection = frame.reach.connection(given.connection)
    exchange = Exchange(frame, connection, credential(Auth(kind="login", token_path="/auth/token"), connection))  # noqa: S106
    query = {"order_by": "username", "limit": SIZE}
    who = frame.as_captured(f"Airflow Connection {connection.id}, login {connection.login}")
    proof = "none: Airflow does not say what a token may do; every request of ours is one that reads"
    stated = {name: str(value) for name, value in query.items()}
    frame.state(SourceStatement("Airflow", exchange.base + PATH, None, f"GET {PATH}", stated, who, proof, BLIND_SPOTS))
    users: list[dict[str, Any]] = []
    total = 1
    while len(users) < total:
        request = requests.Request("GET", exchange.base + PATH, params={**query, "offset": len(users)})
        page = exchange.ask(request, f"users from {len(users)}").content
        if not page["users"] or (users and page["total_entries"] != total):
            msg = f"{exchange.base}{PATH}: {total} users were stated, and it changed while it was read. Run the window again."
            raise SourceUnavailable(msg)
        total = page["total_entries"]
        users += page["users"]
    times = {"as_of": instant(as_of), "read_at": instant(frame.clock())}
    rows = [{**row, **times} for user in users for row in _rows(user, given.privileged_roles)]
    yield from row_tables(rows, ACCESS)
    how = f"roles of the {total} users that total_entries states"
    frame.count(Count(len(rows), how), SecondCount(len(rows), how, SecondCountClass.SAME_ENDPOINT))


def _rows(user: dict[str, Any], privileged: tuple[str, ...]) -> Iterator[Row]:
    status = {True: "active", False: "inactive"}.get(user.get("active"), "unknown")  # type: ignore[arg-type]
    for role in user.get("roles") or [{"name": "no role"}]:
        yield {
            "account": user["username"],
            "entitlement": role["name"],
            "holder": user["email"] or None,
            "account_kind": "unknown",
            "account_status": status,
            "privileged": role["name"] in privileged,
            "granted_at": None,
            "last_used_at": user.get("last_login"),
            "mfa": None,
        }
