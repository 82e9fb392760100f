# SPDX-License-Identifier: Apache-2.0
"""A review after its decisions, from the frozen items to the landing: tickets, proof, sign-off, rows with lineage, packet."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.integration.review_scene import (
    ATTACK,
    BEFORE,
    CLEO,
    CONTROL,
    DUTIES,
    EVA,
    IVO,
    MIA,
    OFFBOARDING,
    ONBOARDING,
    ROB,
    SYSTEMS,
    WINDOW,
    Scene,
    make_scene,
)
from tests.stack import Store
from tieout.contracts.rules import Result
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import MANIFESTS
from tieout.evidence.records import RecordKind, read_record
from tieout.evidence.verify import Outcome
from tieout.flows.deviations import read_register
from tieout.flows.index import landings
from tieout.flows.status import choose_period, read_facts, read_program, status

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def scene(own_store: Store, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Return a program whose last review is landed, and whose review of this quarter is closed and collected again."""
    made = make_scene(own_store, repository, tmp_path_factory.mktemp("review") / "project")
    _last_review(made)
    made.open()
    made.decide(IVO, ["i1", "i2", "i4"])  # of whom Lena has left
    made.decide(IVO, ["i3"])  # his own: refused
    made.decide(MIA, ["i3"])
    made.decide(IVO, ["i4"], "change", reason="read only")
    made.decide(EVA, ["e1", "e2"], "revoke", reason=ATTACK)
    made.decide(EVA, ["e3", ATTACK, "b2", "b3"])
    made.decide(EVA, ["b1"], "revoke", reason="دور غير لازم 🙂")
    made.close()
    made.tickets()
    made.collect_again(gone=["e1"], i4={"privileged": True}, systems=SYSTEMS)
    return made


def _last_review(scene: Scene) -> None:
    """Perform the review of the quarter before: one access is revoked, and nothing is done about it."""
    scene.open(BEFORE)
    scene.decide(IVO, ["i1", "i2", "i4"], window=BEFORE)
    scene.decide(MIA, ["i3"], window=BEFORE)
    scene.decide(EVA, ["e1", "e2", "e3", ATTACK, "b1"], window=BEFORE)
    scene.decide(EVA, ["b2"], "revoke", BEFORE)
    scene.close(BEFORE)
    about = scene.prepare(BEFORE).document_sha256
    scene.sign_off(about, window=BEFORE)
    for system in SYSTEMS:
        scene.land(system, about, BEFORE)


@pytest.fixture(scope="module")
def landed(scene: Scene) -> dict[str, LandingReference]:
    """Sign the review off, land it, and return the landing of each system."""
    about = scene.prepare().document_sha256
    scene.sign_off(about)
    return {system: scene.land(system, about) for system in SYSTEMS}


def by_account(scene: Scene, reference: LandingReference) -> dict[str, dict[str, Any]]:
    """Return the landed rows, by account."""
    return {row["account"]: row for row in scene.rows(reference)}


def test_every_step_run_again_comes_to_the_same(scene: Scene, landed: dict[str, LandingReference]) -> None:
    assert scene.tickets().recorded_now == 0
    again = scene.prepare()
    assert not again.recorded_now
    for system, reference in landed.items():
        assert scene.land(system, again.document_sha256) == replace(reference, landed_now=False)


def test_rows_say_what_was_decided_asked_for_and_found_again(scene: Scene, landed: dict[str, LandingReference]) -> None:
    idp, erp, bank = (by_account(scene, landed[system]) for system in SYSTEMS)
    assert {name: row["decision"] for name, row in {**idp, **erp, **bank}.items()} == {
        "i1": "keep", "i2": "keep", "i3": "keep", "i4": "change", "e1": "revoke", "e2": "revoke", "e3": "keep", ATTACK: "keep",
        "b1": "revoke", "b2": "keep", "b3": "keep",
    }  # fmt: skip
    proven = {name: (row["proof"], row["carried_out_in_time"]) for name, row in {**idp, **erp, **bank}.items() if row["proof"]}
    assert proven == {
        "i4": ("changed", True), "e1": ("removed", True), "e2": ("still there", False), "b1": ("still there", False),
    }  # fmt: skip
    assert (idp["i4"]["proof_changed"], idp["i4"]["after_sha256"] is None, erp["e1"]["after_sha256"]) == (
        "privileged",
        False,
        None,
    )
    assert [row["ticket"] for row in (idp["i4"], erp["e1"], erp["e2"], bank["b1"], idp["i1"])][-1] is None
    assert sorted(str(row["ticket"]) for row in (idp["i4"], erp["e1"], erp["e2"], bank["b1"])) == [
        f"SEC-{n}" for n in range(1, 5)
    ]
    assert {row["signed_off_by"] for row in (*idp.values(), *erp.values(), *bank.values())} == {ROB}
    assert all(row["signed_off_by_another"] for row in (*idp.values(), *erp.values(), *bank.values()))
    assert (idp["i3"]["reviewer"], idp["i3"]["reviewer_is_holder"]) == (MIA, False)
    assert {row["reviewer_relation"] for row in idp.values()} == {"same manager", "manager of the holder"}
    assert (erp["e1"]["batch"], erp["e1"]["dwell_ms"], erp["e1"]["kept_per_mille"]) == (2, 8_000, 571)
    assert {name: row["revoked_before"] for name, row in bank.items()} == {"b1": False, "b2": True, "b3": False}
    assert bank["b3"]["since_last"] == "new"


