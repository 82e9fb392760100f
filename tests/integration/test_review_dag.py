# SPDX-License-Identifier: Apache-2.0
"""The shipped access review on a running Airflow, from its trigger to its landing: the demo's people answer in Slack.

240 accounts of three systems, nine people and who signs it off, each in a thread of their own, by signed HTTP requests. What is
known of the review, row for row, is what lands, and nothing else is.
"""

from __future__ import annotations

import io
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from rich.console import Console

from tests.simulators.review import plan
from tests.simulators.review.lists import entries
from tests.simulators.review.people import Cast
from tests.simulators.review.plan import CONTROL, DECISIONS, FORGOTTEN, OWN, SIGNER, SYSTEMS, WINDOW
from tests.simulators.review.staff import accounts_in_slack, mail
from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Slack
from tests.stack import Airflow, running_airflow
from tieout.cli import main
from tieout.evidence.keys import Scope
from tieout.evidence.layout import EVIDENCE, RESPONSES, Class, class_of
from tieout.evidence.manifest import read_manifest
from tieout.evidence.records import RecordKind
from tieout.evidence.verify import Outcome
from tieout.flows.index import landings
from tieout.flows.status import read_records
from tieout.local.company import known_review
from tieout.local.demo_review import compare_cases, compare_decisions, read_landed
from tieout.local.demo_review_report import show_review

pytestmark = pytest.mark.integration

RUN = f"window__{WINDOW}"
COUNT, PEOPLE = len(entries()), 9
KNOWN = known_review(plan.as_document())
POLL_SECONDS = 10
SECONDS = 300.0
"""How long anything may take: minutes, where other tests take what the machine has."""


@dataclass
class Scene:
    """A running Airflow with the shipped review, and a workspace with its people."""

    airflow: Airflow
    slack: Slack
    cast: Cast

    def tasks(self, run: str = RUN) -> dict[str, str | None]:
        return self.airflow.api.tasks(CONTROL, run)

    def until(self, what: Callable[[], Any], run: str = RUN) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + SECONDS
        while not what():
            tasks = self.tasks(run)
            failed = [name for name, state in tasks.items() if state in ("failed", "up_for_retry")]
            assert not failed, "\n".join(self.log(name, run)[-3000:] for name in failed[:2])
            assert self.cast.done.failed is None, self.cast.done.failed
            assert time.monotonic() < deadline, (tasks, self.cast.done)
            time.sleep(1)

    def log(self, task: str, run: str = RUN) -> str:
        return self.airflow.api.log(CONTROL, run, task, 1)


@contextmanager
def running(folder: Path, repository: Path) -> Iterator[Scene]:
    """Start the workspace, and an Airflow that tells people in it."""

    def prepare(home: Path) -> None:
        controls = home / "include/criteria/controls"
        for path in controls.glob("*.yaml"):
            path.unlink()
        for name in (CONTROL, plan.OFFBOARDING, plan.ONBOARDING, plan.SERVICES, plan.CHANGES_OF_ROLE):
            shutil.copy(repository / f"include/criteria/controls/{name}.yaml", controls)

    with Slack(accounts_in_slack()) as slack:
        extra = {"team": TEAM, "signing_secret": SIGNING_SECRET, "base_url": slack.base_url}
        variables = {
            "AIRFLOW_CONN_SLACK": json.dumps({"conn_type": "slack", "password": TOKEN, "extra": extra}),
            "TIEOUT_CAMPAIGN_POLL_SECONDS": str(POLL_SECONDS),
            "TIEOUT_RELAY_SECONDS": "1",
            "TIEOUT_SLACK_CONN_ID": "slack",
        }
        with running_airflow(folder, repository, prepare, **variables) as airflow:
            port = airflow.store.stack.installation.airflow_port
            yield Scene(airflow, slack, Cast(slack, f"http://127.0.0.1:{port}/tieout/slack/events"))
        assert slack.wrong == []


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Scene]:
    with running(tmp_path_factory.mktemp("review"), repository) as made:
        yield made


