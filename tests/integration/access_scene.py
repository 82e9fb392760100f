# SPDX-License-Identifier: Apache-2.0
"""A real store with a landing in each of two periods, a grant of one, and the desk of auditors' access over it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest
import yaml
from botocore.config import Config

from tests.stack import CONTROL, Store, merge, running_store, write_csv
from tieout.audit.access_policy import access_policy
from tieout.criteria.auditor_access import FILE, Grant
from tieout.desks.access_desk import AccessDesk, Given
from tieout.desks.desk import Refused
from tieout.evidence.keys import Scope
from tieout.evidence.links import LinkSigner
from tieout.flows.campaigns import trusted_keys
from tieout.local import object_store
from tieout.local.installation import EVIDENCE_BUCKET, REGION, Installation

ANN = "ann@firm.example"
PERIOD, OTHER = "2026-H1", "2026-H2"


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def grant(**changes: Any) -> dict[str, Any]:
    """Return Ann's grant."""
    today = date.today()  # noqa: DTZ011 - the project's zone is UTC, and a day more or less is in the grant
    values = {
        "id": "examination", "person": ANN, "firm": "Firm LLP", "role": "auditor", "periods": [PERIOD],
        "from": str(today - timedelta(days=5)), "until": str(today + timedelta(days=5)),
    }  # fmt: skip
    return values | changes


@dataclass
class Scene:
    """A store with a landing of each period, and the desk."""

    store: Store
    desk: AccessDesk
    landings: dict[str, str]

    def objects(self, period: str = PERIOD) -> dict[str, list[str]]:
        """Return the keys of the landing of a period, by what they are."""
        shown = self.desk.objects(period, CONTROL, self.landings[period])
        assert not isinstance(shown, Refused)
        found: dict[str, list[str]] = {}
        for each in shown:
            found.setdefault(each.what, []).append(each.key)
        return found

    def link(self, key: str, period: str = PERIOD) -> Given:
        """Return a link."""
        found = self.desk.link(ANN, "examination", (period, CONTROL, self.landings[period]), key)
        assert isinstance(found, Given), found
        return found


def policies() -> dict[str, dict[str, Any]]:
    """Return the grant's policies, without the dates, which this store knows no condition for: by identity."""
    made = {}
    for name, all_names in (("granted", False), ("granted-all-names", True)):
        policy = access_policy(Grant.model_validate(grant()), EVIDENCE_BUCKET, ZoneInfo("UTC"), all_names=all_names)
        for statement in policy["Statement"]:
            dates = {each: statement["Condition"].pop(each) for each in ("DateLessThan", "DateGreaterThanEquals")}
            assert all(list(each) == ["aws:CurrentTime"] for each in dates.values())
        made[name] = policy
    return made


@contextmanager
def granted_identities() -> Iterator[None]:
    """Have the store know an identity for each policy: it evaluates them as AWS does resources, wildcards and s3:prefix."""
    identities = object_store._identities

    def more(installation: Installation) -> dict[str, Any]:
        found = identities(installation)
        for name, policy in policies().items():
            credentials = [{"accessKey": f"{name}-key", "secretKey": f"{name}-secret"}]
            found["identities"].append({"name": name, "credentials": credentials, "policyNames": [name]})
            found.setdefault("policies", []).append({"name": name, "content": json.dumps(policy)})
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(object_store, "_identities", more)
        yield


def client_of(store: Store, key_id: str, secret: str) -> Any:
    """Return a client that signs with version 4."""
    return boto3.client(
        "s3", endpoint_url=store.stack.installation.endpoint, aws_access_key_id=key_id, aws_secret_access_key=secret,
        region_name=REGION, config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )  # fmt: skip


@contextmanager
def running_scene(folder: Path, repository: Path) -> Iterator[Scene]:
    """Start a store, land one window of each period, and grant Ann the first."""
    with granted_identities(), running_store(folder, repository) as store:
        installation = store.stack.installation
        drop = installation.home / "include" / "samples"
        write_csv(drop / "one.csv", [merge(1, "2026-05-05")])
        write_csv(drop / "two.csv", [merge(2, "2026-07-05")])
        landings = {
            PERIOD: store.land("shop_csv", "2026-05", path="include/samples/one.csv").landing,
            OTHER: store.land("shop_csv", "2026-07", path="include/samples/two.csv").landing,
        }
        settings = replace(store.settings, root_fingerprint=store.root, evidence_bucket=EVIDENCE_BUCKET)
        (settings.criteria_folder / FILE).write_text(yaml.safe_dump({"grants": [grant()]}))
        responder = store.bucket("responder")
        identity = installation.identity("links")
        client = client_of(store, identity.access_key, identity.secret_key)
        desk = AccessDesk(
            settings=settings, store=responder, signer=lambda: installation.signer(Scope.RESPONSE),
            links=LinkSigner(client, EVIDENCE_BUCKET), raw=True, keys=lambda: trusted_keys(settings, responder),
            person_of=str.lower, zone=ZoneInfo("UTC"), now=now,
        )  # fmt: skip
        yield Scene(store, desk, landings)
