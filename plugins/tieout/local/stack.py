# SPDX-License-Identifier: Apache-2.0
"""The embedded stack as a whole: create, start, stop. Whatever happens, what was started is stopped again."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from tieout.errors import ConfigurationError
from tieout.local import airflow, company, object_store
from tieout.local.company import Company
from tieout.local.installation import Installation
from tieout.local.processes import Processes
from tieout.local.samples import build_sample

Say = Callable[[str], None]


class Stack:
    """Object store and Airflow of one installation."""

    def __init__(self, home: Path) -> None:
        self.installation = Installation(home)
        self.processes = Processes(self.installation.folder)
        self.company = Company(self.installation)

    def start_store(self, say: Say) -> None:
        """Create the installation if need be, and start the object store with its buckets."""
        now = datetime.now(UTC)
        self.installation.create(now)
        self.processes.stop()  # what a killed command left behind
        self.installation.free_ports()
        self.installation.write_credentials()
        say(f"Starting the object store at {self.installation.endpoint}")
        object_store.start(self.installation, self.processes)
        object_store.prepare_buckets(self.installation, now)

    def start_airflow(
        self,
        say: Say,
        *,
        dag_processor: bool,
        overrides: Mapping[str, str] | None = None,
        before_tasks: Callable[[], None] | None = None,
    ) -> None:
        """Prepare the metadata database and start Airflow.

        Args:
            say: Tells how far it is.
            dag_processor: Whether DAG files are read anew while it runs.
            overrides: Environment variables that take precedence.
            before_tasks: As `airflow.start`.
        """
        there = company.NAME in self.processes.running()
        company_settings = {**self.company.connections(), **self.company.settings()} if there else {}
        people = self.company.people() if there else []
        environment = airflow.environment(self.installation, {**company_settings, **(overrides or {})}, people)
        say("Preparing Airflow's database")
        airflow.prepare(self.installation, environment)
        say(f"Starting Airflow at http://127.0.0.1:{self.installation.airflow_port}")
        components = ("api-server", "scheduler", *(["dag-processor"] if dag_processor else []))
        airflow.start(self.installation, self.processes, environment, components, before_tasks)

    def build_samples(self, say: Say) -> None:
        """Rebuild the sample's git repository, if it is not there."""
        build_sample(self.installation.home, say)

    def start_company(self, say: Say, *, answering: bool = False) -> None:
        """Start the made-up company's APIs, where this project has them; Airflow, started after that, knows its connections.

        Args:
            say: Tells how far it is.
            answering: Whether its people answer what they are asked in Slack.
        """
        if self.company.is_there:
            say("Starting the APIs of a made-up company")
            self.company.start(self.processes, answering=answering)

    def stop(self) -> None:
        """Stop everything that runs."""
        self.processes.stop()

    @contextmanager
    def stopped_at_the_end(self) -> Iterator[None]:
        """Stop everything when the block ends, however it ends: return, error, Ctrl-C, TERM or a closed terminal."""

        def interrupt(number: int, _frame: FrameType | None) -> None:
            raise SystemExit(128 + number)

        # SIGINT too: a shell that starts us in the background would otherwise have it ignored.
        before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number in before:
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of them running
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)


def require_project(home: Path) -> None:
    """Check that a folder is a Tieout project.

    Raises:
        ConfigurationError: It has no ``dags/`` and ``include/``.
    """
    if not (home / "dags").is_dir() or not (home / "include").is_dir():
        msg = f"{home.resolve()}: expected a Tieout project, a folder with dags/ and include/. Change to one, or set TIEOUT_HOME."
        raise ConfigurationError(msg)
