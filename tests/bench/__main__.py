# SPDX-License-Identifier: Apache-2.0
"""`make bench`: starts an object store of its own, measures every row, exits with 1 if one is outside its budget.

``python -m tests.bench land company`` measures the rows that are named; ids of controls after ``company`` name its populations,
a number after ``campaign`` is for how many seconds people click, one after ``acknowledgments`` how many people are asked, and one
after ``package`` how many landings there are.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import company, package
from tests.bench.harness import Bound, Row, hold, machine, measure, run_child
from tests.bench.parse import controls

REPEATS = 4
ROWS = (
    Row("land", "tests.bench.landing", "floor", "ours", (100_000, 400_000), 0.5, 600),
    # At most 1.5 times the floor's time is at least 0.67 of its rate.
    Row("validate", "tests.bench.validation", "floor", "ours", (100_000, 400_000), 0.67, None),
    # Once: the floor is there to compare with, the bound is the memory.
    Row("stream", "tests.bench.streaming", "floor", "ours", (1_000_000, 10_000_000), None, 600, repeats=1),
)
BOUNDS = (
    Bound("parse", "tests.bench.parse", controls(), f"the DAG files of {controls()} controls", 1.0),
    Bound("lint", "tests.bench.lint", 0, "every YAML file of the library", 5.0),
    Bound("status", "tests.bench.status", 0, "a year of all controls, from an index of three years", 1.0),
)


def main() -> int:
    """Run the bench."""
    if sys.argv[1:2] == ["--child"]:
        module, side, folder, rows, repeat = sys.argv[2:]
        run_child(getattr(importlib.import_module(module), side), Path(folder), int(rows), int(repeat))
        return 0
    names = sys.argv[1:]
    rows = [row for row in ROWS if row.name in names or not names]
    bounds = [bound for bound in BOUNDS if bound.name in names or not names]
    print(machine())
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as work:
        folder = Path(work)
        fits = [hold(bound, folder, dict(os.environ), REPEATS) for bound in bounds]
        fits += _measure_rows(rows, folder)
        if not names or "company" in names:
            populations = {control_id for control_id, _ in company.slots()} & set(names)
            fits.append(company.measure(folder, _say, populations))
        if not names or "package" in names:
            landings = next((int(name) for name in names if name.isdecimal()), package.LANDINGS)
            fits.append(package.measure(folder, _say, landings))
        if not names or "acknowledgments" in names:
            fits.append(_acknowledgments(names))
        if not names or "campaign" in names:
            # Last: a process that is started has its starter's peak of memory, and this one holds a campaign from then on.
            from tests.bench.campaign import row as campaign

            seconds = next((int(name) for name in names if name.isdecimal()), campaign.SECONDS)
            fits.append(campaign.measure(folder, _say, seconds))
    return 0 if all(fits) else 1


def _acknowledgments(names: list[str]) -> bool:
    """Measure the campaign of very many people, in a process of its own: its peak of memory is measured."""
    command = [sys.executable, "-m", "tests.bench.acknowledgments.row", *(name for name in names if name.isdecimal())]
    return subprocess.run(command, check=False).returncode == 0


def _measure_rows(rows: list[Row], folder: Path) -> list[bool]:
    """Measure rows over an object store of their own, and return which are within their budgets."""
    if not rows:
        return []
    from tieout.local.installation import REGION
    from tieout.local.stack import Stack

    (folder / "project").mkdir()
    stack = Stack(folder / "project")
    with stack.stopped_at_the_end():
        stack.start_store(lambda _: None)
        writer = stack.installation.identity("writer")
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": writer.access_key,
            "AWS_SECRET_ACCESS_KEY": writer.secret_key,
            "AWS_ENDPOINT_URL_S3": stack.installation.endpoint,
            "AWS_DEFAULT_REGION": REGION,
        }
        return [measure(row, folder, environment, REPEATS, _say) for row in rows]


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
