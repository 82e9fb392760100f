# SPDX-License-Identifier: Apache-2.0
"""``tieout selection``: populations are sealed, and rows selected from them: the auditor's own, or drawn with a seed."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.flows.selection import Archive, Fieldwork, Selection

_BY = click.option("--by", required=True, help="Who records it: a role or a person id.")
_STAGE = click.option("--stage", default="period", show_default=True, help="What it is for: interim, roll-forward ...")
_SEAL = click.argument("seal", metavar="SEAL")


@click.group()
def selection() -> None:
    """Selections of an auditor: exactly the rows that were asked for, or those that a seal and the auditor's seed draw."""


@selection.command()
@bucket_options
@click.option("--control", required=True, help="The control.")
@click.option("--system", required=True, help="Its system.")
@click.option("--period", "period_id", help="Observation period; default: as tieout status chooses it.")
@_BY
def seal(bucket: str | None, endpoint_url: str | None, control: str, system: str, period_id: str | None, by: str) -> None:
    """Seal the population of a period as it stands now, before the auditor's seed exists.

    It takes the landing key, and an identity that may put records.
    """
    from tieout.flows.selection import seal_population
    from tieout.flows.status import choose_period

    fieldwork = _fieldwork(bucket, endpoint_url, by)
    scope = fieldwork.program.scope
    period = choose_period(scope.observation_periods, period_id, scope.calendar.day_of(fieldwork.clock()))
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        found = seal_population(fieldwork, control, system, period, Path(work))
    population = found.population
    for key, rows in population.windows.items():
        click.echo(printable(f"{key}  {rows:,} rows"))
    days = f"{population.first_day} to {population.last_day}"
    click.echo(printable(f"{population.rows:,} rows, {days}, row hash {population.rows_sha256}"))
    click.echo(printable(f"seal {population.seal}, recorded {found.at:%Y-%m-%d %H:%M:%S} UTC in {found.key}"))


@selection.command("import")
@bucket_options
@_SEAL
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sheet", help="Sheet of a workbook; needed where it has several.")
@click.option("--column", help="Letter or heading of the column with the row numbers or keys; default: the only one, or '#'.")
@click.option("--keys", is_flag=True, help="It holds keys, not row numbers: the columns of a key joined by a slash.")
@_STAGE
@_BY
def import_(
    bucket: str | None,
    endpoint_url: str | None,
    seal: str,
    file: Path,
    sheet: str | None,
    column: str | None,
    stage: str,
    by: str,
    *,
    keys: bool,
) -> None:
    """Record the auditor's own selection from a FILE (XLSX or CSV): exactly its rows, and none substituted.

    Exit code 1 where some of them are not in the population.
    """
    from tieout.audit.selections import choose_keys, choose_numbers
    from tieout.flows.selection import find_seal, keys_of, record_chosen
    from tieout.flows.selection_files import read_asked

    fieldwork = _fieldwork(bucket, endpoint_url, by)
    sealed, asked = find_seal(fieldwork.store, seal), read_asked(file, sheet, column)
    if keys:
        with tempfile.TemporaryDirectory(prefix="tieout-") as work:
            chosen = choose_keys(asked, keys_of(fieldwork, sealed, Path(work)))
    else:
        chosen = choose_numbers(asked, sealed.population.rows)
    _echo(record_chosen(fieldwork, sealed, chosen, asked, stage))
    for text in chosen.twice:
        click.echo(printable(f"asked for more than once: {text}"), err=True)
    for text in chosen.not_there:
        click.echo(printable(f"not available: {text}"), err=True)
    raise SystemExit(1 if chosen.not_there else 0)


@selection.command("draw")
@bucket_options
@_SEAL
@click.option("--seed", required=True, help="The auditor's seed: at least 8 characters, unknown when the population was sealed.")
@click.option("--size", required=True, type=click.IntRange(min=1), help="How many rows; the auditor says.")
@click.option("--by-window", is_flag=True, help="In proportion to each window's rows, at least one of each.")
@click.option("--reason", default="", help="Why there is another draw from this seal.")
@_STAGE
@_BY
def draw_(
    bucket: str | None,
    endpoint_url: str | None,
    seal: str,
    seed: str,
    size: int,
    reason: str,
    stage: str,
    by: str,
    *,
    by_window: bool,
) -> None:
    """Record the rows that the auditor's seed draws from a sealed population. VERIFY.md draws them again in ten lines."""
    from tieout.audit.selections import share
    from tieout.flows.selection import find_seal, record_draw, windows_of

    fieldwork = _fieldwork(bucket, endpoint_url, by)
    sealed = find_seal(fieldwork.store, seal)
    if not by_window:
        _echo(record_draw(fieldwork, sealed, seed, size, stage, reason=reason))
        return
    sizes = share(sealed.population.windows, size)
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        windows = windows_of(fieldwork, sealed, Path(work))
    _echo(record_draw(fieldwork, sealed, seed, size, stage, windows, sizes, reason))


