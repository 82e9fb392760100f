# SPDX-License-Identifier: Apache-2.0
"""The row: what a campaign of very many people takes, step by step, in one process as Airflow's worker runs it.

Object store and workspace run on this machine, each a process of its own. The workspace refuses what is called faster than Slack
takes; whoever waits for that waits on a clock of the bench's own, so that eight hours of sending take as long as the calls do.
"""

from __future__ import annotations

import json
import mmap
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench.acknowledgments.people import listed
from tests.bench.campaign.row import _asked, _awaited
from tests.bench.campaign.scene import workspace
from tests.conftest import REPOSITORY
from tests.integration.policy_scene import FIRST, SYSTEM, WEEKS, Scene, make_scene, policy, soon, version
from tests.stack import Store
from tests.unit.flows.review_project import drop
from tieout.campaigns.events import Decided, ItemDecision
from tieout.campaigns.responder import Responder
from tieout.collectors.hr_roster import COLUMNS, LEAVE
from tieout.evidence.keys import Scope
from tieout.evidence.store import S3Store
from tieout.flows.campaign_people import People
from tieout.flows.campaign_poke import CampaignTask, Poked, poke
from tieout.flows.policy_inputs import people_job, people_job_until
from tieout.flows.upkeep import retention_for
from tieout.local.installation import STAGING_BUCKET
from tieout.local.stack import Stack
from tieout.settings import Settings
from tieout.slack.messenger import SlackFinder, slack_messenger
from tieout.slack.pacing import Pace
from tieout.slack.sending import Sender

PEOPLE = 100_000
PEAK_MB = 1_500
"""Bound of the peak of memory of the one process that does everything but serve."""
_THREADS = 8
Say = Callable[[str], None]


@dataclass
class Counting(Store):
    """A store that counts what is asked of it."""

    requests: Counter[str] = field(default_factory=Counter)

    def client(self, identity: str) -> Any:
        made = super().client(identity)
        made.meta.events.register("before-send.s3", self._count)
        return made

    def _count(self, request: Any, **_: Any) -> None:
        self.requests[request.method] += 1


class Simulated:
    """Seconds that pass where somebody waits for Slack, shared with the workspace."""

    def __init__(self, shared: mmap.mmap) -> None:
        self._shared, self.seconds = shared, 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        struct.pack_into("d", self._shared, 0, self.seconds)


@dataclass
class Running:
    """Everything that runs."""

    scene: Scene
    store: Counting
    sender: Sender
    clock: Simulated
    count: int
    lines: list[tuple[str, float, int, int]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, say: Say) -> Iterator[None]:
        """Measure a step: seconds, requests to the store, peak of memory so far."""
        say(f"acknowledgments: {name}")
        began, before = time.monotonic(), sum(self.store.requests.values())
        yield
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        line = (name, time.monotonic() - began, sum(self.store.requests.values()) - before, peak)
        self.lines.append(line)
        print(f"  {line[0]:<34}{line[1]:>9.1f} s{line[2]:>11,} requests{line[3]:>7,} MB", flush=True)

    def poke(self) -> Poked:
        """Look once, as the campaign's one task does."""
        campaigns = self.scene.campaigns()
        people = People.beside(self.store.bucket(), self.store.settings)
        return poke(CampaignTask(
            campaigns=campaigns, loaded=campaigns.load(campaigns.named(self.scene.planned().campaign)),
            staging=S3Store(self.store.client("writer"), STAGING_BUCKET), clock=self.store.clock, by="the bench",
            signer=self.scene.signer, messenger=slack_messenger(self.store.settings, self.sender, people),
        ))  # fmt: skip


def measure(folder: Path, say: Say, count: int = PEOPLE) -> bool:
    """Measure, print, and return whether everybody was told once, everything landed, and memory is within its bound.

    Args:
        folder: To work in.
        say: Is told how far it is.
        count: How many people.
    """
    print(f"\nacknowledgments: {count:,} people, one policy, one task; 200 messages a minute")
    with _running(folder, say, count) as (running, process):
        rows = _run(running, say)
        told = _asked(process, folder / "told.json", "")
    hours, slack = running.clock.seconds / 3600, sum(told["called"].values())
    print(f"  told {told['people']:,} of {count:,}, {told['twice']} twice; {slack:,} calls of Slack, {hours:.1f} hours simulated")
    print(f"  calls: {json.dumps(told['called'], sort_keys=True)}")
    limited = sum(number for name, number in told["called"].items() if name.endswith(" 429"))
    peak = running.lines[-1][3]
    fits = (told["people"], told["twice"], told["wrong"], limited, rows) == (count, 0, [], 0, count) and peak <= PEAK_MB
    whole = sum(line[1] for line in running.lines)
    print(f"  landed {rows:,} rows in {whole:,.0f} s, peak {peak:,} MB (bound {PEAK_MB:,}): {'within' if fits else 'OUTSIDE'}")
    return fits