def test_a_review_from_its_trigger_to_what_an_auditor_reads(scene: Scene) -> None:
    started = time.monotonic()
    for each in (
        _it_is_opened,
        _people_decide_and_it_is_collected_again,
        _it_is_signed_off,
        _it_has_landed,
        _what_is_known_landed_and_nothing_else,
        _what_was_refused_left_nothing,
        _all_is_intact,
        _a_run_again_finds_what_stands,
    ):
        each(scene)
        print(f"{each.__name__}: {time.monotonic() - started:.1f} s")


def _it_is_opened(scene: Scene) -> None:
    scene.airflow.api.trigger(CONTROL, WINDOW, RUN, {"collect_again": "now"})
    scene.until(lambda: len(scene.slack.messages) == PEOPLE)
    told = {each.channel for each in scene.slack.messages}
    assert len(told) == PEOPLE
    assert told == {person.messages[0].channel for name, person in scene.cast.people.items() if name != SIGNER}
    scene.cast.start()


def _people_decide_and_it_is_collected_again(scene: Scene) -> None:
    scene.until(lambda: scene.tasks()["sign_off"] == "awaiting_input" or scene.cast.done.signed_off)
    tasks = scene.tasks()
    assert {tasks[f"again.{system}.land"] for system in SYSTEMS} == {"success"}
    log = scene.log("answers")
    assert f"0 of {COUNT} decisions made" in log
    assert f"closed: {COUNT} of {COUNT} decisions made" in log
    assert "@example.com" not in log
    assert len(scene.cast.done.last) == PEOPLE - 1


def _it_is_signed_off(scene: Scene) -> None:
    assert scene.airflow.api.wait(CONTROL, [RUN], SECONDS, lambda _: None) == {RUN: "success"}
    assert set(scene.tasks().values()) == {"success"}
    assert scene.cast.done.signed_off


def _it_has_landed(scene: Scene) -> None:
    """Read as no library of ours reads it: decisions, proofs, flags."""
    bucket = scene.airflow.store.bucket("auditor")
    rows = [row for row in landings(bucket, control=CONTROL) if row["window"] == WINDOW]
    assert sorted(row["system"] for row in rows) == list(SYSTEMS)
    landed: list[dict[str, Any]] = []
    for row in rows:
        manifest = read_manifest(bucket.read(row["manifest_key"], None) or b"", row["manifest_key"])
        for subject in manifest.subjects:
            if subject.key.startswith(f"{EVIDENCE}account_review/"):
                path = scene.airflow.home / f"{row['system']}.parquet"
                bucket.download(subject.key, path, subject.sha256)
                landed += pq.read_table(path).to_pylist()
    assert len({(each["system"], each["account"]) for each in landed}) == 240
    assert Counter((each["decision"], each["proof"], each["carried_out_in_time"]) for each in landed) == {
        ("keep", None, True): COUNT - 6, ("revoke", "removed", True): 4, ("revoke", "still there", None): 1,
        ("change", "changed", True): 1,
    }  # fmt: skip
    by_key = {(each["system"], each["account"], each["entitlement"]): each for each in landed}
    assert {key: (row["decision"], row["reason"]) for key, row in by_key.items() if row["decision"] != "keep"} == DECISIONS
    assert by_key[FORGOTTEN]["flags"] == "dormant"
    assert by_key[OWN]["reviewer_authority"].startswith(
        "manager of the holder; passed over: owner of aws (Platform Lead) is the holder"
    )
    assert {each["signed_off_by_another"] for each in landed} == {True}
    names = ("toxic", "terminated", "orphaned", "service_without_owner")
    flagged = {name: sum(bool(each[name]) for each in landed) for name in names}
    assert flagged == {"toxic": 2, "terminated": 1, "orphaned": 2, "service_without_owner": 1}
    assert not [each for each in landed if "@" in f"{each['reviewer']} {each['signed_off_by']}"]


