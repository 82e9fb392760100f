# SPDX-License-Identifier: Apache-2.0
"""Acknowledgment campaigns in an object store: who is asked, what it comes to, a new version, and what a killed task leaves."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.policy_scene import (
    CONDUCT,
    CONTROL,
    FIRST,
    POLICIES,
    SECOND,
    SECURITY,
    SYSTEM,
    THIRD,
    Scene,
    mail,
    make_scene,
    policy,
    soon,
    version,
    worker,
)
from tests.integration.review_scene import until_done
from tests.stack import Store
from tieout.errors import ConfigurationError, ExtractionRefused, LandingConflict
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import RAW, RESPONSES, Class, class_of
from tieout.evidence.verify import Outcome
from tieout.flows.campaigns import ACKNOWLEDGMENT
from tieout.flows.index import landings

pytestmark = pytest.mark.integration

TODAY = datetime.now(UTC).date()
CREW = [
    worker("ann"),
    worker("ben"),
    worker("cleo", worker_type="contractor"),
    worker("dan", employment="left", left_on=date(2026, 2, 1)),
    worker("eve", leave_from=date(2026, 1, 1)),
    worker("fay", employment="not_started", started_on=date(2026, 6, 1)),
    worker("gus", started_on=TODAY - timedelta(days=3)),
    worker("hal"),
    worker("ida"),
    worker("mia", None),
]
ASKED = ["ann", "ben", "gus", "hal", "ida", "mia"]


def by_row(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return rows by name and policy."""
    return {(row["person"].partition("@")[0], row["policy"]): row for row in rows}


