# SPDX-License-Identifier: Apache-2.0
"""The embedded default: it stops what it started, moves to free ports, keeps its state, and runs twice side by side."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from tests.stack import make_project, running_store, with_migrated_database
from tieout.local.installation import Installation
from tieout.local.ports import store_ports
from tieout.local.stack import Stack

pytestmark = pytest.mark.integration

ESTABLISHED = ["LAYOUT.json", "README.md", "digests/000000000000.dsse.json", "keys/root.dsse.json"]
"""What a bucket holds before any evidence."""


def processes_of(home: Path) -> list[str]:
    """Return the command lines of all processes that mention a project's folder or stand in it."""
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if process.status() != psutil.STATUS_ZOMBIE and (str(home) in line or process.cwd().startswith(str(home))):
                found.append(line)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def project(tmp_path: Path, repository: Path) -> Iterator[Path]:
    home = make_project(tmp_path / "project", repository)
    yield home
    Stack(home).stop()


@pytest.mark.parametrize(
    ("number", "last"),
    [(signal.SIGINT, "api-server"), (signal.SIGTERM, "scheduler")],
    ids=["SIGINT while it starts", "SIGTERM while it runs"],
)
def test_an_interrupted_demo_leaves_no_process(project: Path, number: signal.Signals, last: str) -> None:
    stack = Stack(project)
    stack.installation.create(datetime.now(UTC))
    with_migrated_database(stack)  # what is interrupted comes after it
    environment = {**os.environ, "TIEOUT_HOME": str(project)}
    command = [sys.executable, "-m", "tieout.cli", "demo"]
    demo = subprocess.Popen(
        command, env=environment, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    run_file = project / ".tieout" / "run.json"
    deadline = time.monotonic() + 90
    while not (run_file.exists() and last in run_file.read_text()):
        assert time.monotonic() < deadline
        assert demo.poll() is None
        time.sleep(0.2)
    time.sleep(2)
    assert len(processes_of(project)) >= (3 if last == "scheduler" else 2)
    demo.send_signal(number)
    try:
        assert demo.wait(timeout=60) == 128 + number
    finally:
        demo.kill()
        demo.wait()
    assert processes_of(project) == []
    assert not run_file.exists()


def test_what_a_killed_command_left_is_stopped_by_the_next(project: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from tieout.local.stack import Stack; "
        "Stack(Path(sys.argv[1])).start_store(lambda _: None); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(project)], check=False, timeout=60)
    assert Stack(project).processes.running() == ["object_store"]
    Stack(project).stop()
    assert processes_of(project) == []


def test_it_moves_where_a_port_is_taken_and_keeps_what_it_holds(project: Path) -> None:
    stack = Stack(project)
    stack.start_store(lambda _: None)
    first_port, fingerprint = stack.installation.store_port, stack.installation.root_fingerprint
    stack.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first_port))
        taken.listen()
        again = Stack(project)
        again.start_store(lambda _: None)
        try:
            assert again.installation.store_port != first_port
            assert not set(store_ports(again.installation.store_port)) & {first_port}
            assert again.installation.root_fingerprint == fingerprint
            from tieout.local.object_store import client_for

            listed = client_for(again.installation, "auditor").list_objects_v2(Bucket="tieout-evidence")
            assert [entry["Key"] for entry in listed["Contents"]] == ESTABLISHED
        finally:
            again.stop()


def test_two_installations_run_side_by_side(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with running_store(tmp_path / "a", repository) as first, running_store(tmp_path / "b", repository) as second:
        assert first.stack.installation.store_port != second.stack.installation.store_port
        assert first.root != second.root
        assert first.land("shop_csv", "2026-01").landed_now
        assert second.land("shop_csv", "2026-01").landed_now
        assert first.verify().outcome == second.verify().outcome == "intact"


def test_secrets_differ_between_installations(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    states = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        installation = Installation(tmp_path / name)
        installation.create(datetime.now(UTC))
        states.append(json.loads((installation.folder / "state.json").read_text()))
    secrets = [str(state[key]) for key in ("identities", "store_keys", "airflow") for state in states]
    assert len(set(secrets)) == len(secrets)


def test_an_installation_of_before_gets_the_identities_it_lacks_and_keeps_the_others(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    installation = Installation(tmp_path)
    installation.create(datetime.now(UTC))
    path = installation.folder / "state.json"
    state = json.loads(path.read_text())
    kept = {name: value for name, value in state["identities"].items() if name != "responder"}
    path.write_text(json.dumps({**state, "identities": kept}))
    installation.create(datetime.now(UTC))
    found = json.loads(path.read_text())["identities"]
    assert {name: value for name, value in found.items() if name != "responder"} == kept
    assert installation.identity("responder").secret_key not in str(kept)


def test_the_key_of_responses_is_the_api_servers_and_no_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    from tieout.local import airflow

    installation, started = Installation(tmp_path), {}
    installation.create(datetime.now(UTC))
    environ = airflow.environment(installation)
    assert environ["TIEOUT_ROOT_FINGERPRINT"] == installation.root_fingerprint
    responder = json.loads(environ["AIRFLOW_CONN_TIEOUT_RESPONDER"])
    assert responder["login"] == installation.identity("responder").access_key

    class Started:
        def start(self, name: str, _command: list[str], environ: dict[str, str], _folder: Path) -> None:
            started[name] = environ

    monkeypatch.setattr(airflow, "_wait_for", lambda *_: None)
    airflow.start(installation, Started(), environ, ("api-server", "scheduler"))  # type: ignore[arg-type]
    for alone in ("TIEOUT_RESPONSE_KEY", "TIEOUT_LINKS_CONN_ID", "AIRFLOW_CONN_TIEOUT_LINKS"):
        assert [name for name, each in started.items() if alone in each] == ["api-server"]
    installation.write_credentials()
    told = {path.stem for path in installation.folder.glob("*.env") if "TIEOUT_ROOT_FINGERPRINT" in path.read_text()}
    assert told == {"admin", "writer", "digest", "responder"}
