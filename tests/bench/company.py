# SPDX-License-Identifier: Apache-2.0
"""A company of 20,000 people, 200,000 changes and 400,000 alerts, read and judged through every control that reads its APIs.

The simulators answer from a process of their own, on the same machine: what is measured is both. Collecting and validating are a
process each, as Airflow's tasks are, so that each peak is its own; Great Expectations is in both, as in a worker.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.harness import child
from tests.conftest import REPOSITORY
from tests.simulators.services import NAMES
from tieout.criteria.controls import control_files, load_control
from tieout.criteria.periods import first_day_of, window_key
from tieout.flows import population_export as flow
from tieout.flows.jobs import open_frame
from tieout.settings import Settings
from tieout.tasks.connections import command_line_reach

SIZES = {"people": 20_000, "changes": 200_000, "pages": 400_000}
PEAK_MB = 600
SETTINGS = Settings(home=REPOSITORY, environment="bench")
PERIOD = "2026-H1"
NOW = datetime(2026, 7, 2, 6, tzinfo=UTC)
"""When everything is read: what vendors keep for a while only is still there."""
WHOLE_PERIOD = ("change", "alert", "ticket", "incident", "personnel")
"""Evidence types with such a word are read for the whole period at once; others, and AWS, for their last window."""


def slots() -> list[tuple[str, str]]:
    """Return control and system of every population that is read from the company's APIs."""
    controls = {control_id: load_control(path) for control_id, path in control_files(SETTINGS.controls_folder).items()}
    return [
        (control_id, source.system)
        for control_id, control in controls.items()
        for source in control.systems
        if source.system in {*NAMES, "aws"} and "path" not in source.parameters
    ]


def measure(folder: Path, say: Callable[[str], None], wanted: Collection[str] = ()) -> bool:
    """Read and judge every population once, print rows, times and peaks, and return whether each peak is within its bound.

    Args:
        folder: To work in.
        say: Is told of each population that is done.
        wanted: Ids of controls; without any, all of them.
    """
    print(f"\ncompany: {', '.join(f'{count:,} {name}' for name, count in SIZES.items())}; a peak of at most {PEAK_MB} MB")
    fits = True
    with _serving(folder) as environment:
        for number, (control_id, system) in enumerate(slots()):
            if wanted and control_id not in wanted:
                continue
            steps = {side: child("tests.bench.company", side, folder, number, 0, environment) for side in ("collect", "validate")}
            rows, pages = json.loads((folder / f"read-{number}.json").read_text())
            say(f"company: {control_id}: {sum(seconds for seconds, _ in steps.values()):.0f} s")
            within = all(peak <= PEAK_MB for _, peak in steps.values())
            fits &= within
            print(
                f"  {control_id:<36}{system:<10}{rows:>8,} rows {pages:>6,} pages kept"
                + "".join(f"   {side} {seconds:6.1f} s, {peak:4.0f} MB" for side, (seconds, peak) in steps.items())
                + ("" if within else "  OUTSIDE"),
                flush=True,
            )
    return fits


@contextmanager
def _serving(folder: Path) -> Iterator[dict[str, str]]:
    file = folder / "company.json"
    sizes = [part for name, count in SIZES.items() for part in (f"--{name}", str(count))] + ["--aws"]
    process = subprocess.Popen([sys.executable, "-m", "tests.simulators", str(file), *sizes], cwd=REPOSITORY)
    try:
        while not file.exists():
            if process.poll() is not None:
                sys.exit("the company's APIs did not start")
            time.sleep(0.1)
        connections: dict[str, Any] = json.loads(file.read_text())["connections"]
        yield {**os.environ, **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(said) for name, said in connections.items()}}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def collect(folder: Path, number: int, repeat: int) -> Callable[[], None]:
    """Collect one population: of the whole period, or of its last window."""
    job, work = _prepared(folder, number, repeat)
    work.mkdir()

    def run() -> None:
        frame = open_frame(job, work)
        extraction = flow.collect(job, frame, lambda: NOW, None)
        flow.write_document(folder / f"extraction-{number}.json", {**extraction, "pages": len(frame.pages)})

    return run


def validate(folder: Path, number: int, repeat: int) -> Callable[[], None]:
    """Validate what was collected of it."""
    job, work = _prepared(folder, number, repeat)

    def run() -> None:
        extraction = json.loads((folder / f"extraction-{number}.json").read_text())
        validated = flow.validate(job, extraction, work)
        rows = validated.predicate["population"]["rows"]
        (folder / f"read-{number}.json").write_text(json.dumps([rows, extraction["pages"]]))

    return run


def _prepared(folder: Path, number: int, repeat: int) -> tuple[flow.Job, Path]:
    del repeat
    import great_expectations  # noqa: F401  # once per worker, not once per task

    return _job(*slots()[number]), folder / f"work-{number}"


def _job(control_id: str, system: str) -> flow.Job:
    control, scope = flow.read_control(SETTINGS, control_id)
    reach, kind = command_line_reach(), control.extraction_schedule.window
    if system == "aws" or not any(word in control.evidence_type for word in WHOLE_PERIOD):
        key = window_key(kind, first_day_of(kind, scope.calendar.day_of(NOW)) - timedelta(days=1))
        return flow.plan(SETTINGS, control_id, system, key, reach)
    period = scope.period(PERIOD)
    assert period
    return flow.plan_span(SETTINGS, control_id, system, period, "bench", (period.first_day, period.end_day), reach)