SEEDED = [
    ("idp", "access_ended_with_employment", "i2", Result.NOT_MET),
    ("idp", "no_terminated_access_kept", "i2", Result.NOT_MET),
    ("erp", "somebody_answers_for_it", "e1", Result.NOT_MET),
    ("erp", "service_accounts_have_an_owner", "e2", Result.NOT_MET),
    ("erp", "no_toxic_combination", "e3", Result.NOT_MET),
    ("bank", "no_toxic_combination", "b1", Result.NOT_MET),
    ("bank", "carried_out_in_time", "b1", Result.NOT_MET),
    ("erp", "carried_out_in_time", "e2", Result.NOT_MET),
    ("erp", "access_ended_with_employment", "e1", Result.NOT_DETERMINABLE),
]


@pytest.mark.parametrize(("system", "rule", "account", "result"), SEEDED)
def test_each_seeded_case_leads_to_its_rule_result(
    scene: Scene, landed: dict[str, LandingReference], system: str, rule: str, account: str, result: Result
) -> None:
    listed = scene.rows(landed[system], "rule_result")
    found = {json.loads(row["row_key"])["account"]: row["result"] for row in listed if row["rule"] == rule}
    assert found.get(account) == result
    [counted] = [each for each in scene.manifest(landed[system]).predicate["rule_results"] if each["rule"] == rule]
    assert counted["not_met"] == sum(each == Result.NOT_MET for each in found.values())


def test_what_was_found_counts_against_the_control_that_it_is_about(scene: Scene, landed: dict[str, LandingReference]) -> None:
    settings, bucket, now = scene.store.settings, scene.store.bucket("auditor"), scene.store.clock()
    program = read_program(settings)
    period = choose_period(program.scope.observation_periods, "2026-H1", now.date())
    with tempfile.TemporaryDirectory() as work:
        register = read_register(
            settings, bucket, program, status(program, read_facts(bucket, now), period, now), landings(bucket, superseded=True),
            Path(work),
        )  # fmt: skip
    shown = [each for each in register.deviations if each.observed.control == CONTROL and each.observed.rule]
    against = {(each.observed.rule, each.against_control) for each in shown}
    assert against == {
        ("access_ended_with_employment", OFFBOARDING), ("somebody_answers_for_it", ONBOARDING),
        ("service_accounts_have_an_owner", ONBOARDING), ("no_toxic_combination", DUTIES), ("no_terminated_access_kept", CONTROL),
        ("carried_out_in_time", CONTROL),
    }  # fmt: skip
    assert len(shown) == sum(reference.potential_deviations for reference in landed.values())


def test_a_review_that_was_signed_off_performs_the_control(scene: Scene, landed: dict[str, LandingReference]) -> None:
    for reference in landed.values():
        said = scene.manifest(reference).predicate
        [shown] = said["performances"]["shown"]
        assert shown["name"] == f"{CONTROL}.{WINDOW}"
        assert said["window"]["key"] == WINDOW


def test_an_attempt_to_decide_on_the_own_access_is_refused_and_can_be_seen(
    scene: Scene, landed: dict[str, LandingReference]
) -> None:
    said = scene.manifest(landed["idp"]).predicate["ipe"]["inputs"]["refused"]
    assert (said["count"], said["why"]) == (1, {"the item is about the person": 1})
    [refused] = said["listed"]
    assert refused["by"] == IVO
    row = by_account(scene, landed["idp"])["i3"]
    assert row["item"] == refused["item"]
    assert row["response"] != refused["response"]
    page = scene.page(landed["idp"], "page-00000.html").decode()
    assert "the item is about the person" in page
    assert refused["response"] in page
    [listed] = [each for each in documents(scene, landed["idp"]) if each["refused"] == "1"]
    assert (listed["why"], listed["holding"], listed["refused_items"]) == ("the item is about the person (1)", "0", row["item"])


def documents(scene: Scene, reference: LandingReference) -> list[dict[str, str]]:
    """Return the landed list of documents."""
    return list(csv.DictReader(io.StringIO(scene.page(reference, "page-00002.csv").decode())))


