# SPDX-License-Identifier: Apache-2.0
"""``tieout register``: everything that was taken away or never came, tied to the digests' totals."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tieout.commands.common import bucket_options, open_store, printable


@click.command()
@bucket_options
@click.option("--period", help="Only rows of this observation period; the totals are always the bucket's.")
@click.option("--json", "as_json", is_flag=True, help="Print rows and totals as JSON.")
def register(bucket: str | None, endpoint_url: str | None, period: str | None, *, as_json: bool) -> None:
    """Print what was taken away or never came: with who, why and when, tied to what the digests name.

    Exit code 0 only if every version that a digest names is accounted for.
    """
    from tieout.evidence.layout import MANIFESTS
    from tieout.evidence.register import register as rows_of
    from tieout.evidence.register import tie_out
    from tieout.flows.chain import standing_chain
    from tieout.flows.documents import read_documents

    store = open_store(bucket, endpoint_url)
    documents = read_documents(store, MANIFESTS)
    rows = [row for row in rows_of(documents.manifests, documents.records) if period is None or row.observation_period == period]
    tied = tie_out(standing_chain(store).keys, documents.manifests, documents.records)
    if as_json:
        totals = {
            "digested": tied.digested,
            "counts": dict(tied.counts),
            "unaccounted": list(tied.unaccounted),
            "ties": tied.ties,
        }
        click.echo(json.dumps({"rows": [row.as_document() for row in rows], "totals": totals}, indent=1))
        sys.exit(0 if tied.ties else 1)
    console = Console(soft_wrap=True)
    table = Table(
        "what", "slot", "system", "at", "by", "why", title="Register of what was taken away or never came", title_justify="left"
    )
    for row in rows:
        slot = f"{row.observation_period} {row.control} {row.window}"
        table.add_row(*(escape(printable(text)) for text in (row.kind, slot, row.system, row.at[:19], row.by, row.reason)))
    console.print(table)
    totals_table = Table("versions that digests name", "number", title_justify="left")
    for name, number in tied.counts.items():
        totals_table.add_row(name, f"{number:,}")
    totals_table.add_row("unaccounted for", f"{len(tied.unaccounted):,}")
    totals_table.add_row("in all", f"{tied.digested:,}")
    console.print(totals_table)
    for key in tied.unaccounted:
        click.echo(f"unaccounted for: {printable(key)}")
    click.echo("The register ties to the digests." if tied.ties else "The register does not tie to the digests.")
    sys.exit(0 if tied.ties else 1)