@selection.command("list")
@bucket_options
@click.argument("seal", metavar="[SEAL]", default="")
def list_(bucket: str | None, endpoint_url: str | None, seal: str) -> None:
    """List seals and the selections of each."""
    from tieout.flows.selection import sealed_populations, selections_of

    store = open_store(bucket, endpoint_url)
    found = selections_of(store)
    for each in sealed_populations(store):
        if each.population.seal.startswith(seal):
            population = each.population
            what = f"{population.control} {population.system} {population.observation_period}: {population.rows:,} rows"
            click.echo(printable(f"{population.seal}  {each.at:%Y-%m-%d %H:%M}  {what}"))
            click.echo(printable(f"  sealed by {each.by} in {each.key}"))
            for one in found:
                if one.seal == population.seal:
                    _echo(one)


@selection.command()
@bucket_options
@_SEAL
@click.option("--to", "target", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@click.option("--csv-only", is_flag=True, help="Write no XLSX.")
def rows(bucket: str | None, endpoint_url: str | None, seal: str, target: Path, *, csv_only: bool) -> None:
    """Write the rows of a sealed population with their numbers and windows, as CSV and XLSX, for the auditor's own tool.

    A population that has changed since is not written: its numbers would be those of other rows.
    """
    from tieout.flows.selection import find_seal, unchanged
    from tieout.flows.selection_rows import write_rows

    archive = _archive(bucket, endpoint_url)
    sealed = find_seal(archive.store, seal)
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        found = unchanged(archive, sealed, Path(work))
    for path in write_rows(found, target, xlsx=not csv_only):
        click.echo(printable(str(path)))
    click.echo(printable(f"{found.sealed.rows:,} rows, seal {found.sealed.seal}"))


@selection.command()
@bucket_options
@_SEAL
def changed(bucket: str | None, endpoint_url: str | None, seal: str) -> None:
    """Say whether a sealed population has changed since, and where: rows of each window then and now.

    Exit code 1 where it has.
    """
    from tieout.flows.selection import changed_since, find_seal

    archive = _archive(bucket, endpoint_url)
    sealed = find_seal(archive.store, seal)
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        now = changed_since(archive, sealed, Path(work))
    before = sealed.population
    if now is None:
        click.echo(printable(f"as it was sealed: {before.rows:,} rows, seal {before.seal}"))
        return
    click.echo(printable(f"changed: {before.rows:,} rows then, {now.sealed.rows:,} now; its seal is {now.sealed.seal} now"))
    for key in sorted(before.windows.keys() | now.sealed.windows.keys()):
        then, there = before.windows.get(key, 0), now.sealed.windows.get(key, 0)
        if then != there:
            click.echo(printable(f"  {key}  {then:,} rows then, {there:,} now"))
    for what, names in (
        ("no more of it", sorted(set(before.landings) - set(now.sealed.landings))),
        ("new in it", sorted(set(now.sealed.landings) - set(before.landings))),
    ):
        for name in names:
            click.echo(printable(f"  {what}: {name}"))
    raise SystemExit(1)


def _echo(found: Selection) -> None:
    numbers = ", ".join(map(str, found.numbers))
    stage = found.facts.get("stage", "")
    click.echo(printable(f"  {found.id}  {found.method}, {stage}, {len(found.numbers)} rows: {numbers}"))
    click.echo(printable(f"    recorded {found.at:%Y-%m-%d %H:%M} UTC by {found.by} in {found.key}"))


def _archive(bucket: str | None, endpoint_url: str | None) -> Archive:
    from tieout.flows.selection import Archive
    from tieout.flows.status import read_program

    settings = from_environment()
    return Archive(settings, read_program(settings), open_store(bucket, endpoint_url))


def _fieldwork(bucket: str | None, endpoint_url: str | None, by: str) -> Fieldwork:
    from tieout.evidence.keys import load_signer
    from tieout.flows.selection import Fieldwork
    from tieout.flows.status import read_program

    settings = from_environment()
    store, signer = open_store(bucket, endpoint_url), load_signer(settings.landing_key)
    return Fieldwork(settings, read_program(settings), store, signer, lambda: datetime.now(UTC), by)
