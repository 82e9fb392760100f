# SPDX-License-Identifier: Apache-2.0
"""The embedded Airflow: SQLite, LocalExecutor, one API server, one scheduler; and what we ask its REST API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.evidence.keys import Scope
from tieout.local.installation import EVIDENCE_BUCKET, REGION, STAGING_BUCKET, Installation, write_private
from tieout.local.object_store import DIGEST_CADENCE_SECONDS
from tieout.local.processes import Processes

USER = "admin"
_READY_SECONDS = 120.0
_MIGRATE_SECONDS = 300
_REQUEST_SECONDS = 30


def environment(installation: Installation, overrides: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment that every Airflow process of an installation runs in.

    Args:
        installation: The installation.
        overrides: Variables that take precedence.
    """
    home, folder, port = installation.home, installation.folder, installation.airflow_port
    secrets = installation.airflow_secrets
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_", "TIEOUT_"))}
    return {
        **kept,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW_CONN_TIEOUT_DIGEST": _connection(installation, "digest"),
        "AIRFLOW_CONN_TIEOUT_WRITER": _connection(installation, "writer"),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": secrets["secret_key"],
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets["jwt_secret"],
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": secrets["fernet_key"],
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_passwords(installation)),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        # Scheduler, API server and tasks write to one file: each waits for the others, instead of failing after 5 s. No longer:
        # a wait on the API server's event loop holds up whoever has the lock and needs that loop (D-083).
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow' / 'airflow.db'}?timeout=20",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "airflow" / "logs"),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(port + 2),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(port + 1),
        # Tasks fork from a scheduler that has imported Great Expectations: 5 to 9 seconds paid once.
        "AIRFLOW__SCHEDULER__MP_START_METHOD": "fork",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONUNBUFFERED": "1",
        "TIEOUT_DIGEST_CADENCE_SECONDS": str(DIGEST_CADENCE_SECONDS),
        "TIEOUT_DIGEST_KEY": installation.key_uri(Scope.DIGEST),
        "TIEOUT_ENVIRONMENT": "embedded",
        "TIEOUT_EVIDENCE_BUCKET": EVIDENCE_BUCKET,
        "TIEOUT_HOME": str(home),
        "TIEOUT_LANDING_KEY": installation.key_uri(Scope.LANDING),
        "TIEOUT_RETRY_DELAY_SECONDS": "5",
        "TIEOUT_STAGING_BUCKET": STAGING_BUCKET,
        **installation.identity_settings,
        **(overrides or {}),
    }


def _connection(installation: Installation, identity: str) -> str:
    """Return the Airflow Connection of one identity of the object store, as JSON."""
    credentials = installation.identity(identity)
    connection = {
        "conn_type": "aws",
        "login": credentials.access_key,
        "password": credentials.secret_key,
        "extra": {
            "endpoint_url": installation.endpoint,
            "region_name": REGION,
            "config_kwargs": {"s3": {"addressing_style": "path"}, "connect_timeout": 5, "read_timeout": 60},
        },
    }
    return json.dumps(connection)


def _passwords(installation: Installation) -> Path:
    return installation.folder / "airflow" / "passwords.json"


def database(installation: Installation) -> Path:
    """Return the metadata database's file."""
    return installation.folder / "airflow" / "airflow.db"


def migrated(installation: Installation) -> Path:
    """Return the file that says which version of Airflow the metadata database was migrated to."""
    return installation.folder / "airflow" / "migrated"


def migrate(installation: Installation, environ: Mapping[str, str]) -> None:
    """Create or migrate the metadata database, where this version of Airflow has not yet.

    Raises:
        ConfigurationError: The command failed; the message holds the end of what it printed.
    """
    (installation.folder / "airflow").mkdir(mode=0o700, exist_ok=True)
    said, current = migrated(installation), version("apache-airflow-core")
    if not (database(installation).exists() and said.exists() and said.read_text() == current):
        _run(installation, environ, "db", "migrate")
        said.write_text(current)


def prepare(installation: Installation, environ: Mapping[str, str]) -> None:
    """Migrate the metadata database, write the passwords, and read the DAG files. Raises as `migrate`."""
    migrate(installation, environ)
    write_private(_passwords(installation), json.dumps({USER: installation.airflow_secrets["password"]}))
    _run(installation, environ, "dags", "reserialize")


def _run(installation: Installation, environ: Mapping[str, str], *command: str) -> None:
    done = subprocess.run(
        [*_airflow(), *command],
        env=dict(environ),
        cwd=installation.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_MIGRATE_SECONDS,
        umask=0o077,
        check=False,
    )
    if done.returncode:
        msg = f"airflow {' '.join(command)} failed:\n{(done.stdout + done.stderr)[-3000:]}"
        raise ConfigurationError(msg)


def _airflow() -> list[str]:
    return [sys.executable, "-m", "airflow"]


def start(
    installation: Installation,
    processes: Processes,
    environ: Mapping[str, str],
    components: tuple[str, ...],
    before_tasks: Callable[[], None] | None = None,
) -> None:
    """Start Airflow's components and wait until API server and scheduler are healthy.

    Args:
        installation: The installation.
        processes: Starts them.
        environ: What they run in.
        components: ``api-server`` first, then the others.
        before_tasks: Called between the two. On SQLite, a request that writes to the audit log while tasks report to the API
            server can hold that up until the database's timeout: many runs are better triggered here.

    Raises:
        SourceUnavailable: They were not within 120 s; the message names the log.
    """
    first, *others = components
    processes.start(first, [*_airflow(), first], environ, installation.home)
    if before_tasks:
        _wait_for(installation, processes, "metadatabase", components)
        before_tasks()
    for component in others:
        processes.start(component, [*_airflow(), component], environ, installation.home)
    _wait_for(installation, processes, "scheduler", components)


def _wait_for(installation: Installation, processes: Processes, part: str, components: tuple[str, ...]) -> None:
    health: dict[str, Any] = {}
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            health = _get(f"http://127.0.0.1:{installation.airflow_port}/api/v2/monitor/health")
        except (OSError, ValueError):
            health = {}
        if health.get(part, {}).get("status") == "healthy":
            return
        time.sleep(0.5)
    logs = ", ".join(str(processes.log(component)) for component in components)
    msg = f"Airflow was not healthy within {_READY_SECONDS:.0f} s (last answer: {health or 'none'}). Its logs: {logs}"
    raise SourceUnavailable(msg)


def _get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310  # loopback only
        document: dict[str, Any] = json.load(answer)
    return document


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
            with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310
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
            SourceUnavailable: They had not ended in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            states = {run_id: self.run_state(dag_id, run_id) for run_id in run_ids}
            progress({run_id: self.tasks(dag_id, run_id) for run_id in run_ids})
            if all(state in ("success", "failed") for state in states.values()):
                return states
            if time.monotonic() > deadline:
                msg = f"runs of {dag_id} had not ended after {seconds:.0f} s: {states}"
                raise SourceUnavailable(msg)
            time.sleep(0.5)
