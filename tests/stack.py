# SPDX-License-Identifier: Apache-2.0
"""The embedded stack for integration tests; the fixtures in conftest.py start it once."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.s3_proxy import S3Proxy
from tieout.errors import SourceUnavailable
from tieout.evidence.keys import DocumentSigner, Scope
from tieout.evidence.landing import Draft, LandingReference, land
from tieout.evidence.sources import Bucket
from tieout.evidence.store import Retention, S3Store
from tieout.evidence.verify import Report, verify
from tieout.flows import population_export as flow
from tieout.flows.digest import Sealed, seal
from tieout.flows.jobs import open_frame
from tieout.local import airflow as local_airflow
from tieout.local import object_store
from tieout.local.airflow import database, environment, migrate, migrated
from tieout.local.airflow_api import Api
from tieout.local.installation import EVIDENCE_BUCKET, Installation
from tieout.local.stack import Stack
from tieout.settings import Settings

CONTROL = "cc8_1_change_management"


def make_project(folder: Path, repository: Path) -> Path:
    """Return a project folder: its own copy of include/, the repository's dags/ and plugins/; of the library one control.

    The library has tests of its own; here every DAG would cost time at each start of an Airflow.
    """
    shutil.copytree(repository / "include", folder / "include")
    for path in (folder / "include" / "criteria" / "controls").glob("*.yaml"):
        if path.stem != CONTROL:
            path.unlink()
    for name in ("dags", "plugins"):
        (folder / name).symlink_to(repository / name)
    return folder


@dataclass
class Store:
    """A running object store, and landing without Airflow: the same functions that the tasks call."""

    stack: Stack
    settings: Settings
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def client(self, identity: str) -> Any:
        return object_store.client_for(self.stack.installation, identity)

    def bucket(self, identity: str = "writer") -> S3Store:
        return S3Store(self.client(identity), EVIDENCE_BUCKET)

    def with_identities(self) -> Store:
        """Return the same store, landing with person ids."""
        known = self.stack.installation.identity_settings
        named = {name.removeprefix("TIEOUT_").lower(): value for name, value in known.items()}
        return replace(self, settings=replace(self.settings, **named))

    @property
    def root(self) -> str:
        return self.stack.installation.root_fingerprint

    def verify(self, **arguments: Any) -> Report:
        return verify(Bucket(self.bucket("auditor")), self.root, now=self.clock(), **arguments)

    def seal(self, closes: tuple[str, ...] = ()) -> Sealed:
        """Write the next digest, as the digest principal."""
        retention = Retention("COMPLIANCE", self.clock() + timedelta(days=2562), "AES256", "")
        signer = self.stack.installation.signer(Scope.DIGEST)
        return seal(self.bucket("digest"), signer, retention, self.clock, 3600, closes)

    def land(
        self, system: str, window: str, *, reason: str | None = None, signer: DocumentSigner | None = None, **parameters: Any
    ) -> LandingReference:
        """Collect, validate and land one window with other collector parameters; what breaks is recorded, as the tasks do."""
        job = flow.plan(self.settings, CONTROL, system, window)
        source = job.source.model_copy(update={"parameters": {**job.source.parameters, **parameters}})
        return self._run(replace(job, source=source), self.clock, reason, signer)

    def land_as_of(self, control: str, system: str, window: str, at: datetime, reason: str | None = None) -> LandingReference:
        """Collect a window of any control as if it were an instant of the past; land it now."""
        return self._run(flow.plan(self.settings, control, system, window), lambda: at, reason)

    def land_job(self, job: flow.Job, at: datetime, reason: str | None = None) -> LandingReference:
        """Collect a job of any kind as if it were an instant of the past; land it now."""
        return self._run(job, lambda: at, reason)

    def _run(
        self, job: flow.Job, clock: Callable[[], datetime], reason: str | None, signer: DocumentSigner | None = None
    ) -> LandingReference:
        retention, store = flow.retention_of(job, self.clock()), self.bucket()
        landing_key = self.stack.installation.signer(Scope.LANDING)
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work)
            frame = open_frame(job, folder, store)
            with flow.keeping_unusable(job, frame, None, self.clock, store, landing_key):
                extraction = flow.collect(job, frame, clock, None)
                validated = flow.validate(job, extraction, folder)
            pages = flow.lock_pages(job, frame, store, retention)
            draft = Draft(job.place, extraction["landing"], job.source.system, validated.parts, pages, validated.predicate)
            return land(draft, store, signer or landing_key, retention, self.clock, folder, reason)

    def environment(self, identity: str) -> dict[str, str]:
        """Return the variables of an identity: what a person exports to work as it."""
        lines = (self.stack.installation.folder / f"{identity}.env").read_text().splitlines()
        return dict(line.removeprefix("export ").split("=", 1) for line in lines)


def write_csv(path: Path, rows: list[str]) -> Path:
    """Write a merges CSV with the sample's header."""
    header = "sha,committed_at,authored_at,author,committer,parents,pull_request,change_type,files_changed,insertions,deletions"
    path.write_text("".join(line + "\n" for line in [header, *rows]))
    return path


