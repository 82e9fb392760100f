# SPDX-License-Identifier: Apache-2.0
"""Object store and scheduler lose their power in the middle of a landing and of a digest; everything ends whole."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stack import Airflow, running_airflow
from tieout.evidence.keys import Scope
from tieout.evidence.records import write_record
from tieout.evidence.store import Retention
from tieout.evidence.verify import Outcome
from tieout.files import file_sha256
from tieout.flows.documents import read_documents
from tieout.flows.upkeep import abandoned
from tieout.local import airflow as local_airflow
from tieout.local import object_store

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Airflow]:
    """Return an Airflow of the module's own, whose servers may die."""
    quick = {
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    }
    with running_airflow(tmp_path_factory.mktemp("machine"), repository, **quick) as running:
        yield running


def power_cut(machine: Airflow, server: str, request: str) -> Callable[[], None]:
    """Cut a server's power when a task sends a request; returns what waits for that and turns it on again."""
    died = threading.Event()
    processes = machine.store.stack.processes

    def cut() -> None:
        processes.kill(server)
        died.set()

    machine.proxy.victim = cut
    machine.proxy.armed = re.compile(request)

    def restored() -> None:
        assert died.wait(90), f"no {request} came"
        installation = machine.store.stack.installation
        if server == "object_store":
            object_store.start(installation, processes)
        else:
            environment = local_airflow.environment(installation, machine.overrides)
            local_airflow.start(installation, processes, environment, (server,))

    return restored


def acknowledged(machine: Airflow) -> set[tuple[str, str]]:
    return {(version.key, version.version_id) for version in machine.store.bucket("auditor").versions("")}


@pytest.mark.parametrize(("server", "window"), [("object_store", "2026-01"), ("scheduler", "2026-02")])
def test_a_power_cut_in_the_middle_of_a_landing_and_of_a_digest(machine: Airflow, server: str, window: str) -> None:
    before = acknowledged(machine)
    restored = power_cut(machine, server, rf"^PUT /[^/]+/manifests/.*window(=|%3D){window}/shop_git-")
    machine.api.trigger("cc8_1_change_management", window, f"cut__{window}")
    restored()
    assert before <= acknowledged(machine)
    assert machine.finish(f"cut__{window}") == "success"
    landed = acknowledged(machine)

    restored = power_cut(machine, server, r"^PUT /[^/]+/digests/")
    machine.api.trigger("evidence_digest", None, f"cut__{server}")
    restored()
    assert landed <= acknowledged(machine)
    assert machine.finish(f"cut__{server}", "evidence_digest") == "success"

    assert machine.seal(f"after__{server}") == "success"
    report = machine.store.verify()
    assert [finding.reason for item in report.items for finding in item.findings] == []
    assert report.outcome is Outcome.INTACT
    in_window = [item for item in report.landings if f"window={window}/" in item.key]
    assert len(in_window) == 2
    assert landed <= acknowledged(machine)


def test_what_nobody_comes_back_for_is_recorded_and_verification_ends_clean(machine: Airflow) -> None:
    """A landing dies for good: its pages and parts are there, its window is run by nobody."""
    store = machine.store
    path = store.stack.installation.home / "raw_page"
    path.write_bytes(b"left behind")
    place = "observation_period=2026-H1/control=cc8_1_change_management"
    lock = Retention("COMPLIANCE", datetime.now(UTC) + timedelta(days=3000), "AES256", "")
    key = f"raw/{place}/shop_git-{'0' * 32}/page-00000.txt"
    store.bucket().put_locked(key, path, file_sha256(path), lock)
    assert store.verify().outcome is Outcome.MISSING
    time.sleep(1)  # the store's clock has seconds
    signer = store.stack.installation.signer(Scope.LANDING)
    now = datetime.now(UTC)
    [record] = abandoned(store.bucket(), read_documents(store.bucket()), now, now, "a test")
    assert write_record(record, store.bucket(), signer, lock)
    report = store.verify()
    assert [item.key for item in report.items if item.findings] == []
