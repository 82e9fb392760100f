# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.tamper`: does every attack, and prints what verification says of each."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.tamper import ATTACKS
from tests.tamper.attack import judge
from tests.tamper.stage import running_stage
from tieout.evidence.verify import Outcome

REPOSITORY = Path(__file__).parents[2]


def main() -> int:
    """Run all attacks; returns 0 if each is found, with the outcome and for the reason that it should be."""
    console = Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 240)
    table = Table(
        "", "what", "attack", "through", "outcome", "reason", title="What verification says of each attack", title_justify="left"
    )
    wrong, intact = [], 0
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory() as work, running_stage(Path(work), REPOSITORY) as stage:
        scene = stage.scene()
        untouched = (judge(scene), judge(scene, quick=True), judge(stage.copied()))
        if any(verdict.outcome is not Outcome.INTACT for verdict in untouched):
            console.print(f"An untouched scene is not intact: {untouched}")
            return 1
        with Progress(*bars, console=Console(stderr=True), transient=True) as bar:
            for number, attack in enumerate(bar.track(ATTACKS, description="attacking"), start=1):
                verdict = attack.do(stage)
                intact += verdict.outcome is Outcome.INTACT
                if not verdict.found_as(attack):
                    wrong.append(attack.title)
                reason = verdict.reason(attack.words).encode("unicode_escape").decode()
                table.add_row(str(number), attack.group, attack.title, attack.through, verdict.outcome.value, reason[-110:])
    console.print(table)
    for title in wrong:
        console.print(f"not found as it should be: {title}")
    console.print(f"{len(ATTACKS)} attacks: {len(ATTACKS) - len(wrong)} found, {intact} intact")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
