# SPDX-License-Identifier: Apache-2.0
"""A landing task whose process dies between Parquet and manifest: the retry completes, once, intact."""

from __future__ import annotations

import re

import pytest

from tests.stack import CONTROL, Airflow
from tieout.evidence.verify import Outcome

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("window", "request_pattern"),
    [("2026-03", r"^PUT /[^/]+/manifests/"), ("2026-04", r"^PUT /[^/]+/evidence/rule_result/")],
    ids=["between parquet and manifest", "between two parts"],
)
def test_the_retry_of_a_killed_landing_completes(airflow: Airflow, window: str, request_pattern: str) -> None:
    killed_before = len(airflow.proxy.killed)
    airflow.proxy.armed = re.compile(request_pattern + rf".*window(=|%3D){window}/shop_git-")
    run_id = f"killed__{window}"
    assert airflow.run(window, run_id) == "success"

    assert len(airflow.proxy.killed) == killed_before + 1
    task = airflow.api.call("GET", f"/dags/{CONTROL}/dagRuns/{run_id}/taskInstances/shop_git.land")
    assert task["try_number"] == 2
    landed = [entry for entry in airflow.store.verify().landings if f"window={window}/shop_git-" in entry.key]
    assert [entry.outcome for entry in landed] == [Outcome.INTACT]
    listed = airflow.store.bucket("auditor").versions("evidence/") + airflow.store.bucket("auditor").versions("manifests/")
    written = sorted(version.key for version in listed if f"window={window}/shop_git-" in version.key)
    assert len(written) == len(set(written)) == 3, "population, rule results and manifest, one version each"
