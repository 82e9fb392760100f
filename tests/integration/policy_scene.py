# SPDX-License-Identifier: Apache-2.0
"""A program whose policies people acknowledge, in an object store: campaigns are frozen, opened, answered, closed, landed."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from tests.stack import Store
from tests.unit.flows.review_project import drop, scope
from tieout.campaigns.events import Decided, ItemDecision
from tieout.campaigns.leftovers import Closing, close
from tieout.campaigns.responder import Responder
from tieout.campaigns.writer import Writer
from tieout.collectors.hr_roster import COLUMNS, LEAVE
from tieout.evidence.keys import DocumentSigner, Scope
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import EVIDENCE, RAW
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.store import S3Store
from tieout.flows.campaign_answered import CampaignAnswered, read_campaign
from tieout.flows.campaign_kinds import plan_campaign
from tieout.flows.campaigns import Campaigns
from tieout.flows.policy_campaign import open_policies
from tieout.flows.policy_freeze import freeze_policies
from tieout.flows.policy_inputs import PolicyWindow, people_job, people_job_until
from tieout.flows.policy_landing import land_policies
from tieout.flows.upkeep import retention_for
from tieout.settings import Settings

Row = dict[str, Any]
CONTROL, SYSTEM = "cc5_3_policy_campaign", "people"
WEEKS = {
    "2026-W10": datetime(2026, 3, 8, 22, 59, 59, tzinfo=UTC),
    "2026-W11": datetime(2026, 3, 15, 22, 59, 59, tzinfo=UTC),
    "2026-W12": datetime(2026, 3, 22, 22, 59, 59, tzinfo=UTC),
}
"""Each with its last second in Berlin."""
FIRST, SECOND, THIRD = WEEKS
OWNERS = [("Security Lead", "sam"), ("Head of Engineering", "hedi")]
SECURITY, CONDUCT = "information_security", "code_of_conduct"
QUESTION = {"text": "What do you do?", "options": ["Tell", "Hide"], "expected": "Tell"}


def mail(name: str) -> str:
    """Return somebody's address."""
    return f"{name}@example.com"


def worker(name: str, manager: str | None = "mia", **said: Any) -> Row:
    """Return somebody of the list who works here and reports to Mia."""
    usual: Row = {
        "person": mail(name), "employee_number": f"E-{name}", "worker_type": "employee", "employment": "active",
        "started_on": date(2020, 1, 1), "left_on": None, "manager": mail(manager) if manager else None,
        "department": "Engineering", "job_title": "Engineer", "leave_from": None, "leave_until": None,
    }  # fmt: skip
    return usual | said


def version(number: str, text: str, since: str = "2026-01-01", **said: Any) -> Row:
    """Return a version of a policy whose document is a text."""
    approved = (date.fromisoformat(since) - timedelta(days=7)).isoformat()
    return {
        "version": number, "effective_from": since, "approver": "Security Lead", "approved_on": approved,
        "link": "https://intranet.example.com/p", "path": f"documents/{number}-{len(text)}.md",
        "sha256": hashlib.sha256(text.encode()).hexdigest(), "statement": f"I have read version {number}: {text}.", **said,
    }  # fmt: skip


def policy(title: str, *versions: Row, **said: Any) -> Row:
    """Return a policy."""
    return {"title": title, "owner": "Security Lead", "versions": list(versions), **said}


POLICIES = {
    SECURITY: policy("Security", version("1.0", "be careful")),
    CONDUCT: policy("Conduct", version("2.1", "be kind", question=QUESTION), audience={"worker_types": ["employee"]}),
}


def soon(after: timedelta) -> datetime:
    """Return the time so much later."""
    return (datetime.now(UTC) + after).replace(microsecond=0)


