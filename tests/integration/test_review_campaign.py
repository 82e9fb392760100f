# SPDX-License-Identifier: Apache-2.0
"""A review from frozen lists to its close: people are told in Slack, click through signed HTTP, are late, away or unreachable.

The clock moves by minutes, as what is signed has to say about when the store received it; the days of a review are the same.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Account, Person, Slack
from tests.stack import Store
from tests.unit.flows.review_project import CONTROL, drop_access, drop_people, make_project
from tests.unit.reviews.world import Row, ago, entry, mail, person
from tests.unit.slack.scene import endpoint, serving
from tieout.campaigns.definition import Schedule
from tieout.campaigns.rights import How
from tieout.campaigns.state import Phase, State
from tieout.cli import main
from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.case import FRESH_SECONDS
from tieout.desks.cases import open_desk
from tieout.desks.desk import AIRFLOW, LATER, Member
from tieout.evidence.keys import Scope
from tieout.evidence.layout import RESPONSES, Class, class_of
from tieout.evidence.store import S3Store
from tieout.flows.campaign_people import People, person_of
from tieout.flows.campaign_poke import CampaignTask, Poked, poke
from tieout.flows.campaigns import Campaigns
from tieout.flows.review_campaign import open_review
from tieout.flows.review_freeze import freeze
from tieout.flows.review_inputs import ReviewWindow, input_jobs, plan_review
from tieout.local.installation import STAGING_BUCKET
from tieout.slack.endpoint import build_front
from tieout.slack.front import Front
from tieout.slack.messenger import SlackFinder, slack_messenger
from tieout.slack.workspace import Workspace

pytestmark = pytest.mark.integration

WINDOW = "2026-Q1"
END = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
"""The quarter's last second in Berlin."""
MINUTE = timedelta(minutes=1)
OWNERS = [("IT Lead", "ivo"), ("Finance Lead", "eva"), ("Security Lead", "cleo"), ("CTO", "rob")]
MEMBERS = {name: f"U0{name.upper():0<8}" for name in ("ivo", "mia", "max", "cleo", "rob")}
"""Who has an account in Slack: Eva has none."""
ACCOUNTS = 14


def accounts() -> list[Row]:
    """Return what is reviewed: more than a page of Ivo's, his own account, and two of Eva's."""
    times = {"as_of": END, "read_at": END + timedelta(hours=8), "granted_at": ago(300), "last_used_at": ago(5)}
    mine = [entry(f"a{number:02}", "ann", f"app:{number} Mail", **times) for number in range(ACCOUNTS)]
    return [
        *mine, entry("ivo", "ivo", "app:admin", privileged=True, **times),
        *(entry(f"b{number}", "ann", "role:pay", system="erp", **times) for number in (1, 2)),
    ]  # fmt: skip


def people() -> list[Row]:
    """Return who works here: Ann and Ivo for Mia, Eva for Max."""
    of = {"ann": "mia", "ivo": "mia", "eva": "max", "mia": "rob", "max": None, "cleo": "rob", "rob": None}
    return [person(name, manager, as_of=END, read_at=END + timedelta(hours=8)) for name, manager in of.items()]


