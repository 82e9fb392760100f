# SPDX-License-Identifier: Apache-2.0
"""Digests, index and records against a real object store: one chain, nothing lost, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from securesystemslib.signer import Key, Signature, Signer

from tests.stack import Store, merge, running_store, write_csv
from tieout.cli import main
from tieout.errors import ContractError
from tieout.evidence.keys import DocumentSigner, Scope
from tieout.evidence.layout import digest_key
from tieout.evidence.records import RecordKind
from tieout.evidence.sources import Bucket, HashMemory
from tieout.evidence.verify import Outcome, Question, verify
from tieout.flows.chain import standing_chain
from tieout.flows.documents import read_documents
from tieout.flows.index import landings
from tieout.flows.upkeep import sweep
from tieout.local.installation import EVIDENCE_BUCKET

pytestmark = pytest.mark.integration


@pytest.fixture
def fresh(tmp_path: Path, repository: Path) -> Iterator[Store]:
    """Return an object store of the test's own."""
    with running_store(tmp_path / "store", repository) as running:
        yield running


def problems(store: Store) -> list[str]:
    report = store.verify()
    return [finding.reason for item in report.items for finding in item.findings] + (
        [report.finding.reason] if report.finding else []
    )


def test_sixteen_landings_and_two_digest_runs_at_once_are_one_chain(fresh: Store) -> None:
    slots = [(system, f"2026-{month:02}") for system in ("shop_csv", "shop_git") for month in range(1, 7)]
    slots += [("shop_csv", f"2026-{month:02}") for month in range(1, 5)]  # four twins of windows that land at the same time
    fresh.stack.build_samples(lambda _: None)
    with ThreadPoolExecutor(18) as pool:
        landed = [pool.submit(fresh.land, *slot) for slot in slots]
        sealed = [pool.submit(fresh.seal) for _ in range(2)]
        references = [future.result() for future in landed]
        sequences = sorted(future.result().sequence for future in sealed)
    assert sequences == [1, 2]
    assert sum(reference.landed_now for reference in references) == 12
    fresh.seal()
    fresh.seal()
    report = fresh.verify()
    assert (report.outcome, report.summary, problems(fresh)) == (Outcome.INTACT, "intact 12/12", [])
    chain = standing_chain(fresh.bucket())
    assert chain.head.sequence == 4
    assert len(chain.named) == chain.head.covered.versions == len(chain.keys) == len(set(chain.keys))
    rows = landings(fresh.bucket(), period="2026-H1")
    assert len(rows) == len({row["manifest_key"] for row in rows}) == 12
    assert sum(row["rows"] for row in rows) == 2 * 1137


def test_two_digest_runs_at_once_again_and_again(fresh: Store) -> None:
    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: fresh.seal(), range(2)))
    versions = [version.key for version in fresh.bucket().versions("digests/")]
    assert sorted(versions) == [digest_key(number) for number in range(11)]
    assert fresh.verify(question=Question(prefix="digests/")).outcome is Outcome.MISSING, "nothing has landed"
    assert [item for item in fresh.verify().items if item.findings] == []


def test_an_idle_bucket_gets_digests_that_say_so(fresh: Store) -> None:
    first = fresh.seal()
    again = fresh.seal()
    assert (first.new_versions, again.new_versions) == (4, 1)  # documentation, key list, first digest; then that digest


def test_the_digest_principal_writes_no_evidence_and_the_writer_no_digest(fresh: Store) -> None:
    for identity, key in (("digest", "manifests/x"), ("writer", "digests/000000000009.dsse.json"), ("auditor", "index/x")):
        with pytest.raises(ClientError, match="AccessDenied"):
            fresh.client(identity).put_object(Bucket=EVIDENCE_BUCKET, Key=key, Body=b"x")


def test_a_chain_that_falls_behind_is_missing(fresh: Store, tmp_path: Path) -> None:
    """Coverage has to reach two cadences before now, or the end of the last period that is looked at."""
    fresh.land("shop_csv", "2026-01")
    fresh.seal()
    bucket, now = Bucket(fresh.bucket("auditor")), datetime.now(UTC)
    ended = verify(bucket, fresh.root, now=now + timedelta(days=400))
    assert ended.outcome is Outcome.INTACT, "the period had ended before the last digest"

    fresh.land("shop_csv", "2026-09", path=str(write_csv(tmp_path / "drop.csv", [])))
    fresh.seal()
    bucket = Bucket(fresh.bucket("auditor"))
    assert verify(bucket, fresh.root, now=now + timedelta(hours=1, minutes=55)).outcome is Outcome.INTACT
    late = verify(bucket, fresh.root, now=now + timedelta(hours=2, minutes=5))
    assert late.outcome is Outcome.MISSING
    assert late.finding is not None
    assert "no digest has been made since" in late.finding.reason


