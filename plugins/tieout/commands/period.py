# SPDX-License-Identifier: Apache-2.0
"""``tieout true-up``, ``tieout explain`` and ``tieout forecast``: what management does about a period, on the command line."""

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
    from tieout.criteria.periods import ObservationPeriod
    from tieout.evidence.store import S3Store
    from tieout.flows.differences import TrueUp
    from tieout.flows.reconciliation_state import ReconciledWindow
    from tieout.flows.status import Facts, Program

_PERIOD = click.option("--period", "period_id", help="Observation period; default: as tieout status chooses it.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def _period(period_id: str | None) -> tuple[Program, ObservationPeriod]:
    from tieout.flows.status import choose_period, read_program

    program = read_program(from_environment())
    today = program.scope.calendar.day_of(datetime.now(UTC))
    return program, choose_period(program.scope.observation_periods, period_id, today)


def _true_ups(store: S3Store, period: ObservationPeriod) -> list[TrueUp]:
    from tieout.flows.differences import read_true_ups

    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        return read_true_ups(store, period, Path(work))


def _reconciled(
    store: S3Store, program: Program, facts: Facts, period: ObservationPeriod, now: datetime
) -> list[ReconciledWindow]:
    from tieout.flows.reconciliation_state import read_reconciliations

    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        return read_reconciliations(store, program, facts, period, now, Path(work))


@click.command("true-up")
@bucket_options
@_PERIOD
@click.option("--control", help="Only this control.")
@_JSON
def true_up(bucket: str | None, endpoint_url: str | None, period_id: str | None, control: str | None, *, as_json: bool) -> None:
    """Show what the last true-up of a period found: each row that was added, has vanished or was changed, and its explanation.

    The Airflow DAG evidence_true_up makes it. Exit code 1 while a difference is not explained.
    """
    from tieout.flows.differences import as_text

    _, period = _period(period_id)
    found = [each for each in _true_ups(open_store(bucket, endpoint_url), period) if control in (None, each.control)]
    if as_json:
        document = [
            {
                "control": each.control,
                "system": each.system,
                "window": each.window,
                "from": each.start.isoformat(),
                "to": each.end.isoformat(),
                "collected_at": each.collected_at.isoformat(),
                "manifest_key": each.manifest_key,
                "differences": [{**row, "explanation": reason} for row, reason in each.differences],
            }
            for each in found
        ]
        click.echo(json.dumps(document, indent=1, default=str))
    else:
        for each in found:
            reach = f"{each.start:%Y-%m-%d} to {each.end:%Y-%m-%d}"
            click.echo(
                f"{each.control}  {each.system}  {reach}  {len(each.differences)} differences, {each.unexplained} not explained"
            )
            for row, reason in each.differences:
                click.echo(printable(f"  {as_text(row)}  {reason or 'not explained'}"))
        click.echo(f"{len(found)} true-ups of {period.id}", err=True)
    sys.exit(1 if any(each.unexplained for each in found) else 0)


@click.command()
@bucket_options
@_PERIOD
@click.argument("control")
@click.option("--system", help="Where the control has several.")
@click.option("--performance", help="Key of a performance, for example 2026-Q3.")
@click.option("--row", "rows", multiple=True, help="Text that stands in the key of a row that differs; may be given again.")
@click.option("--reconciliation", help="Of this reconciliation, not of a true-up.")
@click.option("--window", help="Window that was reconciled, for example 2026-03, where there are several.")
@click.option(
    "--difference",
    type=click.Choice(["added", "vanished", "changed", "only here", "only there", "differs", "not determinable"]),
    help="All rows that differ so.",
)
@click.option("--columns", help="With --difference: exactly these columns, separated by blanks.")
@click.option("--reason", required=True, help="Why; it goes into a signed record.")
@click.option("--by", required=True, help="Who explains: a role or a person id.")
def explain(
    bucket: str | None,
    endpoint_url: str | None,
    period_id: str | None,
    control: str,
    system: str | None,
    performance: str | None,
    rows: tuple[str, ...],
    reconciliation: str | None,
    window: str | None,
    difference: str | None,
    columns: str | None,
    reason: str,
    by: str,
) -> None:
    """Record management's explanation of a performance, or of differences that a true-up or a reconciliation found.

    It takes nothing away: a late performance stays a potential deviation. It takes the key of TIEOUT_LANDING_KEY, and an identity
    that may put records.
    """
    from tieout.evidence.keys import load_signer
    from tieout.flows import explain as flow
    from tieout.flows.differences import Differences, find_differences, rows_named
    from tieout.flows.reconciliation_state import find_reconciled
    from tieout.flows.status import read_facts, status

    if sum(map(bool, (performance, rows, difference))) != 1:
        raise click.UsageError("give one of --performance, --row or --difference.")
    settings, store, now = from_environment(), open_store(bucket, endpoint_url), datetime.now(UTC)
    program, period = _period(period_id)
    signer = load_signer(settings.landing_key)
    facts = read_facts(store, now)
    found = status(program, facts, period, now)
    if performance:
        keys = flow.explain_performance(settings, store, signer, found, control, performance, reason, by, now, system)
    else:
        meant: Differences = (
            find_differences(_true_ups(store, period), control, system)
            if not reconciliation
            else find_reconciled(_reconciled(store, program, facts, period, now), control, reconciliation, window)
        )
        if rows:
            keys = flow.explain_differences(settings, store, signer, found, meant, rows_named(meant, rows), reason, by, now)
        else:
            keys = [flow.explain_alike(settings, store, signer, found, meant, difference or "", columns, reason, by, now)]
    for key in keys:
        click.echo(f"recorded: s3://{store.bucket}/{key}")


@click.command()
@bucket_options
@_PERIOD
@_JSON
def forecast(bucket: str | None, endpoint_url: str | None, period_id: str | None, *, as_json: bool) -> None:
    """Say which performances will not be in order if nothing changes, and why. Management's: no evidence, and nothing lands.

    Exit code 1 if there are any.
    """
    from tieout.flows.outlook import foresee
    from tieout.flows.status import read_facts

    program, period = _period(period_id)
    now = datetime.now(UTC)
    prospects = foresee(program, read_facts(open_store(bucket, endpoint_url), now), period, now)
    if as_json:
        document = [
            {
                "control": each.control,
                "system": each.system,
                "performance": each.key,
                "due": each.due and each.due.isoformat(),
                "will_be": each.will_be.value,
                "because": list(each.because),
            }
            for each in prospects
        ]
        click.echo(json.dumps(document, indent=1))
    else:
        for each in prospects:
            click.echo(printable(each.as_text()))
        if not prospects:
            click.echo(f"Nothing that has landed says that a performance of {period.id} will not be in order.")
    sys.exit(1 if prospects else 0)
