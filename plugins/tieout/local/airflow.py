# SPDX-License-Identifier: Apache-2.0
"""The embedded Airflow: SQLite, LocalExecutor, one API server, one scheduler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tieout.criteria.scope import load_scope
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.evidence.keys import Scope
from tieout.local.airflow_api import REQUEST_SECONDS, USER
from tieout.local.installation import EVIDENCE_BUCKET, REGION, STAGING_BUCKET, Installation, write_private
from tieout.local.object_store import DIGEST_CADENCE_SECONDS
from tieout.local.processes import Processes

_USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"

# All write to one SQLite file, and each waits for the others. A scheduler that waited in vain ends, and nothing runs any more: it
# waits longest. A wait on the API server's event loop holds up whoever has the lock and needs it: it gives up first (D-083).
_LOCK_SECONDS, _API_LOCK_SECONDS = 120, 20

_READY_SECONDS = 120.0
_MIGRATE_SECONDS = 300


def environment(
    installation: Installation, overrides: Mapping[str, str] | None = None, people: Iterable[str] = ()
) -> dict[str, str]:
    """Return the environment that every Airflow process of an installation runs in.

    Args:
        installation: The installation.
        overrides: Variables that take precedence.
        people: Addresses of those who have a login beside `USER`; who holds a role in the scope file has one.
    """
    home, folder, port = installation.home, installation.folder, installation.airflow_port
    secrets = installation.airflow_secrets
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_", "TIEOUT_"))}
    return {
        **kept,
        "AIRFLOW_HOME": str(folder / "airflow"),
        **{f"AIRFLOW_CONN_TIEOUT_{name.upper()}": _connection(installation, name) for name in ("digest", "responder", "writer")},
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
        _USERS: ",".join([f"{USER}:admin", *(f"{each}:user" for each in _people(installation, people))]),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        _DATABASE: _waiting(installation, _LOCK_SECONDS),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "airflow" / "logs"),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(port + 2),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(port + 1),
        # Tasks fork from a scheduler that has imported Great Expectations: 5 to 9 seconds paid once.
        "AIRFLOW__SCHEDULER__MP_START_METHOD": "fork",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONUNBUFFERED": "1",
        "TIEOUT_CAMPAIGN_POLL_SECONDS": "60",  # who tries it out waits for each look
        "TIEOUT_DIGEST_CADENCE_SECONDS": str(DIGEST_CADENCE_SECONDS),
        "TIEOUT_DIGEST_KEY": installation.key_uri(Scope.DIGEST),
        "TIEOUT_ENVIRONMENT": "embedded",
        "TIEOUT_EVIDENCE_BUCKET": EVIDENCE_BUCKET,
        "TIEOUT_HOME": str(home),
        "TIEOUT_LANDING_KEY": installation.key_uri(Scope.LANDING),
        "TIEOUT_RETRY_DELAY_SECONDS": "5",
        "TIEOUT_ROOT_FINGERPRINT": installation.root_fingerprint,
        "TIEOUT_STAGING_BUCKET": STAGING_BUCKET,
        **installation.identity_settings,
        **(overrides or {}),
    }


def _people(installation: Installation, others: Iterable[str]) -> list[str]:
    """Return the addresses of those who hold a role, and of others; a scope file that can not be read names nobody."""
    held: list[str] = []
    with suppress(ConfigurationError, OSError):
        held = [each.email for each in load_scope(installation.home / "include" / "criteria" / "scope.yaml").owners]
    return sorted({*held, *others})


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


def _waiting(installation: Installation, seconds: int) -> str:
    """Return the address of the metadata database, for who waits so long where another process writes."""
    return f"sqlite:///{database(installation)}?timeout={seconds}"


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
    users = (each.partition(":")[0] for each in environ[_USERS].split(","))
    write_private(_passwords(installation), json.dumps(dict.fromkeys(users, installation.airflow_secrets["password"])))
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
    answering = {
        # No task has the key, nor the identity that auditors' links are signed as.
        "TIEOUT_RESPONSE_KEY": installation.key_uri(Scope.RESPONSE),
        "AIRFLOW_CONN_TIEOUT_LINKS": _connection(installation, "links"),
        "TIEOUT_LINKS_CONN_ID": "tieout_links",
        **environ,
        _DATABASE: _waiting(installation, _API_LOCK_SECONDS),
    }
    processes.start(first, [*_airflow(), first], answering, installation.home)
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
    with urllib.request.urlopen(url, timeout=REQUEST_SECONDS) as answer:  # noqa: S310  # loopback only
        document: dict[str, Any] = json.load(answer)
    return document