class Clock:
    """The time, as far ahead as the test has come."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def seconds(self) -> float:
        return time.time() + self.ahead.total_seconds()


@dataclass
class Review:
    """A review of two systems, its store, its workspace, and the endpoint that its people click at."""

    store: Store
    slack: Slack
    clock: Clock
    desk: CampaignDesk
    front: Front
    url: str
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def planned(self) -> ReviewWindow:
        return plan_review(self.store.settings, CONTROL, WINDOW)

    @property
    def campaigns(self) -> Campaigns:
        return Campaigns(self.store.settings, self.store.bucket())

    def land_and_freeze(self) -> None:
        settings, signer = self.store.settings, self.store.stack.installation.signer(Scope.LANDING)
        drop_access(settings, f"access-{WINDOW}", accounts())
        drop_people(settings, f"access-{WINDOW}", people())
        for job in input_jobs(self.planned).values():
            self.store.land_job(job, END + timedelta(days=1))
        with tempfile.TemporaryDirectory() as work:
            freeze(self.planned, self.store.bucket(), signer, self.store.clock, Path(work), None)

    def open(self) -> None:
        settings, at = self.store.settings, self.clock().replace(microsecond=0)
        find = SlackFinder(settings, self.front.sender, People.beside(self.store.bucket(), settings))
        schedule = Schedule(at, at + 50 * MINUTE, (at + 20 * MINUTE,), at + 30 * MINUTE)
        signer = self.store.stack.installation.signer(Scope.LANDING)
        assert open_review(self.planned, self.campaigns, signer, find, self.clock, "test", schedule).opened_now

    def poke(self) -> Poked:
        campaigns = self.campaigns
        task = CampaignTask(
            campaigns=campaigns, loaded=campaigns.load(campaigns.named(self.planned.campaign)),
            staging=S3Store(self.store.client("writer"), STAGING_BUCKET), clock=self.clock, by="campaign task",
            signer=self.store.stack.installation.signer(Scope.LANDING),
            messenger=slack_messenger(self.store.settings, self.front.sender, People(None)),
        )  # fmt: skip
        self.settle()
        return poke(task)

    def settle(self) -> None:
        """Wait until receipts and updates are sent, and what the desk has read is old enough to be read again."""
        assert self.front.receipts.drain(20)
        assert self.front.updates.drain(20)
        time.sleep(FRESH_SECONDS)

    def who(self, name: str) -> Person:
        return self.people.setdefault(name, Person(self.slack, self.url, MEMBERS[name], clock=self.clock.seconds))

    def id_of(self, name: str) -> str:
        return person_of(self.store.settings)(mail(name))

    def state(self) -> State:
        from tieout.campaigns.ledger import Ledger

        campaigns = Campaigns(self.store.settings, self.store.bucket("auditor"))
        definition = campaigns.load(campaigns.named(self.planned.campaign)).definition
        ledger = Ledger(definition, campaigns.store, campaigns.key_list)
        ledger.refresh()
        return ledger.state

    def run(self, *arguments: str, who: str) -> Result:
        env = {**self.store.environment(who), "TIEOUT_HOME": str(self.store.settings.home)}
        return CliRunner().invoke(main, list(arguments), env=env)


@pytest.fixture(scope="module")
def review(own_store: Store, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    """Return a review that is frozen, with person ids in the place of addresses."""
    made = make_project(
        tmp_path_factory.mktemp("review") / "project", repository, {"sign_off": "CTO", "dormant_days": 60}, OWNERS
    )
    path = made.controls_folder / f"{CONTROL}.yaml"
    said = yaml.safe_load(path.read_text())
    said["systems"] = [each for each in said["systems"] if each["system"] != "bank"]
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    store = replace(own_store, settings=replace(made, root_fingerprint=own_store.root)).with_identities()
    with running(store) as running_review:
        running_review.land_and_freeze()
        yield running_review
    assert running_review.slack.wrong == []


@contextmanager
def running(store: Store) -> Iterator[Review]:
    """Serve Slack's endpoint over a store."""
    clock, signer = Clock(), store.stack.installation.signer(Scope.RESPONSE)
    with Slack([Account(mail(name), user, name.title()) for name, user in MEMBERS.items()]) as slack:
        workspace = Workspace(team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=slack.base_url)
        desk = open_desk(store.settings, store.bucket("responder"), signer, clock)
        front = build_front(workspace, desk, person_of(store.settings), clock)
        front.sender.sleep = lambda _: None
        with serving(endpoint(front, clock=clock.seconds)) as url:
            yield Review(store, slack, clock, desk, front, f"{url}/events")
        front.receipts.close()
        front.updates.close()


def test_a_review_from_its_opening_to_its_close(review: Review) -> None:
    review.open()
    _eva_can_not_be_told(review)
    _ivo_decides_but_one(review)
    _max_stands_in_for_mia(review)
    _what_is_open_is_reminded_and_goes_on(review)
    _it_closes_and_takes_nothing_more(review)
    _what_stands_is_what_was_said(review)
    _a_stranger_finds_every_response_intact(review)


def _eva_can_not_be_told(review: Review) -> None:
    found = review.poke()
    assert (found.recorded, found.sent, found.unreachable) == ({"escalation": 1, "invitation": 1, "unreachable": 1}, 2, 1)
    [mine], [of_mia] = review.who("ivo").messages, review.who("mia").messages
    assert f"{ACCOUNTS} access rights to decide of {ACCOUNTS}" in mine.text
    assert "whoever had it can not be reached" in of_mia.text
    assert "3 access rights to decide of 3" in of_mia.text
    eva = Member(AIRFLOW, "eva", review.id_of("eva"))
    [summary] = review.desk.tasks(eva).open  # on the page, while nobody else has answered
    assert [task.open for task in summary.tasks] == [2]


def _ivo_decides_but_one(review: Review) -> None:
    ivo, decided = review.who("ivo"), {"a03": "revoke", "a05": "change", "a07": LATER}

    def decide(_: str, text: str) -> tuple[str, str | None]:
        choice = next((choice for account, choice in decided.items() if f"{account} has" in text), "keep")
        assert f"Holder: \u2068{mail('ann')}\u2069" in text
        return choice, "not needed in this team any more" if choice in ("revoke", "change") else None

    assert ivo.review(ivo.messages[0], decide) == 2
    first = [answer.status for answer in ivo.answers]
    assert ivo.submit_again().status == 200
    assert set(first) == {200}
    review.settle()
    assert "1 access right to decide of 14" in ivo.messages[0].text
    assert len(ivo.thread(ivo.messages[0])) == 2
    assert review.state().open == 4


