# SPDX-License-Identifier: Apache-2.0
"""`make bench`: starts an object store of its own, measures every row, exits with 1 if one is outside its budget.

``python -m tests.bench land company`` measures the rows that are named; ids of controls after ``company`` name its populations,
and a number after ``campaign`` is for how many seconds people click.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path

from tests.bench import company
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
    from tieout.local.installation import REGION
    from tieout.local.stack import Stack

    print(machine())
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as work:
        folder = Path(work)
        (folder / "project").mkdir()
        fits = [hold(bound, folder, dict(os.environ), REPEATS) for bound in bounds]
        if not names or "company" in names:
            populations = {control_id for control_id, _ in company.slots()} & set(names)
            fits.append(company.measure(folder, lambda text: print(text, file=sys.stderr), populations))
        if not names or "campaign" in names:
            from tests.bench.campaign import row as campaign  # what it imports counts in no other row's memory

            seconds = next((int(name) for name in names if name.isdecimal()), campaign.SECONDS)
            fits.append(campaign.measure(folder, lambda text: print(text, file=sys.stderr), seconds))
        if not rows:
            return 0 if all(fits) else 1
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
            fits += [measure(row, folder, environment, REPEATS, lambda text: print(text, file=sys.stderr)) for row in rows]
    return 0 if all(fits) else 1


if __name__ == "__main__":
    sys.exit(main())