def _run(running: Running, say: Say) -> int:
    """Go through the campaign; returns how many rows landed."""
    scene, planned = running.scene, running.scene.planned()
    with running.step("people collected and landed", say):
        people = listed(running.count, WEEKS[FIRST])
        drop(scene.settings, f"{SYSTEM}-access-{FIRST}.csv", people, (*COLUMNS, "as_of", *LEAVE))
        running.store.land_job(people_job(planned, SYSTEM), WEEKS[FIRST] + timedelta(days=1))
    with running.step("frozen", say):
        scene.freeze(due=timedelta(hours=12))
    with running.step("accounts found, opened", say):
        find = SlackFinder(scene.settings, running.sender, People(None))
        scene.open(closes=timedelta(hours=13), find=find)
    with running.step("everybody told", say):
        while (found := running.poke()).sent:
            say(f"acknowledgments: told {found.sent:,} in a look")
    with running.step("everybody answered", say):
        _answer(running)
    with running.step("folded, closed", say):
        found = running.poke()
    closed_at = found.closed_at
    assert closed_at is not None, found
    with running.step("people collected again", say):
        again = listed(running.count, closed_at.replace(microsecond=0) - timedelta(seconds=1))
        drop(scene.settings, f"{SYSTEM}-removal-{FIRST}.csv", again, (*COLUMNS, "as_of", *LEAVE))
        running.store.land_job(people_job_until(planned, SYSTEM, closed_at), soon(timedelta(seconds=0)))
    with running.step("folded again, landed", say):
        return scene.land().rows


def _answer(running: Running) -> None:
    """Store everybody's answer, as the desk does once Slack's request is checked."""
    scene, store = running.scene, running.store
    campaigns = scene.campaigns()
    definition = campaigns.load(campaigns.named(scene.planned().campaign)).definition
    planned, signer = scene.planned(), store.stack.installation.signer(Scope.RESPONSE)
    retention = retention_for(planned.settings, planned.scope, planned.period.id, store.clock())
    responder = Responder(definition, store.bucket("responder"), signer, retention, store.clock)

    def answer(name: str) -> None:
        given = definition.assignments[name]
        lines = tuple(ItemDecision(item, definition.items[item].row_sha256, "acknowledged") for item in given.items)
        shown = responder.present(name, {"items": list(given.items)})
        said = Decided(
            at=store.clock(), by=given.person, definition_sha256=definition.sha256, interaction=name, channel=("slack", True),
            presented_sha256=shown, assignment=name, decisions=lines, batch=1, dwell_ms=900,
        )  # fmt: skip
        responder.respond(said, look=False)

    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(answer, definition.assignments, chunksize=100):
            pass


@contextmanager
def _running(folder: Path, say: Say, count: int) -> Iterator[tuple[Running, Any]]:
    work = folder / "acknowledgments"
    (work / "project").mkdir(parents=True)
    clock = work / "clock"
    clock.write_bytes(struct.pack("d", 0.0))
    stack = Stack(work / "project")
    command = [sys.executable, "-m", "tests.bench.acknowledgments.workspace", str(work / "said.json"), str(count), str(clock)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, text=True)
    with stack.stopped_at_the_end(), clock.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
        try:
            url = str(_awaited(process, work / "said.json")["url"])
            say("acknowledgments: starting the object store")
            stack.start_store(lambda _: None)
            settings = Settings(home=work / "project", root_fingerprint=stack.installation.root_fingerprint)
            plain = Store(stack, settings)
            scene = make_scene(plain, REPOSITORY, Path(tempfile.mkdtemp(dir=work)) / "program", policies=["acceptable_use"])
            store = Counting(stack, scene.settings)
            scene.store = store
            scene.texts["3.0"] = "use it well"
            scene.write_policies({"acceptable_use": policy("Acceptable use", version("3.0", "use it well"))})
            simulated = Simulated(shared)
            sender = Sender(workspace(url), Pace(simulated), simulated, simulated.sleep)
            yield Running(scene, store, sender, simulated, count), process
        finally:
            process.communicate("", 60)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as made:
        said = measure(Path(made), lambda text: print(text, file=sys.stderr), int(sys.argv[1]) if sys.argv[1:] else PEOPLE)
    sys.exit(0 if said else 1)
