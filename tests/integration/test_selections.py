# SPDX-License-Identifier: Apache-2.0
"""The population of a whole period on a real object store: each row once, sealed, and a change of one row is another seal."""

from __future__ import annotations

import csv
import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from tests.stack import CONTROL, Store, merge, write_csv
from tests.verify_md import functions
from tieout.audit.selections import Method, choose_numbers, draw, draw_stratified, share
from tieout.cli import main
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.scope import load_scope
from tieout.errors import ConfigurationError
from tieout.evidence.keys import Scope
from tieout.evidence.layout import MANIFESTS, Class
from tieout.evidence.store import S3Store
from tieout.evidence.verify import Outcome
from tieout.flows.documents import firsts
from tieout.flows.sealed_population import PeriodPopulation, period_population
from tieout.flows.selection import (
    Fieldwork,
    Sealed,
    changed_since,
    find_seal,
    record_chosen,
    record_draw,
    seal_population,
    selections_of,
    windows_of,
)
from tieout.flows.status import read_program

pytestmark = pytest.mark.integration
SYSTEM, SEED = "shop_csv", "seed of an auditor"
JANUARY = [merge(number, f"2026-01-{number:02}") for number in range(1, 21)]
MARCH = [merge(100 + number, f"2026-03-{number:02}") for number in range(1, 11)]


@dataclass
class Landed:
    """Windows of one control, landed; each test lands windows of its own besides."""

    store: Store
    folder: Path
    extra: int = 0

    def land(self, window: str, rows: list[str], reason: str | None = None) -> None:
        self.store.land(SYSTEM, window, path=str(write_csv(self.folder / f"{window}.csv", rows)), reason=reason)

    def population(self) -> PeriodPopulation:
        with tempfile.TemporaryDirectory() as work:
            return period_population(self.store.settings, CONTROL, SYSTEM, self.period, self.store.bucket("auditor"), Path(work))

    @property
    def period(self) -> ObservationPeriod:
        periods = load_scope(self.store.settings.scope_file).observation_periods
        return next(each for each in periods if each.id == "2026-H1")

    def fieldwork(self) -> Fieldwork:
        signer, program = self.store.stack.installation.signer(Scope.LANDING), read_program(self.store.settings)
        return Fieldwork(self.store.settings, program, self.store.bucket(), signer, self.store.clock, "Security Lead")

    def fresh(self) -> Sealed:
        """Land one row more of February, and seal: a seal that no other test has selected from."""
        self.extra += 1
        rows = [merge(600 + number, "2026-02-03") for number in range(self.extra)]
        self.land("2026-02", rows, reason="One row more." if self.extra > 1 else None)
        return self.seal()

    def seal(self) -> Sealed:
        with tempfile.TemporaryDirectory() as work:
            return seal_population(self.fieldwork(), CONTROL, SYSTEM, self.period, Path(work))


