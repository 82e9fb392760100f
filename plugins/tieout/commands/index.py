# SPDX-License-Identifier: Apache-2.0
"""``tieout index``: query the landings of a bucket, and build the index anew from the manifests."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tieout.commands.common import bucket_options, open_store, printable


@click.group()
def index() -> None:
    """One row per landing: list it, or build it anew from the manifests."""


@index.command("list")
@bucket_options
@click.option("--period", help="Only this observation period.")
@click.option("--control", help="Only this control.")
@click.option("--all", "everything", is_flag=True, help="Superseded landings too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_(
    bucket: str | None, endpoint_url: str | None, period: str | None, control: str | None, *, everything: bool, as_json: bool
) -> None:
    """List landings, from the index and, for what no index file holds yet, from the manifests themselves."""
    import json

    from tieout.flows.index import landings

    rows = landings(open_store(bucket, endpoint_url), period=period, control=control, superseded=everything)
    for row in rows:
        if as_json:
            click.echo(json.dumps(row, default=str))
        else:
            counts = f"{row['rows']:>9} rows  {row['potential_deviations']:>6} potential deviations"
            click.echo(printable(f"{row['control']}  {row['window']:<10}  {row['system']:<20}  {counts}  {row['landing']}"))
    click.echo(f"{len(rows)} landings", err=True)


@index.command()
@bucket_options
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), required=True, help="Folder that the index files are written to."
)
def rebuild(bucket: str | None, endpoint_url: str | None, folder: Path) -> None:
    """Build the whole index anew from the manifests, and hold it against the one in the bucket.

    Exit code 1 if a file of the bucket is not there, or says something else.
    """
    from tieout.flows.index import rebuild as run

    differing = run(open_store(bucket, endpoint_url), folder)
    for line in differing:
        click.echo(printable(line))
    click.echo("The bucket's index says what the manifests say." if not differing else f"{len(differing)} index files differ.")
    sys.exit(1 if differing else 0)
