# SPDX-License-Identifier: Apache-2.0
"""What an auditor receives at the end of the demo: 25 rows of a sealed population, and the package of the period."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from tieout.audit.selections import choose_numbers
from tieout.criteria.periods import ObservationPeriod
from tieout.evidence.keys import Scope
from tieout.evidence.store import S3Store
from tieout.evidence.verify_package import INTACT, verify
from tieout.flows.selection import Fieldwork, record_chosen, seal_population
from tieout.flows.snapshot import START, take_snapshot
from tieout.flows.status import choose_period, read_program
from tieout.flows.upkeep import retention_for
from tieout.local import object_store
from tieout.local.demo_report import DOORS, PERIOD
from tieout.local.installation import EVIDENCE_BUCKET, Installation
from tieout.package.build import Order, build
from tieout.package.targets import ZipTarget
from tieout.settings import Settings

SYSTEM = "shop_csv"
INTERIM, ROLL_FORWARD = tuple(range(7, 607, 40)), tuple(range(701, 1_101, 40))
"""Row numbers, as if an auditor's own tool had chosen them: 15 of the first months, 10 of the later ones."""
BY = "Security Lead"
_PART = 4 * 2**30


def select(installation: Installation) -> None:
    """Land a snapshot of the program, seal a population of the period, and record what the auditor selects of it.

    Run again, it finds all of it standing.
    """
    settings, period = _settings(installation)
    program, now = read_program(settings), datetime.now(UTC)
    store, signer = S3Store(object_store.client_for(installation, "writer"), EVIDENCE_BUCKET), installation.signer(Scope.LANDING)
    retention = retention_for(settings, program.scope, period.id, now)
    take_snapshot(settings, program.scope, period, START, store, signer, retention, BY, now)
    fieldwork = Fieldwork(settings, program, store, signer, lambda: datetime.now(UTC), BY)
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        sealed = seal_population(fieldwork, DOORS, SYSTEM, period, Path(work))
    for stage, numbers in (("interim", INTERIM), ("roll-forward", ROLL_FORWARD)):
        asked = [str(number) for number in numbers]
        record_chosen(fieldwork, sealed, choose_numbers(asked, sealed.population.rows), asked, stage)


def make_package(installation: Installation, console: Console, say: Callable[[str], None]) -> bool:
    """Make the package of the period as the auditor, who may read alone; verify it, and return whether it is intact."""
    settings, period = _settings(installation)
    store = S3Store(object_store.client_for(installation, "auditor"), EVIDENCE_BUCKET)
    path, root = installation.folder / "packages" / f"tieout-{PERIOD}.zip", installation.root_fingerprint
    say(f"Making the auditor's package of {PERIOD}")
    order = Order(period=period, root=root, request_files={})
    built = build(settings, store, order, ZipTarget(path, _PART))
    report = verify([Path(each) for each in built.paths], root, datetime.now(UTC), built.head)
    console.print(
        f"Package: {path}, {path.stat().st_size / 1e6:.1f} MB: {built.landings} landings, {built.files} pages and tables, "
        f"{built.held.objects:,} objects\n"
        f"Unpack it and open index.html, or verify it offline in an environment with cryptography alone:\n"
        f"  python plugins/tieout/evidence/verify_package.py {path} --root {root} --head {built.head}\n"
        f"[bold]package: {report.outcome} {report.intact}/{len(report.landings)}[/bold]",
        highlight=False,
        soft_wrap=True,
    )
    return report.outcome == INTACT


def _settings(installation: Installation) -> tuple[Settings, ObservationPeriod]:
    settings = replace(
        Settings(home=installation.home), evidence_bucket=EVIDENCE_BUCKET, root_fingerprint=installation.root_fingerprint
    )
    periods = read_program(settings).scope.observation_periods
    return settings, choose_period(periods, PERIOD, datetime.now(UTC).date())
