# SPDX-License-Identifier: Apache-2.0
"""A personal campaign of three people, two of whom have no account in the messenger; mails go to a mail server on loopback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI
from tests.simulators.mailbox import Mailbox, running_mailbox
from tests.unit.campaigns.scene import ITEMS, Signers, definition
from tests.unit.slack.scene import serving

from tieout.campaigns.assignments import Assigned, Item, assign
from tieout.campaigns.definition import Choice, Leftovers, Pin, Schedule
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.outbox import Outbox
from tieout.campaigns.responder import Responder
from tieout.campaigns.writer import Writer
from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.case import Case
from tieout.desks.items import ACKNOWLEDGING, Question
from tieout.desks.items import Item as Shown
from tieout.desks.link_desk import LinkDesk
from tieout.evidence.identities import UnlockedStore
from tieout.evidence.store import Retention, S3Store
from tieout.flows.campaign_links import Links, send_links
from tieout.flows.campaign_look import Look
from tieout.flows.campaign_work import Work
from tieout.flows.mailer import SmtpMailer
from tieout.web.link_app import LinkSite, create_link_app
from tieout.web.link_limits import Limits
from tieout.web.site import Site
from tieout.web.stamps import stamp_key

OPEN_FOR = timedelta(minutes=20)
"""How long a campaign has been open when a test begins."""
LASTS = timedelta(minutes=55)
WITHOUT = {"a", "b"}
"""Who has no account."""
OWN = {"i1": "a", "i2": "a", "i3": "b", "i4": "c"}
ATTACK = "<script>alert(1)</script>"
ASKED = Question("What do you do?", ("Tell", "Hide"))
TOKEN = re.compile(r"#([A-Za-z0-9_-]{43})$", re.MULTILINE)


def campaign(start: datetime) -> Any:
    """Return the campaign; who has something open is reminded half an hour after it opened."""
    due, end = start + timedelta(minutes=50), start + LASTS
    return definition(
        kind="policy_acknowledgment",
        items={name: Item(name, ITEMS[name].row_sha256) for name in OWN},
        assignments=assign(1, [Assigned(item, person, "listed") for item, person in OWN.items()]),
        schedule=Schedule(start, due, (start + timedelta(minutes=30),), None, (end,)),
        choices={"acknowledged": Choice(), "not acknowledged": Choice(offered=False)},
        leftovers=Leftovers.DECIDE,
        leftover_choice="not acknowledged",
        signers=(),
        pins={"a": None, "b": None, "c": Pin("T1", "UC"), "m": Pin("T1", "UM")},
        personal=True,
    )


def shown(item: str) -> Shown:
    """Return a policy as it is shown; the first has a question, and a title that somebody meant ill with."""
    return Shown(
        id=item, row_sha256=ITEMS[item].row_sha256, title=f"Policy {item} {ATTACK if item == 'i1' else ''}",
        facts=(("Approved by", "Security Lead"),), statement=f"I have read {item}. {ATTACK}", link="https://intranet.example/p",
        question=ASKED if item == "i1" else None,
    )  # fmt: skip


class Clock:
    """The time, as far ahead as the test has come."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class World:
    """Everything that runs."""

    store: S3Store
    staging: UnlockedStore
    signers: Signers
    mailbox: Mailbox
    clock: Clock
    url: str = ""
    limits: Limits = field(default_factory=Limits)
    site: Any = None
    addresses: dict[str, str] = field(default_factory=lambda: {each: f"{each}@shop.example" for each in "abc"})

    def __post_init__(self) -> None:
        start = datetime.now(UTC).replace(microsecond=0) - OPEN_FOR
        self.definition = campaign(start)
        retention = Retention("COMPLIANCE", datetime.now(UTC) + timedelta(days=366), "AES256", "")
        self.writer = Writer(self.definition, self.store, self.signers.landing, retention)
        self.writer.open("task", start + timedelta(minutes=19))
        self.seconds = 0.0
        self.case = Case(
            ledger=self.ledger(), responder=Responder(self.definition, self.store, self.signers.response, retention, self.clock),
            title="Policies 2026-Q2", unit="policies", labels={"acknowledged": "Acknowledge"}, introduction="Please read.",
            item=shown, named=lambda _: "Policies of Shop", posted=lambda _: None, words=ACKNOWLEDGING, page_items=5,
            clock=self._tick,
        )  # fmt: skip
        cases = {self.definition.campaign: self.case}
        desk = CampaignDesk(cases.copy, lambda _: {}, self.clock, lambda work: work())
        self.desk = LinkDesk(desk, self.clock)

    def _tick(self) -> float:
        """Nothing that was read is taken for so: each look reads anew."""
        self.seconds += 60
        return self.seconds

    def ledger(self) -> Ledger:
        made = Ledger(self.definition, self.store, self.signers.key_list)
        made.refresh()
        return made

    def look(self, staging: UnlockedStore | None = None) -> Look:
        staged = staging or self.staging
        return Look(
            definition=self.definition, ledger=self.ledger(), writer=self.writer, outbox=Outbox(self.definition.campaign, staged),
            work=Work(self.definition.campaign, staged), messenger=None, clock=self.clock, by="the task",
        )  # fmt: skip

    def links(self, mailer: Any = None) -> Links:
        server = mailer or SmtpMailer(host="127.0.0.1", port=self.mailbox.port, sender="tieout@shop.example", implicit_tls=False,
                                      plain=True)  # fmt: skip
        return Links(
            mailer=server, url="https://airflow.shop.example/tieout/link/", address=self.addresses.get, title="Policies 2026-Q2",
            company="Shop", zone=ZoneInfo("Europe/Berlin"),
        )  # fmt: skip

    def send(self, **said: Any) -> int:
        return send_links(self.look(), self.links(**said), set(WITHOUT))

    def tokens(self, person: str) -> list[str]:
        """Return the tokens that were mailed to somebody, in order."""
        mails = [each for each in self.mailbox.messages if each["To"] == f"{person}@shop.example"]
        return [TOKEN.findall(each.get_content().replace("\r", ""))[0] for each in mails]

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Post a form as the page does."""
        headers = {"sec-fetch-site": "same-origin", "origin": self.url}
        return httpx.post(f"{self.url}/tieout/link/{path}", data=fields, headers=headers, follow_redirects=False)

    def answers(self, opened: httpx.Response, **more: str) -> dict[str, str]:
        """Return the fields of a page with everything acknowledged."""
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', opened.text))
        decisions = set(re.findall(r'name="(decision\.[^"]+)"', opened.text))
        questions = set(re.findall(r'name="(answer\.[^"]+)"', opened.text))
        return {**fields, **dict.fromkeys(decisions, "acknowledged"), **dict.fromkeys(questions, "0"), **more}


@contextmanager
def running(store: S3Store, staging: UnlockedStore, signers: Signers) -> Iterator[World]:
    """Serve the page below the path that it has in Airflow."""
    with running_mailbox() as mailbox:
        world = World(store, staging, signers, mailbox, Clock())
        nobody: Callable[[], Any] = lambda: None  # noqa: E731
        site = Site(desk=nobody, person_of=str, zone=ZoneInfo("Europe/Berlin"), key=stamp_key("secret"), now=world.clock)
        world.site = site
        parent = FastAPI()
        parent.mount("/tieout/link", create_link_app(LinkSite(site=site, links=lambda: world.desk, limits=world.limits)))
        with serving(parent) as url:
            world.url = url
            yield world
        site.pool.close()
