# SPDX-License-Identifier: Apache-2.0
"""Runs every fault of a source against a real object store, and prints what became of each extraction."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.faults import scene, sources, vendors
from tests.stack import Store, running_store

ROWS = 1_000_000


def main() -> int:
    """Print the table; return 1 where something else became of an extraction than has to."""
    wrong = 0
    with tempfile.TemporaryDirectory() as work, running_store(Path(work) / "project", REPOSITORY) as running:
        store = replace(running, settings=replace(running.settings, home=REPOSITORY))
        for row in sources.TABLE:
            outcome = scene.outcome_of(store, row)
            wrong += _show(row.name, outcome, as_it_has_to=(outcome.landed_rows is not None) is row.lands)
        for each in vendors.TABLE:
            outcome = vendors.outcome_of(store, each)
            as_it_has_to = (outcome.landed_rows is not None) is each.lands
            wrong += _show(f"{each.vendor}: {each.name}", outcome, as_it_has_to=as_it_has_to)
        outcome = scene.malformed_row(store, Path(work), ROWS)
        wrong += _show(f"1 row of {ROWS:,} malformed", outcome, as_it_has_to=outcome.landed_rows is None)
        _verify(store)
    return int(wrong > 0)


def _show(name: str, outcome: scene.Outcome, *, as_it_has_to: bool) -> int:
    landed = "nothing landed" if outcome.landed_rows is None else f"landed {outcome.landed_rows} rows"
    print(f"{name}: {landed}, {outcome.kept_pages} of {outcome.captured_pages} raw pages kept as unusable")
    for each in outcome.attempts:
        print(f"    asked again: {each['answer']} x{each['count']}, waited {sum(outcome.waited):.0f} s in all")
    offset = outcome.ipe.get("clock_offset", {}).get("seconds")
    if offset and abs(offset) > 60:
        print(f"    IPE record: the source's clock is {offset:.0f} s from ours")
    for line in outcome.message.splitlines():
        print(f"    {line}")
    if not as_it_has_to:
        print("    NOT AS IT HAS TO BE")
    return 0 if as_it_has_to else 1


def _verify(store: Store) -> None:
    report = store.verify()
    print(f"\nthe bucket: {report.outcome.value}")


if __name__ == "__main__":
    sys.exit(main())
