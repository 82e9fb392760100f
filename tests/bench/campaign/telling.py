# SPDX-License-Identifier: Apache-2.0
"""The figures in words, and whether they are within their bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.campaign.figures import AGAIN, OTHER, SLACK_SECONDS, STORED, Compared, percentile
from tests.bench.campaign.scene import MANAGERS, REPORTS, RIGHTS

PAGE_SECONDS = 0.3
LEAST_RATIO = 0.15
"""Of the floor: what one process gave beside store, Airflow, load and all, on two cores, was 0.22 to 0.24."""
BACK_SECONDS = 10.0
"""Within so many seconds of the store's first answer pages are stored again."""
OURS = "/tieout/"
"""The page that asks the store: while that is down it says so."""
Row = Mapping[str, Any]


@dataclass
class Times:
    """When the store was killed, and when it answered again; monotonic."""

    killed: float = 0.0
    back: float = 0.0


def about(seconds: int, rate: int, processes: int) -> str:
    """Return what is measured."""
    people = f"{MANAGERS} people with {REPORTS * RIGHTS} items each"
    return (
        f"campaign: {rate} signed pages of 12 decisions a second for {seconds} s, of {people};\n"
        f"  one api-server, processes beside it that answer (TIEOUT_SLACK_PROCESSES): {processes}; scheduler, object store,\n"
        "  workspace and load, all on this machine"
    )


def opening(found: Row) -> str:
    """Return how it began, which is not measured."""
    return (
        f"  before: everybody opens their review by its button: the first in {found['first']:.1f} s, all in {found['all']:.1f} s"
    )


def quiet(found: Row, compared: Compared, seconds: int, floor: float) -> bool:
    """Print the quiet run, and return whether it is within its bounds.

    Args:
        found: The run.
        compared: What was shown as accepted by its end, held against what was stored.
        seconds: How long it was.
        floor: Pages a second that are put with botocore and nothing else.
    """
    print("  quiet run")
    took = _submissions(found["submissions"])
    ratio = len(took) / seconds / floor
    print(
        f"    stored {len(took) / seconds:.1f} a second; the floor, their two locked objects put by botocore in as many\n"
        f"    processes with nothing else on the machine, {floor:.1f} a second: ratio {ratio:.2f}"
    )
    bounds = {
        f"stored: p99 at most {SLACK_SECONDS:.0f} s": percentile(took, 0.99) <= SLACK_SECONDS,
        f"stored at {LEAST_RATIO} of the floor, or all": ratio >= LEAST_RATIO or len(took) == len(found["submissions"]),
        "no errors: everybody was shown 'stored' or 'please try again'": _none_other(found["submissions"]),
        f"other pages: p99 under {PAGE_SECONDS * 1000:.0f} ms": _pages(found["pages"]),
        f"shown as accepted {compared.accepted:,} = stored {compared.stored:,}": compared.equal,
    }
    return _held(bounds)


def outage(found: Row, times: Times, before: Compared, again: Sequence[Row], after: Compared) -> bool:
    """Print the run in which the store was down, and return whether it is within its bounds.

    Args:
        found: The run.
        times: When the store was down.
        before: What was shown as accepted by its end, held against what was stored then.
        again: What became of those who tried again after it.
        after: As `before`, after that.
    """
    back = times.back
    print(f"  run with the object store killed in the middle: down for {back - times.killed:.1f} s")
    _submissions(found["submissions"])
    first = min(
        [each["ended"] for each in found["submissions"] if each["outcome"] == STORED and each["ended"] > back], default=None
    )
    last = max([each["ended"] for each in found["submissions"] if each["outcome"] != STORED and each["due"] > back], default=back)
    said = "nothing was" if first is None else f"the first page {first - back:.1f} s after"
    print(f"    stored again: {said}; the last who was asked to try again, {max(0.0, last - back):.1f} s after it answered")
    print(f"    at its end {len(found['waiting'])} had still to try again, of whose pages {before.unheard} stood all the same")
    print(f"    they tried again: {len(again)} tries, {sum(each['outcome'] == STORED for each in again)} stored")
    lost = before.lost + after.lost
    bounds = {
        "no errors: everybody was shown 'stored' or 'please try again'": _none_other(found["submissions"]),
        f"shown as accepted and not stored: {lost}": lost == 0,
        f"in the end shown as accepted {after.accepted:,} = stored {after.stored:,}, each once": after.equal,
        f"stored again within {BACK_SECONDS:.0f} s": first is not None and first - back <= BACK_SECONDS,
        f"other pages: p99 under {PAGE_SECONDS * 1000:.0f} ms": _pages(found["pages"], but=OURS),
    }
    return _held(bounds)


def _none_other(submissions: Sequence[Row]) -> bool:
    return all(each["outcome"] != OTHER for each in submissions)


def _submissions(submissions: Sequence[Row]) -> list[float]:
    """Print what people got, and return how long it took those whose pages were stored."""
    took: dict[str, list[float]] = {STORED: [], AGAIN: [], OTHER: []}
    for each in submissions:
        took[each["outcome"]].append(each["ended"] - each["due"])
    for outcome, some in took.items():
        if some or outcome == STORED:
            p50, p99, most = (percentile(some, share) for share in (0.5, 0.99, 1))
            print(f"    {outcome:<18}{len(some):>6,}   p50 {p50:6.3f} s   p99 {p99:6.3f} s   max {most:6.3f} s")
    for (status, said), count in Counter((each["status"], each["said"]) for each in submissions if each["said"]).most_common(3):
        print(f"      {count} x HTTP {status} {said[:150]}")
    late = percentile([each["began"] - each["due"] for each in submissions], 0.99)
    print(f"    the load itself sent late by p99 {late * 1000:.0f} ms, which is counted")
    return took[STORED]


def _pages(pages: Sequence[Row], but: str = "") -> bool:
    """Print how other pages did, and return whether they are within their bound, leaving out one."""
    for name in dict.fromkeys(each["page"] for each in pages):
        mine = [each for each in pages if each["page"] == name]
        p50, p99, most = (percentile([each["seconds"] for each in mine], share) * 1000 for share in (0.5, 0.99, 1))
        odd = Counter(each["status"] for each in mine if each["status"] != 200)
        said = f"   status {dict(odd)}" if odd else ""
        print(f"    {name:<24}{len(mine):>4}   p50 {p50:4.0f} ms   p99 {p99:4.0f} ms   max {most:4.0f} ms{said}")
    held = [each for each in pages if each["page"] != but]
    p99 = percentile([each["seconds"] for each in held], 0.99)
    print(f"    all of them{f' but {but}' if but else ''}: p99 {p99 * 1000:.0f} ms")
    return p99 < PAGE_SECONDS and all(each["status"] == 200 for each in held)


def _held(bounds: Mapping[str, bool]) -> bool:
    for what, held in bounds.items():
        print(f"    {what}: {'within' if held else 'OUTSIDE'}")
    return all(bounds.values())
