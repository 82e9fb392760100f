# SPDX-License-Identifier: Apache-2.0
"""A program whose owner confirms restore tests in a form, in an object store: asked, filled in, looked at, closed, landed."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Slack
from tests.stack import Store
from tests.unit.flows.review_project import scope
from tieout.campaigns.leftovers import Closing, close
from tieout.campaigns.writer import Writer
from tieout.confirmations.filled import Problems
from tieout.confirmations.uploads import receive
from tieout.criteria.form_fields import FileField
from tieout.desks.cases import Cases
from tieout.desks.desk import AIRFLOW, Member, Refused
from tieout.desks.form_values import FormAsked, FormStored, HandIn, LookAsked, Looking
from tieout.desks.forms import FormDesk
from tieout.evidence.keys import Scope
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import EVIDENCE
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.store import S3Store
from tieout.flows.campaign_answered import CampaignAnswered, read_campaign
from tieout.flows.campaign_kinds import plan_campaign
from tieout.flows.campaign_opening import Find
from tieout.flows.campaign_people import People
from tieout.flows.campaign_poke import CampaignTask, Poked, poke
from tieout.flows.campaigns import Campaigns
from tieout.flows.confirmation_campaign import open_confirmation
from tieout.flows.confirmation_freeze import freeze_confirmation
from tieout.flows.confirmation_inputs import ConfirmationWindow
from tieout.flows.confirmation_landing import land_confirmation
from tieout.flows.upkeep import retention_for
from tieout.local.installation import STAGING_BUCKET
from tieout.settings import Settings
from tieout.slack.messenger import slack_messenger
from tieout.slack.sending import Sender
from tieout.slack.workspace import Workspace

CONTROL, WINDOW, SYSTEM = "a1_3_restore_confirmation", "2026-Q1", "confirmations"
OWNERS = [("Platform Lead", "pia"), ("Platform Lead", "paul"), ("Head of Engineering", "hedi")]
LOG = b"2026-02-03 10:00 restored orders from the vault\n2026-02-03 11:30 row counts equal\n"
ANSWERS = {
    "restored_on": "2026-02-03", "system": "orders", "backup_of": "2026-02-02", "hours": "1.5", "lost_minutes": "0",
    "result": "met",
}  # fmt: skip


def mail(name: str) -> str:
    """Return somebody's address."""
    return f"{name}@example.com"


def member(name: str) -> Member:
    """Return somebody who is signed in to Airflow."""
    return Member(AIRFLOW, name, mail(name))


