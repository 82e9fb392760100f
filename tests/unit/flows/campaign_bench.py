# SPDX-License-Identifier: Apache-2.0
"""A review that was frozen, in a bucket of its own: what tests of campaigns share, from opening to close.

The rows are those that the library's SQL gives for a company made by hand; only their landing is made shorter here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
from tests.simulators.memory_s3 import memory_s3
from tests.unit.evidence.signed_copy import predicate
from tests.unit.flows.review_project import CONTROL, make_project
from tests.unit.reviews.world import CONTRACTS, World, company, entry, mail

from tieout.campaigns.definition import Pin, Schedule
from tieout.campaigns.events import Notice
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.responder import Responder
from tieout.contracts.odcs import Contract
from tieout.errors import SourceUnavailable
from tieout.evidence.bucket import establish
from tieout.evidence.identities import UnlockedStore
from tieout.evidence.keys import DocumentSigner, Scope, generate_key
from tieout.evidence.landing import Draft, LandingReference, land, landing_id
from tieout.evidence.layout import Place
from tieout.evidence.parts import write_parts
from tieout.evidence.store import Retention, S3Store
from tieout.flows.campaign_opening import Opening
from tieout.flows.campaign_poke import CampaignTask, Poked, poke
from tieout.flows.campaigns import Campaigns, Loaded
from tieout.flows.messenger import Unreachable
from tieout.flows.review_campaign import open_review
from tieout.flows.review_inputs import ReviewWindow, plan_review
from tieout.settings import Settings
from tieout.times import instant

WINDOW, PERIOD = "2026-Q1", "2026-H1"
TEAM = "T0TIEOUT01"
OWNERS = [("IT Lead", "ivo"), ("Finance Lead", "eva"), ("Security Lead", "cleo")]


def now() -> datetime:
    """Return the time: what is signed has to say about when the store received it."""
    return datetime.now(UTC)


def frozen_company() -> World:
    """Return a company of three systems: Ivo decides on idp but for his own account, Eva on erp and bank."""
    return company(
        entry("a1", "ann"), entry("a2", "ivo"), entry("a3", None, account_kind="service", mfa=None),
        entry("b1", "ann", "role:pay", system="erp"), entry("b2", "rob", "role:approve", system="erp", privileged=True),
        entry("c1", "mia", "role:read", system="bank"),
    )  # fmt: skip


def accounts_of_all(person: str) -> Pin | None:
    """Return an account for everybody."""
    return Pin(TEAM, f"U{person.partition('@')[0].upper():0<9}")


@dataclass
class FakeMessenger:
    """Keeps what it sends. Safe to be used by several looks at once.

    Attributes:
        sent: Person, kind and number of each message.
        updates: Who had a message updated.
        gone: Who can not be told anything, with why.
        down: Names of methods that fail, as if nothing answered.
        texts: What `picture` says of a person.
    """

    sent: list[tuple[str, str, int]] = field(default_factory=list)
    updates: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    gone: dict[str, str] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    readable: bool = True
    ledger: Ledger | None = None
    before_sending: Callable[[Notice], object] = lambda _: None

    def __call__(self, _: Loaded, ledger: Ledger) -> FakeMessenger:
        self.ledger = ledger
        return self

    def reach(self, person: str) -> str | Unreachable:
        self._fail("reach")
        self.asked.append(person)
        return Unreachable(self.gone[person]) if person in self.gone else f"D-{person}"

    def send(self, way: str, notice: Notice, now: datetime) -> Mapping[str, Any] | Unreachable:  # noqa: ARG002
        self.before_sending(notice)
        self._fail("send")
        self.sent.append((notice.person, notice.kind.value, notice.open))
        return {"channel": way, "ts": f"{len(self.sent)}.0"}

    def find(self, person: str, notice: Notice) -> Mapping[str, Any] | Unreachable | None:
        self._fail("find")
        if not self.readable:
            return Unreachable("Slack: missing_scope")
        sent = (person, notice.kind.value, notice.open) in self.sent
        return {"channel": f"D-{person}", "ts": "1.0"} if sent else None

    def is_there(self, person: str) -> Unreachable | None:
        self._fail("is_there")
        self.asked.append(person)
        return Unreachable(self.gone[person]) if person in self.gone else None

    def picture(self, person: str, now: datetime) -> str:
        assert self.ledger is not None
        progress, phase = self.ledger.state.person_progress(person, now), self.ledger.state.phase
        return f"{person} {progress.decided} of {progress.items} {phase}"

    def update(self, person: str, reference: Mapping[str, Any], now: datetime) -> Unreachable | None:  # noqa: ARG002
        self._fail("update")
        assert reference["channel"] == f"D-{person}"
        self.updates.append(person)
        return None

    def _fail(self, method: str) -> None:
        if method in self.down:
            raise SourceUnavailable(f"{method}: no answer")

    @property
    def told(self) -> list[tuple[str, str]]:
        """Who was told what, sorted."""
        return sorted((person.partition("@")[0], kind) for person, kind, _ in self.sent)


@dataclass
class Bench:
    """A frozen review, its store, its keys, and those who act in it."""

    settings: Settings
    client: Any
    signers: dict[Scope, DocumentSigner]
    messenger: FakeMessenger = field(default_factory=FakeMessenger)

    @property
    def store(self) -> S3Store:
        """The evidence bucket."""
        return S3Store(self.client, self.settings.evidence_bucket)

    @property
    def staging(self) -> UnlockedStore:
        """The staging bucket."""
        return UnlockedStore(self.client, self.settings.staging_bucket)

    @property
    def planned(self) -> ReviewWindow:
        """The review."""
        return plan_review(self.settings, CONTROL, WINDOW)

    @property
    def campaigns(self) -> Campaigns:
        """The campaigns, as somebody who has just started finds them."""
        return Campaigns(self.settings, self.store)

    def freeze(self, world: World, signer: DocumentSigner | None = None) -> None:
        """Land the items of a review, and the roles that it was made of, signed with the landing key or another one."""
        by = signer or self.signers[Scope.LANDING]
        with tempfile.TemporaryDirectory() as folder:
            roles = pa.Table.from_pylist(world.roles, schema=CONTRACTS.roles.schema)
            reference = self._land("scope", f"access-{WINDOW}", roles, CONTRACTS.roles, {}, by)
            row = {"system": "scope", "manifest_key": reference.manifest_key, "manifest_sha256": reference.manifest_sha256}
            inputs = {"access": [], "roster": [], "roles": [row], "before": []}
            with world.frozen(Path(folder)) as found:
                ipe = {"inputs": inputs, "request": {"query": [], "parameters": found.parameters}}
                for system in world.systems:
                    self._land(system, f"items-{WINDOW}", found.rows(system), CONTRACTS.items, ipe, by)

    def _land(
        self, system: str, key: str, rows: pa.Table, contract: Contract, ipe: dict[str, Any], signer: DocumentSigner
    ) -> LandingReference:
        place, landing = Place(PERIOD, CONTROL, key), landing_id(system, {"window": key, "rows": rows.num_rows})
        with tempfile.TemporaryDirectory() as work:
            parts, rows_sha256 = write_parts(rows, contract, landing, Path(work), 1000)
            said = predicate(place, landing, rows.num_rows, rows_sha256, "0" * 64)
            said |= {
                "system": system, "ipe": {"pages": [], **ipe},
                "contract": {
                    "evidence_type": contract.evidence_type, "id": contract.id, "version": contract.version,
                    "sha256": contract.sha256,
                },
                "window": {"key": key, "from": "2026-01-01T00:00:00.000000Z", "to": "2026-04-01T00:00:00.000000Z"},
            }  # fmt: skip
            said["times"]["collected_at"]["at"] = instant(now())
            draft = Draft(place, landing, system, tuple(parts), (), said)
            return land(draft, self.store, signer, retention(), now, Path(work), None)

    def open(self, find: Callable[[str], Pin | None] | None = accounts_of_all, schedule: Schedule | None = None) -> Opening:
        """Open the campaign; unless it is told otherwise it was opened half an hour ago, and is due in ten days."""
        since = now().replace(microsecond=0) - timedelta(minutes=30)
        due = schedule or Schedule(since, since + timedelta(days=10))
        return open_review(self.planned, self.campaigns, self.signers[Scope.LANDING], find, now, "test open", due)

    def task(self, campaigns: Campaigns | None = None, clock: Callable[[], datetime] = now) -> CampaignTask:
        """Return what looks after the campaign."""
        found = campaigns or self.campaigns
        loaded = found.load(found.named(self.planned.campaign))
        return CampaignTask(
            campaigns=found, loaded=loaded, staging=self.staging, signer=self.signers[Scope.LANDING], clock=clock, by="test poke",
            messenger=self.messenger,
        )  # fmt: skip

    def poke(self) -> Poked:
        """Look after the campaign once, as somebody who has just started."""
        return poke(self.task())

    def ledger(self) -> Ledger:
        """Return the ledger as a stranger reads it."""
        campaigns = self.campaigns
        made = Ledger(self.loaded(campaigns).definition, self.store, campaigns.key_list)
        made.refresh()
        return made

    def loaded(self, campaigns: Campaigns | None = None) -> Loaded:
        """Return the campaign as it was opened."""
        found = campaigns or self.campaigns
        return found.load(found.named(self.planned.campaign))

    def responder(self) -> Responder:
        """Return what stores answers."""
        return Responder(self.loaded().definition, self.store, self.signers[Scope.RESPONSE], retention(), now)

    def decide(self, person: str, decision: str = "keep", most: int | None = None) -> None:
        """Have somebody decide what is theirs and open, all or some of it."""
        from tieout.campaigns.events import Decided, ItemDecision

        ledger, responder, at = self.ledger(), self.responder(), now()
        definition, reason = ledger.definition, None if decision == "keep" else "no longer needed"
        mine = ledger.state.open_items(mail(person), at)[:most]
        assert mine, f"{person} has nothing open"
        for assignment in dict.fromkeys(each.assignment for each in mine):
            items = [each.item for each in mine if each.assignment == assignment]
            lines = tuple(ItemDecision(item, definition.items[item].row_sha256, decision, reason) for item in items)
            said = Decided(
                at=at, by=mail(person), definition_sha256=definition.sha256, interaction=f"{person} {items}",
                channel=("test", False), assignment=assignment, decisions=lines, batch=len(lines),
            )  # fmt: skip
            responder.respond(said)


def retention() -> Retention:
    """Return a lock."""
    return Retention("COMPLIANCE", now() + timedelta(days=3000), "AES256", "")


@contextmanager
def store_client() -> Iterator[Any]:
    """Return a client of a store in memory, without buckets."""
    with memory_s3():
        yield boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client("s3")


def make_signers(folder: Path) -> dict[Scope, DocumentSigner]:
    """Return a key of each scope."""
    return {scope: generate_key(folder / f"{scope}.pem") for scope in Scope}


def make_bench(
    client: Any,
    signers: dict[Scope, DocumentSigner],
    folder: Path,
    repository: Path,
    name: str,
    review: Mapping[str, Any] | None = None,
    owners: Sequence[tuple[str, str]] = OWNERS,
) -> Bench:
    """Return a bench with buckets of its own and nothing in them but the key list."""
    for bucket, locked in ((f"evidence-{name}", True), (f"staging-{name}", False)):
        client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=locked)
    settings = replace(
        make_project(folder / "project", repository, review, owners),
        evidence_bucket=f"evidence-{name}", staging_bucket=f"staging-{name}", root_fingerprint=signers[Scope.ROOT].keyid,
    )  # fmt: skip
    bench = Bench(settings, client, signers)
    establish(bench.store, signers, 3600, retention(), now() - timedelta(minutes=50))
    return bench
