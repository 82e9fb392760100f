# SPDX-License-Identifier: Apache-2.0
"""Who may do what in the Airflow that collects the evidence: a row for each role of each user, as of the window's end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.simulators import fab
from tests.simulators.vendor import Reply, Request, Server, serving
from tests.unit.collectors.frames import FrameFactory, staged_rows

from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.reach import NoReach, SourceConnection
from tieout.contracts.odcs import load_contract
from tieout.errors import ConfigurationError, SourceUnavailable

AFTER = datetime(2026, 4, 2, 6, tzinfo=UTC)


class Connection(NoReach):
    """Reaches the API as a user."""

    def __init__(self, url: str, password: str) -> None:
        self.url, self.password = url, password

    def connection(self, conn_id: str) -> SourceConnection:
        return SourceConnection(conn_id, "http", self.url, None, "", fab.LOGIN, self.password, {})


@pytest.fixture
def api() -> Iterator[Server]:
    users = [fab.user(number, "Viewer") for number in range(1, 121)]
    users += [fab.user(121, "Admin", "Op", active=False), fab.user(122, email="", last_login=None)]
    with serving(fab.Fab(users)) as server:
        yield server


def collected(frame: Frame, repository: Path, url: str, password: str = fab.PASSWORD) -> Extraction:
    """Extract March."""
    contract = load_contract(repository / "include" / "evidence_schemas" / "access_entry.v1.odcs.yaml")
    frame.reach = Connection(url, password)
    return extract(frame, contract, Inclusion("as_of"), lambda: AFTER, None)


def test_each_role_of_each_user_is_a_row(frame_of: FrameFactory, repository: Path, api: Server) -> None:
    frame = frame_of("airflow_access")
    extraction = collected(frame, repository, api.url)
    rows = staged_rows(extraction).to_pylist()
    assert len(rows) == extraction.ipe.source_total.rows == 123
    assert [(row["account"], row["entitlement"], row["privileged"], row["account_status"]) for row in rows[-3:]] == [
        ("user-121", "Admin", "true", "inactive"),
        ("user-121", "Op", "true", "inactive"),
        ("user-122", "no role", "false", "active"),
    ]
    assert (rows[-1]["holder"], rows[0]["holder"]) == (None, "user-1@shop.example")
    assert {row["as_of"] for row in rows} == {"2026-03-31T23:59:59.000000Z"}
    assert {row["read_at"] for row in rows} == {"2026-04-02T06:00:00.000000Z"}
    assert extraction.ipe.source.credential == "Airflow Connection airflow, login auditor"
    assert all(fab.TOKEN.encode() not in (frame.folder / page.name).read_bytes() for page in frame.pages)


def test_a_wrong_password_is_refused_and_not_shown(frame_of: FrameFactory, repository: Path, api: Server) -> None:
    with pytest.raises(ConfigurationError, match="HTTP 401: the credential of Airflow Connection 'airflow'") as caught:
        collected(frame_of("airflow_access"), repository, api.url, "another-secret")
    assert "another-secret" not in str(caught.value)


def test_a_list_that_changes_meanwhile_is_refused(frame_of: FrameFactory, repository: Path, api: Server) -> None:
    def shorter(_number: int, request: Request, reply: Reply) -> None:
        if request.query.get("offset") == "100":
            reply.body["total_entries"] = 121

    api.fault = shorter
    with pytest.raises(SourceUnavailable, match="122 users were stated, and it changed while it was read"):
        collected(frame_of("airflow_access"), repository, api.url)
