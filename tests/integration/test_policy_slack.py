# SPDX-License-Identifier: Apache-2.0
"""People acknowledge policies in Slack: what they see, what they and their managers are told, and what is stored of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.policy_scene import CONDUCT, POLICIES, SECURITY, Scene, mail, make_scene, worker
from tests.integration.test_review_campaign import MINUTE, Clock
from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Account, Person, Slack
from tests.stack import Store
from tests.unit.slack.scene import endpoint, serving
from tieout.campaigns.events import Decided
from tieout.campaigns.state import Phase
from tieout.desks.case import FRESH_SECONDS
from tieout.desks.cases import open_desk
from tieout.desks.desk import LATER
from tieout.evidence.keys import Scope
from tieout.evidence.layout import RESPONSES, Class, class_of
from tieout.evidence.store import S3Store
from tieout.flows.campaign_answered import CampaignAnswered
from tieout.flows.campaign_people import People, person_of
from tieout.flows.campaign_poke import CampaignTask, Poked, poke
from tieout.local.installation import STAGING_BUCKET
from tieout.slack.endpoint import build_front
from tieout.slack.front import Front
from tieout.slack.messenger import SlackFinder, slack_messenger
from tieout.slack.workspace import Workspace

pytestmark = pytest.mark.integration

CREW = ["ann", "ben", "cleo", "noa", "mia", "sam"]
USERS = {name: f"U0{name.upper():0<8}" for name in CREW if name != "noa"}
"""Noa has no account in Slack. Sam manages the program, and is asked as everybody else."""


@dataclass
class Office:
    """A campaign that is open, its workspace, and the endpoint that its people click at."""

    scene: Scene
    slack: Slack
    clock: Clock
    front: Front
    url: str

    def who(self, name: str) -> Person:
        return Person(self.slack, self.url, USERS[name], clock=self.clock.seconds)

    def poke(self) -> Poked:
        assert self.front.receipts.drain(20)
        assert self.front.updates.drain(20)
        time.sleep(FRESH_SECONDS)
        campaigns, store = self.scene.campaigns(), self.scene.store
        people = People.beside(store.bucket(), store.settings)
        return poke(CampaignTask(
            campaigns=campaigns, loaded=campaigns.load(campaigns.named(self.scene.planned().campaign)),
            staging=S3Store(store.client("writer"), STAGING_BUCKET), clock=self.clock, by="campaign task",
            signer=self.scene.signer, messenger=slack_messenger(store.settings, self.front.sender, people),
        ))  # fmt: skip

    def answered(self) -> CampaignAnswered:
        return self.scene.answered()


@pytest.fixture
def office(own_store: Store, repository: Path, tmp_path: Path) -> Iterator[Office]:
    scene = make_scene(own_store, repository, tmp_path / "project", "cc5_3_in_slack")
    scene.store = scene.store.with_identities()
    scene.list_people([worker(name, None if name in ("mia", "sam") else "mia") for name in CREW])
    scene.freeze(due=20 * MINUTE)
    with running(scene) as made:
        find = SlackFinder(scene.settings, made.front.sender, People.beside(scene.store.bucket(), scene.settings))
        assert scene.open(closes=40 * MINUTE, find=find).opened_now
        yield made
        assert made.slack.wrong == made.slack.views.problems == []


@contextmanager
def running(scene: Scene) -> Iterator[Office]:
    clock, store = Clock(), scene.store
    signer = store.stack.installation.signer(Scope.RESPONSE)
    with Slack([Account(mail(name), user, name.title()) for name, user in USERS.items()]) as slack:
        workspace = Workspace(team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=slack.base_url)
        desk = open_desk(store.settings, store.bucket("responder"), signer, clock)
        front = build_front(workspace, desk, person_of(store.settings), clock)
        front.sender.sleep = lambda _: None
        with serving(endpoint(front, clock=clock.seconds)) as url:
            yield Office(scene, slack, clock, front, f"{url}/events")
        front.receipts.close()
        front.updates.close()


def yes(_: str, __: str) -> tuple[str, str | None]:
    return "acknowledged", None


def test_policies_are_acknowledged_in_slack_from_the_message_to_the_close(office: Office) -> None:
    _everybody_with_an_account_is_told_once(office)
    _ann_sees_what_she_accepts_and_answers(office)
    _ben_leaves_one_open(office)
    _their_manager_gets_one_list(office)
    _it_closes_with_who_did_not(office)


def _everybody_with_an_account_is_told_once(office: Office) -> None:
    found = office.poke()
    assert (found.sent, found.unreachable, found.recorded) == (5, 1, {"invitation": 5, "unreachable": 1})
    assert office.poke().sent == 0
    for name in USERS:
        [message] = office.who(name).messages
        assert "2 policies to acknowledge of 2" in message.text


def _ann_sees_what_she_accepts_and_answers(office: Office) -> None:
    ann = office.who("ann")
    ann.press_in_message(ann.messages[0], "open_review")
    shown = json.dumps(ann.view.given, ensure_ascii=False)
    for name, said in POLICIES.items():
        [version] = said["versions"]
        assert version["statement"] in shown, name
        assert f"{said['title']}, version {version['version']}" in shown
    assert shown.count("<https://intranet.example.com/p|Read the document>") == 2
    assert "Reason" not in shown
    ann.fill(yes)
    refused = ann.submit()
    assert refused.said["response_action"] == "errors"
    assert list(refused.said["errors"].values()) == ["Please answer the question."]
    assert office.answered().state.open == 12
    ann.fill(yes, answer="Tell")
    ann.submit()
    assert ann.submit_again().status == 200
    assert office.front.receipts.drain(20)
    assert office.front.updates.drain(20)
    assert "All done: 2 policies acknowledged" in ann.messages[0].text
    assert [each.text for each in ann.thread(ann.messages[0])] == ["Stored: 2 acknowledge."]
    answered = office.answered()
    person = person_of(office.scene.settings)(mail("ann"))
    [said] = [each for each in answered.ledger.events.values() if isinstance(each, Decided)]
    rows = {row["item"]: row["policy"] for row in answered.rows.table.to_pylist()}
    assert {rows[line.item]: (line.decision, line.answer) for line in said.decisions} == {
        SECURITY: ("acknowledged", None), CONDUCT: ("acknowledged", "Tell"),
    }  # fmt: skip
    assert (said.by, said.channel, answered.definition.pins[person]) == (person, ("slack", True), _pin("ann"))
    assert _presented(office, said)["text"].count("I have read version") == 2


def _pin(name: str) -> Any:
    from tieout.campaigns.definition import Pin

    return Pin(TEAM, USERS[name])


def _presented(office: Office, said: Decided) -> dict[str, Any]:
    bucket = office.scene.store.bucket("auditor")
    [key] = [each for each in bucket.keys(RESPONSES) if class_of(each) is Class.PRESENTED and str(said.presented_sha256) in each]
    found: dict[str, Any] = json.loads(bucket.read(key, None) or b"")
    return found


def _ben_leaves_one_open(office: Office) -> None:
    ben = office.who("ben")
    assert ben.review(ben.messages[0], lambda _, text: ("acknowledged" if "Security, version" in text else LATER, None)) == 1
    assert office.answered().state.open == 9


def _their_manager_gets_one_list(office: Office) -> None:
    office.clock.ahead = 21 * MINUTE
    assert office.poke().recorded == {"listed": 2}
    [_, of_mia] = office.who("mia").messages
    assert "3 people who report to you still have" in of_mia.text
    listed = str(of_mia.blocks)
    assert all(mail(name) in listed for name in ("ben", "cleo", "noa"))
    assert mail("ann") not in listed
    [_, of_sam] = office.who("sam").messages  # who manages the program gets what nobody's manager does
    assert "2 people who report to you still have" in of_sam.text
    assert office.poke().sent == 0


def _it_closes_with_who_did_not(office: Office) -> None:
    late = office.who("cleo")
    office.clock.ahead = 22 * MINUTE
    late.press_in_message(late.messages[0], "open_review")
    late.fill(yes, answer="Tell")
    assert late.submit().said["response_action"] == "update"
    office.clock.ahead = 41 * MINUTE
    found = office.poke()
    assert (found.phase, found.open) == (Phase.CLOSED, 0)
    mia = office.who("mia")
    mia.press_in_message(mia.messages[0], "open_review")
    assert "It was closed on" in str(mia.view.given["blocks"])
    answered = office.answered()
    ends = {item: each.decision for item in answered.definition.items if (each := answered.state.outcome(item))}
    assert sorted(ends.values()) == ["acknowledged"] * 5 + ["not acknowledged"] * 7
    office.scene.store = replace(office.scene.store, clock=office.clock)
    office.scene.list_again([worker(name) for name in CREW])
    rows = office.scene.rows(office.scene.land(), "acknowledgment")
    in_time = {(row["person"], row["in_time"]) for row in rows if row["outcome"] == "acknowledged"}
    known = person_of(office.scene.settings)
    assert in_time == {(known(mail("ann")), True), (known(mail("ben")), True), (known(mail("cleo")), False)}
    assert {row["unreachable"] for row in rows if row["person"] == known(mail("noa"))} == {
        "no account of the messenger was found when the campaign opened"
    }
    assert not [row for row in rows if "@" in json.dumps(row, default=str)]
