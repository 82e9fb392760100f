# SPDX-License-Identifier: Apache-2.0
"""``tieout reconcile`` and ``tieout reconciliations``: hold one population against another, and show what differs."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.audit.reconciliation import Counts, Reconciled
    from tieout.flows.reconciliation_state import ReconciledWindow


@click.command()
@bucket_options
@click.argument("control")
@click.argument("reconciliation", required=False)
@click.option("--window", "window_key", required=True, help="Key of the control's window, for example 2026-03.")
@click.option("--dry-run", is_flag=True, help="Compare and show; land nothing.")
def reconcile(
    bucket: str | None, endpoint_url: str | None, control: str, reconciliation: str | None, window_key: str, *, dry_run: bool
) -> None:
    """Reconcile one window of a control with the other population that its file names, as both have landed.

    The Airflow DAG evidence_reconciliation does it daily. Landing takes the key of TIEOUT_LANDING_KEY, and an identity that may
    put evidence. Exit code 1 if anything differs; tieout reconciliations says what of it is explained.
    """
    from tieout.evidence.keys import load_signer
    from tieout.flows import reconciliation as flow
    from tieout.flows.population_export import read_control

    settings, store = from_environment(), open_store(bucket, endpoint_url)
    rules = [each.id for each in read_control(settings, control)[0].reconciliations]
    differences = 0
    for rule in [reconciliation] if reconciliation else rules:
        plan = flow.plan_reconciliation(settings, control, rule, window_key)
        with tempfile.TemporaryDirectory(prefix="tieout-") as work:
            if dry_run:
                found, _ = flow.compare(plan, store, _now, Path(work), None)
                what = "Nothing was landed."
            else:
                signer = load_signer(settings.landing_key)
                reference, found = flow.reconcile_window(plan, store, signer, _now, Path(work), None)
                what = f"{'landed' if reference.landed_now else 'stands'}: s3://{store.bucket}/{reference.manifest_key}"
        _print(rule, window_key, found)
        click.echo(what)
        differences += found.rows.num_rows
    if not rules:
        click.echo(f"{control} names no reconciliation.", err=True)
    sys.exit(1 if differences else 0)


def _now() -> datetime:
    return datetime.now(UTC)


def _print(rule: str, window_key: str, found: Reconciled) -> None:
    from tieout.flows.differences import as_text

    click.echo(
        f"{rule}  {window_key}  here {_counted(found.here)}; there {_counted(found.there)}; {found.rows.num_rows} differences"
    )
    for row in found.rows.to_pylist():
        click.echo(printable(f"  {as_text(row)}"))


def _counted(counts: Counts) -> str:
    return f"{counts.rows} rows, {counts.matched} matched, {counts.without_reference} without reference"


@click.command()
@bucket_options
@click.option("--period", "period_id", help="Observation period; default: as tieout status chooses it.")
@click.option("--control", help="Only this control.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def reconciliations(
    bucket: str | None, endpoint_url: str | None, period_id: str | None, control: str | None, *, as_json: bool
) -> None:
    """Show each window of a period that was reconciled: each row that differs, and its explanation; and what is still owed.

    Exit code 1 while a difference is not explained, or a window was reconciled with what does not stand any more.
    """
    from tieout.flows.reconciliation_inputs import owed
    from tieout.flows.reconciliation_state import read_reconciliations
    from tieout.flows.status import choose_period, read_facts, read_program

    store, now = open_store(bucket, endpoint_url), _now()
    program = read_program(from_environment())
    period = choose_period(program.scope.observation_periods, period_id, program.scope.calendar.day_of(now))
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        read = read_reconciliations(store, program, read_facts(store, now), period, now, Path(work))
    found = [each for each in read if control in (None, each.control)]
    made = {(each.control, each.reconciliation, each.of) for each in found}
    listed = [(each.control, each.rule.id, each.window.key) for each in owed(program, period) if control in (None, each.control)]
    open_ = [each for each in listed if each not in made]
    if as_json:
        document = {"reconciled": [_document(each) for each in found], "owed": [" ".join(each) for each in open_]}
        click.echo(json.dumps(document, indent=1, default=str))
    else:
        for each in found:
            _show(each)
        click.echo(f"{len(found)} windows of {period.id} are reconciled, {len(open_)} are owed", err=True)
    sys.exit(1 if any(each.unexplained or not each.is_current for each in found) else 0)


def _document(each: ReconciledWindow) -> dict[str, object]:
    return {
        "control": each.control,
        "system": each.system,
        "reconciliation": each.reconciliation,
        "window": each.of,
        "current": each.is_current,
        "collected_at": each.collected_at.isoformat(),
        "manifest_key": each.manifest_key,
        "differences": [{**row, "explanation": reason} for row, reason in each.differences],
    }


def _show(each: ReconciledWindow) -> None:
    from tieout.flows.differences import as_text

    stale = "" if each.is_current else ", made of something else than what stands now"
    click.echo(f"{each.name}  {len(each.differences)} differences, {each.unexplained} not explained{stale}")
    for row, reason in each.differences:
        click.echo(printable(f"  {as_text(row)}  {reason or 'not explained'}"))
