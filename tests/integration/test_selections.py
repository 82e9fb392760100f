# SPDX-License-Identifier: Apache-2.0
"""The population of a whole period on a real object store: each row once, sealed, and a change of one row is another seal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stack import CONTROL, Store, merge, write_csv
from tieout.audit.selections import draw, draw_stratified, share
from tieout.criteria.scope import load_scope
from tieout.errors import ConfigurationError
from tieout.flows.sealed_population import PeriodPopulation, period_population

pytestmark = pytest.mark.integration
SYSTEM, SEED = "shop_csv", "seed of an auditor"
JANUARY = [merge(number, f"2026-01-{number:02}") for number in range(1, 21)]
MARCH = [merge(100 + number, f"2026-03-{number:02}") for number in range(1, 11)]


@dataclass
class Landed:
    store: Store
    folder: Path

    def land(self, window: str, rows: list[str], reason: str | None = None) -> None:
        self.store.land(SYSTEM, window, path=str(write_csv(self.folder / f"{window}.csv", rows)), reason=reason)

    def population(self, work: Path, period: str = "2026-H1") -> PeriodPopulation:
        [found] = [each for each in load_scope(self.store.settings.scope_file).observation_periods if each.id == period]
        work.mkdir()
        return period_population(self.store.settings, CONTROL, SYSTEM, found, self.store.bucket("auditor"), work)


@pytest.fixture
def landed(own_store: Store, tmp_path: Path) -> Landed:
    made = Landed(own_store, tmp_path)
    made.land("2026-01", JANUARY)
    made.land("2026-03", MARCH)
    return made


def test_the_union_of_windows_is_one_population_and_a_change_of_one_row_is_told(landed: Landed, tmp_path: Path) -> None:
    found = landed.population(tmp_path / "first")
    assert (found.sealed.rows, found.repeated) == (30, 0)
    assert found.sealed.windows == {"2026-01": 20, "2026-03": 10}
    assert found.windows["2026-01"] == list(range(1, 21)), "in the order of the key, which is the commit here"
    assert landed.population(tmp_path / "again").sealed.seal == found.sealed.seal
    drawn = draw(found.sealed.seal, SEED, range(1, found.sealed.rows + 1), 5)
    by_window = draw_stratified(found.sealed.seal, SEED, found.windows, share(found.sealed.windows, 9))
    assert [sum(number in numbers for number in by_window) for numbers in found.windows.values()] == [6, 3]
    landed.land("2026-03", [*MARCH[:-1], merge(110, "2026-03-10", pr="8")], reason="A request was corrected.")
    changed = landed.population(tmp_path / "changed")
    assert changed.sealed.rows == found.sealed.rows
    assert changed.sealed.seal != found.sealed.seal
    assert draw(changed.sealed.seal, SEED, range(1, 31), 5) != drawn


def test_a_control_that_is_not_there_has_no_population(landed: Landed, tmp_path: Path) -> None:
    [period, *_] = load_scope(landed.store.settings.scope_file).observation_periods
    with pytest.raises(ConfigurationError, match="no system 'x'"):
        period_population(landed.store.settings, CONTROL, "x", period, landed.store.bucket("auditor"), tmp_path)
