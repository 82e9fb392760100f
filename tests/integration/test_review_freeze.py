# SPDX-License-Identifier: Apache-2.0
"""A review is frozen: from the landed inputs alone, SQL of the test's own gives every flag and every reviewer with authority."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from tests.stack import Store
from tests.unit.flows.review_project import CONTROL, SYSTEMS, TOXIC, drop_access, drop_people, make_project
from tests.unit.reviews.independent import recompute
from tests.unit.reviews.made_up import SIDES, Draw, combinations
from tests.unit.reviews.world import AS_OF, Row, entry, mail, person
from tieout.errors import ExtractionRefused, LandingConflict
from tieout.evidence.keys import Scope
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import EVIDENCE
from tieout.evidence.manifest import read_manifest
from tieout.evidence.verify import Outcome
from tieout.flows.campaign_window import input_files, standing_inputs
from tieout.flows.review_freeze import freeze
from tieout.flows.review_inputs import (
    ReviewWindow,
    access_job,
    input_jobs,
    plan_review,
    removal_job,
)
from tieout.reviews.assigning import campaign_items
from tieout.reviews.items import FLAGS
from tieout.reviews.proof import Proof, ProofState, SecondList, prove

pytestmark = pytest.mark.integration

SEED = 20260401
QUARTERS = {
    "2025-Q3": datetime(2025, 9, 30, 21, 59, 59, tzinfo=UTC),
    "2025-Q4": datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC),
    "2026-Q1": datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC),
}
"""Each with its last second in Berlin."""
FROZEN = ("2025-Q4", "2026-Q1")
BOSSES = ("boss1", "boss2", "boss3")
OWNERS = [("IT Lead", "p1"), ("IT Lead", "p2"), ("Finance Lead", "p3"), ("Security Lead", "boss1"), ("Security Lead", "boss2")]
REVIEW: dict[str, Any] = {
    "reviewers": {"erp": "manager"}, "second_reviewer": "control_owner", "dormant_days": 60, "active_words": {"idp": ["Active"]},
    "toxic_combinations": TOXIC,
}  # fmt: skip


def shifted(rows: list[Row], as_of: datetime) -> list[Row]:
    """Return rows that stand for another time, all their times moved with it."""
    moved = as_of - AS_OF
    return [{name: value + moved if isinstance(value, datetime) else value for name, value in row.items()} for row in rows]


def lists(window: str) -> tuple[list[Row], list[Row]]:
    """Return the entitlements and the people of a quarter; a quarter of the former is other than in the other quarter."""
    draw = Draw(SEED)
    draw.tells = {"idp": True, "erp": True, "bank": False}
    access = [{**entry(f"y{number}", None, "role:d"), "holder": draw.somebody()} for number in range(40)]
    while len(access) < 300:
        access = list({(row["system"], row["account"], row["entitlement"]): row for row in [*access, *draw.access()]}.values())
    people = {row["person"].lower(): row for row in [*draw.people(), *(person(name, None) for name in BOSSES)]}
    if window == "2025-Q4":
        access = [
            {**row, **({"privileged": None, "holder": mail("p4")} if at % 5 == 0 else {})}
            for at, row in enumerate(access)
            if at % 7
        ]
    return shifted(access, QUARTERS[window]), shifted(list(people.values()), QUARTERS[window])


@dataclass
class Scene:
    """A program whose lists of two quarters have landed."""

    store: Store
    frozen: dict[str, dict[str, LandingReference]] = field(default_factory=dict)
    """What was frozen first, by quarter and system."""

    def planned(self, window: str) -> ReviewWindow:
        return plan_review(self.store.settings, CONTROL, window)

    def land(self, window: str) -> None:
        """Land everything that the review of a quarter is made of."""
        access, people = lists(window)
        drop_access(self.store.settings, f"access-{window}", access)
        drop_people(self.store.settings, f"access-{window}", people)
        for job in input_jobs(self.planned(window)).values():
            self.store.land_job(job, QUARTERS[window] + timedelta(days=1))

    def freeze(self, window: str, reason: str | None = None) -> dict[str, LandingReference]:
        """Freeze the review of a quarter, now."""
        signer = self.store.stack.installation.signer(Scope.LANDING)
        with tempfile.TemporaryDirectory() as work:
            return freeze(self.planned(window), self.store.bucket(), signer, self.store.clock, Path(work), None, reason)

    def said(self, reference: LandingReference) -> dict[str, Any]:
        """Return what a landing's manifest says."""
        data = self.store.bucket("auditor").read(reference.manifest_key, None) or b""
        said: dict[str, Any] = read_manifest(data, reference.manifest_key).predicate
        return said

    def landed(self, folder: Path, table: str, key: str, system: str | None = None) -> list[Path]:
        """Download the Parquet files of a table and a window's key, as an auditor copies them."""
        client, bucket = self.store.client("auditor"), self.store.bucket("auditor")
        paths = []
        for found in bucket.keys(f"{EVIDENCE}{table}/"):
            name = found.rsplit("/", 1)[-1]
            if f"/window={key}/" in found and (system is None or name.startswith(f"{system}-")):
                paths.append(folder / name)
                client.download_file(bucket.bucket, found, str(paths[-1]))
        return paths


