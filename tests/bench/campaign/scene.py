# SPDX-License-Identifier: Apache-2.0
"""A review of access that 300 managers answer: landed, frozen, opened and announced by the product's own functions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Account
from tests.stack import Store
from tests.unit.flows.review_project import CONTROL, drop_access, drop_people, make_project
from tests.unit.reviews.world import Row, ago, entry, mail, person
from tieout.campaigns.definition import Schedule
from tieout.campaigns.ledger import Ledger
from tieout.evidence.keys import Scope
from tieout.evidence.store import S3Store
from tieout.flows.campaign_people import People, person_of
from tieout.flows.campaign_poke import CampaignTask, poke
from tieout.flows.campaigns import Campaigns
from tieout.flows.review_campaign import open_review
from tieout.flows.review_freeze import freeze
from tieout.flows.review_inputs import ReviewWindow, input_jobs, plan_review
from tieout.local.installation import STAGING_BUCKET
from tieout.local.stack import Stack
from tieout.settings import Settings
from tieout.slack.messenger import SlackFinder, slack_messenger
from tieout.slack.pacing import Pace
from tieout.slack.sending import Sender
from tieout.slack.workspace import Workspace

MANAGERS, REPORTS, RIGHTS = 300, 8, 30
"""Each manager decides on 240 access rights of eight people: twenty pages of a modal."""
WINDOW = "2026-Q1"
END = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
"""The quarter's last second in Berlin."""
OWNERS = [("IT Lead", "ivo"), ("Finance Lead", "eva"), ("Security Lead", "cleo"), ("CTO", "rob")]


def managers() -> list[str]:
    """Return the names of who decides."""
    return [f"manager{number:03}" for number in range(MANAGERS)]


def accounts() -> list[Account]:
    """Return the members of the workspace: managers, and who owns and reviews the control."""
    return [Account(mail(name), f"U{number:09}", name.title()) for number, name in enumerate([*managers(), "cleo", "rob", "ivo"])]


def people() -> list[Row]:
    """Return who works here."""
    said = {"as_of": END, "read_at": END + timedelta(hours=8)}
    leads = [person(name, "rob" if name != "rob" else None, **said) for name in ("ivo", "eva", "cleo", "rob")]
    return leads + [
        row
        for name in managers()
        for row in (person(name, "rob", **said), *(person(f"{name}-{report}", name, **said) for report in range(REPORTS)))
    ]


def access() -> Iterator[Row]:
    """Yield what the managers' people may do."""
    times = {"as_of": END, "read_at": END + timedelta(hours=8), "granted_at": ago(300), "last_used_at": ago(5)}
    for name in managers():
        for report in range(REPORTS):
            for right in range(RIGHTS):
                yield entry(f"{name}-{report}", f"{name}-{report}", f"app:{right} of the shop's back office", **times)


def project(folder: Path, repository: Path) -> None:
    """Write a project in which one control reviews one system, whose items people's managers decide on."""
    asked = {"sign_off": "CTO", "reviewers": {"idp": "manager"}}
    settings = make_project(folder, repository, asked, OWNERS)
    path = settings.controls_folder / f"{CONTROL}.yaml"
    said = yaml.safe_load(path.read_text())
    said["systems"] = [each for each in said["systems"] if each["system"] == "idp"]
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    for name in ("dags", "plugins"):
        (folder / name).symlink_to(repository / name)


def workspace(base_url: str) -> Workspace:
    """Return the simulated workspace."""
    return Workspace(team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=base_url)


class Hurried:
    """A clock on which whoever waits for Slack's pace has waited at once: invitations are no part of what is measured."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Scene:
    """The review, its store, and its workspace."""

    store: Store
    slack_url: str

    @classmethod
    def over(cls, stack: Stack, slack_url: str) -> Scene:
        """Return the scene over a running store."""
        settings = Settings(
            home=stack.installation.home, environment="bench", root_fingerprint=stack.installation.root_fingerprint
        )
        return cls(Store(stack, settings).with_identities(), slack_url)

    @property
    def planned(self) -> ReviewWindow:
        return plan_review(self.store.settings, CONTROL, WINDOW)

    def land(self) -> None:
        """Land what is reviewed, and freeze it."""
        settings = self.store.settings
        drop_access(settings, f"access-{WINDOW}", access())
        drop_people(settings, f"access-{WINDOW}", people())
        for job in input_jobs(self.planned).values():
            self.store.land_job(job, END + timedelta(days=1))
        signer = self.store.stack.installation.signer(Scope.LANDING)
        with tempfile.TemporaryDirectory() as work:
            freeze(self.planned, self.store.bucket(), signer, self.store.clock, Path(work), None)

    def open(self) -> int:
        """Open the campaign and invite its people; returns how many were."""
        settings, signer = self.store.settings, self.store.stack.installation.signer(Scope.LANDING)
        hurried = Hurried()
        sender = Sender(workspace(self.slack_url), Pace(hurried), hurried, hurried.sleep)
        find = SlackFinder(settings, sender, People.beside(self.store.bucket(), settings))
        campaigns, at = Campaigns(settings, self.store.bucket()), self.store.clock().replace(microsecond=0)
        opened = open_review(
            self.planned, campaigns, signer, find, self.store.clock, "the bench", Schedule(at, at + timedelta(days=10))
        )
        task = CampaignTask(
            campaigns=campaigns, loaded=opened.loaded, signer=signer, clock=self.store.clock, by="the bench",
            staging=S3Store(self.store.client("writer"), STAGING_BUCKET),
            messenger=slack_messenger(settings, sender, People(None)),
        )  # fmt: skip
        return poke(task).sent

    def ledger(self) -> Ledger:
        """Return what has been said, as an auditor reads it: nothing is read yet."""
        campaigns = Campaigns(self.store.settings, self.store.bucket("auditor"))
        definition = campaigns.load(campaigns.named(self.planned.campaign)).definition
        return Ledger(definition, campaigns.store, campaigns.key_list)

    def persons(self) -> dict[str, str]:
        """Return the person id of each member, by user id."""
        person_at = person_of(self.store.settings)
        return {account.user: person_at(account.email) for account in accounts()}
