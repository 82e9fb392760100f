# SPDX-License-Identifier: Apache-2.0
"""A force push between two extractions lands as a potential deviation, one for each commit that is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.stack import Store
from tests.unit.collectors.git_repo import GitRepo, git
from tieout.evidence.landing import LandingReference
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.verify.outcome import Outcome

pytestmark = pytest.mark.integration


def manifest_of(store: Store, reference: LandingReference) -> Manifest:
    return read_manifest(store.bucket().read(reference.manifest_key, None) or b"", reference.manifest_key)


@pytest.fixture
def repository_path(tmp_path: Path) -> tuple[Path, dict[int, str]]:
    """Return a repository with three changes on main, and a branch that leaves main after the first."""
    repo = GitRepo(tmp_path / "shop.git")
    for month in (1, 2, 3):
        repo.commit(f"Change (#{month})", at=f"2026-0{month}-15T00:00:00+00:00", files={"a": b"%d\n" % month})
    repo.commit("Rewritten (#4)", at="2026-02-20T00:00:00+00:00", branch="other", parent=1, files={"a": b"4\n"})
    return repo.path, repo.write()


def test_a_force_push_is_a_potential_deviation(
    own_store: Store, repository_path: tuple[Path, dict[int, str]], tmp_path: Path
) -> None:
    path, commits = repository_path
    first = own_store.land("shop_git", "2026-01", repository=str(path))
    said = manifest_of(own_store, first).predicate
    assert said["ipe"]["source_rules"] == []  # nothing to hold it against yet, and the blind spot says so
    assert any(spot.startswith("There is no earlier landing of this branch") for spot in said["ipe"]["blind_spots"])

    second = own_store.land("shop_git", "2026-02", repository=str(path))
    (rule,) = manifest_of(own_store, second).predicate["ipe"]["source_rules"]
    assert (rule["rule"], rule["not_met"]) == ("history_only_grows", 0)

    git(path, "update-ref", "refs/heads/main", commits[4])
    third = own_store.land("shop_git", "2026-03", repository=str(path))
    manifest = manifest_of(own_store, third)
    result = next(each for each in manifest.predicate["rule_results"] if each["rule"] == "history_only_grows")
    assert (result["result"], result["not_met"], result["kind"]) == ("not met", 2, "control")
    assert manifest.predicate["potential_deviations"] == third.potential_deviations >= 2

    (part,) = [subject for subject in manifest.subjects if subject.key.startswith("evidence/rule_result/")]
    own_store.bucket().download(part.key, tmp_path / "rules.parquet", part.sha256)
    gone = pq.read_table(tmp_path / "rules.parquet", filters=[("rule", "=", "history_only_grows")])["row_key"].to_pylist()
    assert {json.loads(key)["sha"] for key in gone} == {commits[2], commits[3]}
    assert own_store.verify().outcome is Outcome.INTACT
