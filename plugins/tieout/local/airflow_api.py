# SPDX-License-Identifier: Apache-2.0
"""What we ask of the embedded Airflow through its public REST API."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tieout.errors import SourceUnavailable
from tieout.local.installation import Installation

USER = "admin"
REQUEST_SECONDS = 30


class Api:
    """Airflow's public REST API, as the installation's user."""

    def __init__(self, installation: Installation) -> None:
        self._base = f"http://127.0.0.1:{installation.airflow_port}"
        self._credentials = {"username": USER, "password": installation.airflow_secrets["password"]}
        self._token: str | None = None

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the API.

        Raises:
            SourceUnavailable: It answered with an error, whose text the message holds.
        """
        if self._token is None:
            self._token = self._send("POST", "/auth/token", self._credentials, {})["access_token"]
        return self._send(method, f"/api/v2{path}", body, {"Authorization": f"Bearer {self._token}"})

    def _send(self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self._base + path, data=data, headers=headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:  # noqa: S310
                document: dict[str, Any] = json.loads(answer.read() or b"{}")  # what was deleted answers nothing
        except urllib.error.HTTPError as error:
            msg = f"Airflow: {method} {path}: {error.code}: {error.read(500).decode(errors='replace')}"
            raise SourceUnavailable(msg) from error
        return document

    def trigger(self, dag_id: str, window: str | None, run_id: str, conf: dict[str, Any] | None = None) -> None:
        """Trigger the run of one window; ``None`` for a DAG that knows no windows. A DAG that is paused runs from then on."""
        self.call("PATCH", f"/dags/{dag_id}?update_mask=is_paused", {"is_paused": False})
        body = {"logical_date": None, "partition_key": window, "dag_run_id": run_id, "conf": conf or {}}
        self.call("POST", f"/dags/{dag_id}/dagRuns", body)

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run."""
        return str(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the state of each task of a run."""
        answer = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")
        return {entry["task_id"]: entry["state"] for entry in answer["task_instances"]}

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int) -> str:
        """Return the log of one try of a task, as text."""
        answer = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}?full_content=true")
        return json.dumps(answer["content"], ensure_ascii=False)

    def wait(
        self, dag_id: str, run_ids: list[str], seconds: float, progress: Callable[[dict[str, dict[str, str | None]]], None]
    ) -> dict[str, str]:
        """Wait until runs have ended, and return the state of each.

        Raises:
            SourceUnavailable: They had not ended in time; the message says how the scheduler is, and whether the DAG is paused.
        """
        deadline = time.monotonic() + seconds
        while True:
            states = {run_id: self.run_state(dag_id, run_id) for run_id in run_ids}
            progress({run_id: self.tasks(dag_id, run_id) for run_id in run_ids})
            if all(state in ("success", "failed") for state in states.values()):
                return states
            if time.monotonic() > deadline:
                dag, health = self.call("GET", f"/dags/{dag_id}"), self.call("GET", "/monitor/health")
                why = f"DAG paused: {dag['is_paused']}, stale: {dag['is_stale']}; scheduler: {health['scheduler']}"
                msg = f"runs of {dag_id} had not ended after {seconds:.0f} s: {states}; {why}"
                raise SourceUnavailable(msg)
            time.sleep(0.5)
