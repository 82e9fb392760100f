# SPDX-License-Identifier: Apache-2.0
"""A campaign's task over Slack: people are found by their addresses, told what is theirs, and messages say what holds now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Account, Slack
from tests.simulators.slack.members import dm_of
from tests.simulators.slack.workspace import Posted, message_problems
from tests.unit.flows.campaign_bench import Bench, frozen_company, make_bench, make_signers, now, store_client
from tests.unit.reviews.world import World, company, entry, mail

from tieout.campaigns.definition import Definition, Leftovers, Pin, Schedule
from tieout.desks.cases import posted_of
from tieout.errors import CannotCheck
from tieout.evidence.keys import DocumentSigner, Scope
from tieout.flows import review_campaign
from tieout.flows.campaign_manager import manager
from tieout.flows.campaign_people import People
from tieout.flows.campaign_poke import CampaignTask, Poked, poke
from tieout.flows.campaign_standing import standing_of
from tieout.slack.blocks.messages import list_message
from tieout.slack.messenger import SlackFinder, SlackMessenger, slack_messenger
from tieout.slack.sending import Sender
from tieout.slack.workspace import Workspace

_NUMBERS = count()
USERS = {name: f"U0{name.upper():0<8}" for name in ("cleo", "eva", "ivo", "max", "mia", "rob")}
DAY = timedelta(days=1)


@dataclass
class Told:
    """A review, and the workspace that its people are told in."""

    bench: Bench
    slack: Slack
    sender: Sender

    def open(self, days: float = 0.5, **schedule: Any) -> None:
        at = now().replace(microsecond=0)
        find = SlackFinder(self.bench.settings, self.sender, People(None))
        self.bench.open(find, Schedule(at - days * DAY, at + 10 * DAY, **schedule))

    def task(self) -> CampaignTask:
        return replace(self.bench.task(), messenger=slack_messenger(self.bench.settings, self.sender, People(None)))

    def poke(self) -> Poked:
        return poke(self.task())

    def messages(self, name: str) -> list[Posted]:
        return [each for each in self.slack.messages if each.channel == dm_of(USERS[name])]


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[Scope, DocumentSigner]:
    return make_signers(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with store_client() as made:
        yield made


@pytest.fixture
def told(client: Any, signers: dict[Scope, DocumentSigner], tmp_path: Path, repository: Path) -> Iterator[Told]:
    with made(client, signers, tmp_path, repository, frozen_company()) as found:
        yield found


@contextmanager
def made(client: Any, signers: dict[Scope, DocumentSigner], folder: Path, repository: Path, world: World) -> Iterator[Told]:
    """Make a review of a company, and the workspace of its people."""
    bench = make_bench(client, signers, folder, repository, f"slack-{next(_NUMBERS)}")
    bench.freeze(world)
    with Slack([Account(mail(name), user, name.title()) for name, user in USERS.items()]) as slack:
        workspace = Workspace(team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=slack.base_url)
        yield Told(bench, slack, Sender(workspace, sleep=lambda _: None))
    assert slack.wrong == []


def test_the_accounts_of_a_campaign_are_those_that_slack_has_for_the_addresses(told: Told) -> None:
    told.slack.members[mail("rob")].deleted = True
    told.slack.members[mail("mia")].guest = True
    del told.slack.members[mail("cleo")]
    told.open()
    pins = told.bench.loaded().definition.pins
    assert {person: pin for person, pin in pins.items() if pin is None} == dict.fromkeys(map(mail, ("cleo", "mia", "rob")))
    assert pins[mail("ivo")] == Pin(TEAM, USERS["ivo"])


def test_who_is_asked_gets_one_message_that_says_what_holds(told: Told) -> None:
    told.open()
    assert told.poke().sent == 3
    [message] = told.messages("ivo")
    assert "2 access rights to decide of 2" in message.text
    assert "Access review 2026-Q1" in message.text
    assert "Identity" not in message.text
    assert "idp: as owner of idp" in str(message.blocks)
    told.bench.decide("ivo", most=1)
    assert told.poke().updated == 1
    assert "1 access right to decide of 2" in message.text
    assert told.poke().updated == 0
    for name in ("ivo", "eva", "max"):
        told.bench.decide(name)
    assert told.poke().done
    assert all("It takes no more answers" in each.text for each in told.slack.messages)
    assert len(told.slack.messages) == 3


def test_what_goes_on_to_the_next_says_why_and_is_brought_up_to_date(told: Told) -> None:
    told.slack.members[mail("ivo")].guest = True
    told.open()
    assert told.poke().recorded == {"escalation": 2, "invitation": 1, "unreachable": 1}
    [message] = told.messages("mia")
    assert "whoever had it can not be reached" in message.text
    told.bench.decide("mia")
    told.poke()
    assert "All done" in message.text
    assert told.messages("ivo") == []


def test_an_account_that_is_deactivated_since_is_found_out_the_next_day(told: Told) -> None:
    told.open(days=2)
    told.slack.members[mail("ivo")].deleted = True
    found = told.poke()
    assert found.unreachable == 1
    assert told.messages("ivo") == []
    whys = {each.notice.why for each in told.bench.ledger().state.noticed.values() if each.notice.kind == "unreachable"}
    assert whys == {"Slack: Your account is deactivated."}


def test_a_reminder_is_a_message_of_its_own(told: Told) -> None:
    at = now().replace(microsecond=0)
    told.open(days=0.5, reminders=(at - timedelta(hours=1), at + timedelta(minutes=20)))
    told.poke()
    poke(replace(told.task(), clock=lambda: now() + timedelta(minutes=30)))
    first, reminder = told.messages("eva")
    assert "Reminder 2." in str(reminder.blocks)
    assert "3 access rights still to decide" in reminder.text
    told.bench.decide("eva")
    told.poke()
    assert (reminder.updates, first.updates) == (0, 1)


def test_what_is_handed_over_is_told(told: Told) -> None:
    told.open()
    told.poke()
    campaigns = told.bench.campaigns
    standing = standing_of(campaigns, campaigns.named(told.bench.planned.campaign), now())
    [mine] = standing.loaded.definition.assignments_of_person[mail("ivo")]
    who = manager(standing, campaigns, mail("cleo"), now)
    who.reassign(told.bench.signers[Scope.RESPONSE], mine.id, mail("max"), None, "on leave")
    poke(replace(told.task(), clock=lambda: now() + timedelta(seconds=2)))
    assert "it was given to you, or you stand in for somebody" in told.messages("max")[-1].text
    assert "nothing is due" not in told.messages("max")[-1].text


def test_stuck_items_are_told_to_who_runs_the_program(
    client: Any, signers: dict[Scope, DocumentSigner], tmp_path: Path, repository: Path
) -> None:
    with made(client, signers, tmp_path, repository, company(entry("a1", "rob"))) as told:
        for name in ("ivo", "mia", "max", "cleo"):
            told.slack.members[mail(name)].guest = True
        told.open()
        told.poke()
        [message] = told.messages("rob")
        assert "nobody is left who could decide 1 access right" in message.text
        assert f"tieout review reassign {told.bench.planned.campaign}" in str(message.blocks)


def test_nobody_is_written_to_without_an_account(told: Told) -> None:
    del told.slack.members[mail("ivo")]
    told.open()
    task = told.task()
    ledger = told.bench.ledger()
    assert task.messenger is not None
    messenger = task.messenger(task.loaded, ledger)
    assert isinstance(messenger, SlackMessenger)
    with pytest.raises(CannotCheck, match="without"):
        messenger.reach(mail("ivo"))
    assert posted_of({"channel": "D1", "ts": "1.2"}).ts == "1.2"


def test_who_is_asked_for_themselves_is_written_to_without_opening_a_channel_and_the_next_gets_one_list(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_before = review_campaign._definition

    def personal(*arguments: Any) -> Definition:
        return replace(made_before(*arguments), personal=True, leftovers=Leftovers.DECIDE, leftover_choice="revoke")

    monkeypatch.setattr(review_campaign, "_definition", personal)
    at = now().replace(microsecond=0)
    told.open(escalate_at=at - timedelta(hours=1))
    told.slack.calls.clear()
    assert told.poke().sent == 6
    assert "conversations.open" not in told.slack.counts()
    assert told.slack.counts()["chat.postMessage"] == 6
    lists = [each for each in told.slack.messages if "to you* still" in str(each.blocks)]
    assert len(lists) == 3
    assert all("access rights" in each.text and "open, due" in each.text for each in lists)
    listed = sorted(line for each in lists for line in each.blocks[1]["text"]["text"].split("\n"))
    assert set(listed) == set(map(mail, ("eva", "ivo", "max")))
    assert told.poke().sent == 0


@pytest.mark.parametrize(("count_", "said"), [(1, "1 person who reports to you"), (101, "101 people who report to you")])
def test_a_list_says_how_many_there_are_and_shows_a_hundred(count_: int, said: str) -> None:
    names = [f"Somebody <!channel> Number {number:03} with a long name" for number in range(count_)]
    message = list_message("Policies 2026-W27", names, "policies", now())
    assert said in message.text
    shown = message.blocks[1]["text"]
    assert shown["type"] == "plain_text"
    lines = shown["text"].split("\n")
    assert len(lines) == min(count_, 101)
    assert (lines[-1] == "and 1 more") == (count_ == 101)
    assert message_problems(message.text, message.blocks) == []