@dataclass
class Scene:
    """A program that has policies acknowledged, and everything that people and tasks do in it."""

    store: Store
    control: str = CONTROL
    texts: dict[str, str] = field(default_factory=lambda: {"1.0": "be careful", "2.1": "be kind"})

    @property
    def settings(self) -> Settings:
        return self.store.settings

    @property
    def signer(self) -> DocumentSigner:
        return self.store.stack.installation.signer(Scope.LANDING)

    def planned(self, window: str = FIRST) -> PolicyWindow:
        found = plan_campaign(self.settings, self.control, window)
        assert isinstance(found, PolicyWindow)
        return found

    def campaigns(self, store: S3Store | None = None) -> Campaigns:
        return Campaigns(self.settings, store or self.store.bucket())

    def write_policies(self, policies: Mapping[str, Row]) -> None:
        """Write the policies' files; their documents' texts are those that `texts` has by version."""
        folder = self.settings.criteria_folder / "policies"
        folder.mkdir(exist_ok=True)
        for name, said in policies.items():
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(said, sort_keys=False))
            for each in said["versions"]:
                path = self.settings.home / each["path"]
                path.parent.mkdir(exist_ok=True)
                path.write_text(self.texts[each["version"]])

    def list_people(self, people: Iterable[Row], window: str = FIRST, system: str = SYSTEM) -> None:
        """Have the people of a week listed, and land them."""
        rows = [{**row, "as_of": WEEKS[window]} for row in people]
        drop(self.settings, f"{system}-access-{window}.csv", rows, (*COLUMNS, "as_of", *LEAVE))
        self.store.land_job(people_job(self.planned(window), system), WEEKS[window] + timedelta(days=1))

    def freeze(
        self, window: str = FIRST, store: S3Store | None = None, due: timedelta | datetime | None = None, **said: Any
    ) -> dict[str, LandingReference]:
        due_at = soon(due) if isinstance(due, timedelta) else due
        with tempfile.TemporaryDirectory() as work:
            planned, campaigns = self.planned(window), self.campaigns(store)
            return freeze_policies(
                planned, campaigns, self.signer, self.store.clock, Path(work), None, due_at=due_at, **said
            )  # fmt: skip

    def open(self, window: str = FIRST, store: S3Store | None = None, closes: timedelta | None = None, find: Any = None) -> Any:
        closes_at = soon(closes) if closes else None
        return open_policies(
            self.planned(window), self.campaigns(store), self.signer, find, self.store.clock, "the test", closes_at
        )  # fmt: skip

    def begin(self, people: Iterable[Row], window: str = FIRST, seconds: float = 6.0) -> CampaignAnswered:
        """List, freeze and open; it is due in so many seconds, and closes two later."""
        self.list_people(people, window)
        self.freeze(window, due=timedelta(seconds=seconds))
        self.open(window, closes=timedelta(seconds=seconds + 2))
        return self.answered(window)

    def answered(self, window: str = FIRST) -> CampaignAnswered:
        return read_campaign(self.planned(window), self.campaigns())

    def acknowledge(
        self, name: str, *policies: str, window: str = FIRST, answer: str = "Tell", store: S3Store | None = None
    ) -> str:
        """Store what somebody acknowledges; the response's id."""
        answered = self.answered(window)
        [assignment] = answered.definition.assignments_of_person[mail(name)]
        rows = {each["item"]: each for each in answered.rows.table.to_pylist()}
        items = [answered.definition.items[item] for item in assignment.items if rows[item]["policy"] in policies]
        lines = tuple(
            ItemDecision(each.id, each.row_sha256, "acknowledged", None, answer if rows[each.id]["question"] else None)
            for each in items
        )
        planned, at = answered.planned, answered.state.not_before(self.store.clock().replace(microsecond=0))
        retention = retention_for(planned.settings, planned.scope, planned.period.id, at)
        signer = self.store.stack.installation.signer(Scope.RESPONSE)
        responder = Responder(answered.definition, store or self.store.bucket("responder"), signer, retention, self.store.clock)
        shown = responder.present(assignment.id, {"items": [each.id for each in items]})
        said = Decided(
            at=at, by=mail(name), definition_sha256=answered.definition.sha256, interaction=f"{name} {sorted(policies)} {answer}",
            channel=("slack", True), presented_sha256=shown, assignment=assignment.id, decisions=lines, batch=len(lines),
            dwell_ms=900,
        )  # fmt: skip
        return responder.respond(said).event.id

    def close(self, window: str = FIRST) -> datetime:
        """Wait until the campaign is over, and close it."""
        answered = self.answered(window)
        schedule = answered.definition.schedule
        while answered.state.open and datetime.now(UTC) <= schedule.ends_at:
            time.sleep(0.2)
        answered = self.answered(window)
        now = answered.state.not_before(self.store.clock())
        closing = close(answered.definition, answered.state, now)
        assert isinstance(closing, Closing), closing
        planned = answered.planned
        retention = retention_for(planned.settings, planned.scope, planned.period.id, now)
        Writer(answered.definition, self.store.bucket(), self.signer, retention).close(closing, "the test")
        return self.answered(window).closed_at

    def list_again(self, people: Iterable[Row], window: str = FIRST, system: str = SYSTEM) -> None:
        """Have the people listed again, as of the close."""
        closed_at = self.answered(window).closed_at
        as_of = closed_at.replace(microsecond=0) - timedelta(seconds=1)
        drop(
            self.settings, f"{system}-removal-{window}.csv", [{**row, "as_of": as_of} for row in people],
            (*COLUMNS, "as_of", *LEAVE),
        )  # fmt: skip
        self.store.land_job(people_job_until(self.planned(window), system, closed_at), self.store.clock())

    def land(self, window: str = FIRST, store: S3Store | None = None, system: str = SYSTEM, **said: Any) -> LandingReference:
        with tempfile.TemporaryDirectory() as work:
            planned = self.planned(window)
            return land_policies(
                planned, self.campaigns(store), system, self.signer, self.store.clock, Path(work), None, **said
            )  # fmt: skip

    def manifest(self, reference: LandingReference) -> Manifest:
        """Return a landing's manifest, as an auditor reads it."""
        return read_manifest(self.store.bucket("auditor").read(reference.manifest_key, None) or b"", reference.manifest_key)

    def rows(self, reference: LandingReference, table: str) -> list[Row]:
        """Return the landed rows of a table."""
        with tempfile.TemporaryDirectory() as work:
            rows: list[Row] = []
            for subject in self.manifest(reference).subjects:
                if subject.key.startswith(f"{EVIDENCE}{table}/"):
                    path = Path(work) / "part.parquet"
                    self.store.bucket("auditor").download(subject.key, path, subject.sha256)
                    rows += pq.read_table(path).to_pylist()
            return rows

    def page(self, reference: LandingReference, name: str) -> bytes:
        """Return a page of a landing."""
        [key] = [each.key for each in self.manifest(reference).subjects if each.key.startswith(RAW) and each.key.endswith(name)]
        return b"".join(self.store.bucket("auditor").chunks(key) or ())


