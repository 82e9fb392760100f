# SPDX-License-Identifier: Apache-2.0
"""Real merges through two doors against a ticket list with 3 % of its tickets missing: exactly those are found and explained.

TEST_MERGES_FOLDER names a folder with further files in the sample's form; each is tested like the sample.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner

from tests.program import LIBRARY, stamp
from tests.stack import Store, running_store
from tieout.audit.explanations import alike
from tieout.cli import main
from tieout.criteria.periods import ObservationPeriod, WindowKind, windows_between
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.evidence.keys import Scope
from tieout.evidence.landing import LandingReference
from tieout.evidence.manifest import read_manifest
from tieout.evidence.rowhash import rows_sha256
from tieout.evidence.verify import Outcome
from tieout.flows.explain import explain_alike
from tieout.flows.index import landings
from tieout.flows.reconciliation import plan_reconciliation, reconcile_window
from tieout.flows.reconciliation_state import ReconciledWindow, read_reconciliations, reconciliation_points, reconciliations_due
from tieout.flows.status import Program, read_facts, read_program, status
from tieout.flows.true_up import landed_parts
from tieout.local.samples import rebuild_repository

pytestmark = pytest.mark.integration

CHANGES, TICKETS = "cc8_1_change_management", "cc8_1_change_tickets"
CSV, GIT, TOOL = "shop_csv", "shop_git", "ticket_tool"
RULES = ("tickets", "tickets_of_repository", "export_to_repository")
TICKET_RULES = RULES[:2]
SEED, SHARE = 20260101, 0.03
ZONE = ZoneInfo("UTC")
SAMPLE = LIBRARY.parents[1] / "samples" / "protected_branch_merges.csv.gz"
FILES = [SAMPLE, *sorted(Path(os.environ.get("TEST_MERGES_FOLDER", "/nonexistent")).glob("*.csv.gz"))]


@dataclass
class Scene:
    """A program whose changes have landed through two doors, and whose tickets have landed but for those that are missing."""

    store: Store
    merges: list[dict[str, str]]
    gone: set[str]
    period: ObservationPeriod
    windows: list[str]

    @property
    def program(self) -> Program:
        return read_program(self.store.settings)

    def reconcile(self, reconciliation: str, window: str) -> LandingReference:
        """Reconcile one window."""
        plan = plan_reconciliation(self.store.settings, CHANGES, reconciliation, window)
        signer = self.store.stack.installation.signer(Scope.LANDING)
        with tempfile.TemporaryDirectory() as work:
            return reconcile_window(plan, self.store.bucket(), signer, self.store.clock, Path(work), None)[0]

    def due(self) -> list[tuple[str, str, str]]:
        """Return what the DAG would do now."""
        bucket, now = self.store.bucket(), self.store.clock()
        return reconciliations_due(bucket, self.program, read_facts(bucket, now), self.period, now)

    def land_tickets(self, without: set[str], windows: list[str], reason: str | None = None) -> None:
        """Land windows of the ticket list, but for those that are missing."""
        write_tickets(self.store.settings.home, self.merges, without)
        for window in windows:
            self.store.land_as_of(TICKETS, TOOL, window, self.store.clock(), reason)

    def read(self) -> list[ReconciledWindow]:
        """Return every window that is reconciled, as the auditor reads them."""
        bucket, now = self.store.bucket("auditor"), self.store.clock()
        with tempfile.TemporaryDirectory() as work:
            return read_reconciliations(bucket, self.program, read_facts(bucket, now), self.period, now, Path(work))


def rows_of(read: list[ReconciledWindow]) -> dict[str, list[dict[str, Any]]]:
    """Return every difference, by reconciliation."""
    return {rule: [row for each in read if each.reconciliation == rule for row, _ in each.differences] for rule in RULES}


def write_program(home: Path, sample: Path, period: ObservationPeriod) -> None:
    """Write two controls and the scope around them: changes against themselves and against tickets, by quarters."""
    folder = home / "include" / "criteria"
    changes = yaml.safe_load((LIBRARY / f"{CHANGES}.yaml").read_text())
    changes["systems"][0]["parameters"]["path"] = str(sample)
    against = {
        "other": {"control": TICKETS, "system": TOOL},
        "match": {"pull_request": "case_id"},
        "extract_there": {"case_id": r"CHG-(\d+)"},
        "only_here": "A change reached the branch without a ticket.",
        "only_there": "A ticket led to no change.",
        "days_before": 7,
    }
    changes["reconciliations"] += [{"id": "tickets", "system": CSV, **against}]
    changes["reconciliations"] += [{"id": "tickets_of_repository", "system": GIT, **against}]
    tickets = yaml.safe_load((LIBRARY / "cc8_1_emergency_changes.yaml").read_text())
    tickets["systems"][0] |= {"system": TOOL, "parameters": {"path": "drop/tickets.csv"}}
    tickets.pop("reconciliations")
    for name, said in ((CHANGES, changes), (TICKETS, tickets)):
        said["extraction_schedule"] = {"window": "quarterly", "grace_days": 90}
        (folder / "controls" / f"{name}.yaml").write_text(yaml.safe_dump(said, sort_keys=False))
    scope = {
        "system_name": "Shop",
        "time_zone": "UTC",
        "observation_periods": [period.model_dump(mode="json")],
        "categories": [{"category": "security", "effective_from": "2020-01-01"}],
        "systems": [{"system": name, "name": name, "owner": "Head of Engineering"} for name in (CSV, GIT, TOOL)],
    }
    (folder / "scope.yaml").write_text(yaml.safe_dump(scope, sort_keys=False))


def write_tickets(home: Path, merges: list[dict[str, str]], without: set[str]) -> None:
    """Write the ticket list: a ticket for each pull request, opened three days before, but for those that are missing."""
    names = ("case_id", "case_type", "opened_at", "due_at", "closed_at", "handled_by", "approver", "outcome",
             "requester_verified", "closed_in_time", "reference")  # fmt: skip
    first = datetime.fromisoformat(min(each["committed_at"] for each in merges))
    (home / "drop").mkdir(exist_ok=True)
    with (home / "drop" / "tickets.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        for merge in merges:
            if not merge["pull_request"] or merge["pull_request"] in without:
                continue
            at = datetime.fromisoformat(merge["committed_at"])
            times = {"opened_at": max(at - timedelta(days=3), first), "due_at": at, "closed_at": at}
            said = {"case_id": f"CHG-{merge['pull_request']}", "case_type": "change", "closed_in_time": "true"}
            writer.writerow(said | {name: stamp(value) for name, value in times.items()})


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.name.partition(".")[0])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Scene]:
    """Land a data set through both doors, and its tickets."""
    with gzip.open(request.param, "rt", encoding="utf-8", newline="") as file:
        merges = list(csv.DictReader(file))
    days = [date.fromisoformat(each["committed_at"][:10]) for each in merges]
    quarters = list(windows_between(WindowKind.QUARTERLY, min(days), max(days) + timedelta(days=1), ZONE))
    period = ObservationPeriod(id="real", type=2, first_day=quarters[0].start.date(), end_day=quarters[-1].end.date())
    tickets = sorted({each["pull_request"] for each in merges} - {""})
    gone = set(random.Random(SEED).sample(tickets, round(len(tickets) * SHARE)))
    with running_store(tmp_path_factory.mktemp("reconciliation"), repository) as store, pytest.MonkeyPatch.context() as patch:
        home = store.settings.home
        write_program(home, request.param, period)
        rebuild_repository(request.param, home / ".tieout" / "samples" / "protected_branch.git")
        for name, value in store.environment("auditor").items():
            patch.setenv(name, value)
        patch.setenv("TIEOUT_HOME", str(home))
        made = Scene(store, merges, gone, period, [each.key for each in quarters])
        for window in made.windows:
            store.land_as_of(CHANGES, CSV, window, store.clock())
            store.land_as_of(CHANGES, GIT, window, store.clock())
        yield made


def population(scene: Scene, system: str, without: list[str]) -> pa.Table:
    """Return what landed of the changes through one door, without some columns, in an order of the rest."""
    bucket = scene.store.bucket("auditor")
    with tempfile.TemporaryDirectory() as work:
        rows = [row for row in landings(bucket, control=CHANGES) if row["system"] == system and row["window"] in scene.windows]
        parts = [part for row in rows for part in landed_parts(bucket, row, "change_record", Path(work))]
    table = pa.concat_tables(parts).drop_columns(["_landing", *without])
    return table.sort_by([(name, "ascending") for name in table.column_names])


def test_both_doors_land_the_same_rows(scene: Scene) -> None:
    # The repository is rebuilt, and its commit ids are its own; everything else is the same row for row.
    through_csv, through_git = (population(scene, system, ["system", "sha"]) for system in (CSV, GIT))
    assert through_csv.num_rows == through_git.num_rows == len(scene.merges)
    assert rows_sha256(through_csv) == rows_sha256(through_git)
    assert rows_sha256(population(scene, CSV, ["system"])) != rows_sha256(population(scene, GIT, ["system"]))


@dataclass
class Story:
    """What reconciling came to, told once: tests run in any order."""

    refused: str
    due: dict[str, list[tuple[str, str, str]]]
    first: list[LandingReference]
    again: list[LandingReference]
    rows: dict[str, list[dict[str, Any]]]
    points: dict[str, list[str]]
    listed: Any
    explained: Any
    inputs: dict[str, Any]
    landed: dict[str, str]
    corrected: dict[str, list[dict[str, Any]]]
    superseded: dict[str, Any]


@pytest.fixture(scope="module")
def story(scene: Scene) -> Story:
    """Wait for the tickets, reconcile, explain, then find the missing tickets and reconcile again."""

    def open_in(read: list[ReconciledWindow]) -> list[str]:
        return reconciliation_points(scene.program, scene.period, read)

    due, points = {"before": scene.due()}, {"before": open_in(scene.read())}
    with pytest.raises(ExtractionRefused) as refused:
        scene.reconcile("tickets", scene.windows[0])
    scene.land_tickets(scene.gone, scene.windows)
    due["landed"] = scene.due()
    first = [scene.reconcile(rule, window) for rule in RULES for window in scene.windows]
    again = [scene.reconcile(rule, scene.windows[0]) for rule in RULES]
    due["reconciled"], read = scene.due(), scene.read()
    rows, points["reconciled"] = rows_of(read), open_in(read)
    auditor = scene.store.bucket("auditor")
    data = auditor.read(first[0].manifest_key, None) or b""
    inputs = read_manifest(data, first[0].manifest_key).predicate["ipe"]
    landed = {row["landing"]: row["manifest_sha256"] for row in landings(auditor)}
    explained = explain_all(scene, read)
    listed = run("reconciliations", "--period", "real", "--json")
    points["explained"] = open_in(scene.read())
    scene.land_tickets(set(), scene.windows[1:2], "The tool's archive had been left out of the export.")
    due["corrected"], points["corrected"] = scene.due(), open_in(scene.read())
    second = [scene.reconcile(rule, window) for _, rule, window in due["corrected"]]
    manifests = [read_manifest(auditor.read(each.manifest_key, None) or b"", each.manifest_key) for each in second]
    due["end"], read = scene.due(), scene.read()
    points["end"] = open_in(read)
    superseded = next(each.predicate["supersedes"] for each in manifests if each.predicate["supersedes"])
    return Story(
        str(refused.value), due, first, again, rows, points, listed, explained, inputs, landed, rows_of(read), superseded
    )  # fmt: skip


def run(*arguments: str, **variables: str) -> Any:
    """Run the command; the tests are the auditor unless they say otherwise."""
    return CliRunner().invoke(main, [*arguments], env=variables or None)


def explain_all(scene: Scene, read: list[ReconciledWindow]) -> Any:
    """Explain the rows without ticket of one window on the command line, one by one, as the writer; the others by their kind."""
    store = scene.store
    bucket, now, signer = store.bucket(), store.clock(), store.stack.installation.signer(Scope.LANDING)
    found = status(scene.program, read_facts(bucket, now), scene.period, now)
    one = next(each for each in read if (each.reconciliation, each.of) == ("tickets", scene.windows[2]))
    for each in read:
        for difference, columns in sorted({alike(row) for row, _ in each.differences}, key=str):
            if each is not one or difference != "only here":
                explain_alike(store.settings, bucket, signer, found, each, difference, columns, "Archived.", "CTO", now)
    writer = {**store.environment("writer"), "TIEOUT_LANDING_KEY": store.stack.installation.key_uri(Scope.LANDING)}
    keys = [json.loads(row["row_key"])["sha"] for row, _ in one.differences if row["difference"] == "only here"]
    named = [each for key in keys for each in ("--row", key)]
    said = ("explain", CHANGES, "--period", "real", "--reconciliation", one.reconciliation, "--window", one.of, "--by", "CTO")
    return run(*said, *named, "--reason", "The ticket is in the archive.", **writer)


def shas(rows: list[dict[str, Any]], difference: str) -> set[str]:
    """Return the commits that a kind of difference names."""
    return {json.loads(row["row_key"])["sha"] for row in rows if row["difference"] == difference}


def test_a_window_waits_until_both_sides_have_landed(scene: Scene, story: Story) -> None:
    first = scene.windows[0]
    assert f"{CHANGES}: reconciliation tickets of {first} awaits window {first} of {TICKETS} {TOOL}" in story.refused
    assert story.due["before"] == [(CHANGES, "export_to_repository", window) for window in scene.windows]
    assert sorted(story.due["landed"]) == sorted((CHANGES, rule, window) for rule in RULES for window in scene.windows)
    assert story.due["reconciled"] == []


def test_exactly_the_changes_without_a_ticket_are_found(scene: Scene, story: Story) -> None:
    rows = story.rows["tickets"]
    expected = {each["sha"] for each in scene.merges if each["pull_request"] in scene.gone}
    unnumbered = {each["sha"] for each in scene.merges if not each["pull_request"]}
    assert len(expected) == len(scene.gone) == round(len({each["pull_request"] for each in scene.merges} - {""}) * SHARE)
    assert shas(rows, "only here") == expected
    assert shas(rows, "not determinable") == unnumbered
    assert len(rows) == len(expected) + len(unnumbered)
    print(
        f"{len(scene.merges)} changes, {len(scene.gone)} tickets missing, {len(expected)} found, {len(unnumbered)} without number"
    )
    assert {row["meaning"] for row in rows if row["difference"] == "only here"} == {
        "A change reached the branch without a ticket."
    }
    assert {row["differing_columns"] for row in rows if row["difference"] == "not determinable"} <= {"pull_request"}


def test_the_repository_shows_the_same_differences_as_the_export(story: Story) -> None:
    def of(rule: str) -> Counter[tuple[str, str | None, datetime]]:
        return Counter((row["difference"], row["reference"], row["placed_at"]) for row in story.rows[rule])

    assert of("tickets") == of("tickets_of_repository")
    assert story.rows["export_to_repository"] == []


def test_each_row_names_its_landing_and_the_manifest_both_sides(scene: Scene, story: Story) -> None:
    assert {row["landing"] for row in story.rows["tickets"]} <= set(story.landed)
    assert all(row["landing"].startswith(f"{CSV}-") for row in story.rows["tickets"])
    said = story.inputs
    assert said["kind"] == "report used in a control"
    here, there = said["inputs"]["here"], said["inputs"]["there"]
    assert ((here["control"], here["system"]), (there["control"], there["system"])) == ((CHANGES, CSV), (TICKETS, TOOL))
    # A ticket may lie a week before its change, so that a change may lie a week after its ticket's window.
    assert [each["window"] for each in here["landings"]] == scene.windows[:2]
    assert [each["window"] for each in there["landings"]] == scene.windows[:1]
    for side in (here, there):
        for each in side["landings"]:
            assert story.landed[each["landing"]] == each["manifest_sha256"]
            assert len(each["rows_sha256"]) == 64


def test_reconciling_again_lands_nothing(story: Story) -> None:
    assert all(each.landed_now for each in story.first)
    assert not any(each.landed_now for each in story.again)
    standing = {each.landing: each.manifest_sha256 for each in story.first}
    assert all(standing[each.landing] == each.manifest_sha256 for each in story.again)


def test_a_period_is_open_until_each_difference_is_explained(scene: Scene, story: Story) -> None:
    assert len(story.points["before"]) == len(RULES) * len(scene.windows)
    assert all(point.endswith("is not made") for point in story.points["before"])
    counts = Counter((row["reconciliation"], row["window"]) for rule in TICKET_RULES for row in story.rows[rule])
    assert sorted(story.points["reconciled"]) == sorted(
        f"{CHANGES}: reconciliation {rule} of window {window}: {count} differences are not explained"
        for (rule, window), count in counts.items()
    )
    assert story.explained.exit_code == 0, story.explained.output
    assert story.points["explained"] == []
    assert story.listed.exit_code == 0, story.listed.output
    listed = json.loads(story.listed.stdout)
    assert sum(len(each["differences"]) for each in listed["reconciled"]) == sum(counts.values())
    assert listed["owed"] == []


def test_once_tickets_are_found_their_windows_reconcile_again_with_a_reason(scene: Scene, story: Story) -> None:
    # Partners may lie a week before the window: the next one was made of the list that is superseded, too.
    again = [(CHANGES, rule, window) for rule in TICKET_RULES for window in scene.windows[1:3]]
    assert sorted(story.due["corrected"]) == sorted(again)
    assert len([point for point in story.points["corrected"] if "made of something else than what stands now" in point]) == 4
    # An explanation of one row holds as long as the row says the same; one of a kind was about the landing that is superseded.
    left = Counter(
        (row["reconciliation"], row["window"])
        for rule in TICKET_RULES
        for row in story.corrected[rule]
        if row["window"] in scene.windows[1:3]
        and (rule, row["window"], row["difference"]) != ("tickets", scene.windows[2], "only here")
    )
    assert story.due["end"] == []
    assert sorted(story.points["end"]) == sorted(
        f"{CHANGES}: reconciliation {rule} of window {window}: {count} differences are not explained"
        for (rule, window), count in left.items()
    )
    found = shas(story.rows["tickets"], "only here") - shas(story.corrected["tickets"], "only here")
    tickets = {each["pull_request"] for each in scene.merges if each["sha"] in found}
    assert tickets
    assert tickets < scene.gone
    assert shas(story.corrected["tickets"], "not determinable") == shas(story.rows["tickets"], "not determinable")
    assert story.superseded["reason"].startswith("Reconciled again: new landings of there: ticket_tool-")


def test_all_of_it_is_intact(scene: Scene, story: Story) -> None:
    del story
    report = scene.store.verify()
    broken = [each for each in report.landings if each.outcome is not Outcome.INTACT]
    assert broken == []


def test_a_reconciliation_with_a_control_that_is_not_there_says_so(scene: Scene) -> None:
    with pytest.raises(ConfigurationError, match="no reconciliation 'ticket' in this control"):
        scene.reconcile("ticket", scene.windows[0])