@pytest.fixture(scope="module")
def landed(own_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Landed:
    made = Landed(own_store, tmp_path_factory.mktemp("drops"))
    made.land("2026-01", JANUARY)
    made.land("2026-03", MARCH)
    return made


def test_the_union_of_windows_is_one_population_and_a_change_of_one_row_is_told(landed: Landed) -> None:
    april = [merge(200 + number, f"2026-04-{number:02}") for number in range(1, 6)]
    landed.land("2026-04", april)
    found = landed.population()
    assert found.sealed.rows == sum(found.sealed.windows.values())
    assert {key: found.sealed.windows[key] for key in ("2026-01", "2026-03", "2026-04")} == {
        "2026-01": 20, "2026-03": 10, "2026-04": 5,
    }  # fmt: skip
    assert found.windows["2026-01"] == list(range(1, 21)), "in the order of the key, which is the commit here"
    assert (landed.population().sealed.seal, found.repeated) == (found.sealed.seal, 0)
    by_window = draw_stratified(found.sealed.seal, SEED, found.windows, share(found.sealed.windows, 9))
    assert len(by_window) == 9
    landed.land("2026-04", [*april[:-1], merge(205, "2026-04-05", pr="8")], reason="A request was corrected.")
    changed = landed.population()
    assert changed.sealed.rows == found.sealed.rows
    assert changed.sealed.seal != found.sealed.seal
    numbers = range(1, found.sealed.rows + 1)
    assert draw(changed.sealed.seal, SEED, numbers, 5) != draw(found.sealed.seal, SEED, numbers, 5)


def test_a_system_that_is_not_there_has_no_population(landed: Landed, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no system 'x'"):
        period_population(landed.store.settings, CONTROL, "x", landed.period, landed.store.bucket("auditor"), tmp_path)


def test_twenty_five_rows_come_back_as_exactly_those_in_two_stages(landed: Landed) -> None:
    sealed, fieldwork = landed.fresh(), landed.fieldwork()
    assert find_seal(fieldwork.store, sealed.population.seal[:12]).population == sealed.population
    interim, forward = [str(number) for number in range(1, 16)], [*(str(number) for number in range(21, 30)), "999"]
    for stage, asked in (("interim", interim), ("roll-forward", forward)):
        record_chosen(fieldwork, sealed, choose_numbers(asked, sealed.population.rows), asked, stage)
    own = [each for each in selections_of(fieldwork.store, sealed.population.seal) if each.method is Method.AUDITORS_OWN]
    first, second = own
    assert (first.numbers, first.facts["stage"], first.facts["not_there"]) == (tuple(range(1, 16)), "interim", [])
    assert (second.numbers, second.facts["not_there"]) == (tuple(range(21, 30)), ["999"]), "nothing takes its place"
    assert landed.store.verify().outcome is Outcome.INTACT


def test_a_second_draw_needs_a_reason_and_both_stay(landed: Landed) -> None:
    sealed, fieldwork = landed.fresh(), landed.fieldwork()
    first = record_draw(fieldwork, sealed, SEED, 5, "interim")
    assert first.numbers == draw(sealed.population.seal, SEED, range(1, sealed.population.rows + 1), 5)
    assert record_draw(fieldwork, sealed, SEED, 5, "interim").key == first.key, "the same draw is found"
    with pytest.raises(ConfigurationError, match="Say why there is another"):
        record_draw(fieldwork, sealed, f"{SEED} 2", 5, "interim")
    second = record_draw(fieldwork, sealed, f"{SEED} 2", 5, "interim", reason="The seed was known too early.")
    drawn = [each for each in selections_of(fieldwork.store, sealed.population.seal) if each.method is not Method.AUDITORS_OWN]
    assert [each.id for each in drawn] == [first.id, second.id]


def test_a_selection_of_a_population_that_has_changed_says_so(landed: Landed, tmp_path: Path) -> None:
    sealed = landed.fresh()
    assert changed_since(landed.fieldwork(), sealed, tmp_path) is None
    landed.land("2026-05", [merge(300, "2026-05-02")])
    changed = changed_since(landed.fieldwork(), sealed, tmp_path)
    assert changed is not None
    assert changed.sealed.rows == sealed.population.rows + 1
    assert landed.seal().population.seal == changed.sealed.seal


def copied(store: S3Store, folder: Path) -> Path:
    """Write the oldest version of everything under ``manifests/`` into a folder."""
    for version in firsts(store, MANIFESTS, (Class.MANIFEST, Class.RECORD)).values():
        path = folder / version.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.read(version.key, version.version_id) or b"")
    return folder


def test_plain_python_draws_what_stands_in_the_bucket_and_sees_that_a_population_has_changed(
    landed: Landed, repository: Path, tmp_path: Path
) -> None:
    sealed, fieldwork, ours = landed.fresh(), landed.fieldwork(), functions(repository)
    windows, sizes = windows_of(fieldwork, sealed, tmp_path), share(sealed.population.windows, 8)
    one = record_draw(fieldwork, sealed, f"{SEED} 3", 5, "interim", reason="Again.")
    other = record_draw(fieldwork, sealed, f"{SEED} 4", 8, "interim", windows, sizes, "By month.")
    folder = copied(fieldwork.store, tmp_path / "copy")
    population = ours["facts"](folder / sealed.key)["population"]
    assert ours["seal_of"](population) == sealed.population.seal
    said = ours["facts"](folder / one.key)
    assert ours["draw"](said["seal"], said["seed"], range(1, population["rows"] + 1), said["size"]) == said["numbers"]
    said = ours["facts"](folder / other.key)
    assert ours["draw_by_window"](said["seal"], said["seed"], windows, said["sizes"]) == said["numbers"]

    assert ours["changed_since"](population, folder) == ([], {})
    landed.land("2026-06", [merge(400, "2026-06-02")])
    before = landed.population().sealed.landings
    landed.fresh()
    superseded, others = ours["changed_since"](population, copied(fieldwork.store, tmp_path / "later"))
    now = landed.population().sealed.landings
    assert superseded == sorted(set(before) - set(now))
    assert set(others) == set(now) - set(population["landings"])
    assert {each["key"] for each in others.values()} == {"2026-02", "2026-06"}


def test_rows_with_their_numbers_and_windows_are_written_and_a_change_is_told(landed: Landed, tmp_path: Path) -> None:
    def run(*arguments: str, code: int = 0) -> Result:
        env = {**landed.store.environment("auditor"), "TIEOUT_HOME": str(landed.store.settings.home)}
        done = CliRunner().invoke(main, ["selection", *arguments], env=env)
        assert done.exit_code == code, (done.output, done.exception)
        return done

    sealed = landed.fresh()
    seal = sealed.population.seal[:16]
    paths = [Path(line) for line in run("rows", seal, "--to", str(tmp_path / "out")).stdout.splitlines()[:2]]
    with paths[0].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(each["#"]) for each in rows] == list(range(1, sealed.population.rows + 1))
    assert Counter(each["window"] for each in rows) == {key: count for key, count in sealed.population.windows.items() if count}
    assert [each["sha"] for each in rows] == sorted(each["sha"] for each in rows)
    sheet = openpyxl.load_workbook(paths[1]).active
    assert [cell.value for cell in sheet["A"]][1:] == [int(each["#"]) for each in rows]
    assert "as it was sealed" in run("changed", seal).stdout

    rows_before = sealed.population.windows["2026-02"]
    landed.fresh()
    said = run("changed", seal, code=1).stdout
    assert f"  2026-02  {rows_before} rows then, {rows_before + 1} now\n" in said
    assert "  new in it: " in said
    done = run("rows", seal, "--to", str(tmp_path / "later"), code=1)
    assert "the population has changed since" in done.stderr
    assert not (tmp_path / "later").exists()