def _what_is_known_landed_and_nothing_else(scene: Scene) -> None:
    installation, done = scene.airflow.store.stack.installation, scene.cast.done.as_document()
    landed = read_landed(installation, KNOWN)
    assert [case for case, known, there in compare_cases(KNOWN, landed) if not (known and there)] == []
    lines = list(compare_decisions(KNOWN, landed, done))
    assert [line for line in lines if not line.same] == []
    assert [(line.known, line.landed) for line in lines[:3]] == [(240, 240), (COUNT, COUNT), (PEOPLE, PEOPLE)]
    console = Console(record=True, width=130, file=io.StringIO())
    assert show_review(installation, KNOWN, done, console)
    shown = console.export_text()
    assert "each of them, and nothing else" in shown
    assert "is still there in the list of 2026-04-22 21:00" in shown


def _what_was_refused_left_nothing(scene: Scene) -> None:
    """Attempts on an account of one's own, an answer after the close, the same page twice: no response of them is there."""
    done = scene.cast.done
    assert [text.partition(".")[0] for text in done.own_access] == [
        "An item is not part of what was given to you",
        "This was not made for you, or is too old",
        "This is about yourself: somebody else has to decide it",
    ]
    assert done.late is not None
    assert "closed" in done.late
    assert done.repeated == [200, 200]
    stored = [key for key in scene.airflow.store.bucket("auditor").keys(RESPONSES) if class_of(key) is Class.RESPONSE]
    assert len(stored) == done.pages
    pages = Counter(person for person, _ in KNOWN.rows.values())
    assert done.pages == sum(-(-count // 12) for count in pages.values()) + 1


def _all_is_intact(scene: Scene) -> None:
    assert scene.airflow.seal("sealed") == "success"
    report = scene.airflow.store.verify()
    assert {entry.outcome for entry in report.landings} == {Outcome.INTACT}
    assert {each.outcome for each in report.others} == {Outcome.INTACT}
    stored = {key for key in scene.airflow.store.bucket("auditor").keys(RESPONSES) if class_of(key) is Class.RESPONSE}
    assert stored == {each.key for each in report.others if each.kind == "response"}


def _a_run_again_finds_what_stands(scene: Scene) -> None:
    """The same window once more: nothing is frozen, opened, asked or landed twice."""
    before = scene.airflow.store.bucket().versions("evidence/")
    told = len(scene.slack.messages)
    scene.airflow.api.trigger(CONTROL, WINDOW, "again", {"collect_again": "now"})
    assert scene.airflow.api.wait(CONTROL, ["again"], SECONDS, lambda _: None) == {"again": "success"}
    assert len(scene.slack.messages) == told
    landed = [each.key for each in scene.airflow.store.bucket().versions("evidence/") if "account_review" in each.key]
    assert landed == [each.key for each in before if "account_review" in each.key]


def test_a_campaign_that_is_cancelled_ends_its_run(scene: Scene) -> None:
    window, run = "2026-Q2", "window__2026-Q2"
    scene.airflow.api.trigger(CONTROL, window, run)
    scene.until(lambda: scene.tasks(run).get("answers") in ("up_for_reschedule", "running"), run)
    env = {**scene.airflow.store.environment("writer"), "TIEOUT_HOME": str(scene.airflow.home)}
    env |= {"TIEOUT_LANDING_KEY": scene.airflow.store.stack.installation.key_uri(Scope.LANDING)}
    said = ["review", "cancel", f"{CONTROL}.{window}", "--reason", "the list was not whole", "--by", mail(SIGNER)]
    done = CliRunner().invoke(main, said, env=env)
    assert done.exit_code == 0, (done.output, done.exception)
    assert scene.airflow.api.wait(CONTROL, [run], SECONDS, lambda _: None) == {run: "success"}
    tasks = scene.tasks(run)
    ended = [name for name, state in tasks.items() if state == "skipped"]
    assert {"answers", "tickets", "removal_due", "prepare", "sign_off", "land_review.aws"} <= set(ended)
    assert "was cancelled: nothing was performed, and nothing lands" in scene.log("answers", run)
    records = read_records(scene.airflow.store.bucket("auditor"))
    said_of = {each.system for each in records if each.kind is RecordKind.NOT_EXTRACTED and each.place.window == window}
    assert said_of == set(SYSTEMS)