@pytest.fixture(scope="module")
def scene(own_store: Store, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Return a store in which both quarters are frozen."""
    settings = make_project(tmp_path_factory.mktemp("review") / "project", repository, REVIEW, OWNERS)
    (settings.home / TOXIC).write_text(yaml.safe_dump({"combinations": combinations()}))
    made = Scene(replace(own_store, settings=settings))
    for window in FROZEN:
        made.land(window)
        made.frozen[window] = made.freeze(window)
    return made


def recomputed(scene: Scene, window: str, folder: Path, before: list[Path]) -> list[Row]:
    """Work the items of a quarter out from the landed inputs alone; only the day of the freeze stands in the manifest."""
    inputs = (scene.landed(folder, table, f"access-{window}") for table in ("access_entry", "roster_entry", "role_holder"))
    return recompute(
        *inputs, before, last_day=str((QUARTERS[window] + timedelta(hours=1)).date()),
        frozen_on=scene.said(scene.frozen[window]["idp"])["ipe"]["request"]["parameters"]["frozen_on"], dormant_days=60,
        by_manager=["erp"], second="control_owner", sides=SIDES, words=[("idp", "active")],
        reviewed_before=SYSTEMS if before else (),
    )  # fmt: skip


@pytest.mark.parametrize("window", FROZEN)
def test_from_the_landed_inputs_alone_every_flag_and_every_reviewer_comes_out_again(
    scene: Scene, window: str, tmp_path: Path
) -> None:
    before = scene.landed(tmp_path, "review_item", "items-2025-Q4") if window == "2026-Q1" else []
    again = recomputed(scene, window, tmp_path, before)
    rows = [row for path in scene.landed(tmp_path, "review_item", f"items-{window}") for row in pq.read_table(path).to_pylist()]
    rows.sort(key=lambda row: (row["system"], row["account"], row["entitlement"]))
    assert [{name: row[name] for name in again[0]} for row in rows] == again
    assert len(rows) == len(lists(window)[0])


def test_the_landed_rows_show_every_hard_case(scene: Scene, tmp_path: Path) -> None:
    rows = [row for path in scene.landed(tmp_path, "review_item", "items-2026-Q1") for row in pq.read_table(path).to_pylist()]
    for flag in FLAGS:
        assert {row[flag] for row in rows} >= {True, False}, flag
        assert flag == "orphaned" or None in {row[flag] for row in rows}, flag
    assert {row["since_last"] for row in rows} == {"new", "changed", "unchanged"}
    authorities = " ".join(row["reviewer_authority"] for row in rows)
    for reason in ("is the holder", "has left", "is not in the roster", "is not named"):
        assert reason in authorities
    assert {row["second_reviewer"] for row in rows} <= set(map(mail, BOSSES))


def test_the_manifest_names_what_items_were_made_of_and_holds_sql_and_parameters(scene: Scene) -> None:
    references = scene.freeze("2026-Q1")
    assert {system: reference.landed_now for system, reference in references.items()} == dict.fromkeys(SYSTEMS, False)
    there = standing_inputs(scene.store.bucket("auditor"), CONTROL, "access-2026-Q1")
    for system, reference in references.items():
        said = scene.said(reference)
        ipe, inputs = said["ipe"], said["ipe"]["inputs"]
        assert [each["landing"] for each in inputs["access"]] == [there[name]["landing"] for name in SYSTEMS]
        assert (inputs["roster"][0]["landing"], inputs["roles"][0]["landing"]) == (
            there["people"]["landing"],
            there["scope"]["landing"],
        )
        assert {each["window"] for each in inputs["before"]} == {"items-2025-Q4"}
        assert inputs["toxic_combinations"]["path"] == TOXIC
        assert ipe["request"]["parameters"]["last_day"] == "2026-03-31"
        assert any("CREATE TEMP TABLE items" in query for query in ipe["request"]["query"])
        assert ipe["rows"]["items"] == ipe["second_count"]["rows"] == there[system]["rows"] == reference.rows
        assert said["performances"] == {"shown": None, "events": None}
        assert "@" not in str(ipe["request"])


def test_the_sql_of_the_manifest_runs_again_over_the_landed_files(scene: Scene, tmp_path: Path) -> None:
    import duckdb

    reference = scene.freeze("2026-Q1")["erp"]
    request = read_manifest(scene.store.bucket("auditor").read(reference.manifest_key, None) or b"", "m").predicate["ipe"][
        "request"
    ]
    with duckdb.connect() as connection:
        for view, table, key in (
            ("access_rows", "access_entry", "access-2026-Q1"), ("roster_rows", "roster_entry", "access-2026-Q1"),
            ("role_rows", "role_holder", "access-2026-Q1"), ("before_rows", "review_item", "items-2025-Q4"),
        ):  # fmt: skip
            paths = ", ".join(f"'{path}'" for path in scene.landed(tmp_path, table, key))
            connection.execute(
                f"CREATE VIEW {view} AS SELECT * EXCLUDE _landing FROM read_parquet([{paths}], hive_partitioning = false)"
            )
        for query in request["query"]:
            named = {name: value for name, value in request["parameters"].items() if f"${name}" in query}
            connection.execute(query, named or None)
        found = connection.execute("SELECT count(*), count(reviewer) FROM items WHERE system = 'erp'").fetchone()
    assert found == (reference.rows, reference.rows)


def test_items_can_be_given_to_people_as_a_campaign_takes_them(scene: Scene, tmp_path: Path) -> None:
    rows = [row for path in scene.landed(tmp_path, "review_item", "items-2026-Q1") for row in pq.read_table(path).to_pylist()]
    items, assignments = campaign_items(rows)
    for slot in (1, 2):
        given = [item for each in assignments.values() if each.slot == slot for item in each.items]
        assert sorted(given) == sorted(items)
        assert all(each.person != items[item].subject for each in assignments.values() for item in each.items)


def test_other_entitlements_are_frozen_again_only_for_a_reason(scene: Scene) -> None:
    window, reason = "2025-Q3", "The first list held a row too many."
    scene.land(window)
    scene.freeze(window)
    access = lists(window)[0]
    drop_access(scene.store.settings, f"access-{window}", access[1:])
    job = access_job(scene.planned(window), access[0]["system"])
    scene.store.land_job(job, QUARTERS[window] + timedelta(days=1), reason)
    with pytest.raises(LandingConflict, match="has landed already"):
        scene.freeze(window)
    references = scene.freeze(window, reason)
    assert sum(reference.rows for reference in references.values()) == len(access) - 1
    assert {system: scene.said(each)["supersedes"]["reason"] for system, each in references.items()} == dict.fromkeys(
        SYSTEMS, reason
    )


def test_what_has_not_landed_or_lists_nobody_keeps_it_from_being_frozen(scene: Scene) -> None:
    with pytest.raises(ExtractionRefused, match=r"window access-2026-Q2 has not landed of idp, erp, bank, people, scope\."):
        scene.freeze("2026-Q2")
    drop_access(scene.store.settings, "access-2026-Q2", [])
    drop_people(scene.store.settings, "access-2026-Q2", [])
    for job in input_jobs(scene.planned("2026-Q2")).values():
        scene.store.land_job(job, datetime(2026, 7, 1, tzinfo=UTC))
    with pytest.raises(ExtractionRefused, match="the list of people of people is empty"):
        scene.freeze("2026-Q2")


def test_what_was_collected_again_proves_what_became_of_each_entitlement(scene: Scene, tmp_path: Path) -> None:
    planned, bucket = scene.planned("2026-Q1"), scene.store.bucket()
    closed = QUARTERS["2026-Q1"].date() + timedelta(days=17)
    as_of = removal_job(planned, "idp", closed).window.end - timedelta(seconds=1)
    access = lists("2026-Q1")[0]
    kept = [{**row, "as_of": as_of, "read_at": as_of} for at, row in enumerate(access) if at % 3]
    drop_access(scene.store.settings, "removal-2026-Q1", kept)
    for system in ("idp", "erp"):
        scene.store.land_job(removal_job(planned, system, closed), as_of + timedelta(days=1))
    rows = standing_inputs(bucket, CONTROL, "removal-2026-Q1")
    assert set(rows) == {"idp", "erp"}
    contract = access_job(planned, "idp").contract
    first = standing_inputs(bucket, CONTROL, "access-2026-Q1")
    before = input_files(bucket, (first[system] for system in SYSTEMS), contract.table, tmp_path)
    after = input_files(bucket, rows.values(), contract.table, tmp_path)
    seconds = {system: SecondList(as_of, row["collected_at"]) for system, row in rows.items()}
    found: list[Proof] = list(prove(before, after, contract, seconds, planned.review.active_words, tmp_path))
    expected = {
        (row["system"], row["account"], row["entitlement"]): ProofState.NOT_DETERMINABLE if row["system"] == "bank"
        else ProofState.STILL_THERE if at % 3 else ProofState.REMOVED
        for at, row in enumerate(access)
    }  # fmt: skip
    assert {(each.system, each.account, each.entitlement): each.state for each in found} == expected


def test_a_stranger_finds_all_of_it_intact(scene: Scene) -> None:
    scene.store.seal()
    report = scene.store.verify()
    assert report.outcome is Outcome.INTACT
