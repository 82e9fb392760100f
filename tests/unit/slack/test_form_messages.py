# SPDX-License-Identifier: Apache-2.0
"""A form in Slack: who is asked and who looks are told, with the way to its page, and nothing is answered in a message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest
from tests.simulators.memory_s3 import memory_s3
from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Account, Slack
from tests.simulators.slack.members import dm_of
from tests.unit.campaigns.scene import Signers
from tests.unit.evidence.signed_copy import key_list_of, listed
from tests.unit.web.form_bench import FORM, FormBench

from tieout.campaigns.definition import Pin
from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.ledger import Ledger, Opened
from tieout.campaigns.reminders import due_notices
from tieout.criteria.scope import load_scope
from tieout.desks.desk import Member
from tieout.desks.form_values import HandIn, Looking
from tieout.evidence.keys import Scope, generate_key
from tieout.evidence.store import S3Store
from tieout.flows.campaign_people import People
from tieout.flows.campaigns import Loaded
from tieout.flows.frozen_rows import FrozenRows
from tieout.settings import Settings
from tieout.slack.messenger import SlackMessenger
from tieout.slack.sending import Sender
from tieout.slack.workspace import Workspace

_NUMBERS = count()
USERS = {name: f"U0{name.upper():0<8}" for name in ("ann", "bob", "mia", "len")}
PINS = {name: Pin(TEAM, user) for name, user in USERS.items()}
PLAIN = FORM.model_copy(update={"fields": tuple(each for each in FORM.fields if each.type != "file")})
"""The form without its file."""
PAGES = "https://airflow.example.com/tieout/confirmations/"


class Told(FormBench):
    """The form, and the workspace that its people are told in."""

    pages = PAGES

    def __init__(self, store: S3Store, signers: Signers, repository: Path, slack: Slack) -> None:
        super().__init__(store, signers, repository, pins=PINS, form=PLAIN)
        workspace = Workspace(team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=slack.base_url)
        self.slack, self.sender = slack, Sender(workspace, sleep=lambda _: None)
        self.scope = load_scope(Settings(home=repository).scope_file)
        self.told: list[Notice] = []

    def tell(self) -> list[tuple[str, str]]:
        """Record and send what is due, as the campaign's task does; returns kinds and people."""
        ledger = Ledger(self.campaign, self.store, self.signers.key_list)
        ledger.refresh()
        rows = FrozenRows(pa.Table.from_pylist([self.row]), ())
        opened = Opened(self.campaign.campaign, self.now, "task", "", {})
        messenger = SlackMessenger(
            self.sender, Loaded(opened, self.campaign, rows), ledger, self.scope, People(None), self.pages
        )  # fmt: skip
        now = ledger.state.not_before(datetime.now(UTC))
        due = due_notices(self.campaign, ledger.state, now)
        self.writer.notice(due, "task", now)
        for each in due:
            way = messenger.reach(each.person)
            assert isinstance(way, str)
            messenger.send(way, each, now)
        return [(each.kind.value, each.person) for each in due]

    def last(self, name: str) -> Any:
        """Return the last message to somebody."""
        return [each for each in self.slack.messages if each.channel == dm_of(USERS[name])][-1]

    def hand_in(self, name: str = "ann") -> None:
        """Have somebody hand in the form, without its page."""
        who, at = Member(TEAM, USERS[name], name), datetime.now(UTC)
        said = HandIn(
            campaign=self.campaign.campaign, assignment=self.assignment, files={}, shown={}, interaction=str(at), acted_at=at,
            texts={"restored_on": ["2026-02-03"], "hours": ["1"], "result": ["met"]}, dwell_ms=1, channel=("airflow", False),
        )  # fmt: skip
        assert self.desk.forms is not None
        assert hasattr(self.desk.forms.hand_in(who, said), "response")


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Signers:
    """Return keys that have been valid for some days."""
    folder = tmp_path_factory.mktemp("keys")
    made = {name: generate_key(folder / f"{name}.pem") for name in ("landing", "response", "stranger")}
    since = datetime.now(UTC) - timedelta(days=90)
    entries = [listed(made[name], Scope(name), valid_from=since) for name in ("landing", "response")]
    return Signers(**made, key_list=key_list_of("0" * 64, *entries))


@pytest.fixture
def told(signers: Signers, repository: Path) -> Iterator[Told]:
    """Return the form and its workspace."""
    with memory_s3(), Slack([Account(f"{name}@x.example", user, name.title()) for name, user in USERS.items()]) as slack:
        client = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client("s3")
        bucket = f"evidence-told-{next(_NUMBERS)}"
        client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        yield Told(S3Store(client, bucket), signers, repository, slack)
    assert slack.wrong == []


def buttons(message: Any) -> list[str]:
    """Return what the buttons of a message say."""
    found = [block.get("accessory") for block in message.blocks]
    found += [each for block in message.blocks if block["type"] == "actions" for each in block["elements"]]
    return [each["text"]["text"] for each in found if each]


def test_who_is_asked_is_told_where_the_page_is_and_has_no_button_that_answers(told: Told) -> None:
    assert told.tell() == [("invitation", "ann")]
    message = told.last("ann")
    assert f"<{PAGES}{told.campaign.campaign}/{told.assignment}|on its page>" in str(message.blocks)
    assert buttons(message) == ["Ask a question"]
    assert "Confirmation 2026-Q1" in message.text


def test_who_looks_is_told_and_whoever_handed_it_in_when_it_comes_back(told: Told) -> None:
    told.tell()
    told.hand_in()
    assert told.tell() == [("look", "len")]
    message = told.last("len")
    assert "waits for you to accept or return it" in message.text
    assert f"/tieout/second-reviews/{told.campaign.campaign}/{told.assignment}|on its page>" in str(message.blocks)
    forms, who = told.desk.forms, Member(TEAM, USERS["len"], "len")
    assert forms is not None
    [asked] = forms.looks(who)
    at = datetime.now(UTC)
    forms.look(who, Looking(
        campaign=asked.campaign, assignment=asked.assignment, about=asked.about, accepted=False, question="Which?",
        interaction="x", acted_at=at, presented={}, channel=("airflow", False),
    ))  # fmt: skip
    assert told.tell() == [("handover", "ann")]
    assert "what was handed in was returned with a question" in told.last("ann").text
    assert told.tell() == []


def test_without_an_address_the_way_there_is_told(told: Told) -> None:
    told.pages = ""
    told.tell()
    assert "on its page in Airflow: Tieout, My reviews" in str(told.last("ann").blocks)
    told.hand_in()
    told.tell()
    assert "on its page in Airflow: Tieout, My reviews" in str(told.last("len").blocks)


def test_a_notice_of_a_look_is_news_only_while_it_waits(told: Told) -> None:
    told.hand_in()
    [notice] = [each for each in due_notices(told.campaign, told.case.ledger.state, datetime.now(UTC)) if each.person == "len"]
    assert (notice.kind, notice.open, dict(notice.items)) == (NoticeKind.LOOK, 1, {told.assignment: (told.item,)})
    assert replace(notice, why="x").id == notice.id
