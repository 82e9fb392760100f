# SPDX-License-Identifier: Apache-2.0
"""Landing against a real object store: idempotent, conflict-aware, and found out when somebody meddles with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from tests.stack import Store, merge, write_csv
from tieout.errors import ContractError, LandingConflict
from tieout.evidence.manifest import read_manifest
from tieout.evidence.records import RecordKind
from tieout.evidence.verify import Outcome
from tieout.flows.documents import read_documents
from tieout.local.installation import EVIDENCE_BUCKET

pytestmark = pytest.mark.integration

# Each test has a window of its own, so that they run in any order against one bucket.


def versions(store: Store, window: str) -> list[str]:
    """Return key and version of everything that belongs to a window, raw pages left out."""
    listed = store.bucket().versions("evidence/") + store.bucket().versions("manifests/")
    return sorted(f"{version.key} {version.version_id}" for version in listed if f"window={window}/" in version.key)


def outcome(store: Store, landing: str) -> tuple[Outcome, str]:
    [found] = [entry for entry in store.verify().landings if landing in entry.key]
    return found.outcome, " ".join(finding.reason for finding in found.findings)


def test_the_sample_lands_whole_and_intact(store: Store) -> None:
    reference = store.land("shop_csv", "2026-01")
    assert (reference.rows, reference.landed_now) == (111, True)
    assert outcome(store, reference.landing) == (Outcome.INTACT, "")


def test_landing_again_writes_nothing(store: Store) -> None:
    first = store.land("shop_csv", "2026-02")
    before = versions(store, "2026-02")
    again = store.land("shop_csv", "2026-02")
    assert not again.landed_now
    assert again.manifest_sha256 == first.manifest_sha256
    assert versions(store, "2026-02") == before
    assert len(before) == 3  # population, rule results, manifest


def test_concurrent_landings_of_one_window_are_one(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        references = list(pool.map(lambda _: store.land("shop_csv", "2026-03"), range(4)))
    assert len({reference.manifest_sha256 for reference in references}) == 1
    assert outcome(store, references[0].landing)[0] is Outcome.INTACT


def test_a_longer_file_with_the_same_rows_in_the_window_lands_nothing_new(store: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "drop.csv", [merge(1, "2026-07-02")])
    first = store.land("shop_csv", "2026-07", path=str(path))
    write_csv(path, [merge(1, "2026-07-02"), merge(2, "2026-08-02")])
    again = store.land("shop_csv", "2026-07", path=str(path))
    assert (again.landed_now, again.landing) == (False, first.landing)


def test_other_rows_are_a_conflict_until_a_reason_is_given(store: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "drop.csv", [merge(1, "2026-08-02")])
    first = store.land("shop_csv", "2026-08", path=str(path))
    write_csv(path, [merge(1, "2026-08-02"), merge(2, "2026-08-03")])
    with pytest.raises(LandingConflict, match=r"has landed already .*1 rows.*differs \(2 rows.*supersede_reason"):
        store.land("shop_csv", "2026-08", path=str(path))
    second = store.land("shop_csv", "2026-08", path=str(path), reason="a commit had been missed")
    chunks = store.bucket().chunks(second.manifest_key)
    assert chunks is not None
    superseded = read_manifest(b"".join(chunks), second.manifest_key).predicate["supersedes"]
    assert superseded == {
        "landing": first.landing,
        "manifest_sha256": first.manifest_sha256,
        "reason": "a commit had been missed",
    }
    assert outcome(store, first.landing)[0] is Outcome.INTACT
    assert outcome(store, second.landing)[0] is Outcome.INTACT
    assert not store.land("shop_csv", "2026-08", path=str(path)).landed_now


def test_a_population_of_zero_lands_as_zero(store: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "drop.csv", [])
    reference = store.land("shop_csv", "2026-09", path=str(path))
    assert (reference.rows, reference.landed_now) == (0, True)
    assert outcome(store, reference.landing)[0] is Outcome.INTACT
    from pyarrow.fs import S3FileSystem

    auditor = store.stack.installation.identity("auditor")
    files = S3FileSystem(
        access_key=auditor.access_key,
        secret_key=auditor.secret_key,
        endpoint_override=store.stack.installation.endpoint,
        region="us-east-1",
    )
    data = ds.dataset(f"{EVIDENCE_BUCKET}/evidence/change_record/", filesystem=files, partitioning="hive")
    window = ds.field("window") == "2026-09"
    assert data.count_rows(filter=window) == 0
    assert len(list(data.get_fragments(window))) == 1


@pytest.mark.parametrize("line", ["1,2", merge(1, "2026-10-01").replace(",1,2,3", ",many,2,3")])
def test_a_broken_file_lands_no_population(store: Store, tmp_path: Path, line: str) -> None:
    path = write_csv(tmp_path / "drop.csv", [merge(2, "2026-10-02"), line])
    with pytest.raises(ContractError, match="Nothing lands"):
        store.land("shop_csv", "2026-10", path=str(path))
    assert [version for version in versions(store, "2026-10") if ".record.dsse.json" not in version] == []
    assert {record.kind for record in read_documents(store.bucket()).records.values()} == {RecordKind.DID_NOT_LAND}
