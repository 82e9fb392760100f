# SPDX-License-Identifier: Apache-2.0
"""``tieout population``: one landing's population for people: a one-page cover, and the rows as CSV and XLSX."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tieout.commands.common import evidence_options, open_evidence, printable


@click.command()
@evidence_options
@click.argument("landing")
@click.option(
    "--to", "target", type=click.Path(path_type=Path), help="Folder for the cover (HTML, text) and the rows (CSV, XLSX)."
)
@click.option("--csv-only", is_flag=True, help="Write no XLSX.")
def population(
    bucket: str | None,
    endpoint_url: str | None,
    copy_folder: Path | None,
    root: str | None,
    landing: str,
    target: Path | None,
    *,
    csv_only: bool,
) -> None:
    """Print the cover of the population that a LANDING holds, or write cover and rows to a folder.

    LANDING is the id of a landing, or the beginning of it. Nothing is written from a population that was tampered with. Exit
    code 0 only if manifest and parts are intact.
    """
    from tieout.audit.cover_page import as_text
    from tieout.evidence.verify.outcome import Outcome
    from tieout.flows.population import cover_of, open_population, write_population
    from tieout.flows.trusted import find_landing, trust

    evidence = open_evidence(bucket, endpoint_url, copy_folder)
    found = open_population(trust(evidence, root), find_landing(evidence, landing))
    if target is None:
        click.echo(as_text(cover_of(found)), nl=False)
    else:
        for path in write_population(found, target, xlsx=not csv_only):
            click.echo(printable(str(path)))
        click.echo(
            printable(f"{found.outcome}: {found.manifest.predicate['population']['rows']} rows of {found.manifest.landing}")
        )
    sys.exit(0 if found.outcome is Outcome.INTACT else 1)