def test_without_the_announced_head_the_chain_was_cut_off(fresh: Store) -> None:
    fresh.land("shop_csv", "2026-01")
    sealed = fresh.seal()
    assert fresh.verify(head=sealed.sha256).outcome is Outcome.INTACT
    assert fresh.verify(head=sealed.sha256[:16].upper()).outcome is Outcome.INTACT
    cut = fresh.verify(head="0" * 64)
    assert cut.outcome is Outcome.MISSING
    assert cut.finding is not None
    assert "announced outside the bucket" in cut.finding.reason


def test_the_quick_pass_reads_no_part(fresh: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh.land("shop_csv", "2026-01")
    fresh.seal()
    read: list[str] = []
    store = fresh.bucket("auditor")
    monkeypatch.setattr(store, "sha256", lambda key, _version: read.append(key))
    report = verify(Bucket(store, quick=True), fresh.root, now=datetime.now(UTC), quick=True)
    assert (report.outcome, report.bytes, read) == (Outcome.INTACT, "checksums that the store keeps", [])


def test_an_interrupted_verification_goes_on_where_it_was(fresh: Store, tmp_path: Path) -> None:
    fresh.land("shop_csv", "2026-01")
    fresh.seal()
    remembered = tmp_path / "memory"
    first = HashMemory(remembered)
    assert verify(Bucket(fresh.bucket("auditor"), memory=first), fresh.root, now=datetime.now(UTC)).outcome is Outcome.INTACT
    first.close()
    whole = remembered.read_text().split()
    remembered.write_text(remembered.read_text()[:-30])  # the last line is cut off
    second = HashMemory(remembered)
    store = fresh.bucket("auditor")
    assert verify(Bucket(store, memory=second), fresh.root, now=datetime.now(UTC)).outcome is Outcome.INTACT
    second.close()
    assert set(whole) <= set(remembered.read_text().split())


def test_silence_is_recorded_once_and_leftovers_are_abandoned(fresh: Store, tmp_path: Path) -> None:
    fresh.land("shop_csv", "2026-01")
    path = write_csv(tmp_path / "drop.csv", [merge(1, "2026-02-02")])
    with pytest.raises(RuntimeError, match="killed"):
        fresh.land("shop_csv", "2026-02", path=str(path), signer=DocumentSigner(Killed(), "", ""))
    signer = fresh.stack.installation.signer(Scope.LANDING)
    store = fresh.bucket()

    def swept(days: int) -> tuple[int, int]:
        found = sweep(fresh.settings, store, signer, lambda: datetime.now(UTC) + timedelta(days=days), "a test")
        return found.not_extracted, found.abandoned

    assert swept(0) == (0, 0), "a bucket that was established today has its grace"
    not_extracted, abandoned = swept(9)
    assert abandoned == 2, "raw page and parts stand in two slots"
    assert not_extracted == 2 * 10 - 1, "ten windows of two systems are over, and one has landed"
    assert swept(9) == (0, 0)
    fresh.seal()
    kinds = [record.kind for record in read_documents(store).records.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {RecordKind.NOT_EXTRACTED: 19, RecordKind.ABANDONED: 2}
    done = CliRunner().invoke(
        main, ["register", "--bucket", EVIDENCE_BUCKET, "--json"], env=auditor(fresh), catch_exceptions=False
    )
    totals = json.loads(done.output)["totals"]
    assert (totals["ties"], totals["unaccounted"], done.exit_code) == (True, [], 0)
    assert totals["counts"]["records"] == 21
    assert totals["counts"]["parts abandoned"] == 2
    assert totals["counts"]["raw pages abandoned"] == 1


class Killed(Signer):
    """Ends a landing after its parts are stored, and before its manifest is."""

    @property
    def public_key(self) -> Key:
        raise NotImplementedError

    @classmethod
    def from_priv_key_uri(cls, priv_key_uri: str, public_key: Key, secrets_handler: object = None) -> Signer:
        raise NotImplementedError

    def sign(self, payload: bytes) -> Signature:
        msg = f"killed over {len(payload)} bytes"
        raise RuntimeError(msg)


def auditor(store: Store) -> dict[str, str]:
    """Return the environment of somebody with the auditor's credentials."""
    return environment_of(store, "auditor")


def environment_of(store: Store, identity: str) -> dict[str, str]:
    credentials = store.stack.installation.identity(identity)
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_ENDPOINT_URL_S3": store.stack.installation.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "TIEOUT_HOME": str(store.stack.installation.home),
    }


def test_the_index_is_what_the_manifests_say_and_can_be_built_anew(fresh: Store, tmp_path: Path) -> None:
    fresh.land("shop_csv", "2026-01")
    fresh.seal()
    fresh.land("shop_csv", "2026-02")
    runner = CliRunner()
    listed = runner.invoke(main, ["index", "list", "--json"], env=auditor(fresh), catch_exceptions=False)
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [row["window"] for row in rows] == ["2026-01", "2026-02"], "the second is read live"
    assert listed.exit_code == 0
    built = runner.invoke(main, ["index", "rebuild", "--to", str(tmp_path / "new")], env=auditor(fresh), catch_exceptions=False)
    assert (built.exit_code, built.output) == (0, "The bucket's index says what the manifests say.\n")
    pattern = str(tmp_path / "new" / "index" / "*" / "*.parquet")
    query = f"SELECT observation_period, landing, rows FROM read_parquet('{pattern}', hive_partitioning = true)"
    assert duckdb.sql(query).fetchall() == [("2026-H1", rows[0]["landing"], 111)]


def test_what_did_not_land_is_held_until_it_lands_through_validation(fresh: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "drop.csv", [merge(1, "2026-09-02"), merge(2, "2026-09-03")[:40]])
    with pytest.raises(ContractError):
        fresh.land("shop_csv", "2026-09", path=str(path))
    runner, env = CliRunner(), {**environment_of(fresh, "writer"), "TIEOUT_LANDING_KEY": landing_key(fresh)}
    held = runner.invoke(main, ["quarantine", "list", "--json"], env=env, catch_exceptions=False)
    assert held.exit_code == 1, held.output
    [entry] = [json.loads(line) for line in held.stdout.splitlines()]
    assert (entry["state"], entry["reason"].split(":")[0]) == ("held", "ContractError")
    shown = runner.invoke(main, ["quarantine", "show", entry["record"]], env=env, catch_exceptions=False)
    assert "page-00000.csv.zst" in shown.output
    assert "| sha,committed_at" in shown.output
    broken = runner.invoke(main, ["quarantine", "release", entry["record"], "--reason", "try"], env=env)
    assert broken.exit_code == 1
    assert "Nothing lands for this window" in broken.output
    assert landings(fresh.bucket(), period="2026-H2") == []
    assert problems(fresh) == ["there is no manifest under manifests/"]


def landing_key(store: Store) -> str:
    return store.stack.installation.key_uri(Scope.LANDING)


def test_a_release_lands_every_row_with_its_reason(fresh: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "drop.csv", [merge(1, "2026-09-02"), merge(2, "2026-09-03")])
    contract = fresh.stack.installation.home / "include" / "evidence_schemas" / "change_record.v1.odcs.yaml"
    right = contract.read_text()
    contract.write_text(right.replace("[0-9a-f]{40}|", ""))
    with pytest.raises(ContractError, match="sha_is_a_commit_id"):
        fresh.land("shop_csv", "2026-09", path=str(path))
    contract.write_text(right)
    [record] = read_documents(fresh.bucket()).records.values()
    path.unlink()
    env = {**environment_of(fresh, "writer"), "TIEOUT_LANDING_KEY": landing_key(fresh)}
    release = ["quarantine", "release", record.id, "--reason", "the contract asked too much", "--by", "Ann"]
    done = CliRunner().invoke(main, release, env=env, catch_exceptions=False)
    assert (done.exit_code, done.output.split(":")[0]) == (0, "Landed 2 rows"), done.output
    documents = read_documents(fresh.bucket())
    [manifest] = documents.manifests
    assert manifest.predicate["population"]["rows"] == 2
    assert manifest.predicate["ipe"]["released"]["reason"] == "the contract asked too much"
    [released] = [found for found in documents.records.values() if found.kind is RecordKind.RELEASED]
    assert (released.reason, released.by) == ("the contract asked too much", "Ann")
    again = CliRunner().invoke(main, release, env=env)
    assert again.exit_code == 1
    assert "is released" in again.output
    listed = CliRunner().invoke(main, ["quarantine", "list"], env=env, catch_exceptions=False)
    assert (listed.exit_code, listed.stdout.split()[0]) == (0, "released")
    fresh.seal()
    assert problems(fresh) == []
