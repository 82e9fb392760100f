# SPDX-License-Identifier: Apache-2.0
"""``tieout management``: what management reads for itself, and the list that supports its letters. None of it is evidence."""

from __future__ import annotations

import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tieout.commands.common import bucket_options, evidence_options, open_evidence, open_store, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.criteria.periods import ObservationPeriod
    from tieout.evidence.store import S3Store
    from tieout.flows.dry_run import Rehearsal
    from tieout.flows.management_reading import Reading
    from tieout.flows.status import Facts, Program
    from tieout.settings import Settings

_PERIOD = click.option("--period", "period_id", help="Observation period; default: as tieout status chooses it.")


@click.group()
def management() -> None:
    """For management only: a report, rehearsals, and a signed list of what is known. None of it is evidence.

    Nothing here writes into the bucket, and nothing of it goes into the auditor's package.
    """


@management.command("report")
@bucket_options
@_PERIOD
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the page.")
@click.option("--rehearse", "controls", multiple=True, help="Draw items of this control too; CONTROL or CONTROL:SYSTEM.")
@click.option("--seed", help="Of the rehearsals; default: a new one, which the page states.")
def report_(
    bucket: str | None, endpoint_url: str | None, period_id: str | None, folder: Path, controls: tuple[str, ...], seed: str | None
) -> None:
    """Write one HTML page about a period: coverage, outlook, rehearsals, deviations, incidents, changes, what came afterwards."""
    from tieout.criteria.dry_runs import load_dry_runs
    from tieout.flows.dry_run import rehearse
    from tieout.flows.management import write_report

    reading, dry_runs = _read(bucket, endpoint_url, period_id), load_dry_runs(from_environment().criteria_folder)
    drawn: list[Rehearsal] = []
    for name in controls:
        control, _, system = name.partition(":")
        with tempfile.TemporaryDirectory(prefix="tieout-") as work:
            drawn.append(
                rehearse(
                    reading.settings, reading.store, reading.program, reading.found, dry_runs, control, system or None,
                    seed or secrets.token_hex(16), Path(work),
                )
            )  # fmt: skip
    path = write_report(reading, dry_runs, drawn, folder)
    click.echo(f"{path}: for management only; it is no evidence, and not for the auditor's package.")


@management.command("dry-run")
@bucket_options
@_PERIOD
@click.option("--control", required=True, help="The control.")
@click.option("--system", help="Its system, where it has several.")
@click.option("--rows", type=click.IntRange(min=1), help="So many rows, whatever include/criteria/dry_runs.yaml says.")
@click.option("--seed", help="Draws the same again from the same items; at least 8 characters. Never the auditor's.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write them to this file too, safe to open.")
def dry_run(
    bucket: str | None,
    endpoint_url: str | None,
    period_id: str | None,
    control: str,
    system: str | None,
    rows: int | None,
    seed: str | None,
    csv_file: Path | None,
) -> None:
    """Draw items of a control's population for a rehearsal, and print them. Nothing is recorded in the bucket.

    How many, include/criteria/dry_runs.yaml says: management's own numbers. Of a periodic control its performances are drawn, of
    one per event rows.
    """
    from tieout.criteria.dry_runs import load_dry_runs
    from tieout.flows.dry_run import rehearse
    from tieout.flows.management import caption
    from tieout.flows.status import status

    settings, now = from_environment(), datetime.now(UTC)
    store, program, period, facts = _facts(settings, bucket, endpoint_url, period_id, now)
    found, dry_runs = status(program, facts, period, now), load_dry_runs(settings.criteria_folder)
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        drawn = rehearse(
            settings, store, program, found, dry_runs, control, system, seed or secrets.token_hex(16), Path(work), rows
        )
    for number, said in drawn.in_words:
        click.echo(printable(f"{number}  {said}"))
    click.echo(printable(caption(drawn)), err=True)
    click.echo(printable(f"How many: {drawn.rule}"), err=True)
    if csv_file:
        _write_csv(csv_file, drawn)
    click.echo("A rehearsal: nothing was recorded in the bucket, and it is no selection of the auditor's.", err=True)


@management.command()
@bucket_options
@_PERIOD
@click.option("--to", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="NAME.dsse.json")
@click.option("--by", required=True, help="Who makes the list: a role or a person id.")
def known(bucket: str | None, endpoint_url: str | None, period_id: str | None, target: Path, by: str) -> None:
    """Write the signed list of what is known of a period: deviations, incidents, changes and overrides, as of a digest.

    It supports management's assertion and representation letter. Beside NAME.dsse.json stand NAME.html and NAME.txt to read. It
    takes the key of TIEOUT_LANDING_KEY; nothing is stored in the bucket.
    """
    from tieout.evidence.keys import load_signer
    from tieout.flows.known import write_known

    signer = load_signer(from_environment().landing_key)
    reading = _read(bucket, endpoint_url, period_id)
    for path in write_known(reading, signer, by, target):
        click.echo(str(path))
    said = reading.known
    click.echo(f"As of digest {said.head.sequence}, up to {said.head.to}, SHA-256 {said.head.sha256}", err=True)
    if said.not_digested:
        click.echo(f"{len(said.not_digested)} documents behind it are named by no digest yet; the list says which.", err=True)


@management.command()
@evidence_options
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(bucket: str | None, endpoint_url: str | None, copy_folder: Path | None, root: str | None, file: Path) -> None:
    """Check a signed list: its signature under the root, its bucket, and the digest as of which it was made.

    It says nothing of the evidence itself: tieout verify does. Exit code 1 also where the chain of digests is not in order.
    """
    from tieout.flows.known import check_known
    from tieout.flows.trusted import trust
    from tieout.times import instant

    trusted = trust(open_evidence(bucket, endpoint_url, copy_folder), root)
    checked = check_known(trusted, file.read_bytes(), file.name)
    said, head = checked.payload, checked.payload["as_of_digest"]
    what = f"{said['observation_period']['id']}, made {instant(checked.signed_at)} by {said['made_by']}"
    click.echo(printable(f"intact: {what}, as of digest {head['sequence']}"))
    for finding in trusted.findings:
        click.echo(printable(f"{finding.outcome}: {finding.reason}"), err=True)
    raise SystemExit(1 if trusted.findings else 0)


def _facts(
    settings: Settings, bucket: str | None, endpoint_url: str | None, period_id: str | None, now: datetime
) -> tuple[S3Store, Program, ObservationPeriod, Facts]:
    from tieout.flows.status import choose_period, read_facts, read_program

    store, program = open_store(bucket, endpoint_url), read_program(settings)
    period = choose_period(program.scope.observation_periods, period_id, program.scope.calendar.day_of(now))
    return store, program, period, read_facts(store, now)


def _read(bucket: str | None, endpoint_url: str | None, period_id: str | None) -> Reading:
    from tieout.flows.management_reading import read
    from tieout.flows.status import choose_period, read_program

    settings, now = from_environment(), datetime.now(UTC)
    program = read_program(settings)
    period = choose_period(program.scope.observation_periods, period_id, program.scope.calendar.day_of(now))
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        return read(settings, open_store(bucket, endpoint_url), program, period, now, Path(work))


def _write_csv(path: Path, drawn: Rehearsal) -> None:
    import pyarrow as pa

    from tieout.audit.spreadsheet import write_csv

    columns = pa.schema([pa.field(name, pa.string()) for name in drawn.columns])
    rows = [dict(zip(drawn.columns, row, strict=True)) for row in drawn.rows]
    write_csv(path, columns, [pa.Table.from_pylist(rows, schema=columns)])
    click.echo(f"{len(rows)} {drawn.unit} written to {path}", err=True)
