# SPDX-License-Identifier: Apache-2.0
"""The tool's own changes are a population: what a real Airflow's audit log says of what was done to it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.stack import Airflow
from tests.unit.collectors.frames import staged_rows
from tieout.collectors.extraction import Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.reach import NoReach, SourceConnection
from tieout.contracts.odcs import load_contract
from tieout.criteria.controls import SystemSource
from tieout.criteria.periods import WindowKind, window
from tieout.local.airflow_api import USER
from tieout.settings import Settings

pytestmark = pytest.mark.integration

SECRET = "hunter2-of-the-connection"


class OwnAirflow(NoReach):
    """Reaches the API of the Airflow that runs the tests."""

    def __init__(self, airflow: Airflow) -> None:
        installation = airflow.store.stack.installation
        self._url, self._password = f"http://127.0.0.1:{installation.airflow_port}", installation.airflow_secrets["password"]

    def connection(self, conn_id: str) -> SourceConnection:
        return SourceConnection(conn_id, "http", self._url, None, "", USER, self._password, {})


def test_what_was_done_to_airflow_is_listed_with_who_did_it(airflow: Airflow, repository: Path, tmp_path: Path) -> None:
    started = datetime.now(UTC)
    airflow.api.call("POST", "/connections", {"connection_id": "audited", "conn_type": "http", "password": SECRET})
    airflow.api.call("POST", "/variables", {"key": "audited", "value": SECRET})
    airflow.api.call("DELETE", "/connections/audited")
    span = replace(window(WindowKind.DAILY, "2026-01-01", ZoneInfo("UTC")), start=started, end=datetime.now(UTC))
    time.sleep(2)  # Airflow's Date header tells its clock to a second: the window is over by that, too
    frame = Frame(
        settings=Settings(home=repository, environment="test"),
        source=SystemSource(system="airflow", collector="airflow_audit", parameters={}),
        window=span,
        folder=tmp_path,
        reach=OwnAirflow(airflow),
    )
    contract = load_contract(repository / "include" / "evidence_schemas" / "configuration_event.v1.odcs.yaml")
    extraction = extract(frame, contract, Inclusion("occurred_at"), lambda: datetime.now(UTC), None)
    rows = [row for row in staged_rows(extraction).to_pylist() if "audited" in (row["change"] or "")]
    assert [row["action"] for row in rows] == ["post_connection", "post_variable", "delete_connection"]
    said = {(row["actor"], row["target"], row["self_approved"], row["weakens"]) for row in rows}
    assert said == {(USER, "airflow", None, None)}
    ipe = extraction.ipe
    assert ipe.source_total.rows == ipe.rows_read >= 3
    assert "Airflow writes down who did what, not who approved it." in ipe.source.blind_spots
    assert SECRET not in str(staged_rows(extraction).to_pylist())