def merge(number: int, day: str, *, author: str = "a@example.com", committer: str = "b@example.com", pr: str = "7") -> str:
    """Return one CSV line."""
    return f"{number:040x},{day}T10:00:00Z,{day}T09:00:00Z,{author},{committer},1,{pr},fix,1,2,3"


@contextmanager
def running_store(folder: Path, repository: Path) -> Iterator[Store]:
    """Start an object store with its buckets in a project of its own, and stop it."""
    home = make_project(folder, repository)
    stack = Stack(home)
    try:
        stack.start_store(lambda _: None)
        yield Store(stack, Settings(home=home, environment="test"))
    finally:
        stack.processes.kill("object_store")  # nothing of it is looked at any more, and ending politely takes two seconds
        stack.stop()


@dataclass
class Airflow:
    """A running Airflow that reaches the object store through a proxy."""

    store: Store
    api: Api
    proxy: S3Proxy
    overrides: dict[str, str]

    @property
    def home(self) -> Path:
        return self.store.stack.installation.home

    def run(self, window: str | None, run_id: str, conf: dict[str, Any] | None = None) -> str:
        """Run one window, or none, and return how the run ended."""
        self.api.trigger(CONTROL, window, run_id, conf)
        return self.finish(run_id)

    def start(self, component: str) -> None:
        """Start a component, another one or again, and wait until API server and scheduler are healthy."""
        installation = self.store.stack.installation
        local_airflow.start(installation, self.store.stack.processes, environment(installation, self.overrides), (component,))

    def finish(self, run_id: str, dag_id: str = CONTROL) -> str:
        """Return how a run ended; where it has not in three minutes, the failure shows what the scheduler said last."""
        try:
            return self.api.wait(dag_id, [run_id], 180, lambda _: None)[run_id]
        except SourceUnavailable as error:
            processes = self.store.stack.processes
            said = processes.log("scheduler").read_text(errors="replace")[-5000:]
            pytest.fail(f"{error}\nrunning: {processes.running()}\nits scheduler said last:\n{said}")

    def seal(self, run_id: str) -> str:
        """Run the digest DAG and return how the run ended."""
        self.api.trigger("evidence_digest", None, run_id)
        return self.finish(run_id, "evidence_digest")


@contextmanager
def running_airflow(
    folder: Path, repository: Path, prepare: Callable[[Path], None] | None = None, **variables: str
) -> Iterator[Airflow]:
    """Start Airflow over an object store of its own, with a proxy between them, and stop both.

    Args:
        folder: Where.
        repository: The repository's folder.
        prepare: Changes the project before anything starts; without it, the samples are built.
        variables: Environment variables that take precedence.
    """
    home = make_project(folder, repository)
    if prepare:
        prepare(home)
    stack = Stack(home)
    try:
        stack.start_store(lambda _: None)
        if not prepare:
            stack.build_samples(lambda _: None)
        with S3Proxy(stack.installation.store_port) as proxy:
            overrides = {"TIEOUT_RETRY_DELAY_SECONDS": "1", **variables}
            for name in (f"AIRFLOW_CONN_TIEOUT_{identity}" for identity in ("DIGEST", "RESPONDER", "WRITER")):
                connection = json.loads(environment(stack.installation)[name])
                connection["extra"]["endpoint_url"] = proxy.endpoint
                overrides[name] = json.dumps(connection)
            with_migrated_database(stack)
            stack.start_airflow(lambda _: None, dag_processor=False, overrides=overrides)
            yield Airflow(Store(stack, Settings(home=home)), Api(stack.installation), proxy, overrides)
    finally:
        for component in ("scheduler", "api-server", "object_store"):
            stack.processes.kill(component)  # nothing of it is looked at any more, and ending politely takes ten seconds
        stack.stop()


def with_migrated_database(stack: Stack) -> None:
    """Give an installation a copy of an empty metadata database: migrating one takes as long as starting Airflow."""
    installation = stack.installation
    folder = _migrated_once(installation)
    (installation.folder / "airflow").mkdir(mode=0o700, exist_ok=True)
    for path in (database(installation), migrated(installation)):
        shutil.copy(folder / path.name, path)


@cache
def _template() -> Path:
    return Path(tempfile.mkdtemp(prefix="tieout-migrated-"))


def _migrated_once(installation: Installation) -> Path:
    """Return a folder with an empty metadata database, which the first installation that asks migrates."""
    folder = _template()
    if not (folder / migrated(installation).name).exists():
        migrate(installation, environment(installation))
        for path in (migrated(installation), database(installation)):
            shutil.copy(path, folder)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