@pytest.fixture(scope="module")
def scene(own_store: Store, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Return a program whose campaign of one week has landed."""
    made = make_scene(own_store, repository, tmp_path_factory.mktemp("policies") / "project")
    made.begin(CREW)
    made.acknowledge("ann", SECURITY, CONDUCT)
    made.acknowledge("gus", SECURITY, CONDUCT, answer="Hide")
    made.acknowledge("mia", SECURITY)
    made.acknowledge("cleo", SECURITY)
    made.acknowledge("ida", SECURITY)
    made.close()
    gone = {"employment": "left", "left_on": date(2026, 4, 30)}
    made.list_again([{**row, **gone} if row["person"] in (mail("hal"), mail("ida")) else row for row in CREW])
    return made


@pytest.fixture(scope="module")
def landed(scene: Scene) -> LandingReference:
    return scene.land()


def test_everybody_gets_a_row_for_every_policy_and_whoever_is_not_asked_a_reason(scene: Scene, landed: LandingReference) -> None:
    frozen = scene.freeze()[SYSTEM]
    rows = by_row(scene.rows(frozen, "policy_assignment"))
    assert len(rows) == 2 * len(CREW)
    reasons = {key: row["reason"] for key, row in rows.items() if row["status"] != "assigned"}
    assert reasons == {
        ("cleo", CONDUCT): "the policy is not for worker type 'contractor'",
        ("dan", SECURITY): "the person has left", ("dan", CONDUCT): "the person has left",
        ("eve", SECURITY): "on leave", ("eve", CONDUCT): "on leave",
        ("fay", SECURITY): "the person has not started", ("fay", CONDUCT): "the person has not started",
    }  # fmt: skip
    assert {row["basis"] for (name, _), row in rows.items() if row["status"] == "assigned" and name != "gus"} == {"first time"}
    assert rows["gus", SECURITY]["basis"] == "joiner"
    texts = {hashlib.sha256(b"".join(scene.store.bucket().chunks(each.key) or ())).hexdigest()
             for each in scene.manifest(frozen).subjects if each.key.startswith(RAW)}  # fmt: skip
    assert texts == {each["sha256"] for said in POLICIES.values() for each in said["versions"]}


def test_what_it_came_to_lands_row_for_row(scene: Scene, landed: LandingReference) -> None:
    rows = by_row(scene.rows(landed, "acknowledgment"))
    assert {key: row["outcome"] for key, row in rows.items()} == {
        ("ann", SECURITY): "acknowledged", ("ann", CONDUCT): "acknowledged",
        ("gus", SECURITY): "acknowledged", ("gus", CONDUCT): "acknowledged",
        ("mia", SECURITY): "acknowledged", ("mia", CONDUCT): "not acknowledged",
        ("ben", SECURITY): "not acknowledged", ("ben", CONDUCT): "not acknowledged",
        ("cleo", SECURITY): "acknowledged",
        ("hal", SECURITY): "excluded", ("hal", CONDUCT): "excluded",
        ("ida", SECURITY): "acknowledged", ("ida", CONDUCT): "excluded",
    }  # fmt: skip
    assert rows["hal", SECURITY]["outcome_reason"] == "the person has left, with 2026-04-30 as the last day"
    assert (rows["ann", CONDUCT]["answer_expected"], rows["gus", CONDUCT]["answer_expected"]) == (True, False)
    assert rows["ann", SECURITY]["answer"] is None
    assert {row["in_time"] for row in rows.values() if row["outcome"] == "acknowledged"} == {True}
    assert {row["document_version"] for row in rows.values()} == {"1.0", "2.1"}
    said = scene.manifest(landed).predicate
    assert said["ipe"]["outcomes"] == {"acknowledged": 7, "excluded": 3, "not acknowledged": 3}
    assert said["potential_deviations"] == 6  # three who did not acknowledge, and each of them not in time
    assert said["performances"]["shown"] or said["performances"]["events"]


def test_the_pages_hold_the_rows_what_counts_and_every_signed_document(scene: Scene, landed: LandingReference) -> None:
    rows = list(csv.DictReader(io.StringIO(scene.page(landed, "page-00000.csv").decode())))
    assert len(rows) == 13
    documents = list(csv.DictReader(io.StringIO(scene.page(landed, "page-00001.csv").decode())))
    kinds = Counter(each["kind"] for each in documents)
    assert (kinds["decisions"], kinds["campaign opened"], kinds["campaign closed"]) == (5, 1, 1)
    bucket = scene.store.bucket("auditor")
    lines = [json.loads(line) for line in gzip.decompress(scene.page(landed, "page-00002.jsonl.gz")).splitlines()]
    responses = [key for key in bucket.keys(RESPONSES) if class_of(key) is Class.RESPONSE and f"/{CONTROL}.{FIRST}/" in key]
    assert {each["key"] for each in lines} >= set(responses)
    for each in lines:
        data = base64.b64decode(each["bytes"])
        assert hashlib.sha256(data).hexdigest() == each["sha256"]
        assert bucket.read(each["key"], each["version_id"]) == data


def test_landing_again_finds_it_and_the_bucket_is_intact(scene: Scene, landed: LandingReference) -> None:
    again = scene.land()
    assert (again.manifest_key, again.landed_now) == (landed.manifest_key, False)
    report = scene.store.verify()
    assert {entry.outcome for entry in report.landings} == {Outcome.INTACT}
    mine = [each for each in report.others if f"control={CONTROL}/" in each.key]
    assert [each for each in mine if each.outcome is not Outcome.INTACT] == []


def test_a_campaign_is_opened_once_and_keeps_what_it_asks(scene: Scene) -> None:
    found = scene.open()
    assert not found.opened_now
    definition = found.loaded.definition
    assert (definition.kind, definition.personal, len(definition.items)) == (ACKNOWLEDGMENT, True, 13)
    assert definition.managers_of_program == (mail("sam"),)
    assert {each.order for each in definition.assignments.values()} == {(mail("mia"),), ()}


def test_the_next_week_asks_who_did_not_acknowledge_and_whoever_is_new(scene: Scene, landed: LandingReference) -> None:
    back = [{**row, "leave_until": date(2026, 3, 10)} if row["person"] == mail("eve") else row for row in CREW]
    back = [row for row in back if row["person"] not in (mail("hal"), mail("ida"))]
    answered = scene.begin([*back, worker("jo", started_on=TODAY)], SECOND)
    rows = by_row(answered.rows.table.to_pylist())
    asked = {key: row["basis"] for key, row in rows.items() if row["status"] == "assigned"}
    assert asked == {
        ("ben", SECURITY): "not acknowledged before", ("ben", CONDUCT): "not acknowledged before",
        ("mia", CONDUCT): "not acknowledged before",
        ("eve", SECURITY): "first time", ("eve", CONDUCT): "first time",
        ("jo", SECURITY): "joiner", ("jo", CONDUCT): "joiner",
    }  # fmt: skip
    assert rows["ann", SECURITY]["status"] == "standing"
    assert rows["ann", SECURITY]["campaign_of_standing"] == f"{CONTROL}.{FIRST}"
    # A week later that campaign is still open: whoever it asks is not asked twice, and what was answered in it counts already.
    scene.acknowledge("ben", SECURITY, window=SECOND)
    scene.list_people([*back, worker("jo", started_on=TODAY), worker("kim")], THIRD)
    scene.freeze(THIRD)
    third = by_row(scene.rows(scene.freeze(THIRD)[SYSTEM], "policy_assignment"))
    assert {key for key, row in third.items() if row["status"] == "assigned"} == {("kim", SECURITY), ("kim", CONDUCT)}
    assert (third["ben", SECURITY]["status"], third["ben", CONDUCT]["status"]) == ("standing", "asked")
    assert third["ben", CONDUCT]["reason"] == f"{CONTROL}.{SECOND} is open"


def test_a_new_version_in_the_middle_of_a_campaign_is_a_new_obligation(
    own_store: Store, repository: Path, tmp_path: Path
) -> None:
    """Show 4: old responses stay with the old version, and coverage shows both."""
    scene = make_scene(own_store, repository, tmp_path / "project", "cc5_3_new_version")
    crew = [worker("ann"), worker("ben"), worker("cleo")]
    scene.begin(crew, FIRST, seconds=8)
    scene.acknowledge("ann", SECURITY, CONDUCT)
    scene.texts["1.1"] = "be very careful"
    newer = version("1.1", "be very careful", "2026-03-02")
    scene.write_policies({**POLICIES, SECURITY: policy("Security", version("1.0", "be careful"), newer)})
    # The campaign that is open asks for what it was frozen with: the new version changes nothing of it.
    scene.acknowledge("ben", SECURITY)
    scene.list_people(crew, SECOND)
    second = by_row(scene.rows(scene.freeze(SECOND)[SYSTEM], "policy_assignment"))
    said = {name: (row["status"], row["basis"], row["document_version"]) for (name, policy_), row in second.items()
            if policy_ == SECURITY}  # fmt: skip
    assert said == {
        "ann": ("assigned", "new version", "1.1"), "ben": ("assigned", "new version", "1.1"),
        "cleo": ("assigned", "first time", "1.1"),
    }  # fmt: skip
    assert second["ann", CONDUCT]["status"] == "standing"
    scene.open(SECOND, closes=timedelta(days=60))
    scene.acknowledge("ann", SECURITY, window=SECOND)
    scene.close(FIRST)
    scene.list_again(crew)
    rows = by_row(scene.rows(scene.land(FIRST), "acknowledgment"))
    assert {(row["document_version"], row["outcome"]) for (_, policy_), row in rows.items() if policy_ == SECURITY} == {
        ("1.0", "acknowledged"), ("1.0", "not acknowledged"),
    }  # fmt: skip
    assert rows["ann", SECURITY]["document_sha256"] == hashlib.sha256(b"be careful").hexdigest()
    later = scene.answered(SECOND)
    given = {row["person"]: row for row in later.rows.table.to_pylist() if row["policy"] == SECURITY}
    assert given[mail("ann")]["document_sha256"] == newer["sha256"]
    [standing] = later.state.standings(given[mail("ann")]["item"])
    assert standing.decision is not None


def test_a_document_that_is_another_than_was_approved_is_asked_of_nobody(
    own_store: Store, repository: Path, tmp_path: Path
) -> None:
    scene = make_scene(own_store, repository, tmp_path / "project", "cc5_3_another_text")
    scene.list_people(CREW, THIRD)
    (scene.settings.home / POLICIES[SECURITY]["versions"][0]["path"]).write_text("something else")
    with pytest.raises(ConfigurationError, match="Another text is another version"):
        scene.freeze(THIRD, reason="again")
    (scene.settings.home / POLICIES[SECURITY]["versions"][0]["path"]).unlink()
    with pytest.raises(ConfigurationError, match=r"there is no file documents/1\.0"):
        scene.freeze(THIRD, reason="again")


def test_a_week_in_which_nobody_is_asked_lands_no_row(own_store: Store, repository: Path, tmp_path: Path) -> None:
    scene = make_scene(own_store, repository, tmp_path / "project", "cc5_3_nobody")
    crew = [worker("ann", employment="left", left_on=date(2026, 2, 1))]
    answered = scene.begin(crew, FIRST, seconds=600)
    assert answered.definition.items == {}
    scene.close()
    scene.list_again(crew)
    landed = scene.land()
    assert landed.rows == 0
    assert scene.manifest(landed).predicate["performances"]["shown"] in (None, [])


def test_two_systems_list_somebody_who_is_asked_once(own_store: Store, repository: Path, tmp_path: Path) -> None:
    scene = make_scene(own_store, repository, tmp_path / "project", "cc5_3_two_lists", ("people", "agency"))
    scene.list_people([worker("ann"), worker("bob", employment="left", left_on=date(2026, 2, 1))])
    scene.list_people([worker("ann"), worker("bob"), worker("cy")], system="agency")
    scene.freeze(due=timedelta(seconds=4))
    scene.open(closes=timedelta(seconds=5))
    answered = scene.answered()
    asked = {(row["system"], row["person"]) for row in answered.rows.table.to_pylist() if row["status"] == "assigned"}
    assert asked == {("people", mail("ann")), ("agency", mail("bob")), ("agency", mail("cy"))}
    scene.acknowledge("ann", SECURITY, CONDUCT)
    scene.close()
    left = {"employment": "left", "left_on": date(2026, 4, 1)}
    for system, crew in (("people", [worker("ann", **left)]), ("agency", [worker("bob", **left), worker("cy")])):
        scene.list_again(crew, system=system)
    rows = {name: by_row(scene.rows(scene.land(system=name), "acknowledgment")) for name in ("people", "agency")}
    assert {row["outcome"] for row in rows["people"].values()} == {"acknowledged"}
    assert {name: row["outcome"] for (name, each), row in rows["agency"].items() if each == SECURITY} == {
        "bob": "excluded", "cy": "not acknowledged",
    }  # fmt: skip


def count(scene: Scene, window: str) -> int:
    """Return how many landings of a window the index has."""
    return sum(row["window"] == window for row in landings(scene.store.bucket(), control=scene.control))


@pytest.mark.parametrize("step", ["freeze", "open", "land"])
def test_a_task_that_is_killed_before_any_put_goes_on_where_it_was(
    own_store: Store, repository: Path, tmp_path: Path, step: str
) -> None:
    """Show 3, for what puts objects: killed before the first put, then before the second ..., it ends as one that never was."""
    scene = make_scene(own_store, repository, tmp_path / "project", f"cc5_3_killed_{step}")
    crew = [worker("ann"), worker("ben"), worker("cleo", worker_type="contractor")]
    scene.list_people(crew)
    kills = 0
    if step == "freeze":
        due = soon(timedelta(seconds=60))  # as a run's parameter says it: each try has the same
        *killed, found = until_done(scene.store, lambda store: scene.freeze(FIRST, store, due))
        kills = len(killed)
        assert found[SYSTEM].rows == 6
        assert (
            len([row for row in landings(scene.store.bucket(), control=scene.control) if row["window"] == f"items-{FIRST}"]) == 1
        )
    else:
        scene.freeze(due=timedelta(seconds=5))
    if step == "open":
        *killed, found = until_done(scene.store, lambda store: scene.open(FIRST, store, timedelta(seconds=60)))
        kills = len(killed)
        assert len(found.loaded.definition.items) == 5
        assert not scene.open().opened_now
    if step == "land":
        scene.open(closes=timedelta(seconds=6))
        scene.acknowledge("ann", SECURITY, CONDUCT)
        scene.close()
        with pytest.raises(ExtractionRefused, match=r"removal-2026-W10 has not landed of people"):
            scene.land()
        scene.list_again(crew)
        *killed, landed = until_done(scene.store, lambda store: scene.land(FIRST, store))
        kills = len(killed)
        assert landed.rows == 5
        assert count(scene, FIRST) == 1
    assert kills >= {"freeze": 3, "open": 1, "land": 5}[step]
    assert {entry.outcome for entry in scene.store.verify().landings} == {Outcome.INTACT}


def test_a_campaign_whose_lists_have_not_landed_or_that_is_not_closed_says_so(
    own_store: Store, repository: Path, tmp_path: Path
) -> None:
    scene = make_scene(own_store, repository, tmp_path / "project", "cc5_3_not_yet")
    with pytest.raises(ExtractionRefused, match=r"window access-2026-W10 has not landed of people"):
        scene.freeze()
    with pytest.raises(ExtractionRefused, match=r"window items-2026-W10 has not landed of people"):
        scene.open()
    scene.begin([worker("ann")], seconds=600)
    with pytest.raises(ExtractionRefused, match="it is open"):
        scene.land()
    with pytest.raises(LandingConflict):  # somebody else's rows under this week's name
        scene.list_people([worker("ben")])
