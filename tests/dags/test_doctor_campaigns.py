# SPDX-License-Identifier: Apache-2.0
"""What ``tieout doctor --campaigns`` sees with Airflow's connections."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Slack
from tests.unit.flows.campaign_bench import OWNERS, Bench, make_bench, make_signers, now, store_client
from tieout.commands.doctor_campaigns import campaign_checks

pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated")  # Airflow's import


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("doctor")
    with pytest.MonkeyPatch.context() as patch, store_client() as client:
        if "airflow" not in sys.modules:
            patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield make_bench(client, make_signers(folder), folder, repository, "doctor-campaigns", owners=OWNERS)


def test_connections_keys_and_slack_are_seen_and_no_secret_is_shown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    settings = replace(bench.settings, response_key=f"file2:{bench.settings.home.parent / 'response.pem'}")
    monkeypatch.setenv(
        "AIRFLOW_CONN_TIEOUT_RESPONDER", json.dumps({"conn_type": "aws", "login": "writer", "password": "of-a-test"})
    )
    found = {each.name: (each.outcome.value, each.found) for each in campaign_checks(settings, bench.store, now())}
    assert {outcome for outcome, _ in found.values()} == {"as expected"}, found
    assert found["slack: connection"][1] == "TIEOUT_SLACK_CONN_ID names none"
    with Slack([]) as slack:
        extra = {"team": TEAM, "signing_secret": SIGNING_SECRET, "base_url": slack.base_url}
        said = {"conn_type": "slack", "password": TOKEN, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SLACK_PEOPLE", json.dumps(said))
        checks = campaign_checks(replace(settings, slack_conn_id="slack_people"), bench.store, now())
    assert {each.name for each in checks if each.name.startswith("slack: ")} == {
        f"slack: {name}" for name in ("connection", "token", "scopes", "how it reaches us")
    }
    assert not [each for each in checks if TOKEN in str(each) or SIGNING_SECRET in str(each)]


def test_what_airflow_does_not_hold_is_weaker(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")  # as where no database is to be asked
    settings = replace(bench.settings, responder_conn_id="not_there", slack_conn_id="nor_this")
    found = {each.name: each for each in campaign_checks(settings, bench.store, now())}
    assert found["campaigns: responder"].outcome.value == "weaker than policy"
    assert "'not_there'" in found["campaigns: responder"].found
    assert "'nor_this'" in found["slack: connection"].found
