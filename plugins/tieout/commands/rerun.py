# SPDX-License-Identifier: Apache-2.0
"""``tieout rerun``: read a landing's window from its source once more, before a witness, and record what differs."""

from __future__ import annotations

import getpass
import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.flows.rerun import Rerun


@click.command()
@bucket_options
@click.argument("landing")
@click.option(
    "--witness", required=True, help="Who watches, for example the auditor's name and firm; it goes into a signed record."
)
@click.option("--by", default=getpass.getuser, help="Who runs it; default: this login.")
@click.option("--keep-pages", is_flag=True, help="Lock the raw pages of the re-run, too; the record has their hashes anyway.")
@click.option(
    "--listing", type=click.Path(path_type=Path), help="Write every difference, with values, to this file (JSON lines)."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def rerun(
    bucket: str | None,
    endpoint_url: str | None,
    landing: str,
    witness: str,
    by: str,
    listing: Path | None,
    *,
    keep_pages: bool,
    as_json: bool,
) -> None:
    """Read the window of a LANDING from its source again, and show each row that was added, has vanished or was changed.

    The source is only read; no row lands, and the population stays as it is. A signed record of the re-run lands, with the
    key of TIEOUT_LANDING_KEY. LANDING is the id of a landing, or the beginning of it. Exit code 1 if anything differs.
    """
    from tieout.evidence.keys import load_signer
    from tieout.evidence.manifest import read_manifest
    from tieout.evidence.sources import Bucket
    from tieout.evidence.store import first_version
    from tieout.flows import rerun as flow
    from tieout.flows.trusted import find_landing
    from tieout.tasks.connections import command_line_reach

    settings, store = from_environment(), open_store(bucket, endpoint_url)
    signer = load_signer(settings.landing_key)  # before the source is read: without it there would be no record
    key = find_landing(evidence := Bucket(store), landing)
    manifest = read_manifest(store.read(key, first_version(evidence.versions(key))) or b"", key)
    job = flow.plan_rerun(settings, manifest, command_line_reach())
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        found = flow.rerun(job, manifest, store, lambda: datetime.now(UTC), Path(work))
        record = flow.record_rerun(found, store, signer, by, witness, datetime.now(UTC), keep_pages=keep_pages)
    if listing:
        listing.write_text("".join(f"{line}\n" for line in found.listing()), encoding="utf-8")
    if as_json:
        rows = [json.loads(line) for line in found.listing()]
        click.echo(json.dumps({**flow.facts(found, keep_pages=keep_pages), "rows": rows, "record": record}, indent=1))
    else:
        click.echo("\n".join(map(printable, [*_lines(found, by, witness), f"recorded: s3://{store.bucket}/{record}"])))
    sys.exit(1 if found.compared.rows.num_rows else 0)


def _lines(found: Rerun, by: str, witness: str) -> Iterator[str]:
    """Yield what a re-run found, for a terminal."""
    said, ipe = found.manifest.predicate, found.ipe
    yield f"{found.manifest.landing}  {said['control']['id']}  {said['system']}  {said['window']['key']}"
    yield f"run again by {by}, witnessed by {witness}, {ipe['started_at']} to {ipe['finished_at']}"
    yield f"source: {ipe['source']['kind']} {ipe['source']['location']}"
    yield f"query: {ipe['request']['query']}"
    yield f"credential: {ipe['credential']['identity']}; read-only: {ipe['credential']['read_only_proof']}"
    yield from (f"note: {note}" for note in found.redefined)
    then, now = found.totals["then"], found.totals["now"]
    yield f"{'':<14}  {'then':<28}  now"
    for name in then:
        yield f"{name.replace('_', ' '):<14}  {_short(then[name]):<28}  {_short(now[name])}"
    yield "differences: " + ", ".join(f"{count} {name}" for name, count in found.counts.items())
    for line in found.listing():
        row = json.loads(line)
        columns = f"  {row['changed_columns']}: {row['before']} -> {row['after']}" if row["changed_columns"] else ""
        yield f"  {row['difference']:<8}  {row['row_key']}{columns}"
    yield f"listing: SHA-256 {found.listing_sha256}"


def _short(value: Any) -> str:
    """Return a total in a few words."""
    if isinstance(value, dict):
        return " ".join(str(value[name]) for name in ("rows", "class", "key", "time") if name in value)
    return "none" if value is None else str(value)
