# SPDX-License-Identifier: Apache-2.0
"""The item sheets of a package: a page for each selection of a population that was sealed for its period."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tieout.errors import ExtractionRefused
from tieout.flows.item_sheets import item_sheets
from tieout.flows.sealed_population import PeriodPopulation, period_population
from tieout.package.facts import Facts
from tieout.package.pages import items_page


def item_pages(facts: Facts, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the path and the page of each selection; memory holds one population.

    A population that has changed since it was sealed is said to have: its rows have other numbers now, and no sheet is made of
    them, for it would be that of another row.

    Args:
        facts: What the package says.
        folder: Work folder.

    Raises:
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    for sealed in facts.sealed:
        chosen = [each for each in facts.selections if each.seal == sealed.population.seal]
        if not chosen:
            continue
        found = _population(facts, sealed.population.control, sealed.population.system, folder)
        seal = found.sealed.seal if found else ""
        changed = _CHANGED.format(seal or "none") if seal != sealed.population.seal else ""
        for each in chosen:
            items = (
                []
                if changed or found is None
                else item_sheets(facts.trusted, found, each.numbers, facts.settings.contracts_folder)
            )
            yield f"items/{each.id}.html", items_page(facts, each, items, found.key if found else (), changed)


_CHANGED = (
    "The population has changed since it was sealed: its seal is {} now. The numbers of this selection are those of rows as they "
    "were sealed; which landings they were of stands in the record of the seal."
)


def _population(facts: Facts, control: str, system: str, folder: Path) -> PeriodPopulation | None:
    with TemporaryDirectory(dir=folder) as work:
        try:
            return period_population(facts.settings, control, system, facts.period, facts.store, Path(work))
        except ExtractionRefused:
            return None
