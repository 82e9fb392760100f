# SPDX-License-Identifier: Apache-2.0
"""A package of four months on a real object store: checked offline, opened, counted again, and made again."""

from __future__ import annotations

import csv
import hashlib
import html
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from openpyxl.worksheet.worksheet import Worksheet
from playwright.sync_api import Browser
from trestle.oscal.component import ComponentDefinition
from trestle.oscal.poam import PlanOfActionAndMilestones

from tests.bare import bare_python
from tests.browser.driving import running_chromium
from tests.integration.package_scene import (
    ALERTS,
    CHANGES,
    HOSTILE,
    INTERIM,
    LEAVERS,
    PAUSED,
    REVIEWS,
    ROLL_FORWARD,
    Scene,
    make_scene,
    unpacked,
)
from tests.package_figures import compare_figures, rows_of
from tests.program import merge_values, noon
from tests.stack import Store
from tests.verify_md import run_blocks
from tieout.audit.spreadsheet import neutralised
from tieout.criteria.performances import PerformanceState
from tieout.evidence import verify_package
from tieout.evidence.verify_package import Verification
from tieout.flows.status import read_facts, read_program, status

pytestmark = pytest.mark.integration


@dataclass
class Package:
    """A package, packed and unpacked, and the scene that it is of."""

    scene: Scene
    path: Path
    folder: Path
    output: str

    @property
    def head(self) -> str:
        said: str = json.loads((self.folder / "contents.json").read_text())["digest"]["sha256"]
        return said

    def verify(self, *paths: Path, head: bool = True, **options: Any) -> Verification:
        """Verify it, or another one of the same scene, as an auditor does a month later."""
        later = datetime.now(UTC) + timedelta(days=30)
        announced = self.head if head else None
        return verify_package.verify(list(paths or (self.path,)), self.scene.store.root, later, announced, **options)

    def table(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a table, from its CSV."""
        with (self.folder / "tables" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def package(own_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return the package of the period."""
    folder, scene = tmp_path_factory.mktemp("package"), make_scene(own_store)
    output = scene.package(folder / "simulated.zip")
    return Package(scene, folder / "simulated.zip", unpacked(folder / "simulated.zip", folder / "unpacked"), output)


@pytest.fixture(scope="module")
def book(package: Package) -> dict[str, Worksheet]:
    """Return the sheets of the evidence workbook."""
    opened = openpyxl.load_workbook(package.folder / "evidence-workbook.xlsx")
    return {sheet.title: sheet for sheet in opened}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a browser."""
    with running_chromium() as browser:
        yield browser


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- Checked offline -------------------------------------------------------------------------------------------------------


def test_it_verifies_offline_in_a_bare_environment(package: Package, repository: Path, tmp_path: Path) -> None:
    python = bare_python(repository, tmp_path)
    program = repository / "plugins" / "tieout" / "evidence" / "verify_package.py"
    command = [str(python), "-I", str(program), str(package.path), "--root", package.scene.store.root, "--head", package.head]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env={"no_proxy": "*"})
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert said[-1] == "intact 21/21"
    assert re.fullmatch(r"not in it: [1-9]\d* objects of other observation periods", said[-2])
    assert package.verify(package.folder).outcome == "intact", "unpacked, it is the same"


def test_its_verify_md_confirms_it_with_public_tools(package: Package) -> None:
    bucket = package.folder / "bucket"
    manifest = next(path for path in bucket.rglob("*.dsse.json") if path.name.startswith("idp-")).relative_to(bucket).as_posix()
    record = next(bucket.rglob(f"{package.scene.selections['drawn']}.record.dsse.json")).relative_to(bucket).as_posix()
    page, root, period = package.folder / "VERIFY.md", package.scene.store.root, package.scene.program.period
    done = run_blocks(page, bucket, root, manifest, RECORD=record, PERIOD=period)
    assert done.returncode == 0, done.stderr
    assert "record: selection, signed at" in done.stdout
    assert run_blocks(page, bucket, root, manifest).returncode != 0, "objects of the period before are not in it"


def test_as_of_an_old_digest_it_is_intact_only_to_who_knows_that_digest(package: Package) -> None:
    contents = package.folder / "contents.json"
    assert package.verify().outcome == "intact"
    moved = json.loads(contents.read_text())
    assert moved["digest"]["sequence"] == 1
    report = package.verify(head=False)
    assert report.outcome == "intact", "its period is over, and the digest came after that"


def test_what_is_changed_in_it_is_found(package: Package, tmp_path: Path) -> None:
    part = next((package.folder / "bucket" / "evidence").rglob("*.parquet")).relative_to(package.folder)
    response = next((package.folder / "bucket" / "responses").rglob("*.dsse.json")).relative_to(package.folder)
    ways: list[tuple[str, Callable[[Path], object], str]] = [
        ("a part", lambda folder: (folder / part).write_bytes(b"other"), "tampered"),
        ("no part", lambda folder: (folder / part).unlink(), "missing"),
        ("no response", lambda folder: (folder / response).unlink(), "missing"),
        ("a page", lambda folder: (folder / "index.html").write_text("fine"), "tampered"),
        ("no table", lambda folder: (folder / "tables" / "deviations.csv").unlink(), "missing"),
        ("a stray page", lambda folder: (folder / "report.html").write_text("all is well"), "tampered"),
        ("another digest", lambda folder: _say(folder, digest={"sha256": "0" * 64}), "tampered"),
        ("a later format", lambda folder: _say(folder, version=2), "cannot check"),
        ("another period", lambda folder: _say(folder, observation_period="before"), "missing"),
        ("by reference", lambda folder: (_say(folder, by_reference=True), (folder / part).unlink()), "missing"),
    ]
    for name, change, outcome in ways:
        folder = tmp_path / name
        shutil.copytree(package.folder, folder)
        change(folder)
        report = package.verify(folder)
        assert report.outcome == outcome, f"{name}: {report.as_text()[-600:]}"
        shutil.rmtree(folder)


def _say(folder: Path, **said: Any) -> None:
    path = folder / "contents.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **said}))


def test_large_objects_may_be_named_only_and_archives_may_be_several(package: Package, tmp_path: Path) -> None:
    said = package.scene.package(tmp_path / "named.zip", "--by-reference")
    assert "by reference" in said
    folder = unpacked(tmp_path / "named.zip", tmp_path / "named")
    assert not (folder / "bucket" / "evidence").exists()
    with (folder / "references.csv").open(newline="") as file:
        references = list(csv.DictReader(file))
    for each in references[:5]:
        key = each["uri"].partition("tieout-evidence/")[2]
        data = package.scene.store.bucket("auditor").read(key, each["version_id"]) or b""
        assert (hashlib.sha256(data).hexdigest(), str(len(data))) == (each["sha256"], each["bytes"])
    report = package.verify(folder, by_reference=True)
    assert (report.outcome, len(report.referred)) == ("intact", len(references))
    assert package.verify(folder).outcome == "missing", "who does not know that they are only named misses them"

    package.scene.package(tmp_path / "parts.zip", "--part-size", "0.0003")
    parts = sorted(tmp_path.glob("parts*.zip"))
    assert len(parts) > 1
    assert package.verify(*parts).outcome == "intact"
    assert package.verify(*parts[1:]).outcome != "intact"
    joined = tmp_path / "joined"
    for each in parts:
        unpacked(each, joined)
    assert package.verify(joined).outcome == "intact"


def test_a_prefix_of_a_bucket_holds_the_same_and_is_not_written_twice(package: Package) -> None:
    client = package.scene.store.client("admin")
    client.create_bucket(Bucket="for-auditors")
    environment = package.scene.store.environment
    package.scene.store.environment = lambda _name: environment("admin")  # type: ignore[method-assign] - who may write there
    try:
        package.scene.package("s3://for-auditors/simulated")
        first = _objects(client)
        package.scene.package("s3://for-auditors/simulated")
    finally:
        del package.scene.store.environment
    assert {key.removeprefix("simulated/") for key in first} == files_of(package.folder).keys()
    assert _objects(client) == first, "nothing was put again"


def _objects(client: Any) -> dict[str, Any]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="for-auditors")
    return {each["Key"]: each["LastModified"] for page in pages for each in page.get("Contents", ())}


# ---- Counted again ---------------------------------------------------------------------------------------------------------


def test_it_is_made_with_the_program_as_it_stood(package: Package, book: dict[str, Worksheet]) -> None:
    page = (package.folder / "index.html").read_text()
    assert "Controls, scope and contracts as of the snapshot of" in page
    assert {row["control"] for row in rows_of(book["controls"])} == {CHANGES, LEAVERS, REVIEWS, ALERTS}
    stated = {row["id"]: row for row in rows_of(book["scope"])}
    assert stated["PSC-1"]["text"] == "=Orders are kept for a year."
    assert "days of the period that no report covers" in stated["cloud_host"]["details"]
    assert (stated["CSOC-1"]["details"], stated["CUEC-1"]["controls"], stated["CUEC-9"]["controls"]) == (
        "Cloud Host",
        REVIEWS,
        LEAVERS,
    )


def test_every_figure_of_the_workbook_is_the_result_of_a_query(package: Package) -> None:
    compared = compare_figures(package.folder)
    assert min(compared[name] for name in ("figures", "landings", "performances", "selections")) > 10
    assert min(compared[name] for name in ("populations", "rules")) > 0
    assert compared["taken away"] > 20
    assert compared["true up differences"] == 1


def test_the_page_shows_the_figures_of_the_workbook(package: Package, book: dict[str, Worksheet]) -> None:
    page = (package.folder / "index.html").read_text()
    for row in rows_of(book["figures"]):
        assert re.search(rf'{re.escape(row["figure"])}</th><td class="number">{row["value"]:,}</td>', page), row


def test_every_deviation_and_every_late_and_missed_performance_is_in_it(package: Package, book: dict[str, Worksheet]) -> None:
    register, scene = package.scene.register(), package.scene
    listed = {row["deviation"]: row for row in rows_of(book["deviations"])}
    assert set(listed) == {each.id for each in register.deviations}
    assert {row["deviation"] for row in package.table("deviations")} == set(listed)
    kinds = Counter(row["kind"] for row in listed.values())
    assert (kinds["rule not met"], kinds["performed late"]) == (8, 2)
    assert Counter(row["state"] for row in listed.values()) == {"potential": 8, "confirmed": 2}, "an answer takes none away"
    at, program = scene.store.clock(), read_program(scene.settings)
    found = status(program, read_facts(scene.store.bucket(), at), scene.period, at)
    told = {PerformanceState.LATE, PerformanceState.NOT_PERFORMED, PerformanceState.NOT_DETERMINABLE}
    expected = {
        (standing.control, each.system, each.key, each.state.value)
        for standing in found.controls
        for each in standing.performances
        if each.state in told
    }
    sheet = {(row["control"], row["system"], row["performance"], row["state"]) for row in rows_of(book["performances"])}
    assert expected <= sheet
    page = (package.folder / "index.html").read_text()
    assert {control for control, *_ in expected} == {ALERTS, LEAVERS, REVIEWS}
    section = page.partition('id="performances"')[2].partition('id="deviations"')[0]
    for control, _, key, state in expected:
        assert control in section
        assert key in section
        assert state in section
    [missed] = [row for row in rows_of(book["extractions"]) if row["state"] == "not extracted"]
    assert (missed["control"], missed["window"]) == (ALERTS, scene.program.key(PAUSED))
    assert missed["document"] in {row["document"] for row in rows_of(book["taken away"])}
    plan = json.loads((package.folder / "oscal" / "plan-of-action-and-milestones.json").read_text())
    assert len(plan["plan-of-action-and-milestones"]["poam-items"]) == len(listed)


# ---- Selections ------------------------------------------------------------------------------------------------------------


def test_25_selected_rows_have_a_sheet_each_and_none_takes_the_place_of_another(package: Package) -> None:
    numbers = {"interim": INTERIM, "roll-forward": ROLL_FORWARD}
    assert sum(map(len, numbers.values())) == 25
    with (package.folder / "populations" / CHANGES / "shop_csv.csv").open(newline="") as file:
        population = {int(row["#"]): row for row in csv.DictReader(file)}
    for stage, wanted in numbers.items():
        page = (package.folder / "items" / f"{package.scene.selections[stage]}.html").read_text()
        assert [int(number) for number in re.findall(r'<h2 id="item-(\d+)">', page)] == list(wanted)
        for number in wanted:
            section = page.partition(f'id="item-{number}">')[2].partition("</section>")[0]
            assert population[number]["sha"] in section
            assert re.search(r"A pull request is referenced</th><td>(met|not met)</td>", section)
            assert re.search(r"raw page: intact", section)
            assert "not as it was signed" not in section
        assert ("9999: not available" in page) == (stage == "roll-forward")


# ---- Read by people and programs -------------------------------------------------------------------------------------------


def test_it_opens_in_a_browser_and_shuts_nobody_out(package: Package, chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    index = (package.folder / "index.html").as_uri()
    page.goto(index)
    picture = page.screenshot(full_page=True, path=tmp_path / "package.png")
    assert len(picture) > 100_000
    assert page.locator("figure.plot svg").count() >= 3
    for frame in page.locator("figure.plot svg").all():
        box = frame.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 50
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    broken = [
        link
        for link in page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
        if not link.startswith("#") and not (package.folder / link).exists()
    ]
    assert broken == []
    assert page.eval_on_selector_all("nav a", "links => links.every(link => document.querySelector(link.hash))")
    item = next((package.folder / "items").iterdir()).as_uri()
    page.goto(item)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert said == []
    assert set(asked) == {index, item}, "nothing else is loaded"
    page.close()


def test_the_workbook_opens_in_libreoffice_as_it_is(package: Package, book: dict[str, Worksheet], tmp_path: Path) -> None:
    office = shutil.which("soffice")
    assert office is not None, "make setup installs it"
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--norestore", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir",
               str(tmp_path / "out"), str(package.folder / "evidence-workbook.xlsx")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    opened = openpyxl.load_workbook(tmp_path / "out" / "evidence-workbook.xlsx")
    assert opened.sheetnames == list(book), "a workbook that is repaired loses sheets, or has others"
    for sheet in opened:
        theirs = [[_value(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        ours = [[_value(cell) for cell in row] for row in book[sheet.title].iter_rows(values_only=True)]
        assert theirs == ours, sheet.title


def _value(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.replace(microsecond=round(cell.microsecond, -3) % 1_000_000)
    booleans = {"=TRUE()": True, "=FALSE()": False, "": None}  # how it keeps them
    return booleans.get(cell, cell) if isinstance(cell, str) else cell


def test_oscal_documents_are_valid(package: Package) -> None:
    models = {"component-definition": ComponentDefinition, "plan-of-action-and-milestones": PlanOfActionAndMilestones}
    for name, model in models.items():
        assert model.oscal_read(package.folder / "oscal" / f"{name}.json") is not None


WORDS = re.compile(
    r"\b(exceptions?|findings?|deficienc(y|ies)|sampl(es?|ed|ing)|workpapers?|attestations?|opinions?|pass(es|ed)?)\b",
    re.IGNORECASE,
)


def test_no_word_of_the_auditors_is_used(package: Package) -> None:
    names = [*package.folder.glob("*.html"), *package.folder.glob("tables/*.csv"), *package.folder.glob("items/*.html"),
             *package.folder.glob("covers/*.html"), *package.folder.glob("oscal/*.json")]  # fmt: skip
    assert len(names) > 40
    catalogue = read_program(package.scene.settings).catalogue
    # What a criterion is about is told in its own terms: it says nothing of the evidence.
    about = [text for each in catalogue.in_scope(frozenset({"security"})) for text in (each.name, each.summary)]
    about += [point.summary for each in catalogue.in_scope(frozenset({"security"})) for point in each.points_of_focus]
    for path in names:
        text = html.unescape(re.sub(r"<style>.*?</style>", "", path.read_text(), flags=re.DOTALL))
        for each in sorted(about, key=len, reverse=True):
            text = text.replace(each, "").replace(each.replace('"', '""'), "")
        found = [text[max(0, each.start() - 60) : each.end() + 40] for each in WORDS.finditer(text)]
        assert found == [], path.name


class _Page(HTMLParser):
    """What a page holds that could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attributes if name in ("href", "src", "xlink:href", "action")]
        self.handlers += [name for name, _ in attributes if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_what_looks_like_a_formula_or_markup_is_inert(package: Package, book: dict[str, Worksheet]) -> None:
    cells = [cell for sheet in book.values() for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b", "d", "inlineStr"}, "no cell is a formula"
    suspects = [cell for cell in cells if isinstance(cell.value, str) and re.match("[=+@-]", cell.value)]
    assert {"=A merge was left out.", "@It is reviewed afterwards now.", "=Changes", "=Orders are kept for a year."} <= {
        cell.value for cell in suspects
    }
    assert all(cell.quotePrefix for cell in suspects), "editing one makes no formula of it"
    texts = []
    for path in package.folder.glob("**/*.csv"):
        if "bucket" not in path.relative_to(package.folder).parts:
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.reader(file):
                    texts += row
                    assert not [cell for cell in row if re.match(r"[=+@\t\r]|-(?!\d+(\.\d+)?$)", cell)], path.name
    assert {neutralised(value) for value in HOSTILE} <= set(texts)
    shown = ""
    for path in package.folder.glob("**/*.html"):
        page = _Page()
        page.feed(path.read_text())
        assert not page.tags & {"script", "iframe", "object", "embed", "form", "img", "link", "base"}, path.name
        assert page.handlers == []
        assert all(re.fullmatch(r"(#|\.\./)?[\w./=-]*", link) for link in page.links), path.name
        assert not any(link.startswith(("http", "javascript", "//", "data:")) for link in page.links)
        shown += "".join(page.texts)
    assert "=A merge was left out." in shown
    assert "The shop, <b>and nothing else</b>." in shown


# ---- Made again ------------------------------------------------------------------------------------------------------------


def test_made_again_it_is_the_same_and_later_it_differs_in_what_has_changed(package: Package, tmp_path: Path) -> None:
    scene = package.scene
    said = scene.program.read(REVIEWS)
    scene.program.write(REVIEWS, {**said, "title": "Another title, since"})  # the snapshot has the one that was true then
    scene.package(tmp_path / "again.zip")
    scene.program.write(REVIEWS, said)
    assert (tmp_path / "again.zip").read_bytes() == package.path.read_bytes()
    scene.program.add(CHANGES, "shop_csv", **merge_values(950, noon(scene.program.month(0), 26)))
    scene.program.drop(datetime.now(UTC) - timedelta(minutes=10))
    landed = scene.store.land_as_of(CHANGES, "shop_csv", scene.program.key(0), datetime.now(UTC), "One more was found.")
    scene.store.seal()
    scene.package(tmp_path / "later.zip", "--digest", "2")
    later = unpacked(tmp_path / "later.zip", tmp_path / "later")
    before, after = files_of(package.folder), files_of(later)
    assert before.keys() <= after.keys()
    changed = {name for name, data in before.items() if after[name] != data}
    tables = "figures|landings|populations|performances|extractions|taken-away|changes-to-the-tool|deviations|rules|requests-1"
    pages = r"index\.html|contents\.json|evidence-workbook\.xlsx|items/.*|oscal/.*\.json|covers/shop_csv-.*"
    expected = rf"{pages}|tables/({tables})\.csv|populations/{CHANGES}/.*"
    assert {name for name in changed if not re.fullmatch(expected, name)} == set()
    added = {name for name in after if name not in before}
    new = (landed.landing, "digests/", "index/")
    assert {name for name in added if not any(each in name for each in new)} == set()
    assert {f"tables/{name}.csv" for name in ("controls", "criteria", "scope", "selections")} <= after.keys() - changed
    items = (later / "items" / f"{scene.selections['interim']}.html").read_text()
    assert "The population has changed since it was sealed" in items
    assert verify_package.verify(tmp_path / "later.zip", scene.store.root, datetime.now(UTC)).outcome == "intact"


def test_a_type_1_speaks_as_of_a_day(package: Package, tmp_path: Path) -> None:
    day = package.scene.program.month(2) + timedelta(days=9)
    package.scene.package(tmp_path / "type1.zip", "--as-of", str(day))
    folder = unpacked(tmp_path / "type1.zip", tmp_path / "type1")
    page = (folder / "index.html").read_text()
    assert "Type 1" in page
    assert f"as of {day.day} {day:%B %Y}" in page
    with (folder / "tables" / "landings.csv").open(newline="") as file:
        windows = {row["window"] for row in csv.DictReader(file)}
    assert {each for each in windows if not each.startswith("true-up-")} == {package.scene.program.key(2)}
    head = json.loads((folder / "contents.json").read_text())["digest"]["sha256"]
    report = verify_package.verify(tmp_path / "type1.zip", package.scene.store.root, datetime.now(UTC), head)
    assert report.outcome == "intact", report.as_text()


def test_what_can_not_be_packaged_says_why_and_leaves_nothing(package: Package, tmp_path: Path) -> None:
    scene = package.scene
    assert "scope.yaml has no such period" in scene.package(tmp_path / "a.zip", "--period", "2031-H1", code=1)
    assert "expected 0 to" in scene.package(tmp_path / "a.zip", "--digest", "99", code=1)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("mine")
    assert "not there yet" in scene.package(tmp_path / "there", code=1)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
