# SPDX-License-Identifier: Apache-2.0
"""A closed review, and a running Airflow in which a task waits for its sign-off."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from tests.stack import Airflow, running_airflow
from tests.unit.flows import signing_bench
from tests.unit.flows.campaign_bench import OWNERS, WINDOW, Bench
from tests.unit.flows.review_project import CONTROL, make_project
from tests.unit.reviews.world import mail
from tests.unit.web.browsing import form_in
from tieout.campaigns.events import SignedOff
from tieout.evidence.keys import Scope
from tieout.settings import Settings

DAG = "sign_off_of_a_review"
FILE = f'''
from datetime import timedelta

from airflow.sdk import DAG

from tieout.tasks.retries import RETRIES
from tieout.tasks.sign_off import SignOffOperator
from tieout.tasks.timetable import WindowTimetable

quick = {{"retry_delay": timedelta(seconds=1), "retry_policy": RETRIES}}
with DAG("{DAG}", schedule=WindowTimetable("quarterly"), catchup=False, default_args=quick) as dag:
    SignOffOperator(
        task_id="sign_off", control_id="{CONTROL}", about_sha256="{{{{ dag_run.conf['about'] }}}}",
        response_timeout=timedelta(seconds=600), patience=timedelta(seconds=20),
    )
'''
USERS = ("rob", "ivo", "eva")
TASK = f"/dags/{DAG}/dagRuns/{{run}}/taskInstances/sign_off"


@dataclass
class Scene:
    """A closed review, and an Airflow that waits for its sign-off."""

    airflow: Airflow
    bench: Bench
    runs: int = 0
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.airflow.store.stack.installation.airflow_port}"

    def token(self, person: str) -> str:
        if person not in self.tokens:
            passwords = json.loads((self.airflow.home / ".tieout/airflow/passwords.json").read_text())
            body = {"username": mail(person), "password": passwords[mail(person)]}
            self.tokens[person] = str(httpx.post(f"{self.url}/auth/token", json=body).json()["access_token"])
        return self.tokens[person]

    def browser(self, person: str) -> httpx.Client:
        """Return a browser that somebody is signed in with."""
        return httpx.Client(base_url=self.url, cookies={"_token": self.token(person)}, headers={"origin": self.url}, timeout=30)

    def ask(self) -> tuple[str, str]:
        """Record another result and have its sign-off asked for; returns the document's hash and the run that waits."""
        self.runs += 1
        sha256, run = signing_bench.record(self.bench, self.runs), f"run-{self.runs}"
        self.airflow.api.trigger(DAG, WINDOW, run, {"about": sha256})
        self.until(run, "awaiting_input")
        return sha256, run

    def state(self, run: str) -> str:
        return str(self.airflow.api.call("GET", TASK.format(run=run))["state"])

    def until(self, run: str, *states: str, seconds: float = 120) -> str:
        """Wait until a task is in one of some states."""
        deadline = time.monotonic() + seconds
        while (state := self.state(run)) not in states:
            assert time.monotonic() < deadline, f"{run} is {state} and not {states}: {self.log(run)[-3000:]}"
            time.sleep(0.4)
        return state

    def log(self, run: str) -> str:
        """Return the log of the present try: of one that Airflow has failed by mistake it keeps none."""
        tries = self.airflow.api.call("GET", TASK.format(run=run))["try_number"]
        return self.airflow.api.log(DAG, run, "sign_off", tries)

    def action(self, run: str) -> dict[str, Any]:
        """Return the required action of a run."""
        return self.airflow.api.call("GET", f"{TASK.format(run=run)}/-1/hitlDetails")

    def answer(self, person: str, run: str, option: str = "Approve", **params: str) -> int:
        """Answer in Airflow, as its own page does; returns the HTTP status."""
        headers = {"Authorization": f"Bearer {self.token(person)}"}
        body = {"chosen_options": [option], "params_input": params}
        return httpx.patch(f"{self.url}/api/v2{TASK.format(run=run)}/-1/hitlDetails", json=body, headers=headers).status_code

    def sign(self, person: str, said: str = "approve", reason: str = "") -> httpx.Response:
        """Sign off on our page, or return."""
        with self.browser(person) as browser:
            form = form_in(browser.get(f"/tieout/sign-offs/{self.bench.planned.campaign}"))
            return browser.post(form.action, data={**form.fields, "said": said, "reason": reason})

    def clear(self, run: str) -> None:
        """Clear the task once its run has ended: Airflow would end the run under it."""
        self.airflow.finish(run, DAG)
        before = self.airflow.api.call("GET", TASK.format(run=run))["id"]
        body = {"dry_run": False, "dag_run_id": run, "only_failed": False}
        self.airflow.api.call("POST", f"/dags/{DAG}/clearTaskInstances", body)
        assert self.airflow.api.call("GET", TASK.format(run=run))["id"] != before

    def logged(self, run: str, user: str) -> list[str]:
        """Return what Airflow's audit log says that a user has answered in a run."""
        said = self.airflow.api.call("GET", f"/eventLogs?dag_id={DAG}&run_id={run}&limit=100")["event_logs"]
        return [str(each["extra"]) for each in said if each["owner"] == user and "hitl" in each["event"]]

    def said(self, sha256: str) -> list[SignedOff]:
        """Return what was said of a document and counts, as a stranger reads it in the bucket."""
        return [each for each in self.bench.ledger().state.signed_off if each.about_sha256 == sha256]


@contextmanager
def running_scene(folder: Path, repository: Path, **variables: str) -> Iterator[Scene]:
    """Start Airflow beside a review that everybody has answered, and stop it."""
    settings = make_project(folder / "project", repository, {"sign_off": "CTO"}, [*OWNERS, ("CTO", "rob"), ("CTO", "ivo")])
    (folder / "dags").mkdir()
    (folder / "dags" / "sign_off.py").write_text(FILE)
    set_here = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(["admin:admin", *(f"{mail(each)}:user" for each in USERS)]),
        "TIEOUT_HOME": str(settings.home),
        "TIEOUT_IDENTITY_BUCKET": "",
        "TIEOUT_IDENTITY_KEY": "",
        "TIEOUT_RELAY_SECONDS": "1",
    }
    with running_airflow(folder / "airflow", repository, lambda _: None, **(set_here | variables)) as airflow:
        made = Scene(airflow, _bench(airflow, settings))
        made.bench.freeze(signing_bench.company_of_two_signers())
        signing_bench.close(made.bench)
        yield made


def _bench(airflow: Airflow, settings: Settings) -> Bench:
    installation = airflow.store.stack.installation
    known = replace(settings, root_fingerprint=installation.root_fingerprint)
    return Bench(known, airflow.store.client("admin"), {scope: installation.signer(scope) for scope in Scope})
