# SPDX-License-Identifier: Apache-2.0
"""A review on a running Airflow, people who answer it in Slack, a site for tickets, and kills at chosen requests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.faults.campaign_crowd import Crowd
from tests.faults.campaign_project import MEMBERS, WINDOW, prepare
from tests.simulators.cuts import processes_at
from tests.simulators.jira_tickets import LOGIN, JiraTickets
from tests.simulators.jira_tickets import TOKEN as JIRA_TOKEN
from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Account, Slack
from tests.simulators.webhook import running_service
from tests.stack import Airflow, running_airflow
from tests.unit.flows.review_project import CONTROL
from tests.unit.reviews.world import Row, mail
from tieout.campaigns.definition import Schedule
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.statements import opening_key
from tieout.evidence.keys import Scope
from tieout.evidence.layout import EVIDENCE, RESPONSES, Class, class_of
from tieout.evidence.manifest import read_manifest
from tieout.flows.campaign_people import People, person_of
from tieout.flows.campaigns import Campaigns
from tieout.flows.index import landings
from tieout.flows.review_campaign import open_review
from tieout.flows.review_inputs import ReviewWindow, plan_review
from tieout.settings import Settings
from tieout.slack.messenger import SlackFinder
from tieout.slack.sending import Sender
from tieout.slack.workspace import Workspace

RUN = f"window__{WINDOW}"


@dataclass
class Scene:
    """A running review.

    Attributes:
        airflow: Where it runs.
        slack: Where its people are.
        jira: Where its tickets are.
        crowd: Its people.
        killed: What was killed, in words.
    """

    airflow: Airflow
    slack: Slack
    jira: JiraTickets
    crowd: Crowd
    killed: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return replace(self.airflow.store.with_identities().settings, root_fingerprint=self.airflow.store.root)

    @property
    def planned(self) -> ReviewWindow:
        return plan_review(self.settings, CONTROL, WINDOW)

    @property
    def opening(self) -> str:
        """Key of the record of the campaign's opening."""
        return opening_key(self.planned.place, self.planned.campaign)

    def id_of(self, name: str) -> str:
        return person_of(self.settings)(mail(name))

    def tasks(self) -> dict[str, str | None]:
        return self.airflow.api.tasks(CONTROL, RUN)

    def log(self, task: str) -> str:
        """Return what all tries of a task have logged."""
        folder = self.airflow.home / f".tieout/airflow/logs/dag_id={CONTROL}/run_id={RUN}/task_id={task}"
        return "".join(path.read_text() for path in sorted(folder.glob("*.log")))

    def until(self, what: Callable[[], Any], seconds: float = 180) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, (self.killed, self.tasks())
            time.sleep(0.3)

    def kill_task(self, name: str) -> Callable[[int], None]:
        """Return what kills the process of a task that holds a port."""

        def act(port: int) -> None:
            [process] = processes_at(port)
            process.kill()
            self.killed.append(name)

        return act

    def kill_worker(self, name: str) -> Callable[[int], None]:
        """Return what kills a task that holds a port with its worker: nobody is left to say that it failed."""

        def act(port: int) -> None:
            [process] = processes_at(port)
            worker = process.parent()
            assert worker is not None
            assert "LocalExecutor" in " ".join(worker.cmdline())
            worker.kill()
            process.kill()
            self.killed.append(name)

        return act

    def cut(self, request: str, act: Callable[[int], object], *, answered: bool = False) -> None:
        """Cut the line to the object store at a request, and act."""
        self.airflow.proxy.cuts.arm(request, act, answered=answered)

    def health(self, component: str) -> str | None:
        """Return how Airflow says that a component is."""
        said: str | None = self.airflow.api.call("GET", "/monitor/health")[component]["status"]
        return said

    def kill_server(self, component: str) -> None:
        """Kill a component of Airflow."""
        assert component in self.airflow.store.stack.processes.running()
        self.airflow.store.stack.processes.kill(component)
        self.killed.append(component)

    def open(self, remind_after: timedelta) -> None:
        """Open the campaign, as another run might in the same moment: its reminder comes soon."""
        at = datetime.now(UTC).replace(microsecond=0)
        schedule = Schedule(at, at + timedelta(hours=1), (at + remind_after,), None)
        workspace = Workspace(team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=self.slack.base_url)
        bucket = self.airflow.store.bucket()
        find = SlackFinder(self.settings, Sender(workspace), People.beside(bucket, self.settings))
        campaigns, signer = Campaigns(self.settings, bucket), self.airflow.store.stack.installation.signer(Scope.LANDING)
        assert open_review(self.planned, campaigns, signer, find, self.airflow.store.clock, "the test", schedule).opened_now

    def ledger(self) -> Ledger:
        """Return what stands, as a stranger reads it in the bucket."""
        campaigns = Campaigns(self.settings, self.airflow.store.bucket("auditor"))
        definition = campaigns.load(campaigns.named(self.planned.campaign)).definition
        ledger = Ledger(definition, campaigns.store, campaigns.key_list)
        ledger.refresh()
        return ledger

    def responses(self) -> set[str]:
        """Return the ids of all responses in the bucket."""
        keys = self.airflow.store.bucket("auditor").keys(RESPONSES)
        return {key.rpartition("/")[2].partition(".")[0] for key in keys if class_of(key) is Class.RESPONSE}

    def landed(self) -> list[Row]:
        """Return the rows that the review came to."""
        bucket, rows = self.airflow.store.bucket("auditor"), list[Row]()
        for landing in (each for each in landings(bucket, control=CONTROL) if each["window"] == WINDOW):
            manifest = read_manifest(bucket.read(landing["manifest_key"], None) or b"", landing["manifest_key"])
            for subject in manifest.subjects:
                if subject.key.startswith(f"{EVIDENCE}account_review/"):
                    path = self.airflow.home / f"{landing['system']}.parquet"
                    bucket.download(subject.key, path, subject.sha256)
                    rows += pq.read_table(path).to_pylist()
        return rows


@contextmanager
def running(folder: Path, repository: Path) -> Iterator[Scene]:
    """Start workspace, site and Airflow."""
    members = [Account(mail(name), user, name.title()) for name, user in MEMBERS.items()]
    jira = JiraTickets()
    with Slack(members) as slack, running_service() as site:
        site.answer = lambda _: jira.answer(site.received[-1])
        extra = {"team": TEAM, "signing_secret": SIGNING_SECRET, "base_url": slack.base_url}
        tickets = {"conn_type": "http", "host": site.url, "login": LOGIN, "password": JIRA_TOKEN}
        variables = {
            "AIRFLOW_CONN_SLACK_PEOPLE": json.dumps({"conn_type": "slack", "password": TOKEN, "extra": extra}),
            "AIRFLOW_CONN_TICKETS": json.dumps(tickets),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"admin:admin,{mail('rob')}:user",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
            "TIEOUT_CAMPAIGN_POLL_SECONDS": "10",
            "TIEOUT_RELAY_SECONDS": "1",
            "TIEOUT_RETRY_DELAY_SECONDS": "0",  # a second, however often it was
            "TIEOUT_SLACK_CONN_ID": "slack_people",
        }
        with running_airflow(folder, repository, lambda home: prepare(home, repository), **variables) as airflow:
            try:
                url = f"http://127.0.0.1:{airflow.store.stack.installation.airflow_port}/tieout/slack/events"
                yield Scene(airflow, slack, jira, Crowd(slack, url))
            finally:
                airflow.store.stack.processes.kill("triggerer")
        assert slack.wrong == []
