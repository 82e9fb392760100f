# SPDX-License-Identifier: Apache-2.0
"""An auditor's walk: a row traced to its source, a population taken home, and a re-run that names what has changed."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from tests.stack import CONTROL, Store
from tests.unit.change_csv import line, sha, text
from tieout.cli import main
from tieout.evidence.keys import Scope
from tieout.evidence.landing import LandingReference
from tieout.evidence.records import RecordKind, read_record
from tieout.evidence.store import Retention
from tieout.evidence.verify import Outcome
from tieout.flows.documents import read_documents
from tieout.flows.snapshot import START, take_snapshot
from tieout.flows.status import read_program

pytestmark = pytest.mark.integration

FORMULA = '=HYPERLINK("http://evil.example";"x")'
ROWS = [
    line(1),
    line(2, author=f'"{FORMULA.replace(chr(34), chr(34) * 2)}"'),
    line(3, pull_request="+1+1"),
    line(4, change_type="@SUM(A1)"),
    line(5, committed_at="2026-05-01T00:00:00Z"),  # of another window
]


@dataclass
class Walk:
    """A landed window, where its source is, and a copy of the bucket."""

    store: Store
    landed: LandingReference
    drop: Path
    copy: Path

    def run(self, *arguments: str, identity: str | None = None, person_ids: bool = False) -> Result:
        """Run a command as an identity of the store, or, without one, with nothing but the copy."""
        environment: dict[str, str | None] = {}
        if identity:
            installation = self.store.stack.installation
            environment = {**self.store.environment(identity), "TIEOUT_HOME": str(installation.home)}
            if not person_ids:  # the window landed without
                environment = {name: value for name, value in environment.items() if "IDENTITY" not in name}
            environment["TIEOUT_LANDING_KEY"] = installation.key_uri(Scope.LANDING)
        else:
            environment = {"TIEOUT_HOME": str(self.copy.parent / "nowhere")}
        return CliRunner().invoke(main, arguments, env=environment)


@pytest.fixture(scope="module")
def walk(own_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    store, home = own_store, own_store.stack.installation.home
    control = home / "include" / "criteria" / "controls" / f"{CONTROL}.yaml"
    control.write_text(control.read_text().replace("include/samples/protected_branch_merges.csv.gz", "drop/in.csv"))
    drop = home / "drop" / "in.csv"
    drop.parent.mkdir()
    drop.write_text(text(*ROWS))
    landed = store.land("shop_csv", "2026-03")
    scope = read_program(store.settings).scope
    period = next(each for each in scope.observation_periods if each.id == "2026-H1")
    retention = Retention("COMPLIANCE", store.clock() + timedelta(days=2562), "AES256", "")
    signer = store.stack.installation.signer(Scope.LANDING)
    take_snapshot(store.settings, scope, period, START, store.bucket(), signer, retention, "a test", store.clock())
    store.seal()
    copy = tmp_path_factory.mktemp("auditor") / "copy"
    auditor = store.bucket("auditor")
    for key in auditor.keys(""):
        target = copy / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"".join(auditor.chunks(key) or []))
    return Walk(store, landed, drop, copy)


def facts(found: dict[str, Any], step: str) -> dict[str, Any]:
    (landing,) = found["landings"]
    return next(each["facts"] for each in landing["steps"] if each["step"] == step)


@pytest.mark.parametrize("identity", [None, "auditor"], ids=["copy, offline", "bucket"])
def test_a_row_is_traced_from_its_key_alone(walk: Walk, identity: str | None) -> None:
    where = [] if identity else ["--copy", str(walk.copy)]
    done = walk.run("trace", "change_record.v1", sha(2), *where, "--root", walk.store.root, "--json", identity=identity)
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["key"] == {"sha": sha(2)}  # the snapshot's contract says which column is the key's
    assert [step["outcome"] for step in found["landings"][0]["steps"]] == ["intact"] * 6
    assert facts(found, "row")["author (personal)"] == FORMULA
    assert facts(found, "row")["number in the population"] == 2
    assert facts(found, "manifest")["named by"] == "digest 1"
    assert facts(found, "raw page")["line 3"].startswith(sha(2))
    assert facts(found, "request")["source"].endswith("drop/in.csv")
    assert found["custody"] == ("checked" if identity else "not checked in a copy")


def test_a_bucket_that_was_meddled_with_is_no_intact_one(walk: Walk, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(walk.copy, tmp_path / "copy"))
    (page,) = (path for path in copy.glob("raw/**/page-*") if walk.landed.landing in path.as_posix())
    page.write_bytes(page.read_bytes() + b"\0")
    done = walk.run("trace", "change_record.v1", sha(1), "--copy", str(copy), "--root", walk.store.root)
    assert done.exit_code == 1
    assert "tampered" in done.output
    assert done.output.splitlines()[-1] == "tampered: 0 of 1 landings that hold the row are intact"


@pytest.mark.parametrize("identity", [None, "auditor"], ids=["copy, offline", "bucket"])
def test_a_population_goes_home_whole_and_runs_nothing(walk: Walk, tmp_path: Path, identity: str | None) -> None:
    where = [] if identity else ["--copy", str(walk.copy)]
    name = walk.landed.landing
    done = walk.run("population", name[:12], *where, "--root", walk.store.root, "--to", str(tmp_path / "out"), identity=identity)
    assert done.exit_code == 0, done.output
    files = {path.name.removeprefix(name): path for path in (tmp_path / "out").iterdir()}
    assert sorted(files) == [".cover.html", ".cover.txt", ".csv", ".xlsx"]
    with files[".csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["#"], row["sha"]) for row in rows] == [(str(number), sha(number)) for number in range(1, 5)]
    assert [rows[1]["author"], rows[2]["pull_request"], rows[3]["change_type"]] == [f"'{FORMULA}", "'+1+1", "'@SUM(A1)"]
    assert "_landing" not in rows[0]
    sheet = load_workbook(files[".xlsx"]).active
    heading, *body = list(sheet.iter_rows())
    names = [cell.value for cell in heading]
    formula = body[1][names.index("author")]
    assert (formula.value, formula.data_type, formula.quotePrefix) == (FORMULA, "s", True)
    assert {cell.data_type for row in body for cell in row} <= {"s", "n", "d", "b", "inlineStr"}
    assert body[0][names.index("committed_at (UTC)")].is_date
    page, said = files[".cover.html"].read_text(), files[".cover.txt"].read_text()
    digest = hashlib.sha256(files[".csv"].read_bytes()).hexdigest()
    for shown in (digest, walk.landed.manifest_sha256, walk.store.root, "drop/in.csv", "1 outside the window", CONTROL):
        assert shown in said
        assert shown in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_no_population_is_written_from_changed_parts(walk: Walk, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(walk.copy, tmp_path / "copy"))
    (part,) = copy.glob(f"evidence/change_record/**/{walk.landed.landing}-00000.parquet")
    part.write_bytes(part.read_bytes()[:-1] + b"0")
    arguments = ["population", walk.landed.landing, "--copy", str(copy), "--root", walk.store.root]
    done = walk.run(*arguments, "--to", str(tmp_path / "out"))
    assert done.exit_code == 1
    assert "No population is written from it: run tieout verify." in done.output
    assert not list(tmp_path.glob("out/*"))
    done = walk.run(*arguments)
    assert (done.exit_code, "tampered: signature of the manifest" in done.output) == (1, True)


@pytest.fixture
def changed_source(walk: Walk) -> Iterator[None]:
    before = walk.drop.read_text()
    walk.drop.write_text(text(line(1, pull_request="8"), *ROWS[1:3], line(6), ROWS[4]))  # 1 changed, 4 gone, 6 new
    yield
    walk.drop.write_text(before)


def test_a_rerun_of_an_unchanged_source_finds_nothing_and_records_that(walk: Walk) -> None:
    done = walk.run("rerun", walk.landed.landing, "--witness", "A. Auditor", "--json", identity="writer")
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["rows"] == []
    assert said["totals"]["then"]["rows"] == said["totals"]["now"]["rows"] == 4
    assert said["redefined"] == []


@pytest.mark.usefixtures("changed_source")
def test_a_rerun_names_exactly_the_rows_that_changed_and_lands_a_record_of_itself(walk: Walk, tmp_path: Path) -> None:
    before = {version.key for version in walk.store.bucket().versions("evidence/")}
    landings = len(read_documents(walk.store.bucket()).manifests)
    options = ["--witness", "A. Auditor, Audit LLP", "--by", "ops", "--listing", str(tmp_path / "listing"), "--keep-pages"]
    done = walk.run("rerun", walk.landed.landing, *options, identity="writer")
    assert done.exit_code == 1, done.output
    assert "differences: 1 added, 1 vanished, 1 changed" in done.output
    listed = [json.loads(each) for each in (tmp_path / "listing").read_text().splitlines()]
    assert [(each["difference"], json.loads(each["row_key"])["sha"], each["changed_columns"]) for each in listed] == [
        ("changed", sha(1), "pull_request"),
        ("vanished", sha(4), None),
        ("added", sha(6), None),
    ]
    key = done.output.rpartition(f"s3://{walk.store.bucket().bucket}/")[2].strip()
    record = read_record(walk.store.bucket().read(key, None) or b"", key)
    assert (record.kind, record.landing, record.by) == (RecordKind.RERUN, walk.landed.landing, "ops")
    differences = record.facts["differences"]
    assert (differences["added"], differences["vanished"], differences["changed"], differences["not_named"]) == (1, 1, 1, 0)
    assert differences["listing_sha256"] == hashlib.sha256((tmp_path / "listing").read_bytes()).hexdigest()
    assert record.facts["witness"] == "A. Auditor, Audit LLP"
    assert record.facts["ipe"]["pages"][0]["received_sha256"] == hashlib.sha256(walk.drop.read_bytes()).hexdigest()
    assert record.objects[0].key.startswith("raw/")
    # No row landed, the register says nothing was taken away, and everything is answered for.
    assert {version.key for version in walk.store.bucket().versions("evidence/")} == before
    assert len(read_documents(walk.store.bucket()).manifests) == landings
    walk.store.seal()
    assert walk.store.verify().outcome is Outcome.INTACT


@pytest.mark.usefixtures("changed_source")
def test_a_rerun_says_that_the_control_has_changed_since(walk: Walk) -> None:
    control = walk.store.stack.installation.home / "include" / "criteria" / "controls" / f"{CONTROL}.yaml"
    before = control.read_text()
    control.write_text(before + "# reworded\n")
    try:
        done = walk.run("rerun", walk.landed.landing, "--witness", "A. Auditor", identity="writer")
    finally:
        control.write_text(before)
    assert f"note: control {CONTROL}: its file has changed since the landing" in done.output


def test_a_rerun_says_that_person_ids_are_on_one_side_only(walk: Walk) -> None:
    done = walk.run("rerun", walk.landed.landing, "--witness", "A. Auditor", identity="writer", person_ids=True)
    assert done.exit_code == 1
    assert "note: person ids: off then, on now (TIEOUT_IDENTITY_KEY)" in done.output


def test_a_row_of_a_superseded_landing_is_shown_in_both_in_order(walk: Walk, tmp_path: Path) -> None:
    paths = [tmp_path / "first.csv", tmp_path / "second.csv"]
    for path, pull_request in zip(paths, ("7", "8"), strict=True):
        path.write_text(text(line(77, committed_at="2026-04-05T00:00:00Z", pull_request=pull_request)))
    first = walk.store.land("shop_csv", "2026-04", path=str(paths[0]))
    second = walk.store.land("shop_csv", "2026-04", path=str(paths[1]), reason="it was exported again")
    walk.store.seal()
    done = walk.run("trace", "change_record.v1", sha(77), "--root", walk.store.root, "--json", identity="auditor")
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)["landings"]
    assert [(each["landing"], each["standing"]) for each in found] == [
        (first.landing, "superseded"),
        (second.landing, "stands"),
    ]
    superseded = next(step["facts"] for step in found[0]["steps"] if step["step"] == "manifest")
    assert superseded["superseded by"] == f"{second.landing}: it was exported again"
