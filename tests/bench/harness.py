# SPDX-License-Identifier: Apache-2.0
"""Measures a floor and ours in turn, each in a process of its own, and prints the ratio of their slopes.

A rate is a slope between two sizes, so that start-up stands on neither side. Peak memory is the process's own.
"""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Row:
    """One line of the bench.

    Attributes:
        name: What is measured.
        module: Module with ``prepare(folder, rows, repeat)`` and one function per side, each ``(folder, rows, repeat)``.
        floor: Name of the function that does the least anybody could do.
        ours: Name of ours.
        sizes: The smaller and the larger number of rows.
        budget: Least ratio of ours to the floor, in rows per second; ``None`` where it is only printed.
        peak_mb: Most memory ours may take, its children's included, where there is a bound.
        repeats: How often each size is measured; ``None`` for as often as usual.
    """

    name: str
    module: str
    floor: str
    ours: str
    sizes: tuple[int, int]
    budget: float | None
    peak_mb: int | None
    repeats: int | None = None


@dataclass(frozen=True)
class Bound:
    """One line of the bench that has a bound in seconds.

    Attributes:
        name: What is measured.
        module: Module with ``floor`` and ``ours``, each ``(folder, rows, repeat)``.
        rows: What the module is told.
        what: What that is, for people.
        budget: Most seconds that ours may take; the floor is printed beside it.
    """

    name: str
    module: str
    rows: int
    what: str
    budget: float


def hold(bound: Bound, folder: Path, environment: dict[str, str], repeats: int) -> bool:
    """Measure a bound, print it beside its floor, and return whether ours is within it."""
    took: dict[str, list[float]] = {"floor": [], "ours": []}
    for repeat in range(repeats):
        for side, seconds in took.items():
            seconds.append(child(bound.module, side, folder, bound.rows, repeat, environment)[0])
    floor, ours = (statistics.median(took[side]) for side in ("floor", "ours"))
    fits = ours <= bound.budget
    print(f"\n{bound.name}: {bound.what}, medians of {repeats}")
    print(f"  floor {floor:6.2f} s   ours {ours:6.2f} s   {ours / floor:.1f} times the floor")
    print(f"  at most {bound.budget:.2f} s: {'within' if fits else 'OUTSIDE'}")
    return fits


def machine() -> str:
    """Return the line that says where the figures come from."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("pyarrow", "great-expectations"))
    return f"{psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, Python {platform.python_version()}, {packages}"


def child(module: str, side: str, folder: Path, rows: int, repeat: int, environment: dict[str, str]) -> tuple[float, float]:
    """Run one side once in a process of its own; return seconds and peak MB."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench", "--child", module, side, str(folder), str(rows), str(repeat)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{module} {side} {rows}: {done.stderr[-2000:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["seconds"], answer["peak_mb"]


def run_child(function: Callable[[Path, int, int], Callable[[], None]], folder: Path, rows: int, repeat: int) -> None:
    """Do one measurement in this process: what ``function`` returns is timed, what it does before is not."""
    timed = function(folder, rows, repeat)
    started = time.perf_counter()
    timed()
    seconds = time.perf_counter() - started
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


@dataclass(frozen=True)
class Measured:
    """What one side did: seconds per size and repeat, and its peak."""

    seconds: dict[int, list[float]]
    peak_mb: float

    def rates(self, sizes: tuple[int, int]) -> list[float]:
        """Return rows per second, as slopes between the two sizes, one per repeat."""
        small, large = sizes
        pairs = zip(self.seconds[small], self.seconds[large], strict=True)
        return [(large - small) / max(big - little, 1e-9) for little, big in pairs]

    def rate(self, sizes: tuple[int, int]) -> float:
        """Return rows per second, as the slope between the medians of the two sizes."""
        small, large = sizes
        return (large - small) / (statistics.median(self.seconds[large]) - statistics.median(self.seconds[small]))

    def start(self, sizes: tuple[int, int]) -> float:
        """Return the fixed cost: what is left of the smaller size at no rows."""
        small, large = sizes
        little, big = statistics.median(self.seconds[small]), statistics.median(self.seconds[large])
        return little - (big - little) / (large - small) * small


def measure(row: Row, folder: Path, environment: dict[str, str], repeats: int, say: Callable[[str], None]) -> bool:
    """Measure one row, print it, and return whether it is within its budget."""
    repeats = row.repeats or repeats
    for side in (row.floor, row.ours):  # once unmeasured: files are written, caches are warm
        child(row.module, side, folder, row.sizes[0], repeats + 1, environment)
    seconds: dict[str, dict[int, list[float]]] = {side: {size: [] for size in row.sizes} for side in (row.floor, row.ours)}
    peaks = {row.floor: 0.0, row.ours: 0.0}
    for repeat in range(1, repeats + 1):
        for size in row.sizes:
            for side in (row.floor, row.ours):
                took, peak = child(row.module, side, folder, size, repeat, environment)
                seconds[side][size].append(took)
                peaks[side] = max(peaks[side], peak)
                say(f"{row.name}: {side}, {size:,} rows, run {repeat} of {repeats}: {took:.2f} s")
    floor, ours = (Measured(seconds[side], peaks[side]) for side in (row.floor, row.ours))
    floor_rate, our_rate = (side.rate(row.sizes) for side in (floor, ours))
    ratio = our_rate / floor_rate
    fits = (row.budget is None or ratio >= row.budget) and (row.peak_mb is None or ours.peak_mb <= row.peak_mb)
    print(f"\n{row.name}, slope between {row.sizes[0]:,} and {row.sizes[1]:,} rows, medians of {repeats}")
    for label, side in (("floor", floor), ("ours", ours)):
        rates = side.rates(row.sizes)
        spread = f"{min(rates):>11,.0f} to {max(rates):>11,.0f}"
        start = side.start(row.sizes)
        print(
            f"  {label:<6}{side.rate(row.sizes):>11,.0f} rows/s   ({spread})   start {start:5.2f} s   peak {side.peak_mb:5.0f} MB"
        )
    bounds = [] if row.budget is None else [f"ratio at least {row.budget:.2f}"]
    bounds += [] if row.peak_mb is None else [f"peak at most {row.peak_mb} MB"]
    print(f"  ratio {ratio:.2f} (budget: {', '.join(bounds)}): {'within' if fits else 'OUTSIDE'}")
    return fits
