# SPDX-License-Identifier: Apache-2.0
"""A review of three systems with a case of everything that a review is to find, answered by people, in an object store."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from tests.simulators.jira_tickets import LOGIN, PROJECT, TOKEN, JiraTickets
from tests.simulators.webhook import running_service
from tests.stack import Store
from tests.unit.flows.review_project import CONTROL, SYSTEMS, TOXIC, drop_access, drop_people, make_project
from tests.unit.reviews.world import Row, ago, entry, mail, person
from tieout.campaigns.answers import OF_CAMPAIGN
from tieout.campaigns.events import Decided, ItemDecision, SignedOff
from tieout.campaigns.leftovers import Closing, close
from tieout.campaigns.responder import Responder
from tieout.campaigns.writer import Writer
from tieout.collectors.reach import NoReach, SourceConnection
from tieout.evidence.keys import DocumentSigner, Scope
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import EVIDENCE, RAW
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.store import S3Store
from tieout.flows.campaigns import Campaigns
from tieout.flows.jobs import Job
from tieout.flows.remediation import Remediation, open_tickets
from tieout.flows.review_answered import Answered, read_answered
from tieout.flows.review_campaign import open_review
from tieout.flows.review_freeze import freeze
from tieout.flows.review_inputs import ReviewWindow, input_jobs, plan_review, removal_job
from tieout.flows.review_landing import land_review
from tieout.flows.review_sign_off import ResultReference, prepare_sign_off, read_result
from tieout.flows.upkeep import retention_for

BEFORE, WINDOW, NEXT = "2025-Q4", "2026-Q1", "2026-Q2"
ENDS = {
    BEFORE: datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC),
    WINDOW: datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC),
    NEXT: datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC),
}
"""Each with its last second in Berlin."""
IVO, EVA, MIA, CLEO, ROB = map(mail, ("ivo", "eva", "mia", "cleo", "rob"))
OWNERS = [("IT Lead", "ivo"), ("Finance Lead", "eva"), ("Security Lead", "cleo"), ("CTO", "rob")]
OFFBOARDING, ONBOARDING, DUTIES = "cc6_2_offboarding", "cc6_2_onboarding", "cc6_3_role_changes"
REVIEW: dict[str, Any] = {
    "active_words": {"idp": ["active"]}, "toxic_combinations": TOXIC, "sign_off": "CTO", "leftovers": "refuse",
    "tickets": {"jira": {"connection": "tickets", "project": PROJECT}},
}  # fmt: skip
AGAINST = {
    "access_ended_with_employment": OFFBOARDING, "somebody_answers_for_it": ONBOARDING,
    "service_accounts_have_an_owner": ONBOARDING, "no_toxic_combination": DUTIES,
}  # fmt: skip
SIDES = [{"system": "erp", "entitlement": "role:pay"}, {"system": "bank", "entitlement": "role:approve"}]
COMBINATIONS = [{"id": "pay", "risk": "r", "sides": SIDES}]
ATTACK = '=HYPERLINK("http://x","<script>alert(1)</script>")'
"""An account's id that somebody chose."""


def lists(window: str) -> tuple[list[Row], list[Row]]:
    """Return entitlements and people of a quarter."""
    access = [
        entry("i1", "ann"), entry("i2", "lena"), entry("i3", "ivo"), entry("i4", "pat", mfa=None),
        entry("e1", "gone", "role:read", system="erp"), entry("e2", None, "role:batch", system="erp", account_kind="service"),
        entry("e3", "pat", "role:pay", system="erp"), entry(ATTACK, "ann", "role:read", system="erp"),
        entry("b1", "pat", "role:approve", system="bank"), entry("b2", "ann", "role:view", system="bank"),
        entry("b3", "mia", "role:view", system="bank"),
    ]  # fmt: skip
    staff = [person(name, "mia") for name in ("ann", "ivo", "eva", "cleo", "rob", "pat")]
    people = [*staff, person("mia", None), person("lena", employment="left", left_on=ago(30).date())]
    if window == BEFORE:
        access = [row for row in access if row["account"] != "b3"]
    moved = ENDS[window] - entry()["as_of"]
    dated = ("as_of", "read_at", "last_used_at")
    listed = [
        [{**row, **{name: row[name] + moved for name in dated if row.get(name)}} for row in rows] for rows in (access, people)
    ]
    return listed[0], listed[1]


