# SPDX-License-Identifier: Apache-2.0
"""The item sheets of a package: a page for each selection of a population that was sealed for its period."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tieout.errors import ExtractionRefused
from tieout.flows.item_sheets import ItemSheet, item_sheets
from tieout.flows.sealed_population import PeriodPopulation
from tieout.flows.selection import Selection
from tieout.package.facts import Facts
from tieout.package.pages import environment
from tieout.times import instant


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
            return facts.population(control, system, Path(work))
        except ExtractionRefused:
            return None


def items_page(facts: Facts, selection: Selection, items: Iterable[ItemSheet], key: Sequence[str], changed: str) -> str:
    """Return the sheets of a selection as one page.

    Args:
        facts: What the package says.
        selection: The selection.
        items: Its sheets.
        key: Names of the key's columns.
        changed: What is said where the population is another now; empty where it is not.
    """
    [population] = [each.population for each in facts.sealed if each.population.seal == selection.seal]
    return environment().get_template("items.html").render(
        control=population.control,
        system=population.system,
        rows=f"{population.rows:,}",
        selection=selection,
        at=f"{selection.at:%Y-%m-%d %H:%M:%S}",
        stage=str(selection.facts.get("stage", "")),
        reason=str(selection.facts.get("reason", "")),
        not_there=[str(each) for each in selection.facts.get("not_there", ())],
        changed=changed,
        items=[_item(facts, each, key) for each in items],
    )  # fmt: skip


def _item(facts: Facts, item: ItemSheet, key: Sequence[str]) -> dict[str, Any]:
    zone = facts.program.scope.zone
    found = []
    for name, value in item.facts.items():
        text, note = "" if value is None else str(value), "personal data" if name in item.personal else ""
        if hasattr(value, "tzinfo") and value is not None:
            text, note = f"{instant(value)}\n{value.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}", "UTC, and the program's time zone"
        found.append((name, text, note))
    steps = item.trace.steps if item.trace else ()
    return {
        "number": item.number,
        "key": ", ".join(str(item.facts[name]) for name in key if name in item.facts and name != "system"),
        "facts": found,
        "outcome": item.outcome,
        "attributes": item.attributes,
        "steps": [
            {
                "name": step.name,
                "outcome": step.outcome.value,
                "facts": [(name, _said(value)) for name, value in step.facts.items()],
                "said": [each.reason for each in step.findings],
            }
            for step in steps
            if step.name != "row"
        ],
    }


def _said(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, indent=1, default=str)
    return "" if value is None else str(value)