def _max_stands_in_for_mia(review: Review) -> None:
    arguments = ["cover", review.planned.campaign, mail("mia"), "--stand-in", mail("max"), "--until", "2027-06-30"]
    done = review.run("review", *arguments, "--reason", "on leave", "--by", mail("cleo"), who="responder")
    assert done.exit_code == 0, (done.output, done.exception)
    review.clock.ahead = 2 * MINUTE
    assert review.poke().recorded == {"invitation": 1}
    [message] = review.who("max").messages
    assert "3 access rights to decide of 3" in message.text
    [summary] = review.desk.tasks(Member(TEAM, MEMBERS["max"], review.id_of("max"))).open
    [number] = [at for at, task in enumerate(summary.tasks) if task.title.startswith("erp")]
    assert review.who("max").review(message, lambda *_: ("keep", None), number) == 1  # what came from Eva; Mia's own he leaves
    state = review.state()
    decided = [standing.decision for item in state.definition.items for standing in state.standings(item) if standing.decision]
    mine = [each.instead_of for each in decided if each.by == review.id_of("max")]
    assert mine == [review.id_of("mia")] * 2
    assert state.open == 2


def _what_is_open_is_reminded_and_goes_on(review: Review) -> None:
    review.clock.ahead = 22 * MINUTE
    before = len(review.slack.messages)
    with ThreadPoolExecutor(4) as pool:  # whoever looks, and however many at once, nobody is reminded twice
        assert sum(look.sent for look in pool.map(lambda _: review.poke(), range(4))) == 3
    assert len(review.slack.messages) == before + 3
    assert "1 access right still to decide" in review.who("ivo").messages[-1].text
    assert review.poke().recorded == {}
    review.clock.ahead = 32 * MINUTE
    assert review.poke().recorded == {"escalation": 2}
    state = review.state()
    assert {(standing.how, standing.holder, standing.before) for _, standing in state.open_standings()} == {
        (How.ESCALATED, review.id_of("mia"), (review.id_of("ivo"),)),
        (How.ESCALATED, review.id_of("cleo"), (review.id_of("mia"),)),
    }
    for name, start in (("mia", "idp: as owner"), ("cleo", "idp: as manager")):
        message = review.who(name).messages[-1]
        assert "it was not decided in time" in message.text
        [summary] = review.desk.tasks(Member(TEAM, MEMBERS[name], review.id_of(name))).open
        waiting = [task.title for task in summary.tasks if task.open]
        [number] = [at for at, title in enumerate(waiting) if title.startswith(start)]
        assert review.who(name).review(message, lambda *_: ("keep", None), number) == 1
    assert review.state().open == 0


def _it_closes_and_takes_nothing_more(review: Review) -> None:
    review.clock.ahead = 34 * MINUTE
    found = review.poke()
    assert (found.phase, found.done, found.open, found.trouble, found.uncertain) == (Phase.CLOSED, True, 0, (), 0)
    review.settle()
    summaries = [each for each in review.slack.messages if each.thread is None and "Reminder" not in str(each.blocks)]
    assert len(summaries) == 5
    assert all("It takes no more answers" in each.text for each in summaries)
    ivo = review.who("ivo")
    ivo.press_in_message(ivo.messages[-1], "open_review")  # the reminder still has its button
    assert "closed" in json.dumps(ivo.view.given)


def _what_stands_is_what_was_said(review: Review) -> None:
    state = review.state()
    assert (state.refused, state.unread) == ((), {})
    assert state.closed is not None
    assert state.closed.counts == {"keep": ACCOUNTS + 3 - 2, "revoke": 1, "change": 1}
    rows = review.campaigns.load(review.campaigns.named(review.planned.campaign)).rows
    outcomes = {rows.row(item)["account"]: outcome for item in state.definition.items if (outcome := state.outcome(item))}
    others = {name: each.decision for name, each in outcomes.items() if each.decision != "keep"}
    assert others == {"a03": "revoke", "a05": "change"}
    by = {name: outcomes[name].by for name in ("a03", "a07", "b1", "b2", "ivo")}
    assert by == {name: review.id_of(who) for name, who in zip(by, ("ivo", "mia", "max", "max", "cleo"), strict=True)}
    told = Counter(each.notice.kind.value for each in state.noticed.values())
    assert told == {"unreachable": 1, "invitation": 2, "reminder": 3, "escalation": 3}
    assert told.total() - 1 == len([each for each in review.slack.messages if each.thread is None])


def _a_stranger_finds_every_response_intact(review: Review) -> None:
    review.store.seal()
    done = review.run("verify", "--root", review.store.root, "--json", who="auditor")
    assert done.exit_code == 0, done.output[-3000:]
    checked = {each["key"] for each in json.loads(done.stdout)["others"] if each["kind"] == "response"}
    bucket = review.store.bucket("auditor")
    stored = {key for key in bucket.keys(RESPONSES) if class_of(key) is Class.RESPONSE}
    assert checked == stored
    assert len(stored) == 2 + 1 + 1 + 2  # two pages of Ivo's, the cover, Max's page, and what was late
    shown = [bucket.read(key, None) or b"" for key in bucket.keys(RESPONSES) if class_of(key) is Class.PRESENTED]
    assert len(shown) == 5
    assert not [each for each in shown if b"@example.com" in each]
    assert len([each for each in shown if review.id_of("ann").encode() in each]) == 4  # one page is about Ivo's own account