class Jira(NoReach):
    """Hands out the connection of a Jira that takes tickets."""

    def __init__(self, url: str) -> None:
        self._url = url

    def connection(self, conn_id: str) -> SourceConnection:
        assert conn_id == "tickets"
        return SourceConnection(conn_id, "http", self._url, None, "", LOGIN, TOKEN, {})


@dataclass
class Scene:
    """A program that reviews access, and everything that people and tasks do in it."""

    store: Store
    site: JiraTickets = field(default_factory=JiraTickets)

    @property
    def signer(self) -> DocumentSigner:
        return self.store.stack.installation.signer(Scope.LANDING)

    def planned(self, window: str = WINDOW) -> ReviewWindow:
        return plan_review(self.store.settings, CONTROL, window)

    def campaigns(self, store: S3Store | None = None) -> Campaigns:
        return Campaigns(self.store.settings, store or self.store.bucket())

    def answered(self, window: str = WINDOW) -> Answered:
        return read_answered(self.planned(window), self.campaigns())

    def open(self, window: str = WINDOW) -> None:
        """Collect, freeze and open the review of a quarter."""
        access, people = lists(window)
        drop_access(self.store.settings, f"access-{window}", access)
        drop_people(self.store.settings, f"access-{window}", people)
        planned = self.planned(window)
        for job in input_jobs(planned).values():
            self.store.land_job(job, ENDS[window] + timedelta(days=1))
        with tempfile.TemporaryDirectory() as work:
            freeze(planned, self.store.bucket(), self.signer, self.store.clock, Path(work), None)
        open_review(planned, self.campaigns(), self.signer, None, self.store.clock, "the test")

    def responder(self, answered: Answered) -> Responder:
        planned, now = answered.planned, self.store.clock()
        retention = retention_for(planned.settings, planned.scope, planned.period.id, now)
        signer = self.store.stack.installation.signer(Scope.RESPONSE)
        return Responder(answered.definition, self.store.bucket("responder"), signer, retention, self.store.clock)

    def decide(
        self, by: str, accounts: Iterable[str], decision: str = "keep", window: str = WINDOW, reason: str | None = None
    ) -> str:
        """Store what somebody answers about some accounts that were given to one person, whether it counts or not; its id."""
        answered = self.answered(window)
        rows = {row["account"]: row["item"] for row in answered.rows.table.to_pylist()}
        items = [answered.definition.items[rows[account]] for account in accounts]
        assignment = answered.definition.assignments_of_item[items[0].id][0].id
        why = reason or (None if decision == "keep" else "no longer needed")
        responder = self.responder(answered)
        shown = responder.present(assignment, {"items": [each.id for each in items]})
        at = self.store.clock()
        said = Decided(
            at=at, by=by, definition_sha256=answered.definition.sha256, interaction=f"{by} {at.timestamp()}",
            channel=("slack", True), presented_sha256=shown, assignment=assignment,
            decisions=tuple(ItemDecision(each.id, each.row_sha256, decision, why) for each in items),
            batch=len(items), dwell_ms=4_000 * len(items),
        )  # fmt: skip
        return responder.respond(said).event.id

    def close(self, window: str = WINDOW) -> None:
        """Close the review."""
        answered = self.answered(window)
        now = answered.state.not_before(self.store.clock())
        closing = close(answered.definition, answered.state, now)
        assert isinstance(closing, Closing), closing
        self.writer(answered).close(closing, "the test")

    def writer(self, answered: Answered) -> Writer:
        planned = answered.planned
        retention = retention_for(planned.settings, planned.scope, planned.period.id, self.store.clock())
        return Writer(answered.definition, self.store.bucket(), self.signer, retention)

    def tickets(self, window: str = WINDOW, store: S3Store | None = None) -> Remediation:
        """Open tickets."""
        with running_service() as service:
            service.answer = lambda _: self.site.answer(service.received[-1])
            return open_tickets(
                self.planned(window), self.campaigns(store), self.signer, Jira(service.url), self.store.clock, "the test"
            )  # fmt: skip

    def removal_jobs(self, window: str = WINDOW) -> dict[str, Job]:
        """Return the job that collects each system again on the day after everything is due."""
        answered = self.answered(window)
        return {system: removal_job(answered.planned, system, answered.closed_on) for system in SYSTEMS}

    def collect_again(
        self, window: str = WINDOW, gone: Iterable[str] = (), systems: Iterable[str] = SYSTEMS, **changed: Row
    ) -> None:
        """Collect systems again on the day after everything is due; some accounts are gone, some have changed."""
        jobs = self.removal_jobs(window)
        as_of = next(iter(jobs.values())).window.end - timedelta(seconds=1)
        left = [row for row in lists(window)[0] if row["account"] not in set(gone)]
        rows = [{**row, "as_of": as_of, "read_at": as_of, **changed.get(row["account"], {})} for row in left]
        drop_access(self.store.settings, f"removal-{window}", rows)
        for system in systems:
            self.store.land_job(jobs[system], as_of + timedelta(days=1))

    def prepare(self, window: str = WINDOW, store: S3Store | None = None) -> ResultReference:
        """Make what is put before whoever signs off."""
        with tempfile.TemporaryDirectory() as work:
            return prepare_sign_off(
                self.planned(window), self.campaigns(store), self.signer, self.store.clock, Path(work), "the test"
            )  # fmt: skip

    def sign_off(self, about: str, by: str = ROB, window: str = WINDOW, *, approved: bool = True) -> str:
        """Sign off; returns the response's id."""
        answered = self.answered(window)
        responder = self.responder(answered)
        shown = responder.present(OF_CAMPAIGN, read_result(answered, about).document)
        assert shown == about
        at = answered.state.not_before(self.store.clock())
        said = SignedOff(
            at=at, by=by, definition_sha256=answered.definition.sha256, interaction=f"{by} {at.timestamp()}",
            channel=("web", False), presented_sha256=shown, approved=approved, reason="", about_sha256=about,
        )  # fmt: skip
        return responder.respond(said).event.id

    def land(self, system: str, about: str, window: str = WINDOW, store: S3Store | None = None, **said: Any) -> LandingReference:
        """Land a system."""
        planned, campaigns = self.planned(window), self.campaigns(store)
        with tempfile.TemporaryDirectory() as work:
            return land_review(
                planned, campaigns, system, about, self.signer, self.store.clock, Path(work), None, **said
            )  # fmt: skip

    def manifest(self, reference: LandingReference) -> Manifest:
        """Return a landing's manifest, as an auditor reads it."""
        return read_manifest(self.store.bucket("auditor").read(reference.manifest_key, None) or b"", reference.manifest_key)

    def rows(self, reference: LandingReference, table: str = "account_review") -> list[Row]:
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


