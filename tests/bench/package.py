# SPDX-License-Identifier: Apache-2.0
"""A package of 5,000 landings, against copying the same objects out of the bucket into plain archives.

Landings are real ones of an object store: one control's days are collected and judged, and land for as many controls as it
takes. Making and copying are a process each, so that each peak is its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from tests.bench.harness import child
from tests.bench.parse import REPOSITORY
from tests.program import Program, merge_values, noon
from tests.stack import CONTROL, Store, running_store
from tieout.evidence.keys import Scope
from tieout.evidence.landing import Draft, land
from tieout.evidence.store import S3Store, client_from_environment
from tieout.flows import population_export as flow
from tieout.flows.jobs import open_frame
from tieout.local.stack import Stack
from tieout.settings import Settings

LANDINGS, ROWS_A_DAY = 5_000, 20
PEAK_MB, SECONDS = 1_200, 300
SYSTEM = "shop_csv"
_WORKERS = 4


def measure(folder: Path, say: Callable[[str], None], landings: int = LANDINGS) -> bool:
    """Land, make a package, copy the same, print both; return whether memory and time are within their bounds."""
    with running_store(folder / "project", REPOSITORY) as store:
        say(f"package: landing {landings:,}, some six minutes")
        # In a process of its own: one that is started has its starter's peak of memory.
        child("tests.bench.package", "landed", folder, landings, 0, dict(os.environ))
        environment = {
            **os.environ, **store.environment("auditor"), "TIEOUT_HOME": str(store.settings.home),
            "TIEOUT_ROOT_FINGERPRINT": store.root,
        }  # fmt: skip
        floor, floor_mb = child("tests.bench.package", "floor", folder, landings, 0, environment)
        ours, ours_mb = child("tests.bench.package", "ours", folder, landings, 0, environment)
    size = sum(path.stat().st_size for path in folder.glob("ours*.zip"))
    fits = ours <= SECONDS and ours_mb <= PEAK_MB
    print(f"\npackage: {landings:,} landings of {ROWS_A_DAY} rows, {size / 1e6:,.0f} MB packed")
    print(f"  floor {floor:7.1f} s, {floor_mb:5.0f} MB (every object copied into an archive)")
    print(f"  ours  {ours:7.1f} s, {ours_mb:5.0f} MB, {ours / floor:.1f} times the floor")
    print(f"  at most {SECONDS} s and {PEAK_MB:,} MB: {'within' if fits else 'OUTSIDE'}", flush=True)
    return fits


def landed(folder: Path, landings: int, repeat: int) -> Callable[[], None]:
    """Land, and seal."""
    del repeat
    home = folder / "project"
    store = Store(Stack(home), Settings(home=home, environment="test"))

    def timed() -> None:
        _land(store, landings)
        store.seal()

    return timed


def floor(folder: Path, landings: int, repeat: int) -> Callable[[], None]:
    """Copy every object into an archive, one after the other."""
    del landings, repeat
    store = S3Store(client_from_environment(os.environ["AWS_ENDPOINT_URL_S3"]), os.environ["TIEOUT_EVIDENCE_BUCKET"])

    def timed() -> None:
        with ZipFile(folder / "floor.zip", "w", ZIP_STORED) as archive:
            for key in store.keys(""):
                archive.writestr(key, b"".join(store.chunks(key) or ()))

    return timed


def ours(folder: Path, landings: int, repeat: int) -> Callable[[], None]:
    """Make the package."""
    del landings, repeat
    from tieout.cli import main

    def timed() -> None:
        main(["package", "--period", "simulated", "--to", str(folder / "ours.zip"), "--no-check"], standalone_mode=False)

    return timed


def _land(store: Store, landings: int) -> None:
    end = datetime.now(UTC).date().replace(day=1)
    days = 184
    program = Program(store.settings.home, end - timedelta(days=days), end)
    program.keep(CONTROL)
    said = program.read(CONTROL)
    said["extraction_schedule"] = {"window": "daily", "time": "06:00", "grace_days": 7}
    said["systems"][0]["parameters"]["path"] = "drop/changes.csv"
    names = [f"cc8_1_changes_{number:02}" for number in range(-(-landings // days))]
    for name in names:
        program.write(name, said)
    (program.controls / f"{CONTROL}.yaml").unlink()
    program.entries.clear()
    program.entries[names[0], SYSTEM] = []
    for day in range(days):
        for number in range(ROWS_A_DAY):
            program.add(names[0], SYSTEM, **_values(day * ROWS_A_DAY + number, program.first_day + timedelta(days=day)))
    program.drop(datetime.now(UTC))
    shutil.copy(program.home / "drop" / f"{names[0]}.{SYSTEM}.csv", program.home / "drop" / "changes.csv")
    left = landings
    for day in range(days):
        _land_day(store, names[: max(0, min(len(names), left))], program.first_day + timedelta(days=day))
        left -= len(names)
        if left <= 0:
            return


def _values(number: int, day: date) -> dict[str, str]:
    values = merge_values(number + 1, noon(day))
    return {**values, "pull_request": ""} if number % 50 == 0 else values


def _land_day(store: Store, controls: list[str], day: date) -> None:
    """Collect and judge a day once, and land it for each control."""
    if not controls:
        return
    job = flow.plan(store.settings, controls[0], SYSTEM, day.isoformat())
    at = noon(day, 1)
    retention, bucket, signer = (
        flow.retention_of(job, store.clock()),
        store.bucket(),
        store.stack.installation.signer(Scope.LANDING),
    )
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        frame = open_frame(job, folder, bucket)
        extraction = flow.collect(job, frame, lambda: at, None)
        validated = flow.validate(job, extraction, folder)

        def one(number: int) -> None:
            control = controls[number]
            mine = replace(job, control_id=control)
            landing = flow.landing_of_pages(mine, frame.pages)
            predicate = deepcopy(validated.predicate)
            predicate["landing"], predicate["control"]["id"] = landing, control
            pages = flow.lock_pages(mine, frame, bucket, retention)
            draft = Draft(mine.place, landing, SYSTEM, validated.parts, pages, predicate)
            (folder / control).mkdir()
            land(draft, bucket, signer, retention, store.clock, folder / control, None)

        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(one, range(len(controls))))
