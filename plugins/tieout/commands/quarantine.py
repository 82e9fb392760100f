# SPDX-License-Identifier: Apache-2.0
"""``tieout quarantine``: what is locked and no population, why, and the one way out of it."""

from __future__ import annotations

import getpass
import json
import sys
import tempfile
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tieout.commands.common import bucket_options, open_store, printable

if TYPE_CHECKING:
    from tieout.evidence.store import Retention
    from tieout.flows.population_export import Job

_FIRST_LINES = 10


@click.group()
def quarantine() -> None:
    """Extractions that did not land: their raw pages are locked, and no population."""


@quarantine.command("list")
@bucket_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_(bucket: str | None, endpoint_url: str | None, *, as_json: bool) -> None:
    """List every extraction that did not land, with what has become of its window. Exit code 1 while any is held."""
    from tieout.flows.documents import read_documents
    from tieout.flows.quarantine import quarantined
    from tieout.times import instant

    entries = quarantined(read_documents(open_store(bucket, endpoint_url)))
    for entry in entries:
        record = entry.record
        if as_json:
            said = {
                "record": record.id,
                "key": entry.key,
                "state": entry.state,
                "at": instant(record.at),
                "reason": record.reason,
            }
            click.echo(json.dumps(said))
            continue
        place = record.place
        click.echo(printable(f"{entry.state:<12}  {place.control}  {place.window}  {record.system}  {record.id}"))
        click.echo(printable(f"              {instant(record.at)}  {record.reason.splitlines()[0]}"))
    held = sum(entry.state == "held" for entry in entries)
    click.echo(f"{len(entries)} did not land, {held} held", err=True)
    sys.exit(1 if held else 0)


@quarantine.command()
@bucket_options
@click.argument("name")
def show(bucket: str | None, endpoint_url: str | None, name: str) -> None:
    """Show one: its reason in full, its raw pages, and the first lines of each."""
    from tieout.flows.quarantine import fetch_pages, find
    from tieout.times import instant

    store = open_store(bucket, endpoint_url)
    entry = find(store, name)
    record = entry.record
    click.echo(printable(f"{entry.key}\nstate: {entry.state}".replace("\n", " ")))
    click.echo(printable(f"recorded {instant(record.at)} by {record.by}"))
    for line in record.reason.splitlines():
        click.echo(printable(f"  {line}"))
    objects = sorted(record.objects, key=lambda page: page.key)
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        for stored, path in zip(objects, fetch_pages(store, record, Path(work)), strict=True):
            click.echo(printable(f"{stored.key}  {stored.bytes} bytes  SHA-256 {stored.sha256}"))
            with path.open("rb") as page:
                for row in islice(page, _FIRST_LINES):
                    click.echo(printable(f"  | {row[:200].decode(errors='replace').rstrip()}"))


@quarantine.command()
@bucket_options
@click.argument("name")
@click.option("--reason", required=True, help="Why it may land now; it goes into a signed record.")
@click.option("--by", default=getpass.getuser, help="Who releases it; default: this login.")
def release(bucket: str | None, endpoint_url: str | None, name: str, reason: str, by: str) -> None:
    """Land one from its locked pages, through collect, validate and land as they are now. No row is dropped.

    Runs as the writer: its credentials come from the AWS chain, its key from TIEOUT_LANDING_KEY.
    """
    from tieout.evidence.keys import load_signer
    from tieout.flows.quarantine import find
    from tieout.flows.quarantine import release as run
    from tieout.settings import from_environment

    settings = from_environment()
    store = open_store(bucket, endpoint_url)
    entry = find(store, name)

    def retention(job: Job) -> Retention:
        from tieout.flows.population_export import retention_of

        return retention_of(job, datetime.now(UTC))

    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        signer = load_signer(settings.landing_key)
        reference = run(settings, store, signer, retention, entry, reason, by, lambda: datetime.now(UTC), Path(work))
    click.echo(printable(f"Landed {reference.rows} rows: {reference.manifest_key}"))