def test_an_auditors_file_is_selected_by_the_command(landed: Landed, tmp_path: Path) -> None:
    env = {
        **landed.store.environment("writer"), "TIEOUT_HOME": str(landed.store.settings.home),
        "TIEOUT_LANDING_KEY": landed.store.stack.installation.key_uri(Scope.LANDING),
    }  # fmt: skip

    def run(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, ["selection", *arguments], env=env)
        assert done.exit_code == code, (done.output, done.exception)
        return done

    landed.fresh()
    said = run("seal", "--control", CONTROL, "--system", SYSTEM, "--period", "2026-H1", "--by", "Security Lead").stdout
    seal = re.search(r"seal ([0-9a-f]{64})", said)
    assert seal is not None
    asked = tmp_path / "sample.xlsx"
    book = openpyxl.Workbook()
    for row in (["Sample of Example CPAs"], [], ["Sample", "#", "Note"], [1, 4, "x"], [2, 17, None], [], [3, 4000, None]):
        book.active.append(row)
    book.save(asked)
    done = run("import", seal[1][:16], str(asked), "--stage", "interim", "--by", "Security Lead", code=1)
    assert "2 rows: 4, 17" in done.stdout
    assert "not available: 4000" in done.stderr
    keys = tmp_path / "keys.csv"
    keys.write_text(f"sha\n{2:040x}\n{1:040x}\n")
    done = run("import", seal[1][:16], str(keys), "--keys", "--column", "sha", "--stage", "walkthrough", "--by", "Security Lead")
    assert "2 rows: 2, 1" in done.stdout
    run("draw", seal[1][:16], "--seed", SEED, "--size", "6", "--by-window", "--by", "Security Lead", "--reason", "By month.")
    listed = run("list", seal[1][:12]).stdout
    assert "walkthrough" in listed
    assert "stratified by window" in listed
