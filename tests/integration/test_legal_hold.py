# SPDX-License-Identifier: Apache-2.0
"""Legal hold on the embedded store: who may, what it keeps, and the signed record that each hold and release leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from tests.stack import CONTROL, Store
from tieout.commands.hold import hold
from tieout.errors import ConfigurationError
from tieout.evidence.holds import find_objects
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import Class, class_of
from tieout.evidence.records import Record, RecordKind, read_record
from tieout.evidence.verify import Outcome
from tieout.local.installation import EVIDENCE_BUCKET

pytestmark = pytest.mark.integration

PERIOD = "2026-H1"


@pytest.fixture(scope="module")
def landings(own_store: Store) -> list[LandingReference]:
    """Land three windows, one of them in another period."""
    return [own_store.land("shop_csv", window) for window in ("2026-01", "2026-02", "2026-07")]


@pytest.fixture
def as_admin(own_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run commands with what the administrator's file in the installation states."""
    for line in (own_store.stack.installation.folder / "admin.env").read_text().splitlines():
        monkeypatch.setenv(*line.removeprefix("export ").split("=", 1))


def held(store: Store) -> set[tuple[str, str]]:
    """Return every version that is on hold, as the auditor sees it."""
    auditor = store.bucket("auditor")
    states = {(each.key, each.version_id): auditor.legal_hold(each.key, each.version_id) for each in auditor.versions("")}
    assert None not in states.values()
    return {version for version, on in states.items() if on}


def records(store: Store) -> list[Record]:
    """Return the records of holds, in the order in which they were left."""
    auditor = store.bucket("auditor")
    keys = [key for key in auditor.keys("manifests/") if class_of(key) is Class.RECORD]
    read = [read_record(b"".join(auditor.chunks(key) or []), key) for key in keys]
    return sorted((each for each in read if each.kind in (RecordKind.HOLD_ON, RecordKind.HOLD_OFF)), key=lambda each: each.at)


@pytest.mark.usefixtures("as_admin")
def test_a_hold_covers_a_control_in_a_period_and_a_release_ends_it(own_store: Store, landings: list[LandingReference]) -> None:
    found = set(find_objects(own_store.bucket("admin"), PERIOD, CONTROL))
    assert {key for key, _ in found} >= {landing.manifest_key for landing in landings[:2]}
    assert landings[2].manifest_key not in {key for key, _ in found}
    start, name = len(records(own_store)), ["--period", PERIOD, "--control", CONTROL, "--by", "General Counsel"]

    done = CliRunner().invoke(hold, ["on", *name, "--reason", "Case 12 v. Shop"])
    assert (done.exit_code, done.output.startswith(f"on legal hold: {len(found)} objects")) == (0, True), done.output
    assert held(own_store) == found
    record = records(own_store)[start]
    assert (record.kind, record.reason, record.by, record.system, record.landing) == (
        RecordKind.HOLD_ON, "Case 12 v. Shop", "General Counsel", "all", None,
    )  # fmt: skip
    assert {(entry["key"], entry["version_id"]) for entry in record.facts["objects"]} == found
    assert datetime.now(UTC) - record.at < timedelta(minutes=5)
    assert own_store.verify().outcome is Outcome.INTACT

    done = CliRunner().invoke(hold, ["off", *name, "--reason", "Case 12 is closed"])
    assert done.exit_code == 0, done.output
    assert held(own_store) == set()
    assert [(each.kind, each.reason) for each in records(own_store)[start + 1 :]] == [(RecordKind.HOLD_OFF, "Case 12 is closed")]
    assert own_store.verify().outcome is Outcome.INTACT


@pytest.mark.usefixtures("as_admin")
def test_a_hold_may_be_about_one_landing(own_store: Store, landings: list[LandingReference]) -> None:
    one = landings[1]
    arguments = ["--period", PERIOD, "--control", CONTROL, "--landing", one.landing, "--reason", "Case 13"]
    start = len(records(own_store))
    assert CliRunner().invoke(hold, ["on", *arguments]).exit_code == 0
    on_hold = held(own_store)
    assert {class_of(key) for key, _ in on_hold} == {Class.PART, Class.RAW_PAGE, Class.MANIFEST}
    assert len(on_hold) == 4
    assert all(one.landing in key for key, _ in on_hold)
    assert CliRunner().invoke(hold, ["off", *arguments]).exit_code == 0
    assert held(own_store) == set()
    recorded = records(own_store)[start:]
    assert [(each.system, each.landing, each.place.window) for each in recorded] == [("shop_csv", one.landing, "2026-02")] * 2


@pytest.mark.usefixtures("as_admin", "landings")
def test_nothing_to_hold_and_no_key_to_sign_hold_nothing(own_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(hold, ["on", "--period", "2031-H1", "--control", CONTROL, "--reason", "Case 14"])
    assert isinstance(done.exception, ConfigurationError)
    assert "nothing of control 'cc8_1_change_management' in period '2031-H1' is there to hold or release" in str(done.exception)
    monkeypatch.delenv("TIEOUT_LANDING_KEY")
    done = CliRunner().invoke(hold, ["on", "--period", PERIOD, "--control", CONTROL, "--reason", "Case 14"])
    assert isinstance(done.exception, ConfigurationError)
    assert held(own_store) == set()


@pytest.mark.parametrize("who", ["writer", "digest", "auditor"])
def test_nobody_but_the_administrator_holds_or_releases(own_store: Store, landings: list[LandingReference], who: str) -> None:
    key = landings[2].manifest_key
    [version] = [each.version_id for each in own_store.bucket().versions(key)]
    for on in (True, False):
        with pytest.raises(ConfigurationError, match=r"refused this identity \(AccessDenied\)"):
            own_store.bucket(who).set_legal_hold(key, version, on=on)
    assert own_store.bucket(who).legal_hold(key, version) is False


def test_what_is_on_hold_outlives_its_retention(own_store: Store, tmp_path: Path) -> None:
    """In a bucket without default retention: the evidence bucket's own locks would refuse the deletion in any case."""
    client, name = own_store.client("admin"), "hold-probe"
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    version = client.put_object(Bucket=name, Key="x", Body=b"x")["VersionId"]
    store = type(own_store.bucket("admin"))(client, name)
    store.set_legal_hold("x", version, on=True)
    for bypass in (False, True):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(Bucket=name, Key="x", VersionId=version, BypassGovernanceRetention=bypass)
    store.set_legal_hold("x", version, on=False)
    client.delete_object(Bucket=name, Key="x", VersionId=version)
    assert store.versions("") == []


def test_a_hold_leaves_retention_as_it_is(own_store: Store, landings: list[LandingReference]) -> None:
    key, admin = landings[2].manifest_key, own_store.bucket("admin")
    [version] = [each.version_id for each in admin.versions(key)]
    before = admin.lock(key, version)
    admin.set_legal_hold(key, version, on=True)
    assert (admin.legal_hold(key, version), admin.lock(key, version)) == (True, before)
    admin.set_legal_hold(key, version, on=False)
    assert (admin.legal_hold(key, version), admin.lock(key, version)) == (False, before)
    assert admin.bucket == EVIDENCE_BUCKET