def make_scene(
    store: Store, repository: Path, home: Path, control: str = CONTROL, systems: Iterable[str] = (SYSTEM,), **section: Any
) -> Scene:
    """Return a program in a folder that does not exist yet, with two policies."""
    criteria = home / "include/criteria"
    for name in ("evidence_schemas", "criteria/schemas"):
        shutil.copytree(repository / "include" / name, home / "include" / name)
    shutil.copy(repository / "include/criteria/tsc_2017_rev2022.yaml", criteria)
    (criteria / "controls").mkdir()
    (home / "drop").mkdir()
    said = yaml.safe_load((repository / f"include/criteria/controls/{CONTROL}.yaml").read_text())
    said["systems"] = [
        {
            "system": name,
            "collector": "hr_roster",
            "parameters": {"leave": True, "drop": {"path": "drop", "pattern": f"{name}-{{window}}.csv"}},
        }
        for name in systems
    ]
    said["acknowledgment"] |= section
    (criteria / "controls" / f"{control}.yaml").write_text(yaml.safe_dump(said, sort_keys=False))
    told = scope(OWNERS)
    told["systems"] = [{"system": name, "name": name, "owner": "Security Lead"} for name in systems]
    (criteria / "scope.yaml").write_text(yaml.safe_dump(told, sort_keys=False))
    settings = Settings(home=home, environment="test", root_fingerprint=store.root)
    made = Scene(Store(store.stack, settings), control)
    made.write_policies(POLICIES)
    return made