def test_the_manifest_names_everything_that_the_rows_were_made_of(scene: Scene, landed: dict[str, LandingReference]) -> None:
    bucket = scene.store.bucket("auditor")
    inputs = scene.manifest(landed["erp"]).predicate["ipe"]["inputs"]
    for name in ("access", "roster", "roles", "before", "items", "removal", "decided_before"):
        for each in inputs[name]:
            assert hashlib.sha256(bucket.read(each["manifest_key"], None) or b"").hexdigest() == each["manifest_sha256"]
    assert [len(inputs[name]) for name in ("access", "items", "removal", "decided_before")] == [3, 1, 1, 1]
    named = [inputs["campaign"]["opened"], inputs["campaign"]["closed"], inputs["sign_off"]["record"]]
    named += inputs["responses"]["listed"] + inputs["tickets"]["listed"]
    for each in named:
        assert hashlib.sha256(bucket.read(each["key"], each["version_id"]) or b"").hexdigest() == each["sha256"]
    assert (inputs["responses"]["count"], inputs["tickets"]["count"]) == (8, 4)
    assert inputs["presented"] == {"named": 6, "there": 6}
    lines = "".join(f"{each['sha256']}  {each['key']}\n" for each in inputs["responses"]["listed"])
    assert hashlib.sha256(lines.encode()).hexdigest() == inputs["responses"]["sha256"]
    listed = {each["document"]: each["sha256"] for each in documents(scene, landed["erp"])}
    assert {each["key"]: each["sha256"] for each in named}.items() <= listed.items()
    signed = inputs["sign_off"]["signed"]
    assert (signed["by"], signed["was_asked_or_decided"]) == (ROB, False)


def test_what_was_signed_off_is_a_page_of_the_landing_to_the_byte(scene: Scene, landed: dict[str, LandingReference]) -> None:
    about = {row["signed_off_about_sha256"] for row in scene.rows(landed["bank"])}
    for reference in landed.values():
        assert {hashlib.sha256(scene.page(reference, "page-00003.json")).hexdigest()} == about
    document = json.loads(scene.page(landed["bank"], "page-00003.json"))
    assert document["systems"]["bank"]["unproven"]["count"] == 1
    assert document["refused"]["count"] == 1
    assert document["systems"]["bank"]["delta"] == {"new": 1, "changed": 0, "unchanged": 2, "gone": 0, "revoked_and_there": 1}
    [response] = {row["signed_off_response"] for row in scene.rows(landed["bank"])}
    assert response in " ".join(each["document"] for each in documents(scene, landed["bank"]))


class Page(HTMLParser):
    """What a page loads, runs and shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_packet_says_in_plain_words_what_is_not_proven_and_runs_nothing(
    scene: Scene, landed: dict[str, LandingReference]
) -> None:
    text = scene.page(landed["erp"], "page-00000.html").decode()
    page = Page(text)
    assert not {"script", "img", "link", "iframe", "object"} & set(page.tags)
    assert all(address.startswith("#section-") for address in page.addresses)
    assert "&lt;script&gt;" in text
    assert "still stands as it was frozen" in text
    assert "Of 2 revoked or changed, 1 are proven carried out in time, 1 are not" in text
    assert "SEC-" in text
    assert ROB in text
    assert "دور" in scene.page(landed["bank"], "page-00000.html").decode()


def test_the_csv_holds_every_row_and_nothing_that_a_spreadsheet_runs(scene: Scene, landed: dict[str, LandingReference]) -> None:
    rows = list(csv.DictReader(io.StringIO(scene.page(landed["erp"], "page-00001.csv").decode())))
    assert [row["#"] for row in rows] == ["1", "2", "3", "4"]
    assert {row["account"] for row in rows} == {"e1", "e2", "e3", f"'{ATTACK}"}
    for row in rows:
        assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())


def test_a_late_answer_is_kept_and_changes_no_landing(scene: Scene, landed: dict[str, LandingReference]) -> None:
    late = scene.decide(EVA, ["b1"])
    about = scene.prepare()
    assert not about.recorded_now
    assert scene.land("bank", about.document_sha256) == replace(landed["bank"], landed_now=False)
    assert late in {each.event for each in scene.answered().state.refused}


def test_who_was_asked_does_not_sign_off(scene: Scene, landed: dict[str, LandingReference]) -> None:
    about = scene.prepare().document_sha256
    refused = scene.sign_off(about, by=CLEO)
    state = scene.answered().state
    assert refused in {each.event for each in state.refused}
    assert [each.by for each in state.signed_off] == [ROB]


def test_tickets_are_recorded_once_each_with_what_they_are_about(scene: Scene, landed: dict[str, LandingReference]) -> None:
    assert len(scene.site.issues) == 4
    bucket = scene.store.bucket("auditor")
    place = scene.answered().place
    records = [
        read_record(bucket.read(key, None) or b"", key)
        for key in bucket.keys(f"{MANIFESTS}{place.partition}/")
        if ".record." in key
    ]
    tickets = [record for record in records if record.kind is RecordKind.TICKET]
    assert sorted(record.facts["ticket"] for record in tickets) == [f"SEC-{number}" for number in range(1, 5)]
    assert all("@" not in record.reason + json.dumps(record.facts) for record in tickets)
    before = scene.answered(BEFORE).place
    assert before != place


def test_a_stranger_finds_all_of_it_intact(scene: Scene, landed: dict[str, LandingReference]) -> None:
    scene.store.seal()
    assert scene.store.verify().outcome is Outcome.INTACT
