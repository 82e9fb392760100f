# SPDX-License-Identifier: Apache-2.0
"""A bucket with landings in three periods, grants in a file, and the pages over the desk of auditors' access."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import yaml
from botocore.config import Config
from tests.unit.evidence.signed_copy import CONTRACT, predicate, things
from tests.unit.flows.campaign_bench import retention
from tests.unit.web.browsing import SAME, USERS, SimpleUser, World

from tieout.audit.accesses import Accepted, Use
from tieout.criteria.auditor_access import FILE
from tieout.desks.access_desk import AccessDesk
from tieout.evidence.bucket import establish
from tieout.evidence.keys import DocumentSigner, Scope
from tieout.evidence.landing import Draft, StoredPage, land, landing_id
from tieout.evidence.layout import Place
from tieout.evidence.links import LinkSigner
from tieout.evidence.parts import write_parts
from tieout.evidence.sources import Bucket
from tieout.evidence.store import S3Store
from tieout.flows.access import Recorded, read_accesses
from tieout.flows.campaigns import trusted_keys
from tieout.settings import Settings
from tieout.times import instant

CONTROL, OTHER = "cc8_1_changes", "cc6_1_access"
PERIODS = {"past": (-400, -200), "current": (-200, 200), "next": (200, 400)}
"""Days from today on which each period begins and ends."""
ANN, GRANT = "ann", "examination"


def now() -> datetime:
    """Return the time: what is signed has to say about when the store received it."""
    return datetime.now(UTC)


def day(offset: int) -> str:
    """Return a day by its distance from today."""
    return (date.today() + timedelta(days=offset)).isoformat()  # noqa: DTZ011 - some day near today


def grant(**changes: Any) -> dict[str, Any]:
    """Return an auditor's grant of two periods that is in force."""
    values = {
        "id": GRANT, "person": "Ann@firm.example", "firm": "Firm <b>LLP</b>", "role": "auditor", "periods": ["current", "past"],
        "from": day(-10), "until": day(10),
    }  # fmt: skip
    return {name: value for name, value in (values | changes).items() if value is not None}


@dataclass
class AccessBench:
    """The bench. ``raw`` says whether an identity that may read raw pages signs links."""

    client: Any
    signers: dict[Scope, DocumentSigner]
    folder: Path
    repository: Path
    name: str
    raw: bool = True
    landings: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        criteria = self.folder / "include" / "criteria"
        criteria.mkdir(parents=True)
        scope = (self.repository / "tests/fixtures/small_project/include/criteria/scope.yaml").read_text()
        lines = [line for line in scope.splitlines() if "{id: 2026-H" not in line]
        place = lines.index("observation_periods:") + 1
        lines[place:place] = [
            f"  - {{id: {name}, type: 2, first_day: {day(first)}, end_day: {day(end)}}}" for name, (first, end) in PERIODS.items()
        ]
        (criteria / "scope.yaml").write_text("\n".join(lines) + "\n")
        self.settings = replace(
            Settings(home=self.folder), evidence_bucket=f"evidence-{self.name}", root_fingerprint=self.signers[Scope.ROOT].keyid
        )
        self.client.create_bucket(Bucket=self.settings.evidence_bucket, ObjectLockEnabledForBucket=True)
        self.store = S3Store(self.client, self.settings.evidence_bucket)
        establish(self.store, self.signers, 3600, retention(), now() - timedelta(minutes=50))
        for period in PERIODS:
            for control in (CONTROL, OTHER):
                self.landings[period, control] = self.land(period, control)
        self.grants(grant())
        session = boto3.Session(aws_access_key_id="AKIALINKS", aws_secret_access_key="secret", region_name="us-east-1")
        self.links = session.client("s3", config=Config(signature_version="s3v4"))
        self.desk = AccessDesk(
            settings=self.settings, store=self.store, signer=lambda: self.signers[Scope.RESPONSE],
            links=LinkSigner(self.links, self.settings.evidence_bucket), raw=self.raw,
            keys=lambda: trusted_keys(self.settings, self.store), person_of=str.lower, zone=ZoneInfo("Europe/Berlin"), now=now,
        )  # fmt: skip
        USERS.update({name: SimpleUser(f"{name}@firm.example") for name in (ANN, "ben")})
        self.world = World(site={"access": lambda: self.desk, "now": now})

    def grants(self, *grants: dict[str, Any]) -> None:
        """Write the file of grants; without any, there is none."""
        path = self.settings.criteria_folder / FILE
        path.unlink(missing_ok=True)
        if grants:
            path.write_text(yaml.safe_dump({"grants": list(grants)}))

    def nda(self, text: str = "What is <i>read</i> here stays here.\n") -> str:
        """Write the text that is accepted, and return its hash."""
        (self.folder / "nda.txt").write_text(text)
        return hashlib.sha256(text.encode()).hexdigest()

    def land(self, period: str, control: str, system: str = "github") -> str:
        """Land five rows in two parts and a raw page, and return the landing's id."""
        place = Place(period, control, "2026-10")
        landing = landing_id(system, {"period": period, "control": control})
        page, key = f"page of {period}".encode(), place.raw(landing, "page-00000.csv")
        sha256 = hashlib.sha256(page).hexdigest()
        version = self.store.put_locked(key, page, sha256, retention())
        pages = (StoredPage(key, version, sha256, len(page), sha256),)
        with tempfile.TemporaryDirectory() as work:
            parts, rows_sha256 = write_parts(things(5), CONTRACT, landing, Path(work), 3)
            said = predicate(place, landing, 5, rows_sha256, sha256)
            said["times"]["collected_at"]["at"] = instant(now())
            draft = Draft(place, landing, system, tuple(parts), pages, said)
            land(draft, self.store, self.signers[Scope.LANDING], retention(), now, Path(work), None)
        return landing

    def page(self, period: str = "current", control: str = CONTROL, grant: str = GRANT) -> str:
        """Return where a landing's page is."""
        return f"/tieout/evidence/{grant}/{period}/{control}/{self.landings[period, control]}"

    def keys(self, prefix: str, period: str = "current", control: str = CONTROL) -> list[str]:
        """Return the keys of a landing under a top folder."""
        return [key for key in self.store.keys(prefix) if self.landings[period, control] in key]

    def ask(self, page: str, key: str, user: str = ANN, token: str | None = None, **headers: str) -> Any:
        """Ask for a link to an object on a page."""
        return self.send(page, {"object": key, "token": self.token(page, user) if token is None else token}, user, **headers)

    def send(self, page: str, fields: dict[str, str], user: str = ANN, **headers: str) -> Any:
        """Submit a form."""
        sent = {"x-user": user, "accept-language": "en-GB", **(headers or SAME)}
        return self.world.send("POST", page, data=fields, headers=sent)

    def token(self, page: str, user: str = ANN) -> str:
        """Return the token of a page."""
        text = str(self.world.get(page, user=user).text)
        return text.partition('name="token" value="')[2].partition('"')[0]

    def recorded(self) -> list[Recorded]:
        """Return what stands in the bucket, checked."""
        return list(read_accesses(Bucket(self.store), trusted_keys(self.settings, self.store)))

    def uses(self) -> list[Use]:
        """Return the uses among it; each is in order."""
        assert all(each.problem is None and each.checked for each in self.recorded())
        return [each.said for each in self.recorded() if isinstance(each.said, Use)]

    def acceptances(self) -> list[Accepted]:
        """Return the acceptances among it."""
        return [each.said for each in self.recorded() if isinstance(each.said, Accepted)]