@dataclass
class Scene:
    """A program with one form, and everything that people and tasks do in it."""

    store: Store
    window: str = WINDOW
    control: str = CONTROL

    @property
    def settings(self) -> Settings:
        return self.store.settings

    def planned(self) -> ConfirmationWindow:
        found = plan_campaign(self.settings, self.control, self.window)
        assert isinstance(found, ConfirmationWindow)
        return found

    def campaigns(self, store: S3Store | None = None) -> Campaigns:
        return Campaigns(self.settings, store or self.store.bucket())

    def freeze(self, **said: Any) -> LandingReference:
        signer = self.store.stack.installation.signer(Scope.LANDING)
        with tempfile.TemporaryDirectory() as work:
            return freeze_confirmation(
                self.planned(), self.campaigns(), signer, self.store.clock, Path(work), None, **said
            )  # fmt: skip

    def open(self, due: float = 60, ends: float = 120, find: Find | None = None) -> CampaignAnswered:
        """Open it, due in so many seconds, and over in so many."""
        now, signer = datetime.now(UTC).replace(microsecond=0), self.store.stack.installation.signer(Scope.LANDING)
        times = now + timedelta(seconds=due), now + timedelta(seconds=ends)
        open_confirmation(self.planned(), self.campaigns(), signer, find, self.store.clock, "the test", *times)
        return self.answered()

    def poke(self, slack: Slack) -> Poked:
        """Look after the campaign once, as its task does."""
        campaigns, signer = self.campaigns(), self.store.stack.installation.signer(Scope.LANDING)
        opened = campaigns.of(self.planned().place)
        assert opened is not None
        workspace = Workspace(team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=slack.base_url)
        messenger = slack_messenger(self.settings, Sender(workspace, sleep=lambda _: None), People(None))
        staging = S3Store(self.store.client("writer"), STAGING_BUCKET)
        loaded, clock = campaigns.load(opened), self.store.clock
        return poke(CampaignTask(
            campaigns=campaigns, loaded=loaded, staging=staging, signer=signer, clock=clock, by="the test", messenger=messenger,
        ))  # fmt: skip

    def answered(self) -> CampaignAnswered:
        return read_campaign(self.planned(), self.campaigns())

    def desk(self) -> FormDesk:
        """Return the desk as another process would have it: it has read nothing yet."""
        signer, store = self.store.stack.installation.signer(Scope.RESPONSE), self.store.bucket("responder")
        cases = Cases(self.settings, store, signer, self.store.clock)
        return FormDesk(lambda: cases, self.settings, self.store.clock)

    def asked(self, name: str) -> FormAsked | Refused:
        return self.desk().form(member(name), self.planned().campaign, self.assignment_of(name))

    @property
    def assignment(self) -> str:
        [found] = self.answered().definition.assignments
        return found

    def assignment_of(self, name: str) -> str:
        """Return the assignment that somebody was given; of who was given none, another one."""
        definition = self.answered().definition
        given = definition.assignments_of_person.get(mail(name)) or tuple(definition.assignments.values())
        return given[0].id

    def hand_in(
        self,
        name: str,
        files: Iterable[tuple[str, bytes]] = (("restore.txt", LOG),),
        interaction: str = "",
        late: timedelta = timedelta(0),
        texts: Mapping[str, str] = ANSWERS,
        **answers: str,
    ) -> FormStored | Problems | Refused:
        """Have somebody fill in the form."""
        field = self.planned().form.field("proof")
        assert isinstance(field, FileField)
        with tempfile.TemporaryDirectory() as work:
            uploads = [receive([data], given, field, Path(work)) for given, data in files]
            now = self.store.clock() - late
            given = HandIn(
                campaign=self.planned().campaign, assignment=self.assignment_of(name),
                texts={key: [text] for key, text in {**texts, **answers}.items()}, files={"proof": uploads},
                shown={"text": "Restore test"}, interaction=interaction or f"{name} {now.timestamp()}", acted_at=now,
                dwell_ms=900, channel=("airflow", False),
            )  # fmt: skip
            return self.desk().hand_in(member(name), given)

    def look(self, name: str, question: str = "") -> FormStored | Refused:
        """Have somebody accept what waits; with a question, return it."""
        desk, campaign, now = self.desk(), self.planned().campaign, self.store.clock()
        asked = desk.look_asked(member(name), campaign, self.assignment)
        if not isinstance(asked, LookAsked):
            return asked
        said = Looking(
            campaign=campaign, assignment=self.assignment, about=asked.about, accepted=not question, question=question,
            interaction=f"{name} {now.timestamp()}", acted_at=now, presented={"text": "seen"}, channel=("airflow", False),
        )  # fmt: skip
        return desk.look(member(name), said)

    def close(self) -> None:
        """Wait until it can be closed, and close it."""
        while True:
            answered = self.answered()
            now = answered.state.not_before(self.store.clock())
            closing = close(answered.definition, answered.state, now)
            if isinstance(closing, Closing):
                break
            time.sleep(0.2)
        planned = answered.planned
        retention = retention_for(planned.settings, planned.scope, planned.period.id, now)
        signer = self.store.stack.installation.signer(Scope.LANDING)
        Writer(answered.definition, self.store.bucket(), signer, retention).close(closing, "the test")

    def land(self) -> LandingReference:
        signer = self.store.stack.installation.signer(Scope.LANDING)
        with tempfile.TemporaryDirectory() as work:
            return land_confirmation(self.planned(), self.campaigns(), signer, self.store.clock, Path(work), None)

    def manifest(self, reference: LandingReference) -> Manifest:
        """Return a landing's manifest, as an auditor reads it."""
        return read_manifest(self.store.bucket("auditor").read(reference.manifest_key, None) or b"", reference.manifest_key)

    def rows(self, reference: LandingReference, table: str) -> list[dict[str, Any]]:
        """Return the landed rows of a table."""
        found: list[dict[str, Any]] = []
        with tempfile.TemporaryDirectory() as work:
            for subject in self.manifest(reference).subjects:
                if subject.key.startswith(f"{EVIDENCE}{table}/"):
                    path = Path(work) / "part.parquet"
                    self.store.bucket("auditor").download(subject.key, path, subject.sha256)
                    found += pq.read_table(path).to_pylist()
        return found


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def make_scene(store: Store, repository: Path, home: Path, window: str = WINDOW, **section: Mapping[str, Any] | None) -> Scene:
    """Return a program in a folder that does not exist yet."""
    criteria = home / "include/criteria"
    for name in ("evidence_schemas", "criteria/schemas"):
        shutil.copytree(repository / "include" / name, home / "include" / name)
    shutil.copy(repository / "include/criteria/tsc_2017_rev2022.yaml", criteria)
    (criteria / "controls").mkdir()
    said = yaml.safe_load((repository / f"include/criteria/controls/{CONTROL}.yaml").read_text())
    said["confirmation"] = {key: each for key, each in (said["confirmation"] | section).items() if each is not None}
    said["statements"][0]["effective_from"] = "2025-01-01"
    (criteria / "controls" / f"{CONTROL}.yaml").write_text(yaml.safe_dump(said, sort_keys=False))
    told = scope(OWNERS)
    earlier = {"id": "2025-H1", "type": 2, "first_day": date(2025, 1, 1), "end_day": date(2025, 7, 1)}
    told["observation_periods"] = [earlier, *told["observation_periods"]]
    told["systems"] = [{"system": SYSTEM, "name": "Confirmations", "owner": "Platform Lead"}]
    (criteria / "scope.yaml").write_text(yaml.safe_dump(told, sort_keys=False))
    return Scene(Store(store.stack, Settings(home=home, environment="test", root_fingerprint=store.root)), window)