class Killed(Exception):
    """The task was killed."""


class Killing(S3Store):
    """The evidence bucket of a task that is killed before its ``at``-th put of an object that is not there yet."""

    def __init__(self, store: S3Store, at: int) -> None:
        super().__init__(store._client, store.bucket)
        self._left = at

    def put_locked(self, *arguments: Any) -> str:
        self._left -= 1
        if self._left < 0:
            raise Killed
        return super().put_locked(*arguments)


def until_done(store: Store, step: Callable[[S3Store], Any]) -> Iterator[Any]:
    """Run a step that is killed before its first put, then before its second ..., until it ends; yields the number of kills."""
    for kills in range(60):
        try:
            done = step(Killing(store.bucket(), kills))
        except Killed:
            yield None
            continue
        yield done
        return
    raise AssertionError


def make_scene(store: Store, repository: Path, home: Path) -> Scene:
    """Return a program in a folder that does not exist yet, in which what reviews find counts against other controls."""
    settings = replace(make_project(home, repository, REVIEW, OWNERS), root_fingerprint=store.root)
    controls = home / "include/criteria/controls"
    said = yaml.safe_load((controls / f"{CONTROL}.yaml").read_text())
    (controls / f"{CONTROL}.yaml").write_text(yaml.safe_dump({**said, "deviations_against": AGAINST}, sort_keys=False))
    for name in (OFFBOARDING, ONBOARDING, DUTIES):
        shutil.copy(repository / f"include/criteria/controls/{name}.yaml", controls)
    (home / TOXIC).write_text(yaml.safe_dump({"combinations": COMBINATIONS}))
    return Scene(replace(store, settings=settings))


@contextmanager
def changed_control(settings_home: Path, **changes: Any) -> Iterator[None]:
    """Change what the control's review says, for a while."""
    path = settings_home / f"include/criteria/controls/{CONTROL}.yaml"
    before = path.read_text()
    said = yaml.safe_load(before)
    said["review"] |= changes
    said["review"] = {name: value for name, value in said["review"].items() if value is not None}
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    try:
        yield
    finally:
        path.write_text(before)
